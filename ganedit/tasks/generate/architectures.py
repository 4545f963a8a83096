"""The generators by their names, and how one is read from its weight file."""

from collections.abc import Callable

import torch

from ganedit import weights
from ganedit.tasks.generate.classic import DCGenerator, ResNetGenerator
from ganedit.tasks.generate.models import Model
from ganedit.tasks.generate.network import Generator
from ganedit.tasks.generate.options import NetworkOptions
from ganedit.tasks.generate.stylegan import StyleGenerator

ARCHITECTURES: dict[str, Callable[[NetworkOptions], Generator]] = {
    "stylegan": StyleGenerator,
    "resnet": ResNetGenerator,
    "dcgan": DCGenerator,
}


def new_generator(options: NetworkOptions) -> Generator:
    """An untrained generator."""
    return ARCHITECTURES[options.architecture](options)


def load_generator(model: Model) -> Generator:
    """The network of a weight file, as it is used.

    Raises:
        WeightsError: it cannot be read, or is of another version.
    """
    contents = model.contents()
    generator = weights.rebuild(_rebuilt, contents.options, contents.state, model.path)
    return generator.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def _rebuilt(**stored: object) -> Generator:
    return new_generator(NetworkOptions(**stored))  # type: ignore[arg-type]
