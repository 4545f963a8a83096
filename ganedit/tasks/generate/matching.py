"""How unlike drawn pictures are to real ones as a set, which none of them shows by itself.

A critic learns slowly what there is too much of, and forgets it. Averages of what was seen lately
tell at once, and without a network to train (Generative Feature Matching, dos Santos et al. 2019).
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

# Side of what is compared.
PLACES = 8
# Real and drawn pictures that are remembered, the newest of them; of fewer drawn ones than
# `LEAST` nothing is said. Drawn ones age: the generator that drew them is another by now.
REAL, DRAWN, LEAST = 1024, 512, 128

COLORS = "strength of colors"
DETAIL = (COLORS, "fine light", "coarse light", "fine colors", "coarse colors")
# Classes are remembered beside features, under this name.
LABEL = "label"

Seen = Mapping[str, Tensor]


class Matching:
    """The energy distance (Székely and Rizzo 2013) of pictures to real ones, by their features.

    Twice the mean distance between a drawn and a real one, less that between two drawn and that
    between two real ones: 0 only where both are spread alike. Its gradients are no larger for what
    is far off than for what is near, so that nothing runs away.

    Pictures of a class are compared to those of the same one: as one set, classes that lack half
    of their pictures make up for each other.
    """

    def __init__(self) -> None:
        self.real: dict[str, Tensor] = {}
        self.drawn: dict[str, Tensor] = {}

    def __call__(self, real: Seen, drawn: Seen, labels: Tensor | None = None) -> Tensor:
        """What of the distance drawn pictures can change, the mean over a batch of them.

        Args:
            real: features `(N, C, H, W)` of real pictures, by the name of the layer, and
                the pictures. Critics care little for colours, least of all where what they see is
                recoloured: without thumbnails all ends in the same few.
            drawn: of drawn ones, with gradients.
            labels: classes `(N,)` of both.
        """
        ours = self._summaries(drawn, labels)
        _remember(self.real, self._summaries(real, labels), REAL)
        result = torch.zeros((), device=ours[LABEL].device)
        for name in drawn:
            if len(self.drawn.get(name, [])) >= LEAST:
                spread = self.real[name].var(dim=0).sum().sqrt()
                nearer = _distance(ours, self.real, name) - _distance(ours, self.drawn, name)
                result = result + nearer / spread
        _remember(self.drawn, ours, DRAWN)
        return result

    def _summaries(self, seen: Seen, labels: Tensor | None) -> Seen:
        result = {name: summary(each) for name, each in seen.items()}
        first = next(iter(result.values()))
        return {**result, LABEL: torch.zeros(len(first)).to(first) if labels is None else labels}


def summary(seen: Tensor) -> Tensor:
    """Features or pictures `(N, C, S, S)`, averaged to 8×8 places at most: `(N, C x 8 x 8)`.

    What is where tells more than what is there: else the inside of all things becomes the same.
    """
    return F.adaptive_avg_pool2d(seen.float(), min(PLACES, seen.shape[-1])).flatten(1)


def detail(pictures: Tensor) -> dict[str, Tensor]:
    """How strong detail and colours are at each pixel of `(N, 3, S, S)` RGB: `(N, C, S, S)` each.

    What is finer than 3 pixels, and what is finer than 7 beside it, of light and of two differences
    of colours; and those differences. Critics put up with pictures a little too sharp or too vivid,
    the more so where they see them enlarged and recoloured; people do not.

    Each is a set of its own: the finest detail is a tenth as strong as colours are, and nobody
    would hear it among them.
    """
    red, green, blue = pictures.float().unbind(dim=1)
    colors = torch.stack([red - green, (red + green) / 2 - blue], dim=1)
    light = pictures.float().mean(dim=1, keepdim=True)
    result = {COLORS: colors.abs()}
    for name, seen in (("light", light), ("colors", colors)):
        fine, coarse = (
            F.avg_pool2d(seen, side, 1, side // 2, count_include_pad=False) for side in (3, 7)
        )
        result |= {f"fine {name}": (seen - fine).abs(), f"coarse {name}": (fine - coarse).abs()}
    return result


def _distance(ones: Seen, others: Seen, name: str) -> Tensor:
    """Mean distance of one layer's summaries to those of pictures of the same class."""
    alike = ones[LABEL][:, None] == others[LABEL]
    distances = torch.cdist(ones[name], others[name]) * alike
    return (distances.sum(dim=1) / alike.sum(dim=1).clamp_min(1)).mean()


def _remember(queue: dict[str, Tensor], new: Mapping[str, Tensor], most: int) -> None:
    for name, each in new.items():
        before = [queue[name]] if name in queue else []
        queue[name] = torch.cat([*before, each.detach()])[-most:]
