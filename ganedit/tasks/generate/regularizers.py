"""What keeps generators and critics in order, each with what it has to remember."""

import math

import torch
from torch import Tensor, nn

from ganedit.tasks.generate.network import Generator

# Generator steps between path lengths, which are weighed up by as much.
PATH_EVERY = 8
# Share of each batch in the running mean of path lengths.
PATH_RATE = 0.01
# Share of real pictures that a critic may be sure of, less that of which it is wrong; and real
# pictures seen until augmentation has gone from none to all.
TARGET, REACTION = 0.6, 50_000
# Share to which augmentation goes at most: where nearly all that critics see is recoloured, a
# generator draws pictures whose own colours and contrast are those of recoloured ones.
MOST = 0.6


class PathLength(nn.Module):
    """Path length regularisation (StyleGAN2, Karras et al. 2020).

    Steps of the same length in the space of codes are to change pictures by about as much,
    wherever and in whatever direction.
    """

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, generator: Generator, codes: Tensor, noise: list[Tensor]) -> Tensor:
        """How unequal path lengths are; in float32, since it is differentiated twice.

        Args:
            generator: draws `(N, 3, S, S)`.
            codes: `(N, layers, latent)`, with gradients to the mapping network.
            noise: of the layers.
        """
        with torch.autocast(codes.device.type, enabled=False):
            pictures = generator(codes.float(), noise)
            directions = torch.randn_like(pictures) / pictures.shape[-1]
            (slope,) = torch.autograd.grad((pictures * directions).sum(), codes, create_graph=True)
            lengths = slope.square().sum(dim=2).mean(dim=1).add(1e-12).sqrt()
            with torch.no_grad():
                first = self.mean == 0
                self.mean.copy_(torch.where(first, lengths.mean(), self.mean.lerp(
                    lengths.mean(), PATH_RATE)))  # fmt: skip
            result: Tensor = (lengths - self.mean).square().mean()
        return result


class Adaptive(nn.Module):
    """How much is augmented: the more, the surer critics are of real pictures (ADA, Karras 2020).

    Attributes:
        share: of the pictures to which each kind of change is done, in [0, `MOST`].
    """

    share: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("share", torch.zeros(()))

    @torch.no_grad()
    def follow(self, scores: Tensor, middle: float) -> None:
        """Take in scores of real pictures; `middle` is that of which a critic is unsure."""
        sure = (scores.float() - middle).sign().mean()
        step = len(scores) / REACTION
        self.share.add_((sure - TARGET).sign() * step).clamp_(0, MOST)


def half(count: int) -> int:
    """Pictures of a batch that path lengths are of, or that are drawn again."""
    return max(1, math.ceil(count / 2))
