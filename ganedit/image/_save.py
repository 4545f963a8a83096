"""Finished files only: a picture is written beside its destination and then moved there."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from ganedit.errors import OutputError
from ganedit.image._encode import encode, output_errors
from ganedit.image._formats import check_limits, format_for
from ganedit.image._model import Image


def save(
    image: Image,
    path: Path,
    *,
    format: str | None = None,
    quality: int | None = None,
    overwrite: bool = False,
) -> tuple[str, ...]:
    """Write `image` to `path`, all of it or nothing; missing folders are made.

    Whatever goes wrong, an interruption included, leaves neither a partial file nor a changed
    old one. Without `overwrite`, a file that someone else makes meanwhile is not lost either.

    Args:
        format: by default the one that the suffix of `path` means.
        quality: as in `encode`.
        overwrite: replace an existing file.

    Returns:
        Notes on what the format could not hold, as `encode` does.

    Raises:
        OutputError: the file exists, or cannot be written.
        ImageTooLargeError: larger than the format allows.
        UsageError: an unknown format, or a quality out of range.
    """
    name = format_for(path, format)
    check_limits(name, image.width, image.height)
    # Named apart from other writers of the same path, and short enough for any long name.
    temporary = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}.part{os.getpid()}")
    try:
        with output_errors(path):
            _refuse_existing(path, overwrite=overwrite)
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                notes = encode(image, name, quality=quality, target=temporary)
            except OutputError as error:
                # Say it of the name that the user knows.
                raise (error.__cause__ or error) from None
            _move(temporary, path, overwrite=overwrite)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return notes


def _refuse_existing(path: Path, *, overwrite: bool) -> None:
    if path.is_dir():
        raise OutputError(f"{path} is a folder; name a file in it")
    if not overwrite and os.path.lexists(path):
        raise OutputError(f"{path}: exists already; choose another name or overwrite it")


def _move(temporary: Path, path: Path, *, overwrite: bool) -> None:
    """Put the finished file in its place, in one step that others cannot come between."""
    if overwrite:
        temporary.replace(path)
        return
    try:
        # An empty file, made only if there is none, reserves the name on every file system.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError as error:
        raise OutputError(f"{path}: exists already; choose another name or overwrite it") from error
    try:
        temporary.replace(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
