"""Filling as the command line and the Python interface do it: a photo and its marking."""

from dataclasses import replace

import numpy as np

from ganedit.app.jobs import Job
from ganedit.app.masks import Marking
from ganedit.app.recipe import Apply
from ganedit.image import Image
from ganedit.task import Progress
from ganedit.tasks.inpaint.edit import InpaintEdit
from ganedit.tasks.inpaint.holes import Hole


def filler(edit: InpaintEdit, marking: Marking) -> Apply:
    """What fills the photo of each job as it is marked."""

    def apply(job: Job, image: Image, progress: Progress) -> Image:
        hole = marking.hole_of(job.source, image, job.place)
        opaque = marking.is_of_the_photo
        return fill(edit, image, hole, progress, opaque=opaque, variant=job.variant)

    return apply


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
