"""Generated pictures kept for the critics to look back at."""

from collections.abc import Mapping

import torch
from torch import Tensor


class ReplayPool:
    """A pool of earlier generated pictures (Shrivastava et al. 2017; CycleGAN keeps 50).

    A critic that sees only the newest ones forgets what it knew, and the two networks circle.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.kept: dict[str, Tensor] = {}

    def exchange(self, fakes: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """`(N, …)` each for the critics: half from the pool, which takes theirs instead.

        What was generated together stays together: pictures of two domains, or a picture and its
        label. Until the pool is full all are new. Random numbers are torch's.
        """
        if self.size == 0:
            return dict(fakes)
        if not self.kept:
            self.kept = {name: tensor[:0].clone() for name, tensor in fakes.items()}
        shown: dict[str, list[Tensor]] = {name: [] for name in fakes}
        for index in range(len(next(iter(fakes.values())))):
            place = self._place()
            for name, tensor in fakes.items():
                kept, new = self.kept[name], tensor[index]
                if place is None:
                    shown[name].append(new)
                elif place == len(kept):
                    self.kept[name] = torch.cat([kept, new[None]])
                    shown[name].append(new)
                else:
                    shown[name].append(kept[place].clone())
                    kept[place] = new
        return {name: torch.stack(tensors) for name, tensors in shown.items()}

    def _place(self) -> int | None:
        """Where the next one goes: at the end, in another's place, or nowhere."""
        count = len(next(iter(self.kept.values())))
        if count < self.size:
            return count
        return int(torch.randint(self.size, ())) if torch.rand(()) < 0.5 else None
