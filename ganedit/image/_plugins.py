"""Pillow as the opener of files: which of its formats may judge a file, and what went wrong."""

import importlib
import re
from typing import BinaryIO

import PIL.Image

from ganedit.errors import UnreadableImageError
from ganedit.image._boxes import AVIF_BRANDS, HEIF_BRANDS, brand
from ganedit.image._formats import DRAWINGS, PILLOW_FORMATS
from ganedit.image._source import Source

# Where the first bytes leave no doubt, no other of Pillow's forty formats is asked.
_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"8BPS": "PSD",
    b"qoif": "QOI",
    b"DDS ": "DDS",
    b"icns": "ICNS",
    b"\0\0\1\0": "ICO",
    b"\x01\xda": "SGI",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG2000",
    b"\xff\x4f\xff\x51": "JPEG2000",
    b"\xff\x0a": "JXL",
    b"\0\0\0\x0cJXL \r\n\x87\n": "JXL",
    b"II\xbc": "JXR",
    b"#?RADIANCE": "HDR",
    b"#?RGBE": "HDR",
    b"SIMPLE": "FITS",
    b"%!PS": "EPS",
    b"\xc5\xd0\xd3\xc6": "EPS",
    b"\xd7\xcd\xc6\x9a": "WMF",
    b"GRIB": "GRIB",
    b"BUFR": "BUFR",
    b"\x89HDF": "HDF5",
    b"\0\0\1\xb3": "MPEG",
}
_UNSUPPORTED = re.compile(
    # But "unknown error" and "unrecognized data stream" are what decoders say of damage.
    r"support|unimplemented|unknown (?!error)|unhandled|cannot handle|not available|cannot decode"
    r"|unable to|invalid (?:pixel|compression)",
    re.IGNORECASE,
)


def format_of(head: bytes) -> str | None:
    """The format, in Pillow's spelling, that the first bytes of a file name without doubt."""
    kind = brand(head)
    if kind in AVIF_BRANDS:
        return "AVIF"
    if kind in HEIF_BRANDS:
        return "HEIF"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[40:44] == b" EMF":
        return "WMF"
    return next((name for mark, name in _SIGNATURES.items() if head.startswith(mark)), None)


def open_with_pillow(source: Source, head: bytes, *, lenient: bool) -> PIL.Image.Image:
    """Pillow's picture, not decoded yet.

    Raises:
        TruncatedImageError: surely of a format, but too damaged to be opened.
        UnreadableImageError: no picture, or of a kind that is not supported.
    """
    name = format_of(head)
    if name in DRAWINGS:
        raise UnreadableImageError(
            f"{source.label} is {DRAWINGS[name]}, not a picture; save it as PNG first"
        )
    if name == "HEIF":
        _register_heif(source)
    PIL.Image.init()
    # Codecs are optional when Pillow is built.
    known = [entry for entry in PILLOW_FORMATS if entry in PIL.Image.ID]
    if name is not None:
        known = [name]
        if name not in PIL.Image.ID:
            raise source.unsupported(f"{name} by this build of Pillow")
    source.file.seek(0)
    try:
        return PIL.Image.open(source.file, formats=known)
    except (MemoryError, PIL.Image.DecompressionBombError):
        raise  # the latter is put in words where the limit is known
    except PIL.UnidentifiedImageError as error:
        if name is None:
            raise UnreadableImageError(
                f"{source.label} is not a picture that can be read; "
                "use JPEG, PNG, WebP, TIFF, AVIF or another usual format"
            ) from error
        raise failure(source, name, _reason(source.file, name), lenient=lenient) from error
    except Exception as error:
        raise failure(source, name or "this", error, lenient=lenient) from error


def failure(source: Source, name: str, error: Exception, *, lenient: bool) -> Exception:
    """What to raise for an error of Pillow: not supported, or damaged."""
    text = str(error).split("\n")[0]
    if isinstance(error, KeyError) or isinstance(error.__cause__, KeyError):
        text = "unknown mode or depth"  # not in Pillow's tables of those that it knows
    if isinstance(error, NotImplementedError) or _UNSUPPORTED.search(text):
        return source.unsupported(f"this kind of {name} ({text})")
    return source.damaged(lenient=lenient)


def _register_heif(source: Source) -> None:
    """Let Pillow read what an extra package teaches it."""
    try:
        plugin = importlib.import_module("pillow_heif")
    except ImportError as error:
        raise UnreadableImageError(
            f"{source.label} is HEIC, which needs one more package: pip install 'ganedit[heic]'"
        ) from error
    plugin.register_heif_opener()


def _reason(file: BinaryIO, name: str) -> Exception:
    """Why a format's own plugin does not open the file, which `PIL.Image.open` does not tell."""
    file.seek(0)
    try:
        PIL.Image.OPEN[name][0](file, "")
    except Exception as error:
        return error
    return ValueError("damaged")
