"""Options as fields of frozen dataclasses: each declared once, with its default, limits and help.

The command line, the Python functions, their documentation and the records of results follow from
the fields. A field that is no option of the user's is an ordinary one::

    @dataclass(frozen=True)
    class StylizeOptions(Options):
        strength: float = option(1.0, least=0, most=1, help="0 leaves the photo as it is.")
        mode: Literal["fast", "best"] = option("fast", help="Which network.")
"""

import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, asdict, dataclass, field, fields, is_dataclass, replace
from functools import reduce
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, Self, TypeVar, Union, get_args, get_origin, get_type_hints

from ganedit.errors import UsageError

T = TypeVar("T")
Group = Literal["main", "files", "video", "folders", "machine", "pairs", "model", "losses", "run"]

# The random numbers of a picture are drawn from a seed of 32 bits.
MOST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Option:
    """What the user may say, beside the field's own name, type and default."""

    help: str
    """One sentence or two, for the command line and for `help()`."""
    least: float | None = None
    """Smallest value."""
    most: float | None = None
    """Largest value."""
    over: float | None = None
    """The value has to be larger than this."""
    metavar: str | None = None
    """What the help calls the value, like `SIZE`."""
    short: str | None = None
    """One-letter form on the command line, like `-o`."""
    parse: Callable[[str], Any] | None = None
    """Makes the value of what was typed; raises a UsageError."""
    absent: str | None = None
    """What the help says of an option that is not given, where None says nothing."""
    flag: str | None = None
    """The name on the command line, where the field's own will not do."""
    group: Group = "main"
    """Under which heading of the help it stands."""
    must_be: Literal["file", "folder"] | None = None
    """What a path has to name."""
    positional: bool = False
    """Whether Python functions take it by its place too."""
    recorded: bool = True
    """Whether a result depends on it: files are recorded by their content instead."""
    known: Callable[[], Sequence[str]] | None = None
    """Words that it may be, where they are as many as there are weights for."""
    written: bool = False
    """Whether a path is of a file that is made beside the result."""
    beside: str | None = None
    """The label of what a path is of, where that is a picture beside each result: a file, or a
    folder for NAME_label.png. The task gives it as the result's `Image.beside`."""
    simple: bool = False
    """Whether a page shows it at once, as it does what has to be given, choices and sliders."""


def option(default: Any = MISSING, help: str = "", **facts: Any) -> Any:
    """A field of a dataclass of options; for `facts` see `Option`."""
    return field(default=default, metadata={"option": Option(help, **facts)})


def own_weights() -> Any:
    """The field of every task whose shipped weights may be replaced."""
    return option(
        None, "Weights of your own: a file or a training run.",
        metavar="FILE|RUN", recorded=False,
    )  # fmt: skip


def vgg_file() -> Any:
    """The field of every training whose losses look at pictures through VGG19."""
    return option(
        None, "File of VGG19's features.", metavar="FILE", must_be="file",
        absent="torchvision's, downloaded", group="losses",
    )  # fmt: skip


def backbone_network() -> Any:
    """The field of every training with critics of features."""
    return option(
        "vgg19", "Network whose features critics see: vgg19, or one of timm's, like "
        "tf_efficientnet_lite0, which takes a fifth of the time (needs ganedit[timm]).",
        metavar="NAME", group="losses",
    )  # fmt: skip


def backbone_weights() -> Any:
    """The field for the weights of a `backbone_network` that is not VGG19."""
    return option(
        None, "File of the weights of --backbone.", metavar="FILE", must_be="file",
        absent="timm's, downloaded", group="losses",
    )  # fmt: skip


def check_backbone(name: str, path: Path | None) -> None:
    """Refuse a file of weights that would not be read."""
    if path is not None and name == "vgg19":
        raise UsageError("--backbone-file is of a network of timm; give VGG19's with --vgg")


def check_seeds(first: int, count: int) -> None:
    """Raise a UsageError where so many seeds from the first one on are not there."""
    if first + count - 1 > MOST_SEED:
        raise UsageError(
            f"--seed {first}: of {count:,} pictures from there the last has seed "
            f"{first + count - 1}, and {MOST_SEED} is the largest"
        )


@dataclass(frozen=True)
class Options:
    """Base of all options: limits are checked wherever they are made."""

    def __post_init__(self) -> None:
        """Check each option against its limits.

        Raises:
            UsageError: names the option, its value and what it may be.
        """
        for each in declared(type(self)):
            if each.path == (each.name,):  # those of a nested dataclass have checked themselves
                value = getattr(self, each.name)
                if each.type is Path and isinstance(value, str):  # from Python, text will do
                    object.__setattr__(self, each.name, Path(value))
                each.check(value)

    def plain(self) -> dict[str, Any]:
        """As data that a checkpoint or a record can hold: paths become text."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    def recorded(self) -> dict[str, Any]:
        """The options that a result depends on, as plain data."""
        kept = [each for each in declared(type(self)) if each.option.recorded]
        return {each.name: _plain(each.value_in(self)) for each in kept}

    def writing_to(self, folder: Path) -> Self:
        """The same, but for files that are made beside the result: those go into that folder."""
        return replace(self, **{each.name: folder / path.name for each, path in self.written()})

    def written(self) -> "list[tuple[Declared, Path]]":
        """Options that ask for a file beside the result, and where that goes."""
        return self._asked(lambda each: each.written)

    def beside(self) -> "list[tuple[Declared, Path]]":
        """Options that ask for a picture beside each result, and where that goes."""
        return self._asked(lambda each: each.beside is not None)

    def _asked(self, wanted: "Callable[[Option], bool]") -> "list[tuple[Declared, Path]]":
        asked = [each for each in declared(type(self)) if wanted(each.option)]
        return [(each, path) for each in asked if (path := each.value_in(self)) is not None]


def names_result(path: Path) -> bool:
    """Whether what goes beside a result was given the name of a file, and not of a folder."""
    return path.suffix != "" and not path.is_dir()


def place_beside(path: Path, picture: Path, label: str | None) -> Path:
    """Where it goes: into the file that was named, or as NAME_label.png into the folder."""
    return path if names_result(path) else path / picture.with_name(f"{picture.name}_{label}.png")


def shown_number(number: float) -> str:
    """A bound as it is told: whole numbers with all their digits."""
    return str(number) if isinstance(number, int) else f"{number:g}"


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


@dataclass(frozen=True)
class Declared:
    """One option as its dataclass declares it."""

    name: str
    path: tuple[str, ...]
    """Names of the fields that lead to it; more than one where dataclasses are nested."""
    type: Any
    """Of a value; None aside, and of one item where there may be several."""
    many: bool
    """Whether it may be given several times."""
    optional: bool
    """Whether its value may be None."""
    default: Any
    """`dataclasses.MISSING` where it has to be given."""
    option: Option

    @property
    def flag(self) -> str:
        """How it is given on the command line."""
        return self.option.flag or f"--{self.name.replace('_', '-')}"

    @property
    def choices(self) -> tuple[str, ...]:
        """The words it may be, if it is one of a few."""
        return get_args(self.type) if get_origin(self.type) is Literal else ()

    def value_in(self, options: Any) -> Any:
        """Its value in an object of the dataclass that declares it, or holds one that does."""
        return reduce(getattr, self.path, options)

    def check(self, value: Any) -> None:
        """Raise a UsageError for a value out of bounds."""
        for item in value if self.many and value is not None else [value]:
            if item is None and self.optional:
                continue
            if not self._is_of_type(item):  # as Python writes it: '2' is not 2
                raise UsageError(f"{self.flag} {item!r}: use {self._wanted()}")
            if not self._allows(item):
                shown = shown_number(item) if isinstance(item, float) else item
                raise UsageError(f"{self.flag} {shown}: use {self._wanted()}")

    def _is_of_type(self, value: Any) -> bool:
        """Whether a value from Python is of the kind that the command line gives."""
        if self.type is float:
            return isinstance(value, Real) and not isinstance(value, bool)
        if self.type is int and self.option.parse is None:
            return isinstance(value, Integral) and not isinstance(value, bool)
        return self.type not in (str, bool) or isinstance(value, self.type)

    def _allows(self, value: Any) -> bool:
        known = self.option
        if self.choices:
            return value in self.choices
        return not (
            (known.least is not None and not value >= known.least)  # NaN is neither
            or (known.most is not None and not value <= known.most)
            or (known.over is not None and not value > known.over)
        )

    def _wanted(self) -> str:
        if self.choices:
            *others, last = self.choices
            return f"{', '.join(others)} or {last}" if others else last
        if self.type in (str, bool):
            return f"text like {self.option.metavar}" if self.type is str else "True or False"
        least, most, over = self.option.least, self.option.most, self.option.over
        kind = "a whole number" if self.type is int else "a number"
        if over is not None:
            end = f" and at most {shown_number(most)}" if most is not None else ""
            return f"{kind} over {shown_number(over)}{end}"
        if least is not None and most is not None:
            return f"{kind} from {shown_number(least)} to {shown_number(most)}"
        if least is not None:
            return f"{kind}, {shown_number(least)} or more"
        return f"at most {shown_number(most)}" if most is not None else kind


def declared(kind: type) -> tuple[Declared, ...]:
    """The options of a dataclass in their order, those of nested dataclasses in their place."""
    return tuple(_declared(kind, ()))


def _declared(kind: type, above: tuple[str, ...]) -> Iterator[Declared]:
    hints = get_type_hints(kind)
    for each in fields(kind):
        hint, path = hints[each.name], (*above, each.name)
        if "option" in each.metadata:
            yield _one(each, hint, path)
        elif is_dataclass(hint) and isinstance(hint, type):
            yield from _declared(hint, path)


def _one(each: "Field[Any]", hint: Any, path: tuple[str, ...]) -> Declared:
    kind, many, optional = hint, False, type(None) in get_args(hint)
    if get_origin(kind) in (Union, types.UnionType):
        (kind,) = [part for part in get_args(kind) if part is not type(None)]
    if get_origin(kind) is tuple:
        kind, many = get_args(kind)[0], True
    return Declared(each.name, path, kind, many, optional, each.default, each.metadata["option"])


def changed(options: Any) -> tuple[str, ...]:
    """Flags of the options that are not what they are by default."""
    own = declared(type(options))
    return tuple(each.flag for each in own if each.value_in(options) != each.default)


def refuse(options: Any, flags: Collection[str], reason: str) -> None:
    """Raise a UsageError for the first of these flags whose option is not what it is by default."""
    for flag in changed(options):
        if flag in flags:
            raise UsageError(f"{flag}: {reason}")


def build(kind: type[T], given: Mapping[str, Any]) -> T:
    """A dataclass of options from values by name; nested ones are filled from the same names.

    Raises:
        UsageError: a value is out of bounds.
    """
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for each in fields(kind):  # type: ignore[arg-type]
        if each.name in given:
            values[each.name] = given[each.name]
        elif is_dataclass(hints[each.name]) and isinstance(hints[each.name], type):
            values[each.name] = build(hints[each.name], given)
    return kind(**values)
