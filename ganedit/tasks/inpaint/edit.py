"""Filling the holes of a picture: one region at a time, everything else left as it is."""

import threading
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit import weights
from ganedit.editing import fill_transparent, placed, to_tensor
from ganedit.errors import ImageError
from ganedit.image import Image
from ganedit.runtime import Runtime
from ganedit.task import Progress
from ganedit.tasks.inpaint.exemplar import synthesize
from ganedit.tasks.inpaint.holes import (
    CONTEXT,
    LEAST_CONTEXT,
    Box,
    depth_of,
    dilated,
    feathered,
    growth,
    ring_width,
)
from ganedit.tasks.inpaint.meaning import meaning_of
from ganedit.tasks.inpaint.network import Inpainter, without_lattice, working_size
from ganedit.tasks.inpaint.options import InpaintOptions, Method, NetworkOptions

# The longer side at which the network sees a region.
WORKING_SIDE = 256
# Sides at which variants of a fill see it, as shares of the working side.
VARIANT_SCALES = (1.0, 1.0, 0.75, 0.5)
# Holes with fewer pixels between them are filled together.
NEAR = 16
# Holes no point of which is farther than this from what is known, lines of one or two pixels, are
# left to diffusion: there it is better, and quicker.
HAIRLINE_DEPTH = 1.0
DIFFUSION_RADIUS = 3
# Holes up to so deep are filled at full size, however long.
SHALLOW_DEPTH = 16.0
# Where the network saw every pixel: the largest share of texture, the depths between which it
# grows, and the side over which colours are those of the network.
MOST_TEXTURE, PLAIN_DEPTH, FULL_DEPTH, COLOR_SIDE = 0.65, 8, 40, 9
# A mean of what might be there is softer than what is around it: so much of its detail is added.
SHARPENING = 0.2
_NAMES = {"gan": "the network", "ns": "diffusion (ns)", "telea": "diffusion (telea)"}


@dataclass(frozen=True)
class Region:
    """A hole (or several near ones) and what is looked at to fill it.

    Attributes:
        window: rows and columns of the picture.
        own: `(h, w)` bool within the window, the pixels that are filled with it.
    """

    window: Box
    own: np.ndarray


def find_regions(hole: np.ndarray) -> list[Region]:
    """Holes with their context, those nearer than `NEAR` pixels joined, the smallest first.

    What fills a shallow hole is near: a long one is taken cell by cell, each seen at full size.
    """
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (NEAR + 1, NEAR + 1))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        cv2.dilate(hole.astype(np.uint8), near)
    )
    regions = []
    for label in sorted(range(1, count), key=lambda label: int(stats[label][cv2.CC_STAT_AREA])):
        left, top, wide, high = (int(v) for v in stats[label][:4])
        box = slice(top, top + high), slice(left, left + wide)
        own = hole[box] & (labels[box] == label)
        margin = max(LEAST_CONTEXT, round(CONTEXT * max(wide, high)))
        cell = max(wide, high)
        if (
            cell + 2 * margin > WORKING_SIDE
            and _depth_within(hole, box)[own].max() <= SHALLOW_DEPTH
        ):
            margin, cell = LEAST_CONTEXT, WORKING_SIDE - 2 * LEAST_CONTEXT
        for y in range(top, top + high, cell):
            for x in range(left, left + wide, cell):
                part = slice(y, min(y + cell, top + high)), slice(x, min(x + cell, left + wide))
                mine = hole[part] & (labels[part] == label)
                if mine.any():
                    regions.append(_region(mine, part, margin, hole.shape))
    return regions


def _region(own: np.ndarray, box: Box, margin: int, shape: tuple[int, ...]) -> Region:
    """Part of a hole, `own` within `box`, with known picture around it."""
    rows, columns = (
        slice(max(0, side.start - margin), min(length, side.stop + margin))
        for side, length in zip(box, shape, strict=True)
    )
    within = np.zeros((rows.stop - rows.start, columns.stop - columns.start), bool)
    top, left = box[0].start - rows.start, box[1].start - columns.start
    within[top : top + own.shape[0], left : left + own.shape[1]] = own
    return Region((rows, columns), within)


def _depth_within(hole: np.ndarray, box: Box) -> np.ndarray:
    """Distance from what is known within the bounding box of a hole, at the edge of which it is."""
    around, inner = _widened(box, 1)
    return depth_of(hole[around])[inner]


def _shown(region: Region, marked: np.ndarray, hole: np.ndarray, ring: int) -> np.ndarray:
    """How much of the fill shows in a region, `(h, w)` in [0, 1], as `feathered` says."""
    around, inner = _widened(region.window, ring + 1)
    return feathered(marked[around], hole[around], ring)[inner]


def _widened(box: Box, pixels: int) -> tuple[Box, Box]:
    """A box with so many pixels around it, and where it lies in that."""
    first = tuple(max(0, side.start - pixels) for side in box)
    rows, columns = (
        (slice(start, side.stop + pixels), slice(side.start - start, side.stop - start))
        for side, start in zip(box, first, strict=True)
    )
    return (rows[0], columns[0]), (rows[1], columns[1])


class InpaintEdit:
    """Fills holes; the network is loaded when it is first needed.

    Raises:
        WeightsError: weights are missing, altered or of another task.
    """

    def __init__(self, options: InpaintOptions, runtime: Runtime) -> None:
        self.options, self.runtime = options, runtime
        # Pictures of several threads share the network, and the first to need it loads it.
        self._loading = threading.Lock()
        self._network: Inpainter | None = None
        if options.weights is not None:
            path = weights.locate(options.weights)
            self._network = self._build(weights.read(path, "inpaint"), path)

    def apply(
        self,
        image: Image,
        marked: np.ndarray,
        progress: Progress,
        variant: int = 0,
        *,
        grows: bool = True,
    ) -> Image:
        """Fill what is marked.

        Args:
            image: the photo. Its alpha, metadata and every pixel outside the (grown, feathered)
                hole come back bit for bit.
            marked: `(H, W)` bool, True where pixels are unknown; not all of them.
            progress: told after each region.
            variant: another number gives another fill: mirrored, seen at another size, of pieces or
                of scattered patches, and with other texture.
            grows: whether the hole grows first where no option says by how much.

        Returns:
            The filled photo, or the photo itself where nothing is hole.

        Raises:
            ImageError: grown, the hole takes in the whole picture, or all of it that is visible.
        """
        dilate = 0 if self.options.dilate is None and not grows else self.options.dilate
        hole = dilated(marked, dilate)
        if not hole.any():
            return image
        if hole.all():
            raise ImageError(
                "the hole, grown, takes in the whole picture, which leaves nothing to fill it "
                "from; use a smaller --dilate"
            )
        # What hides under full transparency is no part of the picture, and must not fill it; nor
        # may what lies in the hole, by lending its colour to what is transparent beside it.
        if image.alpha is not None and not (image.alpha[~hole] > 0).any():
            raise ImageError(
                "all that is visible lies in the hole, which leaves nothing to fill it from"
            )
        seen = fill_transparent(image, hole)
        samples = seen.copy() if seen is image.samples else seen
        # What is known grows as regions are filled.
        missing = hole.copy()
        regions = find_regions(hole)
        ring = self.options.feather
        if ring is None:
            ring = ring_width(marked, hole, growth(hole.shape, dilate))
        used: Counter[str] = Counter()
        for number, region in enumerate(regions, start=1):
            part, unknown = samples[region.window], missing[region.window]
            depth = depth_of(unknown)
            method = self._method_for(depth)
            used[method] += 1
            filled = self._fill(part, unknown, depth, method, variant)
            own = region.own
            share = _shown(region, marked, hole, ring)[own][:, None]
            # Not `part + (filled - part) * share`, where rounding would let `part` through.
            part[own] = np.rint(part[own] * (1 - share) + filled[own] * share).astype(part.dtype)
            unknown &= ~own
            progress(number / len(regions))
        told = ", ".join(f"{count} by {_NAMES[method]}" for method, count in used.items())
        if variant and "gan" not in used:
            told += ", which gives every candidate the same fill"
        if seen is not image.samples:
            samples = np.where(hole[:, :, None], samples, image.samples)
        return replace(image, samples=samples, notes=(*image.notes, f"holes filled: {told}"))

    def _method_for(self, depth: np.ndarray) -> Method:
        if self.options.method != "auto":
            return self.options.method
        return "ns" if float(depth.max()) <= HAIRLINE_DEPTH else "gan"

    def _fill(
        self, part: np.ndarray, unknown: np.ndarray, depth: np.ndarray, method: Method, variant: int
    ) -> np.ndarray:
        """`(h, w, C)` samples with what is unknown filled, as float32 in the samples' range."""
        if method in ("telea", "ns"):
            return _diffused(part, unknown, method)
        picture = to_tensor(part, torch.device("cpu"))[0].contiguous()
        hole = torch.from_numpy(unknown)
        with torch.inference_mode():
            side = WORKING_SIDE * VARIANT_SCALES[variant % len(VARIANT_SCALES)]
            ways = (False, True) if variant == 0 else (variant % 2 == 1,)
            # Two guesses are better than one: what they disagree on is noise.
            guesses = torch.stack(
                [self._coarse(picture, hole, side, mirrored=mirrored) for mirrored in ways]
            )
            filled = guide = _sharpened(guesses.mean(0))
            del guesses  # of a large region they take gigabytes
            seen_whole = max(hole.shape) <= side
            if not seen_whole or float(depth.max()) > PLAIN_DEPTH:
                generator = torch.Generator().manual_seed(self.options.seed + variant)
                # Every other variant is of scattered patches, which suit some façades better.
                coherent = not seen_whole and variant % 2 == 0
                meaning = self._meaning(picture, hole, guide, side) if coherent else None
                filled = synthesize(picture, hole, guide, generator, meaning)
            if seen_whole:
                filled = _textured(guide, filled, torch.from_numpy(depth))
            if bool(((part == part[..., :1]).all(axis=2) | unknown).all()):
                # What is grey stays grey.
                filled = filled.mean(dim=0, keepdim=True).repeat(part.shape[2], 1, 1)
            filled = filled.clamp_(0, 1).mul_(np.iinfo(part.dtype).max)
        result: np.ndarray = filled.permute(1, 2, 0).numpy()
        return result

    def _meaning(self, picture: Tensor, hole: Tensor, guide: Tensor, side: float) -> Tensor:
        """What each place of a region is like, the hole's as the guide has it: `(C, h, w)`."""
        size = working_size(hole.shape, side)
        small = F.adaptive_avg_pool2d(torch.where(hole, guide, picture)[None], size)
        return meaning_of(self.network.described(small.to(self.runtime.device)).cpu()[0], hole)

    def _coarse(self, picture: Tensor, hole: Tensor, side: float, *, mirrored: bool) -> Tensor:
        """What the network makes of a region whose longer side it sees at `side` pixels.

        At the region's own size, but with that much detail.
        """
        if mirrored:
            return self._coarse(picture.flip(-1), hole.flip(-1), side, mirrored=False).flip(-1)
        height, width = hole.shape
        size = working_size(hole.shape, side)
        known = (~hole)[None, None].float()
        # Averages of what is known only: nothing from under the hole may come through.
        weight = F.adaptive_avg_pool2d(known, size)
        small = F.adaptive_avg_pool2d(picture[None] * known, size) / weight.clamp_min(1e-6)
        # Of few pixels that lie apart none fills half a place: those with most of them are known.
        small_hole = (weight < weight.max().clamp_max(0.5)).float()
        device = self.runtime.device
        result = self.network(small.clamp(0, 1).to(device), small_hole.to(device)).cpu()
        result = without_lattice(result, small_hole)
        return F.interpolate(result, size=(height, width), mode="bicubic")[0].clamp(0, 1)

    @property
    def network(self) -> Inpainter:
        """The loaded network."""
        with self._loading:
            if self._network is None:
                entry = weights.find("inpaint")
                self._network = self._build(weights.read_shipped(entry), entry.path)
            return self._network

    def _build(self, contents: weights.Contents, path: Path) -> Inpainter:
        network = weights.rebuild(
            lambda **options: Inpainter(NetworkOptions(**options)),
            contents.options, contents.state, path,
        )  # fmt: skip
        return placed(network, self.runtime.device, self.runtime.dtype)


def _sharpened(guide: Tensor) -> Tensor:
    """The network's fill `(3, H, W)`, its finest detail raised to what surrounds it."""
    smooth = F.avg_pool2d(guide, 3, 1, 1, count_include_pad=False)
    return torch.lerp(smooth, guide, 1 + SHARPENING)


def _textured(guide: Tensor, texture: Tensor, depth: Tensor) -> Tensor:
    """The network's fill of a region that it saw at full size, with texture where it has little.

    Near the rim the network knows best; deep inside it can only guess the mean of what might be
    there. The texture, copied from elsewhere, gets the fill's own colours.

    Args:
        guide: `(3, H, W)`, the network's fill.
        texture: `(3, H, W)`, the exemplar fill.
        depth: `(H, W)`, pixels from what is known.
    """
    smooth_guide, smooth_texture = F.avg_pool2d(
        torch.stack([guide, texture]), COLOR_SIDE, 1, COLOR_SIDE // 2, count_include_pad=False
    )
    share = MOST_TEXTURE * ((depth - PLAIN_DEPTH) / (FULL_DEPTH - PLAIN_DEPTH)).clamp(0, 1)
    colored: Tensor = texture - smooth_texture + smooth_guide
    return torch.lerp(guide, colored, share)


def _diffused(part: np.ndarray, unknown: np.ndarray, method: str) -> np.ndarray:
    """OpenCV's fills: Telea 2004, or Navier-Stokes (Bertalmio et al. 2001)."""
    flag = cv2.INPAINT_TELEA if method == "telea" else cv2.INPAINT_NS
    mask = unknown.astype(np.uint8)
    # OpenCV takes 16 bits in single planes only.
    planes = [
        cv2.inpaint(np.ascontiguousarray(plane), mask, DIFFUSION_RADIUS, flag)
        for plane in np.moveaxis(part, 2, 0)
    ]
    return np.stack(planes, axis=2).astype(np.float32)
