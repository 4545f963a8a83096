"""`ganedit augment`: more pictures of each class of a data set."""

from pathlib import Path
from typing import Any

import click

from ganedit.app.augment_options import AugmentOptions
from ganedit.app.commands.parameters import FilePath, command, parameters, taken

_EXAMPLES = """
Five hundred more of each class, by a generator that is trained on the data set for two hours; and
whether a classifier is better for them:
    ganedit augment products/ --per-class 500 -o more/ --minutes 120 --check
By a generator that was trained before, with --classes-from-folders:
    ganedit augment products/ --per-class 500 -o more/ --weights runs/products

The check trains the same small classifier on the part of the data set that the generator saw,
with drawn pictures and without, several times from other beginnings, and tries it on the part
that neither saw. A generator rarely knows more than its pictures: where they are few and
unlike, do not expect much."""


def augment_command() -> click.Command:
    """The command."""

    def run(dataset: Path, **given: Any) -> int:
        options = taken(AugmentOptions, given)

        from ganedit.app.augment import augment

        return augment(dataset, options)

    folder = click.Argument(["dataset"], type=FilePath("folder"), metavar="DATASET")
    return command(
        "augment",
        run,
        [folder, *parameters(AugmentOptions)],
        "Draw more pictures of each class of a data set, and say whether they help.",
        _EXAMPLES,
    )
