"""PyAV, imported when the first container is opened, and its errors in the words of ganedit."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from ganedit.errors import (
    GaneditError,
    ImageTooLargeError,
    OutputError,
    TruncatedImageError,
    UnreadableImageError,
    UsageError,
)
from ganedit.image import output_errors, printable

# What holds its video itself, by FFmpeg's names. Playlists, which name other files to be read, are
# not among them: a file from a stranger is to be no more than it is.
READ = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,mpegtsraw,m4v,h264,hevc,"
    "asf,ogg,gif,apng,mxf,gxf,wtv,nut,rm,ivf,dv,yuv4mpegpipe,swf,av1,obu,dirac,vc1,live_flv"
)

Module = Any  # PyAV is an extra; where it is missing its types are too


@cache
def library() -> Module:
    """The `av` package, silent but for errors that it raises.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise UsageError("videos need one more package: pip install 'ganedit[video]'") from error
    os.environ.setdefault("SVT_LOG", "1")  # errors only; it prints by itself
    av.logging.set_level(av.logging.PANIC)
    # Encoders print past PyAV's own filter.
    av.logging.set_libav_level(av.logging.PANIC)
    return av


def open_container(path: Path) -> Any:
    """A file that is a container itself, to be read."""
    options = {"format_whitelist": READ}
    return library().open(str(path), metadata_errors="replace", options=options)


@contextmanager
def reading_errors(path: Path) -> Iterator[None]:
    """Say in one line what keeps a container from being read.

    Raises:
        UnreadableImageError: missing, no video, no permission, or of a kind that is not built in.
        TruncatedImageError: damaged, or not finished yet.
    """
    av, label = library(), printable(str(path))
    try:
        yield
    except GaneditError:
        raise
    except av.error.FileNotFoundError as error:
        raise UnreadableImageError(f"{label} does not exist; check the name") from error
    except av.error.PermissionError as error:
        raise UnreadableImageError(
            f"{label} may not be read; change its permissions or run as its owner"
        ) from error
    except (av.error.DecoderNotFoundError, av.error.PatchWelcomeError) as error:
        raise UnreadableImageError(
            f"{label}: its codec is not built into PyAV; convert it to H.264 first"
        ) from error
    except (av.error.InvalidDataError, av.error.EOFError) as error:
        raise damaged(path, "") from error
    except av.error.FFmpegError as error:
        raise UnreadableImageError(f"{label} cannot be read: {error.strerror}") from error


def damaged(path: Path, where: str) -> TruncatedImageError:
    """The error of a file that ends early, or makes no sense from some place on."""
    return TruncatedImageError(
        f"{printable(str(path))} is damaged, truncated or still being written{where}; get another "
        "copy, or take what is there with --allow-truncated"
    )


def check_pixels(path: Path, width: int, height: int, most: int) -> None:
    """Raise an ImageTooLargeError where a frame has more than `most` pixels."""
    if width * height > most:
        raise ImageTooLargeError(
            f"{printable(str(path))} has {width:,} x {height:,} = {width * height:,} pixels a "
            f"frame, more than the limit of {most:,}; raise it with --max-pixels if the file is "
            "trustworthy"
        )


@contextmanager
def writing_errors(path: Path) -> Iterator[None]:
    """Say in one line what keeps a container from being written.

    Raises:
        DiskFullError: no space.
        OutputError: anything else.
    """
    av = library()
    with output_errors(path):
        try:
            yield
        except av.error.FFmpegError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS):
                raise OSError(error.errno, error.strerror) from error
            raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
