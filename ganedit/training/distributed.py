"""Several processes, one per GPU, started by `torchrun`.

Gradients are averaged after backward rather than inside a DistributedDataParallel wrapper: a
GAN's step calls its networks several times and differentiates gradients, which the wrapper's
hooks were not made for.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

T = TypeVar("T")


@dataclass(frozen=True)
class Ranks:
    """This process's place among all of them."""

    rank: int = 0
    local: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and shows progress."""
        return self.rank == 0


@contextmanager
def joined() -> Iterator[Ranks]:
    """Join the group that `torchrun` describes in the environment, or stand alone; then leave.

    A group can be joined once only: what does several runs joins it around all of them.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Ranks()
        return
    if dist.is_initialized():
        yield _here()
        return
    # Both, where there are GPUs: --device cpu is honoured there too.
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    try:
        yield _here()
    finally:
        dist.destroy_process_group()


def _here() -> Ranks:
    return Ranks(dist.get_rank(), int(os.environ["LOCAL_RANK"]), dist.get_world_size())


def same_start(modules: Iterable[nn.Module], ranks: Ranks) -> None:
    """Give every rank the first one's parameters and buffers."""
    if ranks.world > 1:
        for module in modules:
            for tensor in [*module.parameters(), *module.buffers()]:
                dist.broadcast(tensor.data, src=0)


def average_gradients(parameters: Iterable[nn.Parameter], ranks: Ranks) -> None:
    """Replace every gradient by its mean over the ranks, in one message."""
    if ranks.world == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    if not gradients:
        return
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    dist.all_reduce(flat)
    flat /= ranks.world
    parts = torch.split(flat, [gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def largest(values: Sequence[float], ranks: Ranks, device: torch.device) -> list[float]:
    """The largest of each over the ranks: all must stop, save and look at the clock as one."""
    if ranks.world == 1:
        return list(values)
    shared: Tensor = torch.tensor(values, dtype=torch.float64, device=device)
    dist.all_reduce(shared, dist.ReduceOp.MAX)
    result: list[float] = shared.tolist()
    return result


def wait(ranks: Ranks) -> None:
    """Until all ranks are here: what the first one writes is there for the others afterwards."""
    if ranks.world > 1:
        dist.barrier()


def gathered(value: T, ranks: Ranks) -> list[T]:
    """Every rank's value, on the first rank; elsewhere nothing."""
    if ranks.world == 1:
        return [value]
    found: list[Any] | None = [None] * ranks.world if ranks.first else None
    dist.gather_object(value, found)
    return found or []
