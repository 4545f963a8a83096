"""From what a user marks a hole with to the hole itself. Nothing here imports torch."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ganedit.errors import ImageError, UsageError
from ganedit.image import Image

# A mask's pixels from this share of white on are hole; of alpha, those under it.
THRESHOLD = 0.5
# A mask with more hole than this looks inverted.
SUSPICIOUS_COVER = 0.6
# How far from a key colour a pixel may be, per channel: JPEG and soft brushes move it.
COLOR_TOLERANCE = 40 / 255
# Without --dilate: pixels per thousand of the longer side. What is removed leaves a halo.
DILATE_PER_MILLE = 4
# Pixels of a band of rows where a step takes many bytes for each.
BAND_PIXELS = 1 << 22


@dataclass(frozen=True)
class Hole:
    """What is to be filled.

    Attributes:
        mask: `(H, W)` bool, the photo's own size; True is unknown.
        notes: what was done to the mask, each fit for a warning.
    """

    mask: np.ndarray
    notes: tuple[str, ...] = ()


def from_mask(mask: Image, *, invert: bool = False) -> Hole:
    """A mask picture: white is the hole, or, where it has alpha, what is transparent."""
    if mask.alpha is not None:
        top = np.iinfo(mask.alpha.dtype).max
        marked = mask.alpha < THRESHOLD * top
        return Hole(marked != invert, ("the mask's transparent parts are the hole",))
    grey = mask.samples.mean(axis=2)
    marked = grey >= THRESHOLD * np.iinfo(mask.samples.dtype).max
    return Hole(marked != invert)


def from_color(picture: Image, color: str, *, invert: bool = False) -> Hole:
    """Where a picture (a mask, or the photo itself) has about the key colour `#rrggbb`.

    Raises:
        UsageError: not such a colour.
        ImageError: no pixel has it.
    """
    key = parse_color(color)
    samples = np.broadcast_to(picture.samples, (*picture.samples.shape[:2], 3))
    distance = np.abs(samples / np.iinfo(samples.dtype).max - key).max(axis=2)
    marked = distance <= COLOR_TOLERANCE
    if not marked.any():
        raise ImageError(f"no pixel has the colour {color}; check --mask-color")
    return Hole(marked != invert)


def from_alpha(photo: Image) -> Hole:
    """The photo's own transparent parts.

    Raises:
        ImageError: it has none.
    """
    if photo.alpha is None or photo.alpha.all():
        raise ImageError("it has no transparent part to fill; give --mask, --mask-color or --box")
    return Hole(photo.alpha == 0)


def from_box(photo: Image, box: str) -> Hole:
    """The rectangle `x,y,w,h` in pixels from the top left, cut off at the border.

    Raises:
        UsageError: not such a box, or it lies outside the picture.
    """
    match = re.fullmatch(r"\s*(-?\d+)\s*,\s*(-?\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*", box)
    if not match:
        raise UsageError(f"--box {box!r}: write it as x,y,width,height in pixels")
    x, y, width, height = map(int, match.groups())
    mask = np.zeros((photo.height, photo.width), bool)
    mask[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)] = True
    if not mask.any():
        raise UsageError(f"--box {box}: outside the picture of {photo.width}×{photo.height}")
    inside = x >= 0 and y >= 0 and x + width <= photo.width and y + height <= photo.height
    return Hole(mask, () if inside else ("the box was cut off at the picture's border",))


def parse_color(text: str) -> np.ndarray:
    """`#rrggbb` (or `rrggbb`) as `(3,)` float in [0, 1].

    Raises:
        UsageError: not such a colour.
    """
    match = re.fullmatch(r"#?([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", text.strip())
    if not match:
        raise UsageError(f"--mask-color {text!r}: write it like '#ff00ff'")
    return np.array([int(part, 16) for part in match.groups()]) / 255


def fit(hole: Hole, photo: Image, *, strict: bool = False, own: bool = True) -> Hole:
    """The hole at the photo's size, checked.

    Args:
        hole: as marked.
        photo: what it is for.
        strict: refuse a mask of another size instead of resizing it.
        own: whether the hole was marked in a mask, which might be inverted.

    Raises:
        ImageError: another size under `strict`, or nothing would be left of the photo.
    """
    mask, notes = hole.mask, list(hole.notes)
    if mask.shape != (photo.height, photo.width):
        sizes = f"{mask.shape[1]}×{mask.shape[0]}, the photo {photo.width}×{photo.height}"
        if strict:
            raise ImageError(f"its mask has {sizes}; leave out --strict to have it resized")
        if abs(np.log(mask.shape[1] / mask.shape[0] * photo.height / photo.width)) > 0.02:
            sizes += ", another shape"
        notes.append(f"the mask was resized: it has {sizes}")
        size = (photo.width, photo.height)
        shrinks = mask.shape[0] > photo.height
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        mask = cv2.resize(mask.astype(np.float32), size, interpolation=how) >= THRESHOLD
    cover = float(mask.mean())
    if cover == 1:
        raise ImageError(
            "its mask marks the whole picture, which leaves nothing to fill it from; "
            "white is the hole (see --invert-mask)"
        )
    if own and cover > SUSPICIOUS_COVER:
        notes.append(
            f"the mask marks {cover:.0%} of the picture; if that is the part to keep, "
            "add --invert-mask"
        )
    return Hole(mask, tuple(notes))


def growth(shape: tuple[int, ...], pixels: int | None) -> int:
    """The radius by which holes of a picture of this `(H, W)` grow: `pixels`, or what suits it."""
    return round(max(shape) * DILATE_PER_MILLE / 1000) if pixels is None else pixels


def dilated(mask: np.ndarray, pixels: int | None) -> np.ndarray:
    """The hole grown by a disc of that radius; by a radius that suits the picture for None."""
    radius = growth(mask.shape, pixels)
    if radius == 0 or not mask.any():
        return mask
    grown = np.empty_like(mask)
    for rows, outer, core in _bands(mask.shape, radius):
        grown[rows] = (depth_of(~mask[outer]) <= radius)[core]
    return grown


def ring_width(marked: np.ndarray, grown: np.ndarray, radius: int) -> int:
    """Pixels over which fill and picture can mix, where a marked hole was grown by a radius."""
    widths = (
        depth_of(grown[outer] & ~marked[outer])[core].max()
        for _, outer, core in _bands(marked.shape, radius)
    )
    return min(radius, round(float(max(widths))))


def _bands(shape: tuple[int, ...], reach: int) -> Iterator[tuple[slice, slice, slice]]:
    """Bands of rows: of the picture, with `reach` rows around them, and where they lie in those."""
    height, width = shape
    count = max(1, BAND_PIXELS // width)
    for top in range(0, height, count):
        stop, first = min(top + count, height), max(0, top - reach)
        yield slice(top, stop), slice(first, stop + reach), slice(top - first, stop - first)


def feathered(marked: np.ndarray, grown: np.ndarray, pixels: int) -> np.ndarray:
    """How much of the fill shows, `(H, W)` float32 in [0, 1].

    1 where the user marked, and falling to 0 over `pixels` towards the grown hole's edge: only
    the ring between the two is mixed, so the marked thing never shines through.
    """
    weight = grown.astype(np.float32)
    if pixels == 0:
        return weight
    # The outermost pixel of the hole shows some of the fill, so its depth counts from there.
    ramp = np.clip(depth_of(grown) / (pixels + 1), 0, 1).astype(np.float32)
    return np.where(marked, np.float32(1), ramp * weight)


def depth_of(hole: np.ndarray) -> np.ndarray:
    """Distance of every hole pixel from what is known, `(H, W)` float32; 0 outside the hole."""
    return cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
