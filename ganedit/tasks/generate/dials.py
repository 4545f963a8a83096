"""Codes that a generator learns to give a meaning (InfoGAN, Chen et al. 2016), as dials.

The first numbers of the noise stand for them, so that a seed says where every dial is: of a
categorical dial the largest of its numbers decides, a continuous one is a number's place in the
normal distribution, from -1 to 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ganedit.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

# What a dial's number is set to, so that it is the largest.
CHOSEN = 10.0


@dataclass(frozen=True)
class Dial:
    """One of them.

    Attributes:
        name: that it is turned by.
        start: place of its first number in the noise.
        choices: of a categorical dial; 1 for a continuous one.
    """

    name: str
    start: int
    choices: int

    @property
    def end(self) -> int:
        """Place behind its last number."""
        return self.start + self.choices

    def read(self, noise: "Tensor") -> "Tensor":
        """Its values `(N, choices)`: zeros and a one, or one number in [-1, 1]."""
        from torch.nn.functional import one_hot

        numbers = noise[:, self.start : self.end]
        if self.choices == 1:
            return (numbers / math.sqrt(2)).erf()
        return one_hot(numbers.argmax(dim=1), self.choices).to(noise.dtype)

    def signal(self, noise: "Tensor") -> "Tensor":
        """Its values of mean 0 and variance 1, `(N, choices)`: as loud as noise."""
        values = self.read(noise)
        if self.choices == 1:
            return values * math.sqrt(3)
        return (values * self.choices - 1) / math.sqrt(self.choices - 1)

    def set(self, noise: "Tensor", value: float) -> None:
        """Turn it, in place: to a choice from 0 on, or to a place in [-1, 1].

        Raises:
            UsageError: it cannot be turned there.
        """
        import torch

        if self.choices == 1:
            if not -1 <= value <= 1:
                raise UsageError(f"--direction {self.name}={value:g}: turn it from -1 to 1")
            bounded = torch.tensor(value).clamp(-0.999, 0.999)
            noise[:, self.start] = torch.erfinv(bounded) * math.sqrt(2)
            return
        if value != int(value) or not 0 <= value < self.choices:
            raise UsageError(
                f"--direction {self.name}={value:g}: choose a whole number from 0 to "
                f"{self.choices - 1}"
            )
        noise[:, self.start : self.end] = 0
        noise[:, self.start + int(value)] = CHOSEN


def dials_of(codes: str) -> Sequence[Dial]:
    """The dials of `3x10,2`: three of ten choices each, and two continuous ones.

    Raises:
        UsageError: not written like that.
    """
    counts: list[int] = []
    for part in filter(None, codes.split(",")):
        several, cross, choices = part.strip().partition("x")
        choices = choices if cross else "1"
        if not (several.isdecimal() and choices.isdecimal()) or (cross and int(choices) < 2):
            raise UsageError(
                f"--codes {codes}: write it like 3x10,2, for three dials of ten choices and two "
                "continuous ones"
            )
        counts += [int(choices)] * int(several)
    ends = [sum(counts[: number + 1]) for number in range(len(counts))]
    return [
        Dial(f"code{number}", end - choices, choices)
        for number, (choices, end) in enumerate(zip(counts, ends, strict=True), start=1)
    ]
