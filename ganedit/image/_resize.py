"""Antialiased resizing at the picture's own depth, in float32 but never for the whole picture."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import PIL.Image

from ganedit.image._model import Image
from ganedit.image._samples import Samples, bands, full_scale

Kernel = Literal["lanczos", "bicubic"]

_FILTERS = {
    "lanczos": PIL.Image.Resampling.LANCZOS,
    "bicubic": PIL.Image.Resampling.BICUBIC,
}
_BAND_PIXELS = 1 << 23  # 32 MB in float32
_LOBES = 3  # half the width of the wider kernel, in source pixels when enlarging
# Weight of a fully transparent pixel: enough to keep its hidden colour where all around is
# transparent, too little to be seen where anything opaque is near.
_TRANSPARENT_WEIGHT = np.float32(1e-4)


@dataclass(frozen=True, slots=True)
class _Window:
    """A band of output rows and the source rows that the kernel needs for it.

    `box` is the exact (fractional) source region of output rows with margins, relative to the
    first row of `source`; `size` is the output size of that region; `keep` drops the margins.
    """

    source: slice
    box: tuple[float, float, float, float]
    size: tuple[int, int]
    keep: slice
    kernel: Kernel

    def resample(self, plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        picture = PIL.Image.fromarray(plane)
        resized = picture.resize(self.size, _FILTERS[self.kernel], box=self.box)
        return np.asarray(resized, np.float32)[self.keep]


def resize(image: Image, width: int, height: int, kernel: Kernel = "lanczos") -> Image:
    """The picture at another size, by a kernel that widens as it shrinks (no aliasing).

    Depth, channels and metadata stay. With alpha the colours are weighted by it, so that what is
    hidden under transparent pixels does not bleed into visible ones.

    Args:
        width: of the result in pixels, at least 1.
        height: of the result in pixels, at least 1.
        kernel: Lanczos-3, the sharper, or bicubic, which rings less.

    Raises:
        ValueError: a side below 1.
    """
    if width < 1 or height < 1:
        raise ValueError(f"cannot resize to {width} x {height}: both sides must be at least 1")
    if (width, height) == (image.width, image.height):
        return image
    samples = np.empty((height, width, image.channels), image.samples.dtype)
    alpha = None if image.alpha is None else np.empty((height, width), image.alpha.dtype)
    # A band is bounded in both pictures: one row of the result may stand for many of the source.
    for rows in bands(height, max(width, image.width * image.height // height), _BAND_PIXELS):
        window = _window(rows, image, width, height, kernel)
        weight = None
        if image.alpha is not None and alpha is not None:
            opacity = _unit(image.alpha[window.source])
            alpha[rows] = _quantised(window.resample(opacity), alpha)
            weight = opacity + _TRANSPARENT_WEIGHT
        for channel in range(image.channels):
            plane = _unit(image.samples[window.source, :, channel])
            samples[rows, :, channel] = _quantised(_resampled(plane, weight, window), samples)
    return replace(image, samples=samples, alpha=alpha)


def _window(rows: slice, image: Image, width: int, height: int, kernel: Kernel) -> _Window:
    scale = image.height / height  # source rows per output row
    margin = math.ceil(_LOBES * max(scale, 1.0) / scale) + 1
    top, bottom = max(0, rows.start - margin), min(height, rows.stop + margin)
    first = math.floor(top * scale)
    last = min(image.height, math.ceil(bottom * scale))
    return _Window(
        source=slice(first, last),
        box=(0, top * scale - first, image.width, min(bottom * scale, last) - first),
        size=(width, bottom - top),
        keep=slice(rows.start - top, rows.stop - top),
        kernel=kernel,
    )


def _resampled(
    plane: npt.NDArray[np.float32], weight: npt.NDArray[np.float32] | None, window: _Window
) -> npt.NDArray[np.float32]:
    if weight is None:
        return window.resample(plane)
    colour, total = window.resample(plane * weight), window.resample(weight)
    # Lanczos has negative lobes, so the total may pass through zero; nothing is opaque there.
    return np.divide(colour, total, out=np.zeros_like(colour), where=np.abs(total) > 1e-6)


def _unit(samples: Samples) -> npt.NDArray[np.float32]:
    """Samples as floats in [0, 1]."""
    return samples.astype(np.float32) * np.float32(1 / full_scale(samples))


def _quantised(values: npt.NDArray[np.float32], like: Samples) -> Samples:
    """Values in about [0, 1] at the dtype of `like`, clipped and rounded to nearest."""
    scaled: Samples = np.rint(np.clip(values, 0, 1) * full_scale(like)).astype(like.dtype)
    return scaled
