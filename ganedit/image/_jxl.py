"""The size in the head of a JPEG XL code stream, which no library here tells without decoding."""

_START = b"\xff\x0a"
# Width by height for the three bits that follow the height; 0 means that a width follows.
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_SIZES = (9, 13, 18, 30)  # bits of a length, by the two bits before it


def jxl_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a code stream, bare or in its boxes; None where it is neither."""
    start = data.find(_START, 0, 4096)
    if start < 0:
        return None
    bits = _Bits(data[start + 2 : start + 18])
    small = bits.take(1) == 1
    height = bits.length(small)
    ratio = bits.take(3)
    if ratio == 0:
        return bits.length(small), height
    across, down = _RATIOS[ratio]
    return height * across // down, height


class _Bits:
    """Reads from the lowest bit of the first byte upward."""

    def __init__(self, data: bytes) -> None:
        self._left = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        value = self._left & ((1 << count) - 1)
        self._left >>= count
        return value

    def length(self, small: bool) -> int:
        if small:
            return 8 * (self.take(5) + 1)
        return self.take(_SIZES[self.take(2)]) + 1
