"""What kind of thing each place of a region is, told by the filling network itself.

The network has learned what goes on in a hole from what is around it, so its features tell kinds of
things apart. Its guess, given to it once more as a whole picture, has features for the hole that
can be compared with those of what is known: of the places whose colours are those of the guess
most are of another kind, of those that are alike in these features far fewer.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

# Principal components of the features that are kept, and the share of a cell that has to be known
# for it to count among what is known.
COMPONENTS, LEAST_KNOWN = 16, 0.99


def meaning_of(described: Tensor, hole: Tensor) -> Tensor:
    """Few numbers for each place, whose squared distances tell how unlike two places are.

    Args:
        described: `(C, h, w)`, the network's features (`Inpainter.described`).
        hole: `(H, W)` bool, of the same region at any size.

    Returns:
        `(COMPONENTS, h, w)`, as long as 1 at most.
    """
    shape = (described.shape[1], described.shape[2])
    known = F.adaptive_avg_pool2d((~hole)[None].float(), shape).flatten() > LEAST_KNOWN
    features = described.flatten(1)
    if int(known.sum()) < COMPONENTS:
        known = torch.ones_like(known)
    usual = features[:, known]
    features = (features - usual.mean(1, keepdim=True)) / usual.std(1, keepdim=True).clamp_min(1e-4)
    features = F.normalize(features, dim=0)
    features = features - features[:, known].mean(1, keepdim=True)
    _, vectors = torch.linalg.eigh(features[:, known] @ features[:, known].T)
    found: Tensor = vectors[:, -COMPONENTS:].T @ features
    return found.reshape(-1, *shape)
