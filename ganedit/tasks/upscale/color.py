"""What an enlargement must not change: the colour of areas, and the range of a neighbourhood."""

import math
from collections.abc import Callable
from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor

# Half the side of the window, in input pixels, over which mean colour is held. What is restored at
# its own size needs a wide one: the mean of a few noisy pixels is a colour that nothing has.
RADIUS, RESTORED_RADIUS = 4, 8
# An output pixel's neighbourhood: so many input pixels to each side of its source. Over it, and
# beyond its range by so great a share of that range, lie the overshoots that sharp edges need:
# without them, or with less, PSNR falls.
NEIGHBOURHOOD, OVERSHOOT = 2, 0.5
# And by this where there is any range, which is less than half a level of 8 bits.
TOLERANCE = 0.45 / 255
# Mean excess over that range from which a network is believed less, and up to which at all. On
# photographs and black print it stays below the first; of colours that a network never saw it is
# many times as large, and cut off it would leave dots along edges.
DOUBT, DISBELIEF = 8 / 255, 16 / 255
# By how much a pixel may differ from plain interpolation where nothing bends in its neighbourhood:
# a ramp of saturated colour comes back straight, and not in waves.
STRAIGHT = 0.5 / 255
# And where nothing bends at the pixel itself, as beside a flat shape, by so many times what does:
# without this, a sharp edge has a thin ghost line some way off.
OWN_BEND = 8


def hold_color(
    phases: Tensor, low: Tensor, plain: Callable[[Tensor], Tensor], radius: int = RADIUS
) -> Tensor:
    """Keep an enlargement to the colours of what was enlarged, whatever a network made of it.

    A network trained on crops drifts by a level or two in flat areas, and makes noise of colours
    that it never saw. So its pixels are kept within the range of their neighbourhood, widened by
    a share of it, and as near to plain interpolation as the neighbourhood is to a ramp, which
    interpolation gets right. Where much had to be cut off, it takes the network's place.
    And where the local mean differs from the input's, the smooth difference is added: detail
    stays, colour is exact.

    An output pixel depends on `2·radius` pixels around those that the network saw for it.

    Args:
        phases: `(N, C·scale², H, W)`, an enlargement before `pixel_shuffle`; may be overwritten.
        low: `(N, C, H, W)` in [0, 1], what was enlarged.
        plain: gives the same enlargement by interpolation alone.
        radius: half the side of the window over which the mean is held, `RADIUS` or more.
    """
    channels = low.shape[1]
    count = phases.shape[1] // channels
    least, most = (bound[:, :, None] for bound in color_range(low))
    by_color = len(phases), channels, count, *phases.shape[2:]
    said = phases.view(by_color)
    held = said.clamp(least, most)
    excess = _mean_of_phases(said.sub_(held).abs_())
    interpolated = plain(low).view(by_color).clamp_(least, most)
    bend = color_bend(low)[:, :, None].add_(STRAIGHT)
    held.sub_(interpolated).clamp_(-bend, bend).add_(interpolated)
    doubt = _smooth(excess.amax(dim=1, keepdim=True), RADIUS).sub_(DOUBT).div_(DISBELIEF - DOUBT)
    if bool((doubt > 0).any()):
        held.lerp_(interpolated, doubt.clamp_(0, 1)[:, None])
    shift = _smooth(low - _mean_of_phases(held), radius)
    return held.add_(shift[:, :, None]).clamp_(least, most).flatten(1, 2)


def color_range(low: Tensor) -> tuple[Tensor, Tensor]:
    """The least and the most that pixels may become in an enlargement of `(N, C, H, W)`."""
    most, least = _highest(low), -_highest(-low)
    spread = most - least
    # What is flat stays so, at 16 bits too.
    margin = spread.clamp(max=TOLERANCE).add_(spread, alpha=OVERSHOOT)
    return (least - margin).clamp_(min=0), (most + margin).clamp_(max=1)


def color_bend(low: Tensor) -> Tensor:
    """How far each neighbourhood of `(N, C, H, W)` is from a ramp: its largest second difference
    along rows and columns, but no more than `OWN_BEND` times that of the pixel in its middle."""
    padded = F.pad(low, (1, 1, 1, 1), mode="replicate")
    across = padded[:, :, 1:-1, 2:] + padded[:, :, 1:-1, :-2] - 2 * low
    down = padded[:, :, 2:, 1:-1] + padded[:, :, :-2, 1:-1] - 2 * low
    own = torch.maximum(across.abs_(), down.abs_())
    around = _highest(own)
    return torch.minimum(around, own.mul_(OWN_BEND), out=around)


def _highest(picture: Tensor) -> Tensor:
    """The highest value of each pixel's neighbourhood: `max_pool2d`, at a tenth of its time."""
    # Beyond the border there are no neighbours.
    padded = F.pad(picture, (NEIGHBOURHOOD,) * 4, value=-math.inf)
    for dim, length in ((2, picture.shape[2]), (3, picture.shape[3])):
        shifted = [padded.narrow(dim, start, length) for start in range(2 * NEIGHBOURHOOD + 1)]
        padded = reduce(torch.maximum, shifted)
    return padded


def _mean_of_phases(by_color: Tensor) -> Tensor:
    """`(N, C, scale², H, W)` → `(N, C, H, W)`."""
    # Phases lie side by side in memory: over them as the last dimension it takes a tenth.
    return by_color.permute(0, 3, 4, 1, 2).mean(dim=-1).permute(0, 3, 1, 2)


def _smooth(picture: Tensor, radius: int) -> Tensor:
    """Mean over a window, the picture's border repeated; rows and columns apart for speed."""
    channels, side = picture.shape[1], 2 * radius + 1
    picture = F.pad(picture, (radius,) * 4, mode="replicate")
    picture = picture.contiguous(memory_format=torch.channels_last)
    for shape in ((side, 1), (1, side)):
        kernel = picture.new_full((channels, 1, *shape), 1 / side)
        picture = F.conv2d(picture, kernel, groups=channels)
    return picture
