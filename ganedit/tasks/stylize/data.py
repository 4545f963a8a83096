"""Training batches for style transfer: pairs of crops that have nothing to do with each other."""

import cv2
import numpy as np
import torch
from torch import Tensor

from ganedit.data.augment import LOOK_SHIFT
from ganedit.data.pictures import EVERYTHING, Folder, Part, Pictures
from ganedit.data.seeding import generator_at
from ganedit.errors import TrainingError
from ganedit.tasks.stylize.options import StylizeTraining
from ganedit.training.task import Batch

# A crop is so many times as large as what it was cut from, or is that much reduced.
SMALLEST_SCALE, LARGEST_SCALE = 0.5, 1.7


class StylizeBatches:
    """Pairs: `content` and `style` `(N, 3, S, S)` uint8 RGB, and `content_view`, `style_view`.

    There are `views` different crops of each picture, and no more: what VGG19 sees in one is
    worth remembering. The numbers of those of a batch are `(N,)` int64; a style that is the
    content itself has its number.
    """

    def __init__(self, options: StylizeTraining, seed: int, part: Part = EVERYTHING) -> None:
        self.options, self.seed = options, seed
        self.pictures = {
            name: Pictures(
                [Folder.parse(text) for text in folders],
                minimum=-(-options.crop // 2),
                enlarge=True,
                part=part,
            )
            for name, folders in (("content", options.content), ("style", options.style))
        }

    @property
    def enough(self) -> bool:
        """Whether there is anything to draw."""
        return all(len(pictures) for pictures in self.pictures.values())

    def __getitem__(self, step: int) -> Batch:
        rng = generator_at(self.seed, step)
        contents, styles = [], []
        for _ in range(self.options.batch):
            contents.append(self._view("content", rng))
            itself = rng.random() < self.options.itself
            styles.append(contents[-1] if itself else self._view("style", rng))
        return {
            **_stacked("content", contents),
            **_stacked("style", styles),
        }

    def _view(self, kind: str, rng: np.random.Generator) -> tuple[np.ndarray, int]:
        """One of the crops of a picture `(S, S, 3)`, and its number: odd ones are styles."""
        pictures, views = self.pictures[kind], self.options.views
        index = pictures.draw_index(rng)
        number = 2 * (index * views + int(rng.integers(views))) + (kind == "style")
        crop = scaled_crop(pictures.load(index), self.options.crop, generator_at(0, number))
        return crop, number


class ExampleBatches:
    """What another network painted: `content`, `style` and `result` `(N, 3, S, S)` uint8 RGB."""

    def __init__(self, options: StylizeTraining, seed: int, part: Part = EVERYTHING) -> None:
        self.options, self.seed = options, seed
        folders = [Folder.parse(text) for text in options.examples]
        self.pictures = Pictures(folders, minimum=options.crop, part=part)

    @property
    def enough(self) -> bool:
        """Whether there is anything to draw."""
        return len(self.pictures) > 0

    def __getitem__(self, step: int) -> Batch:
        rng = generator_at(self.seed, step)
        rows = [self._triple(rng) for _ in range(self.options.batch)]
        columns = zip(("content", "style", "result"), zip(*rows, strict=True), strict=True)
        return {
            name: torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).contiguous()
            for name, crops in columns
        }

    def _triple(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Crops of the three, of picture and result at the same place."""
        picture, size = self.pictures.draw(rng), self.options.crop
        side = picture.shape[0]
        if picture.shape[1] != 3 * side:
            raise TrainingError("--examples: pictures are three squares side by side")
        parts = [picture[:, place * side : (place + 1) * side] for place in range(3)]
        places = [rng.integers(side - size + 1, size=2) for _ in range(2)]
        crops = [
            part[top : top + size, left : left + size]
            for part, (top, left) in zip(parts, [*places, places[0]], strict=True)
        ]
        return [crop[:, ::-1] for crop in crops] if rng.random() < 0.5 else crops


def scaled_crop(picture: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A `(size, size, 3)` crop at a random scale, perhaps mirrored."""
    smallest = size / LARGEST_SCALE
    largest = min(size / SMALLEST_SCALE, *picture.shape[:2])
    side = round(smallest * (max(largest, smallest) / smallest) ** rng.random())
    side = min(side, *picture.shape[:2])
    top, left = (int(rng.integers(n - side + 1)) for n in picture.shape[:2])
    crop = np.ascontiguousarray(picture[top : top + side, left : left + side])
    if side != size:
        how = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
        crop = cv2.resize(crop, (size, size), interpolation=how)
    return crop[:, ::-1] if rng.random() < 0.5 else crop


def look_of(view: int) -> tuple[int, int]:
    """Where in the crop of that number VGG19 looks, from the top and from the left.

    Its pooling lies on a fixed grid, and from one view to the next anywhere in ours: a pattern on
    that grid, which would tell it what it wants to see, cannot be learned.
    """
    top, left = (int(n) for n in generator_at(1, view).integers(LOOK_SHIFT, size=2))
    return top, left


def _stacked(kind: str, views: list[tuple[np.ndarray, int]]) -> dict[str, Tensor]:
    crops, numbers = zip(*views, strict=True)
    pictures = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).contiguous()
    return {kind: pictures, f"{kind}_view": torch.tensor(numbers)}
