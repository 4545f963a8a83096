"""Texture for a hole from the picture's own known parts.

Patch-based synthesis (Wexler et al. 2007): from coarse to fine, every patch that touches the hole
looks for the known patch most like it (PatchMatch, Barnes et al. 2009), and the found patches vote
on the hole's pixels. A guide, the network's coarse fill, says what should be where; the copies are
as sharp as the picture itself.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.tasks.inpaint.network import canvas

PATCH = 7
RADIUS = PATCH // 2
# Patches are compared by this many principal components of the known ones: sixth of the numbers,
# nearly all of the distance.
COMPONENTS = 24
# Weight of the guide's colour beside the patch's, per pixel of the patch.
GUIDE = 0.5
# Sides of the coarsest level are about this long: there a patch covers a good part of the hole.
COARSEST = 48
ROUNDS_COARSEST, ROUNDS_FINEST = 6, 2
# Beyond this many pixels matches are only carried on: to look for new ones would take gigabytes.
MATCHED_PIXELS = 1_500_000
JUMPS = (4, 1)
# A fill is shifted to meet its rim by this at most, measured over stretches so long.
LARGEST_SHIFT, RIM_SIDE = 0.1, 25
NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1))


@dataclass(frozen=True)
class _Level:
    """One resolution of the pyramid; rows of `targets` are the pixels whose patches need a match.

    Attributes:
        picture: `(3, H, W)`; under the hole, what is known by now.
        hole: `(H, W)` bool.
        guide: `(3, H, W)`.
        valid: `(H, W)` bool, centres of patches without a hole.
        targets: `(T, 2)` row and column.
        place: `(H, W)` int32, where a pixel stands in `targets`, -1 where it does not.
        window: rows and columns that hold all targets; often far less than the picture.
    """

    picture: Tensor
    hole: Tensor
    guide: Tensor
    valid: Tensor
    targets: Tensor
    place: Tensor
    window: tuple[slice, slice]


def synthesize(picture: Tensor, hole: Tensor, guide: Tensor, generator: torch.Generator) -> Tensor:
    """Fill a hole with patches of the known rest.

    Args:
        picture: `(3, H, W)` in [0, 1]; what lies under the hole is not looked at.
        hole: `(H, W)` bool.
        guide: `(3, H, W)`, a coarse fill, perhaps blurred.
        generator: of the random search; its seed decides between equally good fills.

    Returns:
        `(3, H, W)`: the picture with its hole filled; the guide where there is nothing to copy.
    """
    known = torch.where(hole, guide, picture)
    shapes = _shapes(*hole.shape)
    offsets: Tensor | None = None
    for shape in shapes:
        level = _level(known, hole, guide, shape)
        if not level.valid.any():
            continue  # too coarse for a patch without a hole
        rounds, found = ROUNDS_COARSEST, _random(level, generator)
        if offsets is not None:
            rounds, found = ROUNDS_FINEST, _enlarged(offsets, level, found)
        cost = torch.ones(len(found))
        if level.valid.numel() <= MATCHED_PIXELS or offsets is None:
            current = level.picture if offsets is None else _vote(level, found, cost)
            basis = _basis(level, generator)
            offered = _described(level.picture, level.picture, basis)
            for _ in range(rounds):
                found, cost = _match(level, current, found, basis, offered, generator)
                current = _vote(level, found, cost)
        if shape == shapes[-1]:
            # In the end only the middles of patches vote: an average of many is blurred.
            return _without_rim(level, _votes(level, found, cost, reach=1))
        offsets = torch.zeros(*shape, 2, dtype=torch.int32)
        offsets[level.targets[:, 0], level.targets[:, 1]] = (found - level.targets).int()
    return known


def _shapes(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes from coarse to fine, each about twice the one before."""
    count = max(0, math.ceil(math.log2(min(height, width) / COARSEST)))
    return [(-(-height // 2**n), -(-width // 2**n)) for n in range(count, -1, -1)]


def _level(picture: Tensor, hole: Tensor, guide: Tensor, shape: tuple[int, int]) -> _Level:
    if hole.shape != shape:
        picture, guide = (F.adaptive_avg_pool2d(x[None], shape)[0] for x in (picture, guide))
        hole = F.adaptive_max_pool2d(hole[None].float(), shape)[0] > 0
    touched = F.max_pool2d(hole[None].float(), PATCH, 1, RADIUS)[0] > 0
    inside = torch.zeros_like(touched)
    inside[RADIUS:-RADIUS, RADIUS:-RADIUS] = True
    targets = touched.nonzero()
    place = torch.full(shape, -1, dtype=torch.int32)
    place[targets[:, 0], targets[:, 1]] = torch.arange(len(targets), dtype=torch.int32)
    first, last = targets.amin(0).tolist(), targets.amax(0).tolist()
    rows, columns = (slice(a, b + 1) for a, b in zip(first, last, strict=True))
    return _Level(picture, hole, guide, inside & ~touched, targets, place, (rows, columns))


def _random(level: _Level, generator: torch.Generator) -> Tensor:
    """A random known patch for each target, `(T, 2)`."""
    choices = level.valid.nonzero()
    return choices[torch.randint(len(choices), (len(level.targets),), generator=generator)]


def _enlarged(offsets: Tensor, level: _Level, otherwise: Tensor) -> Tensor:
    """The level before's matches, `(h, w, 2)` from target to match, carried to this one."""
    rows, columns = level.targets.T
    height, width = offsets.shape[:2]
    coarse = offsets[(rows // 2).clamp_max(height - 1), (columns // 2).clamp_max(width - 1)]
    place = level.targets + 2 * coarse
    return torch.where(_look_up(level.valid, place, 0)[:, None], place, otherwise)


def _look_up(table: Tensor, at: Tensor, outside: int) -> Tensor:
    """What stands in a `(H, W)` table at each row and column of `(T, 2)`, or `outside` it."""
    height, width = table.shape
    rows, columns = at.T
    inside = (rows >= 0) & (columns >= 0) & (rows < height) & (columns < width)
    found = table[rows.clamp(0, height - 1), columns.clamp(0, width - 1)]
    return torch.where(inside, found, torch.tensor(outside, dtype=table.dtype))


def _basis(level: _Level, generator: torch.Generator) -> Tensor:
    """Principal components of known patches, as kernels `(COMPONENTS, 3, PATCH, PATCH)`."""
    choices = level.valid.nonzero()
    chosen = choices[torch.randint(len(choices), (2048,), generator=generator)]
    offsets = torch.arange(-RADIUS, RADIUS + 1)
    rows = chosen[:, 0, None, None] + offsets[:, None]
    columns = chosen[:, 1, None, None] + offsets[None, :]
    patches = level.picture[:, rows, columns].permute(1, 0, 2, 3).flatten(1)
    centred = patches - patches.mean(0)
    _, vectors = torch.linalg.eigh(centred.T @ centred)
    kernels: Tensor = vectors[:, -COMPONENTS:].T.reshape(COMPONENTS, 3, PATCH, PATCH)
    return kernels.contiguous()


def _described(picture: Tensor, color: Tensor, basis: Tensor) -> Tensor:
    """`(H·W, D)`: each pixel's patch, and the mean colour that the guide knows."""
    padded = F.pad(picture[None], (RADIUS,) * 4, mode="replicate")
    patches = F.conv2d(padded, basis)[0]
    smooth = F.avg_pool2d(F.pad(color[None], (RADIUS,) * 4, mode="replicate"), PATCH, 1)[0]
    weight = GUIDE * PATCH
    return torch.cat([patches, smooth * weight]).flatten(1).T.contiguous()


def _match(
    level: _Level,
    current: Tensor,
    found: Tensor,
    basis: Tensor,
    offered: Tensor,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Better matches for all targets at once: those of neighbours, and random ones.

    `offered` describes the level's own picture, which stays while `current` is made better.
    """
    width = level.valid.shape[1]
    wanted = _described(current, level.guide, basis)[level.targets @ torch.tensor([width, 1])]

    def cost_of(place: Tensor) -> Tensor:
        rows = place @ torch.tensor([width, 1])
        return (offered[rows.clamp(0, len(offered) - 1)] - wanted).square_().sum(1)

    best, cost = found, cost_of(found)

    def consider(place: Tensor, allowed: Tensor) -> None:
        nonlocal best, cost
        allowed = allowed & _look_up(level.valid, place, 0)
        offered_cost = torch.where(allowed, cost_of(place), torch.inf)
        better = offered_cost < cost
        best = torch.where(better[:, None], place, best)
        cost = torch.where(better, offered_cost, cost)

    for jump in JUMPS:
        for step in NEIGHBOURS:
            shift = torch.tensor(step) * jump
            beside = level.targets + shift
            number = _look_up(level.place, beside, -1).long()
            consider(best[number.clamp_min(0)] - shift, number >= 0)
    reach = float(max(level.valid.shape))
    while reach >= 1:
        noise = torch.rand(best.shape, generator=generator) * 2 - 1
        consider(best + (noise * reach).round().long(), torch.ones_like(cost, dtype=torch.bool))
        reach /= 3
    return best, cost


def _vote(level: _Level, found: Tensor, cost: Tensor) -> Tensor:
    """The level's picture, its hole filled with what the patches say."""
    return _filled(level, _votes(level, found, cost))


def _filled(level: _Level, votes: Tensor) -> Tensor:
    """The level's picture, its hole filled from `(3, h, w)` of its window."""
    result = level.picture.clone()
    part = result[:, *level.window]
    part.copy_(torch.where(level.hole[level.window], votes, part))
    return result


def _without_rim(level: _Level, votes: Tensor) -> Tensor:
    """The level's picture, its hole filled with the votes, shifted to meet what is around it.

    Patches vote on a few pixels outside the hole too, whose colour is known. By how much they are
    wrong there is spread smoothly over the hole: the eye sees the smallest step along a rim.
    """
    ring = ((level.place >= 0) & ~level.hole)[level.window].float()[None, None]
    error = level.picture[:, *level.window] - votes
    error = error.clamp_(-LARGEST_SHIFT, LARGEST_SHIFT)[None] * ring
    # Of single pixels the error is texture; of a stretch of the rim it is light.
    total, count = (
        F.avg_pool2d(x, RIM_SIDE, 1, RIM_SIDE // 2, count_include_pad=False) for x in (error, ring)
    )
    shift = canvas(total / count.clamp_min(1e-6) * ring, 1 - ring)[0]
    return _filled(level, (votes + shift).clamp(0, 1))


def _votes(level: _Level, found: Tensor, cost: Tensor, reach: int = RADIUS) -> Tensor:
    """The mean of what all patches over a pixel say, better matches counting more.

    `(3, h, w)` of the level's window, of meaning where there are targets.
    """
    rows, columns = level.window
    corner = torch.tensor([rows.start, columns.start])
    height, width = rows.stop - rows.start, columns.stop - columns.start
    weight = torch.exp(-cost / (2 * cost.median()).clamp_min(1e-8)) + 1e-6
    total = torch.zeros(height * width, 4)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            shift = torch.tensor([dy, dx])
            to, of = level.targets + shift - corner, found + shift
            inside = ((to >= 0) & (to < torch.tensor([height, width]))).all(1)
            colors = level.picture[:, of[:, 0], of[:, 1]]
            values = torch.cat([colors * weight, weight[None]]).T * inside[:, None]
            index = to.clamp_min(0) @ torch.tensor([width, 1])
            total.index_add_(0, index.clamp_max(height * width - 1), values)
    return (total[:, :3] / total[:, 3:].clamp_min(1e-12)).T.reshape(3, height, width)
