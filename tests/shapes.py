"""Drawn shapes whose factors are known: what generators of every kind are tried on."""

import colorsys
from pathlib import Path

import numpy as np
import PIL.Image

HUES = (0.0, 1 / 3, 2 / 3)


def draw_shape(hue: float, size: float, angle: float, side: int = 16) -> np.ndarray:
    """A bar on white: `(side, side, 3)` uint8, its edges smooth.

    Args:
        hue: in [0, 1].
        size: of its longer half, as a share of the side.
        angle: in radians.
        side: of the picture.
    """
    y, x = (np.mgrid[:side, :side] + 0.5) / side - 0.5
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    distance = np.maximum(np.abs(along) - size, np.abs(across) - size / 2) * side
    inside = np.clip(0.5 - distance, 0, 1)[..., None]
    color = np.array(colorsys.hsv_to_rgb(hue, 0.9, 0.85))
    return (255 * (1 - inside + inside * color)).round().astype(np.uint8)


def save_shapes(folder: Path, count: int = 240, side: int = 16, *, hues_only: bool = False) -> Path:
    """Shapes of three hues, which are their folders, at sizes and angles of their own.

    With `hues_only` they hardly differ in anything else.
    """
    rng = np.random.default_rng(0)
    for number in range(count):
        kind = number % len(HUES)
        size, angle = rng.uniform(0.2, 0.42), rng.uniform(-0.4, 0.4)
        if hues_only:
            size, angle = 0.33 + size / 20, angle / 10
        picture = draw_shape(HUES[kind], size, angle, side)
        place = folder / f"hue{kind}" / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(picture).save(place)
    return folder


def hue_of(picture: np.ndarray) -> int:
    """Which of the three hues a picture `(H, W, 3)` in [0, 255] has."""
    ink = 255 - picture.reshape(-1, 3).astype(float)
    # Of a hue, the other two channels are dark.
    return int(ink.mean(0).argmin())


def size_of(picture: np.ndarray) -> float:
    """How much of a picture is covered, as a share."""
    return float((picture.min(axis=2) < 160).mean())


def mutual_information(ours: np.ndarray, theirs: np.ndarray) -> float:
    """In nats, of two sequences of small whole numbers."""
    table = np.zeros((ours.max() + 1, theirs.max() + 1))
    np.add.at(table, (ours, theirs), 1)
    joint = table / table.sum()
    alone = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    known = joint > 0
    return float((joint[known] * np.log(joint[known] / alone[known])).sum())
