"""JPEG XR to samples; what lies beside them is laid out as in a TIFF file."""

import io
import struct
from typing import Any

import PIL.Image

from ganedit.image._codecs import decoded, split_channels
from ganedit.image._metadata import LINEAR, Metadata, exif_from_tags, orientation_in, valid_dpi
from ganedit.image._reading import Reading
from ganedit.image._samples import unpremultiply
from ganedit.image._source import Source

_LAYOUT, _WIDTH, _HEIGHT = 0xBC01, 0xBC80, 0xBC81
_X_RESOLUTION, _Y_RESOLUTION, _OFFSET, _COUNT = 0xBC82, 0xBC83, 0xBCC0, 0xBCC1
_ALPHA_OFFSET, _ALPHA_COUNT = 0xBCC2, 0xBCC3  # where alpha is coded apart
_NUMBERS = (_WIDTH, _HEIGHT, _OFFSET, _COUNT)
_NEEDED = {_LAYOUT, *_NUMBERS, _X_RESOLUTION, _Y_RESOLUTION, _ALPHA_OFFSET, _ALPHA_COUNT}
_XMP, _PROFILE, _ORIENTATION = 700, 34675, 274
_STREAM, _SHORT = b"WMPHOTO\0", 0x80  # a code stream's mark, and the flag of short numbers
# Last bytes of the names of layouts.
_CMYK = {0x1C, 0x1F, 0x2C, 0x2D}
_PREMULTIPLIED = {0x10, 0x17, 0x1A}


def jxr_size(source: Source) -> tuple[int, int]:
    """Width and height of a JPEG XR file; zeros if it makes no sense."""
    tags = _jxr_tags(source)
    return _coded_size(source, tags[_OFFSET]) if tags else (0, 0)


def read_jxr(source: Source, *, max_pixels: int, lenient: bool) -> Reading:
    """Decode a JPEG XR file.

    Raises:
        TruncatedImageError: it ends early, or is damaged.
        UnreadableImageError: CMYK, or a number of channels that is no picture.
        ImageTooLargeError: more than `max_pixels`.
    """
    tags = _jxr_tags(source)
    # Its decoder makes something up of what is not there.
    if not tags or _end(tags) > source.file.seek(0, io.SEEK_END):
        raise source.damaged(lenient=lenient)
    size = _coded_size(source, tags[_OFFSET])
    if 0 in size:
        raise source.damaged(lenient=lenient)
    source.check_size(*size, max_pixels)
    layout = (_block(tags, _LAYOUT) or b"\0")[-1]
    if layout in _CMYK:
        raise source.unsupported("JPEG XR in CMYK")
    bare = Source(source.label, io.BytesIO(_with_known_tags(source.data())))
    planes = decoded(bare, "jpegxr", "JPEG XR", lenient=lenient)
    samples, alpha, notes = split_channels(source, planes, "JPEG XR")
    if layout in _PREMULTIPLIED and alpha is not None:
        unpremultiply(samples, alpha)
    try:
        exif = exif_from_tags(tags)
    except Exception:  # whatever malformed values lead Pillow to
        exif = None
        notes += ("EXIF dropped: it is damaged",)
    profile = _block(tags, _PROFILE)
    # Floats are scRGB, which is linear, unless a profile says otherwise.
    linear = planes.dtype.kind == "f" and profile is None
    metadata = Metadata(
        icc=profile,
        exif=exif,
        xmp=_block(tags, _XMP),
        dpi=valid_dpi((tags.get(_X_RESOLUTION), tags.get(_Y_RESOLUTION))),
        color_chunks=((b"gAMA", LINEAR),) if linear else (),
    )
    told = tags.get(_ORIENTATION)
    orientation = told if isinstance(told, int) and told else orientation_in(metadata)
    return Reading(samples, alpha, metadata, orientation, "JXR", notes)


def _jxr_tags(source: Source) -> Any:
    """The tags of a JPEG XR, which are laid out as TIFF's; none where they make no sense."""
    tags = PIL.Image.Exif()
    tags.endian = "<"
    source.file.seek(4)
    place = int.from_bytes(source.file.read(4), "little")
    try:
        tags.load_from_fp(source.file, place)
        sound = all(isinstance(tags[tag], int) for tag in _NUMBERS)
        sound &= all(isinstance(tags.get(tag, 0), int) for tag in (_ALPHA_OFFSET, _ALPHA_COUNT))
    except Exception:  # whatever malformed bytes lead Pillow to
        return {}
    return tags if sound else {}


def _coded_size(source: Source, place: int) -> tuple[int, int]:
    """Width and height of the code stream there, which its decoder believes, not the tags."""
    source.file.seek(place)
    head = source.file.read(20)
    if len(head) < 20 or not head.startswith(_STREAM):
        return 0, 0
    width, height = struct.unpack_from(">HH" if head[10] & _SHORT else ">II", head, 12)
    return width + 1, height + 1


def _end(tags: Any) -> int:
    """Where the coded samples end."""
    start, count = tags.get(_ALPHA_OFFSET, 0), tags.get(_ALPHA_COUNT, 0)
    # Microsoft's encoder counts alpha from the beginning of the file.
    alpha = count if count > start else start + count
    return int(max(alpha, tags[_OFFSET] + tags[_COUNT]))


def _with_known_tags(data: bytes) -> bytes:
    """The file with another directory, of nothing but what its decoder needs.

    It prints every tag that it does not know.
    """
    place = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[place : place + 2], "little")
    entries = [data[place + 2 + 12 * i : place + 14 + 12 * i] for i in range(count)]
    kept = [entry for entry in entries if int.from_bytes(entry[:2], "little") in _NEEDED]
    data += bytes(len(data) % 2)
    directory = len(kept).to_bytes(2, "little") + b"".join(kept) + bytes(4)
    return data[:4] + len(data).to_bytes(4, "little") + data[8:] + directory


def _block(tags: Any, code: int) -> bytes | None:
    value = tags.get(code)
    return value if isinstance(value, bytes) and value else None
