"""Enlarging a picture with loaded networks."""

import copy
import math
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit import weights
from ganedit.editing import fill_transparent, is_finite, placed, predict_rows
from ganedit.errors import ImageTooLargeError
from ganedit.image import Image, resize, resize_bands
from ganedit.runtime import Runtime
from ganedit.task import Progress
from ganedit.tasks.upscale import foreign
from ganedit.tasks.upscale.color import RADIUS, RESTORED_RADIUS, hold_color
from ganedit.tasks.upscale.network import BicubicPhases, Upscaler
from ganedit.tasks.upscale.options import NATIVE_SCALES, NetworkOptions, UpscaleOptions
from ganedit.tiling import Footprint, Rows

# The note of a picture that is left as it is.
AS_LARGE = "as large as asked already: left as it was"

Network = Upscaler | foreign.ForeignNetwork


class UpscalePredictor:
    """One network on its device, with colour held."""

    def __init__(self, network: Network, runtime: Runtime) -> None:
        self.scale, self.halo = network.scale, network.halo
        self.runtime = runtime
        self.network = placed(network, runtime.device, runtime.dtype)
        self.plain = BicubicPhases(self.scale)
        self.radius = RESTORED_RADIUS if self.scale == 1 else RADIUS

    @property
    def footprint(self) -> Footprint:
        return Footprint(
            scale=self.scale,
            halo=self.halo + 2 * self.radius,
            multiple=self.network.multiple,
            bytes_per_pixel=self.network.bytes_per_pixel,
        )

    def predict(self, pictures: Tensor, *, safe: bool = False) -> Tensor:
        network = self.network
        if safe:
            network = placed(copy.deepcopy(network), self.runtime.device, torch.float32)
        phases = network.phases(pictures)
        # Held to its colours, NaN and infinity would look like a soft picture.
        if is_finite(phases):
            phases = hold_color(phases, pictures, self.plain, self.radius)
        return F.pixel_shuffle(phases, self.scale)


class UpscaleEdit:
    """Enlarges pictures; networks are loaded when a scale first needs them.

    Raises:
        WeightsError: weights are missing, altered or of another task.
        UsageError: options that cannot be meant.
    """

    def __init__(self, options: UpscaleOptions, runtime: Runtime) -> None:
        self.options, self.runtime = options, runtime
        self._loading = threading.Lock()
        self._predictors: dict[int, UpscalePredictor] = {}
        self._own: UpscalePredictor | None = None
        if options.weights is not None:
            self._own = UpscalePredictor(load_network(options.weights), runtime)

    @property
    def own_scale(self) -> int | None:
        """What the user's own network enlarges by; None without one."""
        return None if self._own is None else self._own.scale

    def apply(self, image: Image, progress: Progress) -> Image:
        """Enlarge one picture; one that is as large as asked already comes back as it is.

        Raises:
            ImageTooLargeError: the result would pass the limit of output pixels.
            UsageError: so large a result cannot be made of it.
        """
        if self.options.target.is_met_by(image.width, image.height):
            return replace(image, notes=(*image.notes, AS_LARGE))
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
        source = fill_transparent(image)
        rows = Rows.of(source[:, :, :1] if Image(source).is_grey else source)
        for number, predictor in enumerate(passes, start=1):
            last = number == len(passes)
            if last and number > 1:
                rows = _reduced(rows, width, height, predictor.scale)
            rows = predict_rows(rows, predictor, self.runtime, progress if last else _untold)
        samples = np.empty((height, width, image.channels), image.samples.dtype)
        _resized(rows, width, height).fill(samples)
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
        # Pictures of several threads share the networks, and the first to need one loads it.
        with self._loading:
            if scale not in self._predictors:
                self._predictors[scale] = UpscalePredictor(self._shipped(scale), self.runtime)
            return self._predictors[scale]

    def _shipped(self, scale: int) -> Upscaler:
        labels = {"model": self.options.model, "scale": f"x{scale}"}
        faithful = weights.find("upscale", **labels, end="faithful")
        contents = weights.read_shipped(faithful)
        state = contents.state
        if self.options.detail > 0:
            other = weights.find("upscale", **labels, end="adversarial")
            end = weights.read_shipped(other).state
            state = weights.interpolate(state, end, self.options.detail)
        return weights.rebuild(_upscaler, contents.options, state, faithful.path)


def load_network(name: str) -> Network:
    """The network of a weight file, a training run or a name in the user's folder.

    Also of a file of another architecture (see `foreign`).

    Raises:
        WeightsError: weights are missing or of another task.
    """
    path = weights.locate(name)
    if foreign.is_foreign(path):
        return foreign.load(path)
    contents = weights.read(path, "upscale")
    return weights.rebuild(_upscaler, contents.options, contents.state, path)


def _upscaler(**stored: Any) -> Upscaler:
    return Upscaler(NetworkOptions(**stored))


def _reduced(rows: Rows, width: int, height: int, scale: int) -> Rows:
    """What the last network makes `width`×`height` of, not 16 times as many pixels and more."""
    wide, high = math.ceil(width / scale), math.ceil(height / scale)
    if rows.shape[0] <= high or rows.shape[1] <= wide:
        return rows
    return _resized(rows, wide, high)


def _resized(rows: Rows, width: int, height: int) -> Rows:
    if rows.shape[:2] == (height, width):
        return rows
    bands = resize_bands(rows.take, rows.shape[:2], width, height)
    return Rows((height, width, rows.shape[2]), rows.dtype, bands)


def enlarged_alpha(alpha: np.ndarray, width: int, height: int) -> np.ndarray:
    """Alpha at another size, by bicubic interpolation.

    Its kernel reaches one pixel over an edge, where its weight is negative and is cut off; that
    of Lanczos reaches two, and would draw a faint outline at the second.
    """
    return resize(Image(alpha[:, :, None]), width, height, kernel="bicubic").samples[:, :, 0]


def _untold(done: float) -> None:
    """Progress of what is made for the last pass, and told as part of it."""
