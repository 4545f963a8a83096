"""The translation generators: residual networks, without checkerboards."""

import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.errors import UsageError
from ganedit.nets.init import kaiming_
from ganedit.tasks.translate.foreign import ResnetGenerator, UNetGenerator
from ganedit.tasks.translate.normalization import HeldNorm
from ganedit.tasks.translate.options import NetworkOptions

# Pixels that sides must be multiples of.
MULTIPLE = 4
SMALLEST = 16


def _conv(inputs: int, outputs: int, kernel: int = 3) -> nn.Conv2d:
    # Reflected borders: zeros would make a frame that the critics see.
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, padding_mode="reflect")


class Block(nn.Module):
    """Two normalised convolutions and a skip."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = _conv(width, width), _conv(width, width)
        self.norms = nn.ModuleList(HeldNorm(width) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        change = F.relu(self.norms[0](self.first(x)))
        result: Tensor = self.norms[1](self.second(change))
        return x + result


class Generator(nn.Module):
    """One direction (Johnson et al. 2016; Zhu et al. 2017), without checkerboards.

    Pictures are averaged before each strided step down and interpolated before each convolution
    on the way up. The result is the picture plus what the network adds, so that the first step
    leaves it as it is. What comes back up cannot undo the finest brushwork: that is left to a
    convolution of the first layer's features.

    `(N, 3, H, W)` RGB in [0, 1], sides multiples of 4 and at least 16 → float32, not clamped.
    """

    multiple = MULTIPLE
    working_size = 512

    def __init__(self, width: int, deep_width: int, blocks: int) -> None:
        super().__init__()
        middle, self.width, self.blocks = 2 * width, width, blocks
        self.head = _conv(3, width, 7)
        self.down = nn.ModuleList([_conv(width, middle), _conv(middle, deep_width)])
        self.body = nn.Sequential(*(Block(deep_width) for _ in range(blocks)))
        self.up = nn.ModuleList([_conv(deep_width, middle), _conv(middle, width)])
        self.norms = nn.ModuleList(HeldNorm(n) for n in (width, middle, deep_width, middle, width))
        self.tail = _conv(width, 3, 7)
        self.fine = _conv(width, 3)
        kaiming_(self)
        self.tail.weight.data.mul_(0.1)
        self.fine.weight.data.zero_()

    @property
    def halo(self) -> int:
        """Pixels around an output pixel that can influence it, statistics aside."""
        # From the tail back: two interpolations and convolutions, the blocks, the way down.
        quarter = 4 + 2 * self.blocks + 1
        half = 2 * quarter + 1 + 1
        return 2 * half + 1 + 3

    def forward(self, pictures: Tensor) -> Tensor:
        seen = (pictures * 2 - 1).to(self.head.weight.dtype)
        x = first = F.relu(self.norms[0](self.head(seen)))
        for conv, norm in zip(self.down, self.norms[1:3], strict=True):
            x = F.relu(norm(conv(F.avg_pool2d(x, 2))))
        x = self.body(x)
        for conv, norm in zip(self.up, self.norms[3:], strict=True):
            # Interpolation last: convolutions at the lower resolution are a quarter of the work.
            x = F.relu(norm(conv(x)))
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        change: Tensor = self.tail(x) + self.fine(first)
        return pictures.float() + change.float()


class Translator(nn.Module):
    """The generators of a run, by the domain they lead to."""

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__()
        self.options = options
        for name in options.to:
            if hasattr(nn.ModuleDict, name):  # it would hide a method of the dict
                raise UsageError(f"{name!r} cannot name a domain; take another word")
        self.to_domain = nn.ModuleDict({name: _generator(options) for name in options.to})

    def forward(self, pictures: Tensor, name: str) -> Tensor:
        result: Tensor = self.to_domain[name](pictures)
        return result


def _generator(options: NetworkOptions) -> Generator | ResnetGenerator | UNetGenerator:
    if options.wiring == "ganedit":
        return Generator(options.width, options.deep_width, options.blocks)
    if options.wiring in ("unet", "unet-affine"):
        return UNetGenerator(options.width, options.blocks, options.wiring)
    return ResnetGenerator(options.width, options.blocks, options.wiring)
