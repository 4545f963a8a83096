"""Coherent regions for a hole: a few shifts of the picture over itself, one for each pixel.

A hole in a photograph is best filled by large pieces of it, moved as they are (shift maps, Pritch
et al. 2009), along the few shifts by which the picture resembles itself (He and Sun 2012). Which
shifts those are, what is around the hole tells: it has to go on at the other end of the shift too.
Which pixel takes which is found by loopy belief propagation (min-sum), at a resolution at which the
hole has a few thousand pixels.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.tasks.inpaint.repeating import repeating_shifts

# Pixels around the hole that decide which shifts there are, and sectors of them: what lies left of
# a hole goes on elsewhere than what lies right of it.
RING, SECTORS = 4, 8
# Shifts of each sector, and of the ring as a whole; others so near are the same.
SHIFTS, APART = 5, 2
# Shifts by which the surroundings repeat themselves, and how many of all shifts are weighed
# against each other: those that are among the `PLACED` cheapest of most targets.
REPEATING, MOST, PLACED = 24, 40, 3
# Of the pixels of such a part so many have to have a known counterpart.
LEAST_KNOWN = 0.8
# Cost of being moved by the picture's whole height or width: perspective, light and haze change
# with height, so that what stands at the same height fits first.
HEIGHT_COST, WIDTH_COST = 0.12, 0.01
# Cost of a shift that brings nothing known to any of the hole: pieces would be narrow, and the
# same thing be seen in each of them.
NARROW_COST = 0.01
# What weighs beside the seams between pieces: the guide's colours, beyond what it can be expected
# to miss them by, and what is known at the rim.
GUIDE_COST, VAGUE, RIM_COST = 1.0, 0.015, 2.0
# Of being of another kind than what is guessed: a squared distance of 0 to 2.
MEANING_COST = 0.15
# Of every border between pieces, so that they are large, and of the worst one: a thing may end at
# one, where it would cost more to go on with it through the whole hole.
BORDER_COST, LARGEST_SEAM = 0.03, 0.4
SWEEPS, DAMPING = 24, 0.3
IMPOSSIBLE = 100.0
STEPS = ((1, 0), (0, 1))


@dataclass(frozen=True)
class Scenery:
    """What shifts are found in.

    Attributes:
        features: `(C, H, W)`, colours and measures of texture; of no meaning under the hole.
        guide: `(C, H, W)`, what should be under the hole.
        meaning: `(D, H, W)`, what each place is like, the hole's as it is guessed.
        hole: `(H, W)` bool.
        valid: `(H, W)` bool, what may be copied.
        targets: `(T, 2)` row and column of the pixels that need a source, rim included.
    """

    features: Tensor
    guide: Tensor
    meaning: Tensor
    hole: Tensor
    valid: Tensor
    targets: Tensor


def coherent_sources(scenery: Scenery) -> Tensor:
    """A source for each target, `(T, 2)`, in pieces that are moved as they are.

    Where no shift leads to something known the source may be invalid.
    """
    shifts = _shifts(scenery)
    if not len(shifts):
        return scenery.targets
    height, width = scenery.hole.shape
    places = scenery.targets[:, None] + shifts[None]
    limits = torch.tensor([height, width])
    inside = ((places >= 0) & (places < limits)).all(2)
    places = places.clamp_min(0).minimum(limits - 1)
    copied = scenery.features[:, places[..., 0], places[..., 1]].permute(1, 2, 0).contiguous()
    allowed = inside & scenery.valid[places[..., 0], places[..., 1]]
    costs = _costs(scenery, shifts, places, copied, allowed)
    kept = _promising(costs)
    shifts, costs, copied = shifts[kept], costs[:, kept], copied[:, kept].contiguous()
    seams = torch.cdist(copied, copied).clamp_max(LARGEST_SEAM)
    seams += BORDER_COST * (1 - torch.eye(len(shifts)))
    best = _propagated(scenery, costs, seams)
    return scenery.targets + shifts[best]


def _costs(
    scenery: Scenery, shifts: Tensor, places: Tensor, copied: Tensor, allowed: Tensor
) -> Tensor:
    """What each shift costs each target by itself, `(T, K)`."""
    at = scenery.targets.T
    known = ~scenery.hole[at[0], at[1]]
    wanted = torch.where(known, scenery.features[:, at[0], at[1]], scenery.guide[:, at[0], at[1]])
    difference = (copied - wanted.T[:, None]).square().sum(2)
    # A faint ridge that ends at the rim is seen: what is known is not compared by squares.
    near = difference.sqrt().clamp_max(LARGEST_SEAM)
    far = (difference - VAGUE).clamp_min(0)
    difference = torch.where(known[:, None], near, far)
    weight = torch.where(known, RIM_COST, GUIDE_COST)[:, None]
    # The targets outside of the hole are few, and have a source almost always.
    narrow = NARROW_COST * (1 - allowed.float().mean(0))
    cost = difference * weight + _moved(scenery, shifts) + narrow
    cost += MEANING_COST * _unlike(scenery, places)
    return torch.where(allowed, cost, IMPOSSIBLE)


def _promising(costs: Tensor) -> Tensor:
    """Which columns of `(T, K)` costs are among the cheapest most often, in their order."""
    count = min(PLACED, costs.shape[1])
    cheapest, order = costs.topk(count, dim=1, largest=False)
    votes = torch.bincount(order[cheapest < IMPOSSIBLE], minlength=costs.shape[1])
    return votes.argsort(descending=True, stable=True)[:MOST].sort().values


def _unlike(scenery: Scenery, places: Tensor) -> Tensor:
    """How unlike what each target should be each of its places is, `(T, K)`: `places` is
    `(T, K, 2)`, rows and columns."""
    own = scenery.meaning[:, scenery.targets[:, 0], scenery.targets[:, 1]]
    theirs = scenery.meaning[:, places[..., 0], places[..., 1]]
    return (theirs - own[:, :, None]).square().sum(0)


def _moved(scenery: Scenery, shifts: Tensor) -> Tensor:
    """What it costs to be moved so far, `(K,)`."""
    height, width = scenery.hole.shape
    share = shifts / torch.tensor([height, width])
    cost: Tensor = share.square() @ torch.tensor([HEIGHT_COST, WIDTH_COST])
    return cost


def _shifts(scenery: Scenery) -> Tensor:
    """The shifts by which what is around the hole, or should be in it, is like what is elsewhere.

    `(K, 2)`, none of them twice.
    """
    near = F.max_pool2d(scenery.hole[None].float(), 2 * RING + 1, 1, RING)[0] > 0
    ring = (near & ~scenery.hole).nonzero()
    middle = scenery.hole.nonzero().float().mean(0)
    away = ring - middle
    sector = ((torch.atan2(away[:, 0], away[:, 1]) / torch.pi + 1) * SECTORS / 2).long() % SECTORS
    sectors = [ring[sector == number] for number in range(SECTORS)]
    # The hole itself, as the guide has it, gives shifts that lead somewhere from all of it.
    parts = [ring, *sectors, scenery.hole.nonzero()]
    found = [_best_shifts(scenery, part) for part in parts if len(part) > RING**2]
    found.append(repeating_shifts(scenery.features, scenery.hole, scenery.valid, REPEATING, APART))
    rows = sorted({tuple(shift) for part in found for shift in part.tolist()})
    return torch.tensor(rows, dtype=torch.long).reshape(-1, 2)


def _best_shifts(scenery: Scenery, part: Tensor) -> Tensor:
    """The shifts at whose other end part of a picture looks most like itself, `(SHIFTS, 2)`."""
    height, width = scenery.hole.shape
    mask = torch.zeros(height, width)
    mask[part[:, 0], part[:, 1]] = 1
    known = scenery.valid.float()
    meaning = scenery.meaning * MEANING_COST**0.5
    features = torch.cat([scenery.features, meaning]) * known
    square = features.square().sum(0)
    wanted = torch.where(scenery.hole, scenery.guide, scenery.features)
    wanted = torch.cat([wanted, meaning]) * mask
    own = wanted.square().sum(0)
    # The squared difference of every shift at once, by correlation.
    count = _correlated(mask[None], known[None])
    apart = (
        _correlated(own[None], known[None])
        + _correlated(mask[None], square[None])
        - 2 * _correlated(wanted, features)
    )
    rows = torch.arange(2 * height) - height
    columns = torch.arange(2 * width) - width
    grid = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), dim=-1)
    hole = scenery.hole.float()
    narrow = NARROW_COST * (1 - _correlated(hole[None], known[None]) / hole.sum())
    cost = apart / count.clamp_min(1) + _moved(scenery, grid.float()) + narrow
    cost[(count < LEAST_KNOWN * len(part)) | (grid.abs().amax(-1) <= 2 * APART)] = torch.inf
    chosen = []
    for _ in range(SHIFTS):
        index = int(cost.argmin())
        y, x = divmod(index, 2 * width)
        if cost[y, x] == torch.inf:
            break
        chosen.append(grid[y, x])
        cost[max(0, y - APART) : y + APART + 1, max(0, x - APART) : x + APART + 1] = torch.inf
    return torch.stack(chosen) if chosen else torch.empty(0, 2, dtype=torch.long)


def _correlated(one: Tensor, other: Tensor) -> Tensor:
    """The sum over `p` of `one(p) · other(p + shift)`, for shifts from `-(H, W)` up, `(2H, 2W)`."""
    height, width = one.shape[-2:]
    size = (2 * height, 2 * width)
    spectrum = torch.fft.rfft2(one, size).conj() * torch.fft.rfft2(other, size)
    sums: Tensor = torch.fft.irfft2(spectrum.sum(0), size).roll((height, width), (0, 1))
    return sums


def _propagated(scenery: Scenery, costs: Tensor, seams: Tensor) -> Tensor:
    """The shift of each target, `(T,)`, with which pieces and their seams cost least.

    Args:
        scenery: gives the targets' neighbourhoods.
        costs: `(T, K)`.
        seams: `(T, K, K)`, how unlike what two shifts bring to one place is.
    """
    place = torch.full(scenery.hole.shape, -1)
    place[scenery.targets[:, 0], scenery.targets[:, 1]] = torch.arange(len(costs))
    padded = F.pad(place, (1, 1, 1, 1), value=-1)
    # One step down and one to the right: what two neighbours have between them serves both ways.
    links = []
    for step in STEPS:
        at = scenery.targets + 1 + torch.tensor(step)
        neighbour = padded[at[:, 0], at[:, 1]]
        own = (neighbour >= 0).nonzero()[:, 0]
        links.append((own, neighbour[own], seams[own] + seams[neighbour[own]]))
    messages = torch.zeros(2 * len(STEPS), *costs.shape)  # two for each link: ahead, and back
    for _ in range(SWEEPS):
        belief = costs + messages.sum(0)
        new = torch.zeros_like(messages)
        for number, (own, neighbour, between) in enumerate(links):
            for way, (teller, told) in enumerate(((own, neighbour), (neighbour, own))):
                # What one tells the other, without what that one told it.
                says = belief[teller] - messages[2 * number + 1 - way, teller]
                cheapest = (says[:, :, None] + between).amin(1)
                new[2 * number + way, told] = cheapest - cheapest.amin(1, keepdim=True)
        messages = torch.lerp(new, messages, DAMPING)
    return (costs + messages.sum(0)).argmin(1)
