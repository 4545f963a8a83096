"""Filling as the command line and the Python interface do it: a photo and its marking."""

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np

from ganedit.app.jobs import Job
from ganedit.app.masks import Marking
from ganedit.app.recipe import Apply
from ganedit.image import Image, decode, resize, to_eight
from ganedit.task import Progress
from ganedit.tasks.inpaint.edit import InpaintEdit
from ganedit.tasks.inpaint.holes import Hole

# Longer side of each fill on a contact sheet.
SHEET_SIDE = 480


def filler(edit: InpaintEdit, marking: Marking) -> Apply:
    """What fills the photo of each job as it is marked."""

    def apply(job: Job, image: Image, progress: Progress) -> Image:
        hole = marking.hole_of(job.source, image, job.place)
        opaque = marking.is_of_the_photo
        return fill(edit, image, hole, progress, opaque=opaque, variant=job.variant)

    return apply


def write_sheets(jobs: Sequence[Job], done: Collection[Job], *, overwrite: bool) -> None:
    """Write a sheet of the fills of each photo, reduced, as `NAME_inpaint_sheet.png` beside them.

    Args:
        jobs: all fills, those of a photo one after another.
        done: those that were made now; photos without any keep the sheet that they have.
        overwrite: replace sheets that exist.

    Raises:
        OutputError: a sheet exists and `overwrite` is false, or it cannot be written.
    """
    made = set(done)
    for _, group in groupby(jobs, lambda job: job.source):
        fills = [job for job in group if job.target.is_file()]
        # In a folder, an earlier run may have made the fills and been stopped before their sheet.
        missing = fills and fills[0].home is not None and not sheet_path(fills[0]).exists()
        if made.intersection(fills) or missing:
            replaced = overwrite or not made.issuperset(fills)
            shown = [_reduced(decode(job.target)) for job in fills]
            _sheet(shown).save(sheet_path(fills[0]), overwrite=replaced)


def _reduced(image: Image) -> np.ndarray:
    """A fill as a sheet shows it, `(h, w, 3)` uint8."""
    scale = min(1.0, SHEET_SIDE / max(image.width, image.height))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = to_eight(resize(Image(image.samples), *size).samples)
    return np.broadcast_to(small, (*small.shape[:2], 3))


def _sheet(fills: list[np.ndarray]) -> Image:
    """Fills of one size side by side, about as many across as down."""
    columns = math.ceil(math.sqrt(len(fills)))
    fills = [*fills, *[np.full_like(fills[0], 255)] * (-len(fills) % columns)]
    rows = [np.hstack(fills[i : i + columns]) for i in range(0, len(fills), columns)]
    return Image(np.vstack(rows))


def sheet_path(job: Job) -> Path:
    """Where the contact sheet of a photo's fills goes."""
    stem = job.target.stem.removesuffix(f"_{job.variant + 1}")
    return job.target.with_name(f"{stem}_sheet.png")


def fill(
    edit: InpaintEdit,
    image: Image,
    hole: Hole,
    progress: Progress,
    *,
    opaque: bool = False,
    variant: int = 0,
) -> Image:
    """The photo with its hole filled, and notes on what was done.

    Args:
        edit: the loaded task.
        image: the photo.
        hole: at the photo's size.
        progress: told how much is done.
        opaque: the photo's own transparency was the hole: what is filled becomes visible.
        variant: which of several fills.
    """
    notes = (*image.notes, *hole.notes)
    if not hole.mask.any():
        return replace(image, notes=(*notes, "the mask marks nothing: left as it was"))
    result = edit.apply(image, hole.mask, progress, variant)
    if opaque and result.alpha is not None:
        visible = np.iinfo(result.alpha.dtype).max
        result = replace(result, alpha=np.where(hole.mask, visible, result.alpha))
    return replace(result, notes=(*notes, *result.notes[len(image.notes) :]))
