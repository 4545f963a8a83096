"""Antialiased resizing at the picture's own depth, in float32 but never for the whole picture."""

import math
from collections.abc import Callable, Iterator
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
    for rows, window in _windows(image.samples.shape[:2], width, height, kernel):
        weight = None
        if image.alpha is not None and alpha is not None:
            opacity = _unit(image.alpha[window.source])
            alpha[rows] = _quantised(window.resample(opacity), alpha)
            weight = opacity + _TRANSPARENT_WEIGHT
        samples[rows] = _resized_band(image.samples[window.source], weight, window)
    return replace(image, samples=samples, alpha=alpha)


def resize_bands(
    take: Callable[[int, int], Samples],
    size: tuple[int, int],
    width: int,
    height: int,
    kernel: Kernel = "lanczos",
) -> Iterator[Samples]:
    """What `resize` makes of samples alone, band by band, the source never whole in memory.

    Args:
        take: gives the source's rows from a first one up to a last; neither ever goes back.
        size: height and width of the source.
        width: of the result in pixels, at least 1.
        height: of the result in pixels, at least 1.
        kernel: as of `resize`.

    Yields:
        `(h, width, C)` from top to bottom, `height` rows in all.
    """
    for _, window in _windows(size, width, height, kernel):
        yield _resized_band(take(window.source.start, window.source.stop), None, window)


def _windows(
    size: tuple[int, ...], width: int, height: int, kernel: Kernel
) -> Iterator[tuple[slice, _Window]]:
    """Bands of the result's rows, each with what it takes of a source of this height and width."""
    source_height, source_width = size
    # A band is bounded in both pictures: one row of the result may stand for many of the source.
    for rows in bands(height, max(width, source_width * source_height // height), _BAND_PIXELS):
        yield rows, _window(rows, source_height, source_width, width, height, kernel)


def _resized_band(
    source: Samples, weight: npt.NDArray[np.float32] | None, window: _Window
) -> Samples:
    kept = window.keep.stop - window.keep.start
    band = np.empty((kept, window.size[0], source.shape[2]), source.dtype)
    for channel in range(source.shape[2]):
        plane = _unit(source[:, :, channel])
        band[:, :, channel] = _quantised(_resampled(plane, weight, window), band)
    return band


def _window(
    rows: slice, source_height: int, source_width: int, width: int, height: int, kernel: Kernel
) -> _Window:
    scale = source_height / height  # source rows per output row
    margin = math.ceil(_LOBES * max(scale, 1.0) / scale) + 1
    top, bottom = max(0, rows.start - margin), min(height, rows.stop + margin)
    first = math.floor(top * scale)
    last = min(source_height, math.ceil(bottom * scale))
    return _Window(
        source=slice(first, last),
        box=(0, top * scale - first, source_width, min(bottom * scale, last) - first),
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
