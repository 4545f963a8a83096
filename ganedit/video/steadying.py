"""Steady detail: what an edit adds to neighbouring frames, averaged along their motion.

An edit is its input, brought to size, and what it adds. The additions of a frame and of its
neighbours are averaged where the input shows the same thing (after the temporal consistency of
Lai et al. 2018, without a network): a detail that is there in all of them stays, one that comes and
goes does not. Motion is found in the input by dense inverse search (Kroeger et al. 2016); what is
hidden in a neighbour, or has changed, is not taken from there. Detail is in the luma, so that only
colours are averaged at half size. A frame depends on its neighbours alone, so that segments of a
video can be made apart.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np

from ganedit.image import Image
from ganedit.video.motion import (
    Motions,
    at_size,
    grey_of,
    half_size,
    in_channels,
    moved,
    places_of,
    sameness,
)
from ganedit.video.scenes import with_neighbours

# Levels of 16-bit samples for one of 255.
DEEP = 257
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
# there, in so many pixels of half the size, at most by so much; what is weaker than so many grey
# levels of 255 is left.
FINE, AROUND, MOST_GAIN, NOISE = (3, 11), 3, 2.5, 0.15


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


SHARP = Steadiness(2, 0.97, 8)
"""Of detail that an edit adds to what it is given: it is to stay sharp."""
CALM = Steadiness(4, 0.4, 8)
"""Of pictures that are painted anew: strokes come and go with every frame."""
NONE = Steadiness(0, 0.0, 0)


@dataclass
class _Layer:
    """What an edit added to a frame, of one kind."""

    added: np.ndarray
    """`(h, w)` of the luma or, at half size, `(h, w, 3)` of colours: float32, in levels of 255."""
    changed: np.ndarray | None
    """`(h, w)` float32, 1 where it added anything, if most of it is its input."""


@dataclass
class _Frame:
    """An edited frame, until its neighbours are there."""

    result: Image
    layers: list[_Layer]
    grey: np.ndarray
    """uint8, in which motion is found."""


@dataclass
class _View:
    """How a frame is to be seen in a neighbour."""

    other: _Frame
    flow: np.ndarray | None
    """Where in it, `(h, w, 2)`; None where all stands still."""
    seen: np.ndarray
    """How far, `(h, w)` float32 in [0, 1]."""


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
    shown = _levels(result.samples)
    height, width = shown.shape[:2]
    half = half_size(shown)
    if local:
        # The input shows what is not to be there: neither motion nor colours are taken from it.
        changed = (result.samples != before.samples).any(axis=2).astype(np.float32)
        layers = [_Layer(_luma(shown), changed)]
        if result.channels == 3:
            inside = np.asarray(_at_size(changed, *half) == 1, np.float32)
            layers.append(_Layer(_at_size(shown, *half), inside))
        return _Frame(result, layers, _small_grey(result))
    softened = cv2.GaussianBlur(_levels(before.samples), (0, 0), SOFTENED)
    layers = [_Layer(cv2.subtract(_luma(shown), _at_size(_luma(softened), width, height)), None)]
    if result.channels == 3:
        base = softened if softened.ndim == 3 else cv2.cvtColor(softened, cv2.COLOR_GRAY2RGB)
        layers.append(_Layer(cv2.subtract(_at_size(shown, *half), _at_size(base, *half)), None))
    return _Frame(result, layers, _small_grey(before))


def _levels(samples: np.ndarray) -> np.ndarray:
    """Samples as float32 levels of 255."""
    levels = samples.astype(np.float32)
    if samples.dtype != np.uint8:
        levels *= np.float32(1 / DEEP)
    return levels


def _luma(levels: np.ndarray) -> np.ndarray:
    """Of levels `(H, W, 3)`; what has one channel is it."""
    if levels.ndim == 2 or levels.shape[2] == 1:
        return levels.reshape(levels.shape[:2])
    return cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY)


def _at_size(levels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Any plane or planes at another size."""
    smaller = width < levels.shape[1]
    kernel = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return cv2.resize(levels, (width, height), interpolation=kernel)


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
    shape = own.result.samples.shape
    views = [view for way in (frames[place::-1], frames[place:]) for view in _views(way, motions)]
    luma = own.layers[0].added
    change = cv2.subtract(_as_strong(_mean(own, views, 0), luma, how.raised), luma)
    if len(own.layers) == 2:
        tint = cv2.subtract(_mean(own, views, 1), own.layers[1].added)
        tint -= in_channels(_luma(tint), 3)
        change = cv2.add(_at_size(tint, shape[1], shape[0]), in_channels(change, 3))
    samples = _changed_by(own.result.samples, change)
    if (changed := own.layers[0].changed) is not None:
        samples = np.where(changed[:, :, None] > 0, samples, own.result.samples)
    return replace(own.result, samples=samples)


def _changed_by(samples: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Samples with so many levels of 255 added, rounded, of the same type."""
    deep = samples.dtype != np.uint8
    if deep:
        change *= np.float32(DEEP)
    made = cv2.add(samples, change, dtype=cv2.CV_16U if deep else cv2.CV_8U)
    return made.reshape(samples.shape).astype(samples.dtype, copy=False)


def _views(way: list[_Frame], motions: Motions) -> Iterator[_View]:
    """How the first of some frames is to be seen in each other: motion adds up on the way."""
    own, there, back = way[0], None, None
    for last, other in pairwise(way):
        if other.result.samples.shape != own.result.samples.shape:
            return
        moves = ~motions.stands_still(last.grey, other.grey)
        if moves.any():
            mask = moves.astype(np.uint8)
            step = cv2.copyTo(motions.between(last.grey, other.grey), mask)
            step_back = cv2.copyTo(motions.between(other.grey, last.grey), mask)
            there = step if there is None else _then(there, step)
            back = step_back if back is None else _then(step_back, back)
        if there is None or back is None:
            yield _View(other, None, _same(own.grey, other.grey))
        else:
            yield _View(other, there, _seen_in(own, other, there, back))


def _then(flow: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Motion, and the one from where it leads to, as one."""
    result: np.ndarray = cv2.add(flow, moved(other, places_of(flow), cv2.INTER_LINEAR))
    return result


def _mean(own: _Frame, views: list[_View], layer: int) -> np.ndarray:
    """The additions of one layer, averaged with those of neighbours where these show the same."""
    total = own.layers[layer].added.copy()
    height, width = total.shape[:2]
    weights = np.ones((height, width), np.float32)
    for view in views:
        other = view.other.layers[layer]
        share = cv2.resize(view.seen, (width, height), interpolation=cv2.INTER_LINEAR)
        added, changed = other.added, other.changed
        if view.flow is not None:
            there = at_size(view.flow, width, height)
            added = moved(added, there, cv2.INTER_LINEAR if layer else cv2.INTER_CUBIC)
            if changed is not None:
                changed = moved(changed, there, cv2.INTER_NEAREST)
        if changed is not None:
            share *= changed
        weights += share
        total += cv2.multiply(added, share if added.ndim == 2 else in_channels(share, 3))
    return cv2.divide(total, weights if total.ndim == 2 else in_channels(weights, 3))


def _as_strong(mean: np.ndarray, own: np.ndarray, raised: float) -> np.ndarray:
    """An averaged addition `(H, W)`, its detail about as strong as in a frame's own."""
    least = np.float32(NOISE * NOISE)
    *details, result = _bands(mean)
    for detail, wanted in zip(details, _bands(own), strict=False):
        gain = (_strength(wanted) + least) / (_strength(detail) + least)
        gain = np.power(gain, np.float32(raised / 2)).clip(1, MOST_GAIN)
        height, width = detail.shape
        detail *= cv2.resize(gain, (width, height), interpolation=cv2.INTER_LINEAR)
        result += detail
    return result


def _bands(added: np.ndarray) -> list[np.ndarray]:
    """What is finer than each of the widths, the finest first, and what is left."""
    softer = [cv2.blur(added, (width, width)) for width in FINE]
    return [*(cv2.subtract(*both) for both in pairwise([added, *softer])), softer[-1]]


def _strength(detail: np.ndarray) -> np.ndarray:
    """Mean square of detail around each pixel, at half size, `(h, w)`."""
    squares = _at_size(cv2.multiply(detail, detail), *half_size(detail))
    result: np.ndarray = cv2.blur(squares, (AROUND, AROUND))
    return result


def _seen_in(own: _Frame, other: _Frame, flow: np.ndarray, back: np.ndarray) -> np.ndarray:
    """How far each pixel is to be seen in a neighbour, `(h, w)` float32 in [0, 1]."""
    height, width = own.grey.shape
    there = places_of(flow)
    result = _same(own.grey, moved(other.grey, there, cv2.INTER_LINEAR))
    result *= _squared(_then(flow, back)) < MISSES * MISSES + 0.01 * _squared(flow)
    result *= cv2.inRange(there, (-0.5, -0.5), (width - 0.5, height - 0.5)) > 0
    return result


def _same(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return sameness(one, other, 5, SAME, SOFT)


def _squared(flow: np.ndarray) -> np.ndarray:
    """The squared length of motion, `(h, w)`."""
    x, y = cv2.split(flow)
    result: np.ndarray = x * x + y * y
    return result
