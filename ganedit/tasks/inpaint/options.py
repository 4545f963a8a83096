"""Options of the filling task, as plain data. Nothing here imports torch."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ganedit.errors import UsageError
from ganedit.options import (
    MOST_SEED,
    Options,
    backbone_network,
    backbone_weights,
    check_backbone,
    option,
    own_weights,
    vgg_file,
)

Method = Literal["auto", "gan", "telea", "ns"]
Phase = Literal["fidelity", "adversarial"]

METHODS: tuple[Method, ...] = ("auto", "gan", "telea", "ns")
PHASES: tuple[Phase, ...] = ("fidelity", "adversarial")


@dataclass(frozen=True)
class InpaintOptions(Options):
    """How holes are marked and filled."""

    mask_color: str | None = option(
        None, "The hole is what has this colour, in the mask or on the photo: '#ff00ff', magenta.",
        metavar="COLOR",
    )  # fmt: skip
    box: str | None = option(
        None, "The hole is the rectangle 'x,y,width,height', in pixels.", metavar="X,Y,W,H"
    )
    invert_mask: bool = option(False, "Black is the hole, not white.")
    expand: str | None = option(
        None, "The canvas grows by so many pixels on these sides, like 'left=200,top=100', and "
        "what is new is filled.", metavar="SIDE=N,…",
    )  # fmt: skip
    restore_scan: bool = option(
        False, "The hole is the dust and the scratches that are found on a scan; look at them with "
        "--mask-out.",
    )  # fmt: skip
    remove_text: bool = option(
        False, "The hole is the lettering that is found: a date stamp, a caption. What was taken "
        "is told."
    )  # fmt: skip
    mask_out: Path | None = option(
        None, "Write what is marked or found as a mask: a file, or a folder for NAME_mask.png. "
        "What was found has grown already: give it back with --mask and --dilate 0.",
        metavar="FILE|DIR", group="files", recorded=False, beside="mask",
    )  # fmt: skip
    strict: bool = option(False, "Refuse a mask of another size than the photo.")
    allow_empty: bool = option(
        False, "Leave photos as they are whose mask marks nothing, instead of refusing them."
    )
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
    weights: str | None = own_weights()
    seed: int = option(
        0, "Another seed gives another fill, where texture is found in the photo.", least=0,
        most=MOST_SEED, metavar="N",
    )  # fmt: skip
    candidates: int = option(
        1, "Write so many different fills, and a contact sheet of them; how well each goes with "
        "what is around it is told.", least=1, most=16,
        metavar="1-16", recorded=False,
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.box is not None and (self.mask_color is not None or self.invert_mask):
            raise UsageError("--box marks the hole alone, without --mask-color and --invert-mask")
        if self.finds and (self.box, self.mask_color, self.invert_mask) != (None, None, False):
            raise UsageError(
                "--restore-scan and --remove-text find the hole themselves, without --box, "
                "--mask-color and --invert-mask"
            )

    @property
    def finds(self) -> bool:
        """Whether the hole is found, not marked."""
        return self.restore_scan or self.remove_text


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
        help="Folder of pictures, perhaps reduced by a factor first; may be repeated.",
        metavar="DIR[@FACTOR]",
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
    vgg: Path | None = vgg_file()
    looks: int = option(
        4, "Pictures of a batch that VGG19 looks at, which takes most of the time.",
        least=1, group="losses",
    )  # fmt: skip
    backbone: str = backbone_network()
    backbone_file: Path | None = backbone_weights()
    pixel_weight: float = option(1.0, "Of the L1 loss in the hole.", least=0, group="losses")
    perceptual_weight: float = option(
        1.0, "Of the perceptual loss (VGG19's features).", least=0, group="losses"
    )
    matching_weight: float = option(
        1.0, "Of the feature matching loss (the critic's features).", least=0, group="losses"
    )
    adversarial_weight: float = option(
        0.02, "Of the critic of patches; 0 trains without it.", least=0, group="losses"
    )
    feature_weight: float = option(
        0.02, "Of the critics that see what --backbone sees in the hole; 0 trains without them.",
        least=0, group="losses",
    )  # fmt: skip
    penalty_weight: float = option(
        1e-5, "Of the critic's gradient penalty R1, on real pictures.", least=0, group="losses"
    )
    penalty_every: int = 16
    """Critic steps between penalties, which are weighed up by as much."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.data:
            raise UsageError("give at least one --data DIR")
        check_backbone(self.backbone, self.backbone_file)
        if self.crop % 32 or self.crop < 32:
            raise UsageError(f"--crop {self.crop}: use a multiple of 32")


@dataclass(frozen=True)
class InpaintEvaluation(Options):
    """What a filler is measured on."""

    data: Path = option(help="Folder of pictures, the truth.", metavar="DIR", must_be="folder")
    size: int = option(256, "Side that pictures are brought to.", least=32, metavar="N")
    seed: int = option(0, "Of the holes.", least=0, most=MOST_SEED, metavar="N")
    method: tuple[Method, ...] = option((), "May be repeated [default: all].")
    weights: str | None = own_weights()
    scenes: bool = option(
        False, "Measure what people see: photographs as large as they are, holes of removed "
        "things, and what gives a fill away. --size is not used.",
    )  # fmt: skip
    megapixels: float = option(
        4.0, "With --scenes: larger photographs are reduced to so many.", over=0, metavar="X"
    )
    every: int = option(
        1, "With --scenes: only every so-manieth photograph by name.", least=1, metavar="N"
    )
    holes: int = option(1, "With --scenes: of each photograph.", least=1, metavar="N")
    dilate: int = option(0, "Pixels by which holes grow first.", least=0, metavar="N")
    feather: int = option(0, "Pixels over which fill and picture mix.", least=0, metavar="N")
