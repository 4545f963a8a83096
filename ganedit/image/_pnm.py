"""The netpbm formats that Pillow reads at 8 bits only, or not at all: deep PPM, PAM and PFM."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from ganedit.image._reading import Reading
from ganedit.image._samples import Samples, from_integers, from_unbounded
from ganedit.image._source import Source

_PNM = re.compile(rb"P([56Ff])(?:(?:\s|#[^\n]*\n)+[^\s#]+){3}\s")
_PAM = re.compile(rb"P7\n(.*?)ENDHDR\n", re.DOTALL)
_HEADER = 4096  # bytes; comments are short


def is_netpbm(head: bytes) -> bool:
    """Whether a file begins as a binary PGM, PPM, PAM or PFM does."""
    return re.match(rb"P[56Ff]\s|P7\n", head) is not None


def netpbm_size(source: Source) -> tuple[int, int]:
    """Width and height from the header; zeros if it makes no sense."""
    source.file.seek(0)
    return _Header(source.file.read(_HEADER)).size


def read_netpbm(source: Source, *, max_pixels: int, lenient: bool) -> Reading:
    """Decode a binary netpbm file of any depth.

    Raises:
        TruncatedImageError: it ends early, or its header makes no sense.
        ImageTooLargeError: more than `max_pixels`.
    """
    source.file.seek(0)
    header = _Header(source.file.read(_HEADER))
    width, height = header.size
    if not (width > 0 and height > 0 and header.channels in (1, 2, 3, 4) and header.white > 0):
        raise source.damaged(lenient=lenient)
    source.check_size(width, height, max_pixels)
    source.file.seek(header.length)
    wanted = width * height * header.channels
    dtype = header.dtype
    data = source.file.read(wanted * dtype.itemsize)
    notes: tuple[str, ...] = ()
    if len(data) < wanted * dtype.itemsize:
        if not lenient:
            raise source.damaged(lenient=False)
        data = data.ljust(wanted * dtype.itemsize, b"\0")
        notes = ("truncated: the missing part is black",)
    planes = np.frombuffer(data, dtype).reshape(height, width, header.channels)
    samples, told = header.scaled(planes)
    alpha = None
    if header.channels in (2, 4):
        samples, alpha = samples[..., :-1], np.ascontiguousarray(samples[..., -1])
    return Reading(np.ascontiguousarray(samples), alpha, format="PPM", notes=notes + told)


class _Header:
    """What the head of a file says: size, channels, largest value, and where samples begin."""

    def __init__(self, head: bytes) -> None:
        self.size, self.channels, self.white, self.length = (0, 0), 0, 0.0, 0
        self._float, self._order = False, ">"
        try:
            if head.startswith(b"P7"):
                self._read_pam(head)
            else:
                self._read_pnm(head)
        except (ValueError, KeyError, IndexError, OverflowError):
            self.size = (0, 0)

    def _read_pam(self, head: bytes) -> None:
        found = _PAM.match(head)
        if not found:
            raise ValueError("no end of the header")
        lines = [line.split(None, 1) for line in found[1].splitlines()]
        facts = {line[0]: line[1] for line in lines if len(line) == 2 and line[0] != b"#"}
        self.size = int(facts[b"WIDTH"]), int(facts[b"HEIGHT"])
        self.channels, self.white = int(facts[b"DEPTH"]), float(int(facts[b"MAXVAL"]))
        self.length = found.end()

    def _read_pnm(self, head: bytes) -> None:
        found = _PNM.match(head)
        if not found:
            raise ValueError("not three numbers")
        kind = found[1]
        width, height, white = re.sub(rb"#[^\n]*\n", b" ", found[0]).split()[1:4]
        self.size, self.white = (int(width), int(height)), float(white)
        self.channels = 3 if kind in (b"6", b"F") else 1
        self.length, self._float = found.end(), kind in (b"F", b"f")
        if self._float:
            # The sign is the byte order; the size is of no use to anybody.
            self._order, self.white = "<" if self.white < 0 else ">", abs(self.white)

    @property
    def dtype(self) -> np.dtype[Any]:
        if self._float:
            return np.dtype(f"{self._order}f4")
        return np.dtype("u1" if self.white < 256 else ">u2")

    def scaled(self, planes: npt.NDArray[Any]) -> tuple[Samples, tuple[str, ...]]:
        """The samples at 8 or 16 bits, and notes on how floats got there."""
        if self._float:
            return from_unbounded(planes[::-1])  # the lowest row stands first
        white = int(self.white)
        if white in (255, 0xFFFF):
            return from_integers(planes, 8 if white == 255 else 16), ()
        wide = np.minimum(planes, white).astype(np.uint32)
        top, dtype = (255, np.uint8) if white < 255 else (0xFFFF, np.uint16)
        return ((wide * top + white // 2) // white).astype(dtype), ()
