"""Walks through the space of codes: frames between the pictures of some seeds."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.image import Image
from ganedit.runtime import Runtime
from ganedit.task import Enlarge, Progress
from ganedit.tasks.generate.drawing import Painter
from ganedit.tasks.generate.latent_options import WalkOptions
from ganedit.tasks.generate.models import find_model


class Walking:
    """Draws the frames of a walk.

    Args:
        options: from where to where, and how long.
        runtime: device and precision.
        enlarge: brings frames to another size than the generator's.

    Raises:
        UsageError: an unknown model or class.
        WeightsError: weights are missing, altered or of another task.
    """

    def __init__(self, options: WalkOptions, runtime: Runtime, enlarge: Enlarge) -> None:
        self.options, self.enlarge = options, enlarge
        self.painter = Painter(find_model(options.model, options.weights), runtime)
        classes = self.painter.model.network.classes
        turn = classes[options.stations[0] % len(classes)] if classes else ""
        self.class_ = options.class_ or turn
        stations = [self.painter.draws(seed) for seed in options.stations]
        # The noise of the layers stays: else hair would flicker.
        self.noise = stations[0][1]
        self.latents = [latent for latent, _ in stations]
        self._code(0.0)  # a class that is unknown is told before the first frame

    def apply(self, variant: str, progress: Progress) -> Image:
        """Draw the frame of that number."""
        options = self.options
        legs = len(self.latents) - 1
        # A loop has its first frame once: what follows its last one.
        steps = options.frames if options.loop else max(1, options.frames - 1)
        frame = Image(self.painter.paint(self._code(int(variant) / steps * legs), self.noise))
        size = options.size or frame.width
        if size != frame.width:
            frame = self.enlarge(frame, size, size)
        progress(1.0)
        return frame

    def _code(self, place: float) -> Tensor:
        """The code so many legs along the way, `(1, latent)`."""
        legs = list(pairwise(self.latents))
        leg = min(int(place), len(legs) - 1)
        share = place - leg
        if self.options.through == "z":
            return self._code_of(spherical(*legs[leg], share))
        start, end = map(self._code_of, legs[leg])
        return torch.lerp(start, end, share)

    def _code_of(self, latent: Tensor) -> Tensor:
        return self.painter.code(latent, self.class_, self.options.truncation)


def spherical(start: Tensor, end: Tensor, share: float) -> Tensor:
    """From the direction of one vector `(N, D)` to another's at even speed (Shoemake 1985).

    Along the arc: halfway on the chord a code would be shorter than those that the network knows.
    """
    length = start.shape[1] ** 0.5
    start, end = (F.normalize(vector, dim=1) * length for vector in (start, end))
    angle = torch.acos(torch.cosine_similarity(start, end, dim=1).clamp(-1, 1))[:, None]
    if angle.min() < 1e-4:
        return torch.lerp(start, end, share)
    way = torch.sin((1 - share) * angle) * start + torch.sin(share * angle) * end
    return way / torch.sin(angle)
