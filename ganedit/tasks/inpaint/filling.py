"""Filling as every caller does it: a photo, its masks or what the options mark, the result."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import reduce

import numpy as np

from ganedit.errors import ImageError
from ganedit.image import Image
from ganedit.runtime import Runtime
from ganedit.task import Pictures, Progress
from ganedit.tasks.inpaint import holes
from ganedit.tasks.inpaint.edit import InpaintEdit
from ganedit.tasks.inpaint.holes import Hole
from ganedit.tasks.inpaint.options import InpaintOptions


class Filling:
    """The loaded task: fills the photo of a job as it is marked."""

    def __init__(self, options: InpaintOptions, runtime: Runtime) -> None:
        self.options, self.edit = options, InpaintEdit(options, runtime)

    def __call__(self, pictures: Pictures, variant: str, progress: Progress) -> Image:
        """Fill one photo.

        Raises:
            GaneditError: its hole cannot be found, or leaves nothing to fill it from.
        """
        (photo,), masks = pictures["photo"], pictures["mask"]
        hole = hole_of(photo, masks, self.options)
        notes = (*photo.notes, *hole.notes)
        if not hole.mask.any():
            return replace(photo, notes=(*notes, "the mask marks nothing: left as it was"))
        number = int(variant or 1) - 1
        result = self.edit.apply(photo, hole.mask, progress, number)
        if result.alpha is not None and is_of_the_photo(masks, self.options):
            # What was transparent is filled, and becomes visible.
            visible = np.iinfo(result.alpha.dtype).max
            result = replace(result, alpha=np.where(hole.mask, visible, result.alpha))
        return replace(result, notes=(*notes, *result.notes[len(photo.notes) :]))


def is_of_the_photo(masks: Sequence[Image], options: InpaintOptions) -> bool:
    """Whether the photo's own transparency is the hole."""
    return not masks and options.mask_color is None and options.box is None


def hole_of(photo: Image, masks: Sequence[Image], options: InpaintOptions) -> Hole:
    """The hole in a photo, at the photo's size; of several masks their union.

    Raises:
        GaneditError: nothing marks it, or the mask does not suit.
    """
    if options.box is not None:
        return holes.fit(
            holes.from_box(photo, options.box), photo, marked_by="--box", invertible=False
        )
    if masks:
        # One of several may mark nothing; all of them together may not.
        union = _union([_from_mask(mask, photo, options) for mask in masks])
        with _told_of(masks):
            return holes.fit(union, photo, allow_empty=options.allow_empty)
    if options.mask_color is not None:
        marked = holes.from_color(photo, options.mask_color, invert=options.invert_mask)
        return holes.fit(marked, photo, marked_by="--mask-color", invertible=False)
    return holes.fit(holes.from_alpha(photo), photo, marked_by="its transparency", invertible=False)


def _from_mask(mask: Image, photo: Image, options: InpaintOptions) -> Hole:
    with _told_of([mask]):
        if options.mask_color is not None:
            marked = holes.from_color(
                mask, options.mask_color, invert=options.invert_mask, labels=True
            )
        else:
            marked = holes.from_mask(mask, invert=options.invert_mask)
        return holes.fit(marked, photo, strict=options.strict, invertible=False, allow_empty=True)


@contextmanager
def _told_of(masks: Sequence[Image]) -> Iterator[None]:
    """Let an error name the masks that it is about, where they have names."""
    try:
        yield
    except ImageError as error:
        names = " and ".join(filter(None, (mask.name for mask in masks)))
        raise ImageError(f"{names}: {error}" if names else str(error)) from error


def _union(parts: Sequence[Hole]) -> Hole:
    mask = reduce(np.logical_or, (part.mask for part in parts))
    return Hole(mask, tuple(dict.fromkeys(note for part in parts for note in part.notes)))
