"""Texture for a hole from the picture's own known parts.

Patch-based synthesis (Wexler et al. 2007): from coarse to fine, every patch that touches the hole
looks for the known patch most like it (PatchMatch, Barnes et al. 2009), and the found patches vote
on the hole's pixels. A guide, the network's coarse fill, says what should be where; the copies are
as sharp as the picture itself.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.tasks.inpaint.aligning import aligned
from ganedit.tasks.inpaint.network import canvas
from ganedit.tasks.inpaint.pieces import from_pieces_on, guide_at, in_pieces, light_of
from ganedit.tasks.inpaint.pyramid import PATCH, RADIUS, Level, level_of, look_up, shapes_of

# Patches are compared by this many principal components of the known ones: sixth of the numbers,
# nearly all of the distance.
COMPONENTS = 24
# Weight of the guide's colour beside the patch's, per pixel of the patch.
GUIDE = 0.5
ROUNDS_COARSEST, ROUNDS_FINEST = 6, 2
# Beyond this many pixels matches are only carried on: to look for new ones would take gigabytes.
MATCHED_PIXELS = 1_500_000
JUMPS = (4, 1)
# Of coherent pieces patches look for better matches so far away.
REFINED = 3
# A fill is shifted to meet its rim by this at most, measured over stretches so long.
LARGEST_SHIFT, RIM_SIDE = 0.1, 25
# What coherent pieces still miss a rim by goes over so many pixels, beside so much of nothing.
NEAR_RIM, NOTHING = (9, 3), 0.1
NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1))


@dataclass(frozen=True)
class Light:
    """What is to be added to what is copied, `(3, h, w)`, of a level that was so often enlarged."""

    values: Tensor
    times: int = 0

    def enlarged(self) -> "Light":
        """The same at the next level, as `_enlarged` carries sources."""
        return replace(self, times=self.times + 1)

    def at(self, targets: Tensor) -> Tensor:
        """Of each target, `(3, T)`."""
        height, width = self.values.shape[1:]
        rows, columns = (targets >> self.times).T
        return self.values[:, rows.clamp_max(height - 1), columns.clamp_max(width - 1)]


def synthesize(
    picture: Tensor,
    hole: Tensor,
    guide: Tensor,
    generator: torch.Generator,
    meaning: Tensor | None = None,
) -> Tensor:
    """Fill a hole with patches of the known rest.

    Args:
        picture: `(3, H, W)` in [0, 1]; what lies under the hole is not looked at.
        hole: `(H, W)` bool.
        guide: `(3, H, W)`, a coarse fill, perhaps blurred.
        generator: of the random search; its seed decides between equally good fills.
        meaning: `(D, h, w)`, what each place is like (`meaning_of`). Where it is given, the fill is
            made of large pieces, moved as they are, which patches then only refine. What the
            guide says then counts less than that pieces fit each other and the rim.

    Returns:
        `(3, H, W)`: the picture with its hole filled; the guide where there is nothing to copy.
    """
    known = torch.where(hole, guide, picture)
    shapes = shapes_of(*hole.shape)
    coherent = meaning is not None
    if coherent:
        shapes = from_pieces_on(shapes, hole)
    offsets: Tensor | None = None
    light: Light | None = None
    for shape in shapes:
        level = level_of(known, hole, shape)
        if not level.valid.any():
            continue  # too coarse for a patch without a hole
        rounds, found = ROUNDS_COARSEST, _random(level, generator)
        current = level.picture
        if offsets is not None:
            rounds, found = ROUNDS_FINEST, _enlarged(offsets, level, found)
            if coherent:
                found = aligned(level, found)
        elif meaning is not None:
            rounds, found = ROUNDS_FINEST, in_pieces(level, picture, hole, guide, meaning, found)
            guide = _vote(level, found, torch.ones(len(found)))
        matched = level.valid.numel() <= MATCHED_PIXELS or offsets is None
        cost = torch.ones(len(found))
        if matched:
            if offsets is not None or coherent:
                current = _vote(level, found, cost)
            reach = REFINED if coherent else max(shape)
            found, cost = _matched(level, current, guide, found, generator, rounds, reach)
        if light is not None:
            light = light.enlarged()
        elif coherent and (shape == shapes[-1] or 4 * level.valid.numel() > MATCHED_PIXELS):
            # Beyond this level matches are only carried on, and so is their light.
            light = Light(light_of(level, found))
        if shape == shapes[-1]:
            # In the end only the middles of patches vote: an average of many is blurred.
            votes = _votes(level, found, cost, reach=1, light=light)
            return _without_rim(level, votes, NEAR_RIM if coherent else ())
        offsets = torch.zeros(*shape, 2, dtype=torch.int32)
        offsets[level.targets[:, 0], level.targets[:, 1]] = (found - level.targets).int()
    return known


def _random(level: Level, generator: torch.Generator) -> Tensor:
    """A random known patch for each target, `(T, 2)`."""
    choices = level.valid.nonzero()
    return choices[torch.randint(len(choices), (len(level.targets),), generator=generator)]


def _enlarged(offsets: Tensor, level: Level, otherwise: Tensor) -> Tensor:
    """The level before's matches, `(h, w, 2)` from target to match, carried to this one."""
    rows, columns = level.targets.T
    height, width = offsets.shape[:2]
    coarse = offsets[(rows // 2).clamp_max(height - 1), (columns // 2).clamp_max(width - 1)]
    place = level.targets + 2 * coarse
    return torch.where(look_up(level.valid, place, 0)[:, None], place, otherwise)


def _basis(level: Level, generator: torch.Generator) -> Tensor:
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


def _matched(
    level: Level,
    current: Tensor,
    guide: Tensor,
    found: Tensor,
    generator: torch.Generator,
    rounds: int,
    reach: float,
) -> tuple[Tensor, Tensor]:
    """Better matches and their costs, after so many rounds, the hole filled anew after each."""
    guide, basis = guide_at(guide, level), _basis(level, generator)
    offered, cost = _described(level.picture, level.picture, basis), torch.ones(len(found))
    for _ in range(rounds):
        found, cost = _match(level, current, guide, found, basis, offered, generator, reach)
        current = _vote(level, found, cost)
    return found, cost


def _match(
    level: Level,
    current: Tensor,
    guide: Tensor,
    found: Tensor,
    basis: Tensor,
    offered: Tensor,
    generator: torch.Generator,
    reach: float,
) -> tuple[Tensor, Tensor]:
    """Better matches for all targets at once: those of neighbours, and random ones.

    `offered` describes the level's own picture, which stays while `current` is made better;
    random ones are up to `reach` pixels away.
    """
    width = level.valid.shape[1]
    wanted = _described(current, guide, basis)[level.targets @ torch.tensor([width, 1])]

    def cost_of(place: Tensor) -> Tensor:
        rows = place @ torch.tensor([width, 1])
        return (offered[rows.clamp(0, len(offered) - 1)] - wanted).square_().sum(1)

    best, cost = found, cost_of(found)

    def consider(place: Tensor, allowed: Tensor) -> None:
        nonlocal best, cost
        allowed = allowed & look_up(level.valid, place, 0)
        offered_cost = torch.where(allowed, cost_of(place), torch.inf)
        better = offered_cost < cost
        best = torch.where(better[:, None], place, best)
        cost = torch.where(better, offered_cost, cost)

    for jump in JUMPS:
        for step in NEIGHBOURS:
            shift = torch.tensor(step) * jump
            beside = level.targets + shift
            number = look_up(level.place, beside, -1).long()
            consider(best[number.clamp_min(0)] - shift, number >= 0)
    while reach >= 1:
        noise = torch.rand(best.shape, generator=generator) * 2 - 1
        consider(best + (noise * reach).round().long(), torch.ones_like(cost, dtype=torch.bool))
        reach /= 3
    return best, cost


def _vote(level: Level, found: Tensor, cost: Tensor) -> Tensor:
    """The level's picture, its hole filled with what the patches say."""
    return _filled(level, _votes(level, found, cost))


def _filled(level: Level, votes: Tensor) -> Tensor:
    """The level's picture, its hole filled from `(3, h, w)` of its window."""
    result = level.picture.clone()
    part = result[:, *level.window]
    part.copy_(torch.where(level.hole[level.window], votes, part))
    return result


def _without_rim(level: Level, votes: Tensor, near: tuple[int, ...]) -> Tensor:
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
    votes = votes + shift
    for side in near:
        error = (level.picture[:, *level.window] - votes).clamp_(-LARGEST_SHIFT, LARGEST_SHIFT)
        total, count = (F.avg_pool2d(x, side, 1, side // 2) for x in (error[None] * ring, ring))
        votes = votes + (total / (count + NOTHING))[0]
    return _filled(level, votes.clamp(0, 1))


def _votes(
    level: Level,
    found: Tensor,
    cost: Tensor,
    reach: int = RADIUS,
    light: Light | None = None,
) -> Tensor:
    """The mean of what all patches over a pixel say, better matches counting more.

    `(3, h, w)` of the level's window, of meaning where there are targets. `light` is added to
    what the patch of each pixel says.
    """
    rows, columns = level.window
    corner = torch.tensor([rows.start, columns.start])
    height, width = rows.stop - rows.start, columns.stop - columns.start
    own = 0 if light is None else light.at(level.targets)
    weight = torch.exp(-cost / (2 * cost.median()).clamp_min(1e-8)) + 1e-6
    total = torch.zeros(height * width, 4)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            shift = torch.tensor([dy, dx])
            to, of = level.targets + shift - corner, found + shift
            inside = ((to >= 0) & (to < torch.tensor([height, width]))).all(1)
            colors = level.picture[:, of[:, 0], of[:, 1]] + own
            values = torch.cat([colors * weight, weight[None]]).T * inside[:, None]
            index = to.clamp_min(0) @ torch.tensor([width, 1])
            total.index_add_(0, index.clamp_max(height * width - 1), values)
    return (total[:, :3] / total[:, 3:].clamp_min(1e-12)).T.reshape(3, height, width)
