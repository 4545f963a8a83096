"""Training batches for upscaling: sharp crops and their reduced, perhaps damaged, versions."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.data.degradations import degrade
from ganedit.data.pictures import EVERYTHING, Folder, Part, Pictures, random_crop
from ganedit.data.seeding import generator_at
from ganedit.tasks.upscale.options import UpscaleTraining
from ganedit.training.task import Batch

# Reduced pixels around each crop that are cut off again: kernels must not see the crop's edge.
MARGIN = 4


class UpscaleBatches:
    """`{"low": (N, 3, h, w), "high": (N, 3, scale·h, scale·w)}`, uint8 RGB."""

    def __init__(self, options: UpscaleTraining, seed: int, part: Part = EVERYTHING) -> None:
        self.options, self.seed = options, seed
        self.scale = options.network.scale
        self.outer = options.crop + 2 * MARGIN * self.scale
        folders = [Folder.parse(text) for text in options.data]
        self.pictures = Pictures(folders, minimum=self.outer, part=part)

    def __getitem__(self, step: int) -> Batch:
        rng = generator_at(self.seed, step)
        # What an adversarial network sees has to be as plain as pictures are on average: from
        # detailed crops alone it learns to put texture everywhere.
        detailed = self.options.phase == "fidelity"
        crops = [
            random_crop(
                self.pictures.draw(rng),
                self.outer,
                rng,
                detailed=detailed,
                reduce=self.options.reduce,
            )
            for _ in range(self.options.batch)
        ]
        high = _to_tensor(np.stack(crops))
        if self.options.model == "clean":
            low = reduce_bicubic(high.float() / 255, self.scale)
        else:
            lows = [degrade(crop.astype(np.float32) / 255, self.scale, rng) for crop in crops]
            low = _to_tensor(np.stack(lows))
        edge = MARGIN * self.scale
        return {
            "low": low[..., MARGIN:-MARGIN, MARGIN:-MARGIN].mul(255).round().byte(),
            "high": high[..., edge:-edge, edge:-edge].clone(),
        }


def reduce_bicubic(pictures: Tensor, scale: int) -> Tensor:
    """MATLAB's antialiased bicubic reduction of `(N, C, H, W)` in [0, 1], rounded to 8 bits.

    It is what the published benchmarks are made with; only pixels at the border differ.
    """
    size = [side // scale for side in pictures.shape[-2:]]
    reduced = F.interpolate(pictures, size=size, mode="bicubic", antialias=True)
    return reduced.mul(255).round().clamp(0, 255).div(255)


def _to_tensor(pictures: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2)
