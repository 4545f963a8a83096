"""Grain that pictures get before they are painted."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.editing import to_samples, to_tensor

# Pixels between the grain's random values, which are interpolated: as fine as the narrowest
# strokes, and a whole number of them in every picture that the networks take.
LATTICE = 4
# A multiple of it: a float32 copy of a whole large picture would take gigabytes.
BAND_ROWS = 256


def grained(pictures: Tensor, deviation: float, seed: int | None = None) -> Tensor:
    """Pictures with soft, coloured grain.

    All places of a plain sky look the same to a convolutional network, so that it can only repeat
    one pattern over it, which shows as a weave. Grain tells places apart, as StyleGAN's noise does
    (Karras et al. 2019), and strokes can begin from it.

    Args:
        pictures: `(N, 3, H, W)` in [0, 1], sides multiples of 4.
        deviation: of the random values, as a share of full scale.
        seed: of the grain; None takes torch's own random numbers.

    Returns:
        The same size and range; the pictures themselves if there is no deviation.
    """
    if not deviation:
        return pictures
    rng = None if seed is None else torch.Generator().manual_seed(seed)
    height, width = pictures.shape[-2:]
    # Always drawn by the CPU: the same grain on every device.
    values = torch.randn(len(pictures), 3, height // LATTICE, width // LATTICE, generator=rng)
    values = values.to(pictures.device, memory_format=torch.channels_last).mul_(deviation)
    return _interpolated(values).add_(pictures).clamp_(0, 1)


def grained_samples(samples: np.ndarray, deviation: float, seed: int) -> np.ndarray:
    """What `grained` makes of `(H, W, 3)` samples, of any size: in bands of rows."""
    rng = torch.Generator().manual_seed(seed)
    height, width = samples.shape[:2]
    values = torch.randn(1, 3, height // LATTICE, width // LATTICE, generator=rng).mul_(deviation)
    result = np.empty_like(samples)
    for top in range(0, height, BAND_ROWS):
        rows = slice(top, min(top + BAND_ROWS, height))
        # Interpolated between a value and its neighbours: one more of them on either side.
        first = max(0, rows.start // LATTICE - 1)
        soft = _interpolated(values[:, :, first : rows.stop // LATTICE + 1])
        soft = soft[:, :, rows.start - first * LATTICE :][:, :, : rows.stop - rows.start]
        picture = soft + to_tensor(samples[rows], torch.device("cpu"))
        result[rows] = to_samples(picture, samples.dtype, channels=3)
    return result


def _interpolated(values: Tensor) -> Tensor:
    """Random values at the resolution of the pictures that get them."""
    size = values.shape[2] * LATTICE, values.shape[3] * LATTICE
    return F.interpolate(values, size=size, mode="bilinear", align_corners=False)
