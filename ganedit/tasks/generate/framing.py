"""Which square of a photo a generator is to draw."""

from collections.abc import Callable, Iterator

import numpy as np

from ganedit.editing import on_white
from ganedit.errors import GaneditError
from ganedit.image import Image, resize, to_eight

Square = tuple[int, int, int]
"""Left, top and side, in pixels."""
# Sides that are tried, each so many times the next smaller one, down to a share of the photo's.
STEP, SMALLEST = 1.25, 0.25
# How far apart squares are tried, as a share of their side.
STRIDE = 0.2
# Squares that are looked at together.
BATCH = 32


def rgb(photo: Image) -> np.ndarray:
    """`(H, W, 3)` uint8 of a photo of any depth, grey or not, a cutout on white."""
    return to_eight(on_white(photo).samples)


def middle_square(pixels: np.ndarray) -> Square:
    """The largest square in the middle of `(H, W, 3)`."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    return (width - side) // 2, (height - side) // 2, side


def cut(pixels: np.ndarray, square: Square, size: int) -> np.ndarray:
    """The square of `(H, W, 3)` at `(size, size, 3)`.

    Raises:
        GaneditError: it is not within the picture.
    """
    left, top, side = square
    height, width = pixels.shape[:2]
    if left + side > width or top + side > height:
        raise GaneditError(f"--crop {left},{top},{side}: not within its {width}×{height} pixels")
    region = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    return resize(Image(region), size, size).samples


def best_square(
    pixels: np.ndarray, size: int, likely: Callable[[np.ndarray], np.ndarray]
) -> Square:
    """The square that is most surely a picture of a generator's kind.

    One of all places and sizes, and then of those around it.

    Args:
        pixels: `(H, W, 3)` uint8.
        size: side of what is compared.
        likely: of `(N, size, size, 3)` uint8, `(N,)`; the higher, the surer.
    """
    height, width = pixels.shape[:2]
    # No square is looked at in more pixels than these; of photos from cameras that saves seconds.
    factor = min(1.0, size / (SMALLEST * min(height, width)))
    if factor < 1:
        small = resize(Image(pixels), round(width * factor), round(height * factor)).samples
        left, top, side = (round(each / factor) for each in best_square(small, size, likely))
        side = min(side, height, width)
        return min(left, width - side), min(top, height - side), side
    found = _best(list(_squares(pixels)), pixels, size, likely)
    return _best(list(_around(found, pixels)), pixels, size, likely)


def _best(
    squares: list[Square],
    pixels: np.ndarray,
    size: int,
    likely: Callable[[np.ndarray], np.ndarray],
) -> Square:
    scores = [
        likely(np.stack([cut(pixels, square, size) for square in squares[at : at + BATCH]]))
        for at in range(0, len(squares), BATCH)
    ]
    return squares[int(np.concatenate(scores).argmax())]


def _squares(pixels: np.ndarray) -> Iterator[Square]:
    """Those of all sizes at all places."""
    height, width = pixels.shape[:2]
    side, least = float(min(height, width)), SMALLEST * min(height, width)
    while side >= least:
        whole = max(1, int(side))
        stride = max(1, round(STRIDE * whole))
        for top in range(0, height - whole + 1, stride):
            for left in range(0, width - whole + 1, stride):
                yield left, top, whole
        side /= STEP


def _around(square: Square, pixels: np.ndarray) -> Iterator[Square]:
    """It, and those a little larger, smaller and moved that are within the picture."""
    yield square
    left, top, side = square
    height, width = pixels.shape[:2]
    for factor in (0.9, 1.0, 1.1):
        new = max(1, round(side * factor))
        step = max(1, round(STRIDE / 2 * new))
        for dy in (-step, 0, step):
            for dx in (-step, 0, step):
                x, y = left + (side - new) // 2 + dx, top + (side - new) // 2 + dy
                if 0 <= x <= width - new and 0 <= y <= height - new:
                    yield x, y, new
