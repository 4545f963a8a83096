"""Walks through the space of codes: frames between the pictures of some seeds."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.errors import UsageError
from ganedit.image import Image
from ganedit.runtime import Runtime
from ganedit.task import Enlarge, Progress
from ganedit.tasks.generate.drawing import Painter
from ganedit.tasks.generate.found_codes import packed
from ganedit.tasks.generate.latent_options import WalkOptions
from ganedit.tasks.generate.recipes import Recipe, model_that_drew, read_recipe
from ganedit.tasks.generate.wishes import split_of, walked_model


class Walking:
    """Draws the frames of a walk.

    Args:
        options: from where to where, and how long.
        runtime: device and precision.
        enlarge: brings frames to another size than the generator's.

    Raises:
        UsageError: an unknown model or class, or a picture that the model did not draw.
        WeightsError: weights are missing, altered or of another task.
    """

    def __init__(self, options: WalkOptions, runtime: Runtime, enlarge: Enlarge) -> None:
        self.options, self.enlarge = options, enlarge
        self.painter = Painter(walked_model(options), runtime)
        recipes = [self._recipe(station) for station in options.stations]
        self.first = recipes[0]
        if options.straight:
            self.places = [self.painter.codes(recipe) for recipe in recipes]
        else:
            self.places = [self.painter.draws(recipe.seed)[0] for recipe in recipes]
        self.held = self._held()
        self._codes(0.0)  # a class that is unknown is told before the first frame

    def apply(self, variant: str, progress: Progress) -> Image:
        """Draw the frame of that number; it carries its codes as an inverted photo does."""
        # The noise of the layers is that of the first picture all the way: else hair would flicker.
        options = self.options
        legs = len(self.places) - 1
        # A loop has its first frame once: what follows its last one.
        steps = options.frames if options.loop else max(1, options.frames - 1)
        found = packed(self._codes(int(variant) / steps * legs))
        recipe = replace(self.first, found=found, code="", fine="", directions="")
        frame = self.painter.picture(
            replace(recipe, size=options.size or self.painter.model.network.size), self.enlarge
        )
        progress(1.0)
        return frame

    def _recipe(self, station: int | Path) -> Recipe:
        """What a seed or a picture is drawn from."""
        model, options = self.painter.model, self.options
        if isinstance(station, int):
            first = next((each for each in options.stations if isinstance(each, int)), 0)
            kind = options.class_ or model.class_in_turn(first)
            return Recipe.of(model, station, options.truncation, kind)
        recipe, _ = read_recipe(station)
        drawn_by = model_that_drew(recipe, options.weights)
        if drawn_by.fingerprint != model.fingerprint:
            raise UsageError(f"{station}: drawn by {drawn_by.name}, not by {model.name}")
        return recipe.by(model)

    def _held(self) -> tuple[slice, Tensor] | None:
        """The layers that stay those of one seed all the way, and their codes."""
        options = self.options
        if options.fine is None and options.coarse is None:
            return None
        split = split_of(self.painter.model, options.split)
        seed, layers = (
            (options.fine, slice(split, None))
            if options.fine is not None
            else (options.coarse, slice(split))
        )
        assert seed is not None
        recipe = self._recipe(seed)
        # An inverted photo is of no class.
        kind = self.first.class_ or recipe.class_
        codes = self.painter.codes(replace(recipe, class_=kind))
        return layers, codes[:, layers]

    def _codes(self, place: float) -> Tensor:
        """The codes so many legs along the way, `(1, layers, latent)`."""
        legs = list(pairwise(self.places))
        leg = min(int(place), len(legs) - 1)
        start, end = legs[leg]
        if self.options.straight:
            codes = torch.lerp(start, end, place - leg)
        else:
            noise = spherical(start, end, place - leg)
            code = self.painter.code(noise, self.first.class_, self.options.truncation)
            codes = self.painter.generator.spread(code)
        if self.held is not None:
            layers, held = self.held
            codes = codes.clone()
            codes[:, layers] = held
        return codes


def spherical(start: Tensor, end: Tensor, share: float) -> Tensor:
    """From one vector `(N, D)` to another at even speed (Shoemake 1985).

    Along the arc: halfway on the chord a code would be shorter than those that the network knows.
    Lengths go from the one to the other: a shallow mapping network reads noise as it is.
    """
    angle = torch.acos(torch.cosine_similarity(start, end, dim=1).clamp(-1, 1))[:, None]
    if angle.min() < 1e-4:
        return torch.lerp(start, end, share)
    way = torch.sin((1 - share) * angle) * F.normalize(start, dim=1)
    way = way + torch.sin(share * angle) * F.normalize(end, dim=1)
    lengths = [vector.norm(dim=1, keepdim=True) for vector in (start, end)]
    return way / torch.sin(angle) * torch.lerp(lengths[0], lengths[1], share)
