"""By which shifts the surroundings of a hole repeat themselves: windows, tiles, fence posts.

Statistics of patch offsets (He and Sun 2012): of what is around the hole every patch names the
one most like it that is not beside it; the shifts that are named most often are those of a regular
structure, and go on in the hole.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

# Patches that are asked, at most, and how near to the hole they are, as a share of its width.
ASKED, NEAR = 1500, 0.75
# Nearest neighbours closer than this are the patch itself, not a repetition.
LEAST_SHIFT = 4
# Distances held at once.
CHUNK = 1 << 23


def repeating_shifts(
    features: Tensor, hole: Tensor, valid: Tensor, count: int, apart: int
) -> Tensor:
    """The `count` most frequent shifts, `(N, 2)` rows and columns, both ways each.

    Args:
        features: `(C, H, W)`, of no meaning under the hole.
        hole: `(H, W)` bool.
        valid: `(H, W)` bool, middles of patches (3×3) of known pixels.
        count: how many shifts there are at most.
        apart: shifts this near to each other are one.
    """
    nothing = torch.empty(0, 2, dtype=torch.long)
    height, width = hole.shape
    extent = hole.nonzero()
    side = int((extent.amax(0) - extent.amin(0)).min()) + 1
    reach = max(LEAST_SHIFT, round(NEAR * side))
    near = F.max_pool2d(hole[None].float(), 2 * reach + 1, 1, reach)[0] > 0
    offered, asked = valid.nonzero(), (near & valid).nonzero()
    if len(offered) < 2 or not len(asked):
        return nothing
    asked = asked[:: -(-len(asked) // ASKED)]
    found = _named(features, asked, offered)
    # What fits in one direction fits in the other.
    found = torch.cat([found, -found]) + torch.tensor([height, width])
    votes = torch.zeros(2 * height + 1, 2 * width + 1)
    votes.index_put_(tuple(found.T), torch.ones(len(found)), accumulate=True)
    # Nearly the same shift is a vote too, but a smaller one: of a peak the middle is meant.
    votes = votes + F.avg_pool2d(votes[None], 3, 1, 1)[0]
    highest = F.max_pool2d(votes[None], 2 * apart + 1, 1, apart)[0]
    peaks = torch.where(votes == highest, votes, 0.0).flatten()
    order = peaks.argsort(descending=True, stable=True)[:count]
    order = order[peaks[order] > 0]
    return torch.stack([order // (2 * width + 1) - height, order % (2 * width + 1) - width], dim=1)


def _named(features: Tensor, asked: Tensor, offered: Tensor) -> Tensor:
    """From each place that is asked to the one whose patch is most like its own, `(N, 2)`."""
    patches = F.unfold(features[None], 3, padding=1)[0]
    step = torch.tensor([features.shape[2], 1])
    theirs, ours = (patches[:, places @ step].T.contiguous() for places in (offered, asked))
    shifts, count = [], max(1, CHUNK // len(offered))
    for start in range(0, len(asked), count):
        part, own = asked[start : start + count], ours[start : start + count]
        unlike = torch.cdist(own, theirs)
        unlike[torch.cdist(part.float(), offered.float(), p=torch.inf) < LEAST_SHIFT] = torch.inf
        cost, best = unlike.min(1)
        shifts.append((offered[best] - part)[cost < torch.inf])
    return torch.cat(shifts)
