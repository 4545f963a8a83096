"""TIFF of 16 bits, and all writing of TIFF.

tifffile does the pixels, OpenCV steps in for codecs that the standard library lacks (LZW).
Pillow would read 16-bit RGB as 8 bits and does not open 16-bit grey with alpha at all, but it
parses and writes EXIF's own directories, which tifffile does not.
"""

import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import PIL.Image
from PIL import TiffImagePlugin

from ganedit.errors import ImageError, TruncatedImageError
from ganedit.image._metadata import (
    DESCRIPTIVE_TAGS,
    EXIF_PREFIX,
    Metadata,
    exif_from_tags,
    sub_directories,
)
from ganedit.image._samples import Samples, unpremultiply

if TYPE_CHECKING:
    import tifffile

MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_CODECS = {1, 8, 32773, 32946}  # none, deflate, PackBits, old deflate: tifffile's own
_MINISWHITE, _MINISBLACK, _RGB = 0, 1, 2
_PREMULTIPLIED, _STRAIGHT = 1, 2
_ORIENTATION, _XMP = 274, 700
_BYTE, _ASCII, _LONG = 1, 2, 4  # TIFF data types


@dataclass(frozen=True, slots=True)
class DeepPage:
    """The first page of a 16-bit TIFF, decoded but not yet turned by `orientation`."""

    samples: Samples
    alpha: Samples | None
    orientation: int
    metadata: Metadata
    notes: tuple[str, ...]


def is_deep_tiff(file: BinaryIO) -> bool:
    """Whether the file is a TIFF of 16-bit unsigned grey or RGB samples, with or without alpha."""
    file.seek(0)
    if file.read(4) not in MAGICS:
        return False
    try:
        with _open(file) as tiff:
            page = tiff.pages.first
            return (
                page.bitspersample == 16
                and page.sampleformat == 1
                and (page.photometric, page.samplesperpixel)
                in {
                    *((kind, count) for kind in (_MINISWHITE, _MINISBLACK) for count in (1, 2)),
                    *((_RGB, count) for count in (3, 4)),
                }
            )
    except Exception:  # damage is for the general reader to name
        return False


def deep_tiff_size(file: BinaryIO) -> tuple[int, int]:
    """Width and height from the tags alone."""
    with _open(file) as tiff:
        page = tiff.pages.first
        return page.imagewidth, page.imagelength


def is_complete_tiff(file: BinaryIO) -> bool:
    """Whether all strips or tiles of the first page lie inside the file, as far as can be told."""
    try:
        with _open(file) as tiff:
            return _is_whole(file, tiff.pages.first)
    except Exception:  # unusual tags are for Pillow to judge
        return True


def read_deep_tiff(file: BinaryIO, *, lenient: bool) -> DeepPage:
    """Decode a file for which `is_deep_tiff` holds.

    Raises:
        TruncatedImageError: parts are missing or damaged and `lenient` is false, or all are.
        ImageError: the layout is one that neither library reads.
    """
    with _open(file) as tiff:
        page = tiff.pages.first
        planes, notes = _planes(file, page, lenient=lenient)
        colours = 3 if page.photometric == _RGB else 1
        samples = np.ascontiguousarray(planes[..., :colours], np.uint16)
        if page.photometric == _MINISWHITE:
            np.subtract(0xFFFF, samples, out=samples)
        alpha = None
        if planes.shape[2] > colours:
            kind = int((page.extrasamples or (0,))[0])
            if kind in (_PREMULTIPLIED, _STRAIGHT):
                alpha = np.ascontiguousarray(planes[..., colours], np.uint16)
            else:
                notes += ("a fourth channel that is not alpha was left out",)
        if alpha is not None and kind == _PREMULTIPLIED:
            unpremultiply(samples, alpha)
        if len(tiff.pages) > 1:
            notes += (f"only the first of {len(tiff.pages)} pages was taken",)
        metadata, damage = _metadata(file, tiff, page)
        tag = page.tags.get(_ORIENTATION)
        return DeepPage(samples, alpha, int(tag.value) if tag else 1, metadata, notes + damage)


def write_tiff(
    file: BinaryIO, samples: Samples, alpha: Samples | None, metadata: Metadata
) -> tuple[str, ...]:
    """Write samples (H, W, 1 or 3) and alpha (H, W) with deflate; BigTIFF where 4 GiB are short.

    Args:
        file: empty, open for reading and writing.
    """
    import tifffile

    pixels = samples if alpha is None else np.concatenate((samples, alpha[..., None]), axis=2)
    if pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    tifffile.imwrite(
        file,
        pixels,
        photometric="minisblack" if samples.shape[2] == 1 else "rgb",
        planarconfig="contig" if pixels.ndim == 3 else None,
        extrasamples=None if alpha is None else ["unassalpha"],
        compression="zlib",
        compressionargs={"level": 1},
        predictor=True,
        iccprofile=metadata.icc,
        resolution=metadata.dpi,
        resolutionunit="INCH" if metadata.dpi else None,
        software=False,
        metadata=None,
        byteorder="<",
        extratags=[(_XMP, _BYTE, len(metadata.xmp), metadata.xmp, True)] if metadata.xmp else (),
    )
    return _add_exif(file, metadata.exif) if metadata.exif else ()


def _open(file: BinaryIO) -> "tifffile.TiffFile":
    import tifffile

    file.seek(0)
    return tifffile.TiffFile(file)


def _is_whole(file: BinaryIO, page: "tifffile.TiffPage") -> bool:
    size = file.seek(0, io.SEEK_END)
    extents = zip(page.dataoffsets, page.databytecounts, strict=True)
    return all(offset > 0 and offset + count <= size for offset, count in extents)


def _planes(
    file: BinaryIO, page: "tifffile.TiffPage", *, lenient: bool
) -> tuple[Samples, tuple[str, ...]]:
    """All channels of the page, (H, W, C), and a note if some of it is missing."""
    whole = _is_whole(file, page)
    if not whole and not lenient:
        raise TruncatedImageError("the file ends before the picture does")
    if page.compression not in _CODECS:
        return _through_opencv(file, page), ()
    try:
        planes = page.asarray() if whole else None
    except Exception as error:  # zlib.error, or whatever malformed bytes lead to
        if not lenient:
            raise TruncatedImageError("part of the picture is damaged") from error
        planes = None
    notes: tuple[str, ...] = ()
    if planes is None:
        planes, notes = _salvage(file, page), ("truncated: the missing part is black",)
    planes = planes.reshape(page.shaped)  # (separate planes, depth, height, width, samples)
    separate, _, height, width, count = planes.shape
    planes = np.moveaxis(planes[:, 0], 0, 2).reshape(height, width, separate * count)
    return planes, notes


def _salvage(file: BinaryIO, page: "tifffile.TiffPage") -> Samples:
    """What can be decoded of a damaged page; the rest stays 0."""
    planes = np.zeros(page.shaped, np.uint16)
    _, depth, height, width, _ = page.shaped
    for index, (offset, count) in enumerate(
        zip(page.dataoffsets, page.databytecounts, strict=True)
    ):
        file.seek(offset)
        data = file.read(count)
        if page.compression == 1:
            data = data.ljust(count, b"\0")
        try:
            part, (plane, z, y, x, _), shape = page.decode(data, index)
        except Exception:  # this strip is lost, the next may not be
            continue
        if part is not None:
            planes[plane, z : z + shape[0], y : y + shape[1], x : x + shape[2]] = part[
                : depth - z, : height - y, : width - x
            ]
    return planes


def _through_opencv(file: BinaryIO, page: "tifffile.TiffPage") -> Samples:
    import cv2

    name = getattr(page.compression, "name", page.compression)
    if page.samplesperpixel == 2 or (page.planarconfig == 2 and page.samplesperpixel > 1):
        raise ImageError(
            f"TIFF with {name} compression in this layout is not supported; "
            "save it uncompressed or with deflate"
        )
    file.seek(0)
    decoded = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise TruncatedImageError("part of the picture is damaged")
    if decoded.ndim == 2:
        planes: Any = decoded[..., None]
    else:
        grey_or_bgr = cv2.COLOR_BGR2RGB if decoded.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
        planes = cv2.cvtColor(decoded, grey_or_bgr)
    return np.asarray(planes, np.uint16)


def _metadata(
    file: BinaryIO, tiff: "tifffile.TiffFile", page: "tifffile.TiffPage"
) -> tuple[Metadata, tuple[str, ...]]:
    exif = None
    notes: tuple[str, ...] = ()
    try:
        tags = PIL.Image.Exif()
        file.seek(0)
        tags.load_from_fp(file)
        exif = exif_from_tags(tags)
    except Exception:  # BigTIFF, or whatever malformed bytes lead Pillow to
        notes = ("EXIF dropped: it cannot be read",)
    xmp = page.tags.get(_XMP)
    value = xmp.value if xmp else None
    if isinstance(value, str):
        value = value.encode()
    dpi = None
    if 282 in page.tags and 283 in page.tags:
        dpi = page.get_resolution("INCH")
    return Metadata(icc=page.iccprofile, exif=exif, xmp=value or None, dpi=dpi), notes


def _add_exif(file: BinaryIO, exif: bytes) -> tuple[str, ...]:
    """Add EXIF's directories and texts to the finished classic TIFF, which tifffile cannot do.

    They go to the end of the file, followed by a longer copy of the first directory that points
    to them; then the header is made to point to that copy.
    """
    file.seek(0)
    magic, start = struct.unpack("<4sI", file.read(8))
    if magic != MAGICS[0]:
        return ("EXIF left out: the picture needs BigTIFF",)
    file.seek(start)
    (count,) = struct.unpack("<H", file.read(2))
    entries = [file.read(12) for _ in range(count)]
    tags = PIL.Image.Exif()
    tags.load(EXIF_PREFIX + exif)
    try:
        directories = [
            (link, _directory(link, values)) for link, values in sub_directories(tags).items()
        ]
        for _, directory in directories:
            directory.tobytes()
    except Exception:  # whatever malformed values lead Pillow to
        return ("EXIF left out: it is damaged",)
    for code in DESCRIPTIVE_TAGS:
        if isinstance(text := tags.get(code), str):
            data = text.encode("latin-1", "replace") + b"\0"
            value = data if len(data) <= 4 else struct.pack("<I", _append(file, data))
            entries.append(struct.pack("<HHI4s", code, _ASCII, len(data), value))
    for link, directory in directories:
        place = _append(file, b"")
        _append(file, directory.tobytes(place))
        entries.append(struct.pack("<HHII", link, _LONG, 1, place))
    entries.sort(key=lambda entry: int.from_bytes(entry[:2], "little"))
    table = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    place = _append(file, table)
    file.seek(4)
    file.write(struct.pack("<I", place))
    return ()


def _directory(link: int, values: dict[int, Any]) -> TiffImagePlugin.ImageFileDirectory_v2:
    directory = TiffImagePlugin.ImageFileDirectory_v2(MAGICS[0] + bytes(4), group=link)
    directory.update(values)
    return directory


def _append(file: BinaryIO, data: bytes) -> int:
    """Write at the next even position after the end, as TIFF wants it, and return the position."""
    end = file.seek(0, io.SEEK_END)
    file.write(bytes(end % 2) + data)
    return end + end % 2
