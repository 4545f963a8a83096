"""Writing PNG: a parallel encoder for every depth and channel count.

Pillow writes no 16-bit RGB; OpenCV and imagecodecs write it, but not all of the metadata, and need
the coded picture in memory. All deflate on one core, which is where all the time goes, and at the
same level take the time of this module on one core for files of the same size. Bands of rows
deflated apart and joined (as pigz does) take as many cores as there are, and need no second copy
of the picture.
"""

import struct
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import BinaryIO

import numpy as np

from ganedit.image._metadata import Metadata, resources_with
from ganedit.image._png_chunks import INCH, SIGNATURE
from ganedit.image._samples import Samples, bands
from ganedit.runtime import working_threads

# Measured on photographs: level 1 after the Up filter is smaller and faster than level 1 after
# Sub, Average or Paeth; level 2 gains 3 % for 10 % more time. Runs alone (zlib's RLE strategy, the
# fast mode of other libraries) take a third less on photographs, but make drawings twice as large.
_LEVEL = 1
_UP = 2
_ZLIB_HEADER = b"\x78\x01"
_LONG_TEXT = 1024  # bytes; the PNG specification advises to compress longer ones


def write_png(file: BinaryIO, samples: Samples, alpha: Samples | None, metadata: Metadata) -> None:
    """Write samples (H, W, 1 or 3), with alpha (H, W) or None, of 8 or 16 bits, losslessly."""
    height, width, channels = samples.shape
    colour = (2 if channels == 3 else 0) + (0 if alpha is None else 4)
    header = struct.pack(">IIBBBBB", width, height, 8 * samples.itemsize, colour, 0, 0, 0)
    file.write(SIGNATURE + _chunk(b"IHDR", header))
    for chunk in _metadata_chunks(metadata):
        file.write(chunk)
    if metadata.background:
        file.write(_background(metadata.background, samples))
    stream, checksum = _ZLIB_HEADER, zlib.adler32(b"")
    for lines, deflated in _deflated_bands(samples, alpha):
        checksum = zlib.adler32(lines, checksum)
        if len(stream) > len(_ZLIB_HEADER):
            file.write(_chunk(b"IDAT", stream))
            stream = b""
        stream += deflated
    file.write(_chunk(b"IDAT", stream + struct.pack(">I", checksum)) + _chunk(b"IEND", b""))


def _chunk(name: bytes, payload: bytes) -> bytes:
    checksum = zlib.crc32(payload, zlib.crc32(name))
    return struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", checksum)


def _metadata_chunks(metadata: Metadata) -> Iterator[bytes]:
    if metadata.icc:
        yield _chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(metadata.icc))
    for name, content in metadata.color_chunks:
        # A profile and the name of the standard space exclude each other.
        if name != b"sRGB" or not metadata.icc:
            yield _chunk(name, content)
    if metadata.aspect:
        yield _chunk(b"pHYs", struct.pack(">IIB", *metadata.aspect, 0))
    elif metadata.dpi:
        pixels_per_metre = (round(value / INCH) for value in metadata.dpi)
        yield _chunk(b"pHYs", struct.pack(">IIB", *pixels_per_metre, 1))
    if metadata.exif:
        yield _chunk(b"eXIf", metadata.exif)
    if metadata.xmp:
        # Keyword, then: not compressed, no method, no language, no translated keyword.
        yield _chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + metadata.xmp)
    if metadata.iptc:
        yield _raw_profile("iptc", resources_with(metadata.iptc))
    languages = dict(metadata.languages)
    for keyword, text in metadata.texts:
        yield _text(keyword, text, *languages.get((keyword, text), ()))


def _background(color: tuple[int, ...], samples: Samples) -> bytes:
    """The colour at the depth of the samples; nothing where it has a hue and they are grey."""
    channels = samples.shape[2]
    if channels == 1 and len(set(color)) > 1:
        return b""
    values = color * channels if len(color) == 1 else color[:channels]
    deep = samples.itemsize == 2
    return _chunk(
        b"bKGD", struct.pack(f">{channels}H", *(v if deep else (v + 128) // 257 for v in values))
    )


def _raw_profile(name: str, block: bytes) -> bytes:
    """A block for which PNG has no chunk, as ImageMagick and ExifTool write and read it."""
    digits = "\n".join(block[start : start + 36].hex() for start in range(0, len(block), 36))
    return _text(f"Raw profile type {name}", f"\n{name}\n{len(block):8}\n{digits}\n")


def _text(keyword: str, text: str, language: str = "", translated: str = "") -> bytes:
    """The plainest chunk that holds the text; long ones are compressed."""
    name = keyword.encode("latin-1", "replace")[:79] + b"\0"
    content: bytes | None = None
    with suppress(UnicodeEncodeError):
        content = text.encode("latin-1")
    if content is None or language or translated:
        content = text.encode()
        long = len(content) >= _LONG_TEXT
        # Whether it is compressed, and the method.
        kind = bytes((long, 0)) + language.encode("latin-1", "replace") + b"\0"
        kind += translated.encode() + b"\0"
        return _chunk(b"iTXt", name + kind + (zlib.compress(content) if long else content))
    if len(content) < _LONG_TEXT and b"\0" not in content:
        return _chunk(b"tEXt", name + content)
    return _chunk(b"zTXt", name + b"\0" + zlib.compress(content))


def _deflated_bands(samples: Samples, alpha: Samples | None) -> Iterator[tuple[bytes, bytes]]:
    """Filtered scanlines of each band and the same deflated, in order, made on all cores."""
    height, width = samples.shape[:2]
    todo = list(bands(height, width))
    cores = working_threads()
    with ThreadPoolExecutor(min(cores, len(todo))) as pool:
        # A few at a time: a pool asked for all would hold the whole picture once more.
        for start in range(0, len(todo), 2 * cores):
            yield from pool.map(partial(_deflate, samples, alpha), todo[start : start + 2 * cores])


def _deflate(samples: Samples, alpha: Samples | None, rows: slice) -> tuple[bytes, bytes]:
    lines = _filtered(samples, alpha, rows)
    deflate = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
    # All but the last band end on a byte boundary, so that the next can simply follow.
    last = rows.stop == len(samples)
    return lines, deflate.compress(lines) + deflate.flush(
        zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH
    )


def _filtered(samples: Samples, alpha: Samples | None, rows: slice) -> bytes:
    """Scanlines: the number of the Up filter, then each big-endian byte less the one above it."""
    above = max(0, rows.start - 1)
    pixels = samples[above : rows.stop]
    if alpha is not None:
        pixels = np.concatenate((pixels, alpha[above : rows.stop, :, None]), axis=2)
    big_endian = pixels.astype(pixels.dtype.newbyteorder(">"), order="C", copy=False)
    lines = big_endian.view(np.uint8).reshape(len(pixels), -1)
    filtered = np.full((rows.stop - rows.start, 1 + lines.shape[1]), _UP, np.uint8)
    if rows.start == 0:
        filtered[0, 1:] = lines[0]
        np.subtract(lines[1:], lines[:-1], out=filtered[1:, 1:])
    else:
        np.subtract(lines[1:], lines[:-1], out=filtered[:, 1:])
    return filtered.tobytes()
