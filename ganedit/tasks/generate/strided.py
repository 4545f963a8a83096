"""Pictures to vectors, by strided convolutions."""

import math
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.tasks.generate.network import COARSEST, SLOPE


class Strided(nn.Module):
    """`(N, 3, size, size)` in [0, 1] → `(N, out)`.

    Args:
        size: side of the pictures, a power of two.
        width: channels of the first layer; deeper ones have up to six times as many.
        out: length of the vectors.
    """

    def __init__(self, size: int, width: int, out: int) -> None:
        super().__init__()
        steps = int(math.log2(size / COARSEST))
        channels = [3, *(min(width * 2**i, width * 6) for i in range(steps))]
        self.body = nn.ModuleList(
            nn.Conv2d(n, m, 4, stride=2, padding=1) for n, m in pairwise(channels)
        )
        self.squeeze = nn.Linear(channels[-1] * COARSEST**2, out)

    def forward(self, pictures: Tensor) -> Tensor:
        x = pictures * 2 - 1
        for conv in self.body:
            x = F.leaky_relu(conv(x), SLOPE)
        return F.leaky_relu(self.squeeze(x.flatten(1)), SLOPE)
