"""Damage of scanned photographs, found by itself: dust, scratches and date stamps.

What is found is thin or small, and lighter or darker than what is around it. So are a hair and a
wire in a photograph: look at the mask before it is filled. Nothing here imports torch.
"""

import cv2
import numpy as np

from ganedit.blending import LUMA
from ganedit.image import Image

# Sizes are said for a scan of so many pixels on its longer side, and grow with it.
REFERENCE = 1500
# Widths up to which dust and scratches are found.
DUST, SCRATCH = 15, 5
# How far they have to stand out: levels of 255, and times the detail that is usual around there,
# in windows of that side.
LEAST_CONTRAST, DUST_CONTRAST, SCRATCH_CONTRAST, SURROUNDINGS = 14.0, 6.0, 2.2, 61
# Lines are looked for in so many directions over that length; a scratch is at least so long.
DIRECTIONS, LINE, LEAST_LENGTH = 24, 41, 60
# A speck fills this share of its bounding box at least.
LEAST_FULL = 0.35
# Found damage grows by so many pixels, for its soft edge.
GROWTH = 2


def damage(photo: Image) -> np.ndarray:
    """Where a scan has dust or scratches, `(H, W)` bool.

    Top-hats (what an opening or a closing takes away: Serra 1982) find what is small and lighter or
    darker than its surroundings; means of them along lines of many directions find scratches, which
    hardly stand out of the grain pixel by pixel. Both are weighed against what is usual nearby.
    """
    luma = _luma(photo)
    scale = max(1.0, max(luma.shape) / REFERENCE)
    found = np.zeros(luma.shape, bool)
    for sign in (1.0, -1.0):
        found |= _specks(sign * luma, scale) | _scratches(sign * luma, scale)
    return _grown(found, round(GROWTH * scale))


def _luma(photo: Image) -> np.ndarray:
    """`(H, W)` float32 in [0, 255]."""
    samples = photo.samples.astype(np.float32) * (255 / np.iinfo(photo.samples.dtype).max)
    result: np.ndarray = samples @ LUMA if photo.channels == 3 else samples[:, :, 0]
    return result


def _top_hat(luma: np.ndarray, width: int) -> np.ndarray:
    """What is lighter than its surroundings, and no wider than so many pixels."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width | 1, width | 1))
    result: np.ndarray = cv2.morphologyEx(luma, cv2.MORPH_TOPHAT, disc)
    return result


def _usual(response: np.ndarray, scale: float) -> np.ndarray:
    """The mean of a response around each pixel, in which single specks have little say."""
    side = round(SURROUNDINGS * scale) | 1
    limited = np.minimum(response, 3 * LEAST_CONTRAST)
    result: np.ndarray = cv2.blur(limited, (side, side))
    return result


def _specks(luma: np.ndarray, scale: float) -> np.ndarray:
    """Compact spots lighter than what is around them."""
    width = round(DUST * scale)
    response = _top_hat(luma, width)
    strong = response > np.maximum(LEAST_CONTRAST, DUST_CONTRAST * _usual(response, scale))
    labels, stats = _components(strong)
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    full = stats[:, cv2.CC_STAT_AREA] / sides.prod(axis=1)
    kept = (sides.max(axis=1) <= width) & (full >= LEAST_FULL) & (stats[:, cv2.CC_STAT_AREA] >= 3)
    return _of(labels, kept)


def _scratches(luma: np.ndarray, scale: float) -> np.ndarray:
    """Long thin lines lighter than what is around them."""
    response = _top_hat(luma, round(SCRATCH * scale) + 2)
    length = round(LINE * scale) | 1
    along = np.zeros_like(response)
    for number in range(DIRECTIONS):
        line = _line(length, np.pi * number / DIRECTIONS)
        np.maximum(along, cv2.filter2D(response, cv2.CV_32F, line), out=along)
    usual = _usual(response, scale)
    likely = (along > np.maximum(LEAST_CONTRAST / 2, SCRATCH_CONTRAST * usual)) & (
        # Grain beside a line is near it, and has little of its contrast.
        response > np.maximum(1.5 * usual, 0.5 * along)
    )
    closed = cv2.morphologyEx(likely.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    labels, stats = _components(closed > 0)
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    reach = np.hypot(sides[:, 0], sides[:, 1])
    thick = stats[:, cv2.CC_STAT_AREA] / np.maximum(reach, 1)
    kept = (reach >= LEAST_LENGTH * scale) & (thick <= SCRATCH * scale + 1)
    return _of(labels, kept)


def _line(length: int, angle: float) -> np.ndarray:
    """A kernel that averages along a line through the middle."""
    kernel = np.zeros((length, length), np.float32)
    middle, reach = length // 2, length // 2
    ends = [
        (round(middle + sign * reach * np.cos(angle)), round(middle + sign * reach * np.sin(angle)))
        for sign in (-1, 1)
    ]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1)
    result: np.ndarray = kernel / kernel.sum()
    return result


def _components(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels `(H, W)` of connected parts, and OpenCV's figures on them, the background first."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    return labels, stats


def _of(labels: np.ndarray, kept: np.ndarray) -> np.ndarray:
    kept = kept.copy()
    kept[0] = False
    result: np.ndarray = kept[labels]
    return result


def _grown(mask: np.ndarray, pixels: int) -> np.ndarray:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return cv2.dilate(mask.astype(np.uint8), disc) > 0
