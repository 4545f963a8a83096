"""Line drawings of photographs: what is dark ink where a hand would draw a line.

Every detector takes `(H, W, 3)` uint8 RGB and gives `(H, W)` float32 ink, 0 for paper and 1 for a
line. Nothing here imports torch.
"""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np

from ganedit.line_kinds import Kind

# Half of this many thinning passes is how thick a line may be, in pixels, to become one of one.
THINNING_PASSES = 64
# Deviations of the two Gaussians whose difference is nearest to a Laplacian (Marr and Hildreth).
RATIO = 1.6


def draw_lines(
    photo: np.ndarray, kind: Kind, *, detail: float = 0.5, smooth: float = 1.0
) -> np.ndarray:
    """The lines of a photograph.

    Args:
        photo: `(H, W, 3)` uint8 RGB.
        kind: the detector. canny: edges one pixel wide (Canny 1986). dog: dark sides of edges,
            soft, by a difference of Gaussians (as in XDoG, Winnemöller et al. 2012). threshold:
            what is darker than its surroundings. outline: the morphological gradient, thinned.
            zero: zero crossings of the Laplacian of Gaussian (Marr and Hildreth 1980). pencil:
            soft shading, as where a picture is divided by its blurred self.
        detail: from 0, the strongest lines only, to 1, all there are.
        smooth: deviation in pixels of the blur that comes first.

    Returns:
        `(H, W)` float32 in [0, 1], 1 where there is ink.
    """
    return _DETECTORS[kind](photo, detail, smooth)


def thinned(lines: np.ndarray) -> np.ndarray:
    """Lines of any thickness as lines of one pixel (Zhang and Suen 1984); `(H, W)` bool."""
    picture: np.ndarray = np.pad(lines.astype(np.uint8), 1)
    first, second = _removable()
    for _ in range(THINNING_PASSES):
        before = int(picture.sum())
        for table in (first, second):
            around = cv2.filter2D(picture, cv2.CV_8U, _WEIGHTS, borderType=cv2.BORDER_CONSTANT)
            picture = cv2.bitwise_and(picture, cv2.LUT(around, table))
        if int(picture.sum()) == before:
            break
    return picture[1:-1, 1:-1].astype(bool)


def without_specks(lines: np.ndarray, least: int) -> np.ndarray:
    """Lines `(H, W)` bool without those of fewer than `least` connected pixels."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(lines.astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= least
    large[0] = False
    kept: np.ndarray = large[labels]
    return kept


def agreement(ours: np.ndarray, theirs: np.ndarray, reach: float = 2) -> float:
    """How well two sets of lines `(H, W)` bool agree: the F1 score, 1 where each lies on the other.

    The harmonic mean of the shares of either that lie within `reach` pixels of the other one; 0
    where one of them is empty.
    """
    if not ours.any() or not theirs.any():
        return 0.0
    shares = []
    for lines, others in ((ours, theirs), (theirs, ours)):
        away = cv2.distanceTransform((~others).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        shares.append(float((away[lines] <= reach).mean()))
    precision, recall = shares
    return 2 * precision * recall / max(precision + recall, 1e-9)


def silhouette(photo: np.ndarray, tolerance: int = 8) -> np.ndarray:
    """The outer contour of what stands before a plain background, `(H, W)` bool.

    Nothing where the background is not plain.

    Args:
        photo: `(H, W, 3)` uint8 RGB.
        tolerance: largest difference from the background that is still it, of 255.
    """
    border = np.concatenate([photo[0], photo[-1], photo[:, 0], photo[:, -1]]).astype(np.int16)
    ground = np.median(border, axis=0)
    if np.mean(np.abs(border - ground).max(axis=1) > tolerance) > 0.1:
        return np.zeros(photo.shape[:2], bool)
    away = cv2.absdiff(photo, np.broadcast_to(ground.astype(np.uint8), photo.shape))
    # Blurred, since JPEG leaves specks beside every edge.
    strongest = _blurred(cv2.max(cv2.max(away[..., 0], away[..., 1]), away[..., 2]), 1)
    standing = (strongest > tolerance).astype(np.uint8)
    contours, _ = cv2.findContours(standing, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    lines = np.zeros(photo.shape[:2], np.uint8)
    cv2.drawContours(lines, contours, -1, 1, 1)
    return lines.astype(bool)


def _canny(photo: np.ndarray, detail: float, smooth: float) -> np.ndarray:
    high = 330 * (0.12**detail)
    grey = _blurred(_grey(photo), smooth)
    return (cv2.Canny(grey, 0.4 * high, high, L2gradient=True) > 0).astype(np.float32)


def _difference(photo: np.ndarray, detail: float, smooth: float) -> np.ndarray:
    grey = _grey(photo).astype(np.float32) / 255
    difference = _blurred(grey, RATIO * smooth) - _blurred(grey, smooth)
    ink: np.ndarray = np.clip(8 * (0.5 + 2 * detail) * difference - 0.15, 0, 1)
    return ink


def _threshold(photo: np.ndarray, detail: float, smooth: float) -> np.ndarray:
    grey = _blurred(_grey(photo), smooth)
    side = 2 * round(1.5 * smooth + 1) + 1
    darker = cv2.adaptiveThreshold(
        grey, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, side, 24 * 0.2**detail
    )
    return darker.astype(np.float32)


def _outline(photo: np.ndarray, detail: float, smooth: float) -> np.ndarray:
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    gradient = cv2.morphologyEx(_blurred(photo, smooth), cv2.MORPH_GRADIENT, cross).max(axis=2)
    return thinned(gradient > 100 * 0.15**detail).astype(np.float32)


def _zero(photo: np.ndarray, detail: float, smooth: float) -> np.ndarray:
    """Zero crossings of luma and of both colour differences where the slope is steep."""
    lab = cv2.cvtColor(photo, cv2.COLOR_RGB2LAB).astype(np.float32)
    found = np.zeros(photo.shape[:2], bool)
    for channel in cv2.split(_blurred(lab, smooth)):
        curvature = cv2.Laplacian(channel, cv2.CV_32F, ksize=3)
        slope = np.hypot(cv2.Sobel(channel, cv2.CV_32F, 1, 0), cv2.Sobel(channel, cv2.CV_32F, 0, 1))
        positive = (curvature > 0).astype(np.uint8)
        # A crossing belongs to the pixel on its positive side: the line is one pixel wide.
        crossing = (positive == 1) & (cv2.erode(positive, _CROSS) == 0)
        found |= crossing & (slope > 160 * 0.15**detail)
    return found.astype(np.float32)


def _pencil(photo: np.ndarray, detail: float, smooth: float) -> np.ndarray:
    grey = _grey(photo).astype(np.float32) / 255
    surrounding = _blurred(grey, 3 * smooth)
    ink = 1 - (grey + 0.02) / (surrounding + 0.02)
    return np.clip((0.8 + 2.4 * detail) * ink, 0, 1)


def _grey(photo: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)


def _blurred(picture: np.ndarray, deviation: float) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), deviation) if deviation > 0 else picture


_DETECTORS: dict[Kind, Callable[[np.ndarray, float, float], np.ndarray]] = {
    "canny": _canny,
    "dog": _difference,
    "threshold": _threshold,
    "outline": _outline,
    "zero": _zero,
    "pencil": _pencil,
}
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
# Of the eight neighbours, clockwise from above, each a bit.
_WEIGHTS = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)


@cache
def _removable() -> tuple[np.ndarray, np.ndarray]:
    """For each set of neighbours whether a pixel stays (1) in either half of a pass."""
    tables = [np.ones(256, np.uint8), np.ones(256, np.uint8)]
    for code in range(256):
        n = [code >> bit & 1 for bit in range(8)]
        rises = sum(n[i] == 0 and n[(i + 1) % 8] == 1 for i in range(8))
        if not (2 <= sum(n) <= 6 and rises == 1):
            continue
        above, right, below, left = n[0], n[2], n[4], n[6]
        tables[0][code] = above * right * below or right * below * left
        tables[1][code] = above * right * left or above * below * left
    return tables[0], tables[1]
