"""The paired generator: an input, strokes of colour, a label and a code to one of many results."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.nets.init import kaiming_
from ganedit.tasks.translate.paired.options import PairedNetwork

SLOPE = 0.2
# Width of what steers every layer.
STYLE = 64
# Channels of the levels, as multiples of the base, from half the resolution down.
LEVELS = {"unet": (1, 2, 4, 4), "resnet": (1, 3)}
EPSILON = 1e-6
# Colours that are laid on at full resolution, beside none.
PALETTE = 6
# Logarithm of a code's variance at first: it has to tell pictures apart from the first step on, or
# a generator learns to do without. And the share of a batch in the running mean of codes.
NARROW, CENTER_RATE = -4.0, 0.05
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


class CodeEncoder(nn.Module):
    """What a picture is like, apart from its lines (BicycleGAN, Zhu et al. 2017).

    `(N, 3, H, W)` RGB in [0, 1], sides at least 16 → means and logarithms of variances of the
    code, `(N, code)` each. Places are weighed by what is there, so that paper counts little.

    Attributes:
        center: `(code,)`, the running mean of what is found, which is taken off: codes that all
            lie to one side would leave the other sides of the noise to chance.
        variance_found: `(code,)`, around it; codes are as far apart as noise is.
    """

    center: Tensor
    variance_found: Tensor

    def __init__(self, code: int, width: int = 96) -> None:
        super().__init__()
        # Layers of places, and no convolutions: Muon would move these as far for noise as for what
        # there is to learn, and a generator cannot follow codes that mean another thing each step.
        self.fine, self.coarse = nn.Linear(3 * 16, width), nn.Linear(4 * width, width)
        self.weigh = nn.Linear(width, 1)
        self.mean, self.variance = nn.Linear(width, code), nn.Linear(width, code)
        for weight in (self.fine.weight, self.coarse.weight, self.mean.weight):
            nn.init.kaiming_normal_(weight, a=SLOPE)
        nn.init.zeros_(self.variance.weight)
        nn.init.constant_(self.variance.bias, NARROW)
        self.register_buffer("center", torch.zeros(code))
        self.register_buffer("variance_found", torch.ones(code))

    def forward(self, pictures: Tensor, *, follow: bool = True) -> tuple[Tensor, Tensor]:
        """Means and logarithms of variances; where it trains, the centre follows the means."""
        x = pictures[..., : pictures.shape[2] // 8 * 8, : pictures.shape[3] // 8 * 8] * 2 - 1
        x = F.leaky_relu(self._places(F.pixel_unshuffle(x, 4), self.fine), SLOPE)
        x = F.leaky_relu(self._places(F.pixel_unshuffle(x, 2), self.coarse), SLOPE)
        shares = self._places(x, self.weigh).flatten(2).softmax(dim=2)
        seen = (x.flatten(2) * shares).sum(dim=2)
        mean = self.mean(seen)
        if self.training and follow:
            with torch.no_grad():
                self.center.lerp_(mean.mean(dim=0).float(), CENTER_RATE)
                apart = (mean.float() - self.center).square().mean(dim=0)
                self.variance_found.lerp_(apart, CENTER_RATE)
        mean = (mean - self.center) * torch.rsqrt(self.variance_found + EPSILON)
        return mean, self.variance(seen).clamp(-8, 4)

    @staticmethod
    def _places(x: Tensor, layer: nn.Linear) -> Tensor:
        """A layer at every place of `(N, C, H, W)`."""
        result: Tensor = layer(x.movedim(1, -1)).movedim(-1, 1)
        return result


class PairedGenerator(nn.Module):
    """Inputs `(N, channels, H, W)`, sides multiples of 16, to pictures `(N, 3, H, W)`, unclamped.

    Inputs are ink in [0, 1] (or RGB in [0, 1]), then, with hints, the colours of strokes in [0, 1],
    0 elsewhere, and 1 where there are strokes. `labels` `(N,)` say which domain, `codes`
    `(N, code)`, of a normal distribution, which of many results.
    """

    def __init__(self, options: PairedNetwork) -> None:
        super().__init__()
        self.options = options
        self.widths = [options.base * share for share in LEVELS[options.generator]]
        first, last = self.widths[0], self.widths[-1]
        self.style = nn.Sequential(
            nn.Linear(max(1, options.code) + len(options.to), STYLE), nn.LeakyReLU(SLOPE),
            nn.Linear(STYLE, STYLE), nn.LeakyReLU(SLOPE),
        )  # fmt: skip
        for layer in (self.style[0], self.style[2]):
            # Codes that hardly show at first are never learned to be heeded.
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
        # Colours that the style says, laid where masks are: a way from codes to colours from the
        # first step on. Scales of layers alone learn light, and hardly ever colours.
        self.masks = nn.Conv2d(first // 2, PALETTE + 1, 1)
        self.palette = nn.Linear(STYLE, 3 * PALETTE)
        nn.init.normal_(self.palette.weight, std=0.1)
        nn.init.zeros_(self.palette.bias)
        # At full resolution the input is seen once more: lines are as sharp as they were.
        self.tail = nn.Conv2d(first // 2 + options.channels, 3, 3, padding=1)
        nn.init.normal_(self.tail.weight, std=0.01)
        self.tail.bias = nn.Parameter(torch.ones(3))  # white
        self.encoder = CodeEncoder(options.code) if options.code else None

    @property
    def multiple(self) -> int:
        """What sides have to be multiples of."""
        return int(2 ** len(self.widths))

    @property
    def working_size(self) -> int:
        """Short side at which larger pictures are translated."""
        return max(WORKING_SIZE, self.options.size)

    @property
    def code_size(self) -> int:
        """Numbers in a code; a network of one result has one that says nothing."""
        return max(1, self.options.code)

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
        self, inputs: Tensor, labels: Tensor, codes: Tensor, overall: Tensor | None = None
    ) -> Tensor:
        """Pictures; `overall` is what `look` saw of the whole, where the inputs are a part."""
        style, inputs = self._style(labels, codes), inputs.to(self.tail.weight.dtype)
        x, passed = self._deepest(inputs, style)
        seen = x.mean((2, 3)) if overall is None else overall
        style = style + self.overall(seen)
        x = F.interpolate(
            self.fine(self._back(x, passed, style), style), scale_factor=2, mode="bilinear"
        )
        colors = self.palette(style).unflatten(1, (3, PALETTE))
        shares = self.masks(x).softmax(dim=1)[:, 1:]
        painted = torch.einsum("nck,nkhw->nchw", colors, shares)
        result: Tensor = self.tail(torch.cat([x, inputs], dim=1)) + painted
        return result

    def look(self, inputs: Tensor, labels: Tensor, codes: Tensor) -> Tensor:
        """What is seen of inputs as a whole, `(N, channels)`, for all of their tiles."""
        inputs = inputs.to(self.tail.weight.dtype)
        deepest, _ = self._deepest(inputs, self._style(labels, codes))
        return deepest.mean((2, 3))

    def _style(self, labels: Tensor, codes: Tensor) -> Tensor:
        named = F.one_hot(labels, len(self.options.to))
        style: Tensor = self.style(torch.cat([codes, named], dim=1).to(self.tail.weight.dtype))
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
