"""`ganedit translate`."""

import sys
from pathlib import Path
from typing import Any

import click

from ganedit.app.commands.common import FilePath, edit_options, plan_for, run_options
from ganedit.errors import UsageError
from ganedit.tasks.translate.options import ALL, TranslateOptions


@click.command()
@click.argument("photos", nargs=-1, required=True, type=FilePath())
@click.option("--to", required=True, metavar="DOMAIN",
              help="What the pictures become, like monet; all makes one of each, and a contact "
              "sheet. `ganedit models` lists what there is.")  # fmt: skip
@click.option("--strength", type=float, default=1.0, show_default=True,
              help="0 leaves the picture as it is, 1 translates it whole.")  # fmt: skip
@click.option("--keep-color", is_flag=True,
              help="Light and texture from the translation, colour from the picture.")  # fmt: skip
@click.option("--working-size", type=int, metavar="N",
              help="Short side at which larger pictures are painted: the smaller, the broader the "
              "strokes [default: 512].")  # fmt: skip
@click.option(
    "--weights", metavar="FILE|RUN", help="Weights of your own: a file or a training run."
)
@edit_options
def translate(
    photos: tuple[Path, ...],
    to: str,
    strength: float,
    keep_color: bool,
    working_size: int | None,
    weights: str | None,
    **shared: Any,
) -> None:
    """Turn photos into paintings, or into what a network of yours learned; folders too.

    \b
    As Monet would have it, beside the original as photo_as_monet.jpg:
        ganedit translate photo.jpg --to monet
    Half the way, in the photo's own colours:
        ganedit translate photo.jpg --to monet --strength 0.5 --keep-color
    A folder, by a network of your own (see ganedit train translate --help):
        ganedit translate holiday/ --to winter --weights runs/winter -o winter/
    """
    # Wrong values are told before anything is loaded.
    options = TranslateOptions(to, strength, keep_color, working_size, weights)
    shared_options = run_options(shared)
    plan = plan_for(photos, shared, "as" if to == ALL else f"as_{to}")

    from ganedit.app.recipes import translate_recipe
    from ganedit.app.run import run_jobs
    from ganedit.app.sheets import run_variants
    from ganedit.tasks.translate.edit import domains

    if to != ALL:
        sys.exit(run_jobs(plan, translate_recipe(options, [to]), shared_options).code)
    names = domains(weights)
    if not names:
        raise UsageError("--to all: no translations ship yet; give your own with --weights")
    sys.exit(run_variants(plan, names, translate_recipe(options, names), shared_options))
