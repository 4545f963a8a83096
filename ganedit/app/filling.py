"""Filling as the command line and the Python interface do it: a photo and its marking."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ganedit.app.jobs import Job
from ganedit.app.masks import Marking
from ganedit.app.run import Apply
from ganedit.image import Image, resize, to_eight
from ganedit.task import Progress
from ganedit.tasks.inpaint.edit import InpaintEdit
from ganedit.tasks.inpaint.holes import Hole

# Longer side of each fill on a contact sheet.
SHEET_SIDE = 480


def filler(edit: InpaintEdit, marking: Marking) -> Apply:
    """What fills the photo of each job as it is marked."""

    def apply(job: Job, image: Image, progress: Progress) -> Image:
        hole = marking.hole_of(job.source, image)
        opaque = marking.is_of_the_photo
        return fill(edit, image, hole, progress, opaque=opaque, variant=job.variant)

    return apply


class ContactSheet:
    """Several fills of each photo side by side, reduced."""

    def __init__(self, apply: Apply) -> None:
        self._apply = apply
        self._shown: dict[Path, list[np.ndarray]] = {}

    def apply(self, job: Job, image: Image, progress: Progress) -> Image:
        """Fill, and remember the result for the sheet."""
        result = self._apply(job, image, progress)
        scale = min(1.0, SHEET_SIDE / max(image.width, image.height))
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        small = to_eight(resize(Image(result.samples), *size).samples)
        self._shown.setdefault(job.source, []).append(np.broadcast_to(small, (*small.shape[:2], 3)))
        return result

    def write(self, jobs: Sequence[Job], *, overwrite: bool) -> None:
        """Write a sheet beside the fills of each photo, as `NAME_inpaint_sheet.png`.

        Raises:
            OutputError: a sheet exists and `overwrite` is false, or it cannot be written.
        """
        for job in jobs:
            fills = self._shown.get(job.source, [])
            if job.variant == 0 and fills:
                columns = math.ceil(math.sqrt(len(fills)))
                blank = np.full_like(fills[0], 255)
                fills = [*fills, *[blank] * (-len(fills) % columns)]
                rows = [np.hstack(fills[i : i + columns]) for i in range(0, len(fills), columns)]
                Image(np.vstack(rows)).save(sheet_path(job), overwrite=overwrite)


def sheet_path(job: Job) -> Path:
    """Where the contact sheet of a photo's fills goes."""
    return job.target.with_name(f"{job.target.stem.removesuffix('_1')}_sheet.png")


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
