"""Principal components of pictures: what noise stands for, and what drawing begins with.

A generator that begins with a constant has to learn where things are from styles alone, which takes
it far longer than all the rest. Principal components of small pictures are codes that say so from
the first step (the eigenfaces of Turk and Pentland 1991), and any picture's own are known, so that
a generator can be taught to draw it again (GLO, Bojanowski et al. 2018).
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Variance, as a share of the largest, under which a component is taken for none.
NOTHING = 1e-6


class Principal(nn.Module):
    """Codes that are principal components, and how those of each class are spread.

    A class is a Gaussian among the codes: noise becomes codes of it.

    Args:
        latent: numbers in a code. Those past the components that pictures have say nothing.
        side: of the pictures that components are of, in pixels.
        classes: how many; 1 for pictures of one kind.

    Attributes:
        mean: `(3 x side x side,)`, the mean picture.
        basis: `(latent, 3 x side x side)`, what a code adds to it; over all pictures the numbers
            of a code have a variance of 1.
        centers: `(classes, latent)`, the mean code of each class.
        spreads: `(classes, latent, latent)`, by whose columns codes of a class differ.
    """

    mean: Tensor
    basis: Tensor
    centers: Tensor
    spreads: Tensor

    def __init__(self, latent: int, side: int, classes: int = 1) -> None:
        super().__init__()
        self.side, numbers = side, 3 * side * side
        self.register_buffer("mean", torch.zeros(numbers))
        self.register_buffer("basis", torch.zeros(latent, numbers))
        self.register_buffer("centers", torch.zeros(classes, latent))
        self.register_buffer("spreads", torch.eye(latent).repeat(classes, 1, 1))

    @property
    def fitted(self) -> bool:
        """Whether there is anything to begin with."""
        return bool(self.basis.any())

    def fit(self, pictures: Tensor, labels: Tensor | None = None) -> None:
        """Find the components of pictures `(N, 3, S, S)` in [0, 1], and where classes are."""
        small = self._small(pictures)
        self.mean.copy_(small.mean(dim=0))
        apart = small - self.mean
        deviations, directions = _components(apart, len(self.basis))
        self.basis.zero_()
        self.basis[: len(directions)] = deviations[:, None] * directions
        if labels is not None:
            codes = self.encode(pictures)
            for label in range(len(self.centers)):
                self._fit_class(label, codes[labels == label])

    def _fit_class(self, label: int, codes: Tensor) -> None:
        self.centers[label] = codes.mean(dim=0)
        deviations, directions = _components(codes - self.centers[label], codes.shape[1])
        self.spreads[label].zero_()
        self.spreads[label, :, : len(directions)] = (deviations[:, None] * directions).T

    def forward(self, codes: Tensor) -> Tensor:
        """The pictures that codes `(N, latent)` begin with: `(N, 3, side, side)`."""
        return (self.mean + codes @ self.basis).view(-1, 3, self.side, self.side)

    def codes(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Codes `(N, latent)` of noise `(N, latent)` of variance 1.

        They are codes of pictures: what is brighter than white or darker than black in what noise
        would stand for is not, and codes without it lie where those of real pictures do.
        """
        codes = noise
        if labels is not None:
            spreads = self.spreads[labels]
            codes = self.centers[labels] + (spreads @ noise[:, :, None])[:, :, 0]
        return self.encode(self(codes).clamp(0, 1))

    def noise(self, pictures: Tensor, labels: Tensor | None = None) -> Tensor:
        """The noise `(N, latent)` that pictures `(N, 3, S, S)` in [0, 1] stand for.

        Of components that there are none of, it is chance.
        """
        codes = self.encode(pictures)
        variances = self.basis.any(dim=1).to(codes).expand_as(codes)
        if labels is not None:
            spreads = self.spreads[labels]
            variances = spreads.square().sum(dim=1)
            codes = ((codes - self.centers[labels])[:, None] @ spreads)[:, 0]
            codes = codes / variances.clamp(min=1e-12)
        return torch.where(variances > 0, codes, torch.randn_like(codes))

    def encode(self, pictures: Tensor) -> Tensor:
        """The codes `(N, latent)` of pictures `(N, 3, S, S)` in [0, 1]."""
        apart = self._small(pictures) - self.mean
        variances = self.basis.square().sum(dim=1)
        result: Tensor = apart @ self.basis.T / variances.clamp(min=1e-12)
        return result

    def _small(self, pictures: Tensor) -> Tensor:
        return resized(pictures.float(), self.side).flatten(1)


def resized(pictures: Tensor, side: int) -> Tensor:
    """Pictures `(N, C, S, S)` at another size: averaged, or interpolated."""
    if pictures.shape[-1] == side:
        return pictures
    if pictures.shape[-1] > side:
        return F.interpolate(pictures, size=(side, side), mode="area")
    return F.interpolate(pictures, size=(side, side), mode="bilinear", align_corners=False)


def _components(apart: Tensor, most: int) -> Sequence[Tensor]:
    """Deviations `(M,)` and unit directions `(M, D)` of rows `(N, D)` of mean 0, largest first."""
    _, deviations, directions = torch.linalg.svd(apart.double(), full_matrices=False)
    deviations = deviations[:most] / max(1, len(apart) - 1) ** 0.5
    told = deviations.square() > NOTHING * deviations[0].square()
    return deviations[told].float(), directions[:most][told].float()
