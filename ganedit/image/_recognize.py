"""Which files of a folder are pictures."""

from pathlib import Path

from ganedit.errors import ImageError
from ganedit.image._decode import size_of
from ganedit.image._formats import DRAWINGS, READABLE_SUFFIXES
from ganedit.image._plugins import format_of
from ganedit.image._png_chunks import SIGNATURE
from ganedit.image._pnm import is_netpbm
from ganedit.image._tiff_pages import MAGICS

_HEAD = 64  # bytes


def is_picture(path: Path) -> bool:
    """Whether a file is worth offering to `decode`: by its suffix, or without one by its content.

    Thousands of files are told apart without being opened, as far as they have suffixes.
    """
    if path.suffix:
        return path.suffix.lower() in READABLE_SUFFIXES
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
        known = head.startswith((SIGNATURE, *MAGICS)) or is_netpbm(head)
        format = format_of(head)
        # Two letters begin many a text: the rest of the head has to make sense as well.
        return (known or (format is not None and format not in DRAWINGS)) and all(size_of(path))
    except (OSError, ImageError):
        return False
