"""From an `Image` to a file's bytes."""

import errno
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from ganedit.errors import DiskFullError, OutputError, UsageError
from ganedit.image._formats import Format, check_limits, describe
from ganedit.image._metadata import EXIF_PREFIX, Metadata, exif_with_dpi, refreshed
from ganedit.image._model import Image
from ganedit.image._png import write_png
from ganedit.image._samples import flatten_on_white, to_eight
from ganedit.image._tiff import write_tiff

_QUALITY = {"JPEG": 95, "WEBP": 90, "AVIF": 80}
# A JPEG marker holds 65,533 bytes; XMP's begins with its 29-byte name.
_JPEG_MARKER = 65_533
_JPEG_XMP = _JPEG_MARKER - 29


def encode(
    image: Image, format: str, *, quality: int | None = None, target: Path
) -> tuple[str, ...]:
    """Write `image` to `target` in `format`, whatever the suffix of `target`.

    PNG and TIFF are lossless and keep 16 bits; the other formats get 8, rounded. JPEG and BMP
    have no alpha: the picture is flattened on white. Metadata is written where the format has a
    place for it, with sizes and orientation made true. An existing file is overwritten.

    Args:
        quality: 1 to 100 for JPEG (95 by default, colour at full resolution), WebP (90; 100 is
            lossless) and AVIF (80). The other formats are lossless and take none.

    Returns:
        Notes on what the format could not hold, such as
        ``"alpha flattened on white: JPEG has none"``.

    Raises:
        ImageTooLargeError: larger than the format allows.
        UsageError: an unknown format, or a quality out of range.
        OutputError: the file cannot be written.
    """
    entry = describe(format)
    check_limits(entry.name, image.width, image.height)
    asked, quality = quality, _checked_quality(entry, quality)
    image, notes = _fitted(image, entry)
    if asked is not None and entry.name not in _QUALITY:
        notes += (f"quality {asked} has no effect: {entry.name} is lossless here",)
    metadata, dropped = refreshed(image.metadata, image.width, image.height, image.channels)
    image = replace(image, metadata=metadata)
    with output_errors(target), target.open("w+b") as file:
        left_out = _write(file, image, entry.name, quality)
    return notes + dropped + left_out


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's complaints about writing `path` into one-line `OutputError`s."""
    try:
        yield
    except OSError as error:
        advice = {
            errno.ENOSPC: f"disk full while writing {path}; free some space and run again",
            errno.EDQUOT: f"quota used up while writing {path}; free some space and run again",
            errno.EACCES: f"no permission to write {path}; choose another folder",
            errno.EPERM: f"no permission to write {path}; choose another folder",
            errno.EROFS: f"{path} is on a read-only file system; choose another folder",
            errno.ENAMETOOLONG: f"the name of {path} is too long; choose a shorter one",
            errno.EISDIR: f"{path} is a folder; name a file in it",
            errno.ENOTDIR: f"{path} lies inside a file; choose another folder",
        }.get(error.errno or 0, f"cannot write {path}: {error.strerror or error}")
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise (DiskFullError if full else OutputError)(advice) from error


def _checked_quality(entry: Format, quality: int | None) -> int:
    if quality is None:
        return _QUALITY.get(entry.name, 100)
    if not 1 <= quality <= 100:
        raise UsageError(f"quality {quality} is out of range; choose 1 to 100")
    return quality


def _fitted(image: Image, entry: Format) -> tuple[Image, tuple[str, ...]]:
    """The picture at a depth and with an alpha that the format has."""
    samples, alpha, notes = image.samples, image.alpha, []
    flatten = alpha is not None and not entry.alpha
    if image.depth == 16 and not entry.deep:
        notes.append(f"reduced to 8 bits: {entry.name} holds no 16-bit samples")
        samples = to_eight(samples)
        alpha = None if alpha is None else to_eight(alpha)
    if flatten and alpha is not None:
        notes.append(f"alpha flattened on white: {entry.name} has none")
        samples, alpha = flatten_on_white(to_eight(samples), to_eight(alpha)), None
    return replace(image, samples=samples, alpha=alpha), tuple(notes)


def _write(file: BinaryIO, image: Image, format: str, quality: int) -> tuple[str, ...]:
    if format == "PNG":
        write_png(file, image.samples, image.alpha, image.metadata)
        return ()
    if format == "TIFF":
        return write_tiff(file, image.samples, image.alpha, image.metadata)
    options, notes = _pillow_options(format, quality, image.metadata)
    # Pillow writes to a real file from C and reports a full disk as "encoder error -2"; written
    # from memory, the operating system's own reason comes through.
    encoded = io.BytesIO()
    image.to_pil().save(encoded, format, **options)
    file.write(encoded.getbuffer())
    return notes


def _pillow_options(
    format: str, quality: int, metadata: Metadata
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Arguments for `PIL.Image.Image.save`, and notes on metadata that does not fit."""
    options: dict[str, Any] = {"dpi": metadata.dpi} if metadata.dpi else {}
    if format == "BMP":
        lost = (metadata.icc, "colour profile"), (metadata.exif, "EXIF"), (metadata.xmp, "XMP")
        return options, tuple(f"{name} left out: BMP has no place for it" for x, name in lost if x)
    exif, xmp, notes = metadata.exif, metadata.xmp, []
    if format == "JPEG":
        options["subsampling"] = "4:4:4"
        if exif and len(exif) + len(EXIF_PREFIX) > _JPEG_MARKER:
            exif = None
            notes.append("EXIF left out: larger than the 64 KiB that JPEG allows")
        if xmp and len(xmp) > _JPEG_XMP:
            xmp = None
            notes.append("XMP left out: larger than the 64 KiB that JPEG allows")
    elif metadata.dpi:
        exif = exif_with_dpi(exif, metadata.dpi)
    if format == "WEBP":
        options |= {"lossless": quality == 100, "exact": True}
    options["quality"] = quality
    blocks = {
        "exif": EXIF_PREFIX + exif if exif else None,
        "xmp": xmp,
        "icc_profile": metadata.icc,
    }
    options |= {name: block for name, block in blocks.items() if block}
    return options, tuple(notes)
