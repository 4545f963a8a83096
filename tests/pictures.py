"""Pictures and files that the tests of `ganedit.image` make, and what they compare."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import tifffile
from PIL import ImageCms

from ganedit.image import Image, encode

HEIGHT, WIDTH = 21, 34
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREY_PROFILE = SRGB[:16] + b"GRAY" + SRGB[20:]
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6" exif:PixelXDimension="9"/>%s'
XMP = XMP.replace(b"%s", "é</x:xmpmeta>".encode())
METADATA_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")
LOSSLESS = ("PNG", "TIFF")
MAKER_NOTE = b"maker note " * 3


def make_exif(orientation: int = 1) -> bytes:
    exif = PIL.Image.Exif()
    exif[0x010F] = "Maker"
    exif[0x0112] = orientation
    exif[0x8769] = {0x829A: 0.01, 0x927C: MAKER_NOTE, 0xA002: 9999, 0xA003: 8888}
    exif[0x8825] = {1: "N", 2: (47.0, 22.0, 8.0)}
    return exif.tobytes().removeprefix(b"Exif\0\0")


def make_image(channels: int = 3, dtype: type = np.uint8, *, alpha: bool = False) -> Image:
    """Noise over the full range of the dtype, transparent in places."""
    generator = np.random.default_rng(channels)
    top = np.iinfo(dtype).max
    samples = generator.integers(0, top, (HEIGHT, WIDTH, channels), dtype, endpoint=True)
    plane = generator.integers(0, top, (HEIGHT, WIDTH), dtype, endpoint=True) if alpha else None
    return Image(samples, plane)


def smooth_image(channels: int = 3) -> Image:
    """A gentle slope that a lossy format keeps nearly as it is."""
    slope = np.add.outer(np.arange(HEIGHT), np.arange(WIDTH))
    return Image(np.repeat((slope * 2 + 40).astype(np.uint8)[..., None], channels, axis=2))


def encoded(picture: PIL.Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def make_png(depth: int, colour: int, rows: list[bytes], width: int, **extra: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0)
    chunks = [png_chunk(b"IHDR", header)]
    chunks += [png_chunk(name.encode(), data) for name, data in extra.items()]
    chunks += [png_chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + png_chunk(b"IEND", b"")


def tiff_bytes(array: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, metadata=None, **options)
    return buffer.getvalue()


def listing(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def written(image: Image, format: str, **options: object) -> tuple[bytes, tuple[str, ...]]:
    """The file, and the notes on what its format could not hold."""
    buffer = io.BytesIO()
    notes = encode(image, format, target=buffer, **options)
    return buffer.getvalue(), notes
