"""Differentiable augmentation of what the critic sees (DiffAugment, Zhao et al. 2020)."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

Augment = Callable[[Tensor], Tensor]


def draw_augmentation(size: int, device: torch.device, *, shift: float = 0.125) -> Augment:
    """A random translation and cutout, the same for every picture it is then applied to.

    Real and generated pictures of one step must go through the same draw, or the critic learns
    to tell the draws apart. Colour is left alone: a critic blind to casts lets them pass.

    Args:
        size: side of the `(N, C, size, size)` pictures it will be applied to.
        shift: largest translation, as a share of the size.
    """
    reach = max(1, round(size * shift))
    dy, dx = (int(v) for v in torch.randint(-reach, reach + 1, (2,)))
    hole = size // 4
    top, left = (int(v) for v in torch.randint(0, size - hole + 1, (2,)))
    keep = torch.ones(1, 1, size, size, device=device)
    keep[..., top : top + hole, left : left + hole] = 0

    def apply(pictures: Tensor) -> Tensor:
        padded = F.pad(pictures, (reach, reach, reach, reach))
        moved = padded[..., reach + dy : reach + dy + size, reach + dx : reach + dx + size]
        return moved * keep

    return apply
