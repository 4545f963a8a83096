"""Writing TIFF: the samples by tifffile, EXIF's own directories by Pillow."""

import io
import struct
from typing import Any, BinaryIO

import numpy as np
import PIL.Image
from PIL import TiffImagePlugin

from ganedit.image._metadata import DESCRIPTIVE_TAGS, EXIF_PREFIX, Metadata, sub_directories
from ganedit.image._samples import Samples

IPTC_TAG, XMP_TAG = 33723, 700
_CLASSIC = b"II*\0"
_BYTE, _ASCII, _SHORT, _LONG, _UNDEFINED = 1, 2, 3, 4, 7  # TIFF data types


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
    unit = "INCH" if metadata.dpi else None
    unit = "NONE" if metadata.aspect else unit
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
        resolution=metadata.aspect or metadata.dpi,
        resolutionunit=unit,
        software=False,
        metadata=None,
        byteorder="<",
        extratags=[
            (tag, kind, len(block), block, True)
            for tag, kind, block in (
                (XMP_TAG, _BYTE, metadata.xmp),
                (IPTC_TAG, _UNDEFINED, metadata.iptc),
            )
            if block
        ],
    )
    return _add_exif(file, metadata.exif) if metadata.exif else ()


def _add_exif(file: BinaryIO, exif: bytes) -> tuple[str, ...]:
    """Add EXIF's directories and texts to the finished classic TIFF, which tifffile cannot do.

    They go to the end of the file, followed by a longer copy of the first directory that points
    to them; then the header is made to point to that copy.
    """
    file.seek(0)
    magic, start = struct.unpack("<4sI", file.read(8))
    if magic != _CLASSIC:
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
        if coded := _coded(tags.get(code)):
            kind, count, data = coded
            value = data if len(data) <= 4 else struct.pack("<I", _append(file, data))
            entries.append(struct.pack("<HHI4s", code, kind, count, value))
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


def _coded(value: object) -> tuple[int, int, bytes] | None:
    """Data type, count and bytes of a tag's value; None of what describes no picture."""
    if isinstance(value, str):
        data = value.encode("latin-1", "replace") + b"\0"
        return _ASCII, len(data), data
    if isinstance(value, bytes):  # Windows' texts, in UTF-16
        return _BYTE, len(value), value
    if isinstance(value, int) and 0 <= value <= 0xFFFF:
        return _SHORT, 1, struct.pack("<H", value)
    return None


def _directory(link: int, values: dict[int, Any]) -> TiffImagePlugin.ImageFileDirectory_v2:
    directory = TiffImagePlugin.ImageFileDirectory_v2(_CLASSIC + bytes(4), group=link)
    directory.update(values)
    return directory


def _append(file: BinaryIO, data: bytes) -> int:
    """Write at the next even position after the end, as TIFF wants it, and return the position."""
    end = file.seek(0, io.SEEK_END)
    file.write(bytes(end % 2) + data)
    return end + end % 2
