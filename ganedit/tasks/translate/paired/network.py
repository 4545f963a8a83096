"""The paired generator: an input, strokes of colour, a label, a palette to one of many results."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.nets.init import kaiming_
from ganedit.tasks.translate.paired.options import PairedNetwork
from ganedit.tasks.translate.paired.palette import Palette, palette_size

SLOPE = 0.2
# Width of what steers every layer.
STYLE = 64
# Channels of the levels, as multiples of the base, from half the resolution down.
LEVELS = {"unet": (1, 2, 4, 4), "resnet": (1, 3)}
EPSILON = 1e-6
# Colours that are laid on at full resolution, beside none and those of the palette.
MORE_COLORS = 6
WORKING_SIZE = 512


class Styled(nn.Module):
    """A convolution whose channels a style scales and shifts.

    Normalised place by place (as in Karras et al. 2018): nothing depends on how large a thing is
    in the picture, or on where a tile ends.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1)
        self.affine = nn.Linear(STYLE, 2 * outputs)
        kaiming_(self, SLOPE)
        nn.init.normal_(self.affine.weight, std=0.5 * STYLE**-0.5)
        nn.init.zeros_(self.affine.bias)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        x = self.conv(x)
        x = x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + EPSILON)
        scale, shift = self.affine(style)[:, :, None, None].chunk(2, dim=1)
        return F.leaky_relu(torch.addcmul(shift, x, 1 + scale), SLOPE)


class Block(nn.Module):
    """Two styled convolutions beside a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = Styled(width, width), Styled(width, width)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        result: Tensor = x + self.second(self.first(x, style), style)
        return result


class PairedGenerator(nn.Module):
    """Inputs `(N, channels, H, W)`, sides multiples of 16, to pictures `(N, 3, H, W)`, unclamped.

    Inputs are ink in [0, 1] (or RGB in [0, 1]), then, with hints, the colours of strokes in [0, 1],
    0 elsewhere, and 1 where there are strokes. `labels` `(N,)` say which domain, `palettes`
    `(N, size of the palette)`, as `Palette` reads or draws them, which of many results.
    """

    def __init__(self, options: PairedNetwork) -> None:
        super().__init__()
        self.options = options
        self.widths = [options.base * share for share in LEVELS[options.generator]]
        first, last = self.widths[0], self.widths[-1]
        self.style = nn.Sequential(
            nn.Linear(palette_size(options.palette) + len(options.to), STYLE), nn.LeakyReLU(SLOPE),
            nn.Linear(STYLE, STYLE), nn.LeakyReLU(SLOPE),
        )  # fmt: skip
        for layer in (self.style[0], self.style[2]):
            # Palettes that hardly show at first are never learned to be heeded.
            nn.init.kaiming_normal_(layer.get_parameter("weight"), a=SLOPE)
        self.overall = nn.Linear(last, STYLE)
        nn.init.normal_(self.overall.weight, std=0.02)
        self.head = Styled(4 * options.channels, first)
        steps = list(pairwise(self.widths))
        self.down = nn.ModuleList(Styled(n, m, stride=2) for n, m in steps)
        self.body = nn.ModuleList(Block(last) for _ in range(options.depth))
        self.up = nn.ModuleList(Styled(m, n) for n, m in reversed(steps))
        self.refine = nn.ModuleList(Block(n) for n, _ in reversed(steps))
        skips = reversed(steps) if options.generator == "unet" else []
        self.skips = nn.ModuleList(nn.Conv2d(n, n, 1) for n, _ in skips)
        self.fine = Styled(first, first // 2)
        # The palette's colours, and more that the style says, are laid where masks are: scales of
        # layers alone learn light, and hardly ever colours.
        self.masks = nn.Conv2d(first // 2, 1 + options.palette + MORE_COLORS, 1)
        self.more_colors = nn.Linear(STYLE, 3 * MORE_COLORS)
        nn.init.normal_(self.more_colors.weight, std=0.1)
        nn.init.zeros_(self.more_colors.bias)
        # At full resolution the input is seen once more: lines are as sharp as they were.
        self.tail = nn.Conv2d(first // 2 + options.channels, 3, 3, padding=1)
        nn.init.normal_(self.tail.weight, std=0.01)
        self.tail.bias = nn.Parameter(torch.ones(3))  # white
        self.palette = Palette(options.palette) if options.palette else None

    @property
    def multiple(self) -> int:
        """What sides have to be multiples of."""
        return int(2 ** len(self.widths))

    @property
    def working_size(self) -> int:
        """Short side at which larger pictures are translated."""
        return max(WORKING_SIZE, self.options.size)

    @property
    def palette_size(self) -> int:
        """Numbers in a palette; a network of one result has one that says nothing."""
        return palette_size(self.options.palette)

    @property
    def halo(self) -> int:
        """Pixels around an output pixel that can influence it, what is seen overall aside."""
        # From the tail back: interpolations and convolutions, the blocks, the way down.
        reach = 1
        for convolutions in (1, *(3 for _ in self.up)):
            reach = -(-reach // 2) + 1 + convolutions
        reach += 2 * len(self.body)
        for _ in self.down:
            reach = 2 * reach + 1
        return 2 * (reach + 1) + 1

    def forward(
        self, inputs: Tensor, labels: Tensor, palettes: Tensor, overall: Tensor | None = None
    ) -> Tensor:
        """Pictures; `overall` is what `look` saw of the whole, where the inputs are a part."""
        style, inputs = self._style(labels, palettes), inputs.to(self.tail.weight.dtype)
        x, passed = self._deepest(inputs, style)
        seen = x.mean((2, 3)) if overall is None else overall
        style = style + self.overall(seen)
        x = F.interpolate(
            self.fine(self._back(x, passed, style), style), scale_factor=2, mode="bilinear"
        )
        shares = self.masks(x).softmax(dim=1)[:, 1:]
        painted = torch.einsum("nkc,nkhw->nchw", self._colors(style, palettes), shares)
        result: Tensor = self.tail(torch.cat([x, inputs], dim=1)) + painted
        return result

    def look(self, inputs: Tensor, labels: Tensor, palettes: Tensor) -> Tensor:
        """What is seen of inputs as a whole, `(N, channels)`, for all of their tiles."""
        inputs = inputs.to(self.tail.weight.dtype)
        deepest, _ = self._deepest(inputs, self._style(labels, palettes))
        return deepest.mean((2, 3))

    def _colors(self, style: Tensor, palettes: Tensor) -> Tensor:
        """What is laid on `(N, colours, 3)`, as it differs from the paper that results begin as."""
        more: Tensor = self.more_colors(style).unflatten(1, (MORE_COLORS, 3))
        if self.palette is None:
            return more
        given = self.palette.colors(palettes).to(more.dtype) - 1
        return torch.cat([given, more], dim=1)

    def _style(self, labels: Tensor, palettes: Tensor) -> Tensor:
        named = F.one_hot(labels, len(self.options.to))
        style: Tensor = self.style(torch.cat([palettes, named], dim=1).to(self.tail.weight.dtype))
        return style

    def _deepest(self, inputs: Tensor, style: Tensor) -> tuple[Tensor, list[Tensor]]:
        x = self.head(F.pixel_unshuffle(inputs, 2), style)
        passed: list[Tensor] = []
        for down in self.down:
            passed.append(x)
            x = down(x, style)
        for block in self.body:
            x = block(x, style)
        return x, passed

    def _back(self, x: Tensor, passed: Sequence[Tensor], style: Tensor) -> Tensor:
        for number, (up, refine) in enumerate(zip(self.up, self.refine, strict=True)):
            x = F.interpolate(up(x, style), scale_factor=2, mode="bilinear")
            if self.skips:
                x = x + self.skips[number](passed[-1 - number])
            x = refine(x, style)
        return x
