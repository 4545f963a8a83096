"""Pieces that were found at a coarse resolution, moved as wholes until their borders meet."""

import numpy as np
import torch
from torch import Tensor

from ganedit.tasks.inpaint.pyramid import Level, look_up

# Pieces of less than this share of the targets stay where they are.
LEAST_PIECE = 0.004
# How far a piece moves at each resolution, and how often all of them are looked at.
REACH, SWEEPS = 2, 2
# What is known at the rim counts more than what another piece says.
RIM = 4.0
# A single pixel's difference counts up to this: edges that do not go on are not worth more.
LARGEST = 0.1
STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))


def aligned(level: Level, found: Tensor) -> Tensor:
    """The sources `(T, 2)`, every piece moved by a few pixels to where it fits best.

    A piece is what is moved by one shift. It fits where the rim that it covers, and what the
    pieces beside it would bring to its border, look like what it brings itself.
    """
    width = level.hole.shape[1]
    for _ in range(SWEEPS):
        shift = found - level.targets
        code = (shift[:, 0] * 4 * width + shift[:, 1]).numpy()
        _, number, counts = np.unique(code, return_inverse=True, return_counts=True)
        before = found
        for piece in np.argsort(-counts, kind="stable"):
            if counts[piece] < LEAST_PIECE * len(found):
                break
            found = _moved(level, found, torch.from_numpy(number == piece))
        if torch.equal(before, found):
            break
    return found


def _moved(level: Level, found: Tensor, piece: Tensor) -> Tensor:
    own = piece.nonzero()[:, 0]
    shift = found[own[0]] - level.targets[own[0]]
    at, wanted, weight = _borders(level, found, piece, own)
    if not len(at):
        return found
    side = torch.arange(-REACH, REACH + 1)
    tried = torch.stack(torch.meshgrid(side, side, indexing="ij"), dim=-1).flatten(0, 1)
    tried = tried[tried.abs().sum(1).argsort(stable=True)]  # of equals the nearest
    costs = []
    for move in tried:
        place = at + shift + move
        error = _colors(level, place) - wanted
        error = error.square().sum(0).clamp_max(LARGEST)
        error[~look_up(level.valid, place, 0)] = LARGEST
        costs.append(float((error * weight).sum()))
    move = tried[costs.index(min(costs))]
    moved = level.targets[own] + shift + move
    usable = look_up(level.valid, moved, 0)
    found = found.clone()
    found[own[usable]] = moved[usable]
    return found


def _borders(
    level: Level, found: Tensor, piece: Tensor, own: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Where a piece meets something: places `(N, 2)`, the colours there `(3, N)`, and weights."""
    targets = level.targets[own]
    known = ~level.hole[targets[:, 0], targets[:, 1]]
    places, colors = [targets[known]], [_colors(level, targets[known])]
    weights = [torch.full((int(known.sum()),), RIM)]
    for step in STEPS:
        beside = targets + torch.tensor(step)
        other = look_up(level.place, beside, -1).long()
        # Beyond the border two pieces have a say.
        meets = (other >= 0) & ~piece[other.clamp_min(0)]
        other = other[meets]
        away = found[other] - level.targets[other]
        for place in (targets[meets], beside[meets]):
            places.append(place)
            colors.append(_colors(level, place + away))
            weights.append(torch.ones(len(place)))
    return torch.cat(places), torch.cat(colors, dim=1), torch.cat(weights)


def _colors(level: Level, at: Tensor) -> Tensor:
    height, width = level.hole.shape
    rows, columns = at.T
    return level.picture[:, rows.clamp(0, height - 1), columns.clamp(0, width - 1)]
