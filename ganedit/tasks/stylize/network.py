"""The stylizer: what a style is to it, and how it paints a picture in one."""

from collections.abc import Sequence
from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.nets.init import kaiming_
from ganedit.tasks.stylize.options import NetworkOptions

# Pixels that sides must be multiples of.
MULTIPLE = 8
SMALLEST = 32
# Added to both deviations of a ratio: what is plain stays plain, instead of its noise being blown
# up to the style's contrast, and equal deviations leave it as it is.
LEAST_DEVIATION = 0.02
# A fog is not blown up to more than so many times its contrast.
LARGEST_RATIO = 8.0
# Of activations, and of a convolution before one, which about halves the squares.
SLOPE = 0.2
GAIN = (2 / (1 + SLOPE**2)) ** 0.5
# Residual blocks at the end of the encoder, which see the most of a picture.
DEEPEST_BLOCKS = 2


class Conv(nn.Module):
    """A convolution of kernels of unit length, whose input channels a style may scale.

    What comes out is as large as what goes in, however the kernels grow and whatever the style is:
    without that, a chain of two dozen ends in numbers without measure. Kernels are brought to
    unit length with the scales in them (demodulation, StyleGAN2, Karras et al. 2020).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3)

    def forward(self, x: Tensor, scale: Tensor | None = None) -> Tensor:
        """Map `(N, inputs, H, W)`; `scale` is `(N, inputs, 1, 1)`."""
        squares = self.conv.weight.float().square().sum((2, 3))
        if scale is None:
            length = squares.sum(1)[None]
        else:
            x = x * scale
            length = scale.flatten(1).float().square() @ squares.T
        gain = (GAIN * torch.rsqrt(length + 1e-8))[:, :, None, None].to(x.dtype)
        bias = self.conv.bias
        assert bias is not None
        # Reflected borders: zeros would frame the result.
        plain = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), self.conv.weight)
        return torch.addcmul(bias[:, None, None], plain, gain)


class Block(nn.Module):
    """Two convolutions and a skip."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.convs = nn.ModuleList(Conv(width, width) for _ in range(2))
        self.share = nn.Parameter(torch.full((width, 1, 1), 0.3))

    def forward(self, x: Tensor, signals: Sequence[tuple[Tensor, Tensor]] = ()) -> Tensor:
        """`signals` are a scale of the channels before each convolution and a shift after it."""
        change = x
        for number, conv in enumerate(self.convs):
            change = _activated(change) if number else change
            if signals:
                scale, shift = signals[number]
                change = conv(change, scale) + shift
            else:
                change = conv(change)
        return torch.addcmul(x, change, self.share)


class Stylizer(nn.Module):
    """Paints any picture in the style of any other, in one pass.

    After adaptive instance normalisation (Huang and Belongie 2017) with an encoder of its own in
    the place of VGG19's (MicroAST, Wang et al. 2023). A style is a *code*: channel means and
    deviations of its pixels and of its features at each resolution down to an eighth. The
    picture's pixels get the style's means and deviations, its features are normalised by its own
    code and then scaled and shifted as the style's code asks for (conditional instance
    normalisation, Dumoulin et al. 2017, Ghiasi et al. 2017), and what is made of them is added.
    Statistics are arguments: those of a whole picture serve all of its tiles.

    Pictures are `(N, 3, H, W)` RGB in [0, 1], sides multiples of 8 and at least 32; codes are
    `(N, D)` float32.
    """

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__()
        self.options = options
        widths = options.widths
        self.widths = (3, *widths)
        self.down = nn.ModuleList(Conv(n, m) for n, m in zip(self.widths, widths, strict=False))
        self.deepest = nn.Sequential(*(Block(widths[-1]) for _ in range(DEEPEST_BLOCKS)))
        # From the lowest resolution up; at the full one there are no blocks.
        below = widths[:0:-1]
        levels = zip(below, options.blocks, strict=True)
        blocks = [[Block(width) for _ in range(count)] for width, count in levels]
        self.blocks = nn.ModuleList(nn.ModuleList(level) for level in blocks)
        self.up = nn.ModuleList(Conv(n, m) for n, m in zip(below, widths[-2::-1], strict=True))
        self.fine = Conv(widths[0], widths[0])
        self.tail = nn.Conv2d(widths[0], 3, 3, padding=1, padding_mode="reflect")
        every = list(chain.from_iterable(blocks))
        # A scale and a shift for the features of each resolution, and in blocks for each of two
        # convolutions.
        steered = [*widths, *(block.width for block in every for _ in range(2))]
        self.modulated = [width for width in steered for _ in range(2)]
        self.modulation = nn.Sequential(
            nn.Linear(self.code_size, options.hidden), nn.LeakyReLU(SLOPE),
            nn.Linear(options.hidden, options.hidden), nn.LeakyReLU(SLOPE),
            nn.Linear(options.hidden, sum(self.modulated)),
        )  # fmt: skip
        kaiming_(self, SLOPE)
        # At first, the result is about the picture in the style's colours.
        self.tail.weight.data.mul_(0.1)

    @property
    def code_size(self) -> int:
        """Length of a code: a mean and a deviation for each channel of each level."""
        return 2 * sum(self.widths)

    @property
    def halo(self) -> int:
        """Pixels around an output pixel that can influence it, statistics aside."""
        reach = 2 * DEEPEST_BLOCKS
        for count in self.options.blocks:
            # The convolution on the way down, the blocks, and the convolution on the way up; then
            # what pooling takes together, and what is interpolated between.
            reach = 2 * (reach + 1 + 2 * count + 1) + 2
        return reach + 1 + 2  # and at full resolution: the first one, fine and tail

    def encode(self, pictures: Tensor) -> Tensor:
        """The code of each picture."""
        return code_of(self.levels(pictures))

    def forward(
        self,
        pictures: Tensor,
        style: Tensor,
        own: Tensor | None = None,
        levels: Sequence[Tensor] | None = None,
    ) -> Tensor:
        """Paint pictures in the style of the code `style`.

        Returns float32, not clamped. A weighted mean of codes is a style between them; one of a
        picture's own code and a style is that style with less strength.

        Args:
            pictures: `(N, 3, H, W)`.
            style: `(N, D)`, or `(1, D)` for all of them.
            own: the code of each whole picture, where `pictures` are tiles of one; found here
                otherwise.
            levels: what `levels` made of `pictures`, if that is known.
        """
        levels = [*(self.levels(pictures) if levels is None else levels)]
        there = self._split(code_of(levels) if own is None else own), self._split(style)
        signals = iter(self._signals(style, levels[-1].dtype))
        (own_colors, *own_features), (colors, *_) = there
        styled = _recolored(levels[0], *own_colors, *colors)
        features = zip(levels[1:], own_features, strict=True)
        levels = []
        for x, of in features:
            scale, shift = next(signals)
            levels.append(torch.addcmul(shift, _normalised(x, *of), scale))
        x = levels.pop()
        for number, blocks in enumerate(self.blocks):
            assert isinstance(blocks, nn.ModuleList)
            for block in blocks:
                x = block(x, [next(signals), next(signals)])
            # Interpolation last: convolutions at the lower resolution are a quarter of the work.
            x = F.interpolate(
                self.up[number](x), scale_factor=2, mode="bilinear", align_corners=False
            )
            x = _activated(x + levels.pop())
        change: Tensor = self.tail(_activated(self.fine(x)))
        return styled.float() + change.float()

    def levels(self, pictures: Tensor) -> list[Tensor]:
        """The pictures, and their features `(N, C, H/2^k, W/2^k)` down to the lowest resolution."""
        x = pictures.to(self.tail.weight.dtype)
        levels = [x]
        x = 2 * x - 1
        for number, conv in enumerate(self.down):
            x = _activated(conv(F.avg_pool2d(x, 2) if number else x))
            levels.append(x)
        levels[-1] = self.deepest(x)
        return levels

    def _split(self, code: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Mean and deviation of each level, `(N, C, 1, 1)`."""
        sizes = [width for width in self.widths for _ in range(2)]
        parts = [part[:, :, None, None] for part in torch.split(code, sizes, dim=1)]
        return list(zip(parts[::2], parts[1::2], strict=True))

    def _signals(self, style: Tensor, dtype: torch.dtype) -> list[tuple[Tensor, Tensor]]:
        """Scales and shifts `(N, C, 1, 1)`: of each resolution's features, then in blocks."""
        described: list[Tensor] = []
        for mean, deviation in self._split(style):
            # As numbers that differ by about one between styles.
            described += [2 * mean, (deviation + LEAST_DEVIATION).log() + 2]
        steered = self.modulation(torch.cat(described, dim=1).flatten(1).to(dtype))
        parts = [part[:, :, None, None] for part in torch.split(steered, self.modulated, dim=1)]
        return [(1 + scale, shift) for scale, shift in zip(parts[::2], parts[1::2], strict=True)]


def _activated(x: Tensor) -> Tensor:
    # Leaky: of the few channels at full resolution, not one may die.
    return F.leaky_relu(x, SLOPE)


def code_of(levels: Sequence[Tensor]) -> Tensor:
    """Means and deviations of `Stylizer.levels`, `(N, D)`.

    In float32 throughout: sums over a large picture outgrow what bf16 can add.
    """
    found: list[Tensor] = []
    for level in levels:
        # The deviation of what is plain has no slope: a variance too small to matter gives it one.
        variance, mean = torch.var_mean(level.float(), dim=(2, 3), correction=0)
        found += [mean, (variance + 1e-8).sqrt()]
    return torch.cat(found, dim=1)


def _normalised(x: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Instance normalisation by known statistics; what is plain stays plain."""
    ratio = 1 / (deviation + LEAST_DEVIATION)
    return torch.addcmul((-mean * ratio).to(x.dtype), x, ratio.to(x.dtype))


def _recolored(x: Tensor, mean: Tensor, deviation: Tensor, to: Tensor, spread: Tensor) -> Tensor:
    """Pictures with other means and deviations of their colours."""
    ratio = (spread + LEAST_DEVIATION) / (deviation + LEAST_DEVIATION)
    ratio = ratio.clamp_max(LARGEST_RATIO)
    return torch.addcmul((to - mean * ratio).to(x.dtype), x, ratio.to(x.dtype))
