"""What an encoder learns its generator's kind by: pictures that are of it, and others.

The square of a photo that is meant is the one that is most surely of the kind; so pieces of such
pictures, and such pictures with much around them, are none.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.data.augment import recolored
from ganedit.data.pictures import Folder, Pictures, any_crop, square
from ganedit.data.seeding import generator_at
from ganedit.tasks.generate.data import GenerateBatches
from ganedit.training.task import Batch

# Others to each picture of the kind: among the hundreds of squares of a photo none may be mistaken.
OTHERS = 3
# How far a square may be off, as a share of its side, and still be of the kind.
NEAR = 0.06
# Side of a piece, and of a picture with others around it, as a share of the whole.
PIECE, SMALL = (0.35, 0.75), (0.35, 0.75)


class KindBatches:
    """`picture` as `GenerateBatches` has it, and `other` `(OTHERS x N, 3, S, S)` of anything else.

    Args:
        pictures: those of the kind.
        folders: of pictures of anything else; without any, others are made of pictures of the kind.
    """

    def __init__(self, pictures: GenerateBatches, folders: list[Folder], seed: int) -> None:
        self.pictures, self.seed = pictures, seed
        self.others = Pictures(folders, 1, part=pictures.part) if folders else None

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, step: int) -> Batch:
        batch, rng = self.pictures[step], generator_at(self.seed + 1, step)
        own = batch["picture"].permute(0, 2, 3, 1).numpy()
        other = np.stack([self._other(own, place, rng) for place in range(OTHERS * len(own))])
        return {**batch, "other": torch.from_numpy(other).permute(0, 3, 1, 2).contiguous()}

    def _other(self, own: np.ndarray, place: int, rng: np.random.Generator) -> np.ndarray:
        """Something that is not of the kind, `(S, S, 3)` uint8: of four sorts in turn."""
        side, number = own.shape[1], len(own)
        picture, neighbour = own[place % number], own[(place - 1) % number]
        match place % 4:
            case 0:
                return self._ground(neighbour, rng)
            case 1:
                return _piece(picture, rng.uniform(*PIECE), side, rng)
            case 2:
                ground = self._ground(neighbour, rng)
                small = max(2, round(side * rng.uniform(*SMALL)))
                top, left = rng.integers(side - small + 1, size=2)
                ground[top : top + small, left : left + small] = square(picture, small)
                return ground
        if rng.random() < 0.5:
            return np.ascontiguousarray(np.rot90(picture, int(rng.integers(1, 4))))
        return np.roll(picture, int(rng.uniform(0.25, 0.75) * side), axis=int(rng.integers(2)))

    def _ground(self, neighbour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Any square of any picture of something else."""
        side = len(neighbour)
        share = rng.uniform(0.2, 1)
        if self.others is not None:
            return _piece(self.others.draw(rng), share, side, rng).copy()
        return np.rot90(_piece(neighbour, share, side, rng), int(rng.integers(1, 4))).copy()


def _piece(picture: np.ndarray, share: float, side: int, rng: np.random.Generator) -> np.ndarray:
    """A square of a picture `(H, W, 3)` anywhere in it, `(side, side, 3)`."""
    part = max(2, round(min(picture.shape[:2]) * share))
    return square(any_crop(picture, part, rng), side)


def roughly(pictures: Tensor) -> Tensor:
    """Pictures `(N, 3, S, S)` in [0, 1] recoloured, and a little moved, enlarged and turned.

    A photo may be grey, dark or askew. What comes in at the edges is mirrored.
    """
    count = len(pictures)
    scale, shear = 1 + torch.empty(2, count).uniform_(-NEAR, NEAR)
    moves = torch.empty(2, count).uniform_(-2 * NEAR, 2 * NEAR)
    angle = torch.empty(count).uniform_(-0.15, 0.15)
    rows = [
        torch.stack([angle.cos() * scale, -angle.sin(), moves[0]], dim=1),
        torch.stack([angle.sin(), angle.cos() * scale * shear, moves[1]], dim=1),
    ]
    places = F.affine_grid(torch.stack(rows, dim=1).to(pictures), list(pictures.shape), False)
    moved = F.grid_sample(pictures, places, padding_mode="reflection", align_corners=False)
    return recolored(moved - 0.5) + 0.5
