"""Options of the translation task, as plain data. Nothing here imports torch."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from ganedit import weights
from ganedit.errors import UsageError
from ganedit.options import (
    MOST_SEED,
    Options,
    changed,
    check_seeds,
    option,
    own_weights,
    refuse,
    vgg_file,
)
from ganedit.tasks.translate.paired.options import DRAWN, PairedTraining

# The word for every domain there is.
ALL = "all"
# Of training and measuring without pairs.
_UNPAIRED_TRAINING = (
    "--one-sided", "--width", "--deep-width", "--blocks", "--grain", "--reduce", "--cycle-weight",
    "--identity-weight", "--contrast-weight", "--penalty-weight", "--pool",
)  # fmt: skip
_UNPAIRED_MEASURING = ("--back", "--more")
_PAIRED_MEASURING = ("--held-out", "--strict")


def check_name(name: str) -> None:
    """Raise a UsageError for what cannot name a domain: results and tensors are named after it."""
    if not name or set(name) & set("/\\.:") or name == ALL:
        raise UsageError(f"{name!r} cannot name a domain; take a word like winter")


def known_domains() -> list[str]:
    """The words that `--to` takes without weights of one's own."""
    return [*weights.labelled("translate", "to"), ALL]


@dataclass(frozen=True)
class TranslateOptions(Options):
    """How pictures are translated."""

    to: str = option(
        help="What the pictures become, like monet; all makes one of each, and a contact sheet. "
        "`ganedit models` lists what there is.", metavar="DOMAIN", known=known_domains,
    )  # fmt: skip
    strength: float = option(
        1.0, "0 leaves the picture as it is, 1 translates it whole.", least=0, most=1
    )
    keep_color: bool = option(
        False, "Light and texture from the translation, colour from the picture.", simple=True
    )
    working_size: int | None = option(
        None, "Short side at which larger pictures are painted: the smaller, the broader the "
        "strokes.", least=64, metavar="N", absent="512",
    )  # fmt: skip
    seed: int = option(0, "Of a drawing, another one is another photo.", least=0, most=MOST_SEED)
    candidates: int = option(
        1, "So many photos of a drawing, each of the next seed, and a contact sheet.",
        least=1, most=64,
    )  # fmt: skip
    color: str | None = option(
        None, "What is drawn has this colour; strokes of colour on the drawing say it place by "
        "place.", metavar="COLOR",
    )  # fmt: skip
    weights: str | None = own_weights()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_seeds(self.seed, self.candidates)
        if self.to is None:
            raise UsageError("give --to; `ganedit models` lists the domains there are")
        if self.to != ALL:
            check_name(self.to)
        elif self.candidates > 1:
            raise UsageError("--candidates goes with one domain; name it with --to")

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of each candidate."""
        return tuple(range(self.seed, self.seed + self.candidates))


@dataclass(frozen=True)
class NetworkOptions(Options):
    """What builds the generators; stored with their weights."""

    names: tuple[str, ...] = ("a", "b")
    """The domains. One generator leads to each that is in `to`."""
    to: tuple[str, ...] = ("b", "a")
    """Domains that there is a generator for."""
    width: int = option(32, "Channels at the picture's own resolution.", least=1, group="model")
    deep_width: int = option(96, "Channels at a quarter of the resolution.", least=1, group="model")
    blocks: int = option(
        5, "Residual blocks at a quarter of the resolution.", least=0, group="model"
    )
    grain: float = option(
        0.0,
        "Deviation of the grain that pictures get first, as a share of full scale (0.016): it "
        "gives painters something to make strokes of in a plain sky.",
        least=0,
        most=0.1,
        group="model",
    )
    wiring: Literal["ganedit", "cyclegan", "cut", "unet", "unet-affine"] = "ganedit"
    """Ours, or that of a generator trained elsewhere, of which `deep_width` says nothing; a U-Net's
    `blocks` are its levels."""

    def __post_init__(self) -> None:
        super().__post_init__()
        # Read back from a file, tuples are lists.
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "to", tuple(self.to))
        if len(set(self.names)) != 2 or not set(self.to) <= set(self.names) or not self.to:
            raise UsageError(
                f"--names {','.join(self.names)}: give two different names, like photo,monet"
            )
        for name in self.names:
            check_name(name)


@dataclass(frozen=True)
class TranslateTraining(Options):
    """What is particular to training a translator."""

    a: tuple[str, ...] = option(
        (),
        "Folder of the first domain, perhaps reduced by a factor first; may be repeated.",
        metavar="DIR[@FACTOR]",
    )
    b: tuple[str, ...] = option(
        (), "Folder of the second domain, likewise.", metavar="DIR[@FACTOR]"
    )
    domains: str = option(
        "a,b", "Of the two domains, like photo,monet; of pairs, where each folder is a domain of "
        "its own, like drawing,shoe,bag.", metavar="A,B", flag="--names",
    )  # fmt: skip
    pairing: PairedTraining = field(default_factory=PairedTraining)
    one_sided: bool = option(
        False,
        "Train the direction to the second domain only, with the PatchNCE loss: quicker, and less "
        "tied to the source.",
    )
    network: NetworkOptions = field(default_factory=NetworkOptions)
    """What it leads to follows from `domains` and `one_sided`."""
    crop: int = option(128, "Side of the training crops in pixels.", group="run")
    batch: int = option(4, "Crops of each domain per batch.", least=1, group="run")
    reduce: float = option(
        0.5,
        "Every other crop is a larger one, reduced by a factor from this to 1.",
        over=0,
        most=1,
        group="run",
    )
    cycle_weight: float = option(10.0, "Of the cycle-consistency loss.", least=0, group="losses")
    identity_weight: float = option(
        5.0,
        "Of the identity loss: pictures of the domain stay as they are. It stops inverted colours.",
        least=0,
        group="losses",
    )
    adversarial_weight: float = option(1.0, "Of the adversarial loss.", least=0, group="losses")
    feature_weight: float = option(
        1.0,
        "Of critics that see VGG19's features, as a share of the adversarial loss; 0 trains "
        "without them.",
        least=0,
        group="losses",
    )
    vgg: Path | None = vgg_file()
    penalty_weight: float = option(
        1e-5, "Of the critics' gradient penalty R1, on real pictures.", least=0, group="losses"
    )
    penalty_every: int = 16
    """Critic steps between penalties, which are weighed up by as much."""
    contrast_weight: float = option(
        1.0,
        "Of the PatchNCE loss of one-sided training: each place resembles its own most.",
        least=0,
        group="losses",
    )
    pool: int = option(
        50, "Generated pictures kept for the critics to look back at.", least=0, group="run"
    )
    augment: bool = option(
        False,
        "Shift and cut out what the critics see; helps when pictures are few.",
        group="losses",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        names = tuple(name.strip() for name in self.domains.split(","))
        if self.crop % 4 or self.crop < 32:
            raise UsageError(f"--crop {self.crop}: use a multiple of 4, at least 32")
        if self.pairing.wanted:
            refuse(self, _UNPAIRED_TRAINING, "training from pairs has no use for it")
            pairing = self.pairing.completed(self.a, self.b, names, self.crop)
            for name in names:
                check_name(name)
            object.__setattr__(self, "pairing", pairing)
            return
        refuse(self.pairing, changed(self.pairing), "goes with --paired or --pairs")
        if self.one_sided:
            refuse(self, ("--cycle-weight",), "goes without --one-sided")
        else:
            refuse(self, ("--contrast-weight",), "goes with --one-sided")
        if not self.a or not self.b:
            raise UsageError("give a folder with --a and one with --b")
        for folder in self.a:
            if _folder(folder) in {_folder(other) for other in self.b}:
                raise UsageError(f"{folder}: is in both domains; there would be nothing to learn")
        network = replace(
            self.network, names=names, to=names[1:] if self.one_sided else names[::-1]
        )
        object.__setattr__(self, "network", network)


def _folder(text: str) -> Path:
    """The folder of `DIR` or `DIR@0.5`."""
    return Path(re.sub(r"@[\d.]+$", "", text)).resolve()


@dataclass(frozen=True)
class TranslateEvaluation(Options):
    """What a translator is measured on."""

    a: str = option(
        help="Pictures to translate; with --paired also sketch:DIR, lines drawn of those of DIR.",
        metavar="DIR",
    )
    to: str = option(help="The domain they go to, like monet.", metavar="DOMAIN")
    b: Path | None = option(
        None, "Pictures of that domain.", metavar="DIR", must_be="folder",
        absent="those of sketch:DIR",
    )  # fmt: skip
    back: str | None = option(
        None, "The first domain: the way back is measured too.", metavar="DOMAIN"
    )
    more: Path | None = option(
        None, "More pictures like --b: how near sets can come.", metavar="DIR", must_be="folder"
    )
    size: int = option(256, "Side that pictures are brought to.", least=32, metavar="N")
    paired: bool = option(
        False, "The pictures of --a and --b belong together, by their names: how near are they?",
        group="pairs",
    )  # fmt: skip
    held_out: float = option(
        0.0, "With --paired: measure this share of the pictures only, the same that training of "
        "it holds out.", least=0, most=0.5, group="pairs",
    )  # fmt: skip
    strict: bool = option(
        False, "Stop at a picture without partner, or of another size, instead of leaving it out.",
        group="pairs",
    )  # fmt: skip
    weights: str | None = own_weights()

    def __post_init__(self) -> None:
        super().__post_init__()
        drawn = self.a.startswith(DRAWN)
        if drawn and not self.paired:
            raise UsageError(f"--a {self.a}: goes with --paired")
        if drawn == (self.b is not None):
            raise UsageError("--a sketch:DIR has its photos in DIR; give --b with all else")
        if not Path(self.a.removeprefix(DRAWN)).is_dir():
            raise UsageError(f"--a {self.a}: no such folder")
        if self.paired:
            refuse(self, _UNPAIRED_MEASURING, "goes without --paired")
        else:
            refuse(self, _PAIRED_MEASURING, "goes with --paired")


@dataclass(frozen=True)
class TranslateImport(Options):
    """What has to be known of a generator that was trained elsewhere."""

    to: str = option(help="What the generator makes: monet.", metavar="DOMAIN")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name(self.to)
