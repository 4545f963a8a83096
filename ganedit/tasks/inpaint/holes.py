"""From what a user marks a hole with to the hole itself. Nothing here imports torch."""

import re
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ganedit.colors import parse_color
from ganedit.errors import ImageError, UsageError
from ganedit.image import Image, bands, bands_within
from ganedit.masking import of_one_shape, turned_like

# A mask's pixels from this share of white on are hole; of alpha, those under it.
THRESHOLD = 0.5
# A mask with more hole than this looks inverted.
SUSPICIOUS_COVER = 0.6
# How far from a key colour a pixel may be, per channel: JPEG and soft brushes move it.
COLOR_TOLERANCE = 40 / 255
# JPEG smears chroma over so many pixels; those with more than this share of the key's, beside the
# chroma of the pixels around them (of a window so far to each side), are painted too.
RIM, RIM_SHARE, BACKGROUND = 5, 0.06, 12
# Of Cr and Cb: keys with less are greys, which chroma does not tell.
LEAST_CHROMA = 0.1
# Where pixels have exactly the key colour, so few others like it are other labels of a map. JPEG
# and soft brushes make more.
NEAR_LABELS = 8
# Without --dilate: pixels per thousand of the longer side. What is removed leaves a halo.
DILATE_PER_MILLE = 4
# Known picture around a hole, as a share of the hole's size, and at least so many pixels.
CONTEXT, LEAST_CONTEXT = 0.75, 48
# Pixels of a band of rows where a step takes many bytes for each.
BAND_PIXELS = 1 << 22
# Rows and columns of a picture.
Box = tuple[slice, slice]


@dataclass(frozen=True)
class Hole:
    """What is to be filled.

    Attributes:
        mask: `(H, W)` bool, the photo's own size; True is unknown.
        notes: what was done to the mask, each fit for a warning.
        by: what marks it.
        nothing: what is wrong if it marks no pixel.
        opposite: how the user would have all the rest marked; empty where that is not to be had.
    """

    mask: np.ndarray
    notes: tuple[str, ...] = ()
    by: str = "the mask"
    nothing: str = "the mask marks nothing: no pixel is white (or transparent), which is the hole"
    opposite: str = "add --invert-mask"


def from_mask(mask: Image, *, invert: bool = False) -> Hole:
    """A mask picture: white is the hole, or, where its alpha varies, what is transparent.

    Unless what is not transparent is of one bright colour: then it was painted on a layer of its
    own. Of two values that are both dark (0 and 1 in a map of labels) the greater one is the hole.
    """
    if mask.alpha is not None and np.ptp(mask.alpha) > 0:
        visible = mask.alpha >= THRESHOLD * np.iinfo(mask.alpha.dtype).max
        if _is_paint(mask.samples[visible]):
            note = "what is painted on the mask's transparent layer is the hole"
            return _of_mask(visible, note, invert=invert)
        return _of_mask(~visible, "the mask's transparent parts are the hole", invert=invert)
    white = THRESHOLD * np.iinfo(mask.samples.dtype).max * mask.channels
    marked, levels = np.empty(mask.samples.shape[:2], bool), np.empty(0, int)
    for rows in bands(mask.height, mask.width, BAND_PIXELS):
        # As sums of the channels: of whole numbers, labels are told exactly.
        sums = mask.samples[rows].sum(axis=2, dtype=np.int64)
        marked[rows] = sums >= white
        levels = np.union1d(levels, np.unique(sums)[:3])
    if marked.any() or len(levels) != 2 or levels[0] != 0:
        return _of_mask(marked, invert=invert)
    label = levels[1] / mask.channels
    note = f"the mask has no white, only 0 and {label:g}: {label:g} is the hole"
    return _of_mask(mask.samples.max(axis=2) > 0, note, invert=invert)


def _of_mask(marked: np.ndarray, *notes: str, invert: bool) -> Hole:
    """The hole that a mask marks, or all that it does not mark."""
    if not invert:
        return Hole(marked, notes)
    nothing = "the mask, inverted, marks nothing: no pixel is black (or visible)"
    return Hole(~marked, notes, nothing=nothing, opposite="leave out --invert-mask")


def _is_paint(samples: np.ndarray) -> bool:
    """Whether pixels `(N, C)` are all of about one colour, and not of a dark one."""
    if not len(samples):
        return False
    top = np.iinfo(samples.dtype).max
    least, most = samples.min(axis=0).astype(int), samples.max(axis=0).astype(int)
    return bool((most - least).max() <= COLOR_TOLERANCE * top and least.max() >= THRESHOLD * top)


def from_color(picture: Image, color: str, *, invert: bool = False, labels: bool = False) -> Hole:
    """Where a picture (a mask, or the photo itself) has about a key colour; see `ganedit.colors`.

    What JPEG and soft brushes smeared of it over the edge is part of the hole.

    Args:
        picture: what is looked at.
        color: the colour's name or number.
        invert: everything else is the hole.
        labels: the picture may be a map of labels, in which the nearest colours are other labels:
            if it is, exactly the key colour counts.

    Raises:
        UsageError: not such a colour.
    """
    key = np.array(parse_color(color, "--mask-color")) / 255
    marked = np.empty(picture.samples.shape[:2], bool)
    for rows, outer, core in bands_within(marked.shape, RIM + BACKGROUND, BAND_PIXELS):
        marked[rows] = _painted(picture.samples[outer], key)[core]
    if labels:
        wanted = np.round(key * np.iinfo(picture.samples.dtype).max)
        exact = (picture.samples == wanted).all(axis=2)
        others = np.unique(picture.samples[marked & ~exact], axis=0)
        marked = exact if exact.any() and len(others) <= NEAR_LABELS else marked
    # All of the picture is not what is meant by a colour that is not there.
    hole = ~marked if invert and marked.any() else marked
    return Hole(
        hole,
        by="--mask-color",
        nothing=f"no pixel has the colour {color}; check --mask-color",
        opposite=("leave out" if invert else "add") + " --invert-mask",
    )


def _painted(samples: np.ndarray, key: np.ndarray) -> np.ndarray:
    """`(H, W)` bool: what has the key colour, and pixels beside that have some of its chroma."""
    colors = np.broadcast_to(samples, (*samples.shape[:2], 3)).astype(np.float32)
    colors /= np.iinfo(samples.dtype).max
    found: np.ndarray = np.abs(colors - key).max(axis=2) <= COLOR_TOLERANCE
    wanted = _chroma(key.reshape(1, 1, 3))
    if not found.any() or np.linalg.norm(wanted) < LEAST_CHROMA:
        return found
    near = depth_of(~found) <= RIM
    chroma, known = _chroma(colors), (~near).astype(np.float32)
    side = (2 * BACKGROUND + 1, 2 * BACKGROUND + 1)
    sums, count = (
        cv2.boxFilter(x, -1, side, normalize=False, borderType=cv2.BORDER_CONSTANT)
        for x in (chroma * known[:, :, None], known)
    )
    background = sums / np.maximum(count, 1)[:, :, None]
    toward = wanted - background
    share = ((chroma - background) * toward).sum(axis=2) / np.maximum(
        np.square(toward).sum(axis=2), LEAST_CHROMA**2
    )
    found |= near & ((share > RIM_SHARE) | (count < 0.5))
    return found


def _chroma(colors: np.ndarray) -> np.ndarray:
    """Cr and Cb, `(H, W, 2)`, of RGB in [0, 1]."""
    result: np.ndarray = cv2.cvtColor(colors.astype(np.float32), cv2.COLOR_RGB2YCrCb)[..., 1:]
    return result - np.float32(0.5)


def from_alpha(photo: Image) -> Hole:
    """The photo's own parts that are more transparent than not."""
    if photo.alpha is None:
        transparent = np.zeros((photo.height, photo.width), bool)
    else:
        transparent = photo.alpha < THRESHOLD * np.iinfo(photo.alpha.dtype).max
    return Hole(
        transparent,
        by="its transparency",
        nothing="the picture has no transparent part to fill; give --mask, --mask-color or --box",
        opposite="",
    )


def made_opaque(alpha: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """The alpha `(H, W)` of a photo whose transparent parts were filled.

    They become opaque, and so do their soft edges: what is partly transparent and joined to them.
    """
    top = np.iinfo(alpha.dtype).max
    _, labels = cv2.connectedComponents((alpha < top).astype(np.uint8))
    joined = np.zeros(int(labels.max()) + 1, bool)
    joined[labels[hole]] = True
    joined[0] = False  # what is opaque
    return np.where(joined[labels], top, alpha)


def parse_box(text: str) -> tuple[int, int, int, int]:
    """`x,y,w,h` as numbers.

    Raises:
        UsageError: not such a box.
    """
    match = re.fullmatch(r"\s*(-?\d+)\s*,\s*(-?\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*", text)
    if not match:
        raise UsageError(f"--box {text!r}: write it as x,y,width,height in pixels")
    x, y, width, height = map(int, match.groups())
    if not width or not height:
        raise UsageError(f"--box {text}: width and height are at least 1")
    return x, y, width, height


def from_box(photo: Image, box: str) -> Hole:
    """The rectangle `x,y,w,h` in pixels from the top left, cut off at the border.

    Raises:
        UsageError: not such a box, or it lies outside the picture.
    """
    x, y, width, height = parse_box(box)
    mask = np.zeros((photo.height, photo.width), bool)
    mask[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)] = True
    if not mask.any():
        raise UsageError(f"--box {box}: outside the picture of {photo.width}×{photo.height}")
    inside = x >= 0 and y >= 0 and x + width <= photo.width and y + height <= photo.height
    notes = () if inside else ("the box was cut off at the picture's border",)
    return Hole(mask, notes, by="--box", opposite="")


def fit(hole: Hole, photo: Image, *, strict: bool = False) -> Hole:
    """The hole at the photo's size.

    Args:
        hole: as marked.
        photo: what it is for.
        strict: refuse a mask of another size instead of resizing it.

    Raises:
        ImageError: another size under `strict`.
    """
    mask, turned = turned_like(hole.mask, photo)
    notes = [*hole.notes, *turned]
    if mask.shape != (photo.height, photo.width):
        sizes = f"{mask.shape[1]}×{mask.shape[0]}, the photo {photo.width}×{photo.height}"
        if strict:
            raise ImageError(f"the mask has {sizes}; leave out --strict to have it resized")
        if not of_one_shape(mask.shape, (photo.height, photo.width)):
            sizes += ", another shape"
        notes.append(f"the mask was resized: it has {sizes}")
        mask = _resized(mask, photo)
    return replace(hole, mask=mask, notes=tuple(notes))


def checked(hole: Hole, *, allow_empty: bool = False) -> Hole:
    """The hole, with a note where it is suspiciously large.

    Args:
        hole: at the photo's size.
        allow_empty: whether it may be none.

    Raises:
        ImageError: nothing is marked, or nothing would be left.
    """
    if not hole.mask.any() and not allow_empty:
        raise ImageError(hole.nothing)
    cover = float(hole.mask.mean())
    if cover == 1:
        hint = f"; if that is the part to keep, {hole.opposite}" if hole.opposite else ""
        raise ImageError(
            f"{hole.by} marks the whole picture, which leaves nothing to fill it from{hint}"
        )
    if not hole.opposite or cover <= SUSPICIOUS_COVER:
        return hole
    note = f"{hole.by} marks {cover:.0%} of the picture; if that is the part to keep, "
    return replace(hole, notes=(*hole.notes, note + hole.opposite))


def _resized(mask: np.ndarray, photo: Image) -> np.ndarray:
    shrinks = mask.shape[0] > photo.height or mask.shape[1] > photo.width
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    shares = cv2.resize(mask.astype(np.float32), (photo.width, photo.height), interpolation=how)
    # A pixel that holds some of a thin line is hole: of a larger mask it may hold no more.
    result: np.ndarray = shares > 0 if shrinks else shares >= THRESHOLD
    return result


def growth(shape: tuple[int, ...], pixels: int | None) -> int:
    """The radius by which holes of a picture of this `(H, W)` grow: `pixels`, or what suits it."""
    return round(max(shape) * DILATE_PER_MILLE / 1000) if pixels is None else pixels


def dilated(mask: np.ndarray, pixels: int | None) -> np.ndarray:
    """The hole grown by a disc of that radius; by a radius that suits the picture for None."""
    radius = growth(mask.shape, pixels)
    if radius == 0 or not mask.any():
        return mask
    grown = np.empty_like(mask)
    for rows, outer, core in bands_within(mask.shape, radius, BAND_PIXELS):
        grown[rows] = (depth_of(~mask[outer]) <= radius)[core]
    return grown


def ring_width(marked: np.ndarray, grown: np.ndarray, radius: int) -> int:
    """Pixels over which fill and picture can mix, where a marked hole was grown by a radius."""
    widths = (
        depth_of(grown[outer] & ~marked[outer])[core].max()
        for _, outer, core in bands_within(marked.shape, radius, BAND_PIXELS)
    )
    return min(radius, round(float(max(widths))))


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


def surroundings(hole: np.ndarray) -> Box:
    """Rows and columns of a hole with as much around it as a fill is made from."""
    places = np.argwhere(hole)
    first, last = places.min(0), places.max(0) + 1
    margin = max(LEAST_CONTEXT, round(CONTEXT * float((last - first).max())))
    rows, columns = (
        slice(max(0, int(a) - margin), min(side, int(b) + margin))
        for a, b, side in zip(first, last, hole.shape, strict=True)
    )
    return rows, columns
