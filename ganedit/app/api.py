"""The Python interface: a function and an `Editor` for each task, made from its description."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import MISSING, replace
from pathlib import Path
from textwrap import wrap
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from PIL import Image as PILImage

from ganedit import runtime
from ganedit.errors import UsageError
from ganedit.image import Image, decode, save
from ganedit.options import (
    Declared,
    build,
    declared,
    names_result,
    place_beside,
    shown_number,
)
from ganedit.runs.options import Placement
from ganedit.runs.work import enlarger
from ganedit.task import Apply, Input, Progress, Task
from ganedit.tasks import TASKS

Picture: TypeAlias = Path | str | bytes | BinaryIO | np.ndarray | PILImage.Image | Image


class Editor:
    """A task loaded once, to be called for any number of pictures.

    `Editor.upscale`, `Editor.inpaint` and so on, one for each task, take the options of the
    functions of those names.

    Example::

        editor = ganedit.Editor.upscale(scale=2)
        for path in folder.glob("*.jpg"):
            editor(path).save(out / path.name)
    """

    def __init__(self, task: Task[Any], **options: Any) -> None:
        """Load a task.

        Args:
            task: its description.
            options: those of the task by name, and device, precision, memory.

        Raises:
            GaneditError: in one line, which option is wrong or what cannot be loaded.
        """
        _check_names(task, options)
        options = {name: _value(value) for name, value in options.items()}
        placed = {name: options[name] for name in _placement() if name in options}
        if isinstance(placed.get("memory"), str):
            placed["memory"] = runtime.parse_bytes(placed["memory"])
        self.task, self.options = task, build(task.options, options)
        self._given = set(options)
        where = build(Placement, placed)
        chosen = runtime.choose(where.device, where.precision, where.memory)
        self._apply: Apply = task.load(self.options, chosen, enlarger(chosen))
        self.variants = task.variants(self.options)
        """Names of the results that one call can make; see `variant`."""

    def __call__(
        self,
        *pictures: Picture | Sequence[Picture] | None,
        variant: str | None = None,
        progress: Progress = lambda done: None,
        **named: Picture | Sequence[Picture] | None,
    ) -> Image:
        """Make one result.

        Args:
            pictures: those that the task takes, in its order (see `Editor.task.inputs`): a path,
                the bytes of a file, a file that is open for them, an array `(H, W)` or
                `(H, W, 1…4)` of bool, uint8, uint16 or float in [0, 1], a PIL picture, or a
                `ganedit.Image`; of an input of which a job may have several also a list of them.
            variant: which of several results, where the options ask for several.
            progress: called with the share done, in [0, 1].
            named: pictures by the name of their input.

        Raises:
            GaneditError: in one line, what is wrong with a picture or why it cannot be done.
            TypeError: too many pictures, or one that is missing.
        """
        names = [each.name for each in self.task.inputs]
        if len(pictures) > len(names) or set(named) - set(names):
            raise TypeError(f"{self.task.name} takes {', '.join(names) or 'no pictures'}")
        given = {**dict(zip(names, pictures, strict=False)), **named}
        decoded = {each.name: _decoded(each, given.get(each.name)) for each in self.task.inputs}
        counts = {name: len(several) for name, several in decoded.items() if several}
        self.task.check(self.options, {**dict.fromkeys(self._given, 1), **counts})
        chosen = self.variants[0] if variant is None else variant
        if chosen not in self.variants:
            raise UsageError(
                f"{self.task.name}: these options make {_told(self.variants)}, and no {variant!r}"
            )
        result = self._apply(decoded, chosen, progress)
        # What goes beside a result is the same for all variants.
        for each, path in self.options.beside() if chosen == self.variants[0] else ():
            _save_beside(result, path, each)
        return result


def _save_beside(result: Image, path: Path, each: Declared) -> None:
    """Write the picture that the task made with a result; of one from memory into a file only."""
    assert result.beside is not None
    if not result.name and not names_result(path):
        raise UsageError(f"{each.name} {path}: the picture has no name; give a file")
    save(result.beside, place_beside(path, Path(Path(result.name).stem), each.option.beside))


def _told(variants: tuple[str, ...]) -> str:
    """The names of results, but for those in the middle of many."""
    if variants == ("",):
        return "one result"
    return ", ".join(variants if len(variants) < 8 else (*variants[:3], "…", variants[-1]))


def _value(value: Any) -> Any:
    """An option as its dataclass has it: weights by name, several values in a tuple."""
    if isinstance(value, list):
        return tuple(value)
    return str(value) if isinstance(value, Path) else value


def _decoded(each: Input, value: Picture | Sequence[Picture] | None) -> tuple[Image, ...]:
    if value is None or (isinstance(value, list | tuple) and not value):
        if not _optional(each):
            raise TypeError(f"give the {each.name}")
        return ()
    several = value if isinstance(value, list | tuple) else [value]
    if len(several) > each.most:
        raise TypeError(f"{each.name}: at most {each.most}, not {len(several)}")
    return tuple(_image(each, picture) for picture in several)


def _image(each: Input, picture: Any) -> Image:
    return as_image(each.file(Path(picture)) if isinstance(picture, str | Path) else picture)


def _placement() -> tuple[str, ...]:
    return tuple(each.name for each in declared(Placement))


def _check_names(task: Task[Any], options: dict[str, Any]) -> None:
    known = [each.name for each in declared(task.options)] + list(_placement())
    for name in options:
        if name not in known:
            raise TypeError(f"{task.name} has no option {name!r}; it has {', '.join(known)}")
    for each in declared(task.options):
        if each.default is MISSING and each.name not in options:
            raise TypeError(f"{task.name} needs {each.name!r}: {each.option.help}")


def function_of(task: Task[Any]) -> Callable[..., Image]:
    """The function of a task: its inputs, then its options by keyword; see `signature_of`."""

    def function(*arguments: Any, **keywords: Any) -> Image:
        bound = signature.bind(*arguments, **keywords)
        names = {each.name for each in task.inputs}
        pictures = {name: value for name, value in bound.arguments.items() if name in names}
        options = {name: value for name, value in bound.arguments.items() if name not in names}
        editor = Editor(task, **options)
        if len(editor.variants) > 1:
            raise UsageError(
                f"{task.name}: these options make {len(editor.variants)} results; load "
                f"ganedit.Editor.{task.name}(…) and call it with variant= one of its .variants"
            )
        return editor(**pictures)

    signature = signature_of(task)
    function.__name__ = function.__qualname__ = task.name
    function.__module__ = "ganedit"
    function.__doc__ = docstring_of(task)
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def signature_of(task: Task[Any], *, pictures: bool = True) -> inspect.Signature:
    """The signature that a task's function has; without `pictures` its editor's."""
    parameters: list[inspect.Parameter] = []
    if pictures:
        for each in task.inputs:
            optional = _optional(each)
            parameters.append(inspect.Parameter(
                each.name, inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=None if optional else inspect.Parameter.empty, annotation=_kind_of(each),
            ))  # fmt: skip
    options = (*declared(task.options), *declared(Placement))
    # One that has to be given comes first, and by its place: `translate(photo, "monet")`.
    for option in sorted(options, key=lambda each: each.default is not MISSING):
        required = option.default is MISSING
        parameters.append(inspect.Parameter(
            option.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD
            if required or option.option.positional
            else inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if required else option.default,
            annotation=annotation_of(option),
        ))  # fmt: skip
    # Optional pictures come after what has to be given.
    order: dict[Any, int] = {
        inspect.Parameter.POSITIONAL_OR_KEYWORD: 0,
        inspect.Parameter.KEYWORD_ONLY: 1,
    }
    parameters.sort(key=lambda p: (order[p.kind], p.default is not inspect.Parameter.empty))
    return inspect.Signature(parameters, return_annotation="Image" if pictures else "Editor")


def _optional(each: Input) -> bool:
    return not each.required and (each.given != "each" or bool(each.number))


def _kind_of(each: Input) -> str:
    kind = "Picture" if each.most == 1 else "Picture | Sequence[Picture]"
    return f"{kind} | None" if _optional(each) else kind


def annotation_of(each: Declared) -> str:
    """The type of an option as it is written in Python."""
    if each.choices:
        kind = f"Literal[{', '.join(map(repr, each.choices))}]"
    elif each.name == "weights" or each.type is Path:
        kind = "str | Path"
    elif each.option.parse is not None:
        kind = "int | str"
    else:
        kind = each.type.__name__
    if each.many:
        return f"Sequence[{kind}]"
    return f"{kind} | None" if each.default is None else kind


def docstring_of(task: Task[Any]) -> str:
    """What `help()` says of a task's function."""
    lines = [task.summary, "", "Args:"]
    lines += [
        f"    {each.name}: " + ("what is edited." if each.given == "each" else each.help)
        for each in task.inputs
    ]
    for each in (*declared(task.options), *declared(Placement)):
        least, most = each.option.least, each.option.most
        bounds = ""
        if least is not None and most is not None:
            bounds = f" ({shown_number(least)} to {shown_number(most)})"
        absent = f" None: {each.option.absent}." if each.option.absent else ""
        lines.append(f"    {each.name}: {each.option.help}{bounds}{absent}")
    lines = [part for line in lines for part in (wrap(line, 96, subsequent_indent=" " * 8) or [""])]
    return "\n".join([
        *lines, "",
        "A picture is a path, the bytes of a file, an array `(H, W)` or `(H, W, 1…4)` of uint8,",
        "uint16 or float in [0, 1], a PIL picture, or a `ganedit.Image`.",
        "",
        "Returns:",
        "    A `ganedit.Image` with `save(path)`, `to_pil()` and `to_array()`, metadata and alpha",
        "    kept.",
        "",
        "Raises:",
        "    GaneditError: in one line, what is wrong with a picture or the options.",
    ])  # fmt: skip


def _editor_of(task: Task[Any]) -> Any:
    def load(cls: type[Editor], *required: Any, **options: Any) -> Editor:
        bound = signature.bind(*required, **options)
        return cls(task, **bound.arguments)

    signature = signature_of(task, pictures=False)
    load.__name__, load.__qualname__ = task.name, f"Editor.{task.name}"
    first = inspect.Parameter("cls", inspect.Parameter.POSITIONAL_ONLY)
    load.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[first, *signature.parameters.values()]
    )
    load.__doc__ = f"Load {task.name}; the arguments are those of `ganedit.{task.name}`."
    return classmethod(load)


for _task in TASKS:
    setattr(Editor, _task.name, _editor_of(_task))


def as_image(picture: Picture) -> Image:
    """A picture of any kind that the interface takes, decoded.

    Raises:
        GaneditError: what is wrong with it.
        TypeError: no kind of picture.
    """
    if isinstance(picture, Image):
        return replace(picture, beside=None)  # what an earlier task made with it
    if isinstance(picture, np.ndarray):
        return Image.from_array(picture)
    if isinstance(picture, PILImage.Image):
        return Image.from_pil(picture)
    if isinstance(picture, str | bytes | Path):
        return decode(Path(picture) if isinstance(picture, str) else picture)
    # A temporary file has the methods of a binary file and not its class.
    if hasattr(picture, "read") and isinstance(picture.read(0), bytes):
        return decode(picture)
    raise TypeError(
        f"a {type(picture).__name__} is no picture; pass a path, bytes, a binary file, an array "
        "(H, W, C), a PIL picture or a ganedit.Image"
    )
