"""Options of the filling task, as plain data. Nothing here imports torch."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ganedit.errors import UsageError
from ganedit.options import Options, option
from ganedit.training.config import check_reduce, plain

Method = Literal["auto", "gan", "telea", "ns"]
Phase = Literal["fidelity", "adversarial"]

METHODS: tuple[Method, ...] = ("auto", "gan", "telea", "ns")
PHASES: tuple[Phase, ...] = ("fidelity", "adversarial")


@dataclass(frozen=True)
class InpaintOptions(Options):
    """How holes are marked and filled."""

    method: Method = option(
        "auto", "auto: diffusion for hairlines, the network and the photo's own texture for the "
        "rest. telea, ns: diffusion only.",
    )  # fmt: skip
    dilate: int | None = option(
        None, "Pixels by which the hole grows first, so that halos go too.", least=0,
        metavar="N", absent="by the photo's size",
    )  # fmt: skip
    feather: int | None = option(
        None, "Pixels over which fill and photo mix, in the grown ring.", least=0,
        metavar="N", absent="all of it",
    )  # fmt: skip
    weights: str | None = option(
        None, "Weights of your own: a file or a training run.",
        metavar="FILE|RUN", recorded=False,
    )  # fmt: skip
    seed: int = option(0, "Another seed gives another fill.", least=0, metavar="N")
    candidates: int = option(
        1, "Write so many different fills, and a contact sheet of them.", least=1, most=16,
        metavar="1-16", recorded=False,
    )  # fmt: skip
    mask_color: str | None = option(
        None, "The hole is what has this colour, in the mask or on the photo: '#ff00ff'.",
        metavar="COLOR",
    )  # fmt: skip
    box: str | None = option(None, "The hole is this rectangle, in pixels.", metavar="X,Y,W,H")
    invert_mask: bool = option(False, "Black is the hole, not white.")
    strict: bool = option(False, "Refuse a mask of another size than the photo.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.box is not None and (self.mask_color is not None or self.invert_mask):
            raise UsageError("--box marks the hole alone, without --mask-color and --invert-mask")


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


@dataclass(frozen=True)
class InpaintEvaluation(Options):
    """What a filler is measured on."""

    data: Path = option(help="Folder of pictures, the truth.", metavar="DIR", must_be="folder")
    size: int = option(256, "Side that pictures are brought to.", least=32, metavar="N")
    seed: int = option(0, "Of the holes.", least=0, metavar="N")
    method: tuple[Method, ...] = option((), "May be repeated [default: all].")
    weights: str | None = option(None, "Weights of your own.", metavar="FILE|RUN")
    dilate: int = option(0, "Pixels by which holes grow first.", least=0, metavar="N")
    feather: int = option(0, "Pixels over which fill and picture mix.", least=0, metavar="N")
