"""An encoder beside a generator while it trains, so that no kind of picture is left out."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses
from ganedit.nets.init import kaiming_
from ganedit.tasks.generate.encoder import Encoder
from ganedit.tasks.generate.invert_options import EncoderOptions
from ganedit.tasks.generate.network import SLOPE
from ganedit.tasks.generate.options import NetworkOptions

# Logarithm of a posterior's variance at first: codes have to tell pictures apart from the first
# step on, or a generator learns to do without them.
NARROW = -4.0
# Of how far posteriors are from noise, in nats a picture, beside how unlike it is drawn again:
# some fifty nats are spent, on what a face is like and not on its every hair.
DIVERGENCE_WEIGHT = 0.001
# Of squared errors of pixels beside distances of features.
PIXEL_WEIGHT = 4.0
# Share of each batch in the running mean of what is found.
CENTER_RATE = 0.1


class Posterior(nn.Module):
    """The noise that pictures may have been drawn from (VAE, Kingma and Welling 2014).

    `(N, 3, size, size)` in [0, 1] → noise `(N, latent)`, drawn anew each time, and how far what it
    is drawn from is from a standard normal distribution, in nats, `(N,)`.

    Attributes:
        center: `(latent,)`, the running mean of what is found, which is taken off: pictures that
            all lie to one side of the noise would leave the other sides to be drawn by chance.
    """

    center: Tensor

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__()
        self.encoder = Encoder(EncoderOptions(size=options.size, layers=2, latent=options.latent))
        kaiming_(self.encoder, SLOPE)
        for layer in (self.encoder.squeeze, self.encoder.codes):
            nn.init.kaiming_normal_(layer.weight, a=SLOPE)
        of_variance = slice(options.latent, None)
        nn.init.zeros_(self.encoder.codes.weight[of_variance])
        nn.init.constant_(self.encoder.codes.bias[of_variance], NARROW)
        self.register_buffer("center", torch.zeros(options.latent))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.encoder(pictures).float().unbind(1)
        log_variance = log_variance.clamp(-10, 10)
        mean = mean - self._centered(mean)
        noise = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        return noise, losses.normal_divergence(mean, log_variance)

    def _centered(self, mean: Tensor) -> Tensor:
        if not self.training:
            return self.center
        middle = mean.mean(dim=0)
        with torch.no_grad():
            self.center.lerp_(middle, CENTER_RATE)
        return middle


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
