"""A generator trained from pairs, on its device, with one of its many looks."""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganedit.editing import overview, placed, to_tensor
from ganedit.image import Image, resize, to_eight
from ganedit.runtime import Runtime
from ganedit.tasks.translate.paired.network import PairedGenerator
from ganedit.tasks.translate.paired.options import PairedNetwork
from ganedit.tasks.translate.paired.palette import Palette
from ganedit.tiling import Footprint

SMALLEST = 16
# How far a seed takes the palette of a photo towards one of its own.
VARIED = 0.1


@dataclass(frozen=True)
class Look:
    """Which of the many results of an input.

    Attributes:
        seed: another one, another result.
        like: a photo whose looks the result is to have; the seed varies them a little.
        color: RGB of 255 whose shades its colours become.
    """

    seed: int = 0
    like: Image | None = None
    color: tuple[int, int, int] | None = None


ANY_LOOK = Look()


def paired(**stored: Any) -> PairedGenerator:
    """A generator from what is stored with its weights."""
    return PairedGenerator(PairedNetwork(**stored))


def palette_of(generator: PairedGenerator, look: Look) -> Tensor:
    """The palette of a look, `(1, numbers)` float32 on the CPU: the same wherever it is used."""
    source = torch.Generator().manual_seed(look.seed)
    noise = torch.randn(1, generator.palette_size, generator=source)
    if generator.palette is None:
        return torch.zeros_like(noise)
    palette = copy.deepcopy(generator.palette).to("cpu", torch.float32).eval()
    found = palette.draw(noise)
    with torch.inference_mode():
        if look.like is not None:
            found = _read(palette, look.like, generator.options.size).lerp(found, VARIED)
        if look.color is not None:
            red, green, blue = look.color
            found = palette.tinted(found, (red / 255, green / 255, blue / 255))
    return found


def _read(palette: Palette, picture: Image, size: int) -> Tensor:
    """The palette of a picture at the size of those that it was trained with."""
    scale = size / max(picture.width, picture.height)
    width, height = (max(SMALLEST, round(n * scale)) for n in (picture.width, picture.height))
    samples = to_eight(resize(picture, width, height).samples)
    return palette.read(to_tensor(samples, torch.device("cpu")))


class PairedPredictor:
    """A generator that translates pictures, with what it has seen of the whole one.

    Args:
        generator: which takes pictures; strokes of colour, where it knows them, there are none.
        label: which domain.
        palette: `(1, numbers)`, which of many results.
        runtime: device and precision.
    """

    def __init__(
        self, generator: PairedGenerator, label: int, palette: Tensor, runtime: Runtime
    ) -> None:
        self.runtime = runtime
        self.generator = placed(copy.deepcopy(generator), runtime.device, runtime.dtype)
        self._label = torch.tensor([label], device=runtime.device)
        self._palette = palette.to(runtime.device)
        self._overall: Tensor | None = None

    @classmethod
    def of(
        cls,
        generator: PairedGenerator,
        to: str,
        look: Look,
        samples: np.ndarray,
        runtime: Runtime,
    ) -> "PairedPredictor":
        """The predictor for one picture `(H, W, 3)`.

        Raises:
            UsageError: the memory budget does not hold a look at all of it.
        """
        label = generator.options.to.index(to)
        predictor = cls(generator, label, palette_of(generator, look), runtime)
        view = overview(samples, predictor.footprint, runtime, SMALLEST, "--working-size")
        with torch.inference_mode():
            inputs = predictor._inputs(view)
            predictor._overall = predictor.generator.look(
                inputs, predictor._label, predictor._palette
            )
        return predictor

    @property
    def footprint(self) -> Footprint:
        # At half the resolution a level, its norm and activation, and the same at full.
        widest = self.generator.widths[0]
        return Footprint(
            halo=self.generator.halo,
            multiple=self.generator.multiple,
            bytes_per_pixel=4 * (4 * widest + 24),
        )

    def predict(self, pictures: Tensor, *, safe: bool = False) -> Tensor:
        generator, overall = self.generator, self._overall
        if safe:
            generator = placed(copy.deepcopy(generator), self.runtime.device, torch.float32)
            overall = None if overall is None else overall.float()
        inputs = self._inputs(pictures)
        result: Tensor = generator(inputs, self._label, self._palette, overall)
        return result.float()

    def _inputs(self, pictures: Tensor) -> Tensor:
        missing = self.generator.options.channels - pictures.shape[1]
        return torch.nn.functional.pad(pictures, (0, 0, 0, 0, 0, missing))
