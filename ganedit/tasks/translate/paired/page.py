"""What a drawing lies on: paper of any shade, shadows, a table or a frame around it.

Nothing here imports torch.
"""

import cv2
import numpy as np

from ganedit.image import Image, to_eight
from ganedit.lines import thinned

# Of the shorter side: how far paper is looked for around a line.
PAPER_REACH = 0.12
# Of a picture in flat colours: so many of 32 levels a channel are so much of all but its paper.
FLAT_COLORS, FLAT = 4, 0.8
# Of 1: what is darker at the edge of a page is no paper. It is no line either where it covers this
# share of a side, as many times as thick as lines are, and no thicker than this share of the page.
DARK, COVERED, THICKER, DEEPEST = 0.75, 0.5, 2.0, 0.15
# Pixels: how far from the edge it may begin, and how far beyond it its own soft edge goes.
OFF_EDGE, SOFT_EDGE = 3, 4


def flattened(image: Image) -> tuple[np.ndarray, bool]:
    """`(H, W, 3)` uint8 on paper unlike its lines, and whether it was transparent."""
    samples = to_eight(image.samples)
    picture = np.repeat(samples, 3, axis=2) if samples.shape[2] == 1 else samples
    if image.alpha is None or not np.ptp(image.alpha):
        return picture, False
    share = image.alpha[..., None].astype(np.float32) / np.iinfo(image.alpha.dtype).max
    mean = (picture * share).sum((0, 1)) / share.sum()
    paper = 255.0 if mean.mean() < 160 else 0.0
    return np.rint(picture * share + paper * (1 - share)).astype(np.uint8), True


def evenly_lit(picture: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Light `(H, W)` float32, 1 on paper whatever its shade, and what was noted."""
    notes: tuple[str, ...] = ()
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    if np.median(grey) < 110:
        grey, notes = 255 - grey, ("light lines on a dark ground were taken for dark ones",)
    if is_flat(picture):  # no shadows, and areas that no paper would be found around
        return np.clip(grey / max(float(np.bincount(grey.ravel()).argmax()), 32), 0, 1).astype(
            np.float32), notes  # fmt: skip
    reach = 2 * round(PAPER_REACH * min(grey.shape)) + 3
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    paper = cv2.morphologyEx(cv2.medianBlur(grey, 3), cv2.MORPH_CLOSE, disc)
    paper = cv2.GaussianBlur(paper.astype(np.float32), (0, 0), reach / 4)
    return np.clip(grey / np.maximum(paper, 32), 0, 1).astype(np.float32), notes


def is_flat(picture: np.ndarray) -> bool:
    """Whether areas of a picture `(H, W, 3)` uint8 are in few flat colours, as none of a camera."""
    levels = (picture >> 3).astype(np.int32)
    codes = levels[..., 0] << 10 | levels[..., 1] << 5 | levels[..., 2]
    *counts, _ = np.sort(np.bincount(codes.ravel(), minlength=1 + FLAT_COLORS))  # but for paper
    return bool(sum(counts[-FLAT_COLORS:]) > FLAT * max(1, sum(counts)))


def without_borders(light: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Light `(H, W)` with paper where a table, a frame or a scanner's edge was, and where that is.

    A line that runs along the edge of a page is one of the drawing, as thick as its others.
    """
    dark = light < DARK
    border = np.zeros_like(dark)
    for turns in range(4):
        depth = _depths(np.rot90(dark, turns))
        covered = depth > 0
        typical = float(np.median(depth[covered])) if covered.any() else 0.0
        if covered.mean() >= COVERED and typical <= DEEPEST * np.rot90(dark, turns).shape[0]:
            rows = np.arange(np.rot90(dark, turns).shape[0])[:, None]
            reach = np.minimum(depth, 2 * typical) + SOFT_EDGE
            np.rot90(border, turns)[...] |= (rows < reach) & covered
    if not border.any():
        return light, border
    pen = _pen(dark & ~border)
    thickness = float(cv2.distanceTransform(np.pad(dark & border, 1, mode="edge").astype(np.uint8),
                                            cv2.DIST_L2, cv2.DIST_MASK_5).max())  # fmt: skip
    if thickness < THICKER * pen:
        return light, np.zeros_like(border)
    return np.where(border, np.float32(1), light), border


def _depths(dark: np.ndarray) -> np.ndarray:
    """How many rows from the first one on are dark, column by column; 0 where paper begins."""
    first = dark[: OFF_EDGE + 1].argmax(axis=0)
    begins = dark[: OFF_EDGE + 1].any(axis=0)
    after = np.arange(len(dark))[:, None] >= first
    ends = (after & ~dark).argmax(axis=0)
    ends[(after & ~dark).sum(axis=0) == 0] = len(dark)
    depth: np.ndarray = np.where(begins, ends, 0)
    return depth


def _pen(ink: np.ndarray) -> float:
    """How thick most lines are, in pixels."""
    if not ink.any():
        return 0.0
    inside = cv2.distanceTransform(ink.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    middle = inside[thinned(ink)]
    return 2 * float(np.median(middle)) if len(middle) else 0.0
