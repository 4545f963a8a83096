"""The filling generator: a smooth canvas, and what the network makes of it."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.nets.init import kaiming_
from ganedit.tasks.inpaint.options import NetworkOptions

SLOPE = 0.1
DILATIONS = (1, 2, 4, 8)
# Pixels that sides must be multiples of.
MULTIPLE = 8
HEAD = 32
# The lattice of a fill: detail is measured against windows of this side, strokes up to so many
# times its mean, in blocks up to so many away. Of few blocks less than all of it is taken away,
# and nothing in holes less than `THIN` wide, where what is known is near.
DETAIL_SIDE, LARGEST_DETAIL, BLOCKS, FEW_BLOCKS, THIN = 9, 2.5, 2, 0.5, 11
# What is left gets back the power that its detail had with the lattice, by this factor at most.
LARGEST_GAIN = 1.5
# Rounds of relaxation, times the side of the level: where it is small they are cheap and reach far.
RELAXATIONS = 512


def canvas(pictures: Tensor, hole: Tensor) -> Tensor:
    """Fill holes smoothly from their surroundings, by pull and push (Gortler et al. 1996).

    The known pixels are averaged down a pyramid until no hole is left; on the way back up each
    hole takes the enlarged average, relaxed. What lies under the hole has no part in it.

    Args:
        pictures: `(N, C, H, W)` in [0, 1].
        hole: `(N, 1, H, W)`, 1 where pixels are unknown.
    """
    known = 1 - hole
    if not bool(known.flatten(1).any(1).all()):
        raise ValueError("a picture without a known pixel has nothing to fill it from")
    return _pull_push(pictures * known, known)


def _pull_push(sums: Tensor, known: Tensor) -> Tensor:
    """`sums` are pictures times `known`, a weight in [0, 1]."""
    average = sums / known.clamp_min(1e-8)
    if bool((known == 1).all()) or max(known.shape[-2:]) == 1:
        return average
    half_sums, half_known = (
        F.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False) for x in (sums, known)
    )
    # A cell counts in full once a quarter of it is known, or one bright pixel would have no say.
    full = (half_known * 4).clamp_max(1)
    coarse = _pull_push(half_sums / half_known.clamp_min(1e-8) * full, full)
    filled = F.interpolate(coarse, size=sums.shape[-2:], mode="bilinear", align_corners=False)
    filled = torch.lerp(filled, average, known)
    # Towards the harmonic function, which meets the known pixels without a step.
    for _ in range(RELAXATIONS // max(filled.shape[-2:]) + 2):
        around = F.avg_pool2d(filled, 3, 1, 1, count_include_pad=False)
        filled = torch.lerp(around, average, known)
    return filled


def without_lattice(filled: Tensor, hole: Tensor) -> Tensor:
    """A fill without the pattern that the network repeats every `MULTIPLE` pixels.

    What it makes of a place that it cannot know depends on where the place lies in the blocks
    that it is put together from. A photograph's detail averages out over the blocks around, such
    a pattern does not: their average is taken away.

    Args:
        filled: `(N, C, H, W)`, H and W multiples of `MULTIPLE`.
        hole: `(N, 1, H, W)`, 1 where pixels were filled; others stay.
    """
    smooth = F.avg_pool2d(filled, DETAIL_SIDE, 1, DETAIL_SIDE // 2, count_include_pad=False)
    detail = (filled - smooth) * hole
    left = detail - _repeated(detail, hole)
    inner = 1 - F.max_pool2d(1 - hole, THIN, 1, THIN // 2)
    thick = hole * F.max_pool2d(inner, 2 * THIN - 1, 1, THIN - 1)
    before, after = ((x.square() * thick).sum((1, 2, 3), keepdim=True) for x in (detail, left))
    gain = (before / after.clamp_min(1e-12)).sqrt().clamp(1, LARGEST_GAIN)
    return filled + thick * (gain * left - detail)


def _repeated(detail: Tensor, hole: Tensor) -> Tensor:
    """For each pixel of a fill the mean detail at its place in the blocks around its own."""
    # What stands out is structure: it would leave an echo in the blocks around.
    pixels = hole.sum((1, 2, 3), keepdim=True).clamp_min(1) * detail.shape[1]
    limit = LARGEST_DETAIL * detail.abs().sum((1, 2, 3), keepdim=True) / pixels
    detail = detail.clamp(-limit, limit)
    # Without the block itself, or it would lose detail of its own.
    total, count = (_sum_over_blocks(x) - x for x in (detail, hole))
    return total / (count + FEW_BLOCKS)


def _sum_over_blocks(picture: Tensor) -> Tensor:
    """For each pixel the sum of those at its place in the blocks around its own."""
    side = 2 * BLOCKS + 1
    places = F.pad(F.pixel_unshuffle(picture, MULTIPLE), (BLOCKS,) * 4)
    return F.pixel_shuffle(F.avg_pool2d(places, side, 1) * side**2, MULTIPLE)


def working_size(shape: Sequence[int], side: float) -> tuple[int, int]:
    """Height and width at which a region of that shape is seen, its longer side about `side`.

    No larger than it is, but for the nearest multiples of `MULTIPLE`.
    """
    scale = min(1.0, side / max(shape))
    height, width = (MULTIPLE * max(1, round(length * scale / MULTIPLE)) for length in shape)
    return height, width


class DilatedBlock(nn.Module):
    """Two convolutions, the first dilated, and a skip, without normalisation."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        kaiming_(self, SLOPE)
        self.second.weight.data.mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.second(F.leaky_relu(self.first(x), SLOPE))
        return x + change


class Attention(nn.Module):
    """Every position looks at every known one (Vaswani et al. 2017), and adds what it finds.

    Texture and colour come from anywhere in the picture, however far: convolutions alone would
    need a layer for every few pixels of the way.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = width // HEAD
        self.norm = nn.GroupNorm(1, width)
        self.qkv = nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)
        self.out.weight.data.mul_(0.1)

    def forward(self, x: Tensor, hole: Tensor) -> Tensor:
        """`x` is `(N, C, H, W)`; `hole` `(N, 1, H, W)`, 1 where nothing is known."""
        n, _, height, width = x.shape
        qkv = self.qkv(self.norm(x)).flatten(2).view(n, 3, self.heads, HEAD, -1)
        query, key, value = qkv.transpose(-1, -2).unbind(1)
        # What is unknown has nothing to give, but a picture that is all hole at this resolution
        # must still have somewhere to look.
        bias = hole.flatten(2)[:, :, None].to(query.dtype) * -8.0
        found = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        found = found.transpose(-1, -2).reshape(n, -1, height, width)
        change: Tensor = self.out(found.contiguous(memory_format=torch.channels_last))
        return x + change


class Inpainter(nn.Module):
    """Predicts what the smooth canvas lacks (after context encoders, Pathak et al. 2016).

    Structure is found at an eighth of the resolution, by dilated convolutions and attention, and
    brought back over a skip at a quarter. Starting from the canvas, the first step of training is
    already as good as diffusion.

    `(N, 3, H, W)` RGB in [0, 1] and hole `(N, 1, H, W)`, H and W multiples of 8 → float32
    `(N, 3, H, W)`: the picture with its holes filled, not clamped; known pixels as they were.
    """

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__()
        self.options = options
        width, deep = options.width, options.deep_width
        self.head = nn.Conv2d(4 * 4**2, width, 3, padding=1)
        self.before = nn.Sequential(*(DilatedBlock(width, 1) for _ in range(2)))
        self.down = nn.Conv2d(width, deep, 4, 2, padding=1)
        dilations = [DILATIONS[i % len(DILATIONS)] for i in range(options.blocks)]
        self.blocks = nn.ModuleList(DilatedBlock(deep, dilation) for dilation in dilations)
        self.attentions = nn.ModuleList(Attention(deep) for _ in range(2))
        self.up = nn.Conv2d(deep, 4 * width, 3, padding=1)
        self.after = nn.Sequential(*(DilatedBlock(width, 1) for _ in range(2)))
        self.tail = nn.Conv2d(width, 3 * 4**2, 3, padding=1)
        for conv in (self.head, self.down, self.up, self.tail):
            kaiming_(conv, SLOPE)
        # Begin as the canvas.
        self.tail.weight.data.mul_(0.01)

    def forward(self, pictures: Tensor, hole: Tensor) -> Tensor:
        pictures, hole = pictures.float(), hole.float()
        smooth = canvas(pictures, hole)
        skip, deep = self._structure(smooth, hole)
        x = F.leaky_relu(F.pixel_shuffle(self.up(deep[-1]), 2), SLOPE) + skip
        residual = F.pixel_shuffle(self.tail(self.after(x)), 4).float()
        return pictures + hole * (smooth + residual - pictures)

    def described(self, pictures: Tensor) -> Tensor:
        """What it takes every place of a picture without a hole for: `(N, C, H/8, W/8)` float32.

        That is what a block in the middle puts out, which has seen the whole picture. What looks
        alike in it is of one kind more often than what is of one colour.
        """
        pictures = pictures.float()
        _, deep = self._structure(pictures, torch.zeros_like(pictures[:, :1]))
        return deep[len(deep) // 2].float()

    def _structure(self, smooth: Tensor, hole: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The skip at a quarter of the resolution, and what each block at an eighth puts out."""
        seen = F.pixel_unshuffle(torch.cat([smooth * 2 - 1, hole], dim=1), 4)
        seen = seen.contiguous(memory_format=torch.channels_last)
        skip = self.before(F.leaky_relu(self.head(seen.to(self.head.weight.dtype)), SLOPE))
        x = F.leaky_relu(self.down(skip), SLOPE)
        unknown = F.avg_pool2d(hole, 8)
        places = (len(self.blocks) // 2 - 1, len(self.blocks) - 1)
        deep = []
        for index, block in enumerate(self.blocks):
            if index in places:
                x = self.attentions[places.index(index)](x, unknown)
            x = block(x)
            deep.append(x)
        return skip, deep
