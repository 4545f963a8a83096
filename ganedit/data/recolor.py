"""Other colours for training pictures: few photographs hold the saturated ones of logos."""

from collections.abc import Callable

import numpy as np

# How far hues turn, in degrees, and by how much colours are drawn from grey or towards it.
TURN, SATURATION = 180.0, (0.0, 2.0)
_GREY = np.full((3, 3), 1 / 3)

Recolor = Callable[[np.ndarray], np.ndarray]


def draw_recolor(rng: np.random.Generator) -> Recolor:
    """A random exchange of channels, turn of hues and change of saturation; grey stays grey.

    The result is applied to `(H, W, 3)` uint8 pictures: the same to a crop and what was made
    of it.
    """
    matrix = np.eye(3)[rng.permutation(3)]
    if rng.random() < 0.5:
        matrix = matrix @ _turned(np.radians(rng.uniform(-TURN, TURN)))
    if rng.random() < 0.5:
        saturation = rng.uniform(*SATURATION)
        matrix = matrix @ (saturation * np.eye(3) + (1 - saturation) * _GREY)
    weights = matrix.T.astype(np.float32)

    def apply(picture: np.ndarray) -> np.ndarray:
        changed: np.ndarray = np.clip(picture @ weights + 0.5, 0, 255).astype(np.uint8)
        return changed

    return apply


def _turned(angle: float) -> np.ndarray:
    """The rotation of RGB around the grey axis (Rodrigues' formula)."""
    axis = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    cosine, sine = np.cos(angle), np.sin(angle)
    matrix: np.ndarray = cosine * np.eye(3) + sine * axis + (1 - cosine) * _GREY
    return matrix
