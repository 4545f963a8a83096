"""Training batches for translation: crops of two domains that do not correspond."""

import numpy as np
import torch
from torch import Tensor

from ganedit.data.pictures import EVERYTHING, Folder, Part, Pictures, random_crop
from ganedit.data.seeding import generator_at
from ganedit.errors import TrainingError
from ganedit.tasks.translate.options import TranslateTraining
from ganedit.training.task import Batch


class TranslateBatches:
    """`(N, 3, S, S)` uint8 RGB of each domain, by its name."""

    def __init__(self, options: TranslateTraining, seed: int, part: Part = EVERYTHING) -> None:
        self.options, self.seed = options, seed
        self.domains = {}
        for name, folders in zip(options.network.names, (options.a, options.b), strict=True):
            parsed = [Folder.parse(text) for text in folders]
            pictures = Pictures(parsed, minimum=options.crop, enlarge=True, part=part)
            if part.training and len(pictures) < 2:
                raise TrainingError(f"{folders[0]}: a domain needs at least 2 pictures")
            self.domains[name] = pictures

    def __getitem__(self, step: int) -> Batch:
        rng = generator_at(self.seed, step)
        return {name: self._crops(pictures, rng) for name, pictures in self.domains.items()}

    def _crops(self, pictures: Pictures, rng: np.random.Generator) -> Tensor:
        crops = [
            random_crop(
                pictures.draw(rng), self.options.crop, rng, turned=False,
                reduce=self.options.reduce,
            )
            for _ in range(self.options.batch)
        ]  # fmt: skip
        return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).contiguous()
