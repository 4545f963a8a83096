"""`ganedit upscale`."""

import sys
from pathlib import Path
from typing import Any

import click

from ganedit.app.commands.common import FilePath, edit_options, plan_for, run_options
from ganedit.errors import UsageError
from ganedit.tasks.upscale.options import (
    DEFAULT_DETAIL,
    MAX_OUTPUT_PIXELS,
    MODELS,
    Model,
    Target,
    UpscaleOptions,
)


@click.command()
@click.argument("photos", nargs=-1, required=True, type=FilePath())
@click.option("--scale", type=float, help="Factor per side, 1 to 16, 2.5 included [default: 4].")
@click.option("--width", type=int, help="Width of the result in pixels, instead of --scale.")
@click.option("--height", type=int, help="Height of the result in pixels, instead of --scale.")
@click.option(
    "--long-side", type=int, help="Longer side of the result in pixels, instead of --scale."
)
@click.option("--model", type=click.Choice(MODELS),
              help="photo copes with JPEG marks, noise and blur, clean expects none "
              "[default: photo].")  # fmt: skip
@click.option("--detail", type=float,
              help="0: faithful, softer. 1: crisper, with invented texture "
              f"[default: {DEFAULT_DETAIL}].")  # fmt: skip
@click.option(
    "--weights", metavar="FILE|RUN", help="Weights of your own: a file or a training run."
)
@click.option("--max-output-pixels", type=click.IntRange(1), default=MAX_OUTPUT_PIXELS, metavar="N",
              help="Refuse larger results [default: 1 billion pixels].")  # fmt: skip
@edit_options
def upscale(
    photos: tuple[Path, ...],
    scale: float | None,
    width: int | None,
    height: int | None,
    long_side: int | None,
    model: Model | None,
    detail: float | None,
    weights: str | None,
    max_output_pixels: int,
    **shared: Any,
) -> None:
    """Enlarge photos; folders are enlarged whole.

    \b
    Four times larger, beside the original as photo_x4.jpg:
        ganedit upscale photo.jpg
    A folder, to fit a 4K screen, as PNG:
        ganedit upscale holiday/ -o large/ --long-side 3840 --format png
    From a pristine scan:
        ganedit upscale scan.tif --model clean
    """
    if scale is width is height is long_side is None:
        scale = 4
    target = Target(scale, width, height, long_side)
    shared_options = run_options(shared)
    if weights is not None and not {model, detail} <= {None}:
        raise UsageError("--model and --detail choose among the shipped weights; with --weights "
                         "leave them out")  # fmt: skip
    options = UpscaleOptions(
        target,
        model or "photo",
        DEFAULT_DETAIL if detail is None else detail,
        weights,
        max_output_pixels,
    )
    plan = plan_for(photos, shared, _label(target))

    from ganedit.app.recipes import upscale_recipe
    from ganedit.app.run import run_jobs

    sys.exit(run_jobs(plan, upscale_recipe(options), shared_options).code)


def _label(target: Target) -> str:
    if target.scale is not None:
        return f"x{target.scale:g}"
    if target.width is not None:
        return f"w{target.width}"
    return f"h{target.height}" if target.height is not None else f"long{target.long_side}"
