"""Frames settled: what stands still, averaged over time before it is edited.

A codec changes places that stand still by a level or so from frame to frame, and its key frames
change all of them; cameras add noise. A network that sharpens shows that enlarged, and no mean
over a few results removes what stays for some frames. So what is read is averaged first, over a
longer time, as restorers of films do. What moves is left alone: to follow it would soften it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np

from ganedit.image import Image, to_eight
from ganedit.video.motion import Motions, grey_of, half_size, in_channels, sameness
from ganedit.video.scenes import with_neighbours

# Grey levels of 255, on average of some pixels, by which a place may change and count whole, and
# over which it counts half.
SAME, SOFT, AROUND = 2.0, 1.0, 3


@dataclass
class _Frame:
    """A frame, until those after it are there."""

    image: Image
    grey: np.ndarray
    """`(H, W)` uint8, in which motion is found."""
    half: np.ndarray
    """`(h, w, C)` uint8, at half size: in it frames are compared."""


def settled(frames: Iterable[tuple[Image, int]], reach: int) -> Iterator[Image]:
    """Frames whose still places are averaged over time.

    Args:
        frames: each with the number of its scene, in order.
        reach: how many frames to either side are averaged.

    Yields:
        One for each, of the same size and type; it depends on those frames alone.
    """
    motions = Motions()
    read = ((_frame(image), scene) for image, scene in frames)
    for near, place in with_neighbours(read, reach):
        motions.keep([each.grey for each in near])
        yield _settled(near, place, motions)


def _frame(image: Image) -> _Frame:
    samples = to_eight(image.samples)
    half = cv2.resize(samples, half_size(samples), interpolation=cv2.INTER_AREA)
    return _Frame(image, grey_of(image), half)


def _settled(near: list[_Frame], place: int, motions: Motions) -> Image:
    own = near[place]
    shape = own.image.samples.shape
    total, weights = own.image.samples.astype(np.float32), np.ones(shape[:2], np.float32)
    for way in (near[place::-1], near[place:]):
        still: np.ndarray | None = None
        for last, other in pairwise(way):
            if other.image.samples.shape != shape:
                break
            stands = motions.stands_still(last.grey, other.grey)
            still = stands if still is None else still & stands
            if not still.any():
                break
            share = cv2.resize(sameness(own.half, other.half, AROUND, SAME, SOFT), shape[1::-1])
            share *= still
            weights += share
            shares = in_channels(share, shape[2])
            total += cv2.multiply(other.image.samples, shares, dtype=cv2.CV_32F).reshape(shape)
    total /= in_channels(weights, shape[2])
    return replace(own.image, samples=np.rint(total, out=total).astype(own.image.samples.dtype))
