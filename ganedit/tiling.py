"""Windows over a picture whose results fit together exactly.

A network of convolutions looks at a fixed neighbourhood, its halo. A window that carries that
much of the picture around its core gives the core the same values that the whole picture would,
so cores are laid side by side and nothing is blended. At the picture's own border a window ends
there too, and the network pads it just as it pads the whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Footprint:
    """What a network needs of its input and makes of it, as data."""

    scale: int = 1
    """Output pixels per input pixel, along each side."""
    halo: int = 0
    """Input pixels around an output pixel's source that can influence it."""
    bytes_per_pixel: int = 2048
    """Memory that one input pixel takes while the network runs (fp32)."""


@dataclass(frozen=True)
class Span:
    """Along one side: the core `start:stop` and the window `outer_start:outer_stop` around it."""

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


def plan(height: int, width: int, footprint: Footprint, tile: int) -> list[Window]:
    """Windows in reading order whose cores cover the picture once, about `tile` pixels a side.

    Raises:
        ValueError: `tile` is under 1.
    """
    return [
        Window(rows, columns)
        for rows in _spans(height, footprint.halo, tile)
        for columns in _spans(width, footprint.halo, tile)
    ]


def _spans(length: int, halo: int, tile: int) -> Iterator[Span]:
    if tile < 1:
        raise ValueError(f"tile must be at least 1, not {tile}")
    count = -(-length // tile)
    # Even spans: a thin last one would be nearly all halo.
    edges = [round(i * length / count) for i in range(count + 1)]
    for start, stop in pairwise(edges):
        yield Span(start, stop, max(0, start - halo), min(length, stop + halo))


def tile_side(footprint: Footprint, memory: int, bytes_per_sample: int) -> int:
    """The largest core whose window fits into `memory` bytes, at least 32 pixels.

    Args:
        footprint: of the network.
        memory: budget in bytes.
        bytes_per_sample: of the network's arithmetic: 4 for fp32, 2 for bf16 and fp16.
    """
    per_pixel = footprint.bytes_per_pixel * bytes_per_sample / 4
    return max(32, int((memory / per_pixel) ** 0.5) - 2 * footprint.halo)
