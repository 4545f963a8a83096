"""Everything that a run is at one step, and how it is kept: one checkpoint file."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ganedit.errors import TrainingError, reason_of
from ganedit.training.config import TrainingConfig
from ganedit.training.distributed import Ranks, gathered
from ganedit.training.optimizer import optimizers_for
from ganedit.training.replay import ReplayPool
from ganedit.training.task import Networks

CHECKPOINT = "checkpoint.pt"
# Raised whenever a checkpoint of before could not be gone on with.
LAYOUT = 2


@dataclass
class State:
    """Networks, their average, optimizers and position of one run."""

    networks: Networks
    ema: AveragedModel
    """Of a ModuleDict of all generators."""
    optimizers: dict[str, list[torch.optim.Optimizer]]
    """By the name of the network that they train."""
    pool: ReplayPool
    steps: int | None
    """The end of the run, or None where `minutes` sets it."""
    minutes: float | None
    step: int = 0
    images: int = 0
    """Pictures learned from so far, on all ranks."""
    seconds: float = 0.0
    generators_began: float = 0.0
    """How much of the run was over when the critics' lead ended."""
    best: float = -math.inf
    """Quality of the best weights so far."""
    command: str = ""
    """How the run was asked for."""

    @classmethod
    def fresh(cls, networks: Networks, config: TrainingConfig, pool: int = 0) -> "State":
        """A run at step 0, with a replay pool of so many pictures."""
        generators = nn.ModuleDict(networks.generators)
        ema = AveragedModel(generators, multi_avg_fn=_average(config.ema), use_buffers=True)
        ema.requires_grad_(False).eval()
        of_critics = config.critic_optimizer or config.optimizer
        settings = {
            **dict.fromkeys(networks.generators, (config.learning_rate, config.optimizer)),
            **dict.fromkeys(networks.critics, (config.critic_learning_rate, of_critics)),
        }
        optimizers = {
            name: optimizers_for(networks[name], rate, config.betas, kind)
            for name, (rate, kind) in settings.items()
        }
        return cls(networks, ema, optimizers, ReplayPool(pool), config.steps, config.minutes)

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return next(self.ema.parameters()).device

    @property
    def done(self) -> float:
        """How much of the run is over, in [0, 1]: of its steps, or of its time."""
        if self.steps is not None:
            return min(1.0, self.step / self.steps)
        assert self.minutes is not None
        return min(1.0, self.seconds / (60 * self.minutes))

    @property
    def averaged(self) -> Networks:
        """The run's networks, the averages in the generators' places."""
        generators = dict(self.ema.module.named_children())
        return Networks(generators, self.networks.critics, self.networks.frozen)

    @property
    def rate(self) -> float:
        """The generators' learning rate."""
        name = next(iter(self.networks.generators))
        rate: float = self.optimizers[name][0].param_groups[0]["lr"]
        return rate

    def set_rates(self, config: TrainingConfig) -> None:
        """Set the learning rates for the current step."""
        lead = config.critic_lead
        if self.step <= lead:
            self.generators_began = self.done
        left = (1 - self.done) / max(1e-9, 1 - self.generators_began)
        cosine = 0.5 * (1 - math.cos(math.pi * left))
        rate = config.learning_rate * _warmth(max(0, self.step - lead), config) * cosine
        critic_rate = config.critic_learning_rate * _warmth(self.step, config)
        for name, optimizers in self.optimizers.items():
            for optimizer in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = rate if name in self.networks.generators else critic_rate

    def update_average(self, config: TrainingConfig) -> None:
        """Take the generators into their moving averages.

        Early on the average follows closely, or it would drag the initial weights along.
        """
        decay = min(config.ema, (1 + self.step) / (10 + self.step))
        self.ema.multi_avg_fn = _average(decay)
        self.ema.update_parameters(nn.ModuleDict(self.networks.generators))

    def state_dict(self, ranks: Ranks) -> dict[str, Any]:
        """All of it, as tensors and plain data; all ranks have to ask for it.

        There is no random state to keep: each step draws from its own number (see `training_step`).
        """
        return {
            "networks": {n: net.state_dict() for n, net in self.networks.trained.items()},
            "ema": self.ema.state_dict(),
            "optimizers": {
                n: [each.state_dict() for each in o] for n, o in self.optimizers.items()
            },
            "pools": gathered({n: kept.cpu() for n, kept in self.pool.kept.items()}, ranks),
            **{name: getattr(self, name) for name in _POSITION},
        }

    def load_state_dict(self, saved: Mapping[str, Any], ranks: Ranks) -> None:
        """Become what was saved, on the device where the networks are."""
        for name, network in self.networks.trained.items():
            network.load_state_dict(saved["networks"][name])
        self.ema.load_state_dict(saved["ema"])
        for name, optimizers in self.optimizers.items():
            for optimizer, state in zip(optimizers, saved["optimizers"][name], strict=True):
                optimizer.load_state_dict(state)
        pool: dict[str, Tensor] = saved["pools"][ranks.rank]
        self.pool.kept = {name: kept.to(self.device) for name, kept in pool.items()}
        for name in _POSITION:
            setattr(self, name, saved[name])


_POSITION = ("steps", "minutes", "step", "images", "seconds", "generators_began", "best",
             "command")  # fmt: skip


def _warmth(step: int, config: TrainingConfig) -> float:
    return min(1.0, (step + 1) / max(1, config.warmup))


def _average(decay: float) -> Callable[..., None]:
    average: Callable[..., None] = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    return average


def save_checkpoint(
    state: State, config: TrainingConfig, options: Mapping[str, Any], ranks: Ranks
) -> None:
    """Write the run's checkpoint; a kill in the middle leaves the previous one.

    All ranks have to call it; the first one writes.

    Raises:
        TrainingError: the disk refuses.
    """
    content = {
        "layout": LAYOUT,
        **state.state_dict(ranks),
        "options": dict(options),
        "config": _lasting(config, ranks),
    }
    if not ranks.first:
        return
    path = config.out / CHECKPOINT
    partial = path.with_suffix(".part")
    try:
        torch.save(content, partial)
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        partial.unlink(missing_ok=True)
        raise TrainingError(f"{path}: the checkpoint cannot be written: {error}") from error


def read_checkpoint(folder: Path) -> dict[str, Any]:
    """The content of a run's checkpoint, on the CPU.

    Raises:
        TrainingError: there is none, it cannot be read, or another version of ganedit wrote it.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        raise TrainingError(f"{path}: no checkpoint to go on from; leave out --resume")
    anew = f"begin a new run from its weights: --start {folder} with another --out"
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a damaged file
        raise TrainingError(
            f"{path}: the checkpoint cannot be read ({reason_of(error)}); {anew}"
        ) from error
    if not isinstance(content, dict) or content.get("layout") != LAYOUT:
        raise TrainingError(
            f"{path}: written by another version of ganedit, whose runs this one cannot go on "
            f"with; {anew}"
        )
    return content


def load_critics(networks: Networks, run: Path) -> None:
    """Begin with the critics of another run, those of the same name and shapes.

    A generator is not taught by critics that know less than it does.

    Args:
        networks: of the run that begins.
        run: folder of the other one; of anything else, and of older checkpoints, nothing is taken.
    """
    if not networks.critics:
        return
    try:
        saved = read_checkpoint(run)["networks"]
    except TrainingError:
        return
    for name, critic in networks.critics.items():
        new, state = critic.state_dict(), saved.get(name, {})
        if {k: v.shape for k, v in new.items()} == {k: v.shape for k, v in state.items()}:
            critic.load_state_dict(state)


def check_same_run(
    saved: Mapping[str, Any], config: TrainingConfig, options: Mapping[str, Any], ranks: Ranks
) -> None:
    """Refuse to resume with options other than the run began with.

    Raises:
        TrainingError: names the first option that differs.
    """
    settings = (saved["config"], _lasting(config, ranks))
    for pair in ((saved["options"], options), settings):
        was, now = map(_flat, pair)
        for path in sorted(was.keys() | now.keys()):
            if _listed(was.get(path)) != _listed(now.get(path)):
                raise TrainingError(
                    f"--resume: this run was started with {path[-1].replace('_', '-')} "
                    f"{was.get(path)}, not {now.get(path)}; use the same, or another --out"
                )


def _lasting(config: TrainingConfig, ranks: Ranks) -> dict[str, Any]:
    """What decides which batches come next; fewer processes would see others."""
    return {**config.lasting(), "processes": ranks.world}


def _flat(options: Mapping[str, Any], *above: str) -> dict[tuple[str, ...], Any]:
    """Options by the names that lead to them, those of nested ones for themselves."""
    found: dict[tuple[str, ...], Any] = {}
    for name, value in options.items():
        path = (*above, name)
        found |= _flat(value, *path) if isinstance(value, Mapping) else {path: value}
    return found


def _listed(value: Any) -> Any:
    """Tuples and lists alike: a checkpoint does not tell them apart."""
    return list(value) if isinstance(value, tuple | list) else value


def to_device(batch: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """A batch on the device.

    Pictures, `(N, C, H, W)`, in channels_last, which convolutions are fastest in; where they are
    bytes, which travel lighter, as float32 in [0, 1]. Everything else, labels among it, as it is.
    """
    moved = {}
    for name, tensor in batch.items():
        tensor = tensor.to(device, non_blocking=True)
        if tensor.ndim == 4:
            tensor = tensor.float() / 255 if tensor.dtype == torch.uint8 else tensor
            tensor = tensor.contiguous(memory_format=torch.channels_last)
        moved[name] = tensor
    return moved
