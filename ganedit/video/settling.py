"""Frames settled: what stands still, averaged over time before it is edited.

A codec changes places that stand still by a level or so from frame to frame, and its key frames
change all of them; cameras add noise. A network that sharpens shows that enlarged, and no mean
over a few results removes what stays for some frames. So what is read is averaged first, over a
longer time, as restorers of films do. What moves is left alone: to follow it would soften it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise

import cv2
import numpy as np

from ganedit.image import Image
from ganedit.video.motion import Motions, grey_of, in_channels
from ganedit.video.scenes import with_neighbours

# Grey levels of 255, on average of some pixels, by which a place may change and count whole, and
# over which it counts half.
SAME, SOFT, AROUND = 2.0, 1.0, 5


@dataclass
class _Frame:
    """A frame, until those after it are there."""

    image: Image
    grey: np.ndarray
    """`(H, W)` uint8, in which motion is found."""


def settled(frames: Iterable[tuple[Image, int]], reach: int) -> Iterator[Image]:
    """Frames whose still places are averaged over time.

    Args:
        frames: each with the number of its scene, in order.
        reach: how many frames to either side are averaged.

    Yields:
        One for each, of the same size and type; it depends on those frames alone.
    """
    motions = Motions()
    read = ((_Frame(image, grey_of(image)), scene) for image, scene in frames)
    for near, place in with_neighbours(read, reach):
        motions.keep([each.grey for each in near])
        yield _settled(near, place, motions)


def _settled(near: list[_Frame], place: int, motions: Motions) -> Image:
    own = near[place].image
    shape = own.samples.shape
    total, weights = own.samples.astype(np.float32), np.ones(shape[:2], np.float32)
    for way in (near[place::-1], near[place:]):
        still: np.ndarray | None = None
        for last, other in pairwise(way):
            if other.image.samples.shape != shape:
                break
            stands = motions.stands_still(last.grey, other.grey)
            still = stands if still is None else still & stands
            if not still.any():
                break
            share = still * _sameness(own.samples, other.image.samples)
            weights += share
            shares = in_channels(share, own.channels)
            total += cv2.multiply(other.image.samples, shares, dtype=cv2.CV_32F).reshape(shape)
    total /= in_channels(weights, own.channels)
    return replace(own, samples=np.rint(total, out=total).astype(own.samples.dtype))


def _sameness(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far two frames show the same at each pixel, `(H, W)` float32 in [0, 1]."""
    level = np.iinfo(one.dtype).max / 255
    change = cv2.boxFilter(cv2.absdiff(one, other), cv2.CV_32F, (AROUND, AROUND))
    most = reduce(cv2.max, cv2.split(change))
    over = np.maximum(most * np.float32(1 / level) - np.float32(SAME), 0)
    result: np.ndarray = 1 / (1 + np.square(over / np.float32(SOFT)))
    return result
