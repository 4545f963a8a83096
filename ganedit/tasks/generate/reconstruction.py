"""Pictures that are drawn again: what noise they stand for, and how unlike themselves they are."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit import losses
from ganedit.tasks.generate.regularizers import half
from ganedit.training.task import Batch

# Of squared errors of pixels beside distances of features.
PIXEL_WEIGHT = 4.0

# How far codes of a batch's own pictures are varied, as a share of the noise of others.
VARIED = 0.3


def drawn_again(count: int, judged: bool) -> int:
    """How many of a batch's own pictures, the last ones: half, where critics judge the others."""
    return half(count) if judged else count


def noise_to_draw_again(batch: Batch, judged: bool) -> Tensor:
    """Noise `(M, latent)` of a teacher's pictures, or of a batch's own that are drawn again."""
    if "taught" in batch:
        return batch["taught_noise"]
    found = batch["noise"][-drawn_again(len(batch["noise"]), judged) :]
    varied: Tensor = (1 - VARIED**2) ** 0.5 * found + VARIED * torch.randn_like(found)
    return varied


def missed(again: Mapping[str, Tensor], real: Mapping[str, Tensor], pixels: str) -> Tensor:
    """How unlike the pictures pictures drawn again are: in features, and in pixels.

    Args:
        again: maps `(N, C, H, W)` of them by name, augmented alike in both.
        real: of the pictures.
        pixels: name of the map that is the picture itself, where that is among them.
    """
    layers = [name for name in again if name != pixels]
    result = torch.zeros((), device=next(iter(again.values())).device)
    if pixels in again:
        # Squared: the mean absolute error of small things on white is least where there are none.
        result = PIXEL_WEIGHT * F.mse_loss(again[pixels], real[pixels])
    if layers:
        seen = ([each[name] for name in layers] for each in (again, real))
        result = result + losses.perceptual(*seen)
    return result
