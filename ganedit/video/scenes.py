"""Where one scene ends and another begins, and what is near a frame of it."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

import cv2
import numpy as np

Frame = TypeVar("Frame")

# Frames are compared at this size, in grey levels of 0 to 1 and colour.
SMALL = (48, 27)
# The mean change of a cut is at least this, so many times that of the frames around it, and the
# frame after it stays away from the one before by so much of it, or it was a flash of light.
LEAST_CHANGE, TIMES_USUAL, STAYS = 0.07, 3.5, 0.5
AROUND = 6


class CutFinder:
    """Is shown the frames one after another, and says where scenes begin; it keeps no frame."""

    def __init__(self) -> None:
        self._last: list[np.ndarray] = []
        self._changes, self._over_two = [0.0], [0.0]

    def add(self, samples: np.ndarray) -> None:
        """Take the next frame, `(H, W, 3)` uint8 or uint16."""
        top = float(np.iinfo(samples.dtype).max)
        reduced = cv2.resize(samples, SMALL, interpolation=cv2.INTER_AREA)
        small: np.ndarray = cv2.GaussianBlur(reduced.astype(np.float32) / top, (0, 0), 1.0)
        if self._last:
            self._changes.append(float(np.abs(small - self._last[-1]).mean()))
            self._over_two.append(float(np.abs(small - self._last[0]).mean()))
        self._last = [*self._last[-1:], small]

    def cuts(self) -> tuple[int, ...]:
        """Numbers of the frames with which scenes begin, 0 among them."""
        changes = np.array(self._changes)
        cuts = [0]
        for number in map(int, np.flatnonzero(changes > LEAST_CHANGE)):
            near = changes[max(1, number - AROUND) : number + AROUND + 1]
            # Of a clip of two frames there is nothing to compare to.
            usual = float(np.median(near)) if len(near) > 2 else 0.0
            # After a flash of light all is as it was before: neither its begin nor its end is one.
            over = self._over_two[max(number, 2) : number + 2]
            stays = min(over, default=changes[number]) > STAYS * changes[number]
            if changes[number] > TIMES_USUAL * usual and stays:
                cuts.append(number)
        return tuple(cuts)


def with_neighbours(
    frames: Iterable[tuple[Frame, int]], reach: int
) -> Iterator[tuple[list[Frame], int]]:
    """Each frame among those of its scene that are near it.

    Args:
        frames: each with the number of its scene, in order.
        reach: how many to either side are near.

    Yields:
        For each frame those near it and itself, in order, and its place among them.
    """
    for _, scene in groupby(frames, key=itemgetter(1)):
        window: list[Frame] = []
        at = 0
        for frame, _ in scene:
            window.append(frame)
            if len(window) - 1 - at >= reach:
                yield list(window), at
                at += 1
            if at > reach:
                del window[0]
                at -= 1
        for place in range(at, len(window)):
            yield window[max(0, place - reach) :], min(place, reach)
