"""Directions in the space of codes: along each of them one thing of a picture changes."""

from collections.abc import Mapping
from functools import cached_property

import torch
from torch import Tensor

from ganedit.errors import UsageError
from ganedit.tasks.generate.models import Model, direction_names, found_names, nearest_name
from ganedit.tasks.generate.network import Generator

# Codes by which the spread along a direction is known.
CODES = 4096


def factorised(generator: Generator, count: int) -> Tensor:
    """Unit directions `(count, latent)` that move styles most (SeFa, Shen and Zhou 2021).

    In closed form, without pictures: the eigenvectors of what codes are multiplied by first, in
    float64 so that they are the same on every machine.
    """
    rows = generator.first_weights().detach().double().cpu()
    rows = rows / rows.norm(dim=1, keepdim=True)
    return _largest(rows.T @ rows, count)


def principal(codes: Tensor, count: int) -> Tensor:
    """Unit directions `(count, latent)` in which codes vary most (GANSpace, Härkönen et al. 2020).

    Args:
        codes: `(N, latent)` of many pictures, their mean at 0.
        count: how many.
    """
    codes = codes.double()
    return _largest(codes.T @ codes, count)


def _largest(symmetric: Tensor, count: int) -> Tensor:
    """Eigenvectors of the largest eigenvalues, float32, the largest number of each positive."""
    _, vectors = torch.linalg.eigh(symmetric)
    found = vectors.T.flip(0)[:count]
    # An eigenvector may point either way.
    largest = found.gather(1, found.abs().argmax(dim=1, keepdim=True))
    result: Tensor = (found * largest.sign()).float()
    return result


class Directions:
    """Those of one generator: the ones that were given names, and those found without labels.

    Args:
        generator: as its file has it, float32 on the CPU.
        model: its facts.
    """

    def __init__(self, generator: Generator, model: Model) -> None:
        self.generator, self.model = generator, model

    def shift(self, amounts: Mapping[str, float]) -> Tensor:
        """What is added to a code, `(latent,)` float32.

        Args:
            amounts: how far, by name, in steps that are meant to go from -3 to 3. Dials are left
                to who makes codes of noise.

        Raises:
            UsageError: there is no direction of a name.
        """
        total = torch.zeros(self.generator.options.latent)
        known, dials = direction_names(self.generator.options), self.generator.dials
        for name, amount in amounts.items():
            if name not in known:
                raise UsageError(
                    f"--direction {name}: {self.model.name} has none of that name"
                    f"{nearest_name(name, known)}"
                )
            if name not in [dial.name for dial in dials]:
                total += amount * self._steps[name]
        return total

    @cached_property
    def _steps(self) -> dict[str, Tensor]:
        """What one step along each is, `(latent,)`.

        Named ones are as long as they were learned; the others a standard deviation of codes.
        """
        options, codes = self.generator.options, self._codes
        steps = dict(zip(options.directions, self.generator.directions, strict=True))
        names = found_names(options)
        for names_of_kind, units in (
            (names["sefa"], factorised(self.generator, len(names["sefa"]))),
            (names["ganspace"], principal(codes, len(names["ganspace"]))),
        ):
            spread = (codes @ units.T).std(dim=0)
            steps |= dict(zip(names_of_kind, units * spread[:, None], strict=True))
        return steps

    @cached_property
    def _codes(self) -> Tensor:
        """Codes of many pictures `(CODES, latent)`, each as far from the mean of its class."""
        options, source = self.generator.options, torch.Generator().manual_seed(0)
        noise = torch.randn(CODES, options.latent, generator=source)
        labels = None
        if options.classes:
            labels = torch.arange(CODES) % len(options.classes)
        with torch.inference_mode():
            codes = self.generator.codes(noise, labels)
            for label in range(max(1, len(options.classes))):
                own = slice(None) if labels is None else labels == label
                codes[own] -= codes[own].mean(dim=0)
        return codes
