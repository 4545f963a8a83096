"""The translation task in one description. Nothing here imports torch before it has to."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ganedit import weights
from ganedit.errors import UsageError
from ganedit.runtime import Runtime
from ganedit.scores import ScoreTable
from ganedit.task import (
    Apply,
    Enlarge,
    Evaluation,
    Imported,
    Importing,
    Measuring,
    Task,
    Training,
)
from ganedit.tasks.translate.domains import check_domains, domains
from ganedit.tasks.translate.options import (
    ALL,
    TranslateEvaluation,
    TranslateImport,
    TranslateOptions,
    TranslateTraining,
)


def _label(options: TranslateOptions) -> str:
    return "as" if options.to == ALL else f"as_{options.to}"


def _labels(options: TranslateOptions | None) -> str:
    known = domains() + (domains(options.weights) if options and options.weights else [])
    return f"as_(?:{'|'.join(map(re.escape, known))})"


def _variants(options: TranslateOptions) -> tuple[str, ...]:
    return tuple(domains(options.weights)) if options.to == ALL else ("",)


def _load(options: TranslateOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    from ganedit.tasks.translate.edit import TranslateEdit

    names = _names(options)
    edits = {name: TranslateEdit(replace(options, to=name), runtime, enlarge) for name in names}
    return lambda pictures, variant, progress: edits[variant or options.to].apply(
        pictures["photo"][0], progress
    )


def _names(options: TranslateOptions) -> list[str]:
    """The domains that are asked for.

    Raises:
        UsageError: no generator leads to one of them.
    """
    names = domains(options.weights) if options.to == ALL else [options.to]
    if not names:
        raise UsageError("--to all: no translations ship yet; give your own with --weights")
    check_domains(names, options.weights)
    return names


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
    from ganedit.tasks.translate.evaluation import measure

    return measure(options, measuring)


def _convert(file: Path, options: TranslateImport) -> Imported:
    from ganedit.tasks.translate.importing import as_translator

    network, stored = as_translator(file, options.to)
    return Imported(network, stored, {"to": options.to}, f"PICTURE --to {options.to}")


TRANSLATE = Task(
    name="translate",
    summary="Turn photos into paintings, or into what a network of yours learned; folders too.",
    examples="""
As Monet would have it, beside the original as photo_as_monet.jpg:
    ganedit translate photo.jpg --to monet
Half the way, in the photo's own colours:
    ganedit translate photo.jpg --to monet --strength 0.5 --keep-color
A folder, by a network of your own (see ganedit train translate --help):
    ganedit translate holiday/ --to winter --weights runs/winter -o winter/""",
    options=TranslateOptions,
    label=_label,
    labels=_labels,
    variants=_variants,
    load=_load,
    weights=_weights,
    enlarges=True,
    training=Training(
        TranslateTraining,
        _training,
        """
Between two folders of pictures that do not correspond:
    ganedit train translate --a photos/ --b paintings/ --names photo,painting \\
        --out runs/painting --minutes 300""",
    ),
    evaluation=Evaluation(
        TranslateEvaluation,
        _measure,
        "How near translations come to pictures of the domain, and what they keep of their own.",
        """
    ganedit evaluate translate --a photos/ --b paintings/ --to monet --back photo

The kernel distance (unbiased, cubic kernel) and the Fréchet distance are those of VGG19's
relu5_4, averaged over each picture; they are not KID and FID, which use Inception.""",
    ),
    importing=Importing(
        TranslateImport,
        _convert,
        """
The generator of pytorch-CycleGAN-and-pix2pix, or of CUT (resnet, 6 or 9 blocks):
    ganedit import-weights latest_net_G_A.pth --as translate --to winter
    ganedit translate photo.jpg --to winter""",
    ),
)
