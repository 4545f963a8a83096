"""Translating a picture with loaded networks."""

import copy
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ganedit import weights
from ganedit.blending import at_full_size, keep_color, mix
from ganedit.editing import in_color, overview, padded, placed, predict_samples
from ganedit.grain import grained_samples
from ganedit.image import Image, resize
from ganedit.runtime import Runtime
from ganedit.scene import once_a_scene
from ganedit.task import Enlarge, Progress
from ganedit.tasks.translate.domains import check_domains
from ganedit.tasks.translate.foreign import ResnetGenerator, UNetGenerator
from ganedit.tasks.translate.network import SMALLEST, Generator, Translator
from ganedit.tasks.translate.normalization import gather
from ganedit.tasks.translate.options import NetworkOptions, TranslateOptions
from ganedit.tasks.translate.paired.edit import DrawingEdit
from ganedit.tasks.translate.paired.network import PairedGenerator
from ganedit.tasks.translate.paired.options import is_paired
from ganedit.tasks.translate.paired.predictor import ANY_LOOK, Look, PairedPredictor, paired
from ganedit.tiling import Footprint

AnyGenerator: TypeAlias = Generator | ResnetGenerator | UNetGenerator


class TranslatePredictor:
    """One generator on its device, with the statistics of the picture that is translated."""

    def __init__(self, generator: AnyGenerator, runtime: Runtime) -> None:
        self.runtime = runtime
        self.generator = placed(generator, runtime.device, runtime.dtype)

    @property
    def footprint(self) -> Footprint:
        # At full resolution: a layer before and after its norm, interpolated and activated, and
        # the first one's features.
        return Footprint(
            halo=self.generator.halo,
            multiple=self.generator.multiple,
            bytes_per_pixel=4 * (5 * self.generator.width + 24),
        )

    def hold_statistics(self, samples: np.ndarray) -> None:
        """Learn the statistics of a picture `(H, W, 3)`, for every tile of it.

        Raises:
            UsageError: the memory budget does not hold that.
        """
        view = overview(samples, self.footprint, self.runtime, SMALLEST, "--working-size")
        with torch.inference_mode():
            gather(self.generator, view)

    def predict(self, pictures: Tensor, *, safe: bool = False) -> Tensor:
        generator = self.generator
        if safe:
            generator = placed(copy.deepcopy(generator), self.runtime.device, torch.float32)
        result: Tensor = generator(pictures)
        return result


class TranslateEdit:
    """Translates pictures into one domain.

    Args:
        options: where to, and how.
        runtime: device, precision and memory.
        enlarge: brings what was painted at the working size to the picture's own.
        loaded: what `load_generator` has loaded, if it has.

    Raises:
        UsageError: no generator leads to that domain.
        WeightsError: weights are missing, altered or of another task.
    """

    def __init__(
        self,
        options: TranslateOptions,
        runtime: Runtime,
        enlarge: Enlarge = resize,
        loaded: tuple[AnyGenerator | PairedGenerator, float] | None = None,
    ) -> None:
        self.options, self.runtime, self.enlarge = options, runtime, enlarge
        loaded = loaded or load_generator(options.to, options.weights)
        self._generator, self._grain = loaded

    def apply(self, image: Image, progress: Progress, look: Look = ANY_LOOK) -> Image:
        """Translate one picture; its size, depth, alpha and metadata stay.

        Args:
            image: any picture.
            progress: told how much is done.
            look: which of the many results that a generator trained from pairs can have.
        """
        options = self.options
        if options.strength == 0:
            return image
        picture = in_color(image, "translated")
        short = min(picture.width, picture.height)
        working = options.working_size or min(short, self._generator.working_size)
        if working >= short:
            samples = self._painted(picture.samples, progress, look)
        else:
            reduce = working / short
            multiple = self._generator.multiple
            width, height = (
                _multiple(side * reduce, multiple) for side in (picture.width, picture.height)
            )
            small = resize(picture, width, height)
            edited = replace(small, samples=self._painted(small.samples, progress, look))
            enlarged = self.enlarge(edited, picture.width, picture.height)
            samples = at_full_size(picture, small, edited, enlarged, options.strength)
        if options.keep_color:
            samples = keep_color(picture.samples, samples)
            if image.channels == 1:  # grey with another luma is grey
                return replace(image, samples=np.ascontiguousarray(samples[:, :, :1]))
        return replace(picture, samples=samples, alpha=image.alpha)

    def _painted(self, samples: np.ndarray, progress: Progress, look: Look) -> np.ndarray:
        """`(H, W, 3)` of any size translated at that size, as far as the strength says."""
        painted = self._predicted(samples, progress, look)
        if self.options.strength < 1:
            return mix(samples, painted, self.options.strength)
        return np.ascontiguousarray(painted)

    def _predicted(self, samples: np.ndarray, progress: Progress, look: Look) -> np.ndarray:
        height, width = samples.shape[:2]
        whole = padded(samples, self._generator.multiple, SMALLEST)
        if self._grain:
            # The same for every picture of a size: a picture translated twice is the same twice.
            whole = grained_samples(whole, self._grain, seed=0)
        predictor = once_a_scene((self, look.seed), lambda: self._predictor_for(whole, look))
        return predict_samples(whole, predictor, self.runtime, progress)[:height, :width]

    def _predictor_for(
        self, samples: np.ndarray, look: Look
    ) -> TranslatePredictor | PairedPredictor:
        """The generator with the statistics of a picture `(H, W, 3)`."""
        if isinstance(self._generator, PairedGenerator):
            return PairedPredictor.of(self._generator, self.options.to, look, samples, self.runtime)
        # A copy of its own: the statistics of one picture must not meet those of another.
        predictor = TranslatePredictor(copy.deepcopy(self._generator), self.runtime)
        predictor.hold_statistics(samples)
        return predictor


def load_edit(
    options: TranslateOptions, runtime: Runtime, enlarge: Enlarge = resize
) -> TranslateEdit | DrawingEdit:
    """What translates into a domain: pictures of any kind, or drawings.

    Raises:
        UsageError: no generator leads to it.
        WeightsError: weights are missing, altered or of another task.
    """
    generator, grain = load_generator(options.to, options.weights)
    if isinstance(generator, PairedGenerator) and generator.options.source == "drawing":
        return DrawingEdit(generator, options.to, options.color, runtime, enlarge)
    return TranslateEdit(options, runtime, enlarge, (generator, grain))


def load_generator(to: str, own: str | None) -> tuple[AnyGenerator | PairedGenerator, float]:
    """The generator that leads to a domain, and the grain that pictures get before it.

    Raises:
        UsageError: none does; the message lists those there are.
        WeightsError: weights are missing, altered or of another task.
    """
    check_domains([to], own)
    contents, path = weights.chosen("translate", own, to=to)
    if is_paired(contents.options):
        return weights.rebuild(paired, contents.options, contents.state, path), 0.0
    translator = weights.rebuild(_translator, contents.options, contents.state, path)
    generator = translator.to_domain[to]
    assert isinstance(generator, AnyGenerator)
    return generator, translator.options.grain


def _translator(**stored: Any) -> Translator:
    return Translator(NetworkOptions(**stored))


def _multiple(side: float, multiple: int) -> int:
    """The nearest side that a network takes."""
    return max(SMALLEST, multiple, multiple * round(side / multiple))
