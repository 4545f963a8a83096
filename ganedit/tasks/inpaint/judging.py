"""How well a fill goes with what is around it, told without a truth and without a network."""

import math

import numpy as np

from ganedit.image import Image
from ganedit.tasks.inpaint import appearance
from ganedit.tasks.inpaint.holes import surroundings

# The seam that photographs have where nothing was filled, and how much it, missing detail and
# missing grain (in octaves) count.
USUAL_SEAM, SEAM, DETAIL, GRAIN = 0.9, 1.2, 0.5, 0.5


def fit_of(filled: Image, hole: np.ndarray) -> float:
    """A judgement of a fill in percent: 100 is a seam, detail and grain as photographs have them.

    It compares candidates for one hole; whether a fill makes sense it does not know.

    Args:
        filled: the photo after the edit.
        hole: `(H, W)` bool, what was marked.
    """
    window = surroundings(hole)
    samples = filled.samples[window].astype(np.float32) * (255 / np.iinfo(filled.samples.dtype).max)
    luma = appearance.luma_of(np.broadcast_to(samples, (*samples.shape[:2], 3)))
    inside = hole[window]
    seam = math.log2(max(appearance.seam(luma, inside), USUAL_SEAM) / USUAL_SEAM)
    detail, grain = (max(0.0, -measured(luma, inside))
                     for measured in (appearance.sharpness, appearance.noise))  # fmt: skip
    return 100 * math.exp(-(SEAM * seam + DETAIL * detail + GRAIN * grain))
