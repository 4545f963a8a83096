"""One training step: who is frozen, what is differentiated, what must be finite."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ganedit.data.seeding import step_seed
from ganedit.errors import NonFiniteError
from ganedit.training.config import TrainingConfig
from ganedit.training.distributed import Ranks, average_gradients
from ganedit.training.state import State
from ganedit.training.task import Batch, Losses, TrainableTask

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
) -> tuple[dict[str, Tensor], Tensor]:
    """Generator, then critic, on the same pictures; returns the loss terms and the last fakes.

    Whatever the step draws comes from its own seed, so that it is the same after a resumption.

    Args:
        batches: the step's `config.accumulate` batches, already on the device.
        dtype: of the forward passes (autocast); gradients and weights stay float32.

    Raises:
        NonFiniteError: an objective is NaN or infinite. Nothing was updated by it.
    """
    pair, device = state.pair, next(state.pair.parameters()).device
    state.set_rates(config)
    torch.manual_seed(step_seed(config.seed, ranks.rank, state.step))
    log: dict[str, Tensor] = {}
    share = 1 / len(batches)
    autocast = torch.autocast(device.type, dtype, enabled=dtype != torch.float32)

    if pair.critic is not None:
        pair.critic.requires_grad_(False)
    drawn: list[Tensor] = []
    learns = state.step >= config.critic_lead
    for batch in batches:
        with autocast, torch.set_grad_enabled(learns):
            fakes = task.generate(pair, batch)
            losses = task.generator_loss(pair, batch, fakes)
        _backward(losses, share, log, state.step, learns=learns)
        drawn.append(fakes.detach())
    if learns:
        _update(pair.generator, state.generator_optimizer, config.clip, ranks, state.step)

    if pair.critic is not None and state.critic_optimizer is not None:
        pair.critic.requires_grad_(True)
        for batch, fakes in zip(batches, drawn, strict=True):
            shown = state.pool.exchange(fakes)
            with autocast:
                losses = task.critic_loss(pair, batch, shown, state.step)
            _backward(losses, share, log, state.step)
        # Not clipped: the pictures that it tells apart worst have the steepest gradients.
        _update(pair.critic, state.critic_optimizer, 0, ranks, state.step)

    state.update_average(config)
    state.step += 1
    return log, drawn[-1]


def _backward(
    losses: Losses, share: float, log: dict[str, Tensor], step: int, *, learns: bool = True
) -> None:
    """Add each term, times `share`, to the log and, where the network learns, differentiate."""
    total = torch.stack([term.float() for term in losses.values()]).sum()
    if not torch.isfinite(total):
        bad = [name for name, term in losses.items() if not torch.isfinite(term)]
        raise NonFiniteError(f"step {step}: {', '.join(bad) or 'the objective'} {_ADVICE}")
    if learns:
        torch.autograd.backward(total * share)
    for name, term in losses.items():
        log[name] = log.get(name, torch.zeros_like(total)) + term.detach().float() * share


def _update(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    clip: float,
    ranks: Ranks,
    step: int,
) -> None:
    average_gradients(module.parameters(), ranks)
    norm = nn.utils.clip_grad_norm_(module.parameters(), clip or math.inf)
    if not torch.isfinite(norm):  # a finite loss can have gradients that are not
        raise NonFiniteError(f"step {step}: the gradients {_ADVICE}")
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
