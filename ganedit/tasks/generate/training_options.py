"""Options of training a generator, as plain data. Nothing here imports torch."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from ganedit.errors import UsageError
from ganedit.options import (
    Options,
    backbone_network,
    backbone_weights,
    check_backbone,
    option,
    refuse,
    vgg_file,
)
from ganedit.tasks.generate.options import NetworkOptions, Window


@dataclass(frozen=True)
class GenerateTraining(Options):
    """What is particular to training a generator."""

    data: tuple[str, ...] = option(
        help="Folder of pictures, perhaps reduced by a factor first; may be repeated.",
        metavar="DIR[@FACTOR]",
    )
    classes_from_folders: bool = option(
        False, "The folders in --data are classes, each drawn as often as the others."
    )
    labels: Path | None = option(
        None, "CSV table of classes instead: names of pictures in its first column, their classes "
        "in its second.", metavar="FILE", must_be="file",
    )  # fmt: skip
    window: str | None = option(
        None,
        "Look at this square of each picture only: its side in pixels, and at which share of the "
        "height its middle lies, like 80@0.56.",
        metavar="SIDE[@HEIGHT]",
        absent="the largest in the middle",
    )
    no_mirror: bool = option(False, "Do not mirror pictures: left and right are not alike.")
    network: NetworkOptions = field(default_factory=NetworkOptions)
    batch: int = option(16, "Pictures per batch.", least=2, group="run")
    adversarial: Literal[
        "hinge", "non-saturating", "least-squares", "wasserstein", "relativistic", "none"
    ] = option("hinge", "Which adversarial loss; none only draws pictures again.", group="losses")
    critic: Literal["patch", "residual"] | None = option(
        None, "The one that sees pixels. patch: scores of places, spectral norm. residual: one "
        "score, no norm, made for gradient penalties and for growing.",
        absent="residual with wasserstein, relativistic or --progressive, else patch",
        group="losses",
    )  # fmt: skip
    conditioning: Literal["projection", "auxiliary"] | None = option(
        None, "How classes are taught. projection: critics hold what they see against the "
        "class. auxiliary: a reader tells the class, and generator and reader agree on it.",
        absent="projection", group="losses",
    )  # fmt: skip
    progressive: bool = option(
        False, "Begin with small pictures, and fade in one resolution after the other "
        "(stylegan only).",
        group="losses",
    )  # fmt: skip
    path_weight: float = option(
        0.0, "Of path length regularisation: equal steps of codes change pictures equally much; "
        "2 is usual.", least=0, group="losses",
    )  # fmt: skip
    information_weight: float = option(
        1.0, "Of how well a reader tells --codes, or the class, from pictures.",
        least=0, group="losses",
    )  # fmt: skip
    teacher: Path | None = option(
        None, "Noise, pictures and mapping network of another generator, a safetensors file: its "
        "pictures are drawn again from the same noise (distillation).",
        metavar="FILE", must_be="file", group="losses",
    )  # fmt: skip
    reconstruction_weight: float | None = option(
        None, "Of how like pictures are when they are drawn again: those of --teacher, or "
        "without one your own (after GLO); 10 leaves no kind of picture out.",
        least=0, absent="10 with --teacher, else 0", group="losses",
    )  # fmt: skip
    mixing: float | None = option(
        None,
        "Share of pictures whose coarse and fine layers have codes of their own while training.",
        least=0,
        most=1,
        absent="0.5 with --architecture stylegan, else 0",
        group="losses",
    )
    pixel_weight: float = option(
        0.5, "Of the critic that sees pixels, beside those of features.", least=0, group="losses"
    )
    feature_weight: float = option(
        1.0,
        "Of critics that see VGG19's features; 0 trains without them.",
        least=0,
        group="losses",
    )
    matching_weight: float = option(
        6.0, "Of how unlike drawn pictures are to real ones as a set, by the features that critics "
        "see, by thumbnails, and by how strong detail and colours are.",
        least=0, group="losses",
    )  # fmt: skip
    pack: int = option(
        1, "Pictures of a class that feature critics see at once (PacGAN): 2, where what is drawn "
        "has the same in all pictures.", least=1, most=4, group="losses",
    )  # fmt: skip
    backbone: str = backbone_network()
    backbone_file: Path | None = backbone_weights()
    zoom: float | None = option(
        None, "How many times larger feature critics see pictures than they are.",
        least=1, most=8, absent="so that 96 pixels are filled", group="losses",
    )  # fmt: skip
    vgg: Path | None = vgg_file()
    penalty_weight: float | None = option(
        None,
        "Of the pixel critic's gradient penalty: R1, with --adversarial relativistic R2 too, with "
        "wasserstein that of WGAN-GP.",
        least=0,
        absent="10 with wasserstein, 1 with other residual critics, else 0",
        group="losses",
    )
    penalty_every: int = 16
    """Critic steps between penalties R1 and R2, which are weighed up by as much."""
    critic_steps: int = option(
        1, "Steps of the critics for each of the generator.", least=1, group="losses"
    )
    augmentation: Literal["always", "adaptive", "never"] = option(
        "always", "Recolour, shift and cut out what critics see. adaptive: the more, the better "
        "they know their training pictures (ADA); never only where pictures are very many.",
        group="losses",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.data:
            raise UsageError("give a folder with --data")
        if not self.pixel_weight and not self.feature_weight:
            raise UsageError("--pixel-weight 0 --feature-weight 0: no critic would be left")
        if self.batch % self.pack:
            raise UsageError(f"--batch {self.batch}: has to be a multiple of --pack {self.pack}")
        if self.window is not None:
            Window.parse(self.window)
        check_backbone(self.backbone, self.backbone_file)
        network = self.network
        if self.reconstruction_weight is None:
            object.__setattr__(self, "reconstruction_weight", 10.0 if self.teacher else 0.0)
        self._check_drawing_again()
        self._check_what_is_of_use()
        if self.critic is None:
            unnormed = self.progressive or self.adversarial in ("wasserstein", "relativistic")
            object.__setattr__(self, "critic", "residual" if unnormed else "patch")
        if self.penalty_weight is None:
            usual = 10.0 if self.adversarial == "wasserstein" else float(self.critic == "residual")
            object.__setattr__(self, "penalty_weight", usual)
        if self.classes_from_folders and self.labels is not None:
            raise UsageError("give one of --classes-from-folders and --labels")
        if self.conditioning is not None and not (self.classes_from_folders or self.labels):
            raise UsageError(
                f"--conditioning {self.conditioning} is of classes; give --classes-from-folders "
                "or --labels"
            )
        if self.conditioning is None:
            object.__setattr__(self, "conditioning", "projection")
        styled = network.architecture == "stylegan"
        of_styles = {"progressive": self.progressive, "path-weight": self.path_weight,
                     "mixing": self.mixing}  # fmt: skip
        for flag, given in of_styles.items():
            if given and not styled:
                raise UsageError(f"--{flag} goes with --architecture stylegan only")
        if self.mixing is None:
            object.__setattr__(self, "mixing", 0.5 if styled else 0.0)
        if self.progressive and self.critic == "patch":
            raise UsageError("--critic patch cannot grow; leave --critic or --progressive out")
        if self.augmentation == "adaptive" and self.adversarial in ("wasserstein", "relativistic"):
            raise UsageError(
                f"--augmentation adaptive looks at where scores are 0, which says nothing with "
                f"--adversarial {self.adversarial}; use always"
            )

    def _check_drawing_again(self) -> None:
        network = self.network
        flag = "--teacher" if self.teacher else "--reconstruction-weight"
        if self.adversarial == "none" and not self.reconstruction_weight:
            raise UsageError(
                "--adversarial none: nothing would be learned; give --teacher or "
                "--reconstruction-weight"
            )
        if not (self.reconstruction_weight or self.teacher):
            return
        if network.codes or network.architecture != "stylegan":
            raise UsageError(f"{flag} goes with --architecture stylegan, without --codes")
        if self.teacher and (self.classes_from_folders or self.labels):
            raise UsageError("--teacher goes without classes")
        object.__setattr__(self, "network", replace(network, shallow_mapping=True))

    def _check_what_is_of_use(self) -> None:
        judged = self.adversarial != "none"
        if not judged:
            refuse(self, ("--pack", "--penalty-weight"), "is of critics, and there are none")
        if not self.feature_weight:
            refuse(
                self, ("--pack", "--zoom", "--backbone"), "with --feature-weight 0 it has no use"
            )
        if not self.pixel_weight:
            refuse(self, ("--penalty-weight",), "with --pixel-weight 0 no critic sees pixels")
        if self.conditioning != "auxiliary" and not self.network.codes:
            refuse(self, ("--information-weight",), "goes with --codes or --conditioning auxiliary")
        if self.conditioning == "auxiliary" and not judged:
            raise UsageError(
                "--conditioning auxiliary: its reader learns with the critics; it goes without "
                "--adversarial none"
            )
