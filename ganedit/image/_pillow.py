"""From Pillow's many modes to grey or RGB samples with straight alpha; Pillow's global switches."""

import io
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
import PIL.Image
from PIL import ExifTags, ImageCms, ImageFile

from ganedit.errors import ImageError
from ganedit.image._samples import Samples, bands, keyed_alpha

_lock = threading.Lock()
_active: list[bool] = []  # one entry per decode under way: whether it tolerates truncation
_restore = ExitStack()


@contextmanager
def decoding_switches(*, lenient: bool = False) -> Iterator[None]:
    """Hold process-wide switches as a decode needs them, and put them back afterwards.

    Pillow's size limit is off (the caller checks sizes before decoding), its warnings and
    tifffile's log are silent (what they say becomes notes or errors), and truncation is
    tolerated if `lenient`. Decodes in
    several threads share one setting: the first saves, the last restores, so none waits for
    another. A strict decode beside a lenient one in the same process may thus be lenient too.
    """
    with _lock:
        if not _active:
            _save_switches()
        _active.append(lenient)
        ImageFile.LOAD_TRUNCATED_IMAGES = any(_active)
    try:
        yield
    finally:
        with _lock:
            _active.remove(lenient)
            ImageFile.LOAD_TRUNCATED_IMAGES = any(_active)
            if not _active:
                _restore.close()


def _save_switches() -> None:
    limit, truncated = PIL.Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    log = logging.getLogger("tifffile")
    logging_off = log.disabled

    def put_back() -> None:
        PIL.Image.MAX_IMAGE_PIXELS = limit
        ImageFile.LOAD_TRUNCATED_IMAGES = truncated
        log.disabled = logging_off

    _restore.callback(put_back)
    _restore.enter_context(warnings.catch_warnings())
    warnings.filterwarnings("ignore", module=r"PIL\.")
    PIL.Image.MAX_IMAGE_PIXELS = None
    log.disabled = True


@dataclass(frozen=True, slots=True)
class Planes:
    """Samples (H, W, C) and alpha (H, W); `converted` if the file's profile no longer applies."""

    samples: Samples
    alpha: Samples | None = None
    converted: bool = False
    notes: tuple[str, ...] = ()


def orientation_of(picture: PIL.Image.Image) -> int:
    """EXIF orientation, 1..8, that is still to be applied to a loaded picture; 1 if unreadable."""
    try:
        with decoding_switches():
            # Pillow turns TIFFs itself while loading, and then forgets the tag.
            picture.load()
            return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # whatever malformed bytes lead Pillow to
        return 1


def expand(picture: PIL.Image.Image) -> Planes:
    """Grey or RGB samples of a picture in any mode, at 8 bits or, where it has them, 16.

    Raises:
        ImageError: integers or floats whose range cannot be known.
    """
    mode = picture.mode
    if mode == "F":
        return _from_floats(picture)
    if mode == "I" or mode.startswith("I;16"):
        return _from_integers(picture)
    with decoding_switches():
        if mode in ("CMYK", "LAB"):
            picture, note = _through_profile(picture)
            samples, _ = _split(picture)
            return Planes(samples, converted=True, notes=(note,))
        return _from_eight_bits(picture)


def _from_eight_bits(picture: PIL.Image.Image) -> Planes:
    key, palette = picture.info.get("transparency"), picture.mode in ("P", "PA")
    target = {"1": "L", "La": "LA", "RGBa": "RGBA", "PA": "RGBA"}.get(picture.mode, picture.mode)
    if picture.mode == "P":
        target = "RGBA" if picture.has_transparency_data else "RGB"
    elif target not in ("L", "LA", "RGB", "RGBA"):
        target = "RGB"
    if target not in ("L", "RGB"):
        key = None  # the palette or the alpha channel says it all
    if picture.mode != target:
        # The key is applied below; told twice, Pillow would warn that it must drop it.
        if key is not None:
            picture = picture.copy()
            del picture.info["transparency"]
        picture = picture.convert(target)
    samples, alpha = _split(picture)
    notes = ("palette converted to RGB",) if palette else ()
    return Planes(samples, alpha if key is None else keyed_alpha(samples, key), notes=notes)


def _split(picture: PIL.Image.Image) -> tuple[Samples, Samples | None]:
    """Copy an L, LA, RGB or RGBA picture out of Pillow, band by band to spare memory."""
    width, height = picture.size
    channels = 1 if picture.mode in ("L", "LA") else 3
    samples = np.empty((height, width, channels), np.uint8)
    alpha = np.empty((height, width), np.uint8) if picture.mode in ("LA", "RGBA") else None
    for rows in bands(height, width):
        band = np.asarray(picture.crop((0, rows.start, width, rows.stop)))
        band = band.reshape(rows.stop - rows.start, width, -1)
        samples[rows] = band[..., :channels]
        if alpha is not None:
            alpha[rows] = band[..., -1]
    return samples, alpha


def _from_integers(picture: PIL.Image.Image) -> Planes:
    values = np.asarray(picture)
    if picture.mode == "I" and (values.min() < 0 or values.max() > 0xFFFF):
        raise ImageError(
            f"integer samples run from {values.min()} to {values.max()}, beyond 16 bits; "
            "convert the picture to 8 or 16 bits a sample"
        )
    samples = np.ascontiguousarray(values, np.uint16)[..., None]
    if not samples.flags.writeable:
        samples = samples.copy()
    key = picture.info.get("transparency")
    return Planes(samples, None if key is None else keyed_alpha(samples, key))


def _from_floats(picture: PIL.Image.Image) -> Planes:
    values = np.asarray(picture)
    low, high = float(values.min()), float(values.max())
    if not (low >= 0.0 and high <= 1.0):  # also false for NaN
        raise ImageError(
            f"float samples run from {low:g} to {high:g} and their white is unknown; "
            "convert the picture to 16 bits a sample"
        )
    samples = np.rint(values * np.float32(0xFFFF)).astype(np.uint16)[..., None]
    return Planes(samples, converted=True, notes=("float samples converted to 16 bits",))


def _through_profile(picture: PIL.Image.Image) -> tuple[PIL.Image.Image, str]:
    """A CMYK or LAB picture in sRGB, and the note that says how it got there."""
    if picture.mode == "LAB":
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        return _to_srgb(picture, lab), "LAB converted to RGB"
    icc = picture.info.get("icc_profile")
    if not icc:
        return picture.convert("RGB"), "CMYK without a profile converted to RGB: colours may shift"
    try:
        converted = _to_srgb(picture, ImageCms.getOpenProfile(io.BytesIO(icc)))
    except (ImageCms.PyCMSError, OSError):
        note = "CMYK with a damaged profile converted to RGB: colours may shift"
        return picture.convert("RGB"), note
    return converted, "CMYK converted to RGB through its profile"


def _to_srgb(picture: PIL.Image.Image, profile: ImageCms.ImageCmsProfile) -> PIL.Image.Image:
    transform = ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        picture.mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    return transform.apply(picture)
