"""Large pieces of a picture for its hole, which patches then refine, and what evens their light."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.tasks.inpaint.joining import joined
from ganedit.tasks.inpaint.network import canvas
from ganedit.tasks.inpaint.pyramid import Level, look_up
from ganedit.tasks.inpaint.shifts import Scenery, coherent_sources

# Pieces are found where the hole has about so many pixels; weight of fine detail beside colour.
PIECED, TEXTURE = 4000, 2.0


def from_pieces_on(shapes: list[tuple[int, int]], hole: Tensor) -> list[tuple[int, int]]:
    """Those sizes from the finest one on at which the hole has no more than `PIECED` pixels."""
    area = float(hole.sum()) / hole.numel()
    fitting = [n for n, (height, width) in enumerate(shapes) if area * height * width <= PIECED]
    return shapes[fitting[-1] if fitting else 0 :]


def in_pieces(
    level: Level,
    picture: Tensor,
    hole: Tensor,
    guide: Tensor,
    meaning: Tensor,
    otherwise: Tensor,
) -> Tensor:
    """Sources for a level's targets in coherent pieces; others where those lead nowhere."""
    texture = _texture(picture, hole, level)
    unknown = level.hole[None, None].float()
    scenery = Scenery(
        torch.cat([level.picture, texture]),
        torch.cat([guide_at(guide, level), canvas(texture[None] * (1 - unknown), unknown)[0]]),
        guide_at(meaning, level), level.hole, level.valid, level.targets,
    )  # fmt: skip
    found = coherent_sources(scenery)
    return torch.where(look_up(level.valid, found, 0)[:, None], found, otherwise)


def _texture(picture: Tensor, hole: Tensor, level: Level) -> Tensor:
    """How much fine detail there is in each pixel of a level, `(1, h, w)`: what it is made of."""
    gray = picture.mean(0, keepdim=True)[None]
    fine = (gray - F.avg_pool2d(gray, 5, 1, 2, count_include_pad=False)).square()
    shape = (level.hole.shape[0], level.hole.shape[1])
    # Near the hole the average looks under it.
    known = 1 - F.max_pool2d(hole[None, None].float(), 5, 1, 2)
    energy, share = (F.adaptive_avg_pool2d(x, shape) for x in (fine * known, known))
    return (energy / share.clamp_min(1e-6)).sqrt()[0] * TEXTURE


def guide_at(guide: Tensor, level: Level) -> Tensor:
    """A guide of any size at a level's."""
    shape = (level.hole.shape[0], level.hole.shape[1])
    if guide.shape[1:] == shape:
        return guide
    if guide.shape[1] > shape[0]:
        return F.adaptive_avg_pool2d(guide[None], shape)[0]
    return F.interpolate(guide[None], shape, mode="bilinear", align_corners=False)[0]


def light_of(level: Level, found: Tensor) -> Tensor:
    """What is to be added to what is copied, so that pieces do not show: `(3, H, W)`."""
    (height, width), window = level.hole.shape, level.window
    corner = torch.tensor([window[0].start, window[1].start])
    rows, columns = (level.targets - corner).T
    shape = (3, window[0].stop - window[0].start, window[1].stop - window[1].start)

    def copied(shift: tuple[int, int]) -> Tensor:
        at = (found + torch.tensor(shift)).clamp_min(0)
        result = torch.zeros(shape)
        result[:, rows, columns] = level.picture[
            :, at[:, 0].clamp_max(height - 1), at[:, 1].clamp_max(width - 1)
        ]
        return result

    colors, ahead = copied((0, 0)), []
    for axis, step in enumerate(((1, 0), (0, 1))):
        beyond, before = copied(step), copied((-step[0], -step[1]))
        # Both pieces that meet have a say.
        other = (colors - before).roll(-1, axis + 1)
        ahead.append((beyond - colors + other) / 2)
    result = torch.zeros(3, height, width)
    copies = (level.place >= 0)[window]
    result[:, *window] = joined(colors, (ahead[0], ahead[1]), copies)
    return result
