"""Where a picture comes from: a file, bytes, or a stream that is read once."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ganedit.errors import ImageTooLargeError, TruncatedImageError, UnreadableImageError

_HEAD = 64


@dataclass(frozen=True, slots=True)
class Source:
    """A seekable file and what messages call it."""

    label: str
    file: BinaryIO

    def head(self) -> bytes:
        """The first bytes, by which a format is known."""
        self.file.seek(0)
        return self.file.read(_HEAD)

    def data(self) -> bytes:
        """The whole content."""
        self.file.seek(0)
        return self.file.read()

    def check_size(self, width: int, height: int, max_pixels: int | None) -> None:
        """Refuse more than `max_pixels`, before anything is decoded."""
        if max_pixels is not None and width * height > max_pixels:
            raise ImageTooLargeError(
                f"{self.label} has {width:,} x {height:,} = {width * height:,} pixels, more than "
                f"the limit of {max_pixels:,}; raise it with --max-pixels if the file is "
                "trustworthy"
            )

    def damaged(self, *, lenient: bool) -> TruncatedImageError:
        """The error of a file that ends early or makes no sense."""
        if lenient:
            return TruncatedImageError(f"{self.label} is too damaged to be read; get another copy")
        return TruncatedImageError(
            f"{self.label} is truncated or damaged; get another copy, "
            "or take what is there with --allow-truncated"
        )

    def unsupported(self, what: str) -> UnreadableImageError:
        """The error of a file that may be whole, but of a kind that no library here reads."""
        return UnreadableImageError(
            f"{self.label}: {what} is not supported; convert it to PNG or a usual TIFF first"
        )


@contextmanager
def opened(source: Path | bytes | BinaryIO) -> Iterator[Source]:
    """The source, opened for reading and seekable: pipes are read into memory.

    Raises:
        UnreadableImageError: missing, a folder, or no permission.
    """
    if isinstance(source, bytes):
        yield Source("the picture given as bytes", io.BytesIO(source))
        return
    if not isinstance(source, Path):
        name = printable(str(getattr(source, "name", "the stream")))
        yield Source("standard input" if name == "<stdin>" else name, io.BytesIO(source.read()))
        return
    label = printable(str(source))
    try:
        file = source.open("rb")
    except FileNotFoundError as error:
        raise UnreadableImageError(f"{label} does not exist; check the name") from error
    except IsADirectoryError as error:
        raise UnreadableImageError(f"{label} is a folder; name a picture in it") from error
    except PermissionError as error:
        raise UnreadableImageError(
            f"{label} may not be read; change its permissions or run as its owner"
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = getattr(error, "strerror", None) or error
        raise UnreadableImageError(f"{label} cannot be read: {reason}") from error
    with file:
        yield Source(label, file if file.seekable() else io.BytesIO(file.read()))


def printable(name: str) -> str:
    """A name on one line: line breaks and other control characters are shown as escapes."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in name
    )
