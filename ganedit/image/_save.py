"""Finished files only: a picture is written beside its destination and then moved there."""

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from ganedit.errors import OutputError
from ganedit.image._encode import encode, output_errors
from ganedit.image._formats import check_limits, check_suffix, format_for
from ganedit.image._raster import Raster

# What file systems without hard links (FAT, some network shares) say when asked for one.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def save(
    image: Raster,
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
        UsageError: an unknown format, one that the suffix contradicts, or a quality out of range.
    """
    if format is not None:
        check_suffix(path, format)
    # Named apart from other writers of the same path, and short enough for any long name.
    partial = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}.part{os.getpid()}")
    with output_errors(path):
        _refuse_existing(path, overwrite=overwrite)
    try:
        notes = stage(image, partial, path, format=format, quality=quality)
        publish(partial, path, overwrite=overwrite)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return notes


def stage(
    image: Raster,
    partial: Path,
    path: Path,
    *,
    format: str | None = None,
    quality: int | None = None,
) -> tuple[str, ...]:
    """Write what is to become `path` into `partial`, which `publish` then moves there.

    The folder of `partial` is made if missing; a write that fails leaves no file.

    Args:
        image: the picture.
        partial: a file on the same file system as `path`.
        path: named in errors, and by default its suffix means the format.
        format: as in `save`; `quality` likewise.
        quality: see `format`.

    Returns:
        Notes on what the format could not hold, as `encode` does.

    Raises:
        OutputError: it cannot be written.
        ImageTooLargeError: larger than the format allows.
        UsageError: an unknown format, or a quality out of range.
    """
    name = format_for(path, format)
    check_limits(name, image.width, image.height)
    try:
        with output_errors(path):
            partial.parent.mkdir(parents=True, exist_ok=True)
            try:
                return encode(image, name, quality=quality, target=partial)
            except OutputError as error:
                # Say it of the name that the user knows.
                raise (error.__cause__ or error) from None
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def publish(partial: Path, path: Path, *, overwrite: bool = False) -> None:
    """Put a finished file in its place, in one step that others cannot come between.

    Without `overwrite`, a file that someone else made meanwhile is not lost.

    Raises:
        OutputError: the file exists, or cannot be put there.
    """
    with output_errors(path):
        _refuse_existing(path, overwrite=overwrite)
        path.parent.mkdir(parents=True, exist_ok=True)
        if overwrite:
            partial.replace(path)
            return
        try:
            # Unlike a rename, a second name for the file is refused where the name is taken.
            path.hardlink_to(partial)
        except FileExistsError as error:
            raise OutputError(
                f"{path}: exists already; choose another name or overwrite it"
            ) from error
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            partial.rename(path)
        else:
            partial.unlink()


def _refuse_existing(path: Path, *, overwrite: bool) -> None:
    if path.is_dir():
        raise OutputError(f"{path} is a folder; name a file in it")
    if not overwrite and os.path.lexists(path):
        raise OutputError(f"{path}: exists already; choose another name or overwrite it")
