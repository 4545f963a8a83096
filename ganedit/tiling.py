"""Windows over a picture whose results fit together exactly.

A network of convolutions looks at a fixed neighbourhood, its halo. A window that carries that
much of the picture around its core gives the core the same values that the whole picture would,
so cores are laid side by side and nothing is blended. At the picture's own border a window ends
there too, and the network pads it just as it pads the whole.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

# Convolutions on CPUs are up to twice as slow on rows that are no multiple of this.
ALIGNMENT = 32


class Rows:
    """A picture whose rows are asked for from top to bottom, and made when they are asked for.

    What was made is kept for as long as it may be asked for again, so that an enlargement that is
    to be reduced again, or enlarged once more, is never whole in memory.

    Args:
        shape: height, width and channels.
        dtype: of the samples.
        bands: `(h, W, C)` from top to bottom, `H` rows in all.
    """

    def __init__(
        self, shape: tuple[int, int, int], dtype: np.dtype, bands: Iterable[np.ndarray]
    ) -> None:
        self.shape, self.dtype = shape, dtype
        self._bands = iter(bands)
        self._kept: deque[np.ndarray] = deque()
        self._start = self._stop = 0

    @classmethod
    def of(cls, samples: np.ndarray) -> "Rows":
        """The rows of a picture in memory, `(H, W, C)`."""
        height, width, channels = samples.shape
        return cls((height, width, channels), samples.dtype, [samples])

    def take(self, start: int, stop: int) -> np.ndarray:
        """Rows `start` to `stop`, `(stop - start, W, C)`; neither may be less than before."""
        while self._kept and self._start + len(self._kept[0]) <= start:
            self._start += len(self._kept.popleft())
        while self._stop < stop:
            band = next(self._bands)
            self._kept.append(band)
            self._stop += len(band)
        while self._start + len(self._kept[0]) <= start:
            self._start += len(self._kept.popleft())
        rows = self._kept[0] if len(self._kept) == 1 else np.concatenate(self._kept)
        return rows[start - self._start : stop - self._start]

    def fill(self, result: np.ndarray) -> None:
        """Put all of it into an `(H, W, C)` array; one channel into as many as that has."""
        top = 0
        for band in self._bands:
            result[top : top + len(band)] = band
            top += len(band)

    def whole(self) -> np.ndarray:
        """All of it, `(H, W, C)`."""
        result = np.empty(self.shape, self.dtype)
        self.fill(result)
        return result


@dataclass(frozen=True)
class Footprint:
    """What a network needs of its input and makes of it, as data."""

    scale: int = 1
    """Output pixels per input pixel, along each side."""
    halo: int = 0
    """Input pixels around an output pixel's source that can influence it."""
    multiple: int = 1
    """Where windows may begin; they may end anywhere, as the picture does."""
    bytes_per_pixel: int = 2048
    """Memory that one input pixel takes while the network runs (fp32)."""


@dataclass(frozen=True)
class Span:
    """Along one side: the core `start:stop` and the window `outer_start:outer_stop` around it.

    The window holds the core and its halo, except where the picture ends.
    """

    start: int
    stop: int
    outer_start: int
    outer_stop: int

    def core_in_output(self, scale: int) -> slice:
        """Where the core lies in the window's output."""
        begin = (self.start - self.outer_start) * scale
        return slice(begin, begin + (self.stop - self.start) * scale)


@dataclass(frozen=True)
class Window:
    """One tile: rows and columns."""

    rows: Span
    columns: Span


def plan(height: int, width: int, footprint: Footprint, side: int) -> list[Window]:
    """Windows in reading order whose cores cover the picture once.

    Args:
        height: of the picture; `width` likewise.
        width: see `height`.
        footprint: of the network.
        side: of the windows, halo included; larger than twice the halo.

    Raises:
        ValueError: `side` leaves no room for a core.
    """
    if side <= 2 * footprint.halo:
        raise ValueError(f"windows of {side} are all halo, which is {footprint.halo} a side")
    return [
        Window(rows, columns)
        for rows in _spans(height, footprint, side)
        for columns in _spans(width, footprint, side)
    ]


def _spans(length: int, footprint: Footprint, side: int) -> Iterator[Span]:
    halo, multiple = footprint.halo, footprint.multiple
    if length <= side:
        yield Span(0, length, 0, length)
        return
    count = -(-(length - 2 * halo) // (side - 2 * halo))
    # Even windows: a thin last one would be nearly all halo. Those at the ends need one halo less.
    edges = [0, *(halo + round(i * (length - 2 * halo) / count) for i in range(1, count)), length]
    for start, stop in pairwise(edges):
        outer_start = max(0, start - halo) // multiple * multiple
        outer_stop = min(length, stop + halo)
        # Take in more of the picture, to the right or else to the left, up to a round size.
        outer_stop = min(length, outer_start + _aligned(outer_stop - outer_start))
        outer_start = max(0, outer_stop - _aligned(outer_stop - outer_start))
        outer_start = outer_start // multiple * multiple
        yield Span(start, stop, outer_start, outer_stop)


def _aligned(length: int) -> int:
    return -(-length // ALIGNMENT) * ALIGNMENT


def window_side(footprint: Footprint, memory: int, bytes_per_sample: int) -> int:
    """The side of the largest window that fits into `memory` bytes; room for a core at least.

    Args:
        footprint: of the network.
        memory: budget in bytes.
        bytes_per_sample: of the network's arithmetic: 4 for fp32, 2 for bf16 and fp16.
    """
    per_pixel = footprint.bytes_per_pixel * bytes_per_sample / 4
    fitting = int((memory / per_pixel) ** 0.5) // ALIGNMENT * ALIGNMENT
    return max(smallest_window(footprint), fitting)


def smallest_window(footprint: Footprint) -> int:
    """The side of the smallest window that is worth its halo."""
    return _aligned(2 * footprint.halo + ALIGNMENT)
