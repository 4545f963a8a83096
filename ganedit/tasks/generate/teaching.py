"""What another generator drew, to be drawn again from the same noise (Hinton et al. 2015).

Of a generator that was trained for weeks one learns in an hour what critics would take as long to
teach: each picture says what its own noise has to become.
"""

from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ganedit.errors import TrainingError
from ganedit.tasks.generate.growth import resized
from ganedit.tasks.generate.network import HIDDEN
from ganedit.tasks.generate.options import NetworkOptions

# Pictures that are brought to another size at a time.
PART = 256


class Teacher:
    """Pictures of another generator, what each was drawn of, and its mapping network.

    Attributes:
        noise: `(N, latent)`, of variance 1.
        pictures: `(N, 3, size, size)` uint8.
        mapping: weights and biases of the two layers of a `ShallowMapping`.

    Args:
        path: a safetensors file of `noise`, `pictures` and `hidden.weight`, `hidden.bias`,
            `codes.weight`, `codes.bias`; pictures may be of another size.
        network: of the generator that learns.

    Raises:
        TrainingError: it is no such file, or for another `--latent`.
    """

    def __init__(self, path: Path, network: NetworkOptions) -> None:
        try:
            stored = load_file(path)
            noise, pictures = stored["noise"], stored["pictures"]
            self.mapping = [
                (stored[f"{layer}.weight"].float(), stored[f"{layer}.bias"].float())
                for layer in ("hidden", "codes")
            ]
        except (OSError, SafetensorError, KeyError) as error:
            raise TrainingError(
                f"{path}: not a safetensors file of noise, pictures and a mapping network ({error})"
            ) from error
        if len(noise) != len(pictures):
            raise TrainingError(f"{path}: noise and pictures are not of one number")
        latent, hidden = network.latent, HIDDEN * network.latent
        if noise.shape[1] != latent:
            raise TrainingError(
                f"{path}: noise of {noise.shape[1]} numbers; give --latent {noise.shape[1]}"
            )
        if [weight.shape for weight, _ in self.mapping] != [(hidden, latent), (latent, hidden)]:
            raise TrainingError(
                f"{path}: its mapping network is not of {latent}, {hidden} and {latent} neurons"
            )
        self.noise = noise.float()
        parts = torch.split(pictures, PART)
        self.pictures = torch.cat(
            [resized(part.float(), network.size).round().byte() for part in parts]
        )

    def __len__(self) -> int:
        return len(self.noise)

    def lesson(self, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Noise `(count, latent)` and pictures `(count, 3, size, size)`, chosen at random."""
        chosen = torch.from_numpy(rng.integers(len(self), size=count))
        return self.noise[chosen], self.pictures[chosen]
