"""From Pillow's many modes to grey or RGB samples with straight alpha."""

import numpy as np
import PIL.Image
from PIL import PngImagePlugin

from ganedit.image._color import cmyk_to_rgb, lab_to_rgb
from ganedit.image._metadata import orientation_in, read_metadata
from ganedit.image._png_chunks import with_opened
from ganedit.image._reading import Reading
from ganedit.image._samples import Samples, bands, from_unbounded, keyed_alpha
from ganedit.image._switches import decoding_switches


def read_pillow(picture: PIL.Image.Image) -> Reading:
    """Samples of a picture in any mode, at 8 bits or, where it has them, 16; and its metadata."""
    with decoding_switches():
        picture.load()
        metadata, damage = read_metadata(picture)
        if isinstance(picture, PngImagePlugin.PngImageFile):
            metadata, more = with_opened(metadata, picture)
            damage += more
        samples, alpha, notes = expand(picture)
    if picture.mode in ("CMYK", "LAB"):
        metadata = metadata.without_color()
    return Reading(
        samples,
        alpha,
        metadata,
        # Pillow turns TIFFs while loading.
        1 if picture.format == "TIFF" else orientation_in(metadata),
        "JPEG" if picture.format == "MPO" else picture.format,
        (*notes, *damage),
    )


def expand(picture: PIL.Image.Image) -> tuple[Samples, Samples | None, tuple[str, ...]]:
    """Samples (H, W, 1 or 3), alpha (H, W) and notes of a loaded picture in any mode."""
    mode = picture.mode
    if mode == "CMYK":
        rgb, note = cmyk_to_rgb(_copied(picture, slice(4)), picture.info.get("icc_profile"))
        return rgb, None, (note,)
    if mode == "LAB":
        # Pillow has all three in 0..255: L of 100, a and b with 128 added.
        unit, offset = np.array([100 / 255, 1, 1], np.float32), np.array([0, 128, 128], np.float32)
        lab = _copied(picture, slice(3)) * unit - offset
        return lab_to_rgb(lab, 8), None, ("LAB converted to RGB",)
    if mode in ("F", "I") or mode.startswith("I;16"):
        return _from_wide(picture)
    return _from_eight_bits(picture)


def _from_wide(picture: PIL.Image.Image) -> tuple[Samples, Samples | None, tuple[str, ...]]:
    values = np.asarray(picture)[..., None]
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        samples, notes = values.astype(np.uint16), tuple[str, ...]()
    else:
        samples, notes = from_unbounded(values)
    key = picture.info.get("transparency")
    alpha = None if key is None else keyed_alpha(samples, key)
    return samples, alpha, notes


def _from_eight_bits(picture: PIL.Image.Image) -> tuple[Samples, Samples | None, tuple[str, ...]]:
    key, palette = picture.info.get("transparency"), picture.mode in ("P", "PA")
    target = {"1": "L", "La": "LA", "RGBa": "RGBA", "PA": "RGBA"}.get(picture.mode, picture.mode)
    if picture.mode == "P":
        target = "RGBA" if picture.has_transparency_data else "RGB"
    elif target not in ("L", "LA", "RGB", "RGBA"):
        target = "RGB"
    if target not in ("L", "RGB") or not isinstance(key, int | tuple):
        key = None  # the palette or the alpha channel says it all
    if picture.mode != target:
        # The key is applied below; told twice, Pillow would warn that it must drop it.
        if key is not None:
            picture = picture.copy()
            del picture.info["transparency"]
        picture = picture.convert(target)
    channels = 1 if target in ("L", "LA") else 3
    samples = _copied(picture, slice(channels))
    alpha = _copied(picture, channels) if len(target) > channels else None
    if key is not None:
        alpha = keyed_alpha(samples, key)
    return samples, alpha, ("palette converted to RGB",) if palette else ()


def _copied(picture: PIL.Image.Image, channels: int | slice) -> Samples:
    """Some channels, out of Pillow band by band to spare memory: (H, W, C), or (H, W) of one."""
    width, height = picture.size
    count = len(picture.getbands())
    shape = (height, width) if isinstance(channels, int) else (height, width, channels.stop)
    samples = np.empty(shape, np.uint8)
    for rows in bands(height, width):
        band = np.asarray(picture.crop((0, rows.start, width, rows.stop)))
        samples[rows] = band.reshape(rows.stop - rows.start, width, count)[..., channels]
    return samples
