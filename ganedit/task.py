"""What a task is: one literal description, which everything else is made from.

A task's folder holds a `Task` row; `ganedit.tasks.TASKS` lists them. Commands, Python functions,
folder runs, records, help, training and evaluation iterate over that tuple and know rows only.
Nothing here imports torch: a row's functions import what they need when they are called.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from ganedit.options import Options
from ganedit.runtime import Runtime

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ganedit.image import Image
    from ganedit.nets.vgg import VGG19Features
    from ganedit.scores import ScoreTable
    from ganedit.tiling import Footprint

O_contra = TypeVar("O_contra", bound=Options)

Size = tuple[int, int]
"""Width and height in pixels."""
Progress = Callable[[float], None]
"""Told after each piece of work how much of the whole is done, in [0, 1]."""
Pictures = Mapping[str, "tuple[Image, ...]"]
"""The decoded pictures of a job, by the name of their input; none where one was left out."""
Apply = Callable[[Pictures, str, Progress], "Image"]
"""A loaded task: pictures and the name of the variant to the result, metadata carried along."""
Enlarge = Callable[["Image", int, int], "Image"]
"""A picture at another size: `(picture, width, height)`."""
NAME_MARK = "@"
"""Begins the name of a picture that ships, where an input has such."""


@dataclass(frozen=True)
class Input:
    """A kind of picture that a task takes."""

    name: str
    """In the singular: `photo`, `mask`, `style`."""
    help: str
    """One sentence for the command line and for `help()`."""
    given: Literal["each", "paired", "shared"] = "each"
    """each: the pictures that are edited, a job for every one; a task has one such input or none.
    paired: every one of those has its own (`--mask FILE`, or `--masks DIR`, paired by name).
    shared: the same for all (`--style FILE`), or `--styles DIR`: a result for each in there."""
    required: bool = False
    """Whether nothing can be done without it."""
    most: int = 1
    """How many of it a job may have."""
    moving: bool = True
    """Whether it may be a video or an animation, every frame of which is edited."""
    drawn: bool = False
    """Whether it may be a drawing: the page has a canvas for it then."""
    number: str = ""
    """The option that a whole number stands for in its place, where no file is called so; with
    that option nothing of it has to be given."""
    named: Callable[[str], Path] | None = None
    """The file of a picture that ships, by its name, which is written `@NAME`; raises a UsageError
    where there is none of it."""
    gallery: Callable[[], Mapping[str, Path]] | None = None
    """All of those by name, where there are such."""

    def file(self, path: Path) -> Path:
        """The file that is meant by a path, or by the name of a picture that ships."""
        if self.named is None or path.exists() or not str(path).startswith(NAME_MARK):
            return path
        return self.named(str(path).removeprefix(NAME_MARK))


PHOTO = Input("photo", "Pictures, videos, folders, globs or @lists of them; - is standard input.")
"""What most tasks edit."""


@dataclass(frozen=True)
class Training(Generic[O_contra]):
    """How a task is trained."""

    options: type[O_contra]
    """Frozen dataclass of what is particular to training it."""
    task: Callable[[O_contra], Any]
    """Makes what `ganedit.training` trains."""
    examples: str
    """Commands for the help text."""
    run: Mapping[str, Any] = field(default_factory=dict)
    """What a run of it has instead of the usual defaults, by the name in `TrainingConfig`."""
    used_by: str = "--weights"
    """The options that a run is given to, last the one that names it."""


class Measuring(Protocol):
    """What every evaluation is given beside its own options."""

    @property
    def runtime(self) -> Runtime:
        """Where networks run."""
        ...

    @property
    def enlarge(self) -> Enlarge:
        """As `Task.load` is given."""
        ...

    @property
    def save(self) -> Path | None:
        """Folder for the results."""
        ...

    def vgg(self, *layers: str) -> "VGG19Features | None":
        """The feature network, of the usual layers or of these; None where PD is left out."""
        ...


@dataclass(frozen=True)
class Evaluation(Generic[O_contra]):
    """How a task is measured."""

    options: type[O_contra]
    """Frozen dataclass of what is particular to measuring it."""
    measure: "Callable[[O_contra, Measuring], ScoreTable]"
    """Scores networks on pictures."""
    summary: str
    """First sentence of the help text."""
    examples: str
    """Commands, and what the figures mean."""


@dataclass(frozen=True)
class Importing(Generic[O_contra]):
    """How weights that were trained elsewhere are taken over."""

    options: type[O_contra]
    """Frozen dataclass of what has to be known of them."""
    convert: "Callable[[Path, O_contra], Imported]"
    """Reads a file as tensors only."""
    examples: str
    """Commands for the help text."""


@dataclass(frozen=True)
class Imported:
    """A network taken over."""

    network: "nn.Module"
    """What is saved."""
    options: Mapping[str, Any]
    """What rebuilds it."""
    labels: Mapping[str, str]
    """What tells it from the task's other files."""
    usage: str
    """Arguments that use it, for the message: `PICTURE --to winter`."""


def same_size(options: Any, size: Size) -> Size:
    """The size of a result that is as large as its input."""
    return size


def one_result(options: Any) -> tuple[str, ...]:
    """The variants of a task that makes one result of a job: a single one without a name."""
    return ("",)


def anything_goes(options: Any, given: Mapping[str, int]) -> None:
    """The check of a task whose options go with all of its inputs."""


def always(options: Any) -> bool:
    """Of a task that does so whatever it is asked for."""
    return True


def never(options: Any) -> bool:
    """Of a task that never does so."""
    return False


def no_label(options: Any) -> str:
    """What is appended to the names of results that have a folder of their own."""
    return ""


def no_labels(options: Any) -> str:
    """The labels of a task whose results are never among its inputs: none at all."""
    return r"(?!)"


@dataclass(frozen=True)
class Task(Generic[O_contra]):
    """One task, described by plain data and by functions that can be followed to their code.

    Everything in it can be pickled by reference, so that a row travels to other processes.
    """

    name: str
    """Of the command and of the Python function."""
    summary: str
    """First sentence of the help text."""
    examples: str
    """Rest of it: commands with what they do."""
    options: type[O_contra]
    """Frozen dataclass of everything that the user may say of a result."""
    load: Callable[[O_contra, Runtime, Enlarge], Apply]
    """Loads the task; called once in every process that edits pictures. `enlarge` is ganedit's
    upscaler, for tasks that work at a size of their own (see `enlarges`)."""
    weights: Callable[[O_contra], Mapping[str, str]]
    """SHA-256 of each weight file that the result depends on, by its name."""
    inputs: tuple[Input, ...] = (PHOTO,)
    """What a job takes; none for a task that draws pictures."""
    label: Callable[[O_contra], str] = no_label
    """What is appended to the name of a result beside its original, like `x4`."""
    labels: Callable[[O_contra | None], str] = no_labels
    """A regular expression of all labels there are, variants included, those that options of this
    run may add too: by it the results of earlier runs are known among a folder's pictures."""
    size: Callable[[O_contra, Size], Size] = same_size
    """Of the result, for that of the first input; `(0, 0)` where there is no input."""
    variants: Callable[[O_contra], tuple[str, ...]] = one_result
    """Names of the results of one job."""
    sheet: Callable[[O_contra], bool] = always
    """Whether a contact sheet is made of several results of one job."""
    rate: Callable[[O_contra], int] | None = None
    """Frames a second, of a task whose results of one job are the frames of a film."""
    check: Callable[[O_contra, Mapping[str, int]], None] = anything_goes
    """Raises a UsageError for options that contradict each other, or what else was given: names
    of inputs and of options that the user did not leave out, with how many there were of each."""
    local: bool = False
    """Whether all that it does not change is to stay bit for bit: where a format cannot keep it,
    that is said."""
    enlarges: Callable[[O_contra], bool] = never
    """Whether results depend on the upscaler's weights too."""
    title: str = ""
    """What a page calls it, where that is another word than its name."""
    weights_of: str = ""
    """The task whose weight files it uses, where they are not its own."""
    training: Training[Any] | None = None
    evaluation: Evaluation[Any] | None = None
    importing: Importing[Any] | None = None

    @property
    def edited(self) -> Input | None:
        """The input of which every picture becomes a job; None for a task that draws."""
        return next((each for each in self.inputs if each.given == "each"), None)

    @property
    def shared(self) -> frozenset[str]:
        """Names of the inputs that are the same for all pictures, and all frames of a video: of
        what moves there the first frame is taken."""
        return frozenset(each.name for each in self.inputs if each.given == "shared")


class Predictor(Protocol):
    """A loaded network as `editing` sees it: tensors only, nothing of files, tiles or alpha."""

    @property
    def footprint(self) -> "Footprint":
        """What the network needs around each pixel, and what it makes of it."""
        ...

    def predict(self, pictures: "Tensor", *, safe: bool = False) -> "Tensor":
        """float32 RGB `(N, 3, H, W)` in [0, 1] to the edited picture, likewise.

        `safe` asks for float32 arithmetic throughout: the second try after a non-finite result.
        """
        ...
