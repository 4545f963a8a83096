"""Drawing pictures with a loaded generator."""

from dataclasses import replace

import numpy as np
import torch

from ganedit import weights
from ganedit.image import Image, Metadata
from ganedit.runtime import Runtime
from ganedit.task import Enlarge, Progress
from ganedit.tasks.generate.models import Model, label_of
from ganedit.tasks.generate.network import Generator
from ganedit.tasks.generate.options import GenerateOptions, NetworkOptions
from ganedit.tasks.generate.recipes import Recipe, model_of, read_recipe, recipes

_NAMES = {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}


class Drawing:
    """Draws the pictures that options ask for, each alone: the same however many there are.

    Args:
        options: what to draw.
        runtime: device and precision.
        enlarge: brings pictures to another size than the generator's.

    Raises:
        UsageError: an unknown model or class.
        WeightsError: weights are missing, altered or of another task.
    """

    def __init__(self, options: GenerateOptions, runtime: Runtime, enlarge: Enlarge) -> None:
        self.runtime, self.enlarge = runtime, enlarge
        self.model, self.recipes = model_of(options), recipes(options)
        self.generator = load_generator(self.model).to(runtime.device, runtime.dtype)
        self.precision = _NAMES[runtime.dtype]
        before = read_recipe(options.like)[1] if options.like is not None else self.precision
        self.notes = () if before == self.precision else (
            f"drawn in {self.precision}, and before in {before}: add --precision {before} for the "
            "same bits",
        )  # fmt: skip

    def apply(self, variant: str, progress: Progress) -> Image:
        """Draw one picture, its recipe in its metadata."""
        recipe = self.recipes[variant]
        picture = Image(self.draw(recipe), notes=self.notes)
        if recipe.size != picture.width:
            picture = self.enlarge(picture, recipe.size, recipe.size)
        progress(1.0)
        return replace(picture, metadata=Metadata(xmp=recipe.as_xmp(self.precision)))

    def draw(self, recipe: Recipe) -> np.ndarray:
        """`(S, S, 3)` uint8 of the generator's own size, whatever that of the recipe."""
        generator, device, dtype = self.generator, self.runtime.device, self.runtime.dtype
        # On the CPU whatever the device: the same seed is the same picture everywhere.
        source = torch.Generator().manual_seed(recipe.seed)
        latent = torch.randn(1, generator.options.latent, generator=source).to(device, dtype)
        noise = [each.to(device, dtype) for each in generator.draw_noise(1, source)]
        label = label_of(self.model, recipe.class_ or None)
        labels = None if label is None else torch.tensor([label], device=device)
        with torch.inference_mode():
            codes = generator.codes(latent, labels)
            codes = generator.truncated(codes, labels, recipe.truncation)
            drawn = generator(codes[:, None].expand(-1, generator.layers, -1), noise)
        pixels = (drawn[0].float().clamp(0, 1) * 255).round().byte()
        return np.ascontiguousarray(pixels.permute(1, 2, 0).cpu().numpy())


def load_generator(model: Model) -> Generator:
    """The network of a weight file, as it is used.

    Raises:
        WeightsError: it cannot be read, or is of another version.
    """
    contents = weights.read(model.path, "generate")
    generator = weights.rebuild(_generator, contents.options, contents.state, model.path)
    return generator.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def _generator(**stored: object) -> Generator:
    return Generator(NetworkOptions(**stored))  # type: ignore[arg-type]
