"""Motion between the frames of a video, and pictures moved along it.

Motion is found by dense inverse search (Kroeger et al. 2016). Where a picture is flat, noise and
what a codec changes decide where it leads; so what is explained about as well by standing still
can be told apart.
"""

from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import Any

import cv2
import numpy as np

from ganedit.image import Image, to_eight

# Motion under this, in pixels, is none: interpolation would only soften what stands still.
STILL = 0.08
# A place stands still unless motion makes the difference of two frames around it smaller by so many
# grey levels of 255 and by such a share; and if most of what is around does.
LEVELS, SHARE, AROUND, MOST = 0.25, 0.3, 15, 0.9
# Where both coordinates are in one array; stubs of OpenCV know of two only.
_NO_MAP: Any = None


class Motions:
    """Motion between frames, and what stands still, each found once."""

    def __init__(self) -> None:
        self._frames: dict[int, np.ndarray] = {}
        self._flows: dict[tuple[int, int], np.ndarray] = {}
        self._still: dict[tuple[int, int], np.ndarray] = {}
        self._search: cv2.DISOpticalFlow | None = None

    def between(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Where each pixel of `one` is in `other`.

        Args:
            one: the luma of a frame, `(h, w)` uint8.
            other: of another, of the same size.

        Returns:
            `(h, w, 2)` float32 in pixels, across and down.
        """
        key = self._key(one, other)
        if key not in self._flows:
            self._flows[key] = self._found(one, other)
        return self._flows[key]

    def stands_still(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """What stands still from one frame to another, or back, `(h, w)` bool."""
        key = self._key(one, other)
        if key not in self._still:
            self._still[key] = self._still[key[::-1]] = self._standing(one, other)
        return self._still[key]

    def keep(self, frames: Sequence[np.ndarray]) -> None:
        """Drop what is known of all but some frames."""
        kept = set(map(id, frames))
        self._frames = {key: frame for key, frame in self._frames.items() if key in kept}
        self._flows = {key: flow for key, flow in self._flows.items() if kept.issuperset(key)}
        self._still = {key: still for key, still in self._still.items() if kept.issuperset(key)}

    def _key(self, one: np.ndarray, other: np.ndarray) -> tuple[int, int]:
        # Frames are held as long as anything is known of them: no other gets their identity.
        self._frames[id(one)], self._frames[id(other)] = one, other
        return id(one), id(other)

    def _standing(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        still = np.ones(one.shape, bool)
        standing = _difference(one, other)
        for first, second in ((one, other), (other, one)):
            flow = self.between(first, second)
            gain = standing - _difference(first, moved(second, places_of(flow), cv2.INTER_LINEAR))
            still &= _rests(flow) | (gain <= np.maximum(LEVELS, SHARE * standing))
        share = cv2.blur(np.asarray(still, np.float32), (AROUND, AROUND))
        result: np.ndarray = share > MOST
        return result

    def _found(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        if min(one.shape) < 16 or np.array_equal(one, other):  # too small to search, or the same
            return np.zeros((*one.shape, 2), np.float32)
        if self._search is None:
            self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        flow: np.ndarray = self._search.calc(one, other, np.zeros((*one.shape, 2), np.float32))
        flow[_rests(flow)] = 0
        return flow


def _rests(flow: np.ndarray) -> np.ndarray:
    """Where there is next to no motion, `(h, w)` bool."""
    result: np.ndarray = cv2.inRange(flow, (-STILL, -STILL), (STILL, STILL)) > 0
    return result


def _difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The mean difference of two pictures around each pixel, `(h, w)` float32."""
    return cv2.boxFilter(cv2.absdiff(one, other), cv2.CV_32F, (AROUND, AROUND))


def sameness(
    one: np.ndarray, other: np.ndarray, around: int, same: float, soft: float
) -> np.ndarray:
    """How far two pictures show the same at each pixel.

    Args:
        one: `(h, w)` or `(h, w, C)` uint8.
        other: of the same size.
        around: pixels over which their difference is averaged.
        same: grey levels, of 255, by which they may differ and count whole.
        soft: over which, beyond, they count half.

    Returns:
        `(h, w)` float32 in [0, 1].
    """
    change = cv2.boxFilter(cv2.absdiff(one, other), cv2.CV_32F, (around, around))
    most = reduce(cv2.max, cv2.split(change))
    over = np.maximum(most - np.float32(same), 0) * np.float32(1 / soft)
    result: np.ndarray = 1 / (1 + over * over)
    return result


def grey_of(image: Image) -> np.ndarray:
    """The luma of a frame, `(H, W)` uint8, in one piece."""
    samples = to_eight(image.samples)
    grey = samples[:, :, 0] if image.channels == 1 else cv2.cvtColor(samples, cv2.COLOR_RGB2GRAY)
    return np.ascontiguousarray(grey)


def half_size(picture: np.ndarray) -> tuple[int, int]:
    """Width and height of a picture `(H, W, ...)` at half its size, rounded up."""
    return -(-picture.shape[1] // 2), -(-picture.shape[0] // 2)


def moved(array: np.ndarray, places: np.ndarray, interpolation: int) -> np.ndarray:
    """An array `(h, w, ...)` as it is at other places, `(H, W, 2)` float32 in its pixels."""
    result: np.ndarray = cv2.remap(
        array, places, _NO_MAP, interpolation, borderMode=cv2.BORDER_REPLICATE
    )
    return result


def places_of(flow: np.ndarray) -> np.ndarray:
    """Motion as the places that it leads to, `(h, w, 2)` float32."""
    result: np.ndarray = cv2.add(flow, _grid(*flow.shape[:2]))
    return result


@lru_cache(maxsize=6)
def _grid(height: int, width: int) -> np.ndarray:
    """The place of each pixel itself."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.dstack((x, y))


def at_size(flow: np.ndarray, width: int, height: int) -> np.ndarray:
    """Places in a picture of another size that motion leads to, `(H, W, 2)` float32."""
    if flow.shape[:2] == (height, width):
        return places_of(flow)
    scale = np.diag([width / flow.shape[1], height / flow.shape[0]])
    scaled = cv2.transform(flow, scale)
    places = cv2.resize(scaled, (width, height), interpolation=cv2.INTER_LINEAR)
    result: np.ndarray = cv2.add(places, _grid(height, width), dst=places)
    return result


def in_channels(plane: np.ndarray, channels: int) -> np.ndarray:
    """A plane `(H, W)` once for each channel, `(H, W, C)`: quicker than broadcasting it."""
    return plane[:, :, None] if channels == 1 else cv2.merge([plane] * channels)
