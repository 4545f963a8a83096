"""What noise each of a set's own pictures is drawn of, before there is a generator.

A generator that is taught to draw the pictures of a set again leaves none out (GLO, Bojanowski et
al. 2018), if all noise is spoken for: noise of pictures has to be spread as noise that is drawn
from (Bojanowski and Joulin 2017, "Unsupervised learning by predicting noise"), and near noise has
to be of pictures that are alike.
"""

import torch
from torch import Tensor

# Side of what pictures are compared by, and principal components of it that noise stands for: with
# more of them all noise that is drawn lies far from that of any picture.
SIDE, COMPONENTS = 16, 32
# Directions sets are made Gaussian along, one set after the other.
ROUNDS = 8
# Variance, as a share of the largest, under which a component is taken for none.
NOTHING = 1e-6


def noise_of(pictures: Tensor, labels: Tensor, latent: int) -> Tensor:
    """Noise `(N, M)` of pictures `(N, 3, S, S)` in [0, 1] whose classes are `(N,)`, M to `latent`.

    Principal components of each class by itself, made Gaussian (rotation-based iterative
    Gaussianization, Laparra et al. 2011): what is rare, as a vivid colour, is as rare in noise.
    What is left of noise is chance: it decides what small pictures do not show.
    """
    chance = torch.Generator().manual_seed(0)
    rows = [pictures[labels == label].flatten(1) for label in range(int(labels.max()) + 1)]
    found = [gaussian(components(each, min(latent, COMPONENTS)), chance) for each in rows]
    noise = torch.empty(len(pictures), min(each.shape[1] for each in found))
    for label, each in enumerate(found):
        noise[labels == label] = each[:, : noise.shape[1]]
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
