"""`ganedit inpaint`."""

import sys
from pathlib import Path
from typing import Any

import click

from ganedit.app.commands.common import FilePath, edit_options, plan_for, run_options
from ganedit.errors import UsageError
from ganedit.tasks.inpaint.options import METHODS, InpaintOptions, Method


@click.command()
@click.argument("photos", nargs=-1, required=True, type=FilePath())
@click.option(
    "--mask",
    type=FilePath(),
    help="Picture that marks the hole: white, or transparent where it has alpha.",
)
@click.option(
    "--masks",
    type=FilePath(),
    metavar="DIR",
    help="Folder with NAME.png or NAME_mask.png for each photo.",
)
@click.option(
    "--mask-color",
    metavar="COLOR",
    help="The hole is what has this colour, in the mask or on the photo: '#ff00ff'.",
)
@click.option("--box", metavar="X,Y,W,H", help="The hole is this rectangle, in pixels.")
@click.option("--invert-mask", is_flag=True, help="Black is the hole, not white.")
@click.option("--strict", is_flag=True, help="Refuse a mask of another size than the photo.")
@click.option(
    "--dilate",
    type=int,
    metavar="N",
    help="Pixels by which the hole grows, so that halos go too [default: by size].",
)
@click.option(
    "--feather",
    type=int,
    metavar="N",
    help="Pixels over which fill and photo mix, in the grown ring [default: all of it].",
)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="auto",
    show_default=True,
    help="auto: diffusion for hairlines, the network and the photo's own texture for "
    "the rest. telea, ns: diffusion only.",
)
@click.option(
    "--weights", metavar="FILE|RUN", help="Weights of your own: a file or a training run."
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Another seed gives another fill.",
)
@click.option(
    "--candidates",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    help="Write so many different fills, and a contact sheet of them.",
)
@edit_options
def inpaint(
    photos: tuple[Path, ...],
    mask: Path | None,
    masks: Path | None,
    mask_color: str | None,
    box: str | None,
    invert_mask: bool,
    strict: bool,
    dilate: int | None,
    feather: int | None,
    method: Method,
    weights: str | None,
    seed: int,
    candidates: int,
    **shared: Any,
) -> None:
    """Fill what a mask marks; nothing else changes.

    \b
    White in mask.png is to go; the result is photo_inpaint.jpg:
        ganedit inpaint photo.jpg --mask mask.png
    A date stamp in the corner:
        ganedit inpaint photo.jpg --box 1480,1100,420,90
    What was painted over in pink:
        ganedit inpaint painted.png --mask-color '#ff00ff'
    A folder, with a mask for each photo:
        ganedit inpaint photos/ --masks masks/ -o clean/
    """  # fmt: skip
    options = InpaintOptions(method, dilate, feather, weights, seed)
    shared_options = run_options(shared)

    from ganedit.app.masks import Marking

    marking = Marking(mask, masks, mask_color, box, invert_mask, strict)
    plan = plan_for(photos, shared, "inpaint")
    if mask is not None and len(plan.jobs) > 1:
        raise UsageError("--mask is for one photo; for several give --masks DIR")
    if masks is not None and not masks.is_dir():
        raise UsageError(f"--masks {masks}: no such folder")

    from ganedit.app.recipes import inpaint_recipe
    from ganedit.app.run import run_jobs
    from ganedit.app.sheets import run_variants

    recipe = inpaint_recipe(options, marking)
    if candidates == 1:
        sys.exit(run_jobs(plan, recipe, shared_options).code)
    names = [str(number + 1) for number in range(candidates)]
    sys.exit(run_variants(plan, names, recipe, shared_options))
