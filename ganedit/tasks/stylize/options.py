"""Options of the style transfer task, as plain data. Nothing here imports torch."""

import math
from dataclasses import dataclass, field
from pathlib import Path

from ganedit.errors import UsageError
from ganedit.options import Options, option, own_weights, vgg_file

# Of what a style file is not.
OTHER_SUFFIXES = {".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff", ".gif", ".bmp"}


def parse_mix(text: str) -> tuple[float, ...]:
    """`0.7,0.3` as shares that sum up to 1.

    Raises:
        UsageError: not numbers of at least 0, or all of them 0.
    """
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError:
        shares = ()
    total = sum(shares)
    if not shares or min(shares) < 0 or not 0 < total < math.inf:
        raise UsageError(f"--mix {text!r}: write a share for each style, like 0.7,0.3")
    return tuple(share / total for share in shares)


@dataclass(frozen=True)
class StylizeOptions(Options):
    """How pictures are painted."""

    strength: float = option(
        1.0, "0 leaves the picture as it is, 1 paints it in the style.", least=0, most=1
    )
    mix: str | None = option(
        None, "Shares of several styles, in their order, like 0.7,0.3.", metavar="SHARES",
        absent="equal shares",
    )  # fmt: skip
    keep_color: bool = option(
        False, "Light and texture in the style, colour from the picture.", simple=True
    )
    stroke_size: int | None = option(
        None, "Short side at which larger pictures are painted: the smaller, the broader the "
        "strokes.", least=64, metavar="N", absent="768",
    )  # fmt: skip
    save_style: Path | None = option(
        None, "Write the style to a small file too, which --style takes.", metavar="FILE",
        group="files", recorded=False, written=True,
    )  # fmt: skip
    weights: str | None = own_weights()

    def __post_init__(self) -> None:
        if isinstance(self.mix, tuple | list):  # from Python
            object.__setattr__(self, "mix", ",".join(map(str, self.mix)))
        super().__post_init__()
        if self.mix is not None:
            parse_mix(self.mix)  # what is wrong with it is told at once
        if self.save_style is not None and self.save_style.suffix.lower() in OTHER_SUFFIXES:
            raise UsageError(
                f"--save-style {self.save_style}: a style file is a PNG; call it .png or .style"
            )


@dataclass(frozen=True)
class NetworkOptions(Options):
    """What builds the network; stored with its weights."""

    widths: tuple[int, ...] = (16, 32, 64, 128)
    """Channels at full resolution, at half of it, and so on."""
    blocks: tuple[int, ...] = (4, 2, 1)
    """Residual blocks that a style modulates, from the lowest resolution up to half."""
    hidden: int = option(256, "Width of the layers that turn a style's code into scales and "
                         "shifts.", least=1, group="model")  # fmt: skip

    grain: float = option(
        0.0,
        "Deviation of the grain that pictures get first, as a share of full scale: strokes in a "
        "plain sky begin from it.",
        least=0,
        most=0.1,
        group="model",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        # Read back from a file, tuples are lists.
        object.__setattr__(self, "widths", tuple(self.widths))
        object.__setattr__(self, "blocks", tuple(self.blocks))
        if len(self.blocks) != len(self.widths) - 1:
            raise UsageError("there are blocks at every resolution but the full one")


@dataclass(frozen=True)
class StylizeTraining(Options):
    """What is particular to training a stylizer."""

    content: tuple[str, ...] = option(
        (),
        "Folder of pictures to paint, perhaps reduced by a factor first; may be repeated.",
        metavar="DIR[@FACTOR]",
    )
    style: tuple[str, ...] = option(
        (), "Folder of pictures whose style is learned, likewise.", metavar="DIR[@FACTOR]"
    )
    examples: tuple[str, ...] = option(
        (),
        "Instead of both, a folder of what another network painted, to learn it by rote first: "
        "picture, style and result side by side, three squares in each file.",
        metavar="DIR",
    )
    network: NetworkOptions = field(default_factory=NetworkOptions)
    crop: int = option(144, "Side of the training crops in pixels.", group="run")
    batch: int = option(8, "Pairs per batch.", least=1, group="run")
    views: int = option(
        4, "Crops of each picture; what VGG19 sees in them is remembered.", least=1, group="run"
    )
    itself: float = option(
        0.125, "Share of the pairs that are a picture with itself, which is to stay as it is.",
        least=0, most=1, group="losses",
    )  # fmt: skip
    content_weight: float = option(1.0, "Of the content distance.", least=0, group="losses")
    light_weight: float = option(
        1.0, "Of what is lost of the correlation of light and dark.", least=0, group="losses"
    )
    style_weight: float = option(10.0, "Of the style distance.", least=0, group="losses")
    covariance_weight: float = option(
        0.3, "Of the distance between covariances of features.", least=0, group="losses"
    )
    pixel_weight: float = option(
        4.0, "Of the L1 distance of pictures painted as themselves.", least=0, group="losses"
    )
    vgg: Path | None = vgg_file()

    def __post_init__(self) -> None:
        super().__post_init__()
        if bool(self.examples) == bool(self.content or self.style):
            raise UsageError("give --content and --style, or --examples")
        if not self.examples and not (self.content and self.style):
            raise UsageError("give a folder with --content and one with --style")
        if self.crop % 8 or self.crop < 64:
            raise UsageError(f"--crop {self.crop}: use a multiple of 8, at least 64")


@dataclass(frozen=True)
class StylizeEvaluation(Options):
    """What a stylizer is measured on."""

    content: Path = option(help="Pictures to paint.", metavar="DIR", must_be="folder")
    style: Path = option(help="Pictures in whose style.", metavar="DIR", must_be="folder")
    size: int = option(
        384, "Side of the squares that pictures are brought to.", least=64, metavar="N"
    )
    pairs: int = option(
        50, "Pairs that are measured: each picture with styles in turn.", least=1, metavar="N"
    )
    weights: str | None = own_weights()
