"""What the tags of a TIFF page tell beside its samples."""

from fractions import Fraction
from typing import Any, BinaryIO

import numpy as np
import PIL.Image
from PIL import ExifTags

from ganedit.image._metadata import (
    DESCRIPTIVE_TAGS,
    Metadata,
    exif_from_tags,
    iptc_of,
    valid_aspect,
    valid_dpi,
)
from ganedit.image._tiff_write import IPTC_TAG, XMP_TAG

_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 282, 283, 296
_NO_UNIT = 1
_PHOTOSHOP, _GEO_KEYS = 34377, 34735


def read_tags(file: BinaryIO, page: Any, *, converted: bool) -> tuple[Metadata, tuple[str, ...]]:
    """Metadata of a page, without its profile if the samples were `converted` to sRGB; notes."""
    exif, notes = None, []
    try:
        tags = PIL.Image.Exif()
        tags.endian, tags.bigtiff = page.parent.byteorder, page.parent.is_bigtiff
        tags.load_from_fp(file, page.offset)
        exif = exif_from_tags(tags)
    except Exception:  # whatever malformed bytes lead Pillow to
        if any(tag in page.tags for tag in (*DESCRIPTIVE_TAGS, ExifTags.IFD.Exif)):
            notes.append("EXIF dropped: it cannot be read")
    if _GEO_KEYS in page.tags:
        notes.append("georeference left out: it is true of the unedited picture only")
    # Declared as 32-bit numbers, it is filled up with zeros.
    iptc = (_block(page, IPTC_TAG) or b"").rstrip(b"\0")
    metadata = Metadata(
        icc=None if converted else page.iccprofile or None,
        exif=exif,
        xmp=_block(page, XMP_TAG),
        dpi=_resolution(page),
        aspect=_aspect(page),
        iptc=iptc or iptc_of(_block(page, _PHOTOSHOP) or b""),
    )
    return metadata, tuple(notes)


def _block(page: Any, code: int) -> bytes | None:
    """The bytes of a tag, whatever type its writer gave it."""
    tag = page.tags.get(code)
    value = tag.value if tag else None
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, tuple):  # numbers of whatever size
        kind = {1: "u1", 3: "u2", 4: "u4"}.get(int(tag.dtype), "u1")
        return np.array(value, f"{page.parent.byteorder}{kind}").tobytes() or None
    return value if isinstance(value, bytes) and value else None


def _aspect(page: Any) -> tuple[int, int] | None:
    """What is told as a ratio only."""
    unit = page.tags.get(_RESOLUTION_UNIT)
    if not unit or unit.value != _NO_UNIT:
        return None
    try:
        across, down = (Fraction(*page.tags[tag].value) for tag in (_X_RESOLUTION, _Y_RESOLUTION))
    except Exception:  # missing, or no fractions
        return None
    return valid_aspect(across, down)


def _resolution(page: Any) -> tuple[float, float] | None:
    unit = page.tags.get(_RESOLUTION_UNIT)
    if unit and unit.value == _NO_UNIT:  # a ratio only
        return None
    if _X_RESOLUTION not in page.tags or _Y_RESOLUTION not in page.tags:
        return None
    try:
        return valid_dpi(page.get_resolution("INCH"))
    except Exception:  # zeros, or an unknown unit
        return None
