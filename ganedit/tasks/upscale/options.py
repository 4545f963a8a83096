"""Options of the upscaling task, as plain data. Nothing here imports torch."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ganedit.errors import UsageError
from ganedit.training.config import check_reduce, plain

Model = Literal["photo", "clean"]
Phase = Literal["fidelity", "adversarial"]

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
class NetworkOptions:
    """What builds a generator; stored with its weights."""

    scale: int = 4
    """Enlargement per side."""
    width: int = 64
    """Channels between layers. Matrix units take bf16 in blocks of 32."""
    blocks: int = 8
    """Residual blocks of two 3×3 convolutions each."""
    trunk_width: int = 128
    """Channels between the layers at half the resolution."""
    trunk_blocks: int = 0
    """Residual blocks at half the resolution, in the middle of the others; 0 leaves them out."""

    def __post_init__(self) -> None:
        sizes = asdict(self)
        least = {"scale": 2, "width": 1, "blocks": 0, "trunk_width": 1, "trunk_blocks": 0}
        if any(sizes[name] < value for name, value in least.items()):
            told = ", ".join(f"{name} {value}" for name, value in sizes.items())
            raise UsageError(f"no upscaler has {told}")
        if self.trunk_blocks and not self.blocks:
            raise UsageError(
                "a trunk lies between blocks at full resolution; use --blocks 1 or more"
            )


@dataclass(frozen=True)
class UpscaleTraining:
    """What is particular to training an upscaler."""

    data: tuple[str, ...]
    """Folders of sharp pictures, `DIR` or `DIR@0.5` (reduced first)."""
    model: Model = "photo"
    """clean: bicubic reduction only. photo: blur, noise and JPEG too."""
    phase: Phase = "fidelity"
    """fidelity: pixel loss only. adversarial: pixel, perceptual and adversarial."""
    network: NetworkOptions = field(default_factory=NetworkOptions)
    crop: int = 128
    """Side of the training crops in output pixels."""
    batch: int = 16
    """Crops per batch."""
    reduce: float = 0.5
    """Smallest factor by which crops are reduced at random; 1 leaves them as they are."""
    pixel_loss: Literal["l1", "l2", "psnr"] = "l1"
    """Of the fidelity phase; the others raise PSNR a little when they end a run."""
    recolor: float = 0.25
    """Chance that a crop gets other colours: channels exchanged, hues turned, saturation."""
    teacher: str | None = None
    """A network to learn from: weights of ours, or a file of another architecture."""
    teacher_weight: float = 0.5
    """Share of the teacher in what is learned, the rest is the truth's."""
    teacher_pairs: int = 4000
    """Crops that the teacher answers before the first step; 0 asks it at every step."""
    teacher_data: tuple[str, ...] = ()
    """Folders whose pictures the teacher answers; those of `data` without them."""
    teacher_folder: Path | None = None
    """Where the answers are kept."""
    vgg: Path | None = None
    """VGG19 features for the perceptual loss; torchvision's are downloaded without it."""
    adversarial: str = "relativistic"
    """The adversarial loss; see `ganedit.losses`."""
    critic: Literal["unet", "patch", "features"] = "unet"
    """The critic's architecture; features: it sees what VGG19 sees."""
    pixel_weight: float = 1.0
    """Of the mean absolute error."""
    grid_weight: float = 2.0
    """Of the drift between the phases of the sub-pixel convolution."""
    perceptual_weight: float = 1.0
    """Of the distance of VGG19 features."""
    adversarial_weight: float = 0.02
    """Of the critic's verdict; 0 trains without a critic."""
    penalty_weight: float | None = None
    """Of R1 and R2, 1e-5 by default; of wasserstein's gradient penalty, 10."""
    penalty_every: int = 16
    """Critic steps between penalties, which are weighed up by as much."""
    augment: bool = False
    """Shift and cut out what the critic sees; helps when pictures are few."""

    def __post_init__(self) -> None:
        if not self.data:
            raise UsageError("give at least one --data DIR")
        if self.penalty_weight is None:
            usual = 10.0 if self.adversarial == "wasserstein" else 1e-5
            object.__setattr__(self, "penalty_weight", usual)
        for name in ("recolor", "teacher_weight"):
            if not 0 <= (value := getattr(self, name)) <= 1:
                option = name.replace("_", "-")
                raise UsageError(f"--{option} {value:g}: use a number from 0 to 1")
        check_reduce(self.reduce)
        if self.crop % (self.network.scale * 8) or self.crop < 32:
            raise UsageError(f"--crop {self.crop}: use a multiple of {self.network.scale * 8}")
        if self.network.scale not in NATIVE_SCALES[self.model]:
            known = " and ".join(f"x{scale}" for scale in NATIVE_SCALES[self.model])
            raise UsageError(f"--scale {self.network.scale}: {self.model} networks are {known}")

    def plain(self) -> dict[str, Any]:
        """As data that a checkpoint can hold."""
        return plain(self)
