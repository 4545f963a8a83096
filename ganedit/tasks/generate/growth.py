"""Progressive growing: which resolution is learned when (Karras et al. 2018), at which size."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

# Where a run begins, and how much of it goes by until all resolutions are there.
SMALLEST = 8
GROWING = 0.6
# Of the time of each new resolution, the share in which it is faded in.
FADING = 0.5


@dataclass(frozen=True)
class Stage:
    """Where in its growth a network is.

    Attributes:
        side: of the pictures that are learned.
        fade: how much of what the newest resolution adds is seen, in [0, 1].
    """

    side: int
    fade: float = 1.0


def stage_at(done: float, size: int) -> Stage:
    """The stage when so much of a run is over, in [0, 1], on the way to a size."""
    sides = [SMALLEST]
    while sides[-1] < size:
        sides.append(2 * sides[-1])
    # Each resolution but the last has as long as the others.
    each = GROWING / max(1, len(sides) - 1)
    number = min(int(done / each + 1e-9), len(sides) - 1)
    if number == 0:
        return Stage(sides[0])
    since = (done - number * each) / (FADING * each)
    return Stage(sides[number], min(1.0, max(0.0, since)))


def shrunk(pictures: Tensor, stage: Stage) -> Tensor:
    """Real pictures `(N, 3, S, S)` as networks of that stage see them."""
    factor = pictures.shape[-1] // stage.side
    small = F.avg_pool2d(pictures, factor) if factor > 1 else pictures
    if stage.fade == 1:
        return small
    coarse = F.interpolate(F.avg_pool2d(small, 2), scale_factor=2, mode="bilinear")
    return coarse.lerp(small, stage.fade)


def resized(pictures: Tensor, side: int) -> Tensor:
    """Pictures `(N, C, S, S)` at another size: averaged, or interpolated."""
    if pictures.shape[-1] == side:
        return pictures
    if pictures.shape[-1] > side:
        return F.interpolate(pictures, size=(side, side), mode="area")
    return F.interpolate(pictures, size=(side, side), mode="bilinear", align_corners=False)
