"""Options of the translation task, as plain data. Nothing here imports torch."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ganedit.errors import UsageError
from ganedit.options import Options, option
from ganedit.training.config import check_reduce, plain

# The word for every domain there is.
ALL = "all"


def check_name(name: str) -> None:
    """Raise a UsageError for what cannot name a domain: results and tensors are named after it."""
    if not name or set(name) & set("/\\.:") or name == ALL:
        raise UsageError(f"{name!r} cannot name a domain; take a word like winter")


@dataclass(frozen=True)
class TranslateOptions(Options):
    """How pictures are translated."""

    to: str = option(
        help="What the pictures become, like monet; all makes one of each, and a contact sheet. "
        "`ganedit models` lists what there is.", metavar="DOMAIN",
    )  # fmt: skip
    strength: float = option(
        1.0, "0 leaves the picture as it is, 1 translates it whole.", least=0, most=1
    )
    keep_color: bool = option(
        False, "Light and texture from the translation, colour from the picture."
    )
    working_size: int | None = option(
        None, "Short side at which larger pictures are painted: the smaller, the broader the "
        "strokes.", least=64, metavar="N", absent="512",
    )  # fmt: skip
    weights: str | None = option(
        None, "Weights of your own: a file or a training run.",
        metavar="FILE|RUN", recorded=False,
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.to != ALL:
            check_name(self.to)


@dataclass(frozen=True)
class NetworkOptions:
    """What builds the generators; stored with their weights."""

    names: tuple[str, ...] = ("a", "b")
    """The domains. One generator leads to each that is in `to`."""
    to: tuple[str, ...] = ("b", "a")
    """Domains that there is a generator for."""
    width: int = 32
    """Channels at the picture's own resolution; twice and `deep_width` at a half and a quarter."""
    deep_width: int = 96
    """Channels at a quarter of the resolution."""
    blocks: int = 5
    """Residual blocks at a quarter of the resolution."""
    grain: float = 0.0
    """Deviation of the grain that pictures get first, as a share of full scale."""
    wiring: Literal["ganedit", "cyclegan", "cut"] = "ganedit"
    """Ours, or that of a generator trained elsewhere, of which `deep_width` says nothing."""

    def __post_init__(self) -> None:
        # Read back from a file, tuples are lists.
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "to", tuple(self.to))
        if len(set(self.names)) != 2 or not set(self.to) <= set(self.names) or not self.to:
            raise UsageError(
                f"--names {','.join(self.names)}: give two different names, like photo,monet"
            )
        for name in self.names:
            check_name(name)
        if not 0 <= self.grain <= 0.1:
            raise UsageError(f"--grain {self.grain:g}: use 0 to 0.1")
        if min(self.width, self.deep_width) < 1 or self.blocks < 0:
            raise UsageError(
                f"no translator has width {self.width}, deep width {self.deep_width}, "
                f"blocks {self.blocks}"
            )


@dataclass(frozen=True)
class TranslateTraining:
    """What is particular to training a translator."""

    a: tuple[str, ...]
    """Folders of the first domain, `DIR` or `DIR@0.5` (reduced first)."""
    b: tuple[str, ...]
    """Folders of the second."""
    network: NetworkOptions = field(default_factory=NetworkOptions)
    crop: int = 128
    """Side of the training crops."""
    batch: int = 4
    """Crops of each domain per batch."""
    reduce: float = 0.5
    """Smallest factor by which crops are reduced at random; 1 leaves them as they are."""
    cycle_weight: float = 10.0
    """Of the way there and back."""
    identity_weight: float = 5.0
    """Of leaving alone what is in the domain already; it stops inverted colours."""
    adversarial_weight: float = 1.0
    """Of the critics' verdicts."""
    feature_weight: float = 1.0
    """Of the verdicts of critics that see VGG19's features; 0 trains without them, and VGG19."""
    vgg: Path | None = None
    """VGG19 features; torchvision's are downloaded without it."""
    penalty_weight: float = 1e-5
    """Of R1, on real pictures."""
    penalty_every: int = 16
    """Critic steps between penalties, which are weighed up by as much."""
    one_sided: bool = False
    """Train the direction to the second domain only, without a way back."""
    contrast_weight: float = 1.0
    """Of each place resembling itself more than others; it takes the way back's place."""
    pool: int = 50
    """Generated pictures kept for the critics to look back at."""
    augment: bool = False
    """Shift and cut out what the critics see; helps when pictures are few."""

    def __post_init__(self) -> None:
        if not self.a or not self.b:
            raise UsageError("give a folder with --a and one with --b")
        for folder in self.a:
            if _folder(folder) in {_folder(other) for other in self.b}:
                raise UsageError(f"{folder}: is in both domains; there would be nothing to learn")
        if self.one_sided != (len(self.network.to) == 1):
            raise UsageError("one-sided training leads to one domain, the other to both")
        check_reduce(self.reduce)
        if self.crop % 4 or self.crop < 32:
            raise UsageError(f"--crop {self.crop}: use a multiple of 4, at least 32")
        if self.pool < 0:
            raise UsageError(f"--pool {self.pool}: use 0 or more")

    def plain(self) -> dict[str, Any]:
        """As data that a checkpoint can hold."""
        return plain(self)


def _folder(text: str) -> Path:
    """The folder of `DIR` or `DIR@0.5`."""
    return Path(re.sub(r"@[\d.]+$", "", text)).resolve()


@dataclass(frozen=True)
class TranslateEvaluation(Options):
    """What a translator is measured on."""

    a: Path = option(help="Pictures to translate.", metavar="DIR", must_be="folder")
    b: Path = option(help="Pictures of the domain they go to.", metavar="DIR", must_be="folder")
    to: str = option(help="That domain, like monet.", metavar="DOMAIN")
    back: str | None = option(
        None, "The first domain: the way back is measured too.", metavar="DOMAIN"
    )
    more: Path | None = option(
        None, "More pictures like --b: how near sets can come.", metavar="DIR", must_be="folder"
    )
    size: int = option(256, "Side that pictures are brought to.", least=32, metavar="N")
    weights: str | None = option(None, "Weights of your own.", metavar="FILE|RUN")


@dataclass(frozen=True)
class TranslateImport(Options):
    """What has to be known of a generator that was trained elsewhere."""

    to: str = option(help="What the generator makes: monet.", metavar="DOMAIN")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name(self.to)
