"""JPEG XL to samples, and what its boxes tell.

imagecodecs decodes the picture and does not tell its colour space, which is read from its head, nor
its ICC profile, which is coded in a way of JPEG XL's own and is left out.
"""

import io

from ganedit.image._boxes import boxes
from ganedit.image._codecs import decoded, split_channels
from ganedit.image._jxl_header import jxl_header
from ganedit.image._metadata import (
    CREDENTIALS_NOTE,
    GAIN_MAP_NOTE,
    LINEAR,
    Metadata,
    dpi_in_exif,
)
from ganedit.image._reading import Reading
from ganedit.image._samples import unpremultiply
from ganedit.image._source import Source

_JPEG_INSIDE = b"jbrd"  # the box with what makes a JPEG XL the JPEG again that it was
_COMPRESSED, _EXIF, _XMP = b"brob", b"Exif", b"xml "
_NOTES = {b"jhgm": GAIN_MAP_NOTE, b"jumb": CREDENTIALS_NOTE}
_BLOCK_LIMIT = 16 << 20  # bytes of one block once inflated: no packet is larger
_SRGB, _LINEAR_SRGB = {(1, 13), (1, 1)}, (1, 8)  # primaries and transfer


def jpeg_inside(source: Source) -> Source | None:
    """The JPEG that a JPEG XL was made of without loss, with all that was in it."""
    data = source.data()
    if not any(name == _JPEG_INSIDE for name, _ in boxes(data)):
        return None
    import imagecodecs

    try:
        jpeg = imagecodecs.jpegxl_decode_jpeg(data, numthreads=1)
    except Exception:  # damaged, which its decoder will tell
        return None
    return Source(source.label, io.BytesIO(jpeg))


def jxl_size(source: Source) -> tuple[int, int]:
    """Width and height of a JPEG XL file before its orientation; zeros if it makes no sense."""
    header = jxl_header(source.data())
    return (header.width, header.height) if header else (0, 0)


def read_jxl(source: Source, *, max_pixels: int, lenient: bool) -> Reading:
    """Decode a JPEG XL file; it comes upright.

    Raises:
        TruncatedImageError: it ends early, or is damaged.
        ImageTooLargeError: more than `max_pixels`.
    """
    data = source.data()
    header = jxl_header(data)
    if header is None:
        raise source.damaged(lenient=lenient)
    source.check_size(header.width, header.height, max_pixels)
    planes = decoded(source, "jpegxl", "JPEG XL", lenient=lenient, index=0)
    samples, alpha, notes = split_channels(source, planes, "JPEG XL", header.depth)
    if header.premultiplied and alpha is not None:
        unpremultiply(samples, alpha)
    if header.color is None:
        notes += ("colour profile left out: JPEG XL's is not read; colours may shift",)
    if header.animated:
        notes += ("animated: only the first frame was taken",)
    notes += boxes_left_out(source)
    return Reading(samples, alpha, _boxed_metadata(data, header.color), 1, "JXL", notes)


def boxes_left_out(source: Source) -> tuple[str, ...]:
    """Notes on what is in the boxes of a JPEG XL and not taken."""
    found = {content[:4] if name == _COMPRESSED else name for name, content in boxes(source.data())}
    return tuple(note for name, note in _NOTES.items() if name in found)


def _boxed_metadata(data: bytes, color: tuple[int, int] | None) -> Metadata:
    """EXIF and XMP out of the boxes of a JPEG XL, and its colour space unless it is sRGB."""
    found: dict[bytes, bytes] = {}
    for name, content in boxes(data):
        if name == _COMPRESSED and content[:4] in (_EXIF, _XMP):
            name, content = content[:4], _inflated(content[4:])
        found.setdefault(name, content)
    exif = found.get(_EXIF, b"")
    exif = exif[4 + int.from_bytes(exif[:4], "big") :]  # behind the offset of its header
    return Metadata(
        exif=exif or None,
        xmp=found.get(_XMP) or None,
        dpi=dpi_in_exif(exif or None),
        color_chunks=_color_chunks(color),
    )


def _color_chunks(color: tuple[int, int] | None) -> tuple[tuple[bytes, bytes], ...]:
    """The same as PNG says it; of linear sRGB in the way that profiles can be made of."""
    if color is None or color in _SRGB:
        return ()
    if color == _LINEAR_SRGB:
        return ((b"gAMA", LINEAR),)
    return ((b"cICP", bytes((*color, 0, 1))),)


def _inflated(content: bytes) -> bytes:
    import imagecodecs

    try:
        return bytes(imagecodecs.brotli_decode(content, out=_BLOCK_LIMIT))
    except Exception:  # damaged: as if it were not there
        return b""
