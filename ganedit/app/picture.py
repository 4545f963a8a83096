"""Editing one picture: decode, edit, and stage the result, or say in one line why not."""

import os
import secrets
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ganedit.app.folders.journal import staging_folder
from ganedit.app.folders.stamps import Stamp
from ganedit.app.jobs import Job
from ganedit.app.options import FileOptions
from ganedit.app.recipe import Apply, Work
from ganedit.errors import GaneditError, ImageError, WeightsError
from ganedit.image import Image, check_limits, decode, stage

# Told how much of which job is done, in [0, 1].
JobProgress = Callable[[Job, float], None]


@dataclass(frozen=True)
class Staged:
    """A result that is complete, but not in its place yet."""

    partial: Path
    target: Path
    stamp: Stamp


@dataclass(frozen=True)
class Outcome:
    """What became of a job: staged results, or an error."""

    job: Job
    error: GaneditError | None = None
    results: tuple[Staged, ...] = ()
    """The picture's result first, then its preview."""
    sources: tuple[Stamp, ...] = ()
    """The picture, and what came with it."""
    input_size: tuple[int, int] = (0, 0)
    output_size: tuple[int, int] = (0, 0)
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


# What an engine yields: in any order, each as soon as it is ready.
Outcomes = Generator[Outcome, None, None]


def edit_picture(job: Job, apply: Apply, work: Work, progress: JobProgress) -> Outcome:
    """Edit one picture and stage its results.

    Never raises but for interruptions: an error is part of the outcome, and nothing is staged.
    """
    started = time.perf_counter()
    try:
        outcome = _edit(job, apply, work, progress)
    except GaneditError as error:
        outcome = Outcome(job, error)
    except MemoryError:
        outcome = Outcome(job, GaneditError(
            f"{job.source}: not enough memory; lower --memory or the size"))  # fmt: skip
    except OSError as error:
        outcome = Outcome(job, ImageError(f"{job.source}: {error.strerror or error}"))
    except Exception as error:  # a fault of ganedit's own is not to stop the other pictures
        outcome = Outcome(job, GaneditError(
            f"{job.source}: ganedit failed ({error!r}); please report it"))  # fmt: skip
    return replace(outcome, seconds=time.perf_counter() - started)


def _edit(job: Job, apply: Apply, work: Work, progress: JobProgress) -> Outcome:
    recipe, files = work.recipe, work.files
    sources = (job.source, *recipe.companions(job))
    try:
        stamps = tuple(map(Stamp.of, sources))
    except OSError:
        stamps = ()  # decoding will say what is wrong
    limits = {} if files.max_pixels is None else {"max_pixels": files.max_pixels}
    image = decode(job.source, allow_truncated=files.allow_truncated, **limits)
    try:
        check_limits(job.format, *recipe.size_for(image.width, image.height))
        edited = apply(job, image, lambda done: progress(job, done))
    except WeightsError:
        raise
    except GaneditError as error:
        message = str(error)
        prefix = "" if message.startswith(str(job.source)) else f"{job.source}: "
        raise type(error)(f"{prefix}{message}") from error
    if files.strip_metadata:
        # The profile stays: without it the colours would change.
        edited = replace(edited, metadata=edited.metadata.only_color())
    results, notes = _stage(job, image, edited, files)
    if not stamps or not all(map(Stamp.untouched, stamps, sources)):
        discard(results)
        raise ImageError(f"{job.source}: changed or vanished while it was edited; run again")
    return Outcome(
        job,
        results=results,
        sources=stamps,
        input_size=(image.width, image.height),
        output_size=(edited.width, edited.height),
        notes=(*edited.notes, *notes),
    )


def _stage(
    job: Job, image: Image, edited: Image, files: FileOptions
) -> tuple[tuple[Staged, ...], tuple[str, ...]]:
    """The result and its preview as complete files out of sight, and notes on the format."""
    results: list[Staged] = []
    try:
        partial = _partial(job, job.target)
        notes = stage(edited, partial, job.target, format=job.format, quality=files.quality)
        results.append(Staged(partial, job.target, Stamp.of(partial)))
        if files.preview:
            from ganedit.app.preview import preview_of

            partial = _partial(job, job.preview)
            stage(preview_of(image, edited), partial, job.preview, format="PNG")
            results.append(Staged(partial, job.preview, Stamp.of(partial)))
    except BaseException:
        discard(results)
        raise
    return tuple(results), notes


def _partial(job: Job, target: Path) -> Path:
    """A new name on the same file system as the target, which no other writer takes."""
    folder = target.parent if job.home is None else staging_folder(job.home)
    # Short enough for any long name.
    return folder / f".{target.name[:40]}.{secrets.token_hex(4)}.part{os.getpid()}"


def discard(results: Sequence[Staged]) -> None:
    """Remove staged results that are not to be used, as far as they are still there."""
    for result in results:
        with suppress(OSError):
            result.partial.unlink(missing_ok=True)
