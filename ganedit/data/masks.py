"""Random holes, to train and to measure filling with."""

from typing import Literal, get_args

import cv2
import numpy as np

MaskKind = Literal["square", "strokes", "scratches"]

MASK_KINDS: tuple[MaskKind, ...] = get_args(MaskKind)
# Share of the picture that strokes and scratches cover when measuring.
STROKES_COVER, SCRATCHES_COVER = 0.21, 0.08


def measuring_mask(kind: MaskKind, side: int, rng: np.random.Generator) -> np.ndarray:
    """The holes that scores are given for, `(side, side)` bool.

    A centred square of half the side; strokes a tenth of the side wide over 21 % of the picture;
    scratches 2 to 4 pixels wide over 8 %.
    """
    if kind == "square":
        hole = np.zeros((side, side), bool)
        hole[side // 4 : side - side // 4, side // 4 : side - side // 4] = True
        return hole
    if kind == "strokes":
        return _covered(side, rng, STROKES_COVER, (side // 12, side // 8))
    return _covered(side, rng, SCRATCHES_COVER, (2, 4))


def training_mask(side: int, rng: np.random.Generator) -> np.ndarray:
    """A hole to learn from, `(side, side)` bool: mostly wide and thick, some thin.

    Wide holes teach structure: to LaMa (Suvorov et al. 2022) they were worth a third of the error.
    """
    kind = rng.choice(["square", "strokes", "scratches"], p=[0.3, 0.45, 0.25])
    if kind == "square":
        hole = np.zeros((side, side), bool)
        height, width = (int(rng.integers(side // 5, side * 9 // 16)) for _ in range(2))
        top, left = (int(rng.integers(side - length + 1)) for length in (height, width))
        hole[top : top + height, left : left + width] = True
        return hole
    if kind == "strokes":
        cover = float(rng.uniform(0.08, 0.35))
        return _covered(side, rng, cover, (side // 16, side // 5))
    return _covered(side, rng, float(rng.uniform(0.02, 0.1)), (2, 5))


def _covered(
    side: int, rng: np.random.Generator, cover: float, widths: tuple[int, int]
) -> np.ndarray:
    """Bent strokes, added until they cover that share of the picture."""
    hole = np.zeros((side, side), np.uint8)
    while hole.mean() < cover:
        width = int(rng.integers(widths[0], widths[1] + 1))
        place, angle = rng.uniform(0, side, 2), rng.uniform(0, 2 * np.pi)
        for _ in range(int(rng.integers(2, 6))):
            angle += rng.uniform(-1, 1)
            step = rng.uniform(0.1, 0.3) * side
            end = place + step * np.array([np.cos(angle), np.sin(angle)])
            cv2.line(hole, _pixel(place), _pixel(end), 1, width)
            place = end
            if hole.mean() >= cover:
                break
    return hole.astype(bool)


def _pixel(place: np.ndarray) -> tuple[int, int]:
    return int(place[0]), int(place[1])
