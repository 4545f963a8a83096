"""Enlarging a picture with loaded networks."""

import copy
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit import weights
from ganedit.editing import fill_transparent, is_sound, predict_samples
from ganedit.errors import ImageTooLargeError
from ganedit.image import Image, resize
from ganedit.runtime import Runtime
from ganedit.task import Progress
from ganedit.tasks.upscale import foreign
from ganedit.tasks.upscale.color import RADIUS, hold_color
from ganedit.tasks.upscale.network import Upscaler
from ganedit.tasks.upscale.options import NATIVE_SCALES, NetworkOptions, UpscaleOptions
from ganedit.tiling import Footprint

Network = Upscaler | foreign.ForeignNetwork


class UpscalePredictor:
    """One network on its device, with colour held."""

    def __init__(self, network: Network, runtime: Runtime) -> None:
        self.scale, self.halo = network.scale, network.halo
        self.runtime = runtime
        self.network = self._placed(network, runtime.dtype)

    @property
    def footprint(self) -> Footprint:
        return Footprint(
            scale=self.scale,
            halo=self.halo + RADIUS,
            multiple=self.network.multiple,
            bytes_per_pixel=self.network.bytes_per_pixel,
        )

    def predict(self, pictures: Tensor, *, safe: bool = False) -> Tensor:
        network = self.network
        if safe:
            network = self._placed(copy.deepcopy(network), torch.float32)
        phases = network.phases(pictures)
        # Holding the colour would make a soft picture of anything, black or infinite: what is
        # broken is left as it is for the caller to see.
        if is_sound(pictures, phases, self.footprint.mean_change):
            phases = hold_color(phases, pictures)
        return F.pixel_shuffle(phases, self.scale)

    def _placed(self, network: Network, dtype: torch.dtype) -> Network:
        network = network.eval().requires_grad_(False).to(self.runtime.device, dtype)
        return network.to(memory_format=torch.channels_last)


class UpscaleEdit:
    """Enlarges pictures; networks are loaded when a scale first needs them.

    Raises:
        WeightsError: weights are missing, altered or of another task.
        UsageError: options that cannot be meant.
    """

    def __init__(self, options: UpscaleOptions, runtime: Runtime) -> None:
        self.options, self.runtime = options, runtime
        self._predictors: dict[int, UpscalePredictor] = {}
        self._own: UpscalePredictor | None = None
        if options.weights is not None:
            self._own = UpscalePredictor(load_network(options.weights), runtime)

    def apply(self, image: Image, progress: Progress) -> Image:
        """Enlarge one picture.

        Raises:
            ImageTooLargeError: the result would pass the limit of output pixels.
        """
        width, height = self.options.target.size_for(image.width, image.height)
        return self.enlarge(image, width, height, progress)

    def enlarge(self, image: Image, width: int, height: int, progress: Progress) -> Image:
        """Enlarge one picture to a size of its own, as `apply` does."""
        if width * height > self.options.max_output_pixels:
            raise ImageTooLargeError(
                f"the result would have {width}×{height} pixels, over the limit of "
                f"{self.options.max_output_pixels:,}; ask for less, or raise --max-output-pixels"
            )
        factor = max(width / image.width, height / image.height)
        passes = self._passes(factor)
        color = Image(fill_transparent(image), metadata=image.metadata)
        grey = color.samples.shape[2] == 3 and color.is_grey
        samples = color.samples[:, :, :1] if grey else color.samples
        shares = _shares([p.scale for p in passes])
        for number, (predictor, (begin, end)) in enumerate(zip(passes, shares, strict=True), 1):
            if 1 < number == len(passes):
                samples = _reduced(samples, width, height, predictor.scale)
            samples = predict_samples(
                samples,
                predictor,
                self.runtime,
                _part(progress, begin, end),
            )
        result = resize(replace(color, samples=samples), width, height)
        samples = np.repeat(result.samples, 3, axis=2) if grey else result.samples
        alpha = None
        if image.alpha is not None:
            alpha = enlarged_alpha(image.alpha, width, height)
        return replace(image, samples=samples, alpha=alpha)

    def _passes(self, factor: float) -> list[UpscalePredictor]:
        """The networks to run one after another to reach at least `factor`."""
        if self._own is not None:
            if self._own.scale == 1:  # it restores, and leaves enlarging to interpolation
                return [self._own]
            times = math.ceil(math.log(factor, self._own.scale) - 1e-9)
            return [self._own] * max(1, times)
        natives = NATIVE_SCALES[self.options.model]
        passes: list[int] = []
        while (missing := factor / math.prod(passes)) > 1 + 1e-9 or not passes:
            passes.append(next((s for s in natives if s >= missing - 1e-9), natives[-1]))
        return [self._predictor(scale) for scale in passes]

    def _predictor(self, scale: int) -> UpscalePredictor:
        if scale not in self._predictors:
            labels = {"model": self.options.model, "scale": f"x{scale}"}
            faithful = weights.find("upscale", **labels, end="faithful")
            contents = weights.read_shipped(faithful)
            state = contents.state
            if self.options.detail > 0:
                other = weights.find("upscale", **labels, end="adversarial")
                end = weights.read_shipped(other).state
                state = weights.interpolate(state, end, self.options.detail)
            network = weights.rebuild(_upscaler, contents.options, state, faithful.path)
            self._predictors[scale] = UpscalePredictor(network, self.runtime)
        return self._predictors[scale]


def load_network(name: str) -> Network:
    """The network of a weight file, a training run or a name in the user's folder.

    Also of a file of another architecture (see `foreign`).

    Raises:
        WeightsError: weights are missing or of another task.
    """
    if foreign.is_foreign(Path(name)):
        return foreign.load(Path(name))
    path = weights.locate(name)
    contents = weights.read(path, "upscale")
    return weights.rebuild(_upscaler, contents.options, contents.state, path)


def _upscaler(**stored: Any) -> Upscaler:
    return Upscaler(NetworkOptions(**stored))


def _reduced(samples: np.ndarray, width: int, height: int, scale: int) -> np.ndarray:
    """What the last network makes `width`×`height` of, not 16 times as many pixels and more."""
    wide, high = math.ceil(width / scale), math.ceil(height / scale)
    if samples.shape[0] <= high or samples.shape[1] <= wide:
        return samples
    return resize(Image(samples), wide, high).samples


def enlarged_alpha(alpha: np.ndarray, width: int, height: int) -> np.ndarray:
    """Alpha at another size, by bicubic interpolation.

    Its kernel reaches one pixel over an edge, where its weight is negative and is cut off; that
    of Lanczos reaches two, and would draw a faint outline at the second.
    """
    return resize(Image(alpha[:, :, None]), width, height, kernel="bicubic").samples[:, :, 0]


def _part(progress: Progress, begin: float, end: float) -> Progress:
    """The progress of a piece of work that is `begin` to `end` of the whole."""
    return lambda done: progress(begin + (end - begin) * done)


def _shares(scales: list[int]) -> list[tuple[float, float]]:
    """Where each pass begins and ends in the whole work, which grows with the pixels it reads."""
    work = [math.prod(scales[:i]) ** 2 for i in range(len(scales))]
    edges = [sum(work[:i]) / sum(work) for i in range(len(work) + 1)]
    return list(pairwise(edges))
