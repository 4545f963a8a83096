"""The generator: a mapping network, and a synthesis network that styles steer layer by layer."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.tasks.generate.options import NetworkOptions

SLOPE = 0.2
# Keeps the power of a signal that a leaky ReLU halves.
GAIN = math.sqrt(2 / (1 + SLOPE**2))
COARSEST = 4
MAPPING_LAYERS = 4
# How much slower the mapping network learns than the synthesis network.
MAPPING_RATE = 0.01
# How much slower the strength of the noise is learned: noise that is quicker than codes makes the
# parts of a picture that codes are to decide, and no direction would move them.
NOISE_RATE = 0.1
# Channels at 4, 8, 16 … pixels, as shares of the width.
SHARES = (1, 3 / 4, 1 / 2, 3 / 8, 1 / 4, 3 / 16, 1 / 8, 1 / 16)
# Share of each batch in the running mean of the intermediate codes.
MEAN_RATE = 0.005


def channels_of(options: NetworkOptions) -> list[int]:
    """Channels at each resolution, 4 pixels first: whole eights, which processors like."""
    count = int(math.log2(options.size / COARSEST)) + 1
    return [max(8, round(options.width * share / 8) * 8) for share in SHARES[:count]]


class Dense(nn.Module):
    """A linear layer with an equalised learning rate (Karras et al. 2018).

    Weights are of unit variance and scaled where they are used, so that one rate serves all
    layers; `rate` slows this one down.
    """

    def __init__(self, inputs: int, outputs: int, *, rate: float = 1.0, bias: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.scale, self.rate = rate / math.sqrt(inputs), rate

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.scale, self.bias * self.rate)


class Styled(nn.Module):
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
        x = _doubled(x) if self.doubles else x
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


class Mapping(nn.Module):
    """Noise, and the class if there are any, to an intermediate code (Karras et al. 2019).

    Noise `(N, latent)`, labels `(N,)` → codes `(N, latent)`.
    """

    def __init__(self, latent: int, classes: int) -> None:
        super().__init__()
        self.classes = nn.Embedding(classes, latent) if classes else None
        sizes = [latent * (2 if classes else 1), *[latent] * MAPPING_LAYERS]
        self.layers = nn.ModuleList(Dense(n, m, rate=MAPPING_RATE) for n, m in pairwise(sizes))

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        x = _normalised(noise)
        if self.classes is not None:
            x = torch.cat([x, _normalised(self.classes(labels))], dim=1)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE) * GAIN
        return x


class Generator(nn.Module):
    """A style-based generator (StyleGAN2, Karras et al. 2020).

    A learned constant of 4×4 pixels goes through styled convolutions; each resolution adds to a
    picture that is interpolated from the one before, so that nothing makes checkerboards.
    `mapping` makes codes of noise; `forward` draws pictures from codes, one for each layer.

    Attributes:
        layers: codes that a picture takes, coarsest first.
        mean: `(max(1, classes), latent)`, the running mean of codes, of each class.
        directions: `(N, latent)`, a step along each that was given a name.
    """

    mean: Tensor
    directions: Tensor

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__()
        self.options = options
        channels, latent = channels_of(options), options.latent
        self.mapping = Mapping(latent, len(options.classes))
        self.constant = nn.Parameter(torch.randn(1, channels[0], COARSEST, COARSEST))
        self.body = nn.ModuleList([Layer(channels[0], channels[0], latent)])
        for coarse, fine in pairwise(channels):
            doubling = Layer(coarse, fine, latent, doubles=True)
            self.body.extend([doubling, Layer(fine, fine, latent)])
        self.to_picture = nn.ModuleList(ToPicture(count, latent) for count in channels)
        self.layers = len(self.body) + 1
        self.register_buffer("mean", torch.zeros(max(1, len(options.classes)), latent))
        named = len(options.directions)
        self.register_buffer("directions", torch.zeros(named, latent), persistent=named > 0)

    def codes(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Codes `(N, latent)` of noise `(N, latent)`; while training, their mean is kept."""
        codes: Tensor = self.mapping(noise, labels)
        if self.training:
            self._follow(codes.detach().float(), labels)
        return codes

    def truncated(self, codes: Tensor, labels: Tensor | None, truncation: float) -> Tensor:
        """Codes brought nearer to the mean: at 0 it is the mean, 1 leaves them as they are.

        The nearer, the more usual a picture is, and the better drawn.
        """
        center = self.mean[0] if labels is None else self.mean[labels]
        return center + truncation * (codes - center)

    def draw_noise(self, count: int, source: torch.Generator | None = None) -> list[Tensor]:
        """What layers draw fine detail from: `(count, 1, side, side)` each, on the CPU."""
        sides = [COARSEST * 2 ** ((number + 1) // 2) for number in range(len(self.body))]
        return [torch.randn(count, 1, side, side, generator=source) for side in sides]

    def forward(self, codes: Tensor, noise: Sequence[Tensor]) -> Tensor:
        """Draw pictures.

        Args:
            codes: `(N, layers, latent)`.
            noise: as `draw_noise` makes it; of one picture it serves all.

        Returns:
            `(N, 3, size, size)` RGB, in [0, 1] but for overshoots.
        """
        x = self.constant.expand(len(codes), -1, -1, -1)
        x = x.contiguous(memory_format=torch.channels_last)
        x = self.body[0](x, codes[:, 0], noise[0])
        picture = self.to_picture[0](x, codes[:, 1])
        for number, to_picture in enumerate(self.to_picture[1:], start=1):
            first, second = 2 * number - 1, 2 * number
            x = self.body[first](x, codes[:, first], noise[first])
            x = self.body[second](x, codes[:, second], noise[second])
            picture = _doubled(picture) + to_picture(x, codes[:, second + 1])
        # So that the first pictures have about the contrast of photographs.
        result: Tensor = picture / 8 + 0.5
        return result

    @torch.no_grad()
    def _follow(self, codes: Tensor, labels: Tensor | None) -> None:
        if labels is None:
            self.mean.lerp_(codes.mean(0, keepdim=True), MEAN_RATE)
            return
        for label in set(labels.tolist()):
            self.mean[label].lerp_(codes[labels == label].mean(0), MEAN_RATE)


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def _normalised(x: Tensor) -> Tensor:
    """Of a root mean square of 1."""
    result: Tensor = x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-8)
    return result
