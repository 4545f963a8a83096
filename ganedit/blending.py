"""Putting an edit back on its picture: mixed by strength, at full size, colours kept."""

import math

import cv2
import numpy as np

from ganedit.image import Image, resize_bands
from ganedit.tiling import Rows

# Rows handled at a time: a float32 copy of a whole large picture would take gigabytes.
BAND_ROWS = 256
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
    ours, theirs = _bands(picture, levels), _bands(translated, levels)
    result = ours.pop() * (1 - share) + theirs.pop() * share
    while ours:
        one, other = ours.pop(), theirs.pop()
        strong_one, strong_other = (_strength(band) for band in (one, other))
        weight = share * strong_other
        weight = weight / (weight + (1 - share) * strong_one)
        height, width = one.shape[:2]
        result = _planes(cv2.pyrUp(result, dstsize=(width, height)))
        result = result + one + weight * (other - one)
    return _rounded(result, picture)


def _bands(picture: np.ndarray, levels: int) -> list[np.ndarray]:
    """A Laplacian pyramid, fine to coarse, the rest last."""
    bands, current = [], picture.astype(np.float32)
    for _ in range(levels):
        height, width = current.shape[:2]
        coarser = _planes(cv2.pyrDown(current))
        bands.append(current - _planes(cv2.pyrUp(coarser, dstsize=(width, height))))
        current = coarser
    return [*bands, current]


def _strength(band: np.ndarray) -> np.ndarray:
    """`(H, W, 1)`: the energy around each pixel, never quite 0."""
    energy = cv2.blur(np.square(band).sum(axis=2), (NEIGHBOURHOOD, NEIGHBOURHOOD))
    result: np.ndarray = energy[:, :, None] + 1e-3
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
    for top in range(0, len(picture), BAND_ROWS):
        rows = slice(top, top + BAND_ROWS)
        before = picture[rows].astype(np.float32)
        change = (edited[rows].astype(np.float32) - before) @ LUMA
        result[rows] = _rounded(before + change[:, :, None], picture)
    return result


def _rounded(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.rint(values).clip(0, np.iinfo(like.dtype).max).astype(like.dtype)
    return result
