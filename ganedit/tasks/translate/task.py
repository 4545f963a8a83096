"""The translation task in one description. Nothing here imports torch before it has to."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganedit import weights
from ganedit.errors import UsageError
from ganedit.runtime import Runtime
from ganedit.scores import ScoreTable
from ganedit.task import (
    PHOTO,
    Apply,
    Enlarge,
    Evaluation,
    Imported,
    Importing,
    Input,
    Measuring,
    Pictures,
    Progress,
    Task,
    Training,
    always,
)
from ganedit.tasks.translate.domains import (
    check_domains,
    domains,
    pictures_only,
    stored,
    takes_drawings,
)
from ganedit.tasks.translate.options import (
    ALL,
    TranslateEvaluation,
    TranslateImport,
    TranslateOptions,
    TranslateTraining,
)

if TYPE_CHECKING:
    from ganedit.image import Image

# What goes with drawings only, with other pictures only, and where there are several results.
_OF_DRAWINGS = ("color",)
_OF_PICTURES = ("strength", "keep_color", "working_size")
_OF_SEVERAL = ("seed", "candidates", "like")
_SAID = ("color", "strength", "keep_color", "working_size", "seed", "candidates")


def _label(options: TranslateOptions) -> str:
    return "as" if options.to == ALL else f"as_{options.to}"


def _labels(options: TranslateOptions | None) -> str:
    known = domains() + (domains(options.weights) if options and options.weights else [])
    names = "|".join(map(re.escape, known))
    return rf"as_(?:sheet|(?:{names})(?:_.+)?)"


def _variants(options: TranslateOptions) -> tuple[str, ...]:
    if options.candidates > 1:
        return tuple(map(str, options.seeds))
    return tuple(_every(options)) if options.to == ALL else ("",)


def _check(options: TranslateOptions, given: Mapping[str, int]) -> None:
    refused: list[tuple[tuple[str, ...], str]] = []
    if options.to == ALL:
        plain = "--to all makes one result for each domain of pictures; name one domain"
        refused.append((_OF_DRAWINGS + _OF_SEVERAL, plain))
    else:
        check_domains([options.to], options.weights)
        if takes_drawings(options.to, options.weights):
            refused.append((_OF_PICTURES, f"--to {options.to} makes photos of drawings"))
        else:
            refused.append((_OF_DRAWINGS, f"--to {options.to} does not make photos of drawings"))
        if not stored(options.to, options.weights).get("palette"):
            refused.append((_OF_SEVERAL, f"--to {options.to} makes one result only"))
    usual = TranslateOptions(options.to)
    # What a form sends along at its default says nothing.
    said = {name for name in _SAID if getattr(options, name) != getattr(usual, name)}
    said |= {"like"} & given.keys()
    for names, reason in refused:
        for name in names:
            if name in said:
                raise UsageError(f"--{name.replace('_', '-')}: {reason}")


def _load(options: TranslateOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    from ganedit.tasks.translate.edit import load_edit
    from ganedit.tasks.translate.paired.predictor import Look

    names = _names(options)
    edits = {name: load_edit(replace(options, to=name), runtime, enlarge) for name in names}

    def apply(pictures: Pictures, variant: str, progress: Progress) -> "Image":
        (photo,), like = pictures["photo"], pictures.get("like", ())
        seed = int(variant) if options.candidates > 1 else options.seed
        look = Look(seed, like[0] if like else None)
        name = options.to if options.to != ALL else variant
        return edits[name].apply(photo, progress, look)

    return apply


def _names(options: TranslateOptions) -> list[str]:
    """The domains that are asked for.

    Raises:
        UsageError: no generator leads to one of them.
    """
    names = _every(options) if options.to == ALL else [options.to]
    if not names:
        raise UsageError("--to all: no translations ship yet; give your own with --weights")
    check_domains(names, options.weights)
    return names


def _every(options: TranslateOptions) -> list[str]:
    """The domains of `--to all`: one picture cannot be a photo and a drawing."""
    return pictures_only(domains(options.weights), options.weights)


def _weights(options: TranslateOptions) -> Mapping[str, str]:
    used: dict[str, str] = {}
    for name in _names(options):
        used |= weights.checksums("translate", options.weights, to=name)
    return used


def _training(options: TranslateTraining) -> Any:
    if options.pairing.wanted:
        from ganedit.tasks.translate.paired.training import PairedTask

        return PairedTask(options)
    from ganedit.tasks.translate.training import TranslateTask

    return TranslateTask(options)


def _measure(options: TranslateEvaluation, measuring: Measuring) -> ScoreTable:
    if options.paired:
        from ganedit.tasks.translate.paired.evaluation import measure_pairs

        return measure_pairs(options, measuring)
    from ganedit.tasks.translate.evaluation import measure

    return measure(options, measuring)


def _convert(file: Path, options: TranslateImport) -> Imported:
    from ganedit.tasks.translate.importing import as_translator

    network, stored = as_translator(file, options.to)
    return Imported(network, stored, {"to": options.to}, f"PICTURE --to {options.to}")


TRANSLATE = Task(
    name="translate",
    summary="Turn photos into paintings, drawings into photos; folders too.",
    examples="""
As Monet would have it, beside the original as photo_as_monet.jpg:
    ganedit translate photo.jpg --to monet
Half the way, in the photo's own colours:
    ganedit translate photo.jpg --to monet --strength 0.5 --keep-color
Four photos of a drawing, in red, and one in the colours of another photo:
    ganedit translate drawing.png --to shoe --candidates 4 --color '#8a1c1c'
    ganedit translate drawing.png --to bag --like photo.jpg
A folder, by a network of your own (see ganedit train translate --help):
    ganedit translate holiday/ --to winter --weights runs/winter -o winter/""",
    options=TranslateOptions,
    inputs=(
        replace(PHOTO, drawn=True),
        Input(
            "like",
            "Photo whose colours and material those of a drawing are to have.",
            given="shared",
        ),
    ),
    label=_label,
    check=_check,
    labels=_labels,
    variants=_variants,
    load=_load,
    weights=_weights,
    enlarges=always,
    training=Training(
        TranslateTraining,
        _training,
        """
Between two folders of pictures that do not correspond:
    ganedit train translate --a photos/ --b paintings/ --names photo,painting \\
        --out runs/painting --minutes 300
From pairs, by their names in two folders, or side by side in files:
    ganedit train translate --paired --a maps/ --b aerial/ --names map,aerial \\
        --out runs/aerial --minutes 300
    ganedit train translate --pairs facades/ --direction BtoA --names plan,facade \\
        --out runs/facade --minutes 300
From photos alone, which the drawings are made of, in two kinds:
    ganedit train translate --paired --a sketch:shoes/ --a sketch:bags/ --color-hints \\
        --names drawing,shoe,bag --out runs/products --minutes 300""",
    ),
    evaluation=Evaluation(
        TranslateEvaluation,
        _measure,
        "How near translations come to pictures of the domain, and what they keep of their own.",
        """
    ganedit evaluate translate --a photos/ --b paintings/ --to monet --back photo
    ganedit evaluate translate --paired --a sketch:shoes/ --to shoe --held-out 0.07 --size 128

The kernel distance (unbiased, cubic kernel) and the Fréchet distance are those of VGG19's
relu5_4, averaged over each picture; they are not KID and FID, which use Inception. Of pairs,
lines F1 tells how well edges of results lie on the lines of drawings (within 2 pixels), and seeds
PD how far two results of one drawing are apart, inside of the object.""",
    ),
    importing=Importing(
        TranslateImport,
        _convert,
        """
The generator of pytorch-CycleGAN-and-pix2pix (resnet or unet), or of CUT (resnet):
    ganedit import-weights latest_net_G_A.pth --as translate --to winter
    ganedit translate photo.jpg --to winter""",
    ),
)
