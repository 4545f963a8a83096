"""Radiance HDR (RGBE) to samples."""

import re

from ganedit.image._codecs import decoded, split_channels
from ganedit.image._metadata import LINEAR, Metadata
from ganedit.image._reading import Reading
from ganedit.image._source import Source

_HEADER = re.compile(rb"#\?.*?\n\n([-+][XY]) +(\d+) +([-+][XY]) +(\d+)\n", re.DOTALL)
_HEAD = 1 << 16  # bytes; a header is a few lines


def hdr_size(source: Source) -> tuple[int, int]:
    """Width and height of a Radiance HDR file; zeros if it makes no sense."""
    found = _header(source)
    return (int(found[4]), int(found[2])) if found else (0, 0)


def read_hdr(source: Source, *, max_pixels: int, lenient: bool) -> Reading:
    """Decode a Radiance HDR file, whose samples are proportional to light.

    Raises:
        TruncatedImageError: it ends early, or is damaged.
        UnreadableImageError: in XYZ, or not stored row by row from the top left.
        ImageTooLargeError: more than `max_pixels`.
    """
    header, size = _header(source), hdr_size(source)
    if not header or 0 in size:
        raise source.damaged(lenient=lenient)
    if b"_xyze" in header[0]:
        raise source.unsupported("Radiance HDR in XYZ")
    if (header[1], header[3]) != (b"-Y", b"+X"):
        raise source.unsupported("Radiance HDR that is stored turned or mirrored")
    source.check_size(*size, max_pixels)
    planes = decoded(source, "rgbe", "Radiance HDR", lenient=lenient)
    samples, alpha, notes = split_channels(source, planes, "Radiance HDR")
    metadata = Metadata(color_chunks=((b"gAMA", LINEAR),))
    return Reading(samples, alpha, metadata, 1, "HDR", notes)


def _header(source: Source) -> re.Match[bytes] | None:
    """All of it; its last four parts are the directions and lengths of the two axes."""
    source.file.seek(0)
    return _HEADER.match(source.file.read(_HEAD))
