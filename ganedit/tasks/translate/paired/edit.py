"""Turning a drawing into a photo with a loaded network."""

from dataclasses import replace

import numpy as np
import torch

from ganedit.colors import parse_color
from ganedit.editing import is_finite, on_white, placed
from ganedit.errors import NonFiniteError, UsageError
from ganedit.image import Image, resize
from ganedit.runtime import Runtime
from ganedit.task import Enlarge, Progress
from ganedit.tasks.translate.paired.drawing import Drawing, Window, cleaned
from ganedit.tasks.translate.paired.network import PairedGenerator
from ganedit.tasks.translate.paired.predictor import ANY_LOOK, Look, palette_of

# Photos are so much larger than the crops of them that networks are trained with.
ROOM = 8 / 7
# How many times larger the upscaler makes them; what is left is interpolated.
MOST_ENLARGED = 8
# Pixels along the edges of a photo whose median is its paper, where that is nearly white.
RIM, NEARLY_WHITE = 3, 0.95


class DrawingEdit:
    """Makes photos of drawings.

    Args:
        generator: trained with drawings.
        to: the domain.
        color: whose shades the thing has all over, as `parse_color` reads it.
        runtime: device.
        enlarge: brings the photo to the size of the drawing.

    Raises:
        UsageError: a colour for a network that takes none.
    """

    def __init__(
        self,
        generator: PairedGenerator,
        to: str,
        color: str | None,
        runtime: Runtime,
        enlarge: Enlarge = resize,
    ) -> None:
        self._color = None if color is None else parse_color(color, "--color")
        options = generator.options
        if color is not None and not options.palette:
            raise UsageError("--color: this network was trained with --palette 0")
        self._to, self._runtime, self._enlarge = to, runtime, enlarge
        # A frame is a few thousand pixels: half precision would save nothing.
        self.generator = placed(generator, runtime.device, torch.float32)
        self.frame = generator.multiple * round(options.size * ROOM / generator.multiple)

    def apply(self, image: Image, progress: Progress, look: Look = ANY_LOOK) -> Image:
        """The photo of a drawing, as large as it, on white; depth and metadata stay.

        Raises:
            ImageError: the drawing is empty, or a photo.
        """
        drawings = cleaned(image, self.frame)
        most = np.iinfo(image.samples.dtype).max
        page = np.full((image.height, image.width, 3), most, image.samples.dtype)
        for done, drawing in enumerate(drawings, start=1):
            self._put(self.photo_of(drawing, look), drawing.window, page)
            progress(done / len(drawings))
        metadata, notes = image.metadata, (*image.notes, *drawings[0].notes)
        if metadata.icc is not None:
            metadata = replace(metadata, icc=None)
            notes = (*notes, "colours are new: the drawing's profile was left out")
        return replace(image, samples=page, alpha=None, metadata=metadata, notes=notes)

    def photo_of(self, drawing: Drawing, look: Look = ANY_LOOK) -> np.ndarray:
        """What the network makes of a cleaned drawing, `(frame, frame, 3)` uint8."""
        generator, device = self.generator, self._runtime.device
        planes = [drawing.ink[..., None]]
        if generator.options.hints:
            planes.append(drawing.hints.astype(np.float32) / 255)
        stacked = np.concatenate(planes, axis=2).astype(np.float32)
        inputs = torch.from_numpy(stacked).permute(2, 0, 1)[None].to(device)
        label = torch.tensor([generator.options.to.index(self._to)], device=device)
        if look.like is not None:
            look = replace(look, like=on_white(look.like))
        look = replace(look, color=self._color)
        with torch.inference_mode():
            result = generator(inputs, label, palette_of(generator, look).to(device))
        if not is_finite(result):
            raise NonFiniteError("the network gives NaN for this drawing; report this")
        rounded = _on_paper(result[0]).clamp(0, 1).mul(255).round().permute(1, 2, 0)
        photo: np.ndarray = rounded.to("cpu", torch.uint8).numpy()
        return photo

    def _put(self, photo: np.ndarray, window: Window, page: np.ndarray) -> None:
        """Lay a photo on the page where its window is, enlarged to it."""
        side = max(1, round(window.side))
        square = Image(photo)
        # Beyond, a network finds nothing more to add, and takes minutes.
        drawn = min(side, MOST_ENLARGED * self.frame)
        if drawn != self.frame:
            square = self._enlarge(square, drawn, drawn)
        if drawn != side:
            square = resize(square, side, side)
        samples = square.samples
        if page.dtype != samples.dtype:
            samples = samples.astype(page.dtype) * (np.iinfo(page.dtype).max // 255)
        top, left = round(window.top), round(window.left)
        rows = slice(max(0, top), min(page.shape[0], top + side))
        columns = slice(max(0, left), min(page.shape[1], left + side))
        # Papers of two things may overlap: the darker is no paper.
        page[rows, columns] = np.minimum(page[rows, columns], samples[
            rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ])  # fmt: skip


def _on_paper(photo: torch.Tensor) -> torch.Tensor:
    """A photo `(3, S, S)` whose paper is white, as the page that it is laid on: no seam is seen."""
    rim = torch.cat([photo[:, :RIM], photo[:, -RIM:], photo.mT[:, :RIM], photo.mT[:, -RIM:]], dim=1)
    paper = rim.flatten(1).median(dim=1).values
    return photo / paper[:, None, None] if paper.min() > NEARLY_WHITE else photo
