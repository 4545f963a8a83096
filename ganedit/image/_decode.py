"""From a file's bytes to an `Image`."""

import importlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import PIL.Image
import PIL.ImageFile

from ganedit.errors import (
    ImageError,
    ImageTooLargeError,
    TruncatedImageError,
    UnreadableImageError,
)
from ganedit.image._metadata import Metadata, read_metadata
from ganedit.image._model import Image
from ganedit.image._pillow import decoding_switches, orientation_of
from ganedit.image._png import SIGNATURE, is_deep_png, read_png
from ganedit.image._samples import keyed_alpha
from ganedit.image._tiff import (
    MAGICS,
    deep_tiff_size,
    is_complete_tiff,
    is_deep_tiff,
    read_deep_tiff,
)

MAX_PIXELS = 500_000_000
"""Pixels that `decode` accepts unless told otherwise; 1.5 GB at 8 bits RGB."""

# Pillow knows some forty formats, a few of them run other programs; these are pictures people have.
_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "BMP", "DIB", "AVIF", "GIF", "HEIF")
_SIGNATURES = (SIGNATURE, b"\xff\xd8\xff", b"GIF8", b"BM", *MAGICS)
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


@dataclass(frozen=True, slots=True)
class _Source:
    label: str
    file: BinaryIO

    def head(self) -> bytes:
        self.file.seek(0)
        return self.file.read(32)


@dataclass(frozen=True, slots=True)
class _Facts:
    metadata: Metadata
    orientation: int
    key: int | tuple[int, ...] | None  # the colour that means transparent
    notes: tuple[str, ...]


def decode(
    source: Path | bytes, *, max_pixels: int = MAX_PIXELS, allow_truncated: bool = False
) -> Image:
    """Read a picture: JPEG, PNG, WebP, TIFF, BMP, AVIF, GIF, and HEIC with ``ganedit[heic]``.

    The format is found in the content, not in the suffix. The result is upright and grey or RGB;
    16-bit PNG and TIFF stay 16 bits, an RGB profile is kept and not applied. `Image.notes` says
    what was converted or left out.

    Args:
        source: a file, or the bytes of one.
        max_pixels: the limit on width times height, checked before anything is decoded.
        allow_truncated: take what is there of a damaged file instead of refusing it.

    Raises:
        UnreadableImageError: not a picture, empty, missing, or no permission.
        TruncatedImageError: the file ends, or is damaged, before the picture is complete.
        ImageTooLargeError: more than `max_pixels`.
        ImageError: samples that cannot be brought to 8 or 16 bits.
    """
    with _opened(source) as opened, decoding_switches():
        head = opened.head()
        if not head:
            raise UnreadableImageError(f"{opened.label} is empty; get another copy")
        try:
            if is_deep_tiff(opened.file):
                return _decode_deep_tiff(opened, max_pixels, lenient=allow_truncated)
            return _decode_general(opened, head, max_pixels, lenient=allow_truncated)
        except ImageError as error:
            if str(error).startswith(opened.label):
                raise
            raise type(error)(f"{opened.label}: {error}") from error


def size_of(source: Path) -> tuple[int, int]:
    """Width and height of a picture from the head of its file, before EXIF orientation.

    Raises:
        UnreadableImageError: not a picture, empty, missing, or no permission.
        TruncatedImageError: so damaged that even this is not to be found.
    """
    with _opened(source) as opened, decoding_switches():
        if is_deep_tiff(opened.file):
            return deep_tiff_size(opened.file)
        return _identified(opened, opened.head(), lenient=False).size


@contextmanager
def _opened(source: Path | bytes) -> Iterator[_Source]:
    if isinstance(source, bytes):
        yield _Source("the picture given as bytes", io.BytesIO(source))
        return
    try:
        file = source.open("rb")
    except FileNotFoundError as error:
        raise UnreadableImageError(f"{source} does not exist; check the name") from error
    except IsADirectoryError as error:
        raise UnreadableImageError(f"{source} is a folder; name a picture in it") from error
    except PermissionError as error:
        raise UnreadableImageError(
            f"{source} may not be read; change its permissions or run as its owner"
        ) from error
    except OSError as error:
        raise UnreadableImageError(f"{source} cannot be read: {error.strerror}") from error
    with file:
        yield _Source(str(source), file)


def _check_size(label: str, size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise ImageTooLargeError(
            f"{label} has {width:,} x {height:,} = {width * height:,} pixels, more than the limit "
            f"of {max_pixels:,}; raise it with --max-pixels if the file is trustworthy"
        )


def _damaged(label: str, *, lenient: bool) -> TruncatedImageError:
    if lenient:
        return TruncatedImageError(f"{label} is too damaged to be read; get another copy")
    return TruncatedImageError(
        f"{label} is truncated or damaged; get another copy, "
        "or take what is there with --allow-truncated"
    )


def _decode_deep_tiff(source: _Source, max_pixels: int, *, lenient: bool) -> Image:
    _check_size(source.label, deep_tiff_size(source.file), max_pixels)
    try:
        page = read_deep_tiff(source.file, lenient=lenient)
    except TruncatedImageError as error:
        raise _damaged(source.label, lenient=lenient) from error
    return Image.upright(
        page.samples,
        page.alpha,
        page.orientation,
        page.metadata,
        format="TIFF",
        notes=page.notes,
    )


def _decode_general(source: _Source, head: bytes, max_pixels: int, *, lenient: bool) -> Image:
    """Everything that Pillow identifies, which is all but 16-bit TIFF."""
    try:
        return _decode_once(source, head, max_pixels, lenient=False)
    except TruncatedImageError:
        if not lenient:
            raise
    with decoding_switches(lenient=True):
        image = _decode_once(source, head, max_pixels, lenient=True)
    notes = ["truncated: the missing part is blank"]
    if is_deep_png(head) and image.depth == 8:
        notes.append("reduced to 8 bits: damaged 16-bit PNG is not read at its own depth")
    return replace(image, notes=(*image.notes, *notes))


def _decode_once(source: _Source, head: bytes, max_pixels: int, *, lenient: bool) -> Image:
    if is_deep_png(head) and not lenient:
        return _deep_png(source, head, max_pixels)
    picture, frames = _loaded(source, head, max_pixels, lenient=lenient)
    image = Image.from_pil(picture)
    return replace(image, notes=image.notes + frames)


def _deep_png(source: _Source, head: bytes, max_pixels: int) -> Image:
    """16-bit samples from OpenCV, which ignores what Pillow knows about the rest of the file."""
    facts = _png_facts(source, head, max_pixels)
    source.file.seek(0)
    planes = read_png(np.frombuffer(source.file.read(), np.uint8))
    if planes is None:
        raise _damaged(source.label, lenient=False)
    samples, alpha = planes
    if alpha is None and facts.key is not None:
        alpha = keyed_alpha(samples, facts.key)
    return Image.upright(
        samples, alpha, facts.orientation, facts.metadata, format="PNG", notes=facts.notes
    )


def _png_facts(source: _Source, head: bytes, max_pixels: int) -> _Facts:
    """All but the samples, through Pillow; its 8-bit samples are freed when this returns.

    They are decoded nevertheless: Pillow finds truncation, where libpng would print to the
    terminal, and metadata that stands behind the samples.
    """
    picture, frames = _loaded(source, head, max_pixels, lenient=False)
    metadata, damage = read_metadata(picture)
    key = picture.info.get("transparency")
    return _Facts(metadata, orientation_of(picture), key, damage + frames)


def _loaded(
    source: _Source, head: bytes, max_pixels: int, *, lenient: bool
) -> tuple[PIL.Image.Image, tuple[str, ...]]:
    """Pillow's picture with its samples in memory, and a note on frames that are not taken."""
    picture = _identified(source, head, lenient=lenient)
    _check_size(source.label, picture.size, max_pixels)
    # libtiff would print to the terminal what it misses.
    if picture.format == "TIFF" and not lenient and not is_complete_tiff(source.file):
        raise _damaged(source.label, lenient=False)
    frames = _frame_note(picture)
    _scale_png_key(picture)
    try:
        picture.load()
    except MemoryError:
        raise
    except Exception as error:
        raise _damaged(source.label, lenient=lenient) from error
    return picture, frames


def _identified(source: _Source, head: bytes, *, lenient: bool) -> PIL.Image.Image:
    heif = head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS and _register_heif()
    source.file.seek(0)
    try:
        return PIL.Image.open(source.file, formats=[name for name in _FORMATS if name in _known()])
    except MemoryError:
        raise
    except Exception as error:
        if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS and not heif:
            raise UnreadableImageError(
                f"{source.label} is HEIC, which needs one more package: pip install 'ganedit[heic]'"
            ) from error
        coded = head[4:8] == b"ftyp" and head[8:12] in (*_HEIF_BRANDS, b"avif", b"avis")
        if head.startswith(_SIGNATURES) or head[8:12] == b"WEBP" or coded:
            raise _damaged(source.label, lenient=lenient) from error
        raise UnreadableImageError(
            f"{source.label} is not a picture that can be read; "
            "use JPEG, PNG, WebP, TIFF, BMP, AVIF, GIF or HEIC"
        ) from error


def _known() -> frozenset[str]:
    """The names of the formats that this Pillow has; codecs are optional when it is built."""
    PIL.Image.init()
    return frozenset(PIL.Image.ID)


def _register_heif() -> bool:
    """Let Pillow read HEIC if pillow-heif is installed; returns whether it is."""
    try:
        pillow_heif = importlib.import_module("pillow_heif")
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def _frame_note(picture: PIL.Image.Image) -> tuple[str, ...]:
    # A camera's MPO is a JPEG with previews or a second view behind it: nothing that is missed.
    if picture.format == "MPO":
        return ()
    try:
        count = int(getattr(picture, "n_frames", 1))
        picture.seek(0)
    except Exception:  # a damaged tail of frames that are not taken anyway
        return ("only the first frame was taken",)
    if count == 1:
        return ()
    if picture.format == "TIFF":
        return (f"only the first of {count} pages was taken",)
    return (f"animated: only the first of {count} frames was taken",)


def _scale_png_key(picture: PIL.Image.Image) -> None:
    """Bring the transparent grey of a 2- or 4-bit PNG to the 8 bits that its samples get."""
    key = picture.info.get("transparency")
    if picture.format != "PNG" or picture.mode != "L" or not isinstance(key, int):
        return
    rawmode = str(picture.tile[0].args) if isinstance(picture, PIL.ImageFile.ImageFile) else "L"
    _, _, bits = rawmode.partition(";")
    if bits.isdigit():
        picture.info["transparency"] = key * 255 // ((1 << int(bits)) - 1)
