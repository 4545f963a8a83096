"""What a JPEG file holds beside the picture that Pillow decodes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import PIL.Image

from ganedit.image._metadata import (
    COMMENT,
    CREDENTIALS_NOTE,
    GAIN_MAP_NOTE,
    Metadata,
    comment_text,
    iptc_of,
    valid_aspect,
)
from ganedit.image._reading import Reading
from ganedit.image._samples import from_integers
from ganedit.image._source import Source
from ganedit.image._xmp import tells_gain_map, tells_video

_PHOTOSHOP = b"Photoshop 3.0\0"
_ISO_GAIN_MAP = b"urn:iso:std:iso:ts:21496:-1\0"
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_MPF_ENTRIES = 0xB002
_LOSSLESS_SOF, _LS_SOF = 0xC3, 0xF7
_SOF = {_LS_SOF, 0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_START_OF_SCAN = 0xDA
_HEAD = 1 << 18  # bytes; the pictures concerned have little before their frame
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
_APP0, _APP15, _COMMENT = 0xE0, 0xEF, 0xFE
_ADOBE, _ADOBE_LENGTH = 0xEE, 16  # it says how the colours of CMYK and YCCK are coded


def segments_metadata(
    picture: PIL.Image.Image, metadata: Metadata
) -> tuple[Metadata, tuple[str, ...]]:
    """`metadata` with the comments and IPTC of a JPEG, and notes on what is not taken from it."""
    segments: list[tuple[str, bytes]] = getattr(picture, "applist", [])
    comments = [(COMMENT, comment_text(data)) for name, data in segments if name == "COM"]
    resources = b"".join(
        data.removeprefix(_PHOTOSHOP)
        for name, data in segments
        if name == "APP13" and data.startswith(_PHOTOSHOP)
    )
    metadata = replace(
        metadata, aspect=_aspect(picture), iptc=iptc_of(resources), texts=tuple(comments)
    )
    return metadata, tuple(_left_out(picture, segments, metadata.xmp or b""))


def _aspect(picture: PIL.Image.Image) -> tuple[int, int] | None:
    """The density of a JFIF without a unit."""
    if picture.info.get("jfif_unit") != 0:
        return None
    return valid_aspect(*picture.info.get("jfif_density", (1, 1)))


def _left_out(picture: PIL.Image.Image, segments: list[tuple[str, bytes]], xmp: bytes) -> list[str]:
    notes = []
    starts = [data[:40] for _, data in segments]
    gain_map = tells_gain_map(xmp) or any(s.startswith(_ISO_GAIN_MAP) for s in starts)
    if gain_map:
        notes.append(GAIN_MAP_NOTE)
    if tells_video(xmp):
        notes.append("the video of the motion photo was left out")
    if any(start.startswith(_EXTENDED_XMP) for start in starts):
        notes.append("XMP beyond 64 KiB left out")
    if any(name == "APP11" and b"jumb" in data[:64] for name, data in segments):
        notes.append(CREDENTIALS_NOTE)
    views = _views(picture)
    if views > 1 and not gain_map:
        notes.append(f"only the first of {views} pictures was taken")
    return notes


def _views(picture: PIL.Image.Image) -> int:
    """Pictures in a camera's multi-picture file, its previews not counted."""
    entries: list[dict[str, Any]] = getattr(picture, "mpinfo", {}).get(_MPF_ENTRIES, [])
    kinds = [str(entry.get("Attribute", {}).get("MPType", "")) for entry in entries]
    return sum(not kind.startswith("Large Thumbnail") for kind in kinds)


def frame_of(data: bytes) -> tuple[int, int, int, int]:
    """Marker, bits per sample, height and width of a JPEG's frame; zeros if there is none."""
    for marker, start, _ in _segments(data):
        if marker in _SOF and start + 9 < len(data):
            height, width = (int.from_bytes(data[start + i : start + i + 2], "big") for i in (5, 7))
            return marker, data[start + 4], height, width
    return 0, 0, 0, 0


def without_metadata(data: bytes) -> bytes | None:
    """The picture of a JPEG whose other segments make no sense; None if it has no others."""
    parts, end = [data[:2]], 2
    for marker, start, end in _segments(data):
        adobe = marker == _ADOBE and end - start >= _ADOBE_LENGTH
        if adobe or not (_APP0 <= marker <= _APP15 or marker == _COMMENT):
            parts.append(data[start:end])
    bare = b"".join(parts) + data[end:]
    return bare if len(bare) < len(data) else None


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment before the coded samples."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != _START_OF_SCAN:
        marker = data[place + 1]
        if marker == 0xFF:  # fills a gap
            place += 1
            continue
        length = 0 if marker in _ALONE else int.from_bytes(data[place + 2 : place + 4], "big")
        yield marker, place, place + 2 + length
        place += 2 + length


def is_unusual_jpeg(source: Source) -> bool:
    """Whether it is lossless, JPEG-LS or not of 8 bits, as medical pictures are; not for Pillow."""
    source.file.seek(0)
    marker, depth, _, _ = frame_of(source.file.read(_HEAD))
    return marker in (_LOSSLESS_SOF, _LS_SOF) or depth not in (0, 8)


def read_unusual_jpeg(source: Source, *, max_pixels: int, lenient: bool) -> Reading:
    """Decode what `is_unusual_jpeg` finds, without its metadata.

    Raises:
        TruncatedImageError: it ends early, or is damaged.
        ImageTooLargeError: more than `max_pixels`.
    """
    import imagecodecs

    data = source.data()
    marker, depth, height, width = frame_of(data)
    source.check_size(width, height, max_pixels)
    if marker == _LS_SOF:
        format, kind, decoder = "JPEG-LS", "JPEG-LS", imagecodecs.jpegls_decode
    else:
        format, kind = "JPEG", f"JPEG of {depth} bits"
        lossless = marker == _LOSSLESS_SOF
        decoder = imagecodecs.ljpeg_decode if lossless else imagecodecs.jpeg_decode
    try:
        planes = decoder(data)
    except Exception as error:
        raise source.damaged(lenient=lenient) from error
    planes = planes.reshape(height, width, -1)
    if planes.shape[2] not in (1, 3):
        raise source.unsupported(f"{kind} with {planes.shape[2]} channels")
    samples = from_integers(np.ascontiguousarray(planes), depth)
    notes = (f"metadata of a {kind} is not read",)
    return Reading(samples, format=format, notes=notes, lossless=marker == _LOSSLESS_SOF)
