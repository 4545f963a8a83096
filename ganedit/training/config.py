"""Options of a training run that do not depend on the task."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ganedit.errors import UsageError
from ganedit.options import MOST_SEED, Options, option


@dataclass(frozen=True)
class TrainingConfig(Options):
    """One run. Exactly one of `minutes` and `steps` sets its length."""

    out: Path = option(
        help="Folder of the run: checkpoint, weights, log, samples, report.", metavar="DIR"
    )
    minutes: float | None = option(None, "Train for this long.", over=0)
    steps: int | None = option(
        None, "Train for this many optimizer steps: the same again, bit for bit.", over=0
    )
    resume: bool = option(
        False,
        "Go on from the checkpoint in --out, to the length that was set: the same command without "
        "--minutes and --steps.",
    )
    learning_rate: float = option(
        2.5e-4,
        "Peak rate of the generators; warmed up, then lowered to zero along a cosine.",
        least=0,
        group="run",
    )
    critic_learning_rate: float = option(
        1e-4,
        "Rate of the critics, warmed up and then kept: they have to follow to the end.",
        least=0,
        group="run",
    )
    # From trained weights some hundred serve well: a critic at chance has nothing to teach, and a
    # generator ahead of it stays there.
    critic_lead: int = option(
        0, "First steps, in which only the critics learn.", least=0, group="run"
    )
    warmup: int = option(
        200, "Steps over which the rates rise to their peaks.", least=0, group="run"
    )
    optimizer: Literal["muon", "adam"] = option(
        "muon", "Of convolution kernels; everything else is Adam's anyway.", group="run"
    )
    critic_optimizer: Literal["muon", "adam"] | None = option(
        None, "The same of the critics.", absent="as --optimizer", group="run"
    )
    betas: tuple[float, float] = (0.9, 0.99)
    """Adam's moment decays."""
    ema: float = option(
        0.999,
        "Decay of the exponential moving average of the generators, which becomes the weights.",
        least=0,
        group="run",
    )
    clip: float = 1.0
    """Largest gradient norm of a generator; 0 leaves gradients as they are."""
    accumulate: int = option(
        1, "Batches per optimizer step, gradients averaged.", least=1, group="run"
    )
    held_out: float = option(
        0.02,
        "Share of the pictures that is kept from training and scored; 0: none.",
        least=0,
        most=0.5,
        group="run",
    )
    evaluate_every: int = option(
        500, "Steps between scores of the held-out pictures.", least=1, group="run"
    )
    sample_every: int = option(1000, "Steps between sample sheets.", least=1, group="run")
    save_every: float = option(180.0, "Seconds between checkpoints.", least=0, group="run")
    log_every: int = option(50, "Steps between rows of the log.", least=1, group="run")
    tensorboard: bool = option(
        False, "Write TensorBoard events too (needs ganedit[tensorboard]).", group="run"
    )
    seed: int = option(
        0, "Of initialisation, data and augmentation.", least=0, most=MOST_SEED, group="run"
    )
    precision: Literal["auto", "fp32", "bf16"] = option(
        "auto", "Arithmetic of the forward pass; master weights stay float32.", group="machine"
    )
    device: str = option("auto", "auto, cpu, cuda or cuda:N.", group="machine")
    workers: int = option(1, "Processes that prepare batches.", least=0, group="machine")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.resume and (self.minutes or self.steps):
            raise UsageError("--resume goes on to the end that was set; leave out the length")
        if not self.resume and (self.minutes is None) == (self.steps is None):
            raise UsageError("give either --minutes or --steps")
        if self.steps is not None and self.critic_lead >= self.steps:
            raise UsageError(f"--critic-lead {self.critic_lead}: use fewer than --steps")
        if self.ema >= 1:
            raise UsageError(f"--ema {self.ema:g}: use a number under 1")

    def lasting(self) -> dict[str, Any]:
        """What must not change between a run and its resumption."""
        changeable = ("out", "minutes", "steps", "resume", "device", "workers", "save_every",
                      "sample_every", "evaluate_every", "log_every", "tensorboard")  # fmt: skip
        return {k: v for k, v in asdict(self).items() if k not in changeable}
