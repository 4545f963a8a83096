"""Options of what is done in the space of codes, as plain data. Nothing here imports torch."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ganedit.errors import UsageError
from ganedit.options import MOST_SEED, check_seeds, option, own_weights, vgg_file
from ganedit.tasks.generate.options import (
    OfOneGenerator,
    Window,
    known_directions,
    known_models,
)


@dataclass(frozen=True)
class VaryOptions(OfOneGenerator):
    """How pictures that ganedit drew are changed."""

    direction: tuple[str, ...] = option(
        (), "Go along a direction, like smile=2 or, of those found without labels, 3=-1.5, beside "
        "where the picture is already; may be repeated.", metavar="NAME=AMOUNT",
        known=known_directions,
    )  # fmt: skip
    strip: str | None = option(
        None, "One from each place along this direction, from -3 to 3.", metavar="NAME"
    )
    seed: int | None = option(
        None, "Vary what ganedit generate draws of this seed, instead of a picture.",
        least=0, most=MOST_SEED, simple=True,
    )  # fmt: skip
    model: str | None = option(
        None, "Which generator draws that. `ganedit models` lists what there is.", metavar="NAME",
        known=known_models, simple=True,
    )  # fmt: skip
    truncation: float = option(
        0.7, "Of a seed, as of ganedit generate: the nearer to 0, the more usual.", least=0, most=1
    )
    class_: str | None = option(
        None,
        "Of a seed: of which class.",
        flag="--class",
        metavar="NAME",
        absent="that of its turn",
    )
    weights: str | None = own_weights()


@dataclass(frozen=True)
class WalkOptions(OfOneGenerator):
    """A way through the space of codes."""

    seeds: str = option(
        help="From the picture of one to those of the others: 3,8,21. Pictures that ganedit drew "
        "or inverted may be among them: 3,me.png.", metavar="SEED,SEED…",
    )  # fmt: skip
    model: str | None = option(
        None, "What the pictures are of, like faces. `ganedit models` lists what there is.",
        metavar="NAME", positional=True, known=known_models,
        absent="that of the first picture among the seeds",
    )  # fmt: skip
    seconds: float = option(10.0, "How long the walk is.", over=0, most=3600)
    rate: int = option(30, "Frames a second.", least=1, most=120)
    loop: bool = option(False, "Back to the first picture in the end.")
    through: Literal["z", "w"] | None = option(
        None, "z: along arcs of the noise, at even speed. w: straight on between the codes, the "
        "smoother.", absent="z between seeds, w where there are pictures",
    )  # fmt: skip
    coarse: int | None = option(
        None, "The coarse layers, which decide pose and shape, stay those of this seed.",
        least=0, most=MOST_SEED, metavar="SEED",
    )  # fmt: skip
    fine: int | None = option(
        None, "The fine layers, which decide colours and textures, stay those of this seed.",
        least=0, most=MOST_SEED, metavar="SEED",
    )  # fmt: skip
    split: int | None = option(
        None, "The first of the fine layers.", least=1, metavar="N", absent="the middle one"
    )
    truncation: float = option(
        0.7, "As of ganedit generate: the nearer to 0, the more usual.", least=0, most=1
    )
    class_: str | None = option(
        None, "Of which class.", flag="--class", metavar="NAME", absent="that of the first seed"
    )
    size: int | None = option(
        None, "Side of the frames: the upscaler brings them there.", least=16, most=4096,
        metavar="N", absent="the generator's own",
    )  # fmt: skip
    weights: str | None = own_weights()

    def __post_init__(self) -> None:
        super().__post_init__()
        parts = [part.strip() for part in self.seeds.split(",")]
        if len(parts) < 2 or not all(part.isdecimal() or Path(part).suffix for part in parts):
            raise UsageError(f"--seeds {self.seeds}: give two or more, like 3,8,21 or 3,me.png")
        if any(isinstance(each, int) and each > MOST_SEED for each in self.stations):
            raise UsageError(f"--seeds {self.seeds}: seeds are at most {MOST_SEED}")
        for picture in self.pictures:
            if not picture.is_file():
                raise UsageError(f"--seeds {self.seeds}: there is no picture {picture}")
        if self.pictures and self.through == "z":
            raise UsageError("--through z: only seeds have noise; pictures are walked between in w")
        if self.coarse is not None and self.fine is not None:
            raise UsageError("give one of --coarse and --fine: all layers would stay as they are")
        if self.split is not None and self.coarse is None and self.fine is None:
            raise UsageError("--split divides the layers for --coarse or --fine; give one of them")

    @property
    def stations(self) -> list[int | Path]:
        """Seeds and pictures in their order, in a loop the first one again."""
        parts = [part.strip() for part in self.seeds.split(",")]
        stations = [int(part) if part.isdecimal() else Path(part) for part in parts]
        return [*stations, stations[0]] if self.loop else stations

    @property
    def pictures(self) -> list[Path]:
        """Those among the stations."""
        return [station for station in self.stations if isinstance(station, Path)]

    @property
    def straight(self) -> bool:
        """Whether codes are walked between, and not noise."""
        return self.through == "w" or bool(self.pictures)

    @property
    def frames(self) -> int:
        """How many there are."""
        return max(2, round(self.seconds * self.rate))


@dataclass(frozen=True)
class DirectionsOptions(OfOneGenerator):
    """Which directions are shown, and on what."""

    model: str | None = option(
        None, "Which generator.", metavar="NAME", positional=True, known=known_models
    )
    seed: int = option(0, "Of the first picture that is varied.", least=0, most=MOST_SEED)
    count: int = option(4, "How many pictures, one below the other.", least=1, short="-n")
    truncation: float = option(
        0.7, "As of ganedit generate: the nearer to 0, the more usual.", least=0, most=1
    )
    kind: Literal["all", "named", "dials", "sefa", "ganspace"] = option(
        "all", "Only those that were given names, the dials of --codes, or those that one of the "
        "methods finds without labels: factorised weights, principal components.",
    )  # fmt: skip
    sheet: bool = option(False, "All of them on a contact sheet too.", recorded=False)
    weights: str | None = own_weights()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_seeds(self.seed, self.count)


@dataclass(frozen=True)
class TraitTraining(OfOneGenerator):
    """What directions are learned from."""

    data: tuple[str, ...] = option(
        help="Folder of the labelled pictures; may be repeated.", metavar="DIR"
    )
    labels: Path = option(
        help="CSV table: the names of pictures in its first column, 0 and 1 in the others.",
        metavar="FILE", must_be="file",
    )  # fmt: skip
    names: str = option(
        help="Columns, and what their directions are called: Eyeglasses=glasses,Smiling=smile.",
        metavar="COLUMN=NAME…",
    )
    model: str | None = option(None, "Which generator.", metavar="NAME")
    weights: str | None = option(
        None, "Generator of your own; it is kept as it is, but for its earlier named directions.",
        metavar="FILE|RUN",
    )  # fmt: skip
    window: str | None = option(
        None, "The square that training looked at.", metavar="SIDE[@HEIGHT]",
        absent="the largest in the middle",
    )  # fmt: skip
    no_mirror: bool = option(
        False, "Do not mirror pictures: one of the traits is on which side something is."
    )
    batch: int = option(8, "Pictures per batch.", least=2, group="run")
    keep_weight: float = option(
        1.0, "Of the loss by which all else stays.", least=0, group="losses"
    )
    vgg: Path | None = vgg_file()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.window is not None:
            Window.parse(self.window)
        pairs = [part.partition("=") for part in self.names.split(",")]
        if not all(column.strip() and name.strip() for column, _, name in pairs):
            raise UsageError(f"--names {self.names}: write it like Eyeglasses=glasses")
        names = self.directions
        found = re.compile(r"\d+|pc\d+")  # what those without labels are called
        if any(found.fullmatch(name) or set(name) & set("/\\;&=") for name in names):
            raise UsageError(f"--names {self.names}: call directions by words")
        if len(set(names)) < len(names):
            raise UsageError(f"--names {self.names}: two directions of one name")

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the table."""
        return tuple(part.partition("=")[0].strip() for part in self.names.split(","))

    @property
    def directions(self) -> tuple[str, ...]:
        """What the direction of each column is called."""
        return tuple(part.partition("=")[2].strip() for part in self.names.split(","))
