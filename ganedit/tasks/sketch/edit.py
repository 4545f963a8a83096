"""Drawing a photo. Nothing here imports torch."""

from dataclasses import replace

import cv2
import numpy as np

from ganedit.editing import fill_transparent
from ganedit.image import Image, to_eight
from ganedit.line_kinds import Kind
from ganedit.lines import draw_lines, thinned, without_specks
from ganedit.tasks.sketch.options import SketchOptions

# Kinds whose lines have no thickness of their own: they are found in a picture of this short side,
# and drawn with a pen.
DRAWN: tuple[Kind, ...] = ("canny", "outline", "zero")
SHORT_SIDE = 512
# Connected pixels, at that size, that make a line.
LEAST_LINE = 8
# Width of the pen there.
PEN = 1.4
# Short side whose soft kinds are blurred by a pixel first.
SOFT_SIDE = 400


def sketched(image: Image, options: SketchOptions) -> Image:
    """The drawing of a photo in grey, of its size and depth, its alpha and metadata kept."""
    samples = to_eight(fill_transparent(image))
    photo = np.repeat(samples, 3, axis=2) if samples.shape[2] == 1 else samples
    ink = _penned(photo, options) if options.lines in DRAWN else _soft(photo, options)
    light = ink if options.inverted else 1 - ink
    dtype = image.samples.dtype
    drawn = np.rint(light * np.iinfo(dtype).max).astype(dtype)[..., None]
    metadata, notes = image.metadata, image.notes
    if image.channels == 3:
        metadata = metadata.without_color()  # what is told of colours describes no grey
        if image.metadata.icc is not None:
            notes = (*notes, "drawn in grey: its colour profile was left out")
    return replace(image, samples=drawn, metadata=metadata, notes=notes)


def _soft(photo: np.ndarray, options: SketchOptions) -> np.ndarray:
    smooth = max(0.7, min(photo.shape[:2]) / SOFT_SIDE)
    return draw_lines(photo, options.lines, detail=options.detail, smooth=smooth)


def _penned(photo: np.ndarray, options: SketchOptions) -> np.ndarray:
    """Lines found in a smaller picture, drawn smoothly in the photo's own size."""
    height, width = photo.shape[:2]
    scale = max(1.0, min(height, width) / SHORT_SIDE)
    small = photo
    if scale > 1:
        size = (max(1, round(width / scale)), max(1, round(height / scale)))
        small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    found = draw_lines(small, options.lines, detail=options.detail, smooth=1.2) > 0
    lines = without_specks(thinned(found), LEAST_LINE)
    if not lines.any():
        return np.zeros((height, width), np.float32)
    distance = cv2.distanceTransform((~lines).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    # A distance is smooth, and its borders with it, however large it is drawn.
    distance = scale * cv2.resize(distance, (width, height), interpolation=cv2.INTER_LINEAR)
    ink: np.ndarray = np.clip((PEN * options.thickness * scale + 1) / 2 - distance, 0, 1)
    return ink
