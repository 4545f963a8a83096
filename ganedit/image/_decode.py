"""From a file's bytes to an `Image`."""

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import PIL.Image

from ganedit.errors import ImageError, ImageTooLargeError, TruncatedImageError, UnreadableImageError
from ganedit.image._deep import (
    aspect_of,
    decode_deep,
    depth_of,
    has_gain_map,
    is_lossless_avif,
    with_color,
)
from ganedit.image._hdr import hdr_size, read_hdr
from ganedit.image._jpeg import (
    frame_of,
    is_unusual_jpeg,
    read_unusual_jpeg,
    segments_metadata,
    without_metadata,
)
from ganedit.image._jxl import boxes_left_out, jpeg_inside, jxl_size, read_jxl
from ganedit.image._jxr import jxr_size, read_jxr
from ganedit.image._metadata import CREDENTIALS_NOTE, GAIN_MAP_NOTE
from ganedit.image._model import Image
from ganedit.image._pillow import read_pillow
from ganedit.image._plugins import failure, format_of, open_with_pillow
from ganedit.image._png_chunks import SIGNATURE, png_size
from ganedit.image._png_read import read_png
from ganedit.image._pnm import is_netpbm, netpbm_size, read_netpbm
from ganedit.image._raw import is_raw, raw_size, read_raw
from ganedit.image._reading import Reading
from ganedit.image._source import Source, opened
from ganedit.image._switches import decoding_switches
from ganedit.image._tiff_pages import MAGICS, tiff_size
from ganedit.image._tiff_read import read_tiff

MAX_PIXELS = 500_000_000
"""Pixels that `decode` accepts unless told otherwise; 1.5 GB at 8 bits RGB."""

_LOSSLESS_WEBP = b"VP8L"
_WEBP_SAMPLES = (b"VP8 ", _LOSSLESS_WEBP)
_CREDENTIALS = b"C2PA"
_DEEP = ("AVIF", "HEIF", "JPEG2000")
_CODECS = {"JXL": (jxl_size, read_jxl), "JXR": (jxr_size, read_jxr), "HDR": (hdr_size, read_hdr)}
"""What tells the size and what reads, of formats that Pillow does not know."""


def decode(
    source: Path | bytes | BinaryIO,
    *,
    max_pixels: int = MAX_PIXELS,
    allow_truncated: bool = False,
) -> Image:
    """Read a picture: JPEG, PNG, WebP, TIFF, AVIF, GIF and whatever else Pillow or imagecodecs do.

    HEIC and cameras' raw pictures need ``ganedit[heic]`` and ``ganedit[raw]``. The format is found
    in the content, not in the suffix. The result is upright and grey or RGB; more than 8 bits a
    sample become 16, scaled to white; an RGB profile is kept and not applied. Of several pages or
    frames the first is taken. `Image.notes` says what was converted or left out.

    Args:
        source: a file, the bytes of one, or a binary stream, which is read to its end.
        max_pixels: the limit on width times height, checked before anything is decoded.
        allow_truncated: take what is there of a damaged file instead of refusing it.

    Raises:
        UnreadableImageError: not a picture, of an unsupported kind, empty, missing, or no
            permission.
        TruncatedImageError: the file ends, or is damaged, before the picture is complete.
        ImageTooLargeError: more than `max_pixels`.
    """
    with opened(source) as file, decoding_switches(max_pixels=max_pixels):
        head = _checked_head(file)
        try:
            reading = _read_twice(file, head, max_pixels, lenient=allow_truncated)
            return replace(Image.upright(reading), name=file.label)
        except PIL.Image.DecompressionBombError as error:
            found = re.search(r"(\d+) pixels", str(error))
            count = f"{int(found[1]):,}" if found else "too many"
            raise ImageTooLargeError(
                f"{file.label} has {count} pixels, more than the limit of {max_pixels:,}; raise it "
                "with --max-pixels if the file is trustworthy"
            ) from error
        except ImageError as error:
            if str(error).startswith(file.label):
                raise
            raise type(error)(f"{file.label}: {error}") from error


def size_of(source: Path) -> tuple[int, int]:
    """Width and height of a picture from the head of its file, before EXIF orientation.

    Raises:
        UnreadableImageError: not a picture, empty, missing, or no permission.
        TruncatedImageError: so damaged that even this is not to be found.
    """
    with opened(source) as file, decoding_switches():
        head = _checked_head(file)
        size = _size(file, head)
        if 0 in size:
            raise file.damaged(lenient=False)
        return size


def _checked_head(file: Source) -> bytes:
    head = file.head()
    if not head:
        raise UnreadableImageError(f"{file.label} is empty; get another copy")
    return head


def _size(file: Source, head: bytes) -> tuple[int, int]:
    if is_raw(file, head):
        return raw_size(file)
    if head.startswith(SIGNATURE):
        return png_size(file.file)
    if head.startswith(MAGICS):
        return tiff_size(file)
    if is_netpbm(head):
        return netpbm_size(file)
    format = format_of(head)
    if format == "JPEG" and is_unusual_jpeg(file):
        _, _, height, width = frame_of(file.data())
        return width, height
    if format in _CODECS:
        return _CODECS[format][0](file)
    return open_with_pillow(file, head, lenient=False).size


def _read_twice(file: Source, head: bytes, max_pixels: int, *, lenient: bool) -> Reading:
    """Strictly first; what is damaged is read again as it allows, if the user does."""
    try:
        return _read(file, head, max_pixels, lenient=False)
    except TruncatedImageError:
        if not lenient:
            raise
    with decoding_switches(lenient=True, max_pixels=max_pixels):
        reading = _read(file, head, max_pixels, lenient=True)
    told = any(note.startswith("truncated") for note in reading.notes)
    missing = () if told else ("truncated: the missing part is blank",)
    return replace(reading, notes=(*missing, *reading.notes))


def _read(file: Source, head: bytes, max_pixels: int, *, lenient: bool) -> Reading:
    if is_raw(file, head):
        return read_raw(file, max_pixels=max_pixels)
    for signatures, read in ((SIGNATURE, read_png), (MAGICS, read_tiff)):
        if head.startswith(signatures):
            return read(file, max_pixels=max_pixels, lenient=lenient)
    if is_netpbm(head):
        return read_netpbm(file, max_pixels=max_pixels, lenient=lenient)
    format = format_of(head)
    if format == "JPEG" and is_unusual_jpeg(file):
        return read_unusual_jpeg(file, max_pixels=max_pixels, lenient=lenient)
    if format == "JXL" and (jpeg := jpeg_inside(file)):
        reading = _read(jpeg, jpeg.head(), max_pixels, lenient=lenient)
        return replace(reading, format="JXL", notes=reading.notes + boxes_left_out(file))
    if format in _CODECS:
        return _CODECS[format][1](file, max_pixels=max_pixels, lenient=lenient)
    return _read_with_pillow(file, head, max_pixels, lenient=lenient)


def _read_with_pillow(file: Source, head: bytes, max_pixels: int, *, lenient: bool) -> Reading:
    picture, dropped = _opened_with_pillow(file, head, lenient=lenient)
    file.check_size(*picture.size, max_pixels)
    frames = _frame_note(picture)
    name = picture.format or "this"
    try:
        reading = read_pillow(picture)
    except (MemoryError, PIL.Image.DecompressionBombError):
        raise
    except Exception as error:
        raise failure(file, name, error, lenient=lenient) from error
    notes = (*reading.notes, *frames, *dropped)
    if reading.format == "JPEG":
        metadata, left_out = segments_metadata(picture, reading.metadata)
        return replace(reading, metadata=metadata, notes=notes + left_out)
    if name in _DEEP:
        reading = _deepened(file, reading, name)
        return replace(reading, notes=(*reading.notes, *frames))
    chunks = _webp_chunks(file) if name == "WEBP" else {}
    if _CREDENTIALS in chunks:
        notes += (CREDENTIALS_NOTE,)
    lossless = next((chunk for chunk in chunks if chunk in _WEBP_SAMPLES), b"") == _LOSSLESS_WEBP
    return replace(reading, notes=notes, lossless=lossless)


def _opened_with_pillow(
    file: Source, head: bytes, *, lenient: bool
) -> tuple[PIL.Image.Image, tuple[str, ...]]:
    """The picture, of a JPEG without its metadata if that keeps Pillow from it, and a note then."""
    try:
        return open_with_pillow(file, head, lenient=lenient), ()
    except TruncatedImageError:
        bare = without_metadata(file.data()) if format_of(head) == "JPEG" else None
        if bare is None:
            raise
    picture = open_with_pillow(replace(file, file=io.BytesIO(bare)), head, lenient=lenient)
    return picture, ("metadata dropped: it is damaged",)


def _deepened(file: Source, reading: Reading, name: str) -> Reading:
    """The same at 16 bits, where the file has more than the 8 of Pillow; with its colour space."""
    data = file.data()
    lossless = name == "AVIF" and is_lossless_avif(data)
    metadata = replace(with_color(reading.metadata, data), aspect=aspect_of(data))
    reading = replace(reading, metadata=metadata, lossless=lossless)
    if has_gain_map(data):
        reading = replace(reading, notes=(*reading.notes, GAIN_MAP_NOTE))
    depth = depth_of(data, name)
    if depth == 8:
        return reading
    try:
        deep = decode_deep(data, name, depth)
    except MemoryError:
        raise
    except Exception:  # a layout that only Pillow's own decoder knows
        deep = None
    if deep is not None:
        return replace(reading, samples=deep[0], alpha=deep[1])
    if reading.samples.dtype.itemsize == 2:
        return reading
    notes = (*reading.notes, f"reduced to 8 bits: {name} of this kind is not read at its own depth")
    return replace(reading, notes=notes)


def _frame_note(picture: PIL.Image.Image) -> tuple[str, ...]:
    """What else the file holds, and is not taken."""
    if picture.format == "PCD":
        return ("only the 768 x 512 version of the Photo CD was read",)
    if picture.format in ("SGI", "PPM") and _is_reduced(picture):
        return (f"reduced to 8 bits: 16-bit {picture.format} of this kind is read with 8",)
    # Several views of a JPEG are counted elsewhere; the layers of a PSD make up its one picture.
    if picture.format in ("MPO", "PSD"):
        return ()
    try:
        count = int(getattr(picture, "n_frames", 1))
        if count > 1:
            picture.seek(0)
    except Exception:  # a damaged tail of frames that are not taken anyway
        return ("only the first frame was taken",)
    if count == 1:
        return ()
    if picture.format == "DCX":
        return (f"only the first of {count} pages was taken",)
    return (f"animated: only the first of {count} frames was taken",)


def _webp_chunks(file: Source) -> dict[bytes, None]:
    """Names of the chunks of a WebP in their order, those of its frames among them."""
    names: dict[bytes, None] = {}
    file.file.seek(12)
    while len(start := file.file.read(8)) == 8:
        name, length = start[:4], int.from_bytes(start[4:], "little")
        names[name] = None
        # The chunks of a frame stand behind its 16 bytes of place and duration.
        file.file.seek(16 if name == b"ANMF" else length + length % 2, 1)
    return names


def _is_reduced(picture: PIL.Image.Image) -> bool:
    """Whether Pillow makes 8 bits of 16 in one of the formats where it does not say so."""
    coded = [(tile[0], tile[3]) for tile in getattr(picture, "tile", ())]
    numbers = re.findall(r"\d+", str(coded))
    deepest = 16 if picture.format == "SGI" else 256  # bits, and the value of white
    return picture.mode != "I" and any(int(number) >= deepest for number in numbers)
