"""What the head of a JPEG XL code stream says, which no library here tells (ISO/IEC 18181-1)."""

from dataclasses import dataclass

from ganedit.image._boxes import boxes

_START = b"\xff\x0a"
_CONTAINER = b"\0\0\0\x0cJXL "
_STREAM, _PART = b"jxlc", b"jxlp"  # boxes of a whole code stream, and of a part behind its number
_HEAD = 4096  # bytes; names of channels are short
# Width by height for the three bits that follow the height; 0 means that a width follows.
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_SIZES = ((1, 9), (1, 13), (1, 18), (1, 30))
# Numbers are one of four kinds, by the two bits before them: the smallest, and bits to be added.
_ENUM = ((0, 0), (1, 0), (2, 4), (18, 6))
_ALPHA, _SPOT, _FILTER_ARRAY = 0, 2, 5  # types of further channels
_GREY, _XYB = 1, 2  # colour spaces
_D65, _CUSTOM, _DCI = 1, 2, 11  # white points; custom is the same of primaries
_SRGB, _BT2100, _P3 = 1, 9, 11  # primaries
# The same in ITU-T H.273, as PNG's cICP has them. Transfer functions have its numbers anyway.
_PRIMARIES = {(_D65, _SRGB): 1, (_D65, _BT2100): 9, (_D65, _P3): 12, (_DCI, _P3): 11}
_TRANSFERS = (1, 8, 13, 16, 17, 18)  # BT.709, linear, sRGB, PQ, DCI, HLG


@dataclass(frozen=True, slots=True)
class JxlHeader:
    """What is said before the samples.

    Attributes:
        width: in pixels, as the stream has it: before its orientation; so is `height`.
        height: see `width`.
        animated: whether there may be several frames.
        premultiplied: whether the colours are multiplied with alpha.
        depth: bits of an integer sample; None of floats.
        color: primaries and transfer function by their numbers in ITU-T H.273; None where a
            profile or numbers of the file's own say it.
    """

    width: int
    height: int
    animated: bool = False
    premultiplied: bool = False
    depth: int | None = 8
    color: tuple[int, int] | None = (1, 13)


def jxl_header(data: bytes) -> JxlHeader | None:
    """The head of a code stream, bare or in its boxes; None where it is neither."""
    stream = _code_stream(data)
    if not stream.startswith(_START):
        return None
    bits = _Bits(stream[len(_START) : _HEAD])
    width, height = bits.size()
    if bits.flag():  # all as it usually is
        return JxlHeader(width, height)
    animated = bits.flag() and _skip_extra_fields(bits)
    depth = _depth(bits)
    bits.take(1)  # whether 16 bits are enough to decode it
    channels = bits.number((0, 0), (1, 0), (2, 4), (1, 12))
    kinds = [_channel_is_premultiplied(bits) for _ in range(min(channels, 256))]
    bits.take(1)  # whether it is coded in XYB; it is decoded to what is told next
    return JxlHeader(width, height, animated, any(kinds), depth, _color(bits))


def _code_stream(data: bytes) -> bytes:
    """The code stream, or its first part."""
    if not data.startswith(_CONTAINER):
        return data
    for name, content in boxes(data):
        if name in (_STREAM, _PART):
            return content[4:] if name == _PART else content
    return b""


def _skip_extra_fields(bits: "_Bits") -> bool:
    """Orientation, another size and a preview; returns whether there is an animation."""
    bits.take(3)
    if bits.flag():
        bits.size()
    if bits.flag():
        bits.preview()
    animated = bits.flag()
    if animated:
        bits.number((100, 0), (1000, 0), (1, 10), (1, 30))  # ticks a second, and their divisor
        bits.number((1, 0), (1001, 0), (1, 8), (1, 10))
        bits.number((0, 0), (0, 3), (0, 16), (0, 32))  # loops
        bits.take(1)
    return animated


def _depth(bits: "_Bits") -> int | None:
    """Bits of an integer sample; None of floats."""
    if bits.flag():
        bits.number((32, 0), (16, 0), (24, 0), (1, 6))
        bits.take(4)
        return None
    return bits.number((8, 0), (10, 0), (12, 0), (1, 6))


def _channel_is_premultiplied(bits: "_Bits") -> bool:
    """Whether a further channel is alpha, multiplied into the colours."""
    if bits.flag():  # alpha of 8 bits
        return False
    kind = bits.number(*_ENUM)
    _depth(bits)  # alpha is decoded at that of the colours
    bits.number((0, 0), (3, 0), (4, 0), (1, 3))  # its reduction
    bits.take(8 * bits.number((0, 0), (0, 4), (16, 5), (48, 10)))  # its name
    if kind == _SPOT:
        bits.take(4 * 16)
    elif kind == _FILTER_ARRAY:
        bits.number((1, 0), (0, 2), (3, 4), (19, 8))
    return kind == _ALPHA and bits.flag()


def _color(bits: "_Bits") -> tuple[int, int] | None:
    if bits.flag():
        return 1, 13
    has_profile, space = bits.flag(), bits.number(*_ENUM)
    if has_profile or space == _XYB:
        return None
    white = bits.number(*_ENUM)
    bits.coordinates(1 if white == _CUSTOM else 0)
    primaries = _SRGB
    if space != _GREY:
        primaries = bits.number(*_ENUM)
        bits.coordinates(3 if primaries == _CUSTOM else 0)
    gamma = bits.flag()
    transfer = bits.take(24) if gamma else bits.number(*_ENUM)
    code = _PRIMARIES.get((white, primaries))
    return None if code is None or gamma or transfer not in _TRANSFERS else (code, transfer)


class _Bits:
    """Reads from the lowest bit of the first byte upward; zeros behind the end."""

    def __init__(self, data: bytes) -> None:
        self._left = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        value = self._left & ((1 << count) - 1)
        self._left >>= count
        return value

    def flag(self) -> bool:
        return self.take(1) == 1

    def number(self, *kinds: tuple[int, int]) -> int:
        smallest, count = kinds[self.take(2)]
        return smallest + self.take(count)

    def size(self) -> tuple[int, int]:
        """Width and height."""
        small = self.flag()
        height = self._length(small)
        return self._width(self.take(3), height) or self._length(small), height

    def preview(self) -> None:
        """Skip width and height of a preview."""
        kinds = ((16, 0), (32, 0), (1, 5), (33, 9)) if self.flag() else None
        kinds = kinds or ((1, 6), (65, 8), (321, 10), (1345, 12))
        self.number(*kinds)
        if self.take(3) == 0:
            self.number(*kinds)

    def coordinates(self, count: int) -> None:
        """Skip places in the chromaticity diagram."""
        for _ in range(2 * count):
            self.number((0, 19), (524288, 19), (1048576, 20), (2097152, 21))

    def _length(self, small: bool) -> int:
        return 8 * (self.take(5) + 1) if small else self.number(*_SIZES)

    def _width(self, ratio: int, height: int) -> int:
        across, down = _RATIOS.get(ratio, (0, 1))
        return height * across // down
