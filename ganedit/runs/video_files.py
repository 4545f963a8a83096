"""Which files a video is made from, and which are made of it."""

from collections.abc import Iterable
from pathlib import Path

from ganedit.errors import ImageError
from ganedit.runs.jobs import Job
from ganedit.runs.stamps import Stamp
from ganedit.video.kinds import FRAMES, is_numbered
from ganedit.video.pictures import number_of, numbered, numbered_files


def first_result(job: Job) -> Path:
    """The file by which a result is known: itself, or of numbered frames the first."""
    return job.target if job.format != FRAMES.name else numbered(job.target, first_number(job))


def first_number(job: Job) -> int:
    """With which numbered frames begin: as the source's do, or with 1."""
    try:
        return (
            number_of(job.source, numbered_files(job.source)[0]) if is_numbered(job.source) else 1
        )
    except ImageError:
        return 1  # reading says what is wrong


def source_files(job: Job) -> list[Path]:
    """All files that a video is made from.

    Raises:
        ImageError: numbered frames are missing.
    """
    found: list[Path] = []
    for path in job.sources:
        found += numbered_files(path) if is_numbered(path) else [path]
    return found


def stamps_of(files: Iterable[Path], *, recorded: bool) -> tuple[Stamp, ...]:
    try:
        return tuple(Stamp.of(path, hashed=recorded) for path in files)
    except OSError:
        return ()  # reading says what is wrong
