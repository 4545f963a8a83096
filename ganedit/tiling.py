"""Windows over a picture whose results fit together exactly.

A network of convolutions looks at a fixed neighbourhood, its halo. A window that carries that
much of the picture around its core gives the core the same values that the whole picture would,
so cores are laid side by side and nothing is blended. At the picture's own border a window ends
there too, and the network pads it just as it pads the whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

# Convolutions on CPUs are up to twice as slow on rows that are no multiple of this.
ALIGNMENT = 32


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
    mean_change: float = 0.25
    """A result whose mean is this far from its input's is broken; both in [0, 1]."""


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
