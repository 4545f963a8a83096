"""StyleGAN2: a mapping network, and a synthesis network that styles steer layer by layer."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.nets.equalized import Dense, Equalized
from ganedit.tasks.generate.network import (
    COARSEST,
    GAIN,
    SLOPE,
    Generator,
    channels_of,
    doubled,
)
from ganedit.tasks.generate.options import NetworkOptions

MAPPING_LAYERS = 4
# How much slower the strength of the noise is learned: noise that is quicker than codes makes the
# parts of a picture that codes are to decide, and no direction would move them.
NOISE_RATE = 0.1


class Styled(Equalized):
    """A convolution whose input channels a style scales (StyleGAN2, Karras et al. 2020).

    The style scales activations before a plain convolution, and `demodulation` brings them back
    after it: the same as weights of their own for each picture, without grouped convolutions.

    `(N, inputs, H, W)` and styles `(N, inputs)` → `(N, outputs, H, W)`.
    """

    def __init__(self, inputs: int, outputs: int, latent: int, kernel: int) -> None:
        super().__init__()
        self.style = Dense(latent, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.scale = 1 / math.sqrt(inputs * kernel**2)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        weight = self.weight * self.scale
        return F.conv2d(x * style[:, :, None, None], weight, padding=weight.shape[2] // 2)

    def demodulation(self, style: Tensor) -> Tensor:
        """What brings outputs to unit variance, as if inputs were of it: `(N, outputs, 1, 1)`."""
        power = (self.weight * self.scale).square().sum((2, 3))
        return torch.rsqrt(style.square() @ power.T + 1e-8)[:, :, None, None]


class Layer(nn.Module):
    """A styled convolution, noise of a learned strength, a bias and a leaky ReLU.

    Where it doubles the resolution it convolves before it interpolates: at a quarter of the cost,
    and what is interpolated is convolved once more by the next layer.
    """

    def __init__(self, inputs: int, outputs: int, latent: int, *, doubles: bool = False) -> None:
        super().__init__()
        self.conv, self.doubles = Styled(inputs, outputs, latent, kernel=3), doubles
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(outputs, 1, 1))

    def forward(self, x: Tensor, code: Tensor, noise: Tensor) -> Tensor:
        style = self.conv.style(code)
        x = self.conv(x, style)
        # The gain goes through a leaky ReLU: it is cheaper where there are fewer numbers.
        scale = self.conv.demodulation(style) * GAIN
        x = torch.addcmul(self.bias.to(x.dtype) * GAIN, x, scale.to(x.dtype))
        x = doubled(x) if self.doubles else x
        return F.leaky_relu_(x + self.noise_strength * (GAIN * NOISE_RATE) * noise, SLOPE)


class ToPicture(nn.Module):
    """What a resolution adds to the picture."""

    def __init__(self, inputs: int, latent: int) -> None:
        super().__init__()
        self.conv = Styled(inputs, 3, latent, kernel=1)
        self.bias = nn.Parameter(torch.zeros(3, 1, 1))

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        result: Tensor = self.conv(x, self.conv.style(code)) + self.bias
        return result


class StyleGenerator(Generator):
    """A style-based generator (StyleGAN2, Karras et al. 2020).

    A learned constant of 4×4 pixels goes through styled convolutions; each resolution adds to a
    picture that is interpolated from the one before, so that nothing makes checkerboards.
    """

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__(options, MAPPING_LAYERS)
        channels, latent = channels_of(options), options.latent
        self.constant = nn.Parameter(torch.randn(1, channels[0], COARSEST, COARSEST))
        self.body = nn.ModuleList([Layer(channels[0], channels[0], latent)])
        for coarse, fine in pairwise(channels):
            doubling = Layer(coarse, fine, latent, doubles=True)
            self.body.extend([doubling, Layer(fine, fine, latent)])
        self.to_picture = nn.ModuleList(ToPicture(count, latent) for count in channels)
        self.layers = len(self.body) + 1

    def draw_noise(self, count: int, source: torch.Generator | None = None) -> list[Tensor]:
        sides = [COARSEST * 2 ** ((number + 1) // 2) for number in range(len(self.body))]
        return [torch.randn(count, 1, side, side, generator=source) for side in sides]

    def first_weights(self) -> Tensor:
        layers = [each for each in self.modules() if isinstance(each, Styled)]
        return torch.cat([layer.style.weight for layer in layers])

    def forward(
        self, codes: Tensor, noise: Sequence[Tensor], side: int | None = None, fade: float = 1.0
    ) -> Tensor:
        x = self.constant.expand(len(codes), -1, -1, -1)
        x = x.contiguous(memory_format=torch.channels_last)
        x = self.body[0](x, codes[:, 0], noise[0])
        picture = self.to_picture[0](x, codes[:, 1])
        for number, to_picture in enumerate(self.to_picture[1:], start=1):
            if x.shape[2] == side:
                break
            first, second = 2 * number - 1, 2 * number
            x = self.body[first](x, codes[:, first], noise[first])
            x = self.body[second](x, codes[:, second], noise[second])
            added = to_picture(x, codes[:, second + 1])
            picture = doubled(picture) + (added * fade if x.shape[2] == side else added)
        # So that the first pictures have about the contrast of photographs.
        result: Tensor = picture / 8 + 0.5
        return result
