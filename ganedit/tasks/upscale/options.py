"""Options of the upscaling task, as plain data. Nothing here imports torch."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from ganedit.errors import UsageError
from ganedit.options import (
    Options,
    backbone_network,
    backbone_weights,
    changed,
    check_backbone,
    option,
    own_weights,
    vgg_file,
)

Model = Literal["photo", "clean"]
Phase = Literal["fidelity", "adversarial"]
# As in `ganedit.losses`, which would import torch.
Adversarial = Literal["non-saturating", "least-squares", "hinge", "wasserstein", "relativistic"]

MODELS: tuple[Model, ...] = ("photo", "clean")
PHASES: tuple[Phase, ...] = ("fidelity", "adversarial")
NATIVE_SCALES: dict[Model, tuple[int, ...]] = {"photo": (1, 2, 4), "clean": (4,)}
MAX_SCALE = 16.0
DEFAULT_SCALE = 4.0
MAX_OUTPUT_PIXELS = 1_000_000_000
DEFAULT_DETAIL = 0.8


@dataclass(frozen=True)
class Target(Options):
    """How large the result is to be: one of a factor, a width, a height, a long side."""

    scale: float | None = option(
        None,
        "Factor per side, 1 to 16, 2.5 included; 1 restores.",
        least=1,
        most=MAX_SCALE,
        absent="4",
        positional=True,
    )
    width: int | None = option(
        None, "Width of the result in pixels, instead of --scale.", least=1, metavar="N"
    )
    height: int | None = option(
        None, "Height of the result in pixels, instead of --scale.", least=1, metavar="N"
    )
    long_side: int | None = option(
        None, "Longer side of the result in pixels, instead of --scale.", least=1, metavar="N"
    )

    def __post_init__(self) -> None:
        given = [value for value in asdict(self).values() if value is not None]
        if len(given) > 1:
            raise UsageError("give one of --scale, --width, --height and --long-side")
        if not given:
            object.__setattr__(self, "scale", DEFAULT_SCALE)
        super().__post_init__()

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the result for a picture of this size.

        Its own where it has the side that is asked for already: nothing is made smaller.

        Raises:
            UsageError: the size asked for is beyond 16 times the picture's.
        """
        if self.is_met_by(width, height):
            return width, height
        factor = self._factor(width, height)
        if factor > MAX_SCALE + 1e-9:
            raise UsageError(
                f"a picture of {width}×{height} pixels would be scaled by {factor:.3g}; "
                f"upscale enlarges by 1 to {MAX_SCALE:g}"
            )
        return self.width or round(width * factor), self.height or round(height * factor)

    def is_met_by(self, width: int, height: int) -> bool:
        """Whether a picture has the side that is asked for already, and is left as it is."""
        return self.scale is None and self._factor(width, height) <= 1

    def _factor(self, width: int, height: int) -> float:
        return (
            self.scale
            or (self.width and self.width / width)
            or (self.height and self.height / height)
            or (self.long_side or 0) / max(width, height)
        )


@dataclass(frozen=True)
class UpscaleOptions(Options):
    """What an enlargement is to look like."""

    target: Target = field(default_factory=Target)
    """The size of the result."""
    model: Model = option(
        "photo", "photo copes with JPEG marks, noise and soft focus, clean expects none."
    )
    detail: float = option(
        DEFAULT_DETAIL, "0: faithful, softer. 1: crisper, with invented texture.", least=0, most=1
    )
    weights: str | None = own_weights()
    max_output_pixels: int = option(
        MAX_OUTPUT_PIXELS, "Refuse larger results.", least=1, metavar="N",
        group="files", recorded=False,
    )  # fmt: skip


@dataclass(frozen=True)
class NetworkOptions(Options):
    """What builds a generator; stored with its weights."""

    scale: int = option(4, "Enlargement per side; 1 restores.", least=1)
    # Matrix units take bf16 in blocks of 32.
    width: int = option(64, "Channels between layers.", least=1, group="model")
    blocks: int = option(8, "Residual blocks of two 3×3 convolutions.", least=1, group="model")
    trunk_width: int = option(
        128, "Channels between the layers at half the resolution.", least=1, group="model"
    )
    trunk_blocks: int = option(
        0,
        "Residual blocks at half the resolution, in the middle of the others; 0 leaves them out.",
        least=0,
        group="model",
    )


@dataclass(frozen=True)
class UpscaleTraining(Options):
    """What is particular to training an upscaler."""

    data: tuple[str, ...] = option(
        help="Folder of sharp pictures, perhaps reduced by a factor first; may be repeated.",
        metavar="DIR[@FACTOR]",
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
    recolor: float = option(
        0.25,
        "Chance that a crop gets other colours: channels exchanged, hues turned, saturation.",
        least=0,
        most=1,
        group="run",
    )
    teacher: str | None = option(
        None,
        "Network to learn from beside the truth: weights of ganedit's, or a file of another "
        "architecture (safetensors, pth, ncnn's param). Its answers need --teacher-folder.",
        metavar="FILE|RUN",
        group="losses",
    )
    teacher_weight: float = option(
        0.5, "Share of the teacher in what is learned.", least=0, most=1, group="losses"
    )
    teacher_pairs: int = option(
        4000,
        "Crops that the teacher answers before the first step; 0 asks it at every step.",
        least=0,
        group="run",
    )
    teacher_data: tuple[str, ...] = option(
        (),
        "Folder whose pictures the teacher answers, instead of --data; may be repeated.",
        metavar="DIR[@FACTOR]",
        group="run",
    )
    teacher_folder: Path | None = option(
        None, "Where the answers are kept; another run can go on with them.",
        metavar="DIR", group="run",
    )  # fmt: skip
    vgg: Path | None = vgg_file()
    looks: int | None = option(
        None, "Crops of a batch that VGG19 looks at, which takes most of the time.",
        least=1, absent="all of them", group="losses",
    )  # fmt: skip
    backbone: str = backbone_network()
    backbone_file: Path | None = backbone_weights()
    adversarial: Adversarial = option("relativistic", "The adversarial loss.", group="losses")
    critic: Literal["unet", "patch", "features"] = option(
        "unet",
        "unet scores every pixel, patch overlapping patches, features what --backbone sees.",
        group="model",
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
        check_backbone(self.backbone, self.backbone_file)
        if self.backbone != "vgg19" and self.critic != "features":
            raise UsageError(
                f"--backbone {self.backbone}: give --critic features, which sees with it"
            )
        if self.penalty_weight is None:
            usual = 10.0 if self.adversarial == "wasserstein" else 1e-5
            object.__setattr__(self, "penalty_weight", usual)
        idle = [flag for flag in changed(self) if flag.startswith("--teacher-")]
        if self.teacher is None and idle:
            raise UsageError(f"{idle[0]}: there is no --teacher to learn from; give one")
        if self.teacher is not None and self.teacher_pairs and self.teacher_folder is None:
            raise UsageError(
                "--teacher: give --teacher-folder, where its answers are kept, or ask it at every "
                "step with --teacher-pairs 0"
            )
        if self.network.scale not in NATIVE_SCALES[self.model]:
            known = ", ".join(f"x{scale}" for scale in NATIVE_SCALES[self.model])
            raise UsageError(f"--scale {self.network.scale}: {self.model} networks are {known}")
        if self.crop % (self.network.scale * 8) or self.crop < 32:
            raise UsageError(f"--crop {self.crop}: use a multiple of {self.network.scale * 8}")


@dataclass(frozen=True)
class UpscaleEvaluation(Options):
    """What an upscaler is measured on."""

    hr: Path = option(help="Folder of large pictures, the truth.", metavar="DIR", must_be="folder")
    lr: Path | None = option(
        None,
        "Folder of small ones; made by bicubic reduction without it.",
        metavar="DIR",
        must_be="folder",
    )
    scale: Literal["1", "2", "4"] = option("4", "Enlargement per side; 1 restores.")
    model: Model | None = option(
        None, "Which of the shipped weights.", absent="clean for x4, else photo"
    )
    detail: tuple[float, ...] = option(
        (), f"May be repeated [default: 0 and {DEFAULT_DETAIL:g}].", least=0, most=1
    )
    weights: str | None = own_weights()
    damage: bool = option(False, "Blur the small pictures and save them as JPEG 60.")
    lpips: bool = option(False, "LPIPS too (needs ganedit[lpips] and its weights).")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weights is not None and (self.model or self.detail):
            raise UsageError(
                "--model and --detail choose among the shipped weights; with --weights leave them "
                "out"
            )
