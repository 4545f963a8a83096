"""A generator in Python: pictures from seeds, walks between them, photos of one's own."""

from collections.abc import Iterator, Mapping, Sequence
from numbers import Integral
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from torch import Tensor

from ganedit import runtime
from ganedit.app.api import Picture, as_image
from ganedit.errors import UsageError
from ganedit.image import Image
from ganedit.runs.work import enlarger
from ganedit.tasks.generate.arithmetic import directions_as_text
from ganedit.tasks.generate.drawing import Painter
from ganedit.tasks.generate.inversion import Inverting
from ganedit.tasks.generate.invert_options import InvertOptions
from ganedit.tasks.generate.latent_options import WalkOptions
from ganedit.tasks.generate.models import direction_names, find_model
from ganedit.tasks.generate.options import GenerateOptions
from ganedit.tasks.generate.recipes import Recipe, model_that_drew, recipe_in
from ganedit.tasks.generate.walking import Walking
from ganedit.tasks.generate.wishes import farther

NO_DIRECTIONS: Mapping[str, float] = MappingProxyType({})


class Generator:
    """A loaded generator.

    Example::

        faces = ganedit.Generator(weights="runs/faces")
        faces(seed=3).save("3.png")
        me = faces.invert("photo.jpg")
        faces.vary(me, {"smile": 2}).save("smiling.png")
        frames = list(faces.walk([3, 8, 21], frames=90, loop=True))

    Args:
        model: its name; see `ganedit models`.
        weights: of one's own instead, a file or a run.
        device: as on the command line.
        precision: likewise.

    Raises:
        GaneditError: there is no such generator, or it cannot be loaded.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        weights: str | None = None,
        device: str = "auto",
        precision: str = "auto",
    ) -> None:
        self._own = None if weights is None else str(weights)
        self._runtime = runtime.choose(device, precision)
        self._painter = Painter(find_model(model, self._own), self._runtime)
        self._name = model

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that it draws; none where it knows none."""
        return self._painter.model.network.classes

    @property
    def directions(self) -> list[str]:
        """Names of the directions and dials along which pictures can be varied."""
        return direction_names(self._painter.model.network)

    def __call__(
        self,
        seed: int = 0,
        *,
        truncation: float = 0.7,
        class_: str | None = None,
        directions: Mapping[str, float] = NO_DIRECTIONS,
    ) -> Image:
        """Draw a picture, which carries its recipe.

        Args:
            seed: of code and noise; the same seed is the same picture.
            truncation: 1 draws all that was learned; the nearer to 0, the more usual.
            class_: of which class; without it each seed has the next one.
            directions: how far along which.

        Raises:
            UsageError: an unknown class or direction.
        """
        GenerateOptions(seed=seed, truncation=truncation)  # which says what is out of bounds
        seed = int(seed)  # of NumPy too
        model = self._painter.model
        kind = class_ or model.class_in_turn(seed)
        recipe = Recipe.of(model, seed, truncation, kind, directions_as_text(directions))
        return self._painter.picture(recipe, enlarger(self._runtime))

    def tensor(
        self,
        seeds: Sequence[int],
        *,
        truncation: float = 0.7,
        class_: str | None = None,
        directions: Mapping[str, float] = NO_DIRECTIONS,
    ) -> Tensor:
        """Pictures of seeds as a float32 tensor `(N, 3, S, S)` in [0, 1]; else as a call of it."""
        import torch

        drawn = [
            self(seed, truncation=truncation, class_=class_, directions=directions).samples
            for seed in seeds
        ]
        return torch.from_numpy(np.stack(drawn)).permute(0, 3, 1, 2).float() / 255

    def vary(self, picture: Picture | int, directions: Mapping[str, float]) -> Image:
        """A picture that it drew or inverted, or that of a seed, farther along directions.

        Dials are turned to where it is said, wherever they are.

        Raises:
            UsageError: it has no recipe, or is another generator's.
        """
        if isinstance(picture, int | Integral):
            return self(int(picture), directions=directions)
        recipe, _ = recipe_in(as_image(picture).metadata.xmp)
        model = self._painter.model
        if model_that_drew(recipe, self._own).fingerprint != model.fingerprint:
            raise UsageError(f"drawn by {recipe.model}, not by {model.name}")
        changed = farther(recipe, model, directions)
        return self._painter.picture(changed, enlarger(self._runtime))

    def walk(
        self, seeds: Sequence[int | str | Path] | str, *, frames: int | None = None, **options: Any
    ) -> Iterator[Image]:
        """The frames of a walk past the pictures of seeds.

        Args:
            seeds: two or more, files of pictures that it drew among them; or as text: `3,8,21`.
            frames: how many, instead of `seconds` and `rate`.
            options: as `ganedit walk` has them, by name: `loop`, `seconds`, `through`, `fine`.

        Raises:
            UsageError: no such way.
        """
        if frames is not None:
            options |= {"seconds": frames / 30, "rate": 30}
        text = seeds if isinstance(seeds, str) else ",".join(map(str, seeds))
        given = WalkOptions(seeds=text, model=self._name, weights=self._own, **options)
        walking = Walking(given, self._runtime, enlarger(self._runtime))
        return (walking.apply(str(number), lambda done: None) for number in range(given.frames))

    def invert(self, photo: Picture, **options: Any) -> Image:
        """A photo as it draws it, which carries its code; `notes` say how near it is.

        Args:
            photo: a picture of the generator's kind.
            options: as `ganedit invert` has them, by name: `steps`, `vgg`, `crop`, `encoder`.

        Raises:
            GaneditError: it is a picture of something else.
        """
        given = InvertOptions(model=self._name, weights=self._own, **options)
        inverting = Inverting(given, self._runtime, enlarger(self._runtime))
        return inverting.apply({"photo": (as_image(photo),)}, "", lambda done: None)
