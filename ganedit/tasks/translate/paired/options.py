"""Options of paired translation, as plain data. Nothing here imports torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ganedit.errors import UsageError
from ganedit.options import Options, option

# Before a folder of photographs that drawings are made from.
DRAWN = "sketch:"
# Half of it is the least that the critic of the coarser scale takes.
SMALLEST_CROP = 48
Source = Literal["drawing", "picture"]


def is_paired(stored: Mapping[str, Any]) -> bool:
    """Whether a weight file's options are those of a paired generator."""
    return "source" in stored


@dataclass(frozen=True)
class PairedNetwork(Options):
    """What builds a paired generator; stored with its weights."""

    to: tuple[str, ...] = ("b",)
    """The domains it leads to; of several, a label says which one."""
    source: Source = "picture"
    """drawing: lines, which are cleaned up first. picture: whatever --a holds."""
    size: int = 128
    """Side of the pictures that it was trained on."""
    generator: Literal["unet", "resnet"] = option(
        "unet",
        "unet: down to a sixteenth of the resolution and back, with skips. resnet: blocks at a "
        "quarter of it, without skips.",
        group="pairs",
    )
    base: int = option(
        32, "Channels at half the resolution; the deeper, the more.", least=4, group="pairs"
    )
    depth: int = option(2, "Residual blocks at the lowest resolution.", least=0, group="pairs")
    palette: int = option(
        3,
        "Colours, from dark to light, that tell one result from another of the same input; 0 for "
        "one result only.",
        least=0,
        group="pairs",
    )
    hints: bool = option(
        False, "Take strokes of colour too, and follow them.", flag="--color-hints", group="pairs"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "to", tuple(self.to))  # read back from a file, it is a list

    @property
    def channels(self) -> int:
        """Of the input: ink or colours, then the colours and places of strokes."""
        return (1 if self.source == "drawing" else 3) + 4 * self.hints


@dataclass(frozen=True)
class PairedTraining(Options):
    """What is particular to training from pairs."""

    paired: bool = option(
        False,
        "The pictures of --a and --b belong together, by their names. --a sketch:DIR draws them "
        "from the photos of DIR, and needs no --b.",
        group="pairs",
    )
    pairs: tuple[str, ...] = option(
        (),
        "Instead of --a and --b, a folder of pictures side by side in one file each, as for "
        "pix2pix; may be repeated.",
        metavar="DIR",
        group="pairs",
    )
    direction: Literal["AtoB", "BtoA"] = option(
        "AtoB", "Which of the two in --pairs is made of which.", group="pairs"
    )
    strict: bool = option(
        False, "Stop at a picture without partner, or of another size, instead of leaving it out.",
        group="pairs",
    )  # fmt: skip
    paired_network: PairedNetwork = field(default_factory=PairedNetwork)
    zoom: float = option(
        0.0, "Pictures are enlarged or reduced at random by up to this share first.",
        least=0, most=0.5, group="pairs",
    )  # fmt: skip
    recolor: float = option(
        0.0, "Share of the photos of --a sketch:DIR that get other colours at random: where most "
        "are brown, few other colours would be learned else.",
        least=0, most=1, group="pairs",
    )  # fmt: skip
    l1_weight: float = option(
        10.0,
        "Of the L1 distance to the partner, of light and colours apart.",
        least=0,
        group="pairs",
    )
    perceptual_weight: float = option(
        4.0, "Of the distance to the partner in VGG19's features; 0 trains without.",
        least=0, group="pairs",
    )  # fmt: skip
    matching_weight: float = option(
        1.0, "Of how near the critics' own features come to the partner's (pix2pixHD).",
        least=0, group="pairs",
    )  # fmt: skip
    line_weight: float = option(
        2.0, "Of how far edges are from the partner's, whatever the colours.",
        least=0, group="pairs",
    )  # fmt: skip
    hint_weight: float = option(
        5.0, "Of how far the colour below a stroke is from it.", least=0, group="pairs"
    )
    palette_weight: float = option(
        3.0, "Of how far the palette of a result is from the one that it was to have.",
        least=0, group="pairs",
    )  # fmt: skip
    looks: int = option(
        4, "Pictures of a batch that VGG19 looks at, which takes most of the time.",
        least=1, group="pairs",
    )  # fmt: skip

    @property
    def wanted(self) -> bool:
        """Whether training is from pairs."""
        return self.paired or bool(self.pairs)

    def completed(
        self, a: tuple[str, ...], b: tuple[str, ...], names: tuple[str, ...], crop: int
    ) -> "PairedTraining":
        """These options with what else a network is rebuilt from.

        Args:
            a: folders of inputs.
            b: folders of what becomes of them.
            names: of the input's domain, then of those that it goes to.
            crop: side of the training crops.

        Raises:
            UsageError: the folders make no pairs, or the names do not fit them.
        """
        self._check(a, b)
        folders, to = len(self.pairs or a), names[1:]
        if len(to) not in (1, folders) or len(set(to)) < len(to):
            raise UsageError(
                f"--names {','.join(names)}: name the inputs, then what they become, once or for "
                f"each of {folders} folders"
            )
        if crop % 16 or crop < SMALLEST_CROP:
            raise UsageError(
                f"--crop {crop}: of pairs, use a multiple of 16, at least {SMALLEST_CROP}"
            )
        drawn = bool(a) and a[0].startswith(DRAWN)
        source: Source = "drawing" if drawn else "picture"
        network = replace(self.paired_network, to=to, source=source, size=crop)
        return replace(self, paired_network=network)

    def _check(self, a: tuple[str, ...], b: tuple[str, ...]) -> None:
        drawn = [text for text in a if text.startswith(DRAWN)]
        if self.pairs and (a or b):
            raise UsageError("--pairs holds both halves; leave --a and --b out")
        if not self.pairs and not a:
            raise UsageError("give --a and --b, --a sketch:DIR, or --pairs DIR")
        if drawn and (len(drawn) < len(a) or b):
            raise UsageError(f"--a {drawn[0]}: drawn from the photos themselves; leave --b out")
        if not drawn and len(a) != len(b):
            raise UsageError(f"--paired: {len(a)} folders with --a and {len(b)} with --b")
