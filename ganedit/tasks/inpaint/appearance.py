"""What gives a fill away, measured on the filled picture alone: no truth is needed.

Photographs are not 0 or 1 in these figures either. They mean something beside the same figure of
the untouched photograph at the same place.
"""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit.blending import LUMA
from ganedit.tasks.inpaint.holes import depth_of

# Pixels around a hole that its border is compared with.
BAND = 16
# Deviation in pixels over which both sides of a border are averaged, to find a step.
STEP_SIGMA = 6.0
# Pixels inside a hole that are left out: there fill and photo mix.
RIM = 4
# Side of the blocks in which noise is found, and the share of them that counts as plain.
BLOCK, PLAIN = 8, 0.25
# Immerkær's operator has this norm: divided by it, white noise keeps its deviation.
NOISE_KERNEL, NOISE_NORM = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32), 6.0
# Levels of 255 under which noise is not told from none.
LEAST_NOISE = 0.25
# Repeats: side of the patches, how many are looked for, how alike two have to be, and over how many
# levels of 255 their detail has to vary, lest every plain sky be a repeat.
PATCH, SOUGHT, ALIKE, LEAST_DETAIL = 16, 64, 0.92, 4.0
# Strangers: the share of the ring's own places that count as unlike the rest of it.
STRANGE = 0.05


def luma_of(picture: np.ndarray) -> np.ndarray:
    """`(H, W)` float32 in [0, 255] of `(H, W, 3)` uint8."""
    result: np.ndarray = picture.astype(np.float32) @ LUMA
    return result


def ring_around(hole: np.ndarray) -> np.ndarray:
    """What is near a hole, `(H, W)` bool: as many pixels away as half of the hole is wide."""
    width = max(BAND, round(float(depth_of(hole).max())))
    near = depth_of(~hole) <= width
    ring: np.ndarray = near & ~hole
    return ring


def seam(luma: np.ndarray, hole: np.ndarray) -> float:
    """How much neighbours across a hole's border differ, against neighbours near it: a ratio.

    The mean absolute difference of luma of all pairs of neighbours of which one is in the hole,
    over that of pairs within `BAND` pixels outside. 1 is a border that nothing tells; an edge all
    around gives far more, and a soft mixture less.
    """
    outside = (depth_of(~hole) <= BAND) & ~hole
    across, around = [0.0, 0], [0.0, 0]
    for axis in (0, 1):
        difference = np.abs(np.diff(luma, axis=axis))
        one, other = _pairs(hole, axis)
        crossing = one != other
        one, other = _pairs(outside, axis)
        for total, where in ((across, crossing), (around, one & other)):
            total[0] += float(difference[where].sum())
            total[1] += int(where.sum())
    ordinary = around[0] / max(around[1], 1)
    return across[0] / max(across[1], 1) / max(ordinary, 0.1)


def _pairs(mask: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    first, last = (slice(None, -1), slice(1, None))
    return (mask[first], mask[last]) if axis == 0 else (mask[:, first], mask[:, last])


def step(picture: np.ndarray, hole: np.ndarray) -> float:
    """How far light and colour jump at a hole's border, in percent of the range.

    On every pixel of the border, the averages of what is inside and of what is outside, weighed by
    a Gaussian of `STEP_SIGMA` pixels: their absolute difference, the mean of the channels. It tells
    of a fog or a patch whose edge was smoothed.
    """
    border = hole & (depth_of(hole) <= 1)
    sides = []
    for mask in (hole, ~hole):
        weight = mask.astype(np.float32)
        sums = cv2.GaussianBlur(picture * weight[:, :, None], (0, 0), STEP_SIGMA)
        count = cv2.GaussianBlur(weight, (0, 0), STEP_SIGMA)
        sides.append(sums[border] / np.maximum(count[border], 1e-6)[:, None])
    return float(np.abs(sides[0] - sides[1]).mean() / 2.55)


def sharpness(luma: np.ndarray, hole: np.ndarray) -> float:
    """Detail inside against that of the ring, in octaves: 0 is as much, -1 half as much.

    Detail is the mean gradient of luma (Sobel), `RIM` pixels of either side of the border left out.
    """
    gradient = np.hypot(*(cv2.Sobel(luma, cv2.CV_32F, dx, 1 - dx, ksize=3) for dx in (0, 1)))
    inside, ring = _apart(hole)
    return float(np.log2((gradient[inside].mean() + 1) / (gradient[ring].mean() + 1)))


def noise(luma: np.ndarray, hole: np.ndarray) -> float:
    """Grain inside against that of the ring, in octaves.

    The deviation of Immerkær's operator (1996) in blocks of `BLOCK` pixels; of the plainest quarter
    of the blocks the mean, since in the others it is texture.
    """
    response = cv2.filter2D(luma, cv2.CV_32F, NOISE_KERNEL) / NOISE_NORM
    # At least one block, however narrow the picture is.
    fy, fx = (max(1 / BLOCK, 1 / side) for side in luma.shape)
    power = cv2.resize(np.square(response), None, fx=fx, fy=fy, interpolation=cv2.INTER_AREA)
    levels = []
    for mask in _apart(hole):
        covered = cv2.resize(mask.astype(np.float32), power.shape[::-1],
                             interpolation=cv2.INTER_AREA)  # fmt: skip
        blocks = np.sort(np.sqrt(power[covered > 0.9]))
        plain = blocks[: max(1, round(PLAIN * len(blocks)))]
        levels.append(float(plain.mean()) if len(plain) else 0.0)
    inside, outside = (level + LEAST_NOISE for level in levels)
    return float(np.log2(inside / outside))


def _apart(hole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The hole and the ring around it, without what is near the border; all of them if thin."""
    parts = (hole, ring_around(hole))
    far = (depth_of(hole) > RIM, depth_of(~hole) > RIM)
    inside, ring = (part & away if (part & away).any() else part
                    for part, away in zip(parts, far, strict=True))  # fmt: skip
    return inside, ring


def repeats(luma: np.ndarray, hole: np.ndarray, rng: np.random.Generator) -> float:
    """Share of a hole's detail, in percent, that occurs a second time in the picture.

    Patches of `PATCH` pixels with detail in them are looked for everywhere else at their own size:
    a correlation over `ALIKE` is one and the same, copied. What is copied once and then seen twice
    is what the eye finds; regular things (windows, bricks) repeat in photographs too.
    """
    smooth = cv2.GaussianBlur(luma, (0, 0), 4)
    detail = luma - smooth
    half = PATCH // 2
    inner = cv2.erode(hole.astype(np.uint8), np.ones((PATCH, PATCH), np.uint8),
                      borderType=cv2.BORDER_CONSTANT, borderValue=0)  # fmt: skip
    power = cv2.blur(np.square(detail), (PATCH, PATCH))
    deviation = np.sqrt(np.maximum(power, 0))  # running sums end a little below 0
    places = np.argwhere((inner > 0) & (deviation > LEAST_DETAIL))
    if not len(places):
        return 0.0
    chosen = places[rng.choice(len(places), min(SOUGHT, len(places)), replace=False)]
    found = 0
    for y, x in chosen:
        patch = detail[y - half : y + half, x - half : x + half]
        alike = cv2.matchTemplate(detail, patch, cv2.TM_CCOEFF_NORMED)
        top, left = max(0, y - half - PATCH), max(0, x - half - PATCH)
        alike[top : y + half + 1, left : x + half + 1] = -1
        found += bool(alike.max() > ALIKE)
    return 100 * found / len(chosen)


def strangers(features: Tensor, hole: Tensor, ring: Tensor) -> float:
    """Share of a fill, in percent, that looks unlike anything around it.

    Every place of a deep feature map inside the hole looks for the place in the ring that is most
    like it (cosine). A stranger is one that finds less than all but `STRANGE` of the ring's own
    places find among the others, those beside them left out. So an untouched photograph has a few.

    Args:
        features: `(1, C, h, w)`, relu4_4 of VGG19.
        hole: `(1, 1, H, W)`, 1 in the hole, of any size.
        ring: `(1, 1, H, W)` likewise, 1 in what is compared with.
    """
    shape = (features.shape[2], features.shape[3])
    inside, around = (F.adaptive_avg_pool2d(mask, shape)[0, 0] > 0.5 for mask in (hole, ring))
    if not inside.any() or int(around.sum()) < 16:
        return 0.0
    unit = F.normalize(features[0], dim=0)
    theirs, places = unit[:, around], around.nonzero().float()
    among = theirs.T @ theirs
    # Neighbours share what they see.
    among[torch.cdist(places, places) < 3] = -1
    usual = among.amax(dim=1).quantile(STRANGE)
    best = (unit[:, inside].T @ theirs).amax(dim=1)
    return 100 * float((best < usual).float().mean())
