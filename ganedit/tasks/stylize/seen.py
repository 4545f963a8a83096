"""What VGG19 sees in pictures, as far as contents and styles are compared by it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

# Fine texture, strokes, and what they make up; the last layer tells what a picture is of.
LAYERS = ("relu1_2", "relu2_2", "relu3_4", "relu4_4")
# The first layers' covariances are compared too; the last one's would be 262,144 numbers each.
COVARIANT = 3


def content_of(features: Sequence[Tensor]) -> Tensor:
    """Of the outputs of `LAYERS`, the last, each place's of unit length: `(N, 512, H/8, W/8)`."""
    last = features[-1].float()
    return last * torch.rsqrt(last.square().sum(dim=1, keepdim=True).clamp_min(1e-16))


def content_distance(output: Tensor, content: Tensor) -> Tensor:
    """PD at relu4_4 of two `content_of`, `(N,)` in [0, 4]."""
    return (2 - 2 * (output * content).sum(dim=1)).mean(dim=(1, 2)).clamp_min(0)


@dataclass(frozen=True)
class Style:
    """Statistics of N pictures' features; each tensor's first dimension is N."""

    means: list[Tensor]
    """Of each channel, by layer: `(N, C)`."""
    deviations: list[Tensor]
    covariances: list[Tensor]
    """`(N, C, C)`, of the first layers."""

    @classmethod
    def of(cls, features: Sequence[Tensor]) -> "Style":
        """Those of the outputs of `LAYERS`."""
        means, deviations, covariances = [], [], []
        for number, layer in enumerate(features):
            # Places in rows: of features in channels_last, no copy.
            places = layer.float().permute(0, 2, 3, 1).flatten(1, 2)
            mean = places.mean(dim=1)
            if number < COVARIANT:
                # Not centred first, which would be three more passes over the largest tensors;
                # in float32, where nothing is lost by that.
                with torch.autocast(layer.device.type, enabled=False):
                    squares = places.mT @ places / places.shape[1]
                covariance = squares - mean[:, :, None] * mean[:, None, :]
                covariances.append(covariance)
                variance = covariance.diagonal(dim1=1, dim2=2).clamp_min(0)
            else:
                variance = places.var(dim=1, correction=0)
            means.append(mean)
            # Where a channel is 0 everywhere, the root would have no finite slope.
            deviations.append((variance + 1e-8).sqrt())
        return cls(means, deviations, covariances)

    @classmethod
    def joined(cls, parts: Sequence[Tensor]) -> "Style":
        """From its `parts`."""
        layers = len(LAYERS)
        return cls([*parts[:layers]], [*parts[layers : 2 * layers]], [*parts[2 * layers :]])

    @property
    def parts(self) -> list[Tensor]:
        """All of its tensors in one list."""
        return [*self.means, *self.deviations, *self.covariances]

    def distance(self, style: "Style") -> Tensor:
        """Mean over layers of the squared difference of means and deviations, `(N,)`.

        Relative to the style's own squared norm, so that layers weigh the same: the style loss of
        Huang and Belongie 2017.
        """
        of_layers = zip(self.means, self.deviations, style.means, style.deviations, strict=True)
        terms = [
            (_squared(mean - to) + _squared(deviation - spread)) / (_squared(to) + _squared(spread))
            for mean, deviation, to, spread in of_layers
        ]
        return torch.stack(terms).mean(dim=0)

    def covariance_distance(self, style: "Style") -> Tensor:
        """Mean over the first layers of the squared difference of covariances, relative, `(N,)`.

        Which features come together makes strokes of them (Gatys et al. 2016).
        """
        pairs = zip(self.covariances, style.covariances, strict=True)
        return torch.stack([_squared(ours - to) / _squared(to) for ours, to in pairs]).mean(dim=0)


def _squared(x: Tensor) -> Tensor:
    return x.flatten(1).square().sum(dim=1)


class Memory:
    """What is seen in views that come again and again.

    Args:
        look: pictures `(N, 3, S, S)` and the numbers of their views to what is seen in them, each
            tensor's first dimension N.
    """

    def __init__(self, look: Callable[[Tensor, Sequence[int]], Sequence[Tensor]]) -> None:
        self._look = look
        self._known: dict[int, list[Tensor]] = {}

    def __call__(self, pictures: Tensor, views: Tensor) -> list[Tensor]:
        """What is seen in pictures, looked at or remembered."""
        numbers: list[int] = views.tolist()
        new = [at for at, number in enumerate(numbers) if number not in self._known]
        if new:
            with torch.no_grad():
                found = self._look(pictures[new], [numbers[at] for at in new])
            for place, at in enumerate(new):
                self._known[numbers[at]] = [part[place].cpu() for part in found]
        rows = [self._known[number] for number in numbers]
        # On CPUs autocast to bf16 cannot join what is kept in fp16.
        with torch.autocast("cpu", enabled=False):
            joined = [torch.stack(parts) for parts in zip(*rows, strict=True)]
        return [part.to(pictures.device) for part in joined]
