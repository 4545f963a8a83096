"""A photo into the space of codes: what a generator has to be told to draw it."""

import copy
import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit import losses, metrics, weights
from ganedit.errors import GaneditError
from ganedit.image import Image, Metadata
from ganedit.nets.vgg import VGG19Features
from ganedit.runtime import Runtime
from ganedit.task import Enlarge, Pictures, Progress
from ganedit.tasks.generate.drawing import Painter
from ganedit.tasks.generate.encoder import find_encoder, unexplained
from ganedit.tasks.generate.found_codes import packed, unpacked
from ganedit.tasks.generate.framing import Square, best_square, cut, middle_square, rgb
from ganedit.tasks.generate.invert_options import InvertOptions
from ganedit.tasks.generate.models import Model, find_model
from ganedit.tasks.generate.network import Generator
from ganedit.tasks.generate.recipes import Recipe

# Adam's peak rate for codes, as a share of their usual deviation, and for the generator.
CODE_RATE, TUNING_RATE = 0.1, 3e-4
# Of the difference of pixels beside that of features.
PIXEL_WEIGHT = 0.5
# How far nearby codes go along in tuning, whose pictures are to stay as they were.
NEARBY = 0.3
# Logit over which the best of hundreds of squares is of the kind: some are over 0 by chance.
SURE = 2.5
# Share of a picture that is not explained, from which on it is taken for none of the kind, where no
# encoder says it.
UNEXPLAINED = 0.35
# After fewer steps from the mean code, that share says nothing yet.
ENOUGH_STEPS = 30


class Inverting:
    """Finds codes for photos; what it draws from them carries them in its recipe.

    Args:
        options: how.
        runtime: the device; all is computed in float32, since small steps are what it is about.
        enlarge: not used: results have the generator's size.

    Raises:
        UsageError: an unknown model.
        WeightsError: weights are missing, altered or of another task.
    """

    def __init__(self, options: InvertOptions, runtime: Runtime, enlarge: Enlarge) -> None:
        self.options, self.runtime = options, replace(runtime, dtype=torch.float32)
        self.model = find_model(options.model, options.weights)
        self.encoder = find_encoder(self.model, options.encoder)
        self.painter = Painter(self.model, self.runtime)
        self.vgg = VGG19Features(options.vgg).to(runtime.device) if options.vgg else None
        if self.encoder is not None:
            self.encoder.to(runtime.device)

    def apply(self, pictures: Pictures, variant: str, progress: Progress) -> Image:
        """Draw a photo again.

        Raises:
            GaneditError: it is a picture of something else.
        """
        (photo,) = pictures["photo"]
        recipe, painter = Recipe.of(self.model, 0, 1.0), self.painter
        noise = [each.to(self.runtime.device) for each in painter.draws(recipe.seed)[1]]
        likeness = Likeness(self._framed(photo), self.vgg)
        codes = self._guess(likeness.wanted)
        codes = self._optimised(codes, noise, likeness, progress)
        if not self._tells and self.options.steps >= ENOUGH_STEPS:
            missed = unexplained(self.painter.generator(codes, noise), likeness.wanted)
            self._check(float(missed) < UNEXPLAINED)
        # As the recipe has them: half precision.
        text = packed(codes)
        codes = unpacked(text, *codes.shape[1:]).to(codes)
        if self.options.tuned is not None:
            tuned = self._tuned(codes, noise, likeness)
            model = _saved(tuned, self.options.tuned)
            painter, recipe = Painter(model, self.runtime), recipe.by(model)
        recipe = replace(recipe, found=text)
        drawn = painter.draw(recipe)
        progress(1.0)
        return Image(
            drawn,
            metadata=Metadata(xmp=recipe.as_xmp(painter.precision)),
            notes=(*_taken_on_white(photo), *self._unchecked(), likeness.told(drawn)),
        )

    def _framed(self, photo: Image) -> Tensor:
        """The square of the photo, `(1, 3, size, size)` in [0, 1].

        Raises:
            GaneditError: the encoder says that it is a picture of something else.
        """
        pixels, size = rgb(photo), self.model.network.size
        square, least = self._square(pixels)
        framed = cut(pixels, square, size)[None]
        if self._tells:
            self._check(self._likely(framed)[0] > least)
        return _tensor(framed).to(self.runtime.device)

    def _square(self, pixels: np.ndarray) -> tuple[Square, float]:
        """Which square of `(H, W, 3)` is taken, and how likely it has to be of the kind."""
        if self.options.square is not None:
            return self.options.square, 0.0
        size, middle = self.model.network.size, middle_square(pixels)
        if not self._tells:
            return middle, 0.0
        height, width = pixels.shape[:2]
        if height == width and self._likely(cut(pixels, middle, size)[None])[0] > 0:
            return middle, 0.0  # of the kind as it is
        return best_square(pixels, size, self._likely), SURE

    @property
    def _tells(self) -> bool:
        """Whether the encoder knows what is of the generator's kind."""
        return self.encoder is not None and self.encoder.options.tells

    def _unchecked(self) -> tuple[str, ...]:
        """What was taken on trust, where no encoder finds the square and knows the kind."""
        if self._tells:
            return ()
        taken = "" if self.options.square is not None else "the middle of the photo was taken, and "
        return (f"{taken}nothing tells whether it is of the kind of {self.model.name}",)

    def _likely(self, squares: np.ndarray) -> np.ndarray:
        """How likely it is that squares `(N, S, S, 3)` uint8 are of the kind: logits `(N,)`."""
        assert self.encoder is not None
        with torch.inference_mode():
            return self.encoder.is_kind(_tensor(squares).to(self.runtime.device)).cpu().numpy()

    def _guess(self, pictures: Tensor) -> Tensor:
        """What the encoder says, or the mean code: `(N, layers, latent)`."""
        generator = self.painter.generator
        center = generator.mean.mean(dim=0)
        if self.encoder is not None:
            with torch.no_grad():
                found: Tensor = center + self.encoder(pictures)
            return found
        return center.expand(len(pictures), generator.layers, -1)

    def _check(self, of_the_kind: bool) -> None:
        if not of_the_kind and not self.options.force:
            raise GaneditError(
                f"nothing that {self.model.name} could have drawn; crop it to one thing of its "
                "kind (--crop X,Y,SIDE), or take it as it is with --force"
            )

    def _optimised(
        self, codes: Tensor, noise: list[Tensor], likeness: "Likeness", progress: Progress
    ) -> Tensor:
        """Codes that draw the photo better, kept near the mean code."""
        options, generator = self.options, self.painter.generator
        center, spread = generator.mean.mean(dim=0), self._spread()
        found = codes.clone().requires_grad_()
        optimizer = torch.optim.Adam([found], CODE_RATE * spread, betas=(0.9, 0.99))
        for step in range(options.steps):
            optimizer.param_groups[0]["lr"] = CODE_RATE * spread * _warm(step, options.steps)
            far = ((found - center) / spread).square().mean()
            loss = likeness(generator(found, noise)) + options.keep * 0.01 * far
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            progress(0.9 * step / options.steps)
        return found.detach()

    def _spread(self) -> float:
        """Usual deviation of the numbers in a code."""
        latents = torch.cat([self.painter.draws(seed)[0] for seed in range(64)])
        classes = self.model.network.classes
        return float(self.painter.code(latents, classes[0] if classes else "", 1.0).std())

    def _tuned(self, codes: Tensor, noise: list[Tensor], likeness: "Likeness") -> Generator:
        """A generator that draws the photo from its codes (pivotal tuning, Roich et al. 2022).

        What it draws from codes nearby is held to what it drew before.
        """
        before = self.painter.generator
        generator = copy.deepcopy(before).requires_grad_(True)
        learned = [p for name, p in generator.named_parameters() if not name.startswith("mapping")]
        optimizer = torch.optim.Adam(learned, TUNING_RATE)
        classes, source = self.model.network.classes, torch.Generator().manual_seed(0)
        for _ in range(self.options.tune):
            latent = torch.randn(1, self.model.network.latent, generator=source)
            other = self.painter.code(latent, classes[0] if classes else "", 1.0).clone()
            nearby = torch.lerp(codes, generator.spread(other), NEARBY)
            with torch.no_grad():
                kept = before(nearby, noise)
            loss = likeness(generator(codes, noise)) + F.mse_loss(generator(nearby, noise), kept)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        return generator


def _taken_on_white(photo: Image) -> tuple[str, ...]:
    opaque = photo.alpha is None or photo.alpha.min() == np.iinfo(photo.alpha.dtype).max
    return () if opaque else ("what is transparent was taken as white",)


class Likeness:
    """How unlike a photo something drawn is: by VGG19 and pixels, or by pixels alone."""

    def __init__(self, wanted: Tensor, vgg: VGG19Features | None) -> None:
        self.wanted, self.vgg = wanted, vgg
        self.seen = vgg(wanted) if vgg is not None else []

    def __call__(self, drawn: Tensor) -> Tensor:
        """The loss, a scalar."""
        # At several sizes: what is a little out of place is not wholly wrong.
        pairs = [(drawn, self.wanted)]
        while pairs[-1][0].shape[2] > 8:
            pairs.append((F.avg_pool2d(pairs[-1][0], 2), F.avg_pool2d(pairs[-1][1], 2)))
        pixels = torch.stack([F.l1_loss(*pair) for pair in pairs]).mean()
        if self.vgg is None:
            return pixels
        return losses.perceptual(self.vgg(drawn), self.seen) + PIXEL_WEIGHT * pixels

    def told(self, drawn: np.ndarray) -> str:
        """How like the photo what was drawn at last is."""
        again = _tensor(drawn[None]).to(self.wanted)
        words = [f"PSNR {metrics.psnr(again, self.wanted, peak=1):.1f} dB"]
        if self.vgg is not None:
            with torch.inference_mode():
                words.insert(0, f"PD {float(losses.perceptual(self.vgg(again), self.seen)):.3f}")
        return f"drawn again at {', '.join(words)}"


def _warm(step: int, steps: int) -> float:
    """Share of the rate: up within the first twentieth, down along a cosine."""
    return min(1.0, (step + 1) / (0.05 * steps)) * 0.5 * (1 + math.cos(math.pi * step / steps))


def _tensor(pictures: np.ndarray) -> Tensor:
    """uint8 `(N, S, S, 3)` to float32 `(N, 3, S, S)` in [0, 1]."""
    return torch.tensor(pictures).permute(0, 3, 1, 2).float() / 255


def _saved(generator: Generator, path: Path) -> Model:
    """Write a generator of one's own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = asdict(generator.options)
    weights.save(generator, path, task="generate", options=options, exact=True)
    return find_model(None, str(path))
