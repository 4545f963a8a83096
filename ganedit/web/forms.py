"""From a task's row to a form, and from what was filled in to its options.

Nothing here knows any one task: a new row has its form.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, replace
from pathlib import Path
from typing import Any

from ganedit import weights
from ganedit.errors import GaneditError, UsageError
from ganedit.image import WRITABLE_FORMATS
from ganedit.options import Declared, build, declared
from ganedit.runs.options import FileOptions, RunOptions
from ganedit.task import NAME_MARK, Input, Task
from ganedit.web.words import helped, title_of

# Of the options that all tasks share, those that make sense on a page.
SHARED = ("format", "quality", "strip_metadata", "allow_truncated")
# A slider over more whole numbers than these is no use.
MOST_STEPS = 100
_PATHS = ("FILE", "DIR", "RUN")


@dataclass(frozen=True)
class Filled:
    """A form that was filled in."""

    options: Any
    """Of the class `task.options`."""
    given: frozenset[str]
    """Names of those that were not left out."""
    run: RunOptions


def describe(task: Task[Any]) -> dict[str, Any]:
    """A task as plain data: what a page makes its form of."""
    return {
        "name": task.name,
        "title": task.title or task.name.capitalize(),
        "summary": task.summary,
        "lacks": _lacks(task),
        "inputs": [_input(task, each) for each in task.inputs],
        "edited": task.edited.name if task.edited is not None else None,
        "number": task.edited.number if task.edited is not None else "",
        "local": task.local,
        "drawn": task.edited is not None and task.edited.drawn,
        "fields": [_field(task, each) for each in _offered(task)],
    }


def _input(task: Task[Any], each: Input) -> dict[str, Any]:
    return {
        "name": each.name, "help": helped(task, each.help), "given": each.given,
        "required": each.required, "most": each.most,
        "gallery": list(each.gallery()) if each.gallery is not None else [],
    }  # fmt: skip


def _lacks(task: Task[Any]) -> str:
    """What is missing, so that the task cannot be done: weights."""
    own = [each for each in declared(task.options) if each.name == "weights"]
    name = task.weights_of or task.name
    if not own or weights.of_task(name) or _own_weights(task):
        return ""
    return (
        f"No weights for this ship yet: train your own (ganedit train {name} --help) and put them "
        f"into {weights.user_folder()}"
    )


def _own_weights(task: Task[Any]) -> list[str]:
    """Weight files in the user's folder that are named after the task: `upscale_NAME`; not those
    that were imported, which its options name as they do shipped ones."""
    folder, name = weights.user_folder(), task.weights_of or task.name
    found = set(folder.glob(f"{name}*.safetensors")) if folder.is_dir() else set[Path]()
    return sorted(path.stem for path in found - {entry.path for entry in weights.imported()})


def _offered(task: Task[Any]) -> list[Declared]:
    own = [each for each in declared(task.options) if _may_be_set(each, task)]
    return own + [each for each in declared(FileOptions) if each.name in SHARED]


def _may_be_set(each: Declared, task: Task[Any]) -> bool:
    """Whether requests may set it: no option may have a file of this machine read or written, or
    lift a limit.

    Weights of one's own are chosen among the names in the user's folder, pictures are sent.
    """
    if each.option.group == "files":
        return False
    if each.name == "weights":
        return bool(_own_weights(task))
    if each.type is Path:  # a picture, which is sent
        return each.option.must_be == "file"
    words = (each.option.metavar or "").replace("@", "|").replace("[", "|").split("|")
    return not any(word in _PATHS for word in words)


def _field(task: Task[Any], each: Declared) -> dict[str, Any]:
    known = each.option
    words = _words(task, each)
    # Which of the shipped ones has to be said where there are none of one's own.
    one_of = known.positional and bool(words) and not each.choices and not _own_weights(task)
    required = each.default is MISSING or one_of
    bounded = each.type is float and known.least is not None and known.most is not None
    return {
        "name": each.name,
        "title": title_of(each),
        "help": helped(task, known.help),
        "kind": _kind(each, words),
        "choices": words,
        "many": each.many,
        "whole": each.type is int,
        "required": required,
        "default": None if each.default in (MISSING, ()) else each.default,
        "absent": known.absent or "",
        "least": known.least if known.over is None else known.over,
        "most": known.most,
        "hint": known.metavar or "",
        "open": task.local
        if each.name == "format"  # few formats keep what such a task does not change
        else required
        or known.simple
        or known.positional
        or bool(each.choices)
        or bounded
        or (each.many and bool(words)),  # sliders
    }


def _words(task: Task[Any], each: Declared) -> list[str]:
    if each.choices:
        return list(each.choices)
    if each.name == "format":
        return [name.lower() for name in WRITABLE_FORMATS]
    if each.name == "weights":
        return _own_weights(task)
    return list(each.option.known()) if each.option.known is not None else []


def _kind(each: Declared, words: list[str]) -> str:
    """slider, number, choice, switch, file or text."""
    if words and not each.many:
        return "choice"
    if each.type is Path:
        return "file"
    if each.type is bool:
        return "switch"
    if each.type not in (int, float) or each.option.parse is not None:
        return "text"
    begins = each.default is not None or (each.option.absent or "").isdecimal()
    ends = each.option.least is not None and (each.option.most or MOST_STEPS + 1) <= MOST_STEPS
    return "slider" if begins and ends else "number"


def filled(
    task: Task[Any], values: Mapping[str, Any], run: RunOptions, file_of: Callable[[str], Path]
) -> Filled:
    """The options that a form's values mean.

    Args:
        task: the task.
        values: by the name of the field; what was left out, or is None or "", has its default.
        run: how runs go but for what the form says.
        file_of: the file of a picture that was sent, by its id.

    Raises:
        GaneditError: there is no such field, or its value cannot be.
    """
    offered = {each.name: each for each in _offered(task)}
    for name in values:
        if name not in offered:
            raise UsageError(f"{task.name} has no option {name!r} here")
    given = {
        name: _value(task, offered[name], value, file_of)
        for name, value in values.items()
        if value not in (None, "", [])
    }
    for each in offered.values():
        if each.default is MISSING and each.name not in given:
            raise UsageError(f"{each.flag} is missing: {each.option.help}")
    files = {name: given.pop(name) for name in SHARED if name in given}
    options = build(task.options, given)
    return Filled(options, frozenset(given), replace(run, files=replace(run.files, **files)))


def _value(task: Task[Any], each: Declared, value: Any, file_of: Callable[[str], Path]) -> Any:
    if each.many:
        several = value if isinstance(value, list) else str(value).split()
        return tuple(_one(task, each, item, file_of) for item in several)
    return _one(task, each, value, file_of)


def _one(task: Task[Any], each: Declared, value: Any, file_of: Callable[[str], Path]) -> Any:
    if each.type is Path:
        return file_of(str(value))
    if each.option.parse is not None and isinstance(value, str):
        return each.option.parse(value)
    if each.name in ("weights", "format") and value not in _words(task, each):
        raise UsageError(f"{each.flag} {value!r}: use one of {', '.join(_words(task, each))}")
    each.check((value,) if each.many else value)
    return value


def shipped(each: Input, name: str) -> Path:
    """The file of a picture of an input's gallery, written `@NAME`.

    Raises:
        GaneditError: the input has none of that name.
    """
    gallery = each.gallery() if each.gallery is not None else {}
    if name.removeprefix(NAME_MARK) not in gallery:
        raise GaneditError(f"{name}: no such {each.name} ships")
    return gallery[name.removeprefix(NAME_MARK)]
