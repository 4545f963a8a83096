"""The drawings of `examples/drawings`, as a mouse draws them.

    python benchmarks/mouse_drawings.py

Strokes go through a few points each, in an unsteady hand, without any anti-aliasing, as in a
paint program. They are no tracings of photographs.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from ganedit.image import Image

SIDE = 320
PEN = 3
# Points that a stroke is given between two of its own, and how far the hand is off, of 100.
BETWEEN, UNSTEADY = 8, 0.45
FOLDER = Path(__file__).parents[1] / "examples" / "drawings"

Stroke = Sequence[tuple[float, float]]

# In a square of 100 a side, from the top left.
DRAWINGS: dict[str, list[Stroke]] = {
    "sneaker": [
        [(14, 46), (16, 58), (15, 66), (30, 69), (55, 70), (80, 70), (88, 66), (86, 60), (74, 55),
         (62, 49), (52, 41), (45, 35), (40, 37), (33, 43), (24, 42), (18, 38), (14, 46)],
        [(15, 62), (40, 64), (65, 65), (88, 64)],
        [(50, 47), (56, 42)], [(55, 51), (61, 46)], [(60, 54), (66, 49)],
        [(26, 60), (38, 52), (48, 60)],
        [(75, 55), (73, 62), (74, 65)],
    ],
    "boot": [
        [(30, 16), (29, 34), (27, 52), (22, 66), (22, 76), (40, 78), (62, 78), (80, 78), (84, 73),
         (80, 66), (66, 61), (56, 55), (53, 42), (54, 28), (55, 15), (42, 17), (30, 16)],
        [(22, 72), (36, 73), (60, 73), (83, 74)],
        [(30, 22), (42, 23), (55, 21)],
        [(22, 77), (23, 83), (36, 83), (37, 78)],
    ],
    "sandal": [
        [(12, 60), (14, 66), (34, 70), (60, 72), (84, 71), (88, 66), (78, 63), (56, 62), (34, 58),
         (20, 52), (12, 54), (12, 60)],
        [(58, 62), (62, 52), (70, 48), (78, 52), (80, 63)],
        [(64, 62), (67, 55), (73, 55), (75, 63)],
        [(20, 53), (24, 40), (32, 36), (38, 42), (40, 59)],
        [(26, 54), (29, 44), (33, 44), (35, 58)],
        [(36, 44), (50, 50), (61, 54)],
    ],
    "pump": [
        [(18, 40), (20, 50), (26, 56), (36, 60), (50, 68), (64, 76), (82, 78), (88, 74), (82, 68),
         (70, 62), (58, 56), (46, 50), (36, 46), (26, 40), (18, 40)],
        [(20, 50), (22, 62), (24, 78), (28, 78), (29, 66), (34, 59)],
        [(58, 56), (64, 60), (72, 62)],
    ],
    "loafer": [
        [(14, 50), (15, 64), (36, 68), (60, 68), (84, 67), (87, 61), (78, 54), (64, 48), (54, 44),
         (44, 48), (32, 50), (22, 46), (14, 50)],
        [(14, 61), (40, 64), (64, 65), (87, 63)],
        [(54, 44), (52, 51), (60, 56), (70, 55), (72, 51)],
        [(30, 50), (40, 54), (52, 51)],
    ],
    "handbag": [
        [(20, 46), (17, 84), (50, 86), (84, 84), (80, 46), (50, 44), (20, 46)],
        [(34, 46), (34, 28), (42, 17), (58, 17), (66, 28), (67, 46)],
        [(38, 46), (39, 30), (45, 22), (55, 22), (61, 30), (62, 46)],
        [(20, 54), (50, 57), (81, 54)],
        [(46, 56), (46, 64), (54, 64), (54, 56)],
    ],
    "backpack": [
        [(28, 30), (24, 52), (22, 84), (50, 87), (78, 84), (76, 52), (72, 30), (62, 20), (50, 17),
         (38, 20), (28, 30)],
        [(42, 18), (43, 10), (57, 10), (58, 18)],
        [(30, 58), (30, 78), (70, 78), (70, 58), (50, 55), (30, 58)],
        [(30, 64), (50, 66), (70, 64)],
        [(28, 40), (50, 46), (72, 40)],
    ],
    "tote": [
        [(22, 40), (28, 84), (72, 84), (78, 40), (50, 39), (22, 40)],
        [(36, 40), (38, 22), (50, 14), (62, 22), (64, 40)],
        [(24, 48), (50, 48), (77, 48)],
    ],
    "briefcase": [
        [(14, 38), (14, 78), (50, 79), (86, 78), (86, 38), (50, 37), (14, 38)],
        [(40, 37), (40, 29), (60, 29), (60, 37)],
        [(14, 54), (50, 56), (86, 54)],
        [(46, 52), (46, 60), (54, 60), (54, 52), (46, 52)],
    ],
    "duffel": [
        [(14, 50), (12, 62), (15, 76), (50, 78), (85, 76), (88, 62), (86, 50), (76, 44), (50, 43),
         (24, 44), (14, 50)],
        [(32, 44), (34, 30), (50, 25), (66, 30), (68, 44)],
        [(28, 45), (28, 77)], [(72, 45), (72, 77)],
        [(18, 50), (50, 49), (82, 50)],
    ],
}  # fmt: skip


def drawn(strokes: Sequence[Stroke], rng: np.random.Generator) -> np.ndarray:
    """A drawing `(SIDE, SIDE, 1)` uint8."""
    page = np.full((SIDE, SIDE), 255, np.uint8)
    for stroke in strokes:
        points = _curve(np.array(stroke, float)) + rng.normal(0, UNSTEADY, (1, 2))
        # A hand drifts: what it is off by at a point it is off by at the next one, nearly.
        drift = np.cumsum(rng.normal(0, UNSTEADY / 2, points.shape), axis=0)
        drift -= np.linspace(0, 1, len(points))[:, None] * drift[-1]
        path = ((points + drift) * SIDE / 100).round().astype(np.int32)
        cv2.polylines(page, [path], False, 0, PEN, cv2.LINE_8)
    return page[..., None]


def _curve(points: np.ndarray) -> np.ndarray:
    """Points on a smooth curve (Catmull and Rom 1974) through some, `(M, 2)`."""
    ends = np.vstack([points[0], points, points[-1]])
    share = np.linspace(0, 1, BETWEEN, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        parts.append(0.5 * (
            2 * b + (c - a) * share + (2 * a - 5 * b + 4 * c - d) * share**2
            + (3 * b - a - 3 * c + d) * share**3
        ))  # fmt: skip
    return np.vstack([*parts, points[-1:]])


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for number, (name, strokes) in enumerate(DRAWINGS.items()):
        picture = drawn(strokes, np.random.default_rng(number))
        Image(picture).save(FOLDER / f"{name}.png", overwrite=True)


if __name__ == "__main__":
    main()
