"""Several results of each photo, and a contact sheet of them."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from ganedit.app.jobs import Job
from ganedit.image import Image, decode, resize, to_eight

# Longer side of each result on a sheet.
SHEET_SIDE = 480
TEXT_SIZE = 20


def in_variants(jobs: Sequence[Job], names: Sequence[str]) -> list[Job]:
    """Each job once for each name, which is appended to its result's; `variant` counts them."""
    return [
        replace(job, target=job.target.with_stem(f"{job.target.stem}_{name}"), variant=number)
        for job in jobs
        for number, name in enumerate(names)
    ]


def write_sheets(jobs: Sequence[Job], names: Sequence[str], *, overwrite: bool) -> None:
    """Write the results of `in_variants(jobs, names)` side by side, as `NAME_sheet.png`.

    A photo whose results could not all be made gets none.

    Raises:
        OutputError: a sheet exists and `overwrite` is false, or it cannot be written.
    """
    for job in jobs:
        results = [each.target for each in in_variants([job], names)]
        if all(path.exists() for path in results):
            cells = [_cell(path, name) for path, name in zip(results, names, strict=True)]
            columns = math.ceil(math.sqrt(len(cells)))
            cells += [np.full_like(cells[0], 255)] * (-len(cells) % columns)
            rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
            Image(np.vstack(rows)).save(sheet_path(job), overwrite=overwrite)


def sheet_path(job: Job) -> Path:
    """Where the contact sheet of a photo's results goes."""
    return job.target.with_name(f"{job.target.stem}_sheet.png")


def _cell(path: Path, name: str) -> np.ndarray:
    """A result, reduced, its name in the corner."""
    image = decode(path)
    scale = min(1.0, SHEET_SIDE / max(image.width, image.height))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = to_eight(resize(Image(image.samples), *size).samples)
    picture = PIL.Image.fromarray(
        np.ascontiguousarray(np.broadcast_to(small, (*small.shape[:2], 3)))
    )
    font = PIL.ImageFont.load_default(TEXT_SIZE)
    PIL.ImageDraw.Draw(picture).text(
        (TEXT_SIZE // 3, TEXT_SIZE // 6), name, "white", font, stroke_width=2, stroke_fill="black"
    )
    return np.asarray(picture)
