"""Pictures drawn again from codes of their own, so that no kind of picture is left out."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses

# Side of the thumbnails that codes are read of, and pictures that components are found in.
SIDE, SAMPLES = 32, 4096
# How far codes are varied, as a share of the noise that others are drawn from.
VARIED = 0.3
# Of squared errors of pixels beside distances of features.
PIXEL_WEIGHT = 4.0


class PrincipalCodes(nn.Module):
    """The noise that pictures stand for: their principal components, of variance 1 each.

    As generative latent optimisation begins with (GLO, Bojanowski et al. 2018), and held: what a
    number of the noise means is known before a generator draws anything, and noise that is drawn
    at random is such as pictures have. An encoder that learns along (VAE-GAN) means something else
    with each step. Components past those that the pictures have, and what noise varies, are chance.

    Args:
        latent: numbers of the noise.

    Attributes:
        mean: `(3 x side x side,)` of the thumbnails.
        components: `(latent, 3 x side x side)`, which thumbnails are multiplied by.
    """

    mean: Tensor
    components: Tensor

    def __init__(self, latent: int, side: int = SIDE) -> None:
        super().__init__()
        self.side, numbers = side, 3 * side * side
        self.register_buffer("mean", torch.zeros(numbers))
        self.register_buffer("components", torch.zeros(latent, numbers))

    def fit(self, pictures: Tensor) -> None:
        """Find the components of pictures `(N, 3, S, S)` in [0, 1]."""
        thumbnails = self._thumbnails(pictures)
        self.mean.copy_(thumbnails.mean(dim=0))
        apart = thumbnails - self.mean
        latent = len(self.components)
        found = min(latent, len(apart) - 1, apart.shape[1])
        _, deviations, directions = torch.linalg.svd(apart, full_matrices=False)
        variances = deviations[:found].square() / (len(apart) - 1)
        told = variances > 1e-6 * variances[0]
        scale = torch.where(told, (variances + 1e-12).rsqrt(), 0)
        self.components.zero_()
        self.components[:found] = scale[:, None] * directions[:found]

    def forward(self, pictures: Tensor) -> Tensor:
        """Noise `(N, latent)` of pictures `(N, 3, S, S)` in [0, 1], varied a little each time."""
        codes = (self._thumbnails(pictures) - self.mean) @ self.components.mT
        share = torch.where(self.components.any(dim=1), VARIED, 1.0)
        return codes * (1 - share**2).sqrt() + share * torch.randn_like(codes)

    def _thumbnails(self, pictures: Tensor) -> Tensor:
        small = F.interpolate(pictures.float(), size=(self.side, self.side), mode="area")
        return small.flatten(1)


def missed(again: dict[str, Tensor], real: dict[str, Tensor], pixels: str) -> Tensor:
    """How unlike the pictures pictures drawn again are: in features, and in pixels.

    Args:
        again: maps `(N, C, H, W)` of them by name, augmented alike in both.
        real: of the pictures.
        pixels: name of the map that is the picture itself.
    """
    layers = [name for name in again if name != pixels]
    result = torch.zeros((), device=again[pixels].device)
    if pixels in again:
        # Squared: the mean absolute error of small things on white is least where there are none.
        result = PIXEL_WEIGHT * F.mse_loss(again[pixels], real[pixels])
    if layers:
        seen = ([each[name] for name in layers] for each in (again, real))
        result = result + losses.perceptual(*seen)
    return result
