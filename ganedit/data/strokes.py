"""What a hand would have drawn of a photograph, at random: for networks that read drawings."""

from dataclasses import dataclass

import cv2
import numpy as np

from ganedit.line_kinds import Kind
from ganedit.lines import draw_lines, silhouette, thinned, without_specks

# Detectors that networks are trained with. Zero crossings are kept back to measure with.
TRAINED: tuple[Kind, ...] = ("canny", "dog", "threshold", "outline")
# Samples under which nothing was drawn, and a colour is not paper's.
PAPER = 242
# Largest difference of a channel within one stroke of colour, of 255.
SAME_COLOR = 40
# Pixels of ink that make a drawing.
LEAST_INK = 60


@dataclass(frozen=True)
class Hand:
    """How unlike a detector's the lines are.

    Attributes:
        wobble: largest deviation of the field that lines are bent by, in pixels.
        gaps: most places at which lines are rubbed out.
        straight: share of drawings made of straight strokes, as with a mouse.
        whole: share that has the whole outer contour, where the background is plain.
    """

    wobble: float = 1.2
    gaps: int = 6
    straight: float = 0.35
    whole: float = 0.5


def drawing_of(photo: np.ndarray, rng: np.random.Generator, hand: Hand = Hand()) -> np.ndarray:
    """A drawing of a photograph by any detector, threshold and thickness, in an unsteady hand.

    Args:
        photo: `(H, W, 3)` uint8 RGB.
        rng: draws all of it.
        hand: how unsteady.

    Returns:
        `(H, W)` uint8, 255 where there is ink.
    """
    kind = TRAINED[int(rng.integers(len(TRAINED)))]
    ink = draw_lines(
        photo, kind, detail=float(rng.uniform(0.1, 1)), smooth=float(rng.uniform(0.6, 2.2))
    )
    if rng.random() < hand.whole or ink.sum() < LEAST_INK:
        ink = np.maximum(ink, silhouette(photo, int(rng.integers(8, 30))))
    if rng.random() < hand.straight:
        ink = _straightened(ink, rng)
    elif kind != "dog" or rng.random() < 0.5:
        ink = _penned(ink, rng)
    ink = _bent(ink, rng, hand.wobble)
    for _ in range(int(rng.integers(hand.gaps + 1))):
        _rub_out(ink, rng)
    strength = float(rng.uniform(0.7, 1))
    drawn: np.ndarray = np.rint(255 * strength * np.clip(ink, 0, 1)).astype(np.uint8)
    return drawn


def color_strokes(photo: np.ndarray, rng: np.random.Generator, most: int = 6) -> np.ndarray:
    """A few strokes of the colours that a photograph has there.

    Args:
        photo: `(H, W, 3)` uint8 RGB.
        rng: draws where.
        most: strokes.

    Returns:
        `(H, W, 4)` uint8: colour, and 255 in the last channel where there is a stroke, else 0.
    """
    height, width = photo.shape[:2]
    hints = np.zeros((height, width, 4), np.uint8)
    darkest = cv2.min(cv2.min(photo[..., 0], photo[..., 1]), photo[..., 2])
    colored = np.argwhere(darkest < PAPER)
    if not len(colored):
        return hints
    reach = min(height, width) / 8
    for _ in range(int(rng.integers(1, most + 1))):
        start = colored[int(rng.integers(len(colored)))][::-1]
        path = np.cumsum(rng.normal(0, reach / 3, (int(rng.integers(1, 5)), 2)), axis=0) + start
        stroke = np.zeros((height, width), np.uint8)
        points = np.vstack([start, path]).round().astype(np.int32)
        cv2.polylines(stroke, [points], False, 1, thickness=int(rng.integers(2, 7)))
        rows, columns = np.nonzero(stroke)
        below = photo[rows, columns].astype(np.float32)
        color = np.median(below, axis=0)
        # Where a stroke leaves its colour it would tell a lie.
        near = np.abs(below - color).max(axis=1) < SAME_COLOR
        hints[rows[near], columns[near]] = (*color.astype(np.uint8), 255)
    return hints


def _penned(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lines of one thickness, short ones left out."""
    lines = ink > 0.4
    if rng.random() < 0.6:
        lines = thinned(lines)
    lines = without_specks(lines, int(rng.integers(1, 18)))
    return _thickened(lines, rng)


def _straightened(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lines drawn again in straight strokes."""
    lines = without_specks(thinned(ink > 0.4), int(rng.integers(4, 20)))
    contours, _ = cv2.findContours(lines.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    slack = float(rng.uniform(0.7, 2.2))
    strokes = [cv2.approxPolyDP(contour, slack, True) for contour in contours]
    drawn = np.zeros(ink.shape, np.uint8)
    cv2.polylines(drawn, strokes, True, 255, thickness=1, lineType=cv2.LINE_AA)
    return _thickened(drawn.astype(np.float32) / 255, rng)


def _thickened(lines: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lines one to three pixels wide, their borders soft or hard."""
    ink: np.ndarray = lines.astype(np.float32)
    if (width := int(rng.integers(1, 4))) > 1:
        brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
        ink = cv2.dilate(ink, brush)
    if rng.random() < 0.6:
        ink = np.clip(1.6 * cv2.GaussianBlur(ink, (0, 0), float(rng.uniform(0.4, 0.8))), 0, 1)
    return ink


def _bent(ink: np.ndarray, rng: np.random.Generator, wobble: float) -> np.ndarray:
    """Lines moved by a smooth random field."""
    height, width = ink.shape
    coarse = max(2, round(max(height, width) / float(rng.uniform(8, 40))))
    field = rng.normal(0, wobble * rng.random(), (2, coarse, coarse)).astype(np.float32)
    across, down = (cv2.resize(f, (width, height), interpolation=cv2.INTER_CUBIC) for f in field)
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    return cv2.remap(ink, columns + across, rows + down, cv2.INTER_LINEAR)


def _rub_out(ink: np.ndarray, rng: np.random.Generator) -> None:
    """Remove a small round piece of some line."""
    places = np.flatnonzero(ink > 0.4)
    if len(places):
        row, column = divmod(int(places[rng.integers(len(places))]), ink.shape[1])
        cv2.circle(ink, (column, row), int(rng.integers(1, 5)), 0.0, -1)
