"""What training asks of a task: networks by name, phases, data, and a measure of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from torch import Tensor, nn

from ganedit.scores import Scores

Batch = Mapping[str, Tensor]
Fakes = Mapping[str, Tensor]
Losses = dict[str, Tensor]

# The averaged network of this name is what a run leaves as its weight file.
GENERATOR = "generator"


@dataclass(frozen=True)
class Networks:
    """The networks of a run, by names that differ between the three kinds.

    A network that is of no use without another one (a mapping network without its synthesis) is
    best made a child of one module with it. What a task has to remember from step to step (the
    mean path length, the strength of adaptive augmentation) is a buffer of one of them, and saved
    with it.
    """

    generators: Mapping[str, nn.Module]
    """Learn at --learning-rate; moving averages of them are what is scored, shown and kept."""
    critics: Mapping[str, nn.Module] = field(default_factory=dict)
    """Learn at --critic-learning-rate, and are gone when the run is over."""
    frozen: Mapping[str, nn.Module] = field(default_factory=dict)
    """Help to compute losses (VGG19, a teacher): neither trained, averaged nor saved."""

    @property
    def trained(self) -> dict[str, nn.Module]:
        """Generators and critics."""
        return {**self.generators, **self.critics}

    def __getitem__(self, name: str) -> nn.Module:
        return {**self.trained, **self.frozen}[name]


def by_layer(kind: str, layers: Sequence[Tensor]) -> dict[str, Tensor]:
    """What a network sees in pictures, layer by layer, to be kept among a step's fakes."""
    return {f"{kind} {number}": layer for number, layer in enumerate(layers)}


def layers_of(fakes: Fakes, kind: str) -> list[Tensor]:
    """What `by_layer` kept of a kind; empty where there is nothing."""
    return [layer for name, layer in fakes.items() if name.startswith(f"{kind} ")]


class Step:
    """All that a loss may look at.

    Attributes:
        networks: those of the run; its averaged generators where it is scored.
        batch: on the device; pictures `(N, C, H, W)` float32 in [0, 1].
        number: of the optimizer step, from 0.
        done: how much of the run is over, in [0, 1].
    """

    def __init__(
        self,
        networks: Networks,
        batch: Batch,
        number: int,
        done: float,
        draw: Callable[["Step"], Fakes],
    ) -> None:
        self.networks, self.batch, self.number, self.done = networks, batch, number, done
        self._draw = draw

    @cached_property
    def fakes(self) -> Fakes:
        """What the task generates for the batch, made when first asked for.

        With gradients in phases in which a generator learns. Critics get the same ones detached,
        half of them perhaps from earlier steps (see `TrainableTask.pool`).
        """
        return self._draw(self)

    def due(self, every: int) -> bool:
        """Whether a term that only every so manieth step has, such as a lazy penalty, is due."""
        return self.number % every == 0


@dataclass(frozen=True)
class Phase:
    """One objective, and who learns by it. A step goes through those that are due in their order.

    Several critic steps for one of the generator, each on new pictures, are an `every` of the
    generator's phase; a regulariser of its own is a phase with a larger one. Each phase is a step
    of its networks' optimizers: a small term that comes now and then is better a part of a larger
    loss (see `Step.due`), since Muon moves kernels as far for a faint gradient as for a steep one.
    """

    learns: tuple[str, ...]
    """Names of networks; all others stay as they are."""
    loss: Callable[[Step], Losses]
    """Weighted terms by name: their sum is the objective, their names head the log."""
    every: int = 1
    """Takes part in steps that are multiples of this."""
    start: int = 0
    """First step that it takes part in."""


@dataclass(frozen=True)
class HeldOutScores:
    """What a task measures on pictures that were held out."""

    values: Scores
    """By name, as they are logged and plotted."""
    quality: float
    """The larger, the better: the best weights of a run are chosen by it."""


class Batches(Protocol):
    """Training data as a pure function: `batches[step]` is that step's whole batch.

    Pictures are `(N, C, H, W)` uint8; the loop makes them float32 in [0, 1] on the device. All
    other tensors, such as labels or vectors, arrive as they are.
    Whatever is random inside is drawn from a generator seeded with (seed, step), so the position
    in the data is the step number and training resumed sees what training uninterrupted would.
    """

    def __getitem__(self, step: int) -> Batch: ...


class TrainableTask(Protocol):
    """The part of a task that training needs. No backward, optimizer or device in here."""

    name: str
    pool: int
    """Generated pictures that are kept for the critics; 0 where only new ones are looked at."""

    @property
    def options(self) -> Mapping[str, Any]:
        """What rebuilds this task, as plain data; kept in checkpoints and compared on resume."""
        ...

    @property
    def network(self) -> Mapping[str, Any]:
        """What rebuilds the network `generator`, as plain data; written into its weight files."""
        ...

    def build(self) -> Networks:
        """New networks, initialised from torch's global random state; one is `generator`."""
        ...

    def phases(self, networks: Networks) -> Sequence[Phase]:
        """What a step consists of, for the networks that were built."""
        ...

    def batches(self, seed: int, held_out: float) -> Batches:
        """The training data; `seed` differs between ranks.

        Args:
            seed: of everything random in it.
            held_out: share of the pictures that is left out.
        """
        ...

    def held_out(self, share: float) -> Sequence[Batch]:
        """Some batches of what `batches` leaves out, the same every time; empty if it is nothing.

        The first ones make the sample sheets.
        """
        ...

    def generate(self, step: Step) -> Fakes:
        """What the generators make of a batch: tensors by name, the first dimension N."""
        ...

    def score(self, steps: Sequence[Step]) -> HeldOutScores:
        """The task's own measure of the averaged generators, over all held-out batches."""
        ...

    def sample(self, step: Step) -> list[Tensor]:
        """Columns of a sample sheet: equally large `(N, 3, H, W)` pictures in [0, 1]."""
        ...


# Pictures that a score is taken of.
SCORED = 32


def scored_batches(batches: Batches, size: int) -> list[Batch]:
    """The first batches, each of `size` pictures, as many as make up what is scored."""
    return [batches[number] for number in range(-(-SCORED // size))]
