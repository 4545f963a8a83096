"""Which blocks of metadata each format has a place for, and how they get there."""

import struct
from dataclasses import replace
from typing import Any, BinaryIO

from ganedit.image._metadata import (
    COMMENT,
    EXIF_PREFIX,
    Metadata,
    exif_with_dpi,
    resources_with,
)

_PLACES = {
    "PNG": {"icc", "exif", "xmp", "iptc", "aspect", "texts", "background", "color_chunks"},
    "TIFF": {"icc", "exif", "xmp", "iptc", "aspect"},
    "JPEG": {"icc", "exif", "xmp", "iptc", "aspect", "texts"},
    "WEBP": {"icc", "exif", "xmp"},
    "AVIF": {"icc", "exif", "xmp"},
    "BMP": set[str](),
}
_NAMES = {
    "icc": "colour profile", "exif": "EXIF", "xmp": "XMP", "iptc": "IPTC",
    "aspect": "shape of pixels that are not square", "texts": "texts",
    "background": "background colour",
}  # fmt: skip
# A JPEG marker holds 65,533 bytes; XMP's begins with its 29-byte name.
_JPEG_MARKER = 65_533
_JPEG_XMP = _JPEG_MARKER - 29
_PHOTOSHOP = b"Photoshop 3.0\0"
_JFIF, _JFIF_UNIT = slice(6, 11), 13
_APP0, _APP13, _APP15, _COMMENT = 0xE0, 0xED, 0xEF, 0xFE

_SRGB_GAMMA = range(45_000, 46_001)  # of 100,000: 1/2.2 as various writers round it
_SRGB_PRIMARIES = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
_SRGB_CODES = bytes((1, 13, 0, 1))
_HDR_TRANSFERS = (16, 18)  # PQ and HLG
_TOLERANCE = 50  # of 100,000


def fitted_metadata(
    metadata: Metadata, format: str, channels: int
) -> tuple[Metadata, tuple[str, ...]]:
    """What the format has a place for, and one note on each block that it has not."""
    notes = []
    changes: dict[str, Any] = {}
    for block, name in _NAMES.items():
        if getattr(metadata, block) and block not in _PLACES[format]:
            changes[block] = None
            it = "them" if block == "texts" else "it"
            notes.append(f"{name} left out: {format} has no place for {it}")
    if "texts" in changes:
        changes["texts"] = ()
    if metadata.color_chunks and "color_chunks" not in _PLACES[format]:
        changes["color_chunks"] = ()
        if metadata.icc and "icc" in _PLACES[format]:
            if _is_hdr(metadata):
                notes.append(f"HDR (PQ or HLG) left out: {format} keeps the colour profile only")
        elif not _is_told(metadata):
            icc = _profile(metadata, channels) if "icc" in _PLACES[format] else None
            changes["icc"] = icc
            if icc is None:
                # AVIF has a place for cICP, but Pillow does not write it.
                why = f"{format} has no place for PNG's"
                why = "AVIF is written without them" if format == "AVIF" else why
                notes.append(f"gamma and colour space left out: {why}")
    if format == "JPEG":
        changes |= _fitted_to_jpeg(metadata, notes)
    return replace(metadata, **changes), tuple(notes)


def pillow_options(format: str, quality: int, metadata: Metadata, channels: int) -> dict[str, Any]:
    """Arguments for `PIL.Image.Image.save`."""
    # Of JPEG, `insert_segments` takes the unit away from an aspect.
    dpi = metadata.aspect if format == "JPEG" and metadata.aspect else metadata.dpi
    options: dict[str, Any] = {"dpi": dpi} if dpi else {}
    if format == "BMP":
        return options
    exif = metadata.exif
    if format == "JPEG":
        options["subsampling"] = "4:4:4"
    elif metadata.dpi:
        exif = exif_with_dpi(exif, metadata.dpi)
    if format == "WEBP":
        options |= {"lossless": quality == 100, "exact": True}
    if format == "AVIF" and quality == 100 and channels == 3:  # grey would become RGB by it
        options["subsampling"] = "4:4:4"
    options["quality"] = quality
    blocks = {
        "exif": EXIF_PREFIX + exif if exif else None,
        "xmp": metadata.xmp,
        "icc_profile": metadata.icc,
    }
    return options | {name: block for name, block in blocks.items() if block}


def insert_segments(file: BinaryIO, jpeg: memoryview, metadata: Metadata) -> None:
    """Write a JPEG with what Pillow does not write: aspect, IPTC and comments."""
    segments = [(_APP13, _PHOTOSHOP + resources_with(metadata.iptc))] if metadata.iptc else []
    segments += [(_COMMENT, text.encode()) for _, text in metadata.texts]
    place = 2
    while _APP0 <= jpeg[place + 1] <= _APP15:
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4], "big")
    head = bytearray(jpeg[:place])
    if metadata.aspect and head[_JFIF] == b"JFIF\0":
        head[_JFIF_UNIT] = 0
    file.write(head)
    for marker, content in segments:
        file.write(struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content)
    file.write(jpeg[place:])


def _fitted_to_jpeg(metadata: Metadata, notes: list[str]) -> dict[str, Any]:
    """What has to go from blocks for which JPEG has a place, but a small one."""
    changes: dict[str, Any] = {}
    sizes = {
        "exif": (len(metadata.exif or b"") + len(EXIF_PREFIX), _JPEG_MARKER),
        "xmp": (len(metadata.xmp or b""), _JPEG_XMP),
        "iptc": (len(metadata.iptc or b"") + len(_PHOTOSHOP) + 14, _JPEG_MARKER),
    }
    for block, (size, limit) in sizes.items():
        if size > limit:
            changes[block] = None
            notes.append(f"{_NAMES[block]} left out: larger than the 64 KiB that JPEG allows")
    texts = metadata.texts
    fitting = tuple(
        (key, text)
        for key, text in texts
        if key == COMMENT and len(text.encode(errors="replace")) <= _JPEG_MARKER
    )
    if fitting != texts:
        changes["texts"] = fitting
        notes.append("texts left out: JPEG has a place for short comments only")
    return changes


def _is_told(metadata: Metadata) -> bool:
    """Whether colours stay the same without the chunks: a profile tells, or they are sRGB."""
    chunks = dict(metadata.color_chunks)
    if b"cICP" in chunks:
        return chunks[b"cICP"] == _SRGB_CODES
    if metadata.icc or b"sRGB" in chunks:
        return True
    gamma = struct.unpack(">I", chunks[b"gAMA"])[0] if b"gAMA" in chunks else 45_455
    primaries = struct.unpack(">8I", chunks[b"cHRM"]) if b"cHRM" in chunks else _SRGB_PRIMARIES
    pairs = zip(primaries, _SRGB_PRIMARIES, strict=True)
    return gamma in _SRGB_GAMMA and all(abs(one - other) <= _TOLERANCE for one, other in pairs)


def _is_hdr(metadata: Metadata) -> bool:
    """Whether cICP says more of brightness than a profile can."""
    return dict(metadata.color_chunks).get(b"cICP", bytes(4))[1] in _HDR_TRANSFERS


def _profile(metadata: Metadata, channels: int) -> bytes | None:
    """An ICC profile that says of RGB samples what gAMA and cHRM say; None where it cannot."""
    chunks = dict(metadata.color_chunks)
    if channels != 3 or b"cICP" in chunks:
        return None
    import imagecodecs

    gamma = struct.unpack(">I", chunks[b"gAMA"])[0] if b"gAMA" in chunks else 45_455
    values = struct.unpack(">8I", chunks[b"cHRM"]) if b"cHRM" in chunks else _SRGB_PRIMARIES
    x, y = values[0] / 100_000, values[1] / 100_000
    primaries = [value / 100_000 for value in values[2:]]
    try:
        return bytes(
            imagecodecs.cms_profile(
                "rgb", whitepoint=(x, y, 1.0), primaries=primaries, gamma=100_000 / gamma
            )
        )
    except Exception:  # zeros, or colours that span no space
        return None
