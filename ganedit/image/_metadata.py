"""What travels beside the samples: read from Pillow, kept true, and fitted to an output."""

import re
from dataclasses import dataclass, replace
from typing import Any

import PIL.Image
from PIL import ExifTags

from ganedit.image._exif import refresh_exif

EXIF_PREFIX = b"Exif\0\0"

# The tags of a TIFF's own directory that describe the picture; the others (strips, compression,
# bits per sample) describe the file and would be untrue in any other.
DESCRIPTIVE_TAGS = (
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.Software,
    ExifTags.Base.DateTime,
    ExifTags.Base.Artist,
    ExifTags.Base.HostComputer,
    ExifTags.Base.Copyright,
)

_LARGEST_DPI = 1e6
_ICC_CHANNELS = {b"GRAY": 1, b"RGB ": 3}


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file says about its picture, as the raw blocks that formats embed.

    Attributes:
        icc: an ICC profile.
        exif: a TIFF structure that begins with ``II`` or ``MM`` (without ``Exif\\0\\0``).
        xmp: an XMP packet.
        dpi: horizontal and vertical resolution in pixels per inch.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None


def read_metadata(picture: PIL.Image.Image) -> tuple[Metadata, tuple[str, ...]]:
    """The blocks of a loaded picture as they stand in its file, and notes on what was damaged."""
    info, notes = picture.info, []
    exif: bytes | None = info.get("exif")
    if not exif and (picture.format == "TIFF" or "Raw profile type exif" in info):
        try:
            exif = exif_from_tags(picture.getexif())
        except Exception:  # whatever malformed bytes lead Pillow to
            notes.append("EXIF dropped: it is damaged")
    xmp = info.get("xmp") or info.get("XML:com.adobe.xmp")
    return Metadata(
        icc=info.get("icc_profile") or None,
        exif=exif.removeprefix(EXIF_PREFIX) if exif else None,
        xmp=xmp.encode() if isinstance(xmp, str) else xmp or None,
        dpi=_valid_dpi(info.get("dpi")) or _dpi_in_exif(picture),
    ), tuple(notes)


def refreshed(
    metadata: Metadata, width: int, height: int, channels: int
) -> tuple[Metadata, tuple[str, ...]]:
    """Metadata that is true of an upright picture of this size, with notes on what was dropped."""
    notes = []
    exif, xmp, icc = metadata.exif, metadata.xmp, metadata.icc
    if exif:
        try:
            exif = refresh_exif(exif, width, height)
        except ValueError:
            exif = None
            notes.append("EXIF dropped: it is damaged")
    if xmp:
        xmp = _refresh_xmp(xmp, width, height)
    if icc and _icc_channels(icc) != channels:
        icc = None
        kind = "greyscale" if channels == 1 else "RGB"
        notes.append(f"colour profile dropped: it does not describe {kind} samples")
    return replace(metadata, exif=exif, xmp=xmp, icc=icc), tuple(notes)


def exif_from_tags(tags: PIL.Image.Exif) -> bytes | None:
    """An EXIF block made of a TIFF file's directories, or None if they describe nothing."""
    block = PIL.Image.Exif()
    for tag in DESCRIPTIVE_TAGS:
        if tag in tags:
            block[tag] = _raw_text(tags[tag])
    for code, directory in sub_directories(tags).items():
        block[code] = directory
    return block.tobytes().removeprefix(EXIF_PREFIX) if len(block) else None


def sub_directories(tags: PIL.Image.Exif) -> dict[int, dict[int, Any]]:
    """The EXIF and GPS directories that are present, by the tag that links to each."""
    found = {}
    for code in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        if directory := tags.get_ifd(code):
            found[int(code)] = {tag: _raw_text(value) for tag, value in directory.items()}
    details = found.get(ExifTags.IFD.Exif, {})
    if ExifTags.IFD.Interop in details:
        details[ExifTags.IFD.Interop] = tags.get_ifd(ExifTags.IFD.Interop)
    return found


def exif_with_dpi(exif: bytes | None, dpi: tuple[float, float]) -> bytes | None:
    """EXIF that states the resolution, for formats (WebP, AVIF) that have no other place for it.

    As it was where it holds values that do not fit their tags.
    """
    tags = PIL.Image.Exif()
    if exif:
        tags.load(EXIF_PREFIX + exif)
        if ExifTags.Base.XResolution in tags:
            return exif
    tags[ExifTags.Base.XResolution], tags[ExifTags.Base.YResolution] = dpi
    tags[ExifTags.Base.ResolutionUnit] = 2  # inch
    try:
        return tags.tobytes().removeprefix(EXIF_PREFIX)
    except Exception:  # whatever malformed values lead Pillow to
        return exif


def _raw_text(value: object) -> object:
    """Text as the bytes it was read from: Pillow reads Latin-1, but would write ASCII only."""
    return value.encode("latin-1") if isinstance(value, str) and not value.isascii() else value


def _valid_dpi(dpi: object) -> tuple[float, float] | None:
    try:
        horizontal, vertical = (float(value) for value in dpi)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    # The upper bound is far over any printer's, and fits the integers of every format.
    usable = all(0 < value < _LARGEST_DPI for value in (horizontal, vertical))
    return (horizontal, vertical) if usable else None


def _dpi_in_exif(picture: PIL.Image.Image) -> tuple[float, float] | None:
    try:
        tags = picture.getexif()
        pair = tags.get(ExifTags.Base.XResolution), tags.get(ExifTags.Base.YResolution)
        per_inch = 2.54 if tags.get(ExifTags.Base.ResolutionUnit) == 3 else 1.0
    except Exception:  # whatever malformed bytes lead Pillow to
        return None
    dpi = _valid_dpi(pair)
    return (dpi[0] * per_inch, dpi[1] * per_inch) if dpi else None


def _icc_channels(icc: bytes) -> int | None:
    """1 for a greyscale profile, 3 for RGB, None for other spaces and for what is no profile."""
    if len(icc) < 128 or icc[36:40] != b"acsp":
        return None
    return _ICC_CHANNELS.get(icc[16:20])


def _refresh_xmp(xmp: bytes, width: int, height: int) -> bytes:
    """Orientation and sizes made true, in the attribute and the element spelling of each."""
    facts = {
        b"tiff:Orientation": 1,
        b"tiff:ImageWidth": width,
        b"tiff:ImageLength": height,
        b"exif:PixelXDimension": width,
        b"exif:PixelYDimension": height,
    }

    def corrected(found: re.Match[bytes]) -> bytes:
        return found[1] + str(facts[found[2]]).encode()

    names = b"|".join(map(re.escape, facts))
    return re.sub(rb"((" + names + rb")\s*(?:=\s*[\"']|>)\s*)\d+", corrected, xmp)
