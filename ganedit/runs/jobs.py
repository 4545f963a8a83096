"""What there is to do: a job for each result."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganedit.video.segments import Segment

PREVIEW_SUFFIX = ".preview.png"
CLIP_SUFFIX = ".preview.mp4"


@dataclass(frozen=True)
class Job:
    """One result to make."""

    inputs: Mapping[str, tuple[Path, ...]] = field(hash=False)
    """Files by the name of their input, in the order of the task's inputs; perhaps none."""
    target: Path
    format: str
    variant: str = ""
    """Which of several results of the same pictures."""
    journal_folder: Path | None = None
    """The folder whose journal has a record of the result; None for pictures named one by one."""
    place: Path = Path()
    """The folder of the picture, below the input that it was found in."""
    beside: Path | None = None
    """Where the picture goes that the task makes with the result."""
    lacks: str = ""
    """What is missing, so that it cannot be done."""
    moving: bool = False
    """Whether it is a video, of which every frame is edited; then the format is a container."""
    segment: "Segment | None" = field(default=None, hash=False)
    """Of a video, the part that is to be made."""
    frames: int = field(default=0, compare=False)
    """Of a video, how many are edited, where that is known."""

    @property
    def preview(self) -> Path:
        """Where the before/after picture of the result goes."""
        return self.target.with_name(f"{self.target.name}{PREVIEW_SUFFIX}")

    @property
    def clip(self) -> Path:
        """Where the before/after clip of a video goes."""
        return self.target.with_name(f"{self.target.name}{CLIP_SUFFIX}")

    @property
    def sources(self) -> tuple[Path, ...]:
        """All files that the result is made from."""
        return tuple(file for files in self.inputs.values() for file in files)

    @property
    def source(self) -> Path:
        """The picture that is edited; for one that is drawn, its target: what messages name."""
        return next(iter(self.sources), self.target)


@dataclass(frozen=True)
class Sheet:
    """A contact sheet of the results of one job."""

    path: Path
    jobs: tuple[Job, ...]


@dataclass(frozen=True)
class Plan:
    """What a command is to do."""

    jobs: list[Job]
    left_out: Counter[str] = field(default_factory=Counter)
    """How many things in the inputs were not taken, by reason."""
    sheets: list[Sheet] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    """What the user should know of the plan."""
