"""What noise each of a set's own pictures is drawn of, before there is a generator.

A generator that is taught to draw the pictures of a set again leaves none out (GLO, Bojanowski et
al. 2018), if all noise is spoken for: noise of pictures has to be spread as noise that is drawn
from (Bojanowski and Joulin 2017, "Unsupervised learning by predicting noise"), and near noise has
to be of pictures that are alike.
"""

import torch
from torch import Tensor

# Side of what pictures are compared by, and principal components of it that noise stands for.
SIDE, COMPONENTS = 16, 96
# Directions sets are made Gaussian along, one set after the other.
ROUNDS = 8
# Variance, as a share of the largest, under which a component is taken for none.
NOTHING = 1e-6


def noise_of(pictures: Tensor, labels: Tensor, latent: int) -> Tensor:
    """Noise `(N, latent)` of pictures `(N, 3, S, S)` in [0, 1] whose classes are `(N,)`.

    Principal components of each class by itself, made Gaussian (rotation-based iterative
    Gaussianization, Laparra et al. 2011): what is rare, as a vivid colour, is as rare in noise.
    Noise past them is chance, the same at each call.
    """
    chance = torch.Generator().manual_seed(0)
    noise = torch.randn(len(pictures), latent, generator=chance)
    for label in range(int(labels.max()) + 1):
        own = labels == label
        found = gaussian(components(pictures[own].flatten(1), min(latent, COMPONENTS)), chance)
        noise[own, : found.shape[1]] = found
    return noise


def components(rows: Tensor, most: int) -> Tensor:
    """Principal components `(N, M)` of rows `(N, D)`, the largest first, of variance 1."""
    apart = rows.double() - rows.double().mean(dim=0)
    codes, deviations, _ = torch.linalg.svd(apart, full_matrices=False)
    told = deviations.square() > NOTHING * deviations[0].square()
    result: Tensor = codes[:, told][:, :most].float() * len(rows) ** 0.5
    return result


def gaussian(codes: Tensor, chance: torch.Generator) -> Tensor:
    """Codes `(N, M)`, moved as little as it takes that they are normal in all directions."""
    turned = torch.eye(codes.shape[1])
    for _ in range(ROUNDS):
        codes = normal(codes @ turned) @ turned.T
        turned, _ = torch.linalg.qr(torch.randn(codes.shape[1], codes.shape[1], generator=chance))
    return normal(codes)


def normal(codes: Tensor) -> Tensor:
    """Each column of `(N, M)` by rank: what a normal draw of that many would be."""
    ranks = codes.argsort(dim=0).argsort(dim=0).to(codes)
    result: Tensor = torch.special.ndtri((ranks + 0.5) / len(codes))
    return result
