"""Options of inversion, as plain data. Nothing here imports torch."""

from dataclasses import dataclass
from pathlib import Path

from ganedit.errors import UsageError
from ganedit.options import Options, option, own_weights, vgg_file
from ganedit.tasks.generate.options import OfOneGenerator, Window, known_models


@dataclass(frozen=True)
class EncoderOptions(Options):
    """What builds an encoder; stored with its weights."""

    width: int = option(
        32, "Channels of the encoder's first layer; deeper ones have more.", least=8, group="model"
    )
    size: int = 64
    """Side of the pictures that it reads: that of its generator's."""
    layers: int = 10
    """Codes that it finds for each."""
    latent: int = 256
    """Numbers in each of them."""
    fingerprint: str = ""
    """Of its generator, see `Model`."""
    tells: bool = False
    """Whether it tells pictures of the generator's kind from others."""


@dataclass(frozen=True)
class InvertOptions(OfOneGenerator):
    """How codes for photos are found."""

    model: str | None = option(
        None, "The generator that is to draw the photo. `ganedit models` lists what there is.",
        metavar="NAME", positional=True, known=known_models,
    )  # fmt: skip
    crop: str | None = option(
        None, "The square of the photo that is taken, in pixels.", metavar="X,Y,SIDE",
        absent="the one that is most like the model's pictures, or without an encoder the middle",
    )  # fmt: skip
    steps: int = option(200, "Steps of optimisation, after what the encoder says.", least=0)
    keep: float = option(
        0.1, "How much codes are kept near the usual ones: the higher, the better vary works on "
        "them, and the less a photo is like itself.", least=0,
    )  # fmt: skip
    vgg: Path | None = option(
        None, "File of VGG19's features: likeness is what it sees, and PD is told.",
        metavar="FILE", must_be="file", absent="likeness of pixels", recorded=False,
        group="files",
    )  # fmt: skip
    tune: int = option(
        0, "Steps in which the generator learns this one photo too (pivotal tuning); a new "
        "generator is written to --tuned.", least=0,
    )  # fmt: skip
    tuned: Path | None = option(
        None,
        "Where the generator of --tune is written.",
        metavar="FILE",
        recorded=False,
        written=True,
    )
    force: bool = option(False, "Take pictures that are none of the model's kind.")
    encoder: str | None = option(
        None, "Encoder of your own, from ganedit train invert.", metavar="FILE|RUN",
        recorded=False,
    )  # fmt: skip
    weights: str | None = own_weights()

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.square
        if bool(self.tune) != (self.tuned is not None):
            raise UsageError("--tune and --tuned go together: how long, and where the weights go")
        if self.tuned is not None and self.tuned.suffix != ".safetensors":
            raise UsageError(f"--tuned {self.tuned}: weights are kept as .safetensors")
        if self.tuned is not None and self.tuned.exists():
            raise UsageError(f"--tuned {self.tuned}: exists already; give another name")

    @property
    def square(self) -> tuple[int, int, int] | None:
        """Left, top and side of the square that is asked for."""
        if self.crop is None:
            return None
        parts = self.crop.split(",")
        try:
            left, top, side = map(int, parts)
        except ValueError:
            left = top = side = -1
        if min(left, top) < 0 or side < 1:
            raise UsageError(f"--crop {self.crop}: write it like X,Y,SIDE in pixels: 120,80,256")
        return left, top, side


@dataclass(frozen=True)
class EncoderTraining(OfOneGenerator):
    """What an encoder is trained on."""

    data: tuple[str, ...] = option(
        help="Folder of pictures like those that the generator learned; may be repeated.",
        metavar="DIR[@FACTOR]",
    )
    model: str | None = option(None, "Which generator.", metavar="NAME")
    weights: str | None = option(
        None, "Generator of your own; it stays as it is.", metavar="FILE|RUN"
    )
    window: str | None = option(
        None, "The square that the generator's training looked at.", metavar="SIDE[@HEIGHT]",
        absent="the largest in the middle",
    )  # fmt: skip
    no_mirror: bool = option(False, "Do not mirror pictures: left and right are not alike.")
    width: int = option(
        32, "Channels of the encoder's first layer; deeper ones have more.", least=8, group="model"
    )
    batch: int = option(8, "Pictures per batch, and as many drawn ones.", least=2, group="run")
    others: tuple[str, ...] = option(
        (), "Folder of pictures of anything else, which the encoder learns to tell from those; may "
        "be repeated.", metavar="DIR[@FACTOR]", absent="pieces of them, and turned ones",
    )  # fmt: skip
    code_weight: float = option(
        1.0, "Of how far the codes of drawn pictures are missed.", least=0, group="losses"
    )
    pixel_weight: float = option(1.0, "Of differences of pixels.", least=0, group="losses")
    perceptual_weight: float = option(
        1.0, "Of differences that VGG19 sees; 0 trains without it.", least=0, group="losses"
    )
    kind_weight: float = option(
        0.3, "Of how surely pictures of the generator's kind are told from others; with 0 it is "
        "not learned.", least=0, group="losses",
    )  # fmt: skip
    vgg: Path | None = vgg_file()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.window is not None:
            Window.parse(self.window)
