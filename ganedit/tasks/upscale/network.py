"""The upscaling generator: a plain chain at low resolution and one shuffle."""

import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.nets.init import kaiming_
from ganedit.tasks.upscale.options import NetworkOptions

SLOPE = 0.1
# Bicubic interpolation looks at two pixels either side.
BICUBIC_HALO = 2


class Upscaler(nn.Module):
    """3×3 convolutions at the input's resolution, sub-pixel convolution (Shi et al. 2016) last.

    The network predicts what bicubic interpolation lacks, and adds it in float32: a bf16 picture
    would have steps of 1/256. There is no normalisation and no pooled attention, so an output
    pixel depends on a fixed neighbourhood only, `halo` pixels wide, and tiles can be exact.

    `(N, 3, H, W)` RGB in [0, 1] → float32 `(N, 3, scale·H, scale·W)`, not clamped.
    """

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__()
        self.options = options
        width = options.width
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1), nn.LeakyReLU(SLOPE, inplace=True)]
        for _ in range(options.depth):
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(SLOPE, inplace=True)]
        self.body = nn.Sequential(*layers)
        self.tail = nn.Conv2d(width, 3 * options.scale**2, 3, padding=1)
        kaiming_(self, SLOPE)
        # Begin near bicubic: a full-sized random residual costs the first thousand steps.
        self.tail.weight.data.mul_(0.1)

    @property
    def halo(self) -> int:
        """Input pixels around an output pixel's source that can influence it."""
        return max(self.options.depth + 2, BICUBIC_HALO)

    def forward(self, pictures: Tensor) -> Tensor:
        scale = self.options.scale
        residual = F.pixel_shuffle(self.tail(self.body(pictures)), scale)
        base = F.interpolate(pictures.float(), scale_factor=scale, mode="bicubic")
        return base + residual.float()
