"""Training batches for filling: crops and holes."""

import numpy as np
import torch

from ganedit.data.masks import training_mask
from ganedit.data.pictures import EVERYTHING, Folder, Part, Pictures, random_crop
from ganedit.data.seeding import generator_at
from ganedit.tasks.inpaint.options import InpaintTraining
from ganedit.training.task import Batch


class InpaintBatches:
    """`{"picture": (N, 3, S, S), "hole": (N, 1, S, S)}`, uint8 RGB and 0 or 255."""

    def __init__(self, options: InpaintTraining, seed: int, part: Part = EVERYTHING) -> None:
        self.options, self.seed = options, seed
        folders = [Folder.parse(text) for text in options.data]
        self.pictures = Pictures(folders, minimum=options.crop, part=part)

    def __getitem__(self, step: int) -> Batch:
        rng, side = generator_at(self.seed, step), self.options.crop
        pictures, holes = [], []
        for _ in range(self.options.batch):
            # Not turned: the sky is above.
            picture, reduce = self.pictures.draw(rng), self.options.reduce
            pictures.append(random_crop(picture, side, rng, turned=False, reduce=reduce))
            holes.append(training_mask(side, rng))
        stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
        return {
            "picture": stacked.contiguous(),
            "hole": torch.from_numpy(np.stack(holes)[:, None] * np.uint8(255)),
        }
