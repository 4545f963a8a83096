"""Options of a training run that do not depend on the task."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ganedit.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def plain(options: "DataclassInstance") -> dict[str, Any]:
    """A dataclass of options as data that a checkpoint can hold: paths become text."""
    return {k: str(v) if isinstance(v, Path) else v for k, v in asdict(options).items()}


def check_reduce(factor: float) -> None:
    """Raise a UsageError for what crops of training pictures cannot be reduced by."""
    if not 0 < factor <= 1:
        raise UsageError(f"--reduce {factor:g}: use a factor over 0 and at most 1")


@dataclass(frozen=True)
class TrainingConfig:
    """One run. Exactly one of `minutes` and `steps` sets its length."""

    out: Path
    """Folder of the run: checkpoint, weights, log, samples."""
    minutes: float | None = None
    """Train for about this long: the speed is measured once, then the steps are fixed."""
    steps: int | None = None
    """Train for this many optimizer steps."""
    resume: bool = False
    """Go on from the checkpoint in `out`."""
    learning_rate: float = 2.5e-4
    """Peak rate of the generator; warmed up, then lowered to zero along a cosine."""
    critic_learning_rate: float = 1e-4
    """Rate of the critic, warmed up and then kept: it has to follow the generator to the end."""
    critic_lead: int = 0
    """First steps, in which only the critic learns. From trained weights some hundred serve well:
    a critic at chance has nothing to teach, and a generator ahead of it stays there."""
    warmup: int = 200
    """Steps over which the rates rise to their peaks."""
    betas: tuple[float, float] = (0.9, 0.99)
    """Adam's moment decays."""
    ema: float = 0.999
    """Decay of the exponential moving average that becomes the weights."""
    clip: float = 1.0
    """Largest gradient norm of the generator; 0 leaves gradients as they are."""
    accumulate: int = 1
    """Batches per optimizer step, gradients averaged."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of the forward pass; master weights stay float32."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""
    seed: int = 0
    """Of initialisation, data and augmentation."""
    workers: int = 1
    """Processes that prepare batches."""
    save_every: float = 180.0
    """Seconds between checkpoints."""
    sample_every: int = 1000
    """Steps between sample sheets."""
    log_every: int = 50
    """Steps between rows of the log."""
    tensorboard: bool = False
    """Write TensorBoard events too (needs the package `tensorboard`)."""

    def __post_init__(self) -> None:
        if self.resume and (self.minutes or self.steps):
            raise UsageError("--resume goes on to the end that was set; leave out the length")
        if not self.resume and (self.minutes is None) == (self.steps is None):
            raise UsageError("give either --minutes or --steps")
        for name in ("minutes", "steps", "accumulate", "log_every", "sample_every"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:  # NaN is neither
                raise UsageError(f"--{name.replace('_', '-')} must be over 0, not {value}")
        if self.steps is not None and self.critic_lead >= self.steps:
            raise UsageError(f"--critic-lead {self.critic_lead}: use fewer than --steps")
        if not 0 <= self.ema < 1:
            raise UsageError(f"--ema must be at least 0 and under 1, not {self.ema}")

    def lasting(self) -> dict[str, Any]:
        """What must not change between a run and its resumption."""
        changeable = ("out", "minutes", "steps", "resume", "device", "workers", "save_every",
                      "sample_every", "log_every", "tensorboard")  # fmt: skip
        return {k: v for k, v in asdict(self).items() if k not in changeable}
