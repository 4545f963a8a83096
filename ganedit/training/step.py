"""One training step: who is frozen, what is differentiated, what must be finite."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganedit.data.seeding import step_seed
from ganedit.errors import NonFiniteError
from ganedit.training.config import TrainingConfig
from ganedit.training.distributed import Ranks, average_gradients
from ganedit.training.replay import ReplayPool
from ganedit.training.state import State
from ganedit.training.task import Batch, Fakes, Losses, Networks, Phase, Step, TrainableTask

_ADVICE = (
    "became NaN or infinite; no checkpoint was overwritten; start a new run with a lower "
    "--learning-rate"
)


def training_step(
    task: TrainableTask,
    state: State,
    batches: Sequence[Batch],
    config: TrainingConfig,
    dtype: torch.dtype,
    ranks: Ranks,
) -> dict[str, Tensor]:
    """Go through the phases that are due on the same pictures; returns the loss terms.

    Whatever the step draws comes from its own seed, so that it is the same after a resumption.

    Args:
        task: whose phases.
        state: networks, optimizers and position; the step is counted in it.
        batches: the step's `config.accumulate` batches, already on the device.
        config: of the run.
        dtype: of the forward passes (autocast); gradients and weights stay float32.
        ranks: this process's place.

    Raises:
        NonFiniteError: an objective is NaN or infinite. Nothing was updated by it.
    """
    networks = state.networks
    state.set_rates(config)
    torch.manual_seed(step_seed(config.seed, ranks.rank, state.step))
    autocast = torch.autocast(state.device.type, dtype, enabled=dtype != torch.float32)
    fakes = [_Fakes(task, state.pool) for _ in batches]
    terms: dict[str, Tensor] = {}
    generators_learned = False

    for phase in task.phases(networks):
        generates = not networks.generators.keys().isdisjoint(phase.learns)
        if not _is_due(phase, state.step, config.critic_lead if generates else 0):
            continue
        for name, network in networks.trained.items():
            network.requires_grad_(name in phase.learns)
        for batch, drawn in zip(batches, fakes, strict=True):
            draw = drawn.for_generators if generates else drawn.for_critics
            with autocast:
                losses = phase.loss(Step(networks, batch, state.step, state.done, draw))
            _backward(losses, 1 / len(batches), terms, state.step)
        for name in phase.learns:
            _update(networks, name, state, config, ranks)
        generators_learned |= generates

    if generators_learned:
        state.update_average(config)
    state.step += 1
    state.images += ranks.world * sum(len(next(iter(batch.values()))) for batch in batches)
    return terms


def _is_due(phase: Phase, step: int, lead: int) -> bool:
    return step >= phase.start + lead and step % phase.every == 0


@dataclass
class _Fakes:
    """What a step generates for one of its batches.

    Anew for each phase in which generators learn, since it is differentiated once; the newest,
    detached and through the pool, for all critics.
    """

    task: TrainableTask
    pool: ReplayPool
    newest: Fakes | None = None
    shown: Fakes | None = None

    def for_generators(self, step: Step) -> Fakes:
        made = self.task.generate(step)
        self.newest = {name: tensor.detach() for name, tensor in made.items()}
        return made

    def for_critics(self, step: Step) -> Fakes:
        if self.shown is None:
            if self.newest is None:
                with torch.no_grad():
                    self.newest = self.task.generate(step)
            self.shown = self.pool.exchange(self.newest)
        return self.shown


def _backward(losses: Losses, share: float, terms: dict[str, Tensor], step: int) -> None:
    """Differentiate the sum of the losses, times `share`, and add each of them to the terms."""
    total = torch.stack([loss.float() for loss in losses.values()]).sum()
    if not torch.isfinite(total):
        bad = [name for name, loss in losses.items() if not torch.isfinite(loss)]
        raise NonFiniteError(f"step {step}: {', '.join(bad) or 'the objective'} {_ADVICE}")
    torch.autograd.backward(total * share)
    for name, loss in losses.items():
        terms[name] = terms.get(name, torch.zeros_like(total)) + loss.detach().float() * share


def _update(
    networks: Networks, name: str, state: State, config: TrainingConfig, ranks: Ranks
) -> None:
    parameters = list(networks[name].parameters())
    average_gradients(parameters, ranks)
    # Critics are not clipped: what they tell apart worst has the steepest gradients.
    clip = config.clip if name in networks.generators else 0
    norm = nn.utils.clip_grad_norm_(parameters, clip or math.inf)
    if not torch.isfinite(norm):  # a finite loss can have gradients that are not
        raise NonFiniteError(f"step {state.step}: the gradients {_ADVICE}")
    for optimizer in state.optimizers[name]:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
