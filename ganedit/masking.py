"""Fitting a mask to its photo. Nothing here imports torch."""

import numpy as np

from ganedit.image import Image, orient

# Of the logarithms of two sides' ratios.
SHAPE_TOLERANCE = 0.02


def turned_like(mask: np.ndarray, photo: Image) -> tuple[np.ndarray, tuple[str, ...]]:
    """A mask `(H, W)`, and a note where it was turned.

    One of the photo as it lies in its file is turned as the photo was when it was read.
    """
    upright, lying = (photo.height, photo.width), (photo.width, photo.height)
    fits_as_it_is = of_one_shape(mask.shape, upright)
    if photo.turned < 5 or fits_as_it_is or not of_one_shape(mask.shape, lying):
        return mask, ()
    note = "the mask was turned like the photo, whose EXIF orientation it did not follow"
    return orient(mask, photo.turned), (note,)


def of_one_shape(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two heights and widths are the same picture's, at whatever size."""
    return bool(abs(np.log(one[1] / one[0] * other[0] / other[1])) <= SHAPE_TOLERANCE)
