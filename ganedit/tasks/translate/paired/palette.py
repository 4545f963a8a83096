"""What a picture is like, whatever it shows: its colours from dark to light, and how fine it is."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.blending import LUMA

# How far a sample is from white where it begins to count, and where it counts in full: products
# lie on white paper. What is white all over counts a little everywhere.
PAPER, THING, LEAST = 0.02, 0.12, 1e-3
# Mean differences from a pixel's surroundings are some hundredths: as large as colours' now.
GRAIN = 8.0
# Share of a batch in the running mean and covariance, in the long run.
RATE = 0.01


def palette_size(colors: int) -> int:
    """Numbers that describe so many colours and the grain; of none, one that says nothing."""
    return 3 * colors + 1


class Palette(nn.Module):
    """Reads palettes of pictures, and draws such as pictures have.

    A palette is `(N, 3 x colours + 1)`: mean RGB in [0, 1] of equally many pixels each, from the
    darkest to the lightest, without the white paper; then the mean difference of pixels from their
    surroundings. Nothing of it is learned. An encoder that a network trains along with itself
    (BicycleGAN, Zhu et al. 2017) takes thousands of steps until codes mean a colour.

    Args:
        size: colours.

    Attributes:
        mean: `(3 x colours + 1,)`, of the pictures that were read in training.
        covariance: of the same, around it.
        batches: how many there were.
    """

    mean: Tensor
    covariance: Tensor
    batches: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        numbers = palette_size(size)
        self.register_buffer("mean", torch.full((numbers,), 0.5))
        self.register_buffer("covariance", torch.eye(numbers) * 0.04)
        self.register_buffer("batches", torch.zeros(()))

    def forward(self, pictures: Tensor) -> Tensor:
        """Palettes of pictures; in training the running mean and covariance follow theirs."""
        found = self.read(pictures)
        if self.training:
            self._follow(found.detach())
        return found

    def read(self, pictures: Tensor) -> Tensor:
        """Palettes of `(N, 3, H, W)` RGB in [0, 1], sides at least 4, float32."""
        pictures = pictures.float()
        return torch.cat([self._read_colors(pictures), _grain(pictures)], dim=1)

    def draw(self, noise: Tensor) -> Tensor:
        """Palettes as pictures have them, of normally distributed `noise` `(N, numbers)`."""
        numbers = len(self.mean)
        steady = self.covariance.double() + 1e-6 * torch.eye(numbers, device=noise.device)
        factor: Tensor = torch.linalg.cholesky(steady).float()
        drawn: Tensor = self.mean + noise.float() @ factor.mT
        return drawn.clamp(0, 1)

    def tinted(self, palettes: Tensor, color: tuple[float, float, float]) -> Tensor:
        """Palettes whose middle is a colour and whose others are shades of it, grain as it was.

        A shade is as much darker or lighter than the middle, in luma, as it was: mixed with black
        or with white.

        Args:
            palettes: `(N, numbers)`.
            color: RGB in [0, 1].
        """
        luma = palettes.new_tensor(LUMA)
        steps = self.colors(palettes) @ luma
        middle = palettes.new_tensor(color)
        light = middle @ luma
        wanted = (light + steps - steps[:, self.size // 2, None]).clamp(0, 1)[..., None]
        darker = middle * (wanted / light.clamp(min=1e-3)).clamp(max=1)
        whiter = ((wanted - light) / (1 - light).clamp(min=1e-3)).clamp(0, 1)
        shades = darker.lerp(torch.ones_like(darker), whiter)
        return torch.cat([shades.flatten(1), palettes[:, -1:]], dim=1)

    def colors(self, palettes: Tensor) -> Tensor:
        """The colours `(N, colours, 3)` of palettes."""
        colors: Tensor = palettes[:, :-1].reshape(-1, self.size, 3)
        return colors

    def _read_colors(self, pictures: Tensor) -> Tensor:
        samples = F.avg_pool2d(pictures, 2).flatten(2)
        weights = _counts(samples)
        luma = (samples * samples.new_tensor(LUMA)[:, None]).sum(dim=1)
        order = luma.argsort(dim=1)
        samples = samples.gather(2, order[:, None].expand(-1, 3, -1))
        weights = weights.gather(1, order)
        passed = weights.cumsum(dim=1) / weights.sum(dim=1, keepdim=True)
        group = (passed * self.size).long().clamp(max=self.size - 1)
        shares = weights[:, None] * F.one_hot(group, self.size).mT
        colors = samples @ shares.mT / (shares.sum(dim=2)[:, None] + 1e-6)
        found: Tensor = colors.mT.flatten(1)
        return found

    @torch.no_grad()
    def _follow(self, found: Tensor) -> None:
        self.batches += 1
        rate = torch.clamp(1 / self.batches, min=RATE)
        self.mean.lerp_(found.mean(dim=0), rate)
        apart = found - self.mean
        self.covariance.lerp_(apart.mT @ apart / len(found), rate)


def _counts(samples: Tensor) -> Tensor:
    """How much samples `(N, 3, ...)` count: those that are not the paper's."""
    apart = 1 - samples.amin(dim=1)
    return ((apart - PAPER) / (THING - PAPER)).clamp(LEAST, 1)


def _grain(pictures: Tensor) -> Tensor:
    """Mean difference of pixels from their surroundings, `(N, 1)`."""
    around = F.avg_pool2d(F.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    apart = (pictures - around).abs().mean(dim=1)
    weights = _counts(pictures)
    mean = (apart * weights).sum(dim=(1, 2)) / weights.sum(dim=(1, 2))
    return (GRAIN * mean).clamp(max=1)[:, None]
