"""What noise a set's own pictures are drawn of, before there is a generator that drew them.

A generator that is taught to draw the pictures of a set again leaves none out (GLO, Bojanowski et
al. 2018). The noise has to say what is in a picture, down to what makes it look as it does: what
it does not say, critics would have drawn alike in all pictures. And it has to be spread as noise
that is drawn from, or what is drawn lies where nothing was learned.
"""

import torch
from torch import Tensor, nn

from ganedit.tasks.generate.strided import Strided

# Numbers of noise that are of a picture, all others being chance, and nats that each of them tells
# of it: more, and noise of pictures is not spread as noise that is drawn from.
NUMBERS, NATS = 64, 1.25
HIDDEN, WIDTH = 256, 32
# Bounds of the logarithm of deviations: half a picture is not to hang on the sixth digit.
SHARPEST, VAGUEST = -5.0, 1.0


class Posterior(nn.Module):
    """Mean and spread of the noise that a picture could have been drawn of.

    As in a variational autoencoder (Kingma and Welling 2014), whose decoder the generator is.

    Args:
        size: side of the pictures.
        classes: how many there are; noise need not say which.
        latent: length of the noise.
    """

    def __init__(self, size: int, classes: int, latent: int) -> None:
        super().__init__()
        self.classes, numbers = classes, min(NUMBERS, latent)
        self.body = Strided(size, WIDTH, HIDDEN)
        self.head = nn.Linear(HIDDEN + classes, 2 * numbers)

    def forward(self, pictures: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Of `(N, 3, S, S)` in [0, 1], labels `(N,)`: mean and log deviation, `(N, M)`."""
        seen = self.body(pictures)
        if self.classes:
            assert labels is not None
            seen = torch.cat([seen, nn.functional.one_hot(labels, self.classes).to(seen)], dim=1)
        mean, log_deviation = self.head(seen).float().chunk(2, dim=1)
        return mean, log_deviation.clamp(SHARPEST, VAGUEST)


def drawn_from(mean: Tensor, log_deviation: Tensor, latent: int) -> Tensor:
    """Noise `(N, latent)` of pictures: a draw of what is of them, and chance."""
    found = mean + log_deviation.exp() * torch.randn_like(mean)
    chance = torch.randn(len(mean), latent, device=mean.device)
    return torch.cat([found, chance[:, found.shape[1] :]], dim=1)


def told_too_much(mean: Tensor, log_deviation: Tensor) -> Tensor:
    """By how many nats the noise of pictures tells more, or less, of them than it may.

    The divergence from noise that is drawn from, held at a capacity (Burgess et al. 2018).
    """
    variance = (2 * log_deviation).exp()
    divergence = 0.5 * (mean.square() + variance - 1) - log_deviation
    return (divergence.sum(dim=1).mean() - NATS * mean.shape[1]).abs()
