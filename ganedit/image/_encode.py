"""From a picture to a file's bytes."""

import errno
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ganedit.errors import DiskFullError, OutputError, UsageError
from ganedit.image._blocks import fitted_metadata, insert_segments, pillow_options
from ganedit.image._formats import Format, check_limits, describe
from ganedit.image._metadata import refreshed
from ganedit.image._png_write import write_png
from ganedit.image._raster import Raster
from ganedit.image._samples import flatten_on_white, to_eight
from ganedit.image._source import printable
from ganedit.image._tiff_write import write_tiff

_QUALITY = {"JPEG": 95, "WEBP": 90, "AVIF": 80}
_BEST = 100  # lossless WebP, and AVIF but for its way from RGB to YCbCr


def encode(
    image: Raster, format: str, *, quality: int | None = None, target: Path | BinaryIO
) -> tuple[str, ...]:
    """Write `image` to `target` in `format`, whatever the suffix of `target`.

    PNG and TIFF are lossless and keep 16 bits; the other formats get 8, rounded. JPEG and BMP
    have no alpha: the picture is flattened on white. Metadata is written where the format has a
    place for it, with sizes and orientation made true. An existing file is overwritten.

    Args:
        quality: 1 to 100 for JPEG (95 by default, colour at full resolution), WebP (90; 100 is
            lossless) and AVIF (80). The other formats are lossless and take none. What was
            lossless WebP or AVIF is written back with 100 by default.
        target: a file's name, or a binary stream, which need not be seekable: standard output,
            or an `io.BytesIO` for bytes.

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
    asked, quality = quality, _quality(image, entry, quality)
    image, notes = _fitted(image, entry)
    if asked is not None and entry.name not in _QUALITY:
        notes += (f"quality {asked} has no effect: {entry.name} is lossless here",)
    if asked is None and image.lossless and entry.name in _QUALITY:
        if image.format != entry.name:
            notes += (f"was lossless {image.format}, and this {entry.name} is not: "
                      "PNG and TIFF keep every sample",)  # fmt: skip
        elif entry.name == "AVIF":
            notes += ("was lossless AVIF and is so nearly: PNG and TIFF keep every sample",)
    channels = _written_channels(image, entry)
    metadata, dropped = refreshed(image.metadata, image.width, image.height, channels)
    metadata, left_out = fitted_metadata(metadata, entry.name, channels)
    image = replace(image, metadata=metadata)
    if not isinstance(target, Path):
        return notes + dropped + left_out + _write_stream(target, image, entry.name, quality)
    with output_errors(target), target.open("w+b") as file:
        return notes + dropped + left_out + _write(file, image, entry.name, quality)


def pixel_loss(image: Raster, format: str, quality: int | None = None) -> str:
    """Why `encode` would not keep every sample of `image` as it is, and what does; else "".

    For edits that are to leave the rest of a picture alone: one line for the user, such as
    ``"JPEG cannot keep the rest bit for bit: …"``.

    Raises:
        UsageError: an unknown format, or a quality out of range.
    """
    entry = describe(format)
    lossy = entry.name in _QUALITY and not (
        entry.name == "WEBP" and _quality(image, entry, quality) == _BEST
    )
    reduced = image.depth == 16 and not entry.deep
    if not lossy and not reduced:
        return ""
    advice = "use --format png or tiff"
    if entry.name == "WEBP" and not reduced:
        advice = "use --quality 100, or --format png"
    return f"{entry.name} cannot keep the rest of the picture bit for bit: {advice} for that"


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's complaints about writing `path` into one-line `OutputError`s."""
    try:
        yield
    except OSError as error:
        name = printable(str(path))
        advice = {
            errno.ENOSPC: f"disk full while writing {name}; free some space and run again",
            errno.EDQUOT: f"quota used up while writing {name}; free some space and run again",
            errno.EACCES: f"no permission to write {name}; choose another folder",
            errno.EPERM: f"no permission to write {name}; choose another folder",
            errno.EROFS: f"{name} is on a read-only file system; choose another folder",
            errno.ENAMETOOLONG: f"the name of {name} is too long; choose a shorter one",
            errno.EISDIR: f"{name} is a folder; name a file in it",
            errno.ENOTDIR: f"{name} lies inside a file; choose another folder",
        }.get(error.errno or 0, f"cannot write {name}: {error.strerror or error}")
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise (DiskFullError if full else OutputError)(advice) from error


def _quality(image: Raster, entry: Format, quality: int | None) -> int:
    if quality is None:
        stays = image.lossless and image.format == entry.name
        return _BEST if stays else _QUALITY.get(entry.name, 100)
    if not 1 <= quality <= 100:
        raise UsageError(f"quality {quality} is out of range; choose 1 to 100")
    return quality


def _fitted(image: Raster, entry: Format) -> tuple[Raster, tuple[str, ...]]:
    """The picture at a depth and with an alpha that the format has."""
    samples, alpha, notes = image.samples, image.alpha, []
    flatten = alpha is not None and not entry.alpha
    if image.depth == 16 and not entry.deep:
        notes.append(f"reduced to 8 bits: {entry.name} is written with 8; PNG and TIFF keep 16")
        samples = to_eight(samples)
        alpha = None if alpha is None else to_eight(alpha)
    if flatten and alpha is not None:
        notes.append(f"alpha flattened on white: {entry.name} has none")
        samples, alpha = flatten_on_white(to_eight(samples), to_eight(alpha)), None
    return replace(image, samples=samples, alpha=alpha), tuple(notes)


def _written_channels(image: Raster, entry: Format) -> int:
    """Colour channels of the file: where it has no grey, or none with alpha, it gets RGB."""
    becomes_rgb = entry.name == "WEBP" or (entry.name == "AVIF" and image.alpha is not None)
    return 3 if becomes_rgb else image.channels


def _write_stream(stream: BinaryIO, image: Raster, format: str, quality: int) -> tuple[str, ...]:
    """Through memory: TIFF goes back in its file, and a stream may not."""
    encoded = io.BytesIO()
    notes = _write(encoded, image, format, quality)
    try:
        stream.write(encoded.getbuffer())
        stream.flush()
    except BrokenPipeError:
        raise  # whoever reads has enough
    except OSError as error:
        raise OutputError(f"cannot write the result: {error.strerror or error}") from error
    return notes


def _write(file: BinaryIO, image: Raster, format: str, quality: int) -> tuple[str, ...]:
    if format == "PNG":
        write_png(file, image.samples, image.alpha, image.metadata)
        return ()
    if format == "TIFF":
        return write_tiff(file, image.samples, image.alpha, image.metadata)
    # Pillow writes to a real file from C and reports a full disk as "encoder error -2"; written
    # from memory, the operating system's own reason comes through.
    encoded = io.BytesIO()
    options = pillow_options(format, quality, image.metadata, image.channels)
    image.to_pil().save(encoded, format, **options)
    if format == "JPEG":
        insert_segments(file, encoded.getbuffer(), image.metadata)
    else:
        file.write(encoded.getbuffer())
    return ()
