"""Putting an edit back on its picture: mixed by strength, at full size, colours kept."""

import math
from collections.abc import Iterator

import cv2
import numpy as np

from ganedit.image import Image, bands, bands_within, resize_bands
from ganedit.tiling import Rows

# Sides of the coarsest band: what varies more slowly is colour and light.
COARSEST = 16
# Side of the window in which two bands are weighed against each other.
NEIGHBOURHOOD = 5
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def mix(picture: np.ndarray, translated: np.ndarray, share: float) -> np.ndarray:
    """Part of the way from a picture to its translation, without a double exposure.

    The two are mixed band by band of a Laplacian pyramid (Burt and Adelson 1983). Colour and light
    go over evenly; in the finer bands the one that has more to show at a place counts for more, so
    that an edge or a stroke is there or not there, and seldom half.

    Args:
        picture: `(H, W, C)` uint8 or uint16; `translated` likewise.
        translated: see `picture`.
        share: 0 gives the picture, 1 the translation.
    """
    levels = max(0, int(math.log2(min(picture.shape[:2]) / COARSEST)))
    result = np.empty_like(picture)
    for rows, mixed in _mixed(picture, translated, share, levels):
        result[rows] = _rounded(mixed, picture)
    return result


def _mixed(
    one: np.ndarray, other: np.ndarray, share: float, levels: int
) -> Iterator[tuple[slice, np.ndarray]]:
    """Rows of the mixture of two pictures, and where they lie; `(h, W, C)` float32.

    Only what is half as large, and smaller, is ever whole in float32.
    """
    height, width = one.shape[:2]
    if levels == 0:
        for rows in bands(height, width):
            yield rows, one[rows] * np.float32(1 - share) + other[rows] * np.float32(share)
        return
    coarse_one, coarse_other = _halved(one), _halved(other)
    coarse = np.empty_like(coarse_one)
    for rows, mixed in _mixed(coarse_one, coarse_other, share, levels - 1):
        coarse[rows] = mixed
    for rows, outer, core in bands_within(one.shape, NEIGHBOURHOOD // 2):
        detail_one = one[outer] - _doubled(coarse_one, outer, one.shape)
        detail_other = other[outer] - _doubled(coarse_other, outer, one.shape)
        weight = share * _strength(detail_other)
        weight /= weight + (1 - share) * _strength(detail_one)
        detail = detail_one + weight * (detail_other - detail_one)
        yield rows, _doubled(coarse, rows, one.shape) + detail[core]


def _halved(picture: np.ndarray) -> np.ndarray:
    """The next level of a Gaussian pyramid, `(ceil(H / 2), ceil(W / 2), C)` float32."""
    height, width, channels = picture.shape
    result = np.empty((-(-height // 2), -(-width // 2), channels), np.float32)
    for rows in bands(*result.shape[:2]):
        # From an even row on; the kernel reaches two to each side.
        first = max(0, 2 * rows.start - 2)
        source = picture[first : 2 * rows.stop + 2].astype(np.float32)
        skipped = rows.start - first // 2
        halved = _planes(cv2.pyrDown(source))
        result[rows] = halved[skipped : skipped + rows.stop - rows.start]
    return result


def _doubled(coarse: np.ndarray, rows: slice, shape: tuple[int, ...]) -> np.ndarray:
    """These rows of a level of a pyramid at the size of the next finer one, `shape`."""
    first = max(0, rows.start // 2 - 1)
    source = coarse[first : rows.stop // 2 + 2]
    size = shape[1], min(2 * len(source), shape[0] - 2 * first)
    doubled: np.ndarray = _planes(cv2.pyrUp(source, dstsize=size))
    return doubled[rows.start - 2 * first : rows.stop - 2 * first]


def _strength(band: np.ndarray) -> np.ndarray:
    """`(H, W, 1)`: the energy around each pixel, never quite 0."""
    energy = cv2.blur(np.square(band).sum(axis=2), (NEIGHBOURHOOD, NEIGHBOURHOOD))
    result: np.ndarray = energy[:, :, None] + np.float32(1e-3)
    return result


def _planes(array: np.ndarray) -> np.ndarray:
    """OpenCV drops the last axis of one channel."""
    return array if array.ndim == 3 else array[:, :, None]


def at_full_size(
    picture: Image, small: Image, edited: Image, enlarged: Image, share: float
) -> np.ndarray:
    """A reduced picture's edit at the size of the picture itself.

    Where the edit is whole (`share` 1) it is the enlarged one; on the way there, the photo's own
    fine structure, which the reduced picture had lost, comes back in.

    Args:
        picture: `(H, W, 3)` samples.
        small: `(h, w, 3)`, the picture reduced.
        edited: `small` after the edit.
        enlarged: `edited` at the size of `picture`.
        share: how much of the edit there is, in (0, 1].
    """
    if share == 1:
        return enlarged.samples
    result = np.empty_like(picture.samples)
    before, after = (
        resize_bands(
            Rows.of(image.samples).take, image.samples.shape[:2], picture.width, picture.height
        )
        for image in (small, edited)
    )
    top = 0
    for reduced, changed in zip(before, after, strict=True):
        rows = slice(top, top + len(reduced))
        kept = picture.samples[rows].astype(np.float32) - reduced + changed
        painted = enlarged.samples[rows].astype(np.float32)
        result[rows] = _rounded(kept + share * (painted - kept), result)
        top = rows.stop
    return result


def keep_color(picture: np.ndarray, edited: np.ndarray) -> np.ndarray:
    """The luma of an edit on the chroma (Cb, Cr of BT.601) of the picture; `(H, W, 3)` each.

    One amount added to red, green and blue changes luma alone.
    """
    result = np.empty_like(picture)
    for rows in bands(*picture.shape[:2]):
        before = picture[rows].astype(np.float32)
        change = (edited[rows].astype(np.float32) - before) @ LUMA
        result[rows] = _rounded(before + change[:, :, None], picture)
    return result


def _rounded(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.rint(values).clip(0, np.iinfo(like.dtype).max).astype(like.dtype)
    return result
