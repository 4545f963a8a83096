"""The upscaling generator: residual blocks at low resolution, some at half of it, one shuffle."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.nets.fused import conv_add, conv_leaky_relu
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
        return conv_add(self.second, conv_leaky_relu(self.first, x, SLOPE), x)


class Trunk(nn.Module):
    """Residual blocks at half the resolution, added to what comes in.

    A step there costs a quarter and sees twice as far: room for four times the weights, where
    damaged pictures hold what they still have. New ones add nothing, so that a trained network
    can be given a trunk and goes on from what it was.

    `(N, width, H, W)` → the same. An odd side is taken as if zeros followed.
    """

    def __init__(self, width: int, inner: int, blocks: int) -> None:
        super().__init__()
        self.down = _conv(4 * width, inner)
        self.body = nn.Sequential(*(ResidualBlock(inner) for _ in range(blocks)))
        self.up = _conv(inner, 4 * width)
        kaiming_(self.down, SLOPE)
        for parameter in self.up.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        even = F.pad(x, (0, width % 2, 0, height % 2))
        halved = F.pixel_unshuffle(even, 2).contiguous(memory_format=torch.channels_last)
        added = F.pixel_shuffle(self.up(self.body(self.down(halved))), 2)
        total = x + added[..., :height, :width]
        return total.contiguous(memory_format=torch.channels_last)


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
        self.trunk: Trunk | None = None
        if options.trunk_blocks:
            self.trunk = Trunk(width, options.trunk_width, options.trunk_blocks)
        self.gather = _conv(width, width)
        self.tail = _conv(width, 3 * options.scale**2)
        self.base = BicubicPhases(options.scale)
        for conv in (self.head, self.gather, self.tail):
            kaiming_(conv, SLOPE)
        # Begin near bicubic: a full-sized random residual costs the first thousand steps.
        self.tail.weight.data.mul_(0.1)

    @property
    def scale(self) -> int:
        """Enlargement per side."""
        return self.options.scale

    @property
    def bytes_per_pixel(self) -> int:
        """Memory that one input pixel takes while the network runs (fp32)."""
        # Two layers of activations at a time, then the enlarged picture a few times over.
        return 4 * (3 * self.options.width + 6 * 3 * self.scale**2)

    @property
    def halo(self) -> int:
        """Input pixels around an output pixel's source that can influence it: one a layer."""
        reach = 2 * self.options.blocks + 3
        if self.trunk is not None:
            # Two a layer, and the other pixel of each pair.
            reach += 2 * (2 * self.options.trunk_blocks + 2) + 1
        return reach

    @property
    def multiple(self) -> int:
        """Where tiles may begin: the trunk takes pixels by pairs, counted from the first.

        A picture itself may be of any size.
        """
        return 1 if self.trunk is None else 2

    def phases(self, pictures: Tensor) -> Tensor:
        """The enlarged picture before its pixels are put in place.

        `(N, 3, H, W)` → float32 `(N, 3·scale², H, W)`: for each colour the `scale²` pixels that
        a pixel becomes. Work on all of them is fastest here, at low resolution.
        """
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        colors = pictures.to(self.head.weight.dtype)
        x = self.head(colors)
        for number, block in enumerate(self.body):
            if self.trunk is not None and number == len(self.body) // 2:
                x = self.trunk(x)
            x = block(x)
        x = self.gather(x)
        # The long skip. The blocks may have overwritten it, and the first layer costs least.
        x = conv_add(self.head, colors, x)
        residual: Tensor = self.tail(x)
        enlarged: Tensor = self.base(pictures.float())
        return enlarged.add_(residual)

    def forward(self, pictures: Tensor) -> Tensor:
        return F.pixel_shuffle(self.phases(pictures), self.options.scale)


class BicubicPhases(nn.Module):
    """Bicubic enlargement as one small convolution, a tenth of the cost of `F.interpolate`.

    `(N, 3, H, W)` → `(N, 3·scale², H, W)` in float32, in the order that `pixel_shuffle` takes.
    """

    def __init__(self, scale: int) -> None:
        super().__init__()
        # The response to one bright pixel holds all weights: each phase sees 5×5 neighbours.
        impulse = torch.zeros(1, 1, 7, 7)
        impulse[0, 0, 3, 3] = 1
        response = F.interpolate(impulse, scale_factor=scale, mode="bicubic")
        kernel = F.pixel_unshuffle(response, scale)[0, :, 1:6, 1:6].flip(1, 2)
        # Dense, zeros between colours: in one group the output is channels_last like the rest.
        dense = torch.zeros(3, scale**2, 3, 5, 5)
        for color in range(3):
            dense[color, :, color] = kernel
        # Not a buffer: a network in bf16 would round it, and this part has to be exact.
        self.kernel = dense.flatten(0, 1).contiguous(memory_format=torch.channels_last)

    def forward(self, pictures: Tensor) -> Tensor:
        padded = F.pad(pictures, (2, 2, 2, 2), mode="replicate")
        padded = padded.contiguous(memory_format=torch.channels_last)
        with torch.autocast(pictures.device.type, enabled=False):
            return F.conv2d(padded, self.kernel.to(padded.device))
