"""What becomes of a job, as engines yield it."""

import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ganedit.errors import GaneditError, ImageError
from ganedit.runs.jobs import Job
from ganedit.runs.stamps import Stamp

# Told how much of which job is done, in [0, 1].
JobProgress = Callable[[Job, float], None]


@dataclass(frozen=True)
class Staged:
    """A result that is complete, but not in its place yet."""

    partial: Path
    target: Path
    stamp: Stamp

    @property
    def in_place(self) -> bool:
        """Whether it was moved to where it is to be."""
        return self.stamp.untouched(self.target)


@dataclass(frozen=True)
class Outcome:
    """What became of a job: staged results, or an error."""

    job: Job
    error: GaneditError | None = None
    results: tuple[Staged, ...] = ()
    """The picture's result first, then its preview."""
    sources: tuple[Stamp, ...] = ()
    """Of all files that it was made from."""
    bytes: int = 0
    """Of the encoded results."""
    input_size: tuple[int, int] = (0, 0)
    output_size: tuple[int, int] = (0, 0)
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


# What an engine yields: in any order, each as soon as it is ready.
Outcomes = Generator[Outcome, None, None]


def as_told(job: Job, error: Exception) -> GaneditError:
    """What is said of anything that goes wrong with a job."""
    match error:
        case GaneditError():
            return error
        case MemoryError():
            return GaneditError(f"{job.source}: not enough memory; lower --memory or the size")
        case OSError():
            return ImageError(f"{job.source}: {error.strerror or error}")
    return GaneditError(f"{job.source}: ganedit failed ({error!r}); please report it")


def discard(results: Sequence[Staged]) -> None:
    """Remove staged results that are not to be used, as far as they are still there."""
    for result in results:
        with suppress(OSError):
            if result.partial.is_dir():
                shutil.rmtree(result.partial)
            else:
                result.partial.unlink(missing_ok=True)
