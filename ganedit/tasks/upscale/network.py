"""The upscaling generator: residual blocks at low resolution and one shuffle."""

import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.nets.init import kaiming_
from ganedit.tasks.upscale.options import NetworkOptions

SLOPE = 0.1


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class ResidualBlock(nn.Module):
    """Two convolutions and a skip, without normalisation (EDSR, Lim et al. 2017)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _conv(width, width)
        self.second = _conv(width, width)
        kaiming_(self, SLOPE)
        # Begin as nearly the identity, so that depth does not add up to a large signal.
        self.second.weight.data.mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.second(F.leaky_relu_(self.first(x), SLOPE))
        return x + change


class Upscaler(nn.Module):
    """Residual blocks at the input's resolution, sub-pixel convolution (Shi et al. 2016) last.

    The network predicts what bicubic interpolation lacks, and adds it in float32: a bf16 picture
    would have steps of 1/256. There is no normalisation and no pooled attention, so an output
    pixel depends on a fixed neighbourhood only, `halo` pixels wide, and tiles can be exact.

    `(N, 3, H, W)` RGB in [0, 1] → float32 `(N, 3, scale·H, scale·W)`, not clamped.
    """

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__()
        self.options = options
        width = options.width
        self.head = _conv(3, width)
        self.body = nn.Sequential(*(ResidualBlock(width) for _ in range(options.blocks)))
        self.gather = _conv(width, width)
        self.tail = _conv(width, 3 * options.scale**2)
        for conv in (self.head, self.gather, self.tail):
            kaiming_(conv, SLOPE)
        # Begin near bicubic: a full-sized random residual costs the first thousand steps.
        self.tail.weight.data.mul_(0.1)

    @property
    def halo(self) -> int:
        """Input pixels around an output pixel's source that can influence it: one a layer."""
        return 2 * self.options.blocks + 3

    def forward(self, pictures: Tensor) -> Tensor:
        scale = self.options.scale
        x = self.head(pictures.to(self.head.weight.dtype))
        x = x + self.gather(self.body(x))
        residual = F.pixel_shuffle(self.tail(x), scale)
        base = F.interpolate(pictures.float(), scale_factor=scale, mode="bicubic")
        return base + residual.float()
