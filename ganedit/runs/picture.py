"""Making one result: decode, edit, and stage it, or say in one line why not."""

import io
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from os import getpid
from pathlib import Path

from ganedit.errors import GaneditError, ImageError, PartnerError, WeightsError
from ganedit.image import (
    Image,
    Raster,
    check_limits,
    decode,
    encode,
    format_for,
    pixel_loss,
    stage,
)
from ganedit.runs.crew import FrameCrew
from ganedit.runs.jobs import Job
from ganedit.runs.journal import staging_folder
from ganedit.runs.options import STREAM, FileOptions
from ganedit.runs.outcomes import JobProgress, Outcome, Staged, as_told, discard
from ganedit.runs.stamps import Stamp
from ganedit.runs.work import Work
from ganedit.task import Apply, Pictures
from ganedit.tasks import TASKS

# How many pictures a job has at most that are the same for all, like styles.
MOST_SHARED = max(each.most for task in TASKS for each in task.inputs if each.given == "shared")


def edit_picture(
    job: Job, apply: Apply, work: Work, progress: JobProgress, crew: FrameCrew | None = None
) -> Outcome:
    """Do one job and stage its results; a segment's frames are edited by a crew.

    Never raises but for interruptions: an error is part of the outcome, and nothing is staged.
    """
    started = time.perf_counter()
    try:
        outcome = _edit(job, apply, work, progress, crew or FrameCrew())
    except Exception as error:  # a fault of ganedit's own is not to stop the other pictures
        outcome = Outcome(job, as_told(job, error))
    return replace(outcome, seconds=time.perf_counter() - started)


def _edit(job: Job, apply: Apply, work: Work, progress: JobProgress, crew: FrameCrew) -> Outcome:
    if job.lacks:
        raise ImageError(f"{job.source}: {job.lacks}")
    if job.segment is not None:
        return _edit_segment(job, apply, work, progress, crew)
    files = work.run.files
    # Where no journal keeps them, nobody asks for hashes.
    recorded = job.journal_folder is not None
    stamps = _stamps(job, recorded=recorded)
    pictures = stills_of(job, work)
    first = next((each[0] for each in pictures.values() if each), None)
    size = (first.width, first.height) if first is not None else (0, 0)
    with _errors_named(job, job.source):
        check_limits(job.format, *work.size_for(size))
        edited = apply(pictures, job.variant, lambda done: progress(job, done))
    if files.strip_metadata:
        # The profile stays: without it the colours would change.
        edited = replace(edited, metadata=edited.metadata.only_color())
    made = _made(job, first, edited, files)
    if work.run.folders.dry_run:
        return Outcome(job, input_size=size, bytes=sum(map(_encoded_bytes, made)))
    results, notes = _stage(job, made, recorded=recorded)
    if work.task.local and (loss := pixel_loss(edited, job.format, files.quality)):
        notes = (*notes, loss)
    if not _unchanged(stamps, job):
        discard(results)
        raise ImageError(f"{job.source}: changed or vanished while it was edited; run again")
    return Outcome(
        job,
        results=results,
        sources=stamps,
        bytes=sum(result.stamp.bytes for result in results),
        input_size=size,
        output_size=(edited.width, edited.height),
        notes=(*edited.notes, *_notes_of_others(pictures), *notes),
    )


def _edit_segment(
    job: Job, apply: Apply, work: Work, progress: JobProgress, crew: FrameCrew
) -> Outcome:
    from ganedit.runs.segment import edit_segment

    assert job.segment is not None
    stills = stills_of(job, work, set(job.segment.sources))
    with _errors_named(job, *job.sources, job.target):
        return edit_segment(job, stills, apply, work, progress, crew)


@contextmanager
def _errors_named(job: Job, *names: Path) -> Iterator[None]:
    """Errors begin with the file that they are of: where not with one of these names already,
    with the picture that is edited, or with the partner that will not do."""
    try:
        yield
    except WeightsError:  # of no picture
        raise
    except PartnerError as error:
        files = job.inputs[error.input]
        file = files[0] if len(files) == 1 else job.source
        raise PartnerError(f"{file}: {error}", error.input) from error
    except GaneditError as error:
        named = str(error).startswith(tuple(map(str, names)))
        raise type(error)(str(error) if named else f"{job.source}: {error}") from error


def stills_of(job: Job, work: Work, moving: Set[str] = frozenset()) -> Pictures:
    """The decoded pictures of a job; of a video's those that are the same for all of its frames.

    Args:
        job: what is to be made.
        work: what is done.
        moving: names of the inputs that have a picture for each frame.

    Raises:
        GaneditError: one cannot be read.
    """
    return {
        name: _decoded(paths, job, work.run.files, shared=name in work.task.shared)
        for name, paths in job.inputs.items()
        if name not in moving
    }


def _notes_of_others(pictures: Pictures) -> list[str]:
    """What the decoder noted of masks and styles, which the result says nothing of."""
    others = list(pictures.items())[1:]
    return [
        f"{name}: {note}" for name, several in others for each in several for note in each.notes
    ]


def _stamps(job: Job, *, recorded: bool) -> tuple[Stamp, ...]:
    try:
        return tuple(Stamp.of(path, hashed=recorded) for path in _files(job))
    except OSError:
        return ()  # decoding will say what is wrong


def _files(job: Job) -> list[Path]:
    """The sources that can be looked at twice: no pipes."""
    return [path for path in job.sources if path.is_file()]


def _unchanged(stamps: Sequence[Stamp], job: Job) -> bool:
    files = _files(job)
    return len(stamps) == len(files) and all(map(Stamp.untouched, stamps, files))


def _decoded(
    paths: tuple[Path, ...], job: Job, files: FileOptions, *, shared: bool
) -> tuple[Image, ...]:
    """The pictures of one input. Those that several jobs share are decoded once."""
    if paths and paths[0] == job.source:
        return tuple(_decode(path, files) for path in paths)
    again = _decode_shared if shared else _decode_again
    try:
        return tuple(again(path, _changed(path), files) for path in paths)
    except GaneditError as error:
        raise type(error)(f"{job.source}: {error}") from error


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0  # decoding says that it is missing


def _decode(path: Path, files: FileOptions) -> Image:
    limits = {} if files.max_pixels is None else {"max_pixels": files.max_pixels}
    if path == STREAM and sys.stdin is None:
        raise ImageError("standard input is closed; give a file")
    source = sys.stdin.buffer if path == STREAM else path
    return decode(source, allow_truncated=files.allow_truncated, **limits)


def _decode_once(path: Path, changed: int, files: FileOptions) -> Image:
    return _decode(path, files)


# As many as a job has: with one less, each would be gone when the next job asks for it. Eight of 24
# megapixels are .6 GB. What comes and goes with the pictures, like masks, takes no place of theirs.
_decode_shared = lru_cache(maxsize=MOST_SHARED)(_decode_once)
_decode_again = lru_cache(maxsize=4)(_decode_once)


@dataclass(frozen=True)
class _Made:
    """A picture that is to be encoded, and how."""

    picture: Raster
    target: Path
    format: str
    quality: int | None = None


def _made(job: Job, before: Image | None, edited: Image, files: FileOptions) -> Iterator[_Made]:
    """The picture's result, then its preview and what the task made with it."""
    yield _Made(edited, job.target, job.format, files.quality)
    if job.beside is not None and edited.beside is not None:
        yield _Made(edited.beside, job.beside, format_for(job.beside, None))
    if files.preview:
        from ganedit.runs.preview import preview_of

        yield _Made(preview_of(before or edited, edited), job.preview, "PNG")


def _encoded_bytes(made: _Made) -> int:
    """How large its file would be. Nothing is written that a killed run would leave behind."""
    content = io.BytesIO()
    encode(made.picture, made.format, quality=made.quality, target=content)
    return content.getbuffer().nbytes


def _stage(
    job: Job, made: Iterator[_Made], *, recorded: bool
) -> tuple[tuple[Staged, ...], tuple[str, ...]]:
    """Pictures as complete files out of sight, and notes on the formats."""
    results: list[Staged] = []
    notes: dict[str, None] = {}
    try:
        for each in made:
            partial = _partial(job, each.target)
            told = stage(
                each.picture, partial, each.target, format=each.format, quality=each.quality
            )
            notes |= dict.fromkeys(told)
            results.append(Staged(partial, each.target, Stamp.of(partial, hashed=recorded)))
    except BaseException:
        discard(results)
        raise
    return tuple(results), tuple(notes)


def _partial(job: Job, target: Path) -> Path:
    """A new name on the same file system as the target, which no other writer takes."""
    if target == STREAM:
        folder = Path(tempfile.gettempdir())
    elif job.journal_folder is None or not target.is_relative_to(job.journal_folder):
        folder = target.parent
    else:
        folder = staging_folder(job.journal_folder)
    # Short enough for any long name.
    return folder / f".{target.name[:40]}.{secrets.token_hex(4)}.part{getpid()}"
