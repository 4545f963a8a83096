"""Options of the filling task, as plain data. Nothing here imports torch."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ganedit.errors import UsageError
from ganedit.options import Options, option

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
class NetworkOptions(Options):
    """What builds a generator; stored with its weights."""

    width: int = option(
        64, "Channels at a quarter of the picture's resolution.", least=1, group="model"
    )
    deep_width: int = option(
        160,
        "Channels at an eighth of it, where structure is found; a multiple of 32.",
        least=32,
        group="model",
    )
    blocks: int = option(
        8,
        "Residual blocks at an eighth, of dilations 1, 2, 4, 8 in turn.",
        least=2,
        group="model",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.deep_width % 32:
            raise UsageError(f"--deep-width {self.deep_width}: use a multiple of 32")


@dataclass(frozen=True)
class InpaintTraining(Options):
    """What is particular to training a filler."""

    data: tuple[str, ...] = option(
        help="Folder of pictures, perhaps reduced by a factor first.", metavar="DIR[@FACTOR]"
    )
    phase: Phase = option(
        "fidelity",
        "fidelity: pixel loss. adversarial: pixel, perceptual and adversarial loss, from the "
        "weights of the first.",
    )
    network: NetworkOptions = field(default_factory=NetworkOptions)
    crop: int = option(256, "Side of the training crops in pixels.", group="run")
    batch: int = option(8, "Crops per batch.", least=1, group="run")
    reduce: float = option(
        0.5,
        "Every other crop is a larger one, reduced by a factor from this to 1.",
        over=0,
        most=1,
        group="run",
    )
    vgg: Path | None = option(
        None, "File of VGG19's features.", absent="torchvision's, downloaded", group="losses"
    )
    pixel_weight: float = option(1.0, "Of the L1 loss in the hole.", least=0, group="losses")
    perceptual_weight: float = option(
        1.0, "Of the perceptual loss (VGG19's features).", least=0, group="losses"
    )
    matching_weight: float = option(
        1.0, "Of the feature matching loss (the critic's features).", least=0, group="losses"
    )
    adversarial_weight: float = option(
        0.02, "Of the adversarial loss; 0 trains without a critic.", least=0, group="losses"
    )
    penalty_weight: float = option(
        1e-5, "Of the critic's gradient penalty R1, on real pictures.", least=0, group="losses"
    )
    penalty_every: int = 16
    """Critic steps between penalties, which are weighed up by as much."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.data:
            raise UsageError("give at least one --data DIR")
        if self.crop % 32 or self.crop < 32:
            raise UsageError(f"--crop {self.crop}: use a multiple of 32")
