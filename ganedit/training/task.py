"""What training is written against: networks, batches and losses of a task."""

from collections.abc import Mapping
from typing import Any, Protocol

from torch import Tensor, nn

Batch = Mapping[str, Tensor]
Losses = dict[str, Tensor]


class Pair(nn.Module):
    """A generator and at most one critic, so that every task has one checkpoint format.

    A task with several of either (a CycleGAN's two directions) makes them children of one module.
    """

    def __init__(self, generator: nn.Module, critic: nn.Module | None = None) -> None:
        super().__init__()
        self.generator = generator
        self.critic = critic


class Batches(Protocol):
    """Training data as a pure function: `batches[step]` is that step's whole batch.

    Pictures are `(N, C, H, W)` uint8; the loop makes them float32 in [0, 1] on the device.
    Whatever is random inside is drawn from a generator seeded with (seed, step), so the position
    in the data is the step number and training resumed sees what training uninterrupted would.
    """

    def __getitem__(self, step: int) -> Batch: ...


class TrainableTask(Protocol):
    """The part of a task that training needs. No backward, optimizer or device in here."""

    name: str
    pool: int
    """Generated pictures that are kept for the critic; 0 where only new ones are looked at."""

    @property
    def options(self) -> Mapping[str, Any]:
        """What rebuilds this task, as plain data; kept in checkpoints and compared on resume."""
        ...

    @property
    def network(self) -> Mapping[str, Any]:
        """What rebuilds the generator alone, as plain data; written into its weight files."""
        ...

    def build(self) -> Pair:
        """New networks, initialised from torch's global random state."""
        ...

    def batches(self, seed: int) -> Batches:
        """The training data; `seed` differs between ranks."""
        ...

    def generate(self, pair: Pair, batch: Batch) -> Tensor:
        """The generator's pictures for a batch, float `(N, C, H, W)`."""
        ...

    def generator_loss(self, pair: Pair, batch: Batch, fakes: Tensor) -> Losses:
        """Weighted terms by name; their sum is the objective, their names head the log."""
        ...

    def critic_loss(self, pair: Pair, batch: Batch, fakes: Tensor, step: int) -> Losses:
        """As `generator_loss`, for the critic; `fakes` are detached and some of them perhaps from
        earlier steps (see `pool`), `step` paces penalties."""
        ...

    def sample(self, pair: Pair, batch: Batch, fakes: Tensor) -> list[Tensor]:
        """Columns of a sample sheet: equally large `(N, 3, H, W)` pictures in [0, 1]."""
        ...

    def to(self, device: Any) -> Any:
        """Move whatever the losses hold (a feature network) to the device."""
        ...
