"""Grain that pictures get before they are painted."""

import torch
import torch.nn.functional as F
from torch import Tensor

# Pixels between the grain's random values, which are interpolated: as fine as the narrowest
# strokes, and a whole number of them in every picture that the networks take.
LATTICE = 4


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
    soft = F.interpolate(values, size=(height, width), mode="bilinear", align_corners=False)
    return soft.add_(pictures).clamp_(0, 1)
