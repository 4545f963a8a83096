"""Differentiable augmentation of what critics and feature networks see."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

Augment = Callable[[Tensor], Tensor]

# VGG19 looks at crops that begin up to so many pixels in (as many as it pools into one), reduced
# to as little as this.
LOOK_SHIFT, SMALLEST_LOOK = 16, 0.7


def draw_augmentation(size: int, device: torch.device, *, shift: float = 0.125) -> Augment:
    """A random translation and cutout (DiffAugment, Zhao et al. 2020), the same for all pictures.

    Real and generated pictures of one step must go through the same draw, or the critic learns
    to tell the draws apart. Colour is left alone: a critic blind to casts lets them pass.

    Args:
        size: side of the `(N, C, size, size)` pictures it will be applied to.
        shift: largest translation, as a share of the size.
    """
    reach = max(1, round(size * shift))
    dy, dx = (int(v) for v in torch.randint(-reach, reach + 1, (2,)))
    hole = size // 4
    top, left = (int(v) for v in torch.randint(0, size - hole + 1, (2,)))
    keep = torch.ones(1, 1, size, size, device=device)
    keep[..., top : top + hole, left : left + hole] = 0

    def apply(pictures: Tensor) -> Tensor:
        padded = F.pad(pictures, (reach, reach, reach, reach))
        moved = padded[..., reach + dy : reach + dy + size, reach + dx : reach + dx + size]
        return moved * keep

    return apply


def draw_look(side: int, smallest: float = SMALLEST_LOOK, largest: float = 1.0) -> Augment:
    """A random crop and reduction, through which VGG19 sees pictures.

    Its pooling lies on a fixed grid. Looked at always in the same place and size, it would be told
    by a faint pattern on that grid, which no one takes for paint or fur, what it wants to see.

    Args:
        side: of the `(N, C, side, side)` pictures it will be applied to, over 32.
        smallest: least factor of the reduction.
        largest: greatest one.
    """
    top, left = (int(v) for v in torch.randint(LOOK_SHIFT, (2,)))
    scale = float(torch.empty(()).uniform_(smallest, largest))
    size = max(LOOK_SHIFT, round((side - LOOK_SHIFT) * scale))

    def look(pictures: Tensor) -> Tensor:
        crop = pictures[..., top : top + side - LOOK_SHIFT, left : left + side - LOOK_SHIFT]
        return F.interpolate(crop, size=(size, size), mode="bilinear", align_corners=False)

    return look


def draw_zoom(side: int, enlarged: int) -> Augment:
    """A random crop of nearly all of a picture, at another size: networks know larger things.

    Args:
        side: of the `(N, C, side, side)` pictures it will be applied to.
        enlarged: side of what is seen.
    """
    part = side - int(torch.randint(side // 8 + 1, ()))
    top, left = (int(v) for v in torch.randint(side - part + 1, (2,)))

    def zoomed(pictures: Tensor) -> Tensor:
        seen = pictures[..., top : top + part, left : left + part]
        size = (enlarged, enlarged)
        return F.interpolate(seen, size=size, mode="bilinear", align_corners=False)

    return zoomed


def augmented(pictures: Tensor, share: Tensor | None = None) -> Tensor:
    """Each picture recoloured, shifted and cut into at random (DiffAugment, Zhao et al. 2020).

    Every picture gets a draw of its own. Critics that see real and generated pictures through it
    cannot learn a few thousand of them by heart, and its gradients flow to the generator.

    Args:
        pictures: `(N, 3, S, S)` in [0, 1]; what moves in from outside, and what is cut out, is
            middle grey.
        share: of the pictures to which each of the three is done, a scalar; all without it.
    """
    x = pictures - 0.5
    for change in (recolored, _shifted, _cut_out):
        changed = change(x)
        if share is not None:
            chosen = torch.rand(len(x), 1, 1, 1, device=x.device) < share
            changed = torch.where(chosen, changed, x)
        x = changed
    return x + 0.5


def recolored(pictures: Tensor) -> Tensor:
    """Brightness by up to a quarter of full scale, saturation up to twofold, contrast by half."""
    brightness, saturation, contrast = torch.rand(3, len(pictures), 1, 1, 1, device=pictures.device)
    x = pictures + (brightness - 0.5) / 2
    x = torch.lerp(x.mean(1, keepdim=True), x, 2 * saturation)
    return torch.lerp(x.mean((1, 2, 3), keepdim=True), x, contrast + 0.5)


def _shifted(pictures: Tensor) -> Tensor:
    """Shifted by up to an eighth of the side."""
    side = pictures.shape[-1]
    reach = max(1, side // 8)
    places = torch.randint(2 * reach + 1, (len(pictures), 2)).tolist()
    padded = F.pad(pictures, (reach, reach, reach, reach))
    moved = [
        picture[:, top : top + side, left : left + side]
        for picture, (top, left) in zip(padded, places, strict=True)
    ]
    return torch.stack(moved).contiguous(memory_format=torch.channels_last)


def _cut_out(pictures: Tensor) -> Tensor:
    """A square of half the side cut out, perhaps partly outside the picture."""
    side = pictures.shape[-1]
    middles = torch.randint(side + 1, (2, len(pictures), 1), device=pictures.device)
    places = torch.arange(side, device=pictures.device)
    rows, columns = ((places - middle).abs() < side // 4 for middle in middles)
    hole = rows[:, None, :, None] & columns[:, None, None, :]
    result: Tensor = pictures * ~hole
    return result
