"""Several results of each photo, and a contact sheet of them."""

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from ganedit.app.jobs import Job, Plan
from ganedit.app.options import RunOptions
from ganedit.app.preview import as_rgb
from ganedit.app.recipe import Recipe
from ganedit.app.run import run_jobs
from ganedit.image import Image, decode, resize

# Longer side of each result on a sheet.
SHEET_SIDE = 480
TEXT_SIZE = 20


def in_variants(plan: Plan, names: Sequence[str]) -> Plan:
    """Each job once for each name, which is appended to its result's; `variant` counts them."""
    return replace(plan, jobs=[each for job in plan.jobs for each in _variants(job, names)])


def run_variants(plan: Plan, names: Sequence[str], recipe: Recipe, options: RunOptions) -> int:
    """Do each planned job once for each name, and make its contact sheet; returns the exit code.

    Raises:
        GaneditError: as `run_jobs`; or a sheet cannot be written.
    """
    result = run_jobs(in_variants(plan, names), recipe, options)
    if not options.dry_run:
        write_sheets(plan.jobs, names, result.done, overwrite=options.overwrite)
    return result.code


def _variants(job: Job, names: Sequence[str]) -> list[Job]:
    return [
        replace(job, target=job.target.with_stem(f"{job.target.stem}_{name}"), variant=number)
        for number, name in enumerate(names)
    ]


def write_sheets(
    jobs: Sequence[Job], names: Sequence[str], done: Collection[Job], *, overwrite: bool
) -> None:
    """Write the results of each photo side by side, as `NAME_sheet.png` beside them.

    Args:
        jobs: those that were planned, before `in_variants`.
        names: of the variants.
        done: results that were made now; photos without any keep the sheet that they have.
        overwrite: replace sheets that exist.

    Raises:
        OutputError: a sheet exists and `overwrite` is false, or it cannot be written.
    """
    made = set(done)
    for job in jobs:
        results = [each for each in _variants(job, names) if each.target.is_file()]
        # In a folder, an earlier run may have been stopped before it made the sheet.
        missing = results and job.home is not None and not sheet_path(job).exists()
        if made.intersection(results) or missing:
            replaced = overwrite or not made.issuperset(results)
            cells = [_cell(each.target, names[each.variant]) for each in results]
            _sheet(cells).save(sheet_path(job), overwrite=replaced)


def _sheet(cells: list[np.ndarray]) -> Image:
    """Pictures of one size side by side, about as many across as down."""
    columns = math.ceil(math.sqrt(len(cells)))
    cells = [*cells, *[np.full_like(cells[0], 255)] * (-len(cells) % columns)]
    rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
    return Image(np.vstack(rows))


def sheet_path(job: Job) -> Path:
    """Where the contact sheet of a photo's results goes."""
    return job.target.with_name(f"{job.target.stem}_sheet.png")


def _cell(path: Path, name: str) -> np.ndarray:
    """A result, reduced, its name in the corner."""
    image = decode(path)
    scale = min(1.0, SHEET_SIDE / max(image.width, image.height))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    picture = PIL.Image.fromarray(as_rgb(resize(Image(image.samples), *size).samples))
    font = PIL.ImageFont.load_default(TEXT_SIZE)
    PIL.ImageDraw.Draw(picture).text(
        (TEXT_SIZE // 3, TEXT_SIZE // 6), name, "white", font, stroke_width=2, stroke_fill="black"
    )
    return np.asarray(picture)
