"""Everything that a run is at one step, and how it is kept: one checkpoint file."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ganedit.errors import TrainingError
from ganedit.training.config import TrainingConfig
from ganedit.training.distributed import Ranks
from ganedit.training.optimizer import Muon
from ganedit.training.replay import ReplayPool
from ganedit.training.task import Pair

CHECKPOINT = "checkpoint.pt"


@dataclass
class State:
    """Networks, their average, optimizers and position of one run."""

    pair: Pair
    ema: AveragedModel
    generator_optimizer: torch.optim.Optimizer
    critic_optimizer: torch.optim.Optimizer | None
    pool: ReplayPool
    total_steps: int
    step: int = 0
    seconds: float = 0.0

    @classmethod
    def fresh(cls, pair: Pair, config: TrainingConfig, total_steps: int, pool: int = 0) -> "State":
        """A run at step 0 of `total_steps`, with a replay pool of so many pictures."""
        ema = AveragedModel(pair.generator, multi_avg_fn=_average(config.ema), use_buffers=True)
        ema.requires_grad_(False)
        critic_optimizer = None
        if pair.critic is not None:
            critic_optimizer = Muon(pair.critic, config.critic_learning_rate, config.betas)
        optimizer = Muon(pair.generator, config.learning_rate, config.betas)
        return cls(pair, ema, optimizer, critic_optimizer, ReplayPool(pool), total_steps)

    def set_rates(self, config: TrainingConfig) -> None:
        """Set both learning rates for the current step."""
        step = max(0, self.step - config.critic_lead)
        done = min(1.0, step / max(1, self.total_steps - config.critic_lead))
        rate = config.learning_rate * _warmth(step, config) * 0.5 * (1 + math.cos(math.pi * done))
        _set_rate(self.generator_optimizer, rate)
        if self.critic_optimizer is not None:
            rate = config.critic_learning_rate * _warmth(self.step, config)
            _set_rate(self.critic_optimizer, rate)

    def update_average(self, config: TrainingConfig) -> None:
        """Take the generator into its moving average.

        Early on the average follows closely, or it would drag the initial weights along.
        """
        decay = min(config.ema, (1 + self.step) / (10 + self.step))
        self.ema.multi_avg_fn = _average(decay)
        self.ema.update_parameters(self.pair.generator)

    def state_dict(self) -> dict[str, Any]:
        """All of it, as tensors and plain data.

        There is no random state to keep: each step draws from its own number (see `training_step`).
        """
        critic = self.critic_optimizer
        return {
            "pair": self.pair.state_dict(),
            "ema": self.ema.state_dict(),
            "generator_optimizer": self.generator_optimizer.state_dict(),
            "critic_optimizer": critic.state_dict() if critic is not None else None,
            "pool": self.pool.pictures,
            "total_steps": self.total_steps,
            "step": self.step,
            "seconds": self.seconds,
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Become what was saved."""
        self.pair.load_state_dict(saved["pair"])
        self.ema.load_state_dict(saved["ema"])
        self.generator_optimizer.load_state_dict(saved["generator_optimizer"])
        if self.critic_optimizer is not None:
            self.critic_optimizer.load_state_dict(saved["critic_optimizer"])
        self.pool.pictures = saved["pool"]
        self.total_steps, self.step = saved["total_steps"], saved["step"]
        self.seconds = saved["seconds"]


def _warmth(step: int, config: TrainingConfig) -> float:
    return min(1.0, (step + 1) / max(1, config.warmup))


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def _average(decay: float) -> Callable[..., None]:
    average: Callable[..., None] = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    return average


def save_checkpoint(
    state: State, config: TrainingConfig, options: Mapping[str, Any], ranks: Ranks
) -> None:
    """Write the run's checkpoint; a kill in the middle leaves the previous one.

    Raises:
        TrainingError: the disk refuses.
    """
    path = config.out / CHECKPOINT
    partial = path.with_suffix(".part")
    content = {**state.state_dict(), "options": dict(options), "config": _lasting(config, ranks)}
    try:
        torch.save(content, partial)
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        partial.unlink(missing_ok=True)
        raise TrainingError(f"{path}: the checkpoint cannot be written: {error}") from error


def read_checkpoint(folder: Path) -> dict[str, Any]:
    """The content of a run's checkpoint, on the CPU.

    Raises:
        TrainingError: there is none, or it cannot be read.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        raise TrainingError(f"{path}: no checkpoint to go on from; leave out --resume")
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return content
    except Exception as error:  # torch raises many kinds for a damaged file
        raise TrainingError(f"{path}: the checkpoint cannot be read: {error}") from error


def check_same_run(
    saved: Mapping[str, Any], config: TrainingConfig, options: Mapping[str, Any], ranks: Ranks
) -> None:
    """Refuse to resume with options other than the run began with.

    Raises:
        TrainingError: names the first option that differs.
    """
    settings = (saved["config"], _lasting(config, ranks))
    for was, now in ((saved["options"], dict(options)), settings):
        for name in sorted(was.keys() | now.keys()):
            if _plain(was.get(name)) != _plain(now.get(name)):
                raise TrainingError(
                    f"--resume: this run was started with {name.replace('_', '-')} "
                    f"{was.get(name)}, not {now.get(name)}; use the same, or another --out"
                )


def _lasting(config: TrainingConfig, ranks: Ranks) -> dict[str, Any]:
    """What decides which batches come next; fewer processes would see others."""
    return {**config.lasting(), "processes": ranks.world}


def _plain(value: Any) -> Any:
    """Tuples and lists alike: a checkpoint does not tell them apart."""
    return list(value) if isinstance(value, tuple | list) else value


def to_device(batch: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """A batch on the device: pictures in channels_last, which convolutions are fastest in, and
    bytes, which travel lighter, as float32 in [0, 1]."""
    moved = {}
    for name, tensor in batch.items():
        layout = torch.channels_last if tensor.ndim == 4 else torch.preserve_format
        tensor = tensor.to(device, non_blocking=True)
        tensor = tensor.float() / 255 if tensor.dtype == torch.uint8 else tensor
        moved[name] = tensor.contiguous(memory_format=layout)
    return moved
