"""Training batches for upscaling: sharp crops and their reduced, perhaps damaged, versions."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.data.degradations import degrade, to_bytes
from ganedit.data.pictures import EVERYTHING, Folder, Part, Pictures, random_crop
from ganedit.data.recolor import draw_recolor
from ganedit.data.seeding import generator_at
from ganedit.tasks.upscale.options import UpscaleTraining
from ganedit.tasks.upscale.teacher import TeacherPairs
from ganedit.training.task import Batch

# Reduced pixels around each crop that are cut off again: kernels must not see the crop's edge.
MARGIN = 4


class UpscaleBatches:
    """`{"low": (N, 3, h, w), "high": (N, 3, scale·h, scale·w)}`, uint8 RGB.

    Of a training with a teacher's pairs, some of the large ones are its answers.
    """

    def __init__(
        self,
        options: UpscaleTraining,
        seed: int,
        part: Part = EVERYTHING,
        answered: TeacherPairs | None = None,
    ) -> None:
        self.options, self.seed, self.answered = options, seed, answered
        self.crops = Crops(options, options.data, options.crop, part)

    def __getitem__(self, step: int) -> Batch:
        rng = generator_at(self.seed, step)
        lows, highs = zip(*(self._pair(rng) for _ in range(self.options.batch)), strict=True)
        return {"low": _to_tensor(np.stack(lows)), "high": _to_tensor(np.stack(highs))}

    def _pair(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        options = self.options
        if self.answered is None or rng.random() >= options.teacher_weight:
            return self.crops.pair(rng, recolor=options.recolor)
        low, high = self.answered.draw(rng, options.crop)
        if rng.random() < options.recolor:
            recolor = draw_recolor(rng)
            low, high = recolor(low), recolor(high)
        return low, high


class Crops:
    """Crops of sharp pictures with their reduced, perhaps damaged, versions."""

    def __init__(
        self, options: UpscaleTraining, folders: Sequence[str], side: int, part: Part = EVERYTHING
    ) -> None:
        self.options, self.scale = options, options.network.scale
        self.outer = side + 2 * MARGIN * self.scale
        parsed = [Folder.parse(text) for text in folders]
        self.pictures = Pictures(parsed, minimum=self.outer, part=part)

    def pair(
        self, rng: np.random.Generator, *, recolor: float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """`(h, w, 3)` and `(scale·h, scale·w, 3)` uint8; `recolor` is the chance of other colours.

        What an adversarial network sees has to be as plain as pictures are on average: from
        detailed crops alone it learns to put texture everywhere.
        """
        detailed = self.options.phase == "fidelity"
        picture, reduce = self.pictures.draw(rng), self.options.reduce
        high = random_crop(picture, self.outer, rng, detailed=detailed, reduce=reduce)
        if rng.random() < recolor:
            high = draw_recolor(rng)(high)
        if self.options.model == "clean":
            reduced = reduce_bicubic(_to_tensor(high)[None].float() / 255, self.scale)
            low = to_bytes(reduced[0].permute(1, 2, 0).numpy())
        else:
            low = degrade(high.astype(np.float32) / 255, self.scale, rng)
        edge = MARGIN * self.scale
        return low[MARGIN:-MARGIN, MARGIN:-MARGIN], high[edge:-edge, edge:-edge]


def reduce_bicubic(pictures: Tensor, scale: int) -> Tensor:
    """MATLAB's antialiased bicubic reduction of `(N, C, H, W)` in [0, 1], rounded to 8 bits.

    It is what the published benchmarks are made with; only pixels at the border differ.
    """
    size = [side // scale for side in pictures.shape[-2:]]
    reduced = F.interpolate(pictures, size=size, mode="bicubic", antialias=True)
    return reduced.mul(255).round().clamp(0, 255).div(255)


def _to_tensor(pictures: np.ndarray) -> Tensor:
    """`(…, H, W, 3)` to `(…, 3, H, W)`."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).movedim(-1, -3)
