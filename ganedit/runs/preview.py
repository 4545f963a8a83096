"""Before/after pictures: the same place of both, at the result's own pixels."""

from dataclasses import dataclass

import cv2
import numpy as np

from ganedit.image import Image, resize, to_eight

# Side of each half; two of them fit a screen.
SIDE = 640
GAP = 8


@dataclass(frozen=True)
class Place:
    """The same part of a picture and of what became of it, both square."""

    low: tuple[int, int, int]
    """Left, top and side in the picture."""
    high: tuple[int, int, int]
    """Likewise in the result."""


def preview_of(before: Image, after: Image) -> Image:
    """The most telling part of `after` beside the same part of `before`, enlarged to match.

    Of an edit that leaves the size as it is, that is where most has changed; of an enlargement,
    where there is most detail.
    """
    return pair(before, after, place_of(before, after))


def place_of(before: Image, after: Image) -> Place:
    """The part of both that tells most."""
    scale = after.width / before.width
    # Whole pixels of the original, or the halves would be a little apart.
    low_side = max(1, min(int(SIDE / scale), before.width, before.height))
    side = min(round(low_side * scale), after.width, after.height)
    low_left, low_top = (
        min(round(edge / scale), limit - low_side)
        for edge, limit in zip(
            _most_telling(before, after, side), (before.width, before.height), strict=True
        )
    )
    left = min(round(low_left * scale), after.width - side)
    top = min(round(low_top * scale), after.height - side)
    return Place((low_left, low_top, low_side), (left, top, side))


def pair(before: Image, after: Image, place: Place) -> Image:
    """That part of both, beside each other."""
    left, top, side = place.high
    low_left, low_top, low_side = place.low
    shown = as_rgb(after.samples[top : top + side, left : left + side])
    cut = before.samples[low_top : low_top + low_side, low_left : low_left + low_side]
    source = resize(Image(as_rgb(cut)), side, side).samples
    gap = np.full((side, GAP, 3), 255, np.uint8)
    return Image(np.concatenate([source, gap, shown], axis=1))


def as_rgb(samples: np.ndarray) -> np.ndarray:
    """A contiguous `(H, W, 3)` uint8 copy."""
    samples = np.broadcast_to(to_eight(samples), (*samples.shape[:2], 3))
    return np.ascontiguousarray(samples)


def _most_telling(before: Image, after: Image, side: int) -> tuple[int, int]:
    """Left and top of the window with the most to show, looked for on a reduced picture."""
    step = max(1, min(after.width, after.height) // 512)
    grey = _grey(after, step)
    interest = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
    if (before.width, before.height) == (after.width, after.height):
        change = np.abs(grey - _grey(before, step))
        interest = change if change.any() else interest
    window = max(1, side // step)
    # The anchor in the corner makes each value the mean of the window that starts there.
    means = cv2.blur(interest, (window, window), anchor=(0, 0), borderType=cv2.BORDER_REFLECT)
    rows, columns = max(1, grey.shape[0] - window + 1), max(1, grey.shape[1] - window + 1)
    top, left = np.unravel_index(int(means[:rows, :columns].argmax()), (rows, columns))
    return min(int(left) * step, after.width - side), min(int(top) * step, after.height - side)


def _grey(image: Image, step: int) -> np.ndarray:
    grey: np.ndarray = image.samples[::step, ::step].mean(axis=2, dtype=np.float32)
    return grey
