"""Options of the upscaling task, as plain data. Nothing here imports torch."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from ganedit.errors import UsageError
from ganedit.options import Options, option

Model = Literal["photo", "clean"]
Phase = Literal["fidelity", "adversarial"]
# As in `ganedit.losses`, which would import torch.
Adversarial = Literal["non-saturating", "least-squares", "hinge", "wasserstein", "relativistic"]

MODELS: tuple[Model, ...] = ("photo", "clean")
PHASES: tuple[Phase, ...] = ("fidelity", "adversarial")
NATIVE_SCALES: dict[Model, tuple[int, ...]] = {"photo": (2, 4), "clean": (4,)}
MAX_SCALE = 16.0
MAX_OUTPUT_PIXELS = 1_000_000_000
DEFAULT_DETAIL = 0.8


@dataclass(frozen=True)
class Target:
    """How large the result is to be: exactly one of a factor, a width, a height, a long side."""

    scale: float | None = None
    """Factor per side, 1 to 16."""
    width: int | None = None
    """Pixels; the height follows."""
    height: int | None = None
    """Pixels; the width follows."""
    long_side: int | None = None
    """Pixels of the longer side."""

    def __post_init__(self) -> None:
        sizes = {name: value for name, value in asdict(self).items() if value is not None}
        if len(sizes) != 1:
            raise UsageError("give one of --scale, --width, --height and --long-side")
        if self.scale is not None and not 1 <= self.scale <= MAX_SCALE:
            raise UsageError(f"--scale {self.scale:g}: use a number from 1 to {MAX_SCALE:g}")
        ((name, value),) = sizes.items()
        if value < 1:
            raise UsageError(f"--{name.replace('_', '-')} {value}: use at least 1")

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the result for a picture of this size.

        Raises:
            UsageError: the size asked for is smaller than the picture, or beyond 16 times it.
        """
        factor = (
            self.scale
            or (self.width and self.width / width)
            or (self.height and self.height / height)
            or (self.long_side or 0) / max(width, height)
        )
        if not 1 - 1e-9 <= factor <= MAX_SCALE + 1e-9:
            raise UsageError(
                f"a picture of {width}×{height} pixels would be scaled by {factor:.3g}; "
                f"upscale enlarges by 1 to {MAX_SCALE:g}"
            )
        return self.width or round(width * factor), self.height or round(height * factor)


@dataclass(frozen=True)
class UpscaleOptions:
    """What an enlargement is to look like."""

    target: Target = field(default_factory=lambda: Target(scale=4))
    """The size of the result."""
    model: Model = "photo"
    """photo: robust to JPEG marks, noise and soft focus. clean: for pristine pictures."""
    detail: float = DEFAULT_DETAIL
    """0: faithful, softer. 1: the adversarial network, crisper, some of it invented."""
    weights: str | None = None
    """A weight file, a training run or a name in the user's weights, instead of the shipped."""
    max_output_pixels: int = MAX_OUTPUT_PIXELS
    """Larger results are refused."""

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise UsageError(f"--model {self.model}: use {' or '.join(MODELS)}")
        if not 0 <= self.detail <= 1:
            raise UsageError(f"--detail {self.detail:g}: use a number from 0 to 1")


@dataclass(frozen=True)
class NetworkOptions(Options):
    """What builds a generator; stored with its weights."""

    scale: int = option(4, "Enlargement per side.", least=2)
    # Matrix units take bf16 in blocks of 32.
    width: int = option(64, "Channels between layers.", least=1, group="model")
    blocks: int = option(8, "Residual blocks of two 3×3 convolutions.", least=0, group="model")


@dataclass(frozen=True)
class UpscaleTraining(Options):
    """What is particular to training an upscaler."""

    data: tuple[str, ...] = option(
        help="Folder of sharp pictures, perhaps reduced by a factor first.", metavar="DIR[@FACTOR]"
    )
    model: Model = option(
        "photo", "clean: small pictures by bicubic reduction alone. photo: blur, noise, JPEG too."
    )
    phase: Phase = option(
        "fidelity",
        "fidelity: pixel loss. adversarial: pixel, perceptual and adversarial loss, from the "
        "weights of the first.",
    )
    network: NetworkOptions = field(default_factory=NetworkOptions)
    crop: int = option(128, "Side of the training crops in pixels of the result.", group="run")
    batch: int = option(16, "Crops per batch.", least=1, group="run")
    reduce: float = option(
        0.5,
        "Every other crop is a larger one, reduced by a factor from this to 1.",
        over=0,
        most=1,
        group="run",
    )
    pixel_loss: Literal["l1", "l2", "psnr"] = option(
        "l1", "Of the fidelity phase; l2 or psnr may end it.", group="losses"
    )
    teacher: str | None = option(
        None,
        "Weights whose guesses from turned and mirrored pictures are half of the fidelity phase's "
        "target.",
        metavar="FILE|RUN",
        group="losses",
    )
    vgg: Path | None = option(
        None, "File of VGG19's features.", absent="torchvision's, downloaded", group="losses"
    )
    adversarial: Adversarial = option("relativistic", "The adversarial loss.", group="losses")
    critic: Literal["unet", "patch"] = option(
        "unet", "unet scores every pixel, patch overlapping patches.", group="model"
    )
    pixel_weight: float = option(1.0, "Of the L1 loss.", least=0, group="losses")
    grid_weight: float = option(
        2.0, "Of the drift between the phases of the sub-pixel convolution.", least=0,
        group="losses",
    )  # fmt: skip
    perceptual_weight: float = option(
        1.0, "Of the perceptual loss (VGG19's features).", least=0, group="losses"
    )
    adversarial_weight: float = option(
        0.02, "Of the adversarial loss; 0 trains without a critic.", least=0, group="losses"
    )
    penalty_weight: float | None = option(
        None,
        "Of the critic's gradient penalty: R1 and R2, or wasserstein's own.",
        least=0,
        absent="1e-5, wasserstein 10",
        group="losses",
    )
    penalty_every: int = 16
    """Critic steps between penalties, which are weighed up by as much."""
    augment: bool = option(
        False,
        "Shift and cut out what the critic sees; helps when pictures are few.",
        group="losses",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.data:
            raise UsageError("give at least one --data DIR")
        if self.penalty_weight is None:
            usual = 10.0 if self.adversarial == "wasserstein" else 1e-5
            object.__setattr__(self, "penalty_weight", usual)
        if self.teacher is not None and self.phase != "fidelity":
            raise UsageError("--teacher: only the fidelity phase learns from one; leave it out")
        if self.crop % (self.network.scale * 8) or self.crop < 32:
            raise UsageError(f"--crop {self.crop}: use a multiple of {self.network.scale * 8}")
        if self.network.scale not in NATIVE_SCALES[self.model]:
            known = " and ".join(f"x{scale}" for scale in NATIVE_SCALES[self.model])
            raise UsageError(f"--scale {self.network.scale}: {self.model} networks are {known}")
