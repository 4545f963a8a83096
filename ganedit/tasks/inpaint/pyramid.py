"""A picture and its hole at the resolutions that patches are matched at."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

PATCH = 7
RADIUS = PATCH // 2
# Sides of the coarsest level are about this long: there a patch covers a good part of the hole.
COARSEST = 48


@dataclass(frozen=True)
class Level:
    """One resolution of the pyramid; rows of `targets` are the pixels whose patches need a match.

    Attributes:
        picture: `(3, H, W)`; under the hole, what is known by now.
        hole: `(H, W)` bool.
        valid: `(H, W)` bool, centres of patches without a hole.
        targets: `(T, 2)` row and column.
        place: `(H, W)` int32, where a pixel stands in `targets`, -1 where it does not.
        window: rows and columns that hold all targets; often far less than the picture.
    """

    picture: Tensor
    hole: Tensor
    valid: Tensor
    targets: Tensor
    place: Tensor
    window: tuple[slice, slice]


def shapes_of(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes from coarse to fine, each about twice the one before."""
    count = max(0, math.ceil(math.log2(min(height, width) / COARSEST)))
    return [(-(-height // 2**n), -(-width // 2**n)) for n in range(count, -1, -1)]


def level_of(picture: Tensor, hole: Tensor, shape: tuple[int, int]) -> Level:
    """A picture `(3, H, W)` and its hole `(H, W)` at a resolution."""
    if hole.shape != shape:
        picture = F.adaptive_avg_pool2d(picture[None], shape)[0]
        hole = F.adaptive_max_pool2d(hole[None].float(), shape)[0] > 0
    touched = F.max_pool2d(hole[None].float(), PATCH, 1, RADIUS)[0] > 0
    inside = torch.zeros_like(touched)
    inside[RADIUS:-RADIUS, RADIUS:-RADIUS] = True
    targets = touched.nonzero()
    place = torch.full(shape, -1, dtype=torch.int32)
    place[targets[:, 0], targets[:, 1]] = torch.arange(len(targets), dtype=torch.int32)
    first, last = targets.amin(0).tolist(), targets.amax(0).tolist()
    rows, columns = (slice(a, b + 1) for a, b in zip(first, last, strict=True))
    return Level(picture, hole, inside & ~touched, targets, place, (rows, columns))


def look_up(table: Tensor, at: Tensor, outside: int) -> Tensor:
    """What stands in a `(H, W)` table at each row and column of `(T, 2)`, or `outside` it."""
    height, width = table.shape
    rows, columns = at.T
    inside = (rows >= 0) & (columns >= 0) & (rows < height) & (columns < width)
    found = table[rows.clamp(0, height - 1), columns.clamp(0, width - 1)]
    return torch.where(inside, found, torch.tensor(outside, dtype=table.dtype))
