"""Options of the generation task, as plain data. Nothing here imports torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ganedit import weights
from ganedit.errors import UsageError
from ganedit.options import MOST_SEED, Options, check_seeds, option, own_weights
from ganedit.tasks.generate.dials import dials_of

SMALLEST_SIZE, LARGEST_SIZE = 16, 512
# Pictures of one command, all of which are planned before the first is drawn.
MOST = 100_000
# Directions found without labels that a page has sliders for: those that change most.
STRONGEST = 6


@dataclass(frozen=True)
class NetworkOptions(Options):
    """What builds a generator; stored with its weights."""

    architecture: Literal["stylegan", "resnet", "dcgan"] = option(
        "stylegan",
        "stylegan: styles steer every layer, the best and the only one that can be mixed by "
        "layers. resnet, dcgan: a code is enlarged, by residual blocks or by transposed "
        "convolutions alone.",
        group="model",
    )
    size: int = option(64, "Side of the pictures that it draws.", metavar="N", group="model")
    width: int = option(
        256, "Channels at the coarsest resolution; finer ones have fewer.", least=8, group="model"
    )
    latent: int = option(
        256, "Numbers in a latent code, and neurons of the mapping network.", least=2, group="model"
    )
    codes: str = option(
        "", "Codes that are to get a meaning by themselves (InfoGAN): 3x10,2 are three of ten "
        "choices each, and two continuous ones. They become dials of ganedit vary.",
        metavar="KxN,M", group="model",
    )  # fmt: skip
    shallow_mapping: bool = option(
        False,
        "One hidden layer between noise and codes; taken where pictures are drawn again.",
        group="model",
    )
    classes: tuple[str, ...] = ()
    """Names of the classes, in the order of their labels; none for a generator without."""
    directions: tuple[str, ...] = ()
    """Names of directions in the space of codes, in their order."""

    def __post_init__(self) -> None:
        super().__post_init__()
        # Read back from a file, tuples are lists.
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "directions", tuple(self.directions))
        if not SMALLEST_SIZE <= self.size <= LARGEST_SIZE or self.size & (self.size - 1):
            raise UsageError(f"--size {self.size}: use 16, 32, 64, 128, 256 or 512")
        if self.shallow_mapping and (self.architecture != "stylegan" or self.codes):
            raise UsageError("--shallow-mapping goes with --architecture stylegan, without --codes")
        taken = max((dial.end for dial in dials_of(self.codes)), default=0)
        if taken >= self.latent:
            raise UsageError(
                f"--codes {self.codes} take {taken} numbers, and --latent {self.latent} has to be "
                "larger"
            )


def known_models() -> list[str]:
    """The words that `--model` takes."""
    return weights.labelled("generate", "model")


class OfOneGenerator(Options):
    """Options that name a generator in one of two ways."""

    model: str | None
    weights: str | None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model is not None and self.weights is not None:
            raise UsageError(
                f"--model {self.model} is one generator, --weights {self.weights} another; give one"
            )


def known_directions() -> list[str]:
    """Those with names of all shipped generators, and the first of those without."""
    files = [entry.path for entry in weights.of_task("generate")]
    named = [name for path in files for name in weights.stored_options(path).get("directions", ())]
    return [*dict.fromkeys(named), *map(str, range(1, STRONGEST + 1))]


@dataclass(frozen=True)
class GenerateOptions(OfOneGenerator):
    """What is drawn."""

    model: str | None = option(
        None, "What the pictures are of, like faces. `ganedit models` lists what there is.",
        metavar="NAME", positional=True, known=known_models,
    )  # fmt: skip
    count: int = option(
        1, "How many pictures; of each class that --class names.", least=1, most=MOST,
        recorded=False, short="-n", simple=True,
    )  # fmt: skip
    seed: int = option(
        0, "Of the first picture; each next one has the next.",
        least=0, most=MOST_SEED, recorded=False, simple=True,
    )  # fmt: skip
    truncation: float = option(
        0.7,
        "1 draws all that was learned, the strange too; the nearer to 0, the more usual and the "
        "better drawn.",
        least=0,
        most=1,
    )
    class_: str | None = option(
        None, "Of which class; several as shoes,bags, with numbers of their own as shoes=3,bags=2.",
        flag="--class", metavar="NAMES", absent="each class in turn", recorded=False,
    )  # fmt: skip
    size: int | None = option(
        None, "Side of the pictures: the upscaler brings them there.", least=16, most=4096,
        metavar="N", absent="the generator's own",
    )  # fmt: skip
    direction: tuple[str, ...] = option(
        (), "Go along a direction, like smile=2 or, of those found without labels, 3=-1.5; may be "
        "repeated.", metavar="NAME=AMOUNT", known=known_directions,
    )  # fmt: skip
    code: str | None = option(
        None, "Instead of a seed's own code a sum over means: 'man+glasses - man + woman', of "
        "names that --mean gives, or of seeds as '5,9 - 3,8 + 1,4'. The seed decides the rest.",
        metavar="SUM",
    )  # fmt: skip
    mean: tuple[str, ...] = option(
        (), "Name the mean over the codes of seeds, like man=3,8,21; may be repeated.",
        metavar="NAME=SEEDS",
    )  # fmt: skip
    fine: int | None = option(
        None, "The fine layers, which decide colours and textures, from this seed.",
        least=0, most=MOST_SEED, metavar="SEED",
    )  # fmt: skip
    split: int | None = option(
        None, "The first of the fine layers.", least=1, metavar="N", absent="the middle one"
    )
    like: Path | None = option(
        None,
        "Draw this picture again, which ganedit drew.",
        metavar="FILE",
        must_be="file",
        recorded=False,
    )
    sheet: bool = option(False, "All of them on a contact sheet too.", recorded=False)
    weights: str | None = own_weights()


@dataclass(frozen=True)
class GenerateEvaluation(OfOneGenerator):
    """What a generator is measured on."""

    data: Path = option(
        help="The pictures that it was trained on, held-out ones among them; folders in it are "
        "classes for a generator that has some.", metavar="DIR", must_be="folder",
    )  # fmt: skip
    model: str | None = option(None, "Which generator.", metavar="NAME")
    weights: str | None = own_weights()
    held_out: float = option(
        0.02, "Share of the pictures that its training held out: samples are compared to them.",
        over=0, most=1,
    )  # fmt: skip
    window: str | None = option(
        None, "The square that training looked at.", metavar="SIDE[@HEIGHT]",
        absent="the largest in the middle",
    )  # fmt: skip
    count: int = option(1000, "How many pictures are drawn.", least=8, short="-n")
    seed: int = option(0, "Of the first of them.", least=0, most=MOST_SEED)
    truncation: float = option(1.0, "1 measures all that was learned.", least=0, most=1)
    features: Path | None = option(
        None, "Another network to compare pictures by: TorchScript, (N, 3, S, S) in [0, 1] to "
        "(N, D).", metavar="FILE", absent="VGG19's relu5_4", must_be="file",
    )  # fmt: skip
    nearest_of: int = option(
        2000, "Training pictures among which the nearest one is looked for; 0: none.",
        least=0, metavar="N",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        check_seeds(self.seed, self.count)
        if self.window is not None:
            Window.parse(self.window)


@dataclass(frozen=True)
class Window:
    """The square of each picture that is looked at.

    Written `SIDE` or `SIDE@HEIGHT`: 80@0.56 is a square of 80 pixels whose middle lies at 56 % of
    the height, and in the middle of the width.
    """

    side: int
    height: float = 0.5

    @classmethod
    def parse(cls, text: str) -> "Window":
        """Read `SIDE` or `SIDE@HEIGHT`.

        Raises:
            UsageError: not such a square.
        """
        side, _, height = text.partition("@")
        try:
            window = cls(int(side), float(height or 0.5))
        except ValueError:
            raise UsageError(f"--window {text}: write SIDE or SIDE@HEIGHT, like 80@0.56") from None
        if window.side < 1 or not 0 <= window.height <= 1:
            raise UsageError(f"--window {text}: SIDE is in pixels, HEIGHT from 0 to 1")
        return window
