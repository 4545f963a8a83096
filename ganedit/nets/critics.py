"""Convolutional critics (discriminators): pictures in, a map of scores out."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganedit.nets.init import kaiming_

SLOPE = 0.2
# Spectral norm holds every layer's slope to 1 or less, and leaves scores of real and generated
# pictures hundredths apart, where a logistic loss is flat. This brings them to units.
GAIN = 30.0


def _conv(
    inputs: int, outputs: int, kernel: int, stride: int = 1, *, bias: bool = True
) -> nn.Module:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=(kernel - 1) // 2, bias=bias)
    kaiming_(conv, SLOPE)
    return spectral_norm(conv)


class PatchCritic(nn.Module):
    """PatchGAN (Isola et al. 2017) with spectral norm (Miyato et al. 2018).

    `(N, channels, H, W)` in [0, 1] → scores `(N, 1, ~H/2^layers, ~W/2^layers)`, each of which
    sees a patch: 16, 34 or 70 pixels wide with 1, 2 or 3 strided layers. With classes, labels
    `(N,)` too: the picture as a whole is held against its class (Miyato and Koyama 2018).
    """

    def __init__(
        self, channels: int = 3, width: int = 64, layers: int = 3, classes: int = 0
    ) -> None:
        super().__init__()
        outputs = [min(width * 2**i, width * 8) for i in range(layers + 1)]
        sizes = zip([channels, *outputs], outputs, strict=False)
        steps = [_conv(n, m, 4, 2 if i < layers else 1) for i, (n, m) in enumerate(sizes)]
        self.body = nn.ModuleList(nn.Sequential(step, nn.LeakyReLU(SLOPE)) for step in steps)
        self.head = _conv(outputs[-1], 1, 4)
        self.classes = spectral_norm(nn.Embedding(classes, outputs[-1])) if classes else None

    def activations(self, pictures: Tensor) -> list[Tensor]:
        """What each layer makes of the pictures, the scores last (for feature matching)."""
        x, found = pictures * 2 - 1, []
        for layer in self.body:
            x = layer(x)
            found.append(x)
        return [*found, self.head(x) * GAIN]

    def forward(self, pictures: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.verdict(self.activations(pictures), labels)

    def verdict(self, activations: Sequence[Tensor], labels: Tensor | None = None) -> Tensor:
        """The scores of pictures from what `activations` found in them."""
        *_, hidden, scores = activations
        if self.classes is None:
            return scores
        of_class = (self.classes(labels) * hidden.mean((2, 3))).sum(dim=1)
        result: Tensor = scores + GAIN * of_class[:, None, None, None]
        return result


class FeatureCritic(nn.Module):
    """Scores what a frozen network sees in a picture (Projected GANs, Sauer et al. 2021).

    Knowing textures and things from the start, it teaches a generator in a fraction of the steps
    that a critic of pixels needs.

    Maps `(N, channels[i], H_i, W_i)`, one a layer → scores `(N, 1, all positions)`. With classes,
    labels `(N,)` too: what is seen is also held against its class (Miyato and Koyama 2018).
    """

    def __init__(self, channels: Sequence[int], width: int = 64, classes: int = 0) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                _conv(count, width, 1), nn.LeakyReLU(SLOPE),
                _conv(width, width, 3), nn.LeakyReLU(SLOPE),
                _conv(width, 1, 3),
            )
            for count in channels
        )  # fmt: skip
        tables = [spectral_norm(nn.Embedding(classes, width)) for _ in channels if classes]
        self.classes = nn.ModuleList(tables)

    def forward(self, features: Sequence[Tensor], labels: Tensor | None = None) -> Tensor:
        scores = []
        for number, (head, seen) in enumerate(zip(self.heads, features, strict=True)):
            # Features differ in size by layer; what a place shows is their direction.
            assert isinstance(head, nn.Sequential)
            hidden = head[:-1](F.normalize(seen, dim=1))
            score = head[-1](hidden)
            if self.classes:
                score = score + _of_class(self.classes[number], labels, hidden)
            scores.append(score.flatten(2))
        return torch.cat(scores, dim=2) * GAIN


class WholeCritic(nn.Module):
    """Scores a picture as a whole by what a frozen network sees at one scale.

    Each scale of features goes through strided convolutions until hardly a place is left (the
    critics of Projected GANs, Sauer et al. 2021): what belongs together is judged together, where
    scores of places are content with textures.

    `(N, channels, side, side)` → scores `(N, 1, places)`. With classes, labels `(N,)` too: what is
    seen is also held against its class (Miyato and Koyama 2018).
    """

    def __init__(self, channels: int, side: int, width: int = 64, classes: int = 0) -> None:
        super().__init__()
        layers = [_conv(channels, width, 1)]
        while side > 4:
            layers.append(_conv(width, min(2 * width, 128), 4, 2))
            width, side = min(2 * width, 128), side // 2
        layers.append(_conv(width, width, 3))
        self.body = nn.Sequential(*(nn.Sequential(e, nn.LeakyReLU(SLOPE)) for e in layers))
        self.head = _conv(width, 1, 3)
        self.classes = spectral_norm(nn.Embedding(classes, width)) if classes else None

    def forward(self, seen: Tensor, labels: Tensor | None = None) -> Tensor:
        # Features differ in size by layer; what a place shows is their direction.
        hidden = self.body(F.normalize(seen, dim=1))
        scores: Tensor = self.head(hidden)
        if self.classes is not None:
            scores = scores + _of_class(self.classes, labels, hidden)
        return scores.flatten(2) * GAIN


def _of_class(table: nn.Module, labels: Tensor | None, hidden: Tensor) -> Tensor:
    """How much each place of `(N, C, H, W)` is of its picture's class: `(N, 1, H, W)`."""
    wanted: Tensor = table(labels)[:, :, None, None]
    return (wanted * hidden).sum(dim=1, keepdim=True)


class ResidualCritic(nn.Module):
    """One score of a whole picture, by residual blocks without any norm.

    Made for gradient penalties (Gulrajani et al. 2017) and for growing (Karras et al. 2018): a
    smaller picture enters where its resolution does. How varied a batch is, is seen too.

    `(N, 3, S, S)` in [0, 1], S a power of two from 4 to `size` → scores `(N, 1)`. With classes,
    labels `(N,)` too: what is seen is held against its class (Miyato and Koyama 2018).
    """

    def __init__(self, size: int, width: int = 32, classes: int = 0) -> None:
        super().__init__()
        self.size = size
        channels = [width]
        for _ in range(int(math.log2(size / 4))):
            channels.append(min(2 * channels[-1], 8 * width))
        deepest = channels[-1]
        self.from_picture = nn.ModuleList(nn.Conv2d(3, count, 1) for count in channels)
        self.blocks = nn.ModuleList(_Halving(n, m) for n, m in pairwise(channels))
        self.mix = nn.Conv2d(deepest + 1, deepest, 3, padding=1)
        self.hidden = nn.Linear(deepest * 16, deepest)
        self.score = nn.Linear(deepest, 1)
        self.classes = nn.Embedding(classes, deepest) if classes else None
        kaiming_(self, SLOPE)

    def forward(self, pictures: Tensor, labels: Tensor | None = None, fade: float = 1.0) -> Tensor:
        """Scores; `fade` is how much the block at the pictures' own resolution counts."""
        pictures = pictures * 2 - 1
        entry = int(math.log2(self.size / pictures.shape[-1]))
        x = self._enter(pictures, entry)
        for number, block in enumerate(self.blocks[entry:], start=entry):
            x = block(x)
            if number == entry and fade < 1:
                smaller = self._enter(F.avg_pool2d(pictures, 2), entry + 1)
                x = torch.lerp(smaller, x, fade)
        # The deviation from picture to picture: where all are alike, a generator has collapsed.
        varied = (x - x.mean(dim=0)).square().mean(dim=0).add(1e-8).sqrt().mean()
        x = torch.cat([x, varied.expand(len(x), 1, *x.shape[2:])], dim=1)
        x = F.leaky_relu(self.mix(x), SLOPE)
        x = F.leaky_relu(self.hidden(x.flatten(1)), SLOPE)
        scores: Tensor = self.score(x)
        if self.classes is not None:
            scores = scores + (self.classes(labels) * x).mean(dim=1, keepdim=True)
        return scores

    def _enter(self, pictures: Tensor, entry: int) -> Tensor:
        return F.leaky_relu(self.from_picture[entry](pictures), SLOPE)


class _Halving(nn.Module):
    """`(N, inputs, H, W)` → `(N, outputs, H/2, W/2)`: two convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, inputs, 3, padding=1)
        self.second = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(self.second(F.leaky_relu(self.first(x), SLOPE)), SLOPE)
        # Both at half the power, so that the sum has it whole.
        result: Tensor = F.avg_pool2d(y + self.shortcut(x), 2) * 0.5**0.5
        return result


class UNetCritic(nn.Module):
    """A U-Net with spectral norm that scores every pixel (Wang et al. 2021, Real-ESRGAN).

    `(N, 3, H, W)` in [0, 1], H and W multiples of 8 → scores `(N, 1, H, W)`. The skips let it
    judge texture at full resolution and structure at an eighth of it.
    """

    def __init__(self, channels: int = 3, width: int = 32) -> None:
        super().__init__()
        self.stem = _conv(channels, width, 3)
        self.down = nn.ModuleList(
            _conv(width * 2**i, width * 2 ** (i + 1), 4, 2, bias=False) for i in range(3)
        )
        self.up = nn.ModuleList(
            _conv(width * 2 ** (i + 1), width * 2**i, 3, bias=False) for i in reversed(range(3))
        )
        self.head = nn.Sequential(
            _conv(width, width, 3, bias=False), nn.LeakyReLU(SLOPE), _conv(width, 1, 3)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        x = F.leaky_relu(self.stem(pictures * 2 - 1), SLOPE)
        skips: list[Tensor] = []
        for down in self.down:
            skips.append(x)
            x = F.leaky_relu(down(x), SLOPE)
        for up in self.up:
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = F.leaky_relu(up(x), SLOPE) + skips.pop()
        scores: Tensor = self.head(x)
        return scores * GAIN
