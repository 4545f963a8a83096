"""What all generators have in common: noise becomes codes, and codes become pictures."""

import math
from abc import abstractmethod
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.nets.equalized import Dense
from ganedit.tasks.generate.dials import Dial, dials_of
from ganedit.tasks.generate.options import NetworkOptions

SLOPE = 0.2
# Keeps the power of a signal that a leaky ReLU halves.
GAIN = math.sqrt(2 / (1 + SLOPE**2))
COARSEST = 4
# How much slower a mapping network learns than the synthesis network.
MAPPING_RATE = 0.01
# And a shallow one.
SHALLOW_RATE = 0.1
# Neurons of a shallow mapping network, as a multiple of the latent codes' numbers.
HIDDEN = 2
# Channels at 4, 8, 16 … pixels, as shares of the width.
SHARES = (1, 3 / 4, 1 / 2, 3 / 8, 1 / 4, 3 / 16, 1 / 8, 1 / 16)
# Share of each batch in the running mean of the codes.
MEAN_RATE = 0.005


def channels_of(options: NetworkOptions) -> list[int]:
    """Channels at each resolution, 4 pixels first: whole eights, which processors like."""
    count = int(math.log2(options.size / COARSEST)) + 1
    return [max(8, round(options.width * share / 8) * 8) for share in SHARES[:count]]


class Mapping(nn.Module):
    """Noise, and the class if there are any, to a code (Karras et al. 2019).

    Noise `(N, latent)`, labels `(N,)` → codes `(N, latent)`. Without layers a code is the noise,
    and with classes a mixture of both.
    """

    def __init__(self, options: NetworkOptions, layers: int) -> None:
        super().__init__()
        latent, classes = options.latent, len(options.classes)
        self.dials = dials_of(options.codes)
        self.classes = nn.Embedding(classes, latent) if classes else None
        sizes = [latent * (2 if classes else 1), *[latent] * max(layers, int(classes > 0))]
        rate = MAPPING_RATE if layers else 1.0
        self.layers = nn.ModuleList(Dense(n, m, rate=rate) for n, m in pairwise(sizes))
        self.straight = layers == 0
        # A mapping network is slow to learn: what is asked for reaches codes past it too.
        asked = (self.dials[-1].end if self.dials else 0) + (latent if classes else 0)
        self.past = Dense(asked, latent) if asked and not self.straight else None

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        x = self._read(noise)
        asked = x[:, : self.dials[-1].end if self.dials else 0]
        if self.classes is not None:
            wanted = normalised(self.classes(labels))
            x, asked = torch.cat([x, wanted], dim=1), torch.cat([asked, wanted], dim=1)
        for layer in self.layers:
            x = layer(x) if self.straight else F.leaky_relu(layer(x), SLOPE) * GAIN
        if self.past is not None:
            x = (x + self.past(asked)) * 0.5**0.5
        return x

    def _read(self, noise: Tensor) -> Tensor:
        """The noise, its first numbers made the values of dials (InfoGAN, Chen et al. 2016)."""
        if not self.dials:
            return normalised(noise)
        values = [dial.signal(noise) for dial in self.dials]
        return torch.cat([*values, normalised(noise[:, self.dials[-1].end :])], dim=1)


class ShallowMapping(nn.Module):
    """A mapping network of one hidden layer: the end of another generator's.

    The last layer of a deep mapping network reads nearly a Gaussian before its leaky ReLU (Zhu et
    al. 2020, "Improved StyleGAN embedding"): noise is its principal components, the hidden layer
    its neurons, and codes are the principal components of what they say.

    Noise `(N, latent)`, as it is, and labels `(N,)` → codes `(N, latent)`.
    """

    def __init__(self, latent: int, classes: int = 0) -> None:
        super().__init__()
        self.dials: list[Dial] = []
        self.classes = classes
        self.hidden = Dense(latent + classes, HIDDEN * latent, rate=SHALLOW_RATE)
        self.last = Dense(HIDDEN * latent, latent, rate=SHALLOW_RATE)

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        if labels is not None:
            # As strong as all of the noise.
            asked = F.one_hot(labels, self.classes) * noise.shape[1] ** 0.5
            noise = torch.cat([noise, asked.to(noise)], dim=1)
        codes: Tensor = self.last(F.leaky_relu(self.hidden(noise), SLOPE))
        return codes

    @torch.no_grad()
    def become(self, *layers: tuple[Tensor, Tensor]) -> None:
        """Take over the weights `(outputs, inputs)` and biases `(outputs,)` of both layers."""
        for layer, (weight, bias) in zip((self.hidden, self.last), layers, strict=True):
            layer.weight.copy_(weight / layer.scale)
            layer.bias.copy_(bias / layer.rate)


class Generator(nn.Module):
    """A network that draws pictures of codes, and what makes codes of noise.

    Attributes:
        layers: codes that a picture takes, coarsest first.
        mean: `(max(1, classes), latent)`, the running mean of codes, of each class.
        directions: `(N, latent)`, a step along each that was given a name.
    """

    mean: Tensor
    directions: Tensor
    layers: int = 1

    def __init__(self, options: NetworkOptions, mapping_layers: int = 0) -> None:
        super().__init__()
        self.options = options
        shallow = options.shallow_mapping
        self.mapping: Mapping | ShallowMapping = (
            ShallowMapping(options.latent, len(options.classes))
            if shallow
            else Mapping(options, mapping_layers)
        )
        self.register_buffer("mean", torch.zeros(max(1, len(options.classes)), options.latent))
        named = len(options.directions)
        self.register_buffer("directions", torch.zeros(named, options.latent), persistent=named > 0)

    @property
    def dials(self) -> Sequence[Dial]:
        """What the first numbers of the noise stand for; none without `codes`."""
        dials: Sequence[Dial] = self.mapping.dials
        return dials

    def dialled(self, noise: Tensor, values: Dict[str, float]) -> Tensor:
        """Noise `(N, latent)` with dials set to values, by their names."""
        noise = noise.clone()
        for dial in self.dials:
            if dial.name in values:
                dial.set(noise, values[dial.name])
        return noise

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

    def spread(self, codes: Tensor) -> Tensor:
        """The same code `(N, latent)` for every layer: `(N, layers, latent)`."""
        return codes[:, None].expand(-1, self.layers, -1)

    def draw_noise(self, count: int, source: torch.Generator | None = None) -> list[Tensor]:
        """What layers draw fine detail from: `(count, 1, side, side)` each, on the CPU."""
        return []

    @abstractmethod
    def first_weights(self) -> Tensor:
        """Rows `(M, latent)` that codes are multiplied by."""

    @abstractmethod
    def forward(
        self, codes: Tensor, noise: Sequence[Tensor], side: int | None = None, fade: float = 1.0
    ) -> Tensor:
        """Draw pictures.

        Args:
            codes: `(N, layers, latent)`.
            noise: as `draw_noise` makes it; of one picture it serves all.
            side: of the pictures, where a network that grows is not whole yet.
            fade: how much of what the finest of its resolutions adds is shown, in [0, 1].

        Returns:
            `(N, 3, side, side)` RGB, in [0, 1] but for overshoots.
        """

    @torch.no_grad()
    def _follow(self, codes: Tensor, labels: Tensor | None) -> None:
        if labels is None:
            self.mean.lerp_(codes.mean(0, keepdim=True), MEAN_RATE)
            return
        for label in set(labels.tolist()):
            self.mean[label].lerp_(codes[labels == label].mean(0), MEAN_RATE)


def doubled(x: Tensor) -> Tensor:
    """Twice as high and wide: interpolated, so that nothing makes checkerboards."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def normalised(x: Tensor) -> Tensor:
    """Of a root mean square of 1."""
    result: Tensor = x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-8)
    return result
