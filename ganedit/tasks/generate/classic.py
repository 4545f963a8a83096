"""Generators without styles: a code is enlarged step by step, by residual blocks or without."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.nets.equalized import Conv, Dense
from ganedit.tasks.generate.network import COARSEST, Generator, channels_of, doubled
from ganedit.tasks.generate.options import NetworkOptions


class Enlarging(Generator):
    """A code becomes 4×4 pixels of many channels, which blocks make larger and fewer.

    Batch norm (Radford et al. 2016) keeps signals alive in training; drawing uses its running
    statistics, so that a picture does not depend on those that are drawn beside it.
    """

    def __init__(self, options: NetworkOptions, blocks: Sequence[nn.Module]) -> None:
        super().__init__(options)
        first, last = channels_of(options)[0], channels_of(options)[-1]
        self.grow = Dense(options.latent, first * COARSEST**2)
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.BatchNorm2d(last)
        self.to_picture = Conv(last, 3, 3)

    def first_weights(self) -> Tensor:
        return self.grow.weight

    def forward(
        self, codes: Tensor, noise: Sequence[Tensor], side: int | None = None, fade: float = 1.0
    ) -> Tensor:
        x = self.grow(codes[:, 0]).unflatten(1, (-1, COARSEST, COARSEST))
        x = self.blocks(x.contiguous(memory_format=torch.channels_last))
        result: Tensor = torch.sigmoid(self.to_picture(F.relu(self.norm(x))))
        return result


class ResNetGenerator(Enlarging):
    """Residual blocks that interpolate (Gulrajani et al. 2017, but for bilinear enlargement)."""

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__(options, [Residual(n, m) for n, m in pairwise(channels_of(options))])


class DCGenerator(Enlarging):
    """Transposed convolutions (DCGAN, Radford et al. 2016)."""

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__(options, [Transposed(n, m) for n, m in pairwise(channels_of(options))])


class Residual(nn.Module):
    """`(N, inputs, H, W)` → `(N, outputs, 2H, 2W)`: two convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first_norm, self.second_norm = nn.BatchNorm2d(inputs), nn.BatchNorm2d(outputs)
        self.first = Conv(inputs, outputs, 3)
        self.second = Conv(outputs, outputs, 3)
        self.shortcut = Conv(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.first(doubled(F.relu(self.first_norm(x))))
        y = self.second(F.relu(self.second_norm(y)))
        # A 1×1 convolution and an interpolation may change places, at a quarter of the cost.
        result: Tensor = y + doubled(self.shortcut(x))
        return result


class Transposed(nn.Module):
    """`(N, inputs, H, W)` → `(N, outputs, 2H, 2W)`.

    Kernels of 4 at a stride of 2 meet every pixel equally often, which keeps checkerboards away
    as far as a transposed convolution can (Odena et al. 2016).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.conv = Conv(inputs, outputs, 4, transposed=True)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.conv(F.relu(self.norm(x)))
        return result
