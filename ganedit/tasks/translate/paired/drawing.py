"""Drawings of any kind, cleaned into the lines that networks know. Nothing here imports torch."""

from dataclasses import dataclass

import cv2
import numpy as np

from ganedit.errors import ImageError
from ganedit.image import Image
from ganedit.lines import thinned, without_specks
from ganedit.tasks.translate.paired.page import evenly_lit, flattened, is_flat, without_borders

# Longer side that larger drawings are cleaned at, and smaller ones, in pixels.
MOST_CLEANED, LEAST_CLEANED = 640, 256
# Of the shorter side: how thick a line may be.
THICKEST = 0.022
# Least darkness of a line, of 1, and how much fainter it may go on.
FAINTEST, GOES_ON = 0.1, 0.5
# Shares of the longer side: ink that is dirt, lines too short to mean anything (of many a network
# makes what looks torn), and all lines together that are no drawing.
SPECK, SHORTEST, NOTHING = 0.02, 0.03, 0.15
# Distance from grey, of CIELAB, from which on a stroke is a colour.
COLORFUL = 22.0
# Least share of black lines in a drawing whose colours are hints and not its lines.
LEAST_BLACK = 0.3
# Of 1: what is darker is no paper. Share of it, in areas, in a photo; and how much it varies there.
TONE, TONED, TONES = 0.93, 0.32, 0.06
# Of things on one page: how far apart they are at least, of its longer side, how large the smallest
# is, of the largest one, and how many are looked at one by one.
APART, COMPARABLE, MOST_THINGS = 0.08, 0.4, 8
# Width of a line that is given to a network, in its pixels.
PEN = 1.4
# How much of a network's frame a thing takes, and how far it may be from that and be left there.
FRAMED, LEAST_FRAMED, MOST_FRAMED, OFF_CENTRE = 0.68, 0.5, 0.86, 0.12


@dataclass(frozen=True)
class Window:
    """The square of a drawing that a network sees, perhaps beyond its borders, in its pixels."""

    left: float
    top: float
    side: float


@dataclass(frozen=True)
class Drawing:
    """A drawing as networks know it.

    Attributes:
        ink: `(S, S)` float32 in [0, 1].
        hints: `(S, S, 4)` uint8, colours of strokes and where they are (255 or 0).
        window: where that is in the picture.
        notes: what was done, each fit for a warning.
    """

    ink: np.ndarray
    hints: np.ndarray
    window: Window
    notes: tuple[str, ...] = ()


def cleaned(image: Image, size: int) -> tuple[Drawing, ...]:
    """The lines and the strokes of colour of what is drawn on a page, each thing by itself.

    A pencil scan, a whiteboard, white chalk on black, lines on a transparent ground: paper, shadows
    and what lies around the page go, lines of any thickness become lines of one.

    Args:
        image: of any size and depth.
        size: of the network's pictures.

    Raises:
        ImageError: it is empty, or a photograph.
    """
    picture, transparent = flattened(image)
    longest = max(picture.shape[:2])
    scale = min(max(longest, LEAST_CLEANED), MOST_CLEANED) / longest
    if scale != 1:
        kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=kernel)
    light, notes = evenly_lit(picture)
    if transparent:
        notes = (*notes, "its transparent ground was taken for paper")
    light, border = without_borders(light)
    if border.any():
        notes = (*notes, "what is dark along the page's edges was left out")
    colorful = np.where(border, 0, _colorfulness(picture))
    ink = _ink(light, colorful > COLORFUL)
    if _is_photo(light, ink, picture):
        raise ImageError(
            "this is a photo, not a drawing; make one of it with ganedit sketch, or draw lines"
        )
    colored = _strokes_of_color(ink, colorful, light)
    lines = without_specks(_lines(ink & ~colored), round(SHORTEST * max(ink.shape)))
    if lines.sum() < NOTHING * max(lines.shape):
        raise ImageError("there are no lines in it; draw some, dark on light or light on dark")
    return tuple(
        Drawing(
            _into(each, window, scale, size),
            _hints(picture, colored, window, scale, size),
            window,
            notes,
        )
        for each in _things(lines)
        for window in [_window(each, 1 / scale)]
    )


def _colorfulness(picture: np.ndarray) -> np.ndarray:
    """Distance in hue and chroma from the paper, `(H, W)` float32 of CIELAB."""
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32)
    paper = np.median(lab.reshape(-1, 3), axis=0)
    distance: np.ndarray = np.hypot(lab[..., 1] - paper[1], lab[..., 2] - paper[2])
    return cv2.GaussianBlur(distance, (0, 0), 1)


def _strokes_of_color(ink: np.ndarray, colorful: np.ndarray, light: np.ndarray) -> np.ndarray:
    """What of the ink says a colour, `(H, W)` bool: nothing where all is drawn with one pen."""
    colored = ink & (colorful > COLORFUL)
    # The soft edge of a coloured stroke is pale, not black: it has darker colour beside it.
    darkest = cv2.erode(np.where(colored, light, np.float32(1)), np.ones((5, 5), np.uint8))
    black = ink & ~colored & (light <= darkest)
    nothing = np.zeros_like(ink)
    if not colored.any() or not black.any():
        return nothing
    # By length: what is coloured in is more ink than the lines around it.
    lengths = [thinned(each).sum() for each in (black, colored)]
    if lengths[0] < LEAST_BLACK * sum(lengths):
        return nothing
    apart = float(colorful[colored].mean() - colorful[black].mean())
    return colored if apart > COLORFUL else nothing


def _things(lines: np.ndarray) -> list[np.ndarray]:
    """The lines of each thing on a page; what is small beside them is part of the nearest."""
    reach = 2 * round(APART * max(lines.shape) / 2) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(
        cv2.dilate(lines.astype(np.uint8), disc), connectivity=8
    )
    longest = boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) - reach
    things = [i for i in range(1, len(boxes)) if longest[i] >= COMPARABLE * longest[1:].max()]
    left, top, wide, high = boxes[things, :4].T
    beside = (left[:, None] >= left + wide) | (left[:, None] + wide[:, None] <= left)
    above = (top[:, None] >= top + high) | (top[:, None] + high[:, None] <= top)
    overlaps = (~(beside | above)).sum() > len(things)  # as those of a handle and its bag
    if overlaps or not 1 < len(things) <= MOST_THINGS:
        return [lines]
    away = [
        cv2.distanceTransform((labels != i).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        for i in things
    ]
    nearest = np.argmin(away, axis=0)
    return [lines & (nearest == place) for place in range(len(things))]


def _ink(light: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """Where there is ink, `(H, W)` bool: strong enough, or going on from where it is."""
    dark = cv2.GaussianBlur(1 - light, (0, 0), 0.7)
    noise = float(np.median(np.abs(dark - np.median(dark))))
    strongest = float(np.percentile(dark, 99.5))
    strong = max(FAINTEST, 0.4 * strongest, 8 * noise)
    weak = max(GOES_ON * strong, 5 * noise)
    candidates = (dark > weak) | colors
    _, labels = cv2.connectedComponents(candidates.astype(np.uint8), connectivity=8)
    kept = np.zeros(labels.max() + 1, bool)
    kept[labels[(dark > strong) | colors]] = True
    kept[0] = False
    found: np.ndarray = kept[labels]
    return without_specks(found, max(4, round(SPECK * max(light.shape))))


def _broad(ink: np.ndarray) -> np.ndarray:
    """What of the ink is broader than a line."""
    width = 2 * round(THICKEST * min(ink.shape)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    opened: np.ndarray = cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_OPEN, disc) > 0
    return opened


def _lines(ink: np.ndarray) -> np.ndarray:
    """Ink as lines of one pixel: those of lines in their middle, those of areas around them."""
    broad = _broad(ink)
    inside = cv2.erode(broad.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return thinned(ink & ~broad) | (broad & ~inside)


def _is_photo(light: np.ndarray, ink: np.ndarray, picture: np.ndarray) -> bool:
    """Whether there are areas of many tones, as in a photo, where a hand draws lines and blacks."""
    rows, columns = np.nonzero(ink)
    if not len(rows) or is_flat(picture):
        return False
    box = light[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    width = 2 * round(max(THICKEST * max(box.shape), 1.6)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    areas = cv2.morphologyEx((box < TONE).astype(np.uint8), cv2.MORPH_OPEN, disc)
    inside = cv2.erode(areas, np.ones((3, 3), np.uint8)) > 0
    share = float(areas.mean())
    return share > TONED and float(box[inside].std() if inside.any() else 0) > TONES


def _window(lines: np.ndarray, enlarged: float) -> Window:
    """The square that has the lines in its middle, framed as in photographs of products."""
    height, width = lines.shape
    rows, columns = np.nonzero(lines)
    top, left = int(rows.min()), int(columns.min())
    high, wide = int(rows.max()) + 1 - top, int(columns.max()) + 1 - left
    middle = np.array([left + wide / 2, top + high / 2])
    page, longest = max(height, width), max(high, wide)
    centre = np.array([width / 2, height / 2])
    if (
        LEAST_FRAMED * page <= longest <= MOST_FRAMED * page
        and np.abs(middle - centre).max() <= OFF_CENTRE * page
    ):
        side, middle = float(page), centre  # the page is framed so itself
    else:
        side = longest / FRAMED
    left_edge, top_edge = (middle - side / 2) * enlarged
    return Window(float(left_edge), float(top_edge), side * enlarged)


def _into(lines: np.ndarray, window: Window, scale: float, size: int) -> np.ndarray:
    """Lines `(H, W)` bool in the window, drawn with one pen, `(size, size)` float32."""
    distance = cv2.distanceTransform((~lines).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    # A distance is as smooth as the line is not: reduced or enlarged, it loses nothing.
    moved = cv2.warpAffine(
        distance * (size / (window.side * scale)), _to_window(window, scale, size), (size, size),
        flags=cv2.INTER_LINEAR, borderValue=float(size),
    )  # fmt: skip
    ink: np.ndarray = np.clip((PEN + 1) / 2 - moved, 0, 1)
    return ink


def _to_window(window: Window, scale: float, side: int) -> np.ndarray:
    """From pixels of the cleaned picture to those of the window's square, `(2, 3)`."""
    factor = side / (window.side * scale)
    return np.array([
        [factor, 0, -window.left * scale * factor],
        [0, factor, -window.top * scale * factor],
    ])  # fmt: skip


def _hints(
    picture: np.ndarray, colored: np.ndarray, window: Window, scale: float, size: int
) -> np.ndarray:
    """Strokes of colour in the window, `(size, size, 4)` uint8."""
    matrix = _to_window(window, scale, size)
    # Borders of strokes are mixed with paper.
    core = cv2.erode(colored.astype(np.uint8), np.ones((3, 3), np.uint8))
    core = core if core.any() else colored.astype(np.uint8)
    planes = np.dstack([picture * (core[..., None] > 0), 255 * core]).astype(np.float32)
    moved = cv2.warpAffine(planes, matrix, (size, size), flags=cv2.INTER_LINEAR)
    share = moved[..., 3:] / 255
    hints = np.zeros((size, size, 4), np.uint8)
    there = share[..., 0] > 0.4
    hints[there, :3] = np.clip(moved[..., :3] / np.maximum(share, 0.01), 0, 255)[there]
    hints[there, 3] = 255
    return hints
