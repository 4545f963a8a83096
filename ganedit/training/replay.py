"""Generated pictures kept for the critic to look back at."""

import torch
from torch import Tensor


class ReplayPool:
    """A pool of earlier generated pictures (Shrivastava et al. 2017; CycleGAN keeps 50).

    A critic that sees only the newest ones forgets what it knew, and the two networks circle.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.pictures: Tensor | None = None

    def exchange(self, fakes: Tensor) -> Tensor:
        """`(N, C, H, W)` for the critic: half of them from the pool, which takes theirs instead.

        Until the pool is full all are new. Random numbers are torch's.
        """
        if self.size == 0:
            return fakes
        kept = fakes[:0].clone() if self.pictures is None else self.pictures
        shown = []
        for fake in fakes:
            if len(kept) < self.size:
                kept = torch.cat([kept, fake[None]])
                shown.append(fake)
            elif torch.rand(()) < 0.5:
                place = int(torch.randint(self.size, ()))
                shown.append(kept[place].clone())
                kept[place] = fake
            else:
                shown.append(fake)
        self.pictures = kept
        return torch.stack(shown)
