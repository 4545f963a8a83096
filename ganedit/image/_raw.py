"""Raw pictures of cameras: developed with rawpy, or refused, but never their thumbnail."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import PIL.Image

from ganedit.errors import UnreadableImageError
from ganedit.image._boxes import CANON_RAW_BRAND, brand
from ganedit.image._metadata import Metadata, exif_from_tags
from ganedit.image._reading import Reading
from ganedit.image._source import Source
from ganedit.image._tiff_pages import MAGICS, is_raw_tiff

# Olympus, Panasonic, Fujifilm, Sigma, Minolta, early Canon; Canon CR2 is a TIFF with a mark.
_SIGNATURES = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW", b"FOVb", b"\0MRM")
_CANON = ((8, b"CR"), (6, b"HEAPCCDR"))


def is_raw(source: Source, head: bytes) -> bool:
    """Whether the file is a camera's raw picture."""
    if head.startswith(_SIGNATURES) or brand(head) == CANON_RAW_BRAND:
        return True
    if any(head[place : place + len(mark)] == mark for place, mark in _CANON):
        return head.startswith((b"II", b"MM"))
    return head.startswith(MAGICS) and is_raw_tiff(source)


def raw_size(source: Source) -> tuple[int, int]:
    """Width and height once developed; raises as `read_raw` does."""
    with _opened(source) as raw:
        return raw.sizes.width, raw.sizes.height


def read_raw(source: Source, *, max_pixels: int) -> Reading:
    """Develop a raw picture at 16 bits, as its camera balanced it.

    Raises:
        UnreadableImageError: rawpy is missing, or does not know the camera.
        ImageTooLargeError: more than `max_pixels`.
    """
    with _opened(source) as raw:
        source.check_size(raw.sizes.width, raw.sizes.height, max_pixels)
        samples = raw.postprocess(use_camera_wb=True, output_bps=16)
    notes = ("raw picture developed with the camera's white balance",)
    pixels = np.ascontiguousarray(samples, np.uint16)
    return Reading(pixels, metadata=Metadata(exif=_exif(source)), format="RAW", notes=notes)


@contextmanager
def _opened(source: Source) -> Iterator[Any]:
    """The picture in rawpy, whose errors become ours."""
    try:
        rawpy = importlib.import_module("rawpy")
    except ImportError as error:
        raise UnreadableImageError(
            f"{source.label} is a raw picture of a camera, which needs one more package: "
            "pip install 'ganedit[raw]', or develop it first (its thumbnail is not taken)"
        ) from error
    source.file.seek(0)
    try:
        with rawpy.imread(source.file) as raw:
            yield raw
    except rawpy.LibRawError as error:
        raise UnreadableImageError(
            f"{source.label} is a raw picture that LibRaw does not develop; develop it with "
            "another program first (its thumbnail is not taken)"
        ) from error


def _exif(source: Source) -> bytes | None:
    """What the camera noted, without the orientation, which LibRaw has applied."""
    tags = PIL.Image.Exif()
    try:
        source.file.seek(0)
        tags.load_from_fp(source.file)
        return exif_from_tags(tags)
    except Exception:  # no TIFF inside, or whatever malformed bytes lead Pillow to
        return None
