"""Painting a picture in the style of others with a loaded network."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganedit import weights
from ganedit.blending import at_full_size, keep_color, mix
from ganedit.editing import in_color, overview, padded, placed, predict_samples
from ganedit.errors import PartnerError
from ganedit.grain import grained_samples
from ganedit.image import Image, resize
from ganedit.runtime import Runtime
from ganedit.scene import once_a_scene
from ganedit.task import Enlarge, Pictures, Progress
from ganedit.tasks.stylize import codes
from ganedit.tasks.stylize.masking import mask_of
from ganedit.tasks.stylize.network import MULTIPLE, SMALLEST, Stylizer, code_of
from ganedit.tasks.stylize.options import NetworkOptions, StylizeOptions, parse_mix
from ganedit.tiling import Footprint

# The short side at which larger pictures are painted, and that of a larger style when it is read:
# strokes are as wide in the one as in the other.
WORKING_SIZE = 768
STYLE_SIZE = 512
# A style whose samples deviate by less, of 1, is one colour.
FLAT = 0.004
# Painted in its own style a picture is only nearly the same: below this strength more and more of
# the picture itself is mixed in.
FULL_STRENGTH = 0.25
# Squared distances of two codes, relative: of one picture at several sizes at most the first, of
# any two pictures mostly over the second.
SAME_STYLE, OTHER_STYLE = 0.002, 0.02

INSIDE_ONLY = "--save-style has the style inside of the mask"


class StylizePredictor:
    """The network on its device, and the codes by which it paints one picture.

    Attributes:
        own: code of the picture that is painted, `(1, D)`.
        style: that of the style it is to have.
    """

    def __init__(self, stylizer: Stylizer, runtime: Runtime) -> None:
        self.runtime = runtime
        self.stylizer = placed(stylizer, runtime.device, runtime.dtype)
        self.own = self.style = torch.zeros(1, stylizer.code_size)
        self._seen: tuple[Tensor, list[Tensor]] | None = None

    @property
    def footprint(self) -> Footprint:
        # At full resolution: the first level, styled, summed, and what interpolates to it.
        return Footprint(
            halo=self.stylizer.halo,
            multiple=MULTIPLE,
            bytes_per_pixel=4 * (8 * self.stylizer.options.widths[0] + 24),
        )

    def code(self, samples: np.ndarray) -> Tensor:
        """The code of a picture `(H, W, 3)` of any size, `(1, D)` float32.

        Raises:
            UsageError: the memory budget does not hold that.
        """
        view = overview(samples, self.footprint, self.runtime, SMALLEST, "--stroke-size")
        with torch.inference_mode():
            levels = self.stylizer.levels(view)
            # A picture that is painted in one piece is looked at once.
            self._seen = view, levels
            return code_of(levels)

    def predict(self, pictures: Tensor, *, safe: bool = False) -> Tensor:
        stylizer, levels = self.stylizer, None
        if safe:
            stylizer = placed(copy.deepcopy(stylizer), self.runtime.device, torch.float32)
        elif self._seen is not None and torch.equal(self._seen[0], pictures):
            levels = self._seen[1]
        self._seen = None
        result: Tensor = stylizer(pictures, self.style, self.own, levels)
        return result


class StylizeEdit:
    """Paints pictures.

    Args:
        options: how.
        runtime: device, precision and memory.
        enlarge: brings what was painted at the working size to the picture's own.

    Raises:
        WeightsError: weights are missing, altered or of another task.
    """

    def __init__(
        self, options: StylizeOptions, runtime: Runtime, enlarge: Enlarge = resize
    ) -> None:
        self.options, self.runtime, self.enlarge = options, runtime, enlarge
        self._stylizer, self.network = load_stylizer(options.weights)
        self._reader = StylizePredictor(self._stylizer, runtime)
        # A folder of pictures has one style: it is read once.
        self._code = lru_cache(maxsize=8)(self._read_code)

    def __call__(self, pictures: Pictures, variant: str, progress: Progress) -> Image:
        """Paint the photo of a job; its size, depth, alpha and metadata stay.

        With a mask, the first style is inside of it, and outside is the photo or, where there are
        two and no `mix`, the second style.

        Raises:
            PartnerError: a style is too small or of one colour.
            ImageError: it is a code of another network, or the mask marks nothing.
            UsageError: the memory budget does not hold what is needed.
        """
        (photo,), styles = pictures["photo"], pictures["style"]
        inside, outside = styles, styles[:0]
        if pictures.get("mask") and len(styles) == 2 and self.options.mix is None:
            inside, outside = styles[:1], styles[1:]
        mask = mask_of(pictures.get("mask", ()), photo, may_be_empty=bool(outside))
        parts = 2 if outside else 1
        painted = self.apply(photo, inside, lambda done: progress(done / parts))
        if self.options.save_style is not None:
            code = self._code_of(inside)
            codes.write(Path(self.options.save_style), code, self.network, painted)
            if outside:
                painted = replace(painted, notes=(*painted.notes, INSIDE_ONLY))
        if mask is None:
            return painted
        other = photo
        if outside:
            other = self.apply(photo, outside, lambda done: progress((1 + done) / parts))
        return mask.between(other, painted)

    def apply(self, image: Image, styles: Sequence[Image], progress: Progress) -> Image:
        """Paint one picture in the mean of some styles."""
        options = self.options
        if options.strength == 0:
            return image
        picture = in_color(image, "painted")
        predictor = StylizePredictor(self._stylizer, self.runtime)
        style = self._code_of(styles)
        short = min(picture.width, picture.height)
        working = options.stroke_size or min(short, WORKING_SIZE)
        if working >= short:
            samples, _ = self._painted(picture.samples, predictor, style, progress)
        else:
            reduce = working / short
            width, height = (
                max(SMALLEST, round(n * reduce)) for n in (picture.width, picture.height)
            )
            small = resize(picture, width, height)
            samples, share = self._painted(small.samples, predictor, style, progress)
            edited = replace(small, samples=samples)
            enlarged = self.enlarge(edited, picture.width, picture.height)
            samples = at_full_size(picture, small, edited, enlarged, options.strength * share)
        if options.keep_color:
            samples = keep_color(picture.samples, samples)
            if image.channels == 1:  # grey with another luma is grey
                return replace(image, samples=np.ascontiguousarray(samples[:, :, :1]))
        metadata = codes.without_code(picture.metadata)
        return replace(picture, samples=samples, alpha=image.alpha, metadata=metadata)

    def _painted(
        self, samples: np.ndarray, predictor: StylizePredictor, style: Tensor, progress: Progress
    ) -> tuple[np.ndarray, float]:
        """`(H, W, 3)` of any size painted at that size, as far as the strength says.

        And how much of it is shown: what is in the style already is left as it is.
        """
        height, width = samples.shape[:2]
        whole = padded(samples, MULTIPLE, SMALLEST)
        if grain := self._stylizer.options.grain:
            # The same for every picture of a size: a picture painted twice is the same twice.
            whole = grained_samples(whole, grain, seed=0)
        predictor.own = once_a_scene(self, lambda: predictor.code(whole))
        predictor.style = torch.lerp(predictor.own, style, self.options.strength)
        painted = predict_samples(whole, predictor, self.runtime, progress)[:height, :width]
        share = novelty(predictor.own, style) * min(self.options.strength / FULL_STRENGTH, 1)
        if share < 1:
            return mix(samples, painted, share), share
        return np.ascontiguousarray(painted), share

    def _code_of(self, styles: Sequence[Image]) -> Tensor:
        """The code of the styles' mean."""
        each = torch.cat([self._code(style) for style in styles])
        equal = (1 / len(styles),) * len(styles)
        shares = parse_mix(self.options.mix) if self.options.mix is not None else equal
        return each.new_tensor(shares) @ each if len(each) > 1 else each

    def _read_code(self, style: Image) -> Tensor:
        if (stored := codes.read(style, self.network)) is not None:
            return stored.to(self.runtime.device)
        if min(style.width, style.height) < SMALLEST:
            raise PartnerError(
                f"the style has {style.width}×{style.height} pixels; "
                f"take a picture of at least {SMALLEST} a side",
                "style",
            )
        seen = in_color(style, "")
        if (seen.samples / np.iinfo(seen.samples.dtype).max).std(axis=(0, 1)).max() < FLAT:
            raise PartnerError(
                "the style is one colour; take a picture with something in it", "style"
            )
        reduce = STYLE_SIZE / min(style.width, style.height)
        if reduce < 1:
            seen = resize(seen, round(style.width * reduce), round(style.height * reduce))
        return self._reader.code(padded(seen.samples, MULTIPLE, SMALLEST))


def novelty(own: Tensor, style: Tensor) -> float:
    """How far a style is from a picture's own, from 0 (no farther than one size of it from
    another) to 1 (a style of its own); `(1, D)` each."""
    distance = float((own - style).square().sum() / style.square().sum())
    return min(max((distance - SAME_STYLE) / (OTHER_STYLE - SAME_STYLE), 0.0), 1.0)


def load_stylizer(own: str | None) -> tuple[Stylizer, str]:
    """The network, and the SHA-256 of its file: the shipped one, or one of the user's own.

    Raises:
        WeightsError: weights are missing, altered or of another task.
    """
    contents, path = weights.chosen("stylize", own)
    (sha256,) = weights.checksums("stylize", own).values()
    return weights.rebuild(_stylizer, contents.options, contents.state, path), sha256


def _stylizer(**stored: Any) -> Stylizer:
    return Stylizer(NetworkOptions(**stored))
