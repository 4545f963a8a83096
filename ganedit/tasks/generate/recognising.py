"""A reader of what pictures were drawn from: its class, its codes.

With codes it makes a generator give them a meaning (InfoGAN, Chen et al. 2016), with classes it
teaches them in the place of critics (AC-GAN, Odena et al. 2017).
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.tasks.generate.dials import Dial
from ganedit.tasks.generate.network import COARSEST, SLOPE

HIDDEN = 128


class Recogniser(nn.Module):
    """`(N, 3, size, size)` in [0, 1] → logits of classes `(N, classes)` and numbers of dials.

    The latter, `(N, D)`, are logits of the choices of each categorical dial, and the places of
    continuous ones, in the order of the dials.
    """

    def __init__(self, size: int, classes: int, dials: Sequence[Dial], width: int = 32) -> None:
        super().__init__()
        self.dials, self.classes = dials, classes
        steps = int(math.log2(size / COARSEST))
        channels = [3, *(min(width * 2**i, width * 4) for i in range(steps))]
        # Normalised over each batch, since the first pictures hardly differ.
        self.body = nn.ModuleList(
            nn.Sequential(nn.Conv2d(n, m, 4, stride=2, padding=1), nn.BatchNorm2d(m))
            for n, m in pairwise(channels)
        )
        self.squeeze = nn.Linear(channels[-1] * COARSEST**2, HIDDEN)
        self.read = nn.Linear(HIDDEN, classes + (dials[-1].end if dials else 0))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        x = pictures * 2 - 1
        for layer in self.body:
            x = F.leaky_relu(layer(x), SLOPE)
        x = self.read(F.leaky_relu(self.squeeze(x.flatten(1)), SLOPE)).float()
        return x[:, : self.classes], x[:, self.classes :]

    def missed(self, read: Tensor, values: Tensor) -> Tensor:
        """How far dials are from what was read of them.

        Its negative is a lower bound of what pictures tell of the dials, in nats, but for a
        constant: of continuous ones a normal distribution of deviation 1/2 is taken to be read.

        Args:
            read: `(N, D)`, as `forward` returns it.
            values: `(N, D)`, as `Dial.read` of the noise makes them.
        """
        terms = []
        for dial in self.dials:
            own = slice(dial.start, dial.end)
            if dial.choices == 1:
                terms.append(2 * (read[:, own] - values[:, own]).square().mean())
            else:
                terms.append(F.cross_entropy(read[:, own], values[:, own]))
        return torch.stack(terms).sum()
