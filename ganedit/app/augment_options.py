"""Options of making more pictures for a data set, as plain data. Nothing here imports torch."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ganedit.errors import UsageError
from ganedit.options import (
    MOST_SEED,
    Options,
    check_seeds,
    option,
    own_weights,
    refuse,
    vgg_file,
)
from ganedit.runs.options import Placement

# Of the training of a generator, and of a check.
_OF_TRAINING = ("--run", "--minutes", "--size", "--width", "--feature-weight", "--vgg")
_OF_CHECKS = ("--check-seeds", "--check-steps")


@dataclass(frozen=True)
class AugmentOptions(Options):
    """More pictures of each class of a data set."""

    output: Path = option(
        help="Folder for them, with a folder for each class.", short="-o", metavar="DIR",
        group="files",
    )  # fmt: skip
    per_class: int = option(help="How many of each class.", least=1, metavar="N")
    truncation: float = option(
        1.0, "1 draws all that was learned, which is what a data set is short of.", least=0, most=1
    )
    seed: int = option(0, "Of the first picture of each class.", least=0, most=MOST_SEED)
    weights: str | None = own_weights()
    run: Path | None = option(
        None, "Folder of the run that trains a generator, where no --weights are given.",
        metavar="DIR", absent="that of the results with .run behind its name", group="run",
    )  # fmt: skip
    minutes: float = option(60.0, "How long it is trained.", over=0, group="run")
    size: int = option(64, "Side of the pictures that it draws.", metavar="N", group="run")
    width: int = option(256, "Channels at its coarsest resolution.", least=8, group="run")
    feature_weight: float = option(
        1.0, "Of critics that see VGG19's features; 0 trains without them.", least=0, group="run"
    )
    vgg: Path | None = vgg_file()
    held_out: float = option(
        0.2, "Share of the data set that is kept from training; --check measures on it.",
        over=0, most=0.5, group="run",
    )  # fmt: skip
    check: bool = option(
        False, "Train a small classifier with and without them, and say whether they help it."
    )
    check_seeds: int = option(5, "How many times, from other beginnings.", least=2, most=20)
    check_steps: int = option(400, "Steps of each of these trainings.", least=1)
    overwrite: bool = option(False, "Replace results that exist.", group="files")
    placement: Placement = field(default_factory=Placement)
    quiet: bool = option(False, "Print errors only.", short="-q", group="machine")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_seeds(self.seed, self.per_class)
        if self.output.suffix:
            raise UsageError(f"-o {self.output}: give a folder")
        if self.weights is not None:
            refuse(self, _OF_TRAINING, "with --weights no generator is trained")
        if not self.check:
            refuse(self, _OF_CHECKS, "goes with --check")

    @property
    def precision(self) -> Literal["auto", "fp32", "bf16"]:
        """Of training, which knows no float16."""
        asked = self.placement.precision
        return "auto" if asked == "fp16" else asked
