"""Directions in the space of codes: along each of them one thing of a picture changes."""

from collections.abc import Mapping
from functools import cached_property

import torch
from torch import Tensor

from ganedit.errors import UsageError
from ganedit.tasks.generate.models import Model, direction_names, nearest_name
from ganedit.tasks.generate.network import Generator, Styled

# Codes by which the spread along a direction is known.
CODES = 2048


def factorised(generator: Generator, count: int) -> Tensor:
    """Unit directions `(count, latent)` that move styles most (SeFa, Shen and Zhou 2021).

    In closed form, without pictures: the eigenvectors of what styles are made by, in float64 so
    that they are the same on every machine.
    """
    layers = [each for each in generator.modules() if isinstance(each, Styled)]
    rows = torch.cat([layer.style.weight.detach().double().cpu() for layer in layers])
    rows = rows / rows.norm(dim=1, keepdim=True)
    _, vectors = torch.linalg.eigh(rows.T @ rows)
    found = vectors.T.flip(0)[:count]
    # An eigenvector may point either way: the largest of its numbers is made positive.
    largest = found.gather(1, found.abs().argmax(dim=1, keepdim=True))
    result: Tensor = (found * largest.sign()).float()
    return result


class Directions:
    """Those of one generator: the ones that were given names, and those found without labels."""

    def __init__(self, generator: Generator, model: Model) -> None:
        self.generator, self.model = generator, model

    @property
    def names(self) -> list[str]:
        """Of all there are."""
        return direction_names(self.generator.options)

    def shift(self, amounts: Mapping[str, float]) -> Tensor:
        """What is added to a code, `(latent,)` float32 on the CPU.

        Args:
            amounts: how far, by name, in steps that are meant to go from -3 to 3.

        Raises:
            UsageError: there is no direction of a name.
        """
        total = torch.zeros(self.generator.options.latent)
        for name, amount in amounts.items():
            if name not in self.names:
                raise UsageError(
                    f"--direction {name}: {self.model.name} has none of that name"
                    f"{nearest_name(name, self.names)}"
                )
            total += amount * self._every[self.names.index(name)]
        return total

    @cached_property
    def _every(self) -> Tensor:
        """What one step along each is, `(N, latent)` in the order of their names.

        Named ones are as long as they were learned; the others a standard deviation of codes.
        """
        named = len(self.generator.options.directions)
        found = factorised(self.generator, len(self.names) - named)
        spread = (self._codes @ found.T).std(dim=0)
        return torch.cat([self.generator.directions.float().cpu(), found * spread[:, None]])

    @cached_property
    def _codes(self) -> Tensor:
        """Codes of many pictures `(CODES, latent)`, each as far from the mean of its class."""
        options, source = self.generator.options, torch.Generator().manual_seed(0)
        parameter = self.generator.constant
        noise = torch.randn(CODES, options.latent, generator=source).to(parameter)
        labels = None
        if options.classes:
            labels = torch.arange(CODES, device=parameter.device) % len(options.classes)
        with torch.inference_mode():
            codes = self.generator.codes(noise, labels)
            center = self.generator.truncated(codes, labels, 0.0)
        return (codes - center).float().cpu()
