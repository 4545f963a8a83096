"""Drawing pictures with a loaded generator."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from ganedit import weights
from ganedit.image import Image, Metadata
from ganedit.runtime import Runtime
from ganedit.task import Enlarge, Pictures, Progress
from ganedit.tasks.generate.directions import Directions
from ganedit.tasks.generate.latent_options import DirectionsOptions, VaryOptions
from ganedit.tasks.generate.models import Model, find_model, label_of
from ganedit.tasks.generate.network import Generator
from ganedit.tasks.generate.options import GenerateOptions, NetworkOptions
from ganedit.tasks.generate.recipes import (
    PLACES,
    Recipe,
    model_of,
    model_that_drew,
    parse_directions,
    read_recipe,
    recipe_in,
    recipes,
    varied,
)

_NAMES = {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}


class Painter:
    """A loaded generator, which draws each picture alone: the same however many there are.

    Args:
        model: which.
        runtime: device and precision.

    Raises:
        WeightsError: it cannot be read, or is of another version.
    """

    def __init__(self, model: Model, runtime: Runtime) -> None:
        self.model, self.runtime = model, runtime
        generator = load_generator(model)
        self.directions = Directions(generator, model)
        self.generator = generator.to(runtime.device, runtime.dtype)
        self.precision = _NAMES[runtime.dtype]

    def draw(self, recipe: Recipe) -> np.ndarray:
        """`(S, S, 3)` uint8 of the generator's own size, whatever that of the recipe."""
        latent, noise = self.draws(recipe.seed)
        code = self.code(latent, recipe.class_, recipe.truncation)
        return self.paint(code + self.directions.shift(recipe.amounts).to(code), noise)

    def draws(self, seed: int) -> tuple[Tensor, list[Tensor]]:
        """What a seed stands for: the noise `(1, latent)` of the code, and that of the layers."""
        # On the CPU whatever the device: the same seed is the same picture everywhere.
        source = torch.Generator().manual_seed(seed)
        latent = torch.randn(1, self.generator.options.latent, generator=source)
        return latent, self.generator.draw_noise(1, source)

    def code(self, latent: Tensor, class_: str, truncation: float) -> Tensor:
        """The code `(1, latent)` of noise."""
        label = label_of(self.model, class_ or None)
        device, dtype = self.runtime.device, self.runtime.dtype
        labels = None if label is None else torch.tensor([label], device=device)
        with torch.inference_mode():
            codes = self.generator.codes(latent.to(device, dtype), labels)
            return self.generator.truncated(codes, labels, truncation)

    def paint(self, code: Tensor, noise: list[Tensor]) -> np.ndarray:
        """`(S, S, 3)` uint8 of a code `(1, latent)` and the noise of the layers."""
        device, dtype = self.runtime.device, self.runtime.dtype
        with torch.inference_mode():
            codes = code[:, None].expand(-1, self.generator.layers, -1)
            drawn = self.generator(codes, [each.to(device, dtype) for each in noise])
        pixels = (drawn[0].float().clamp(0, 1) * 255).round().byte()
        return np.ascontiguousarray(pixels.permute(1, 2, 0).cpu().numpy())

    def picture(self, recipe: Recipe, enlarge: Enlarge) -> Image:
        """As the recipe wants it, which stands in its metadata."""
        picture = Image(self.draw(recipe))
        if recipe.size != picture.width:
            picture = enlarge(picture, recipe.size, recipe.size)
        return replace(picture, metadata=Metadata(xmp=recipe.as_xmp(self.precision)))


class Drawing:
    """Draws the pictures that options ask for.

    Args:
        options: what to draw.
        runtime: device and precision.
        enlarge: brings pictures to another size than the generator's.

    Raises:
        UsageError: an unknown model, class or direction.
        WeightsError: weights are missing, altered or of another task.
    """

    def __init__(self, options: GenerateOptions, runtime: Runtime, enlarge: Enlarge) -> None:
        self.enlarge, self.recipes = enlarge, recipes(options)
        self.painter = Painter(model_of(options), runtime)
        self.painter.directions.shift(parse_directions(options.direction))
        self.before = read_recipe(options.like)[1] if options.like is not None else ""

    def apply(self, variant: str, progress: Progress) -> Image:
        """Draw one picture."""
        picture = self.painter.picture(self.recipes[variant], self.enlarge)
        progress(1.0)
        return replace(picture, notes=_notes(self.before, self.painter.precision))


class Varying:
    """Draws pictures again that ganedit drew, farther along directions.

    Args:
        options: along which, and how far.
        runtime: device and precision.
        enlarge: brings pictures to another size than the generator's.
    """

    def __init__(self, options: VaryOptions, runtime: Runtime, enlarge: Enlarge) -> None:
        self.options, self.enlarge = options, enlarge
        self.painter = lru_cache(lambda model: Painter(model, runtime))

    def apply(self, pictures: Pictures, variant: str, progress: Progress) -> Image:
        """Draw one picture again, as the recipe in its metadata and the options say.

        Raises:
            UsageError: it has no recipe, its generator is not here, or has no such direction.
        """
        (picture,) = pictures["picture"]
        recipe, before = recipe_in(picture.metadata.xmp)
        painter = self.painter(model_that_drew(recipe, self.options.weights))
        changed = painter.picture(
            varied(recipe, painter.model, self.options, variant), self.enlarge
        )
        progress(1.0)
        return replace(changed, notes=_notes(before, painter.precision))


class Showing:
    """Draws a strip along each direction, one below the other for several pictures."""

    def __init__(self, options: DirectionsOptions, runtime: Runtime) -> None:
        self.options = options
        self.painter = Painter(find_model(options.model, options.weights), runtime)

    def apply(self, variant: str, progress: Progress) -> Image:
        """Draw the strips along the direction of that name."""
        options, model, rows = self.options, self.painter.model, []
        classes = model.network.classes or ("",)
        for seed in range(options.seed, options.seed + options.count):
            recipe = Recipe.of(model, seed, options.truncation, classes[seed % len(classes)])
            places = [replace(recipe, directions=f"{variant}={place}") for place in PLACES]
            rows.append(np.hstack([self.painter.draw(place) for place in places]))
            progress(len(rows) / options.count)
        return Image(np.ascontiguousarray(np.vstack(rows)))


def _notes(before: str, now: str) -> tuple[str, ...]:
    if before in ("", now):
        return ()
    return (f"drawn in {now}, and before in {before}: add --precision {before} for the same bits",)


def load_generator(model: Model) -> Generator:
    """The network of a weight file, as it is used.

    Raises:
        WeightsError: it cannot be read, or is of another version.
    """
    contents = model.contents()
    generator = weights.rebuild(_generator, contents.options, contents.state, model.path)
    return generator.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def _generator(**stored: object) -> Generator:
    return Generator(NetworkOptions(**stored))  # type: ignore[arg-type]
