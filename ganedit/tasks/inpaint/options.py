"""Options of the filling task, as plain data. Nothing here imports torch."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ganedit.errors import UsageError
from ganedit.training.config import check_reduce, plain

Method = Literal["auto", "gan", "telea", "ns"]
Phase = Literal["fidelity", "adversarial"]

METHODS: tuple[Method, ...] = ("auto", "gan", "telea", "ns")
PHASES: tuple[Phase, ...] = ("fidelity", "adversarial")


@dataclass(frozen=True)
class InpaintOptions:
    """How holes are filled."""

    method: Method = "auto"
    """auto: diffusion for hairlines, the network for the rest. telea, ns: diffusion only."""
    dilate: int | None = None
    """Pixels by which holes grow first, so that halos go too; None for what suits the size."""
    feather: int | None = None
    """Pixels of the grown ring over which fill and photo are mixed; None for all of it."""
    weights: str | None = None
    """A weight file, a training run or a name in the user's weights, instead of the shipped."""
    seed: int = 0
    """Of the search for texture; another one gives another fill."""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UsageError(f"--method {self.method}: use {', '.join(METHODS)}")
        for name in ("dilate", "feather"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise UsageError(f"--{name} {value}: use 0 or more pixels")


@dataclass(frozen=True)
class NetworkOptions:
    """What builds a generator; stored with its weights."""

    width: int = 64
    """Channels at a quarter of the picture's resolution."""
    deep_width: int = 160
    """Channels at an eighth of it, where structure is found."""
    blocks: int = 8
    """Residual blocks at an eighth, of dilations 1, 2, 4, 8 in turn."""

    def __post_init__(self) -> None:
        if self.width < 1 or self.deep_width % 32 or self.blocks < 2:
            raise UsageError(
                f"no filler has width {self.width}, deep width {self.deep_width} (use a multiple "
                f"of 32) and {self.blocks} blocks (use 2 or more)"
            )


@dataclass(frozen=True)
class InpaintTraining:
    """What is particular to training a filler."""

    data: tuple[str, ...]
    """Folders of pictures, `DIR` or `DIR@0.5` (reduced first)."""
    phase: Phase = "fidelity"
    """fidelity: pixel loss only. adversarial: pixel, perceptual and adversarial."""
    network: NetworkOptions = field(default_factory=NetworkOptions)
    crop: int = 256
    """Side of the training crops."""
    batch: int = 8
    """Crops per batch."""
    reduce: float = 0.5
    """Smallest factor by which crops are reduced at random; 1 leaves them as they are."""
    vgg: Path | None = None
    """VGG19 features for the perceptual loss; torchvision's are downloaded without it."""
    pixel_weight: float = 1.0
    """Of the mean absolute error in the hole."""
    perceptual_weight: float = 1.0
    """Of the distance of VGG19 features."""
    matching_weight: float = 1.0
    """Of the distance of the critic's features."""
    adversarial_weight: float = 0.02
    """Of the critic's verdict; 0 trains without a critic."""
    penalty_weight: float = 1e-5
    """Of R1, on real pictures."""
    penalty_every: int = 16
    """Critic steps between penalties, which are weighed up by as much."""

    def __post_init__(self) -> None:
        if not self.data:
            raise UsageError("give at least one --data DIR")
        check_reduce(self.reduce)
        if self.crop % 32 or self.crop < 32:
            raise UsageError(f"--crop {self.crop}: use a multiple of 32")

    def plain(self) -> dict[str, Any]:
        """As data that a checkpoint can hold."""
        return plain(self)
