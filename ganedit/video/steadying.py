"""Steady detail: what an edit adds to neighbouring frames, averaged along their motion.

An edit is its input, brought to size, and what it adds. The additions of a frame and of its
neighbours are averaged where the input shows the same thing (after the temporal consistency of
Lai et al. 2018, without a network): a detail that is there in all of them stays, one that comes and
goes does not. Motion is found in the input by dense inverse search (Kroeger et al. 2016); what is
hidden in a neighbour, or has changed, is not taken from there. A frame depends on its neighbours
alone, so that segments of a video can be made apart.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np

from ganedit.image import Image, resize, to_eight
from ganedit.video.motion import Motions, at_size, grey_of, in_channels, moved, places_of
from ganedit.video.scenes import with_neighbours

# Motion is looked for in frames of at most so many pixels on the longer side.
FLOW_SIDE = 640
# Differences of grey levels, of 255, over which a neighbour is left out, and over which it counts
# half; both of averages over some pixels, since grain and codecs change single ones.
SAME, SOFT = 3.0, 6.0
# Pixels by which motion there and back may miss.
MISSES = 1.0
# What an edit adds counts from the input softened by so much (a deviation in pixels of the input):
# its own grain comes and goes too.
SOFTENED = 1.5
# A mean is softer than what it is of, and softest where it is finest. What is finer than 3 pixels,
# and what is finer than 11, is each raised towards the strength that a frame's own had around
# there, at most by so much; what is weaker than so many grey levels of 255 is left.
FINE, AROUND, MOST_GAIN, NOISE = (3, 11), 9, 2.5, 0.2


@dataclass(frozen=True)
class Steadiness:
    """How much detail is averaged."""

    reach: int
    """Frames to either side whose additions are averaged with a frame's own."""
    raised: float
    """How far a mean is raised to the strength of a frame's own: all the way at 1, and then what
    comes and goes is raised too."""
    settling: int
    """Frames to either side with which what stands still is averaged before it is edited."""


SHARP = Steadiness(2, 0.95, 8)
"""Of detail that an edit adds to what it is given: it is to stay sharp."""
CALM = Steadiness(4, 0.4, 8)
"""Of pictures that are painted anew: strokes come and go with every frame."""
NONE = Steadiness(0, 0.0, 0)


@dataclass
class _Frame:
    """An edited frame, until its neighbours are there."""

    result: Image
    base: np.ndarray
    added: np.ndarray
    """float32, what the edit added."""
    changed: np.ndarray | None
    """`(H, W)` bool, where it added anything, if most of it is its input."""
    grey: np.ndarray
    """uint8, in which motion is found."""


def steadied(
    frames: Iterable[tuple[Image, Image, int]], how: Steadiness = SHARP, *, local: bool = False
) -> Iterator[Image]:
    """Results with steady detail, one for each frame.

    Args:
        frames: input, result and number of the scene of each frame, in order.
        how: how much is averaged.
        local: whether most of a result is its input, bit for bit; that stays so.
    """
    motions = Motions()
    made = ((_frame(before, result, local=local), scene) for before, result, scene in frames)
    for near, place in with_neighbours(made, how.reach):
        motions.keep([each.grey for each in near])
        yield _steady(near, place, motions, how)


def _frame(before: Image, result: Image, *, local: bool) -> _Frame:
    samples: np.ndarray = before.samples
    if result.channels < before.channels:
        samples = cv2.cvtColor(samples, cv2.COLOR_RGB2GRAY)[..., None]
    samples = np.broadcast_to(samples, (*samples.shape[:2], result.channels))
    source = Image(np.ascontiguousarray(samples))
    if (source.width, source.height) != (result.width, result.height):
        source = resize(source, result.width, result.height, kernel="bicubic")
    base = _as_type(source.samples, result.samples.dtype)
    scale = result.width / before.width
    if not local:
        base = cv2.GaussianBlur(base, (0, 0), SOFTENED * scale).reshape(base.shape)
        added = cv2.subtract(result.samples, base, dtype=cv2.CV_32F).reshape(base.shape)
        return _Frame(result, base, added, None, _small_grey(before))
    changed = (result.samples != base).any(axis=2)
    # The input shows what is not to be there: neither motion nor colours are taken from it.
    return _Frame(
        result, np.zeros_like(base), result.samples.astype(np.float32), changed, _small_grey(result)
    )


def _as_type(samples: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if samples.dtype == dtype:
        return samples
    return to_eight(samples) if dtype == np.uint8 else samples.astype(np.uint16) * np.uint16(257)


def _small_grey(image: Image) -> np.ndarray:
    grey = grey_of(image)
    scale = FLOW_SIDE / max(grey.shape)
    if scale < 1:
        size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return grey


def _steady(frames: list[_Frame], place: int, motions: Motions, how: Steadiness) -> Image:
    """The result of one frame, its additions averaged with those of its neighbours."""
    own = frames[place]
    total = own.added.copy()
    weights = np.ones(own.added.shape[:2], np.float32)
    height, width, channels = own.added.shape
    for other in frames:
        if other is own or other.added.shape != own.added.shape:
            continue
        moves = ~motions.stands_still(own.grey, other.grey)[:, :, None]
        flow = motions.between(own.grey, other.grey) * moves
        seen = _seen_in(own, other, flow, motions.between(other.grey, own.grey) * moves)
        there = at_size(flow, width, height)
        share = cv2.resize(seen, (width, height), interpolation=cv2.INTER_LINEAR)
        added = moved(other.added, there, cv2.INTER_CUBIC).reshape(own.added.shape)
        if other.changed is not None:
            changed = other.changed.astype(np.float32)
            share = share * moved(changed, there, cv2.INTER_NEAREST)
        weights += share
        added *= in_channels(share, channels)
        total += added
    top = np.iinfo(own.base.dtype).max
    total /= in_channels(weights, channels)
    total = _as_strong(total, own.added, NOISE * top / 255, how.raised)
    total += own.base
    samples = np.rint(total, out=total).clip(0, top).astype(own.base.dtype)
    if own.changed is not None:
        samples = np.where(own.changed[:, :, None], samples, own.result.samples)
    return replace(own.result, samples=samples)


def _as_strong(mean: np.ndarray, own: np.ndarray, noise: float, raised: float) -> np.ndarray:
    """Averaged additions `(H, W, C)`, their detail about as strong as in a frame's own."""
    least = np.float32(noise * noise)
    *details, result = _bands(mean)
    for detail, wanted in zip(details, _bands(own), strict=False):
        gain = (_strength(wanted) + least) / (_strength(detail) + least)
        gain = np.power(gain, np.float32(raised / 2)).clip(1, MOST_GAIN)
        detail *= in_channels(gain.astype(np.float32), mean.shape[2])
        result += detail
    return result


def _bands(additions: np.ndarray) -> list[np.ndarray]:
    """What is finer than each of the widths, the finest first, and what is left."""
    softer = [cv2.blur(additions, (width, width)).reshape(additions.shape) for width in FINE]
    bands = [cv2.subtract(*both) for both in pairwise([additions, *softer])]
    return [*(band.reshape(additions.shape) for band in bands), softer[-1]]


def _strength(detail: np.ndarray) -> np.ndarray:
    """Mean square of detail around each pixel, `(H, W)`."""
    squares = np.square(detail)
    shares = np.full((1, detail.shape[2]), 1 / detail.shape[2], np.float32)
    result: np.ndarray = cv2.blur(cv2.transform(squares, shares), (AROUND, AROUND))
    return result


def _seen_in(own: _Frame, other: _Frame, flow: np.ndarray, back: np.ndarray) -> np.ndarray:
    """How far each pixel is to be seen in a neighbour, `(h, w)` float32 in [0, 1]."""
    there = places_of(flow)
    grey = moved(other.grey, there, cv2.INTER_LINEAR)
    change = np.abs(grey.astype(np.float32) - own.grey)
    change = cv2.blur(change, (5, 5))
    same = 1 / (1 + np.square(np.maximum(change - SAME, 0) / SOFT))
    returned = flow + moved(back, there, cv2.INTER_LINEAR)
    missed = np.square(returned).sum(axis=2)
    length = np.square(flow).sum(axis=2)
    visible = missed < MISSES * MISSES + 0.01 * length
    height, width = own.grey.shape
    x, y = there[:, :, 0], there[:, :, 1]
    inside = (x >= -0.5) & (y >= -0.5) & (x <= width - 0.5) & (y <= height - 0.5)
    result: np.ndarray = same * (visible & inside)
    return result.astype(np.float32)
