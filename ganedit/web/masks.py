"""Masks between the reduced picture that is painted on and the picture itself."""

import io
from pathlib import Path

import cv2
import numpy as np
import PIL.Image

from ganedit.errors import ImageError
from ganedit.image import Image, decode
from ganedit.web.views import reduced_size

Size = tuple[int, int]
"""Width and height in pixels."""


def enlarge_mask(painted: Path, size: Size, target: Path) -> None:
    """Bring a mask that was painted on a reduced picture to the picture's own size.

    Its soft edge is enlarged as it is: cut at half of white only afterwards, by the task, it is as
    smooth at full size as it was painted.

    Args:
        painted: file of a picture with the shape of what it was painted on, white is marked.
        size: of the picture.
        target: the mask, a PNG of grey, is written there.

    Raises:
        GaneditError: it is no picture, or has another shape.
    """
    reduced = reduced_size(*size)
    image = decode(painted, max_pixels=max(size[0] * size[1], reduced[0] * reduced[1]))
    if (image.width, image.height) not in (reduced, size):
        raise ImageError(
            f"the mask has {image.width}×{image.height} pixels; paint on "
            f"{reduced[0]}×{reduced[1]} or on {size[0]}×{size[1]}"
        )
    _write(_brought_to(_grey(image.samples), size), target)


def reduced_mask(mask: Path, size: Size, max_pixels: int) -> bytes:
    """A mask of any size as it is painted on: at the reduced size of the picture that it is for.

    Args:
        mask: file of a mask: white is marked, or, where its alpha varies, what is transparent.
        size: of the picture.
        max_pixels: limit of the mask's.

    Returns:
        A PNG of grey.

    Raises:
        GaneditError: it is no picture.
    """
    image: Image = decode(mask, max_pixels=max_pixels)
    if image.alpha is not None and np.ptp(image.alpha) > 0:
        marked = 255 - _grey(image.alpha[..., None])
    else:
        marked = _grey(image.samples)
    buffer = io.BytesIO()
    _write(_brought_to(marked, reduced_size(*size)), buffer)
    return buffer.getvalue()


def _grey(samples: np.ndarray) -> np.ndarray:
    """`(H, W, C)` of any depth as float32 `(H, W)` in [0, 255]."""
    grey: np.ndarray = samples.mean(axis=2, dtype=np.float32)
    grey *= 255 / np.iinfo(samples.dtype).max
    return grey


def _brought_to(grey: np.ndarray, size: Size) -> np.ndarray:
    if grey.shape == size[::-1]:
        return grey
    how = cv2.INTER_AREA if size[0] < grey.shape[1] else cv2.INTER_LINEAR
    result: np.ndarray = cv2.resize(grey, size, interpolation=how)
    return result


def _write(grey: np.ndarray, target: Path | io.BytesIO) -> None:
    picture = PIL.Image.fromarray(np.rint(grey).astype(np.uint8))
    picture.save(target, "PNG", compress_level=3)
