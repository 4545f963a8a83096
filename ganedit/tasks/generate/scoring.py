"""How good a generator is while it trains: distances to held-out pictures, and how varied it is."""

import warnings
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit import metrics
from ganedit.nets.vgg import VGG19Features
from ganedit.tasks.generate.matching import summary
from ganedit.training.task import HeldOutScores

# From so many pictures on, precision and recall say something.
ENOUGH = 32
# A recall from which on a generator is varied, and to which share of its best it falls where it
# collapses.
VARIED, COLLAPSED = 0.15, 1 / 3


class Scores:
    """Kernel distance to real pictures, which decides; precision and recall.

    Of VGG19's relu5_4, at twice the size; without VGG19 of thumbnails of 8×8 pixels. A fall of
    recall is warned of.
    """

    def __init__(self, vgg: VGG19Features | None) -> None:
        self._vgg = vgg
        self._wanted: Tensor | None = None
        self._best_recall = 0.0

    def __call__(self, drawn: Sequence[Tensor], real: Sequence[Tensor]) -> HeldOutScores:
        """Scores of batches `(N, 3, S, S)` of drawn pictures; the real ones are always the same."""
        if self._wanted is None:
            self._wanted = torch.cat([self._described(pictures) for pictures in real])
        ours = torch.cat([self._described(pictures.clamp(0, 1)) for pictures in drawn])
        distance = metrics.kernel_distance(ours, self._wanted)
        values = {"kernel distance": distance}
        if len(ours) >= ENOUGH:
            precision, recall = metrics.precision_recall(ours, self._wanted)
            values |= {"precision": precision, "recall": recall}
            self.watch(recall)
        return HeldOutScores(values, -distance)

    def watch(self, recall: float) -> None:
        """Tell, once, that a generator that drew many kinds of pictures draws few of them now."""
        self._best_recall = max(self._best_recall, recall)
        if self._best_recall > VARIED and recall < self._best_recall * COLLAPSED:
            self._best_recall = 0.0
            warnings.warn(
                f"samples grow alike: recall fell to {recall:.2f}. If it stays there, begin again "
                "from best.safetensors (--start) with a lower --learning-rate, or with more "
                "pictures",
                stacklevel=2,
            )

    def _described(self, pictures: Tensor) -> Tensor:
        if self._vgg is None:
            return summary(pictures)
        return pooled_features(self._vgg, pictures)


def pooled_features(vgg: VGG19Features, pictures: Tensor) -> Tensor:
    """What pictures `(N, 3, S, S)` are of: the deepest features of them at twice the size.

    Averaged over each picture, `(N, C)`. Enlarged, since things fill too little of what VGG19
    was trained on.
    """
    large = F.interpolate(pictures, scale_factor=2, mode="bilinear", align_corners=False)
    deepest: Tensor = vgg(large)[-1]
    return deepest.float().mean((2, 3))
