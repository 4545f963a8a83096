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
from ganedit.tasks.inpaint.expanding import Margins, expanded, new_area, parse_margins
from ganedit.tasks.inpaint.holes import Hole
from ganedit.tasks.inpaint.judging import fit_of
from ganedit.tasks.inpaint.lettering import lettering
from ganedit.tasks.inpaint.options import InpaintOptions
from ganedit.tasks.inpaint.scans import damage


class Filling:
    """The loaded task: fills the photo of a job as it is marked."""

    def __init__(self, options: InpaintOptions, runtime: Runtime) -> None:
        self.options = options
        self.edit = InpaintEdit(options, runtime)

    def __call__(self, pictures: Pictures, variant: str, progress: Progress) -> Image:
        """Fill one photo.

        Raises:
            GaneditError: its hole cannot be found, or leaves nothing to fill it from.
        """
        (photo,), masks = pictures["photo"], pictures["mask"]
        hole = _marked(photo, masks, self.options)
        margins = Margins() if self.options.expand is None else parse_margins(self.options.expand)
        filled = new_area(hole.mask, margins)
        notes = (*photo.notes, *hole.notes)
        if self.options.mask_out is not None:
            photo = replace(photo, beside=Image(filled[:, :, None] * np.uint8(255)))
        if not filled.any():
            nothing = "nothing was found" if self.options.finds else "nothing is marked"
            return replace(photo, notes=(*notes, f"{nothing}: left as it was"))
        result = self._filled(photo, hole.mask, margins, progress, int(variant or 1) - 1)
        if self.options.candidates > 1:
            fit = fit_of(result, filled)
            result = replace(result, notes=(*result.notes, f"fits what is around it: {fit:.0f} %"))
        if result.alpha is not None and is_of_the_photo(masks, self.options):
            result = replace(result, alpha=holes.made_opaque(result.alpha, hole.mask))
        return replace(result, notes=(*notes, *result.notes))

    def _filled(
        self, photo: Image, hole: np.ndarray, margins: Margins, progress: Progress, number: int
    ) -> Image:
        """The photo, first within its own canvas, then on the larger one, side by side."""
        parts, told = (Margins(), *margins.in_turn()), len(photo.notes)
        for done, part in enumerate(parts):
            photo, hole = expanded(photo, part), new_area(hole, part)
            # A canvas has no halo, and what is found has grown already.
            photo = self.edit.apply(
                photo,
                hole,
                _part_of(progress, done, len(parts)),
                number,
                grows=done == 0 and not self.options.finds,
            )
            hole = np.zeros_like(hole)
        return replace(photo, notes=tuple(dict.fromkeys(photo.notes[told:])))


def _part_of(progress: Progress, done: int, count: int) -> Progress:
    """Progress of one of several steps of equal length."""
    return lambda share: progress((done + share) / count)


def is_of_the_photo(masks: Sequence[Image], options: InpaintOptions) -> bool:
    """Whether the photo's own transparency is the hole."""
    given = options.mask_color, options.box, options.expand
    return not masks and not options.finds and given == (None, None, None)


def _marked(photo: Image, masks: Sequence[Image], options: InpaintOptions) -> Hole:
    """What is marked or found in a photo; nothing where its canvas alone is to grow."""
    if options.finds:
        return _found(photo, options)
    if options.expand is not None and not masks and options.mask_color is options.box is None:
        return Hole(np.zeros((photo.height, photo.width), bool))
    return hole_of(photo, masks, options)


def _found(photo: Image, options: InpaintOptions) -> Hole:
    """The damage or the lettering that is found in a photo, and what is told of it."""
    mask, notes = np.zeros((photo.height, photo.width), bool), []
    if options.restore_scan:
        mask |= damage(photo)
        notes.append(f"dust and scratches found: {mask.mean():.1%} of the picture")
    if options.remove_text:
        letters, lines = lettering(photo)
        mask |= letters
        taken = ", ".join(
            f"{line.letters} letters at {line.x},{line.y},{line.width},{line.height}"
            for line in lines
        )
        notes.append(f"text found: {taken or 'none'}")
    return Hole(mask, tuple(notes))


def hole_of(photo: Image, masks: Sequence[Image], options: InpaintOptions) -> Hole:
    """The hole in a photo, at the photo's size; of several masks their union.

    Raises:
        GaneditError: nothing marks it, or the mask does not suit.
    """
    if options.box is not None:
        marked = holes.from_box(photo, options.box)
    elif masks:
        # One of several may mark nothing; all of them together may not.
        marked = _union([_from_mask(mask, photo, options) for mask in masks])
    elif options.mask_color is not None:
        marked = holes.from_color(photo, options.mask_color, invert=options.invert_mask)
    else:
        marked = holes.from_alpha(photo)
    with _told_of(masks):
        return holes.checked(marked, allow_empty=options.allow_empty)


def _from_mask(mask: Image, photo: Image, options: InpaintOptions) -> Hole:
    with _told_of([mask]):
        if options.mask_color is not None:
            marked = holes.from_color(
                mask, options.mask_color, invert=options.invert_mask, labels=True
            )
        else:
            marked = holes.from_mask(mask, invert=options.invert_mask)
        return holes.fit(marked, photo, strict=options.strict)


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
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    return replace(parts[0], mask=mask, notes=notes)
