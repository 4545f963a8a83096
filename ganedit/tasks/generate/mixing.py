"""Style mixing: codes of which coarse and fine layers have a different one (Karras et al. 2019)."""

import torch
from torch import Tensor

from ganedit.tasks.generate.network import Generator


def noise_pair(generator: Generator, count: int) -> Tensor:
    """Noise `(2, count, latent)` of two codes that may be mixed, on the CPU."""
    both = torch.randn(2, count, generator.options.latent)
    if generator.dials:  # their dials are at the same places
        both[1, :, : generator.dials[-1].end] = both[0, :, : generator.dials[-1].end]
    return both


def mixed(coarse: Tensor, fine: Tensor, generator: Generator, share: float) -> Tensor:
    """Codes for every layer, `(N, layers, latent)`, of two codes `(N, latent)`.

    Args:
        coarse: for the first layers.
        fine: for the last ones, from a random layer on.
        generator: whose layers.
        share: of the pictures that are mixed; the others have the first code in all layers.
    """
    if generator.layers == 1:
        return generator.spread(coarse)
    layers = torch.arange(generator.layers)
    # Past the last layer nothing is mixed in.
    turn = torch.randint(1, generator.layers, (len(coarse),))
    turn[torch.rand(len(coarse)) >= share] = generator.layers
    swapped = (layers >= turn[:, None]).to(coarse.device)
    return torch.where(swapped[:, :, None], fine[:, None], coarse[:, None])
