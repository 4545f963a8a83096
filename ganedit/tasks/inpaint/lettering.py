"""Letters on a photograph, found by themselves: date stamps, captions. No torch here.

Letters are strokes of one width, as parts of about one height that stand side by side in a line
(after the stroke width transform, Epshtein et al. 2010, without its rays: a top-hat finds strokes,
a distance transform their width).
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ganedit.blending import LUMA
from ganedit.image import Image

# Heights of letters, as shares of the picture's longer side, and in pixels at least.
LEAST_HEIGHT, MOST_HEIGHT, LEAST_PIXELS = 0.008, 0.06, 7
# Levels of 255 by which strokes stand out, and how even their width is (deviation over mean).
CONTRAST, UNEVEN = 45.0, 0.5
# Letters of a line: how many at least, how their heights and middles may differ and how far they
# may stand apart, in heights.
LEAST_LETTERS, HEIGHTS, MIDDLES, GAP = 4, 1.5, 0.35, 1.6
# What is found grows by this share of its height, for soft edges and JPEG.
GROWTH = 0.12


@dataclass(frozen=True)
class Line:
    """Letters side by side: their box in pixels, and how many there are."""

    x: int
    y: int
    width: int
    height: int
    letters: int


def lettering(photo: Image) -> tuple[np.ndarray, list[Line]]:
    """Where letters are, `(H, W)` bool, and the lines that they make."""
    found, lines = np.zeros((photo.height, photo.width), bool), list[Line]()
    for plane in _planes(photo):
        labels, boxes = _letters(plane)
        for group in _rows(boxes):
            first, last = boxes[group, :2].min(0), (boxes[group, :2] + boxes[group, 2:4]).max(0)
            (x, y), (width, height) = first.tolist(), (last - first).tolist()
            line = Line(x, y, width, height, len(group))
            window = _around(line, found.shape)
            kept = np.isin(labels[window], boxes[group, 4])
            found[window] |= _grown(kept, max(1, round(GROWTH * line.height)))
            if not any(_overlap(line, other) for other in lines):
                lines.append(line)
    return found, lines


def _planes(photo: Image) -> list[np.ndarray]:
    """What letters may stand out in, `(H, W)` float32 in levels of 255: light, dark, and colour."""
    samples = photo.samples.astype(np.float32) * (255 / np.iinfo(photo.samples.dtype).max)
    if photo.channels == 1:
        return [samples[:, :, 0], -samples[:, :, 0]]
    luma = samples @ LUMA
    # The lamps of a camera's clock are orange: much red, little blue.
    return [luma, -luma, samples[:, :, 0] - samples[:, :, 2]]


def _letters(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels `(H, W)`, and a row for each that may be a letter: x, y, width, height, label."""
    side = max(plane.shape)
    most, least = round(MOST_HEIGHT * side), max(LEAST_PIXELS, round(LEAST_HEIGHT * side))
    # Strokes are no wider than a quarter of the letter.
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (most // 3 | 1, most // 3 | 1))
    strokes = (cv2.morphologyEx(plane, cv2.MORPH_TOPHAT, disc) > CONTRAST).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(strokes)
    depth = cv2.distanceTransform(strokes, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    rows = []
    for label in range(1, len(stats)):
        x, y, wide, high, area = (int(v) for v in stats[label])
        # A 1 is narrow, an M is wide; a dash and a dot go with the letters beside them.
        if not (least <= high <= most and wide <= 2.5 * high and area >= 0.08 * wide * high):
            continue
        inside = labels[y : y + high, x : x + wide] == label
        own = depth[y : y + high, x : x + wide][inside]
        ridge = own[own >= 0.5 * own.max()]
        if ridge.std() <= UNEVEN * ridge.mean() and own.max() <= 0.25 * high + 1:
            rows.append((x, y, wide, high, label))
    return labels, np.array(rows, int).reshape(-1, 5)


def _rows(boxes: np.ndarray) -> list[list[int]]:
    """Groups of boxes, by their numbers, that stand in a line."""
    groups: list[list[int]] = []
    for number in np.argsort(boxes[:, 0], kind="stable").tolist():
        group = next((g for g in groups if _goes_on(boxes[g[-1]], boxes[number])), None)
        if group is None:
            groups.append([number])
        else:
            group.append(number)
    return [group for group in groups if len(group) >= LEAST_LETTERS]


def _goes_on(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether a letter stands beside another, to its right."""
    height = max(one[3], other[3])
    ratio = height / min(one[3], other[3])
    apart = other[0] - (one[0] + one[2])
    middles = abs((one[1] + one[3] / 2) - (other[1] + other[3] / 2))
    return bool(ratio <= HEIGHTS and -height <= apart <= GAP * height
                and middles <= MIDDLES * height)  # fmt: skip


def _around(line: Line, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of a line with room for what is found to grow."""
    room = line.height
    return (
        slice(max(0, line.y - room), min(shape[0], line.y + line.height + room)),
        slice(max(0, line.x - room), min(shape[1], line.x + line.width + room)),
    )


def _overlap(one: Line, other: Line) -> bool:
    return min(one.x + one.width, other.x + other.width) > max(one.x, other.x) and min(
        one.y + one.height, other.y + other.height
    ) > max(one.y, other.y)


def _grown(mask: np.ndarray, pixels: int) -> np.ndarray:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return cv2.dilate(mask.astype(np.uint8), disc) > 0
