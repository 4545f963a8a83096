"""What travels beside the samples: read from Pillow, kept true, and fitted to an output."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import PIL.Image
from PIL import ExifTags

from ganedit.image._exif import refresh_exif
from ganedit.image._xmp import refresh_xmp, xmp_orientation

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
    ExifTags.Base.DocumentName,
    ExifTags.Base.PageName,
    ExifTags.Base.Rating,
    ExifTags.Base.RatingPercent,
    ExifTags.Base.XPTitle,
    ExifTags.Base.XPComment,
    ExifTags.Base.XPAuthor,
    ExifTags.Base.XPKeywords,
    ExifTags.Base.XPSubject,
)

COMMENT = "Comment"
"""The keyword under which the comment of a JPEG or GIF stands among the texts."""

LINEAR = (100_000).to_bytes(4, "big")
"""What PNG's gAMA chunk says of samples that are proportional to light."""

GAIN_MAP_NOTE = "HDR gain map left out: the standard-range picture was taken"
CREDENTIALS_NOTE = "content credentials (C2PA) left out: they vouch for the unedited file"

_IPTC_RESOURCE = 0x0404
_LARGEST_DPI = 1e6
_LARGEST_ASPECT = 0xFFFF  # JPEG has 16 bits for it
_ICC_CHANNELS = {b"GRAY": 1, b"RGB ": 3}


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file says about its picture, as the raw blocks that formats embed.

    Attributes:
        icc: an ICC profile.
        exif: a TIFF structure that begins with ``II`` or ``MM`` (without ``Exif\\0\\0``).
        xmp: an XMP packet.
        dpi: horizontal and vertical resolution in pixels per inch.
        aspect: pixels across and down on the same length, where they differ and no unit is told.
        iptc: IPTC-IIM records, as Photoshop keeps them.
        texts: pairs of keyword and text, as PNG has them.
        languages: of some of these pairs, the language and the keyword in that language.
        background: the grey or RGB on which the picture is to be shown, at 16 bits.
        color_chunks: names and contents of PNG's chunks gAMA, cHRM, sRGB, cICP, mDCV and cLLI,
            which say how the samples are to be shown.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    aspect: tuple[int, int] | None = None
    iptc: bytes | None = None
    texts: tuple[tuple[str, str], ...] = ()
    languages: tuple[tuple[tuple[str, str], tuple[str, str]], ...] = ()
    background: tuple[int, ...] | None = None
    color_chunks: tuple[tuple[bytes, bytes], ...] = ()

    def only_color(self) -> "Metadata":
        """Nothing but what the colours of the samples would change without."""
        return Metadata(icc=self.icc, color_chunks=self.color_chunks)

    def transposed(self) -> "Metadata":
        """For samples whose rows became columns."""
        dpi, aspect = self.dpi, self.aspect
        return replace(
            self,
            dpi=dpi and (dpi[1], dpi[0]),
            aspect=aspect and (aspect[1], aspect[0]),
        )

    def without_color(self) -> "Metadata":
        """For samples that were converted to sRGB."""
        return replace(self, icc=None, color_chunks=())


def read_metadata(picture: PIL.Image.Image) -> tuple[Metadata, tuple[str, ...]]:
    """The blocks of a loaded picture as they stand in its file, and notes on what was damaged."""
    info, notes = picture.info, []
    exif: bytes | None = info.get("exif")
    if not exif and picture.format == "TIFF":
        try:
            exif = exif_from_tags(picture.getexif())
        except Exception:  # whatever malformed bytes lead Pillow to
            notes.append("EXIF dropped: it is damaged")
    xmp = info.get("xmp") or info.get("XML:com.adobe.xmp")
    # In JPEG 2000 it is the codec's own mark.
    comment = info.get("comment") if picture.format != "JPEG2000" else None
    exif = exif.removeprefix(EXIF_PREFIX) if exif else None
    return Metadata(
        icc=info.get("icc_profile") or None,
        exif=exif,
        xmp=xmp.encode() if isinstance(xmp, str) else xmp or None,
        dpi=valid_dpi(info.get("dpi")) or dpi_in_exif(exif),
        texts=((COMMENT, comment_text(comment)),) if comment else (),
    ), tuple(notes)


def comment_text(comment: bytes | str) -> str:
    """A comment, which may be in any encoding: UTF-8 if it can be, else Latin-1."""
    if isinstance(comment, str):
        return comment
    comment = comment.rstrip(b"\0")
    try:
        return comment.decode()
    except UnicodeDecodeError:
        return comment.decode("latin-1")


def iptc_of(resources: bytes) -> bytes | None:
    """The IPTC records among Photoshop's image resources (blocks that begin with ``8BIM``)."""
    place = 0
    while resources[place : place + 4] == b"8BIM":
        number = int.from_bytes(resources[place + 4 : place + 6], "big")
        name = 1 + resources[place + 6] if place + 6 < len(resources) else 0
        place += 6 + name + name % 2
        length = int.from_bytes(resources[place : place + 4], "big")
        place += 4
        if number == _IPTC_RESOURCE:
            return resources[place : place + length] or None
        place += length + length % 2
    return None


def resources_with(iptc: bytes) -> bytes:
    """IPTC records as a Photoshop resource: number, empty name, length, content, padding."""
    header = _IPTC_RESOURCE.to_bytes(2, "big") + bytes(2) + len(iptc).to_bytes(4, "big")
    return b"8BIM" + header + iptc + bytes(len(iptc) % 2)


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
        xmp = refresh_xmp(xmp, width, height)
    if icc and _icc_channels(icc) != channels:
        icc = None
        kind = "greyscale" if channels == 1 else "RGB"
        notes.append(f"colour profile dropped: it does not describe {kind} samples")
    # A viewer's thumbnail in PNG shows the unedited picture.
    texts = tuple(text for text in metadata.texts if not text[0].startswith("Thumb::"))
    return replace(metadata, exif=exif, xmp=xmp, icc=icc, texts=texts), tuple(notes)


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


def valid_dpi(dpi: object) -> tuple[float, float] | None:
    try:
        horizontal, vertical = (float(value) for value in dpi)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    # The upper bound is far over any printer's, and fits the integers of every format.
    usable = all(0 < value < _LARGEST_DPI for value in (horizontal, vertical))
    return (horizontal, vertical) if usable else None


def valid_aspect(across: Fraction | int, down: Fraction | int) -> tuple[int, int] | None:
    """The lowest whole numbers in this ratio, within 16 bits; None of squares and of no ratio."""
    if across <= 0 or down <= 0 or across == down:
        return None
    ratio = Fraction(across) / Fraction(down)
    if ratio > 1:
        inverse = (1 / ratio).limit_denominator(_LARGEST_ASPECT)
        pair = inverse.denominator, inverse.numerator
    else:
        ratio = ratio.limit_denominator(_LARGEST_ASPECT)
        pair = ratio.numerator, ratio.denominator
    return pair if all(pair) and pair != (1, 1) else None


def dpi_in_exif(exif: bytes | None) -> tuple[float, float] | None:
    """The resolution that an EXIF block states."""
    try:
        tags = _tags(exif)
        pair = tags.get(ExifTags.Base.XResolution), tags.get(ExifTags.Base.YResolution)
        per_inch = 2.54 if tags.get(ExifTags.Base.ResolutionUnit) == 3 else 1.0
    except Exception:  # whatever malformed bytes lead Pillow to
        return None
    dpi = valid_dpi(pair)
    return (dpi[0] * per_inch, dpi[1] * per_inch) if dpi else None


def orientation_in(metadata: Metadata) -> int:
    """Orientation as the EXIF block states it, else the XMP packet; 1 if neither tells."""
    try:
        orientation = int(_tags(metadata.exif).get(ExifTags.Base.Orientation, 0))
    except Exception:  # whatever malformed bytes lead Pillow to
        orientation = 0
    return orientation or xmp_orientation(metadata.xmp or b"")


def _tags(exif: bytes | None) -> PIL.Image.Exif:
    tags = PIL.Image.Exif()
    if exif:
        tags.load(EXIF_PREFIX + exif)
    return tags


def _icc_channels(icc: bytes) -> int | None:
    """1 for a greyscale profile, 3 for RGB, None for other spaces and for what is no profile."""
    if len(icc) < 128 or icc[36:40] != b"acsp":
        return None
    return _ICC_CHANNELS.get(icc[16:20])
