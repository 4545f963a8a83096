"""Drawing pictures with a loaded generator."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, lru_cache

import numpy as np
import torch
from torch import Tensor

from ganedit.errors import UsageError
from ganedit.image import Image, Metadata
from ganedit.runtime import Runtime
from ganedit.task import Enlarge, Pictures, Progress
from ganedit.tasks.generate.architectures import load_generator
from ganedit.tasks.generate.arithmetic import parse_code, parse_directions
from ganedit.tasks.generate.directions import Directions
from ganedit.tasks.generate.found_codes import unpacked
from ganedit.tasks.generate.latent_options import DirectionsOptions, VaryOptions
from ganedit.tasks.generate.models import Model, find_model, label_of
from ganedit.tasks.generate.options import GenerateOptions
from ganedit.tasks.generate.recipes import Recipe, model_that_drew, read_recipe, recipe_in
from ganedit.tasks.generate.wishes import (
    PLACES,
    amount_at,
    drawn_first,
    model_of,
    recipes,
    split_of,
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
        self.generator = load_generator(model).to(runtime.device, runtime.dtype)
        self.precision = _NAMES[runtime.dtype]

    @cached_property
    def directions(self) -> Directions:
        """Those of the generator, of weights as the file has them whatever the precision."""
        return Directions(load_generator(self.model), self.model)

    def draw(self, recipe: Recipe) -> np.ndarray:
        """`(S, S, 3)` uint8 of the generator's own size, whatever that of the recipe."""
        return self.paint(self.codes(recipe), self.draws(recipe.seed)[1])

    def codes(self, recipe: Recipe) -> Tensor:
        """What the layers draw from, `(1, layers, latent)`.

        Raises:
            UsageError: a class, direction or layer that the generator does not have.
        """
        amounts = recipe.amounts
        shift = self.directions.shift(amounts) if amounts else None
        codes = self._before_directions(recipe, amounts)
        if recipe.mixed is not None:
            seed, split = recipe.mixed
            fine = self.code(self.draws(seed)[0], recipe.class_, recipe.truncation)
            split = split_of(self.model, split)
            codes = torch.cat([codes[:, :split], self.generator.spread(fine)[:, split:]], dim=1)
        return codes if shift is None else codes + shift.to(codes)

    def _before_directions(self, recipe: Recipe, amounts: Mapping[str, float]) -> Tensor:
        dials = {dial.name for dial in self.generator.dials} & amounts.keys()
        if dials and (recipe.found or recipe.code):
            raise UsageError(
                f"--direction {min(dials)}: dials are turned in the noise of a seed, and this "
                "picture has none"
            )
        if recipe.found:
            layers, latent = self.generator.layers, self.generator.options.latent
            return unpacked(recipe.found, layers, latent).to(self.generator.mean)
        if recipe.code:
            code = self._summed(recipe)
        else:
            noise = self.generator.dialled(self.draws(recipe.seed)[0], amounts)
            code = self.code(noise, recipe.class_, recipe.truncation)
        return self.generator.spread(code)

    def _summed(self, recipe: Recipe) -> Tensor:
        """The mean code, and how far means of seeds are from it, added and taken away."""
        terms = parse_code(recipe.code, {})
        center = self.code(self.draws(0)[0], recipe.class_, 0.0)
        total = torch.zeros_like(center)
        for term in terms:
            latents = torch.cat([self.draws(seed)[0] for seed in term.seeds])
            mean = self.code(latents, recipe.class_, 1.0).mean(dim=0, keepdim=True)
            total += term.sign * (mean - center)
        return center + recipe.truncation * total

    def draws(self, seed: int) -> tuple[Tensor, list[Tensor]]:
        """What a seed stands for: the noise `(1, latent)` of the code, and that of the layers."""
        # On the CPU whatever the device: the same seed is the same picture everywhere.
        source = torch.Generator().manual_seed(seed)
        latent = torch.randn(1, self.generator.options.latent, generator=source)
        return latent, self.generator.draw_noise(1, source)

    def code(self, latent: Tensor, class_: str, truncation: float) -> Tensor:
        """Codes `(N, latent)` of noise."""
        label = label_of(self.model, class_ or None)
        device, dtype = self.runtime.device, self.runtime.dtype
        labels = None if label is None else torch.full((len(latent),), label, device=device)
        with torch.inference_mode():
            codes = self.generator.codes(latent.to(device, dtype), labels)
            return self.generator.truncated(codes, labels, truncation)

    def paint(self, codes: Tensor, noise: list[Tensor]) -> np.ndarray:
        """`(S, S, 3)` uint8 of codes `(1, layers, latent)` and the noise of the layers."""
        device, dtype = self.runtime.device, self.runtime.dtype
        with torch.inference_mode():
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
        if options.direction:  # one that is unknown is told before the first picture
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
        if self.options.seed is not None:
            recipe, before = drawn_first(self.options), ""
        else:
            recipe, before = recipe_in(pictures["picture"][0].metadata.xmp)
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
        for seed in range(options.seed, options.seed + options.count):
            recipe = Recipe.of(model, seed, options.truncation, model.class_in_turn(seed))
            places = [
                replace(recipe, directions=f"{variant}={amount_at(model, variant, place)}")
                for place in PLACES
            ]
            rows.append(np.hstack([self.painter.draw(place) for place in places]))
            progress(len(rows) / options.count)
        return Image(np.ascontiguousarray(np.vstack(rows)))


def _notes(before: str, now: str) -> tuple[str, ...]:
    if before in ("", now):
        return ()
    return (f"drawn in {now}, and before in {before}: add --precision {before} for the same bits",)
