"""The encoder: which codes a picture could have been drawn from."""

import math
from itertools import pairwise
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import weights
from ganedit.errors import WeightsError
from ganedit.tasks.generate.invert_options import EncoderOptions
from ganedit.tasks.generate.models import Model
from ganedit.tasks.generate.network import COARSEST, SLOPE

# Between the features of a picture and its codes.
BOTTLENECK = 160
# Side at which it is compared what a picture is of: finer detail no first guess has.
COMPARED = 16


class Encoder(nn.Module):
    """Pictures to the codes of all layers (W+), like pSp (Richardson et al. 2021), but smaller.

    `(N, 3, size, size)` in [0, 1] → how far the codes `(N, layers, latent)` are from the mean.
    """

    def __init__(self, options: EncoderOptions) -> None:
        super().__init__()
        self.options = options
        steps = int(math.log2(options.size / COARSEST))
        channels = [3, *(min(options.width * 2**i, options.width * 6) for i in range(steps))]
        self.body = nn.ModuleList(
            nn.Conv2d(n, m, 4, stride=2, padding=1) for n, m in pairwise(channels)
        )
        self.squeeze = nn.Linear(channels[-1] * COARSEST**2, BOTTLENECK)
        self.codes = nn.Linear(BOTTLENECK, options.layers * options.latent)
        # The first guess is the mean.
        nn.init.zeros_(self.codes.weight)
        nn.init.zeros_(self.codes.bias)
        self.kind = nn.Linear(BOTTLENECK, 1) if options.tells else None

    def forward(self, pictures: Tensor) -> Tensor:
        seen = self._seen(pictures)
        codes: Tensor = self.codes(seen).unflatten(1, (self.options.layers, self.options.latent))
        return codes

    def is_kind(self, pictures: Tensor) -> Tensor:
        """Logits `(N,)`: over 0 for a picture of the generator's kind, as it is cut.

        Of an encoder that `tells`.
        """
        assert self.kind is not None
        logits: Tensor = self.kind(self._seen(pictures))
        return logits[:, 0]

    def _seen(self, pictures: Tensor) -> Tensor:
        x = pictures * 2 - 1
        for conv in self.body:
            x = F.leaky_relu(conv(x), SLOPE)
        return F.leaky_relu(self.squeeze(x.flatten(1)), SLOPE)


def unexplained(drawn: Tensor, pictures: Tensor) -> Tensor:
    """Share of pictures' variance that is not in what was drawn of them, `(N,)`.

    `(N, 3, S, S)` each, compared at 16×16 pixels. Around 1 for a picture of something else.
    """
    ours, theirs = (F.adaptive_avg_pool2d(each.float(), COMPARED) for each in (drawn, pictures))
    error = (ours - theirs).square().mean((1, 2, 3))
    return error / theirs.var((1, 2, 3), correction=0).clamp_min(1e-4)


def find_encoder(model: Model, own: str | None) -> Encoder | None:
    """The encoder of a generator: one's own, or the one that ships; None where there is none.

    Raises:
        WeightsError: it cannot be read, or is another generator's.
    """
    if own is None:
        shipped = [row for row in weights.of_task("invert") if row.labels["model"] == model.name]
        if model.row is None or not shipped:
            return None
        return _rebuilt(weights.read_shipped(shipped[0]), shipped[0].path, model)
    path = weights.locate(own)
    return _rebuilt(weights.read(path, "invert"), path, model)


def _rebuilt(contents: weights.Contents, path: Path, model: Model) -> Encoder:
    encoder = weights.rebuild(_encoder, contents.options, contents.state, path)
    if encoder.options.fingerprint != model.fingerprint:
        raise WeightsError(f"{path}: encodes for another generator than {model.name}")
    return encoder.eval().requires_grad_(False)


def _encoder(**stored: object) -> Encoder:
    return Encoder(EncoderOptions(**stored))  # type: ignore[arg-type]
