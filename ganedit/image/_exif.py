"""Corrections inside an EXIF block, made in place.

Re-serialising EXIF moves what lies in it, and MakerNotes hold absolute offsets that then point
nowhere. So the few values that a changed picture makes untrue are overwritten where they stand.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_ORIENTATION = 0x0112
_IMAGE_WIDTH, _IMAGE_LENGTH = 0x0100, 0x0101
_PIXEL_X_DIMENSION, _PIXEL_Y_DIMENSION = 0xA002, 0xA003
_EXIF_IFD = 0x8769
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_SHORT, _LONG = 3, 4


@dataclass(frozen=True, slots=True)
class _Entry:
    tag: int
    type: int
    position: int  # of the 12-byte entry within the block


class _Block:
    """An EXIF block under correction; every read is checked against its end."""

    def __init__(self, exif: bytes) -> None:
        self.data = bytearray(exif)
        self.order = {b"II": "<", b"MM": ">"}.get(exif[:2], "")
        if not self.order or self.read("H", 2) != 42:
            raise ValueError("no TIFF header")

    def read(self, kind: str, position: int) -> int:
        try:
            return int(struct.unpack_from(self.order + kind, self.data, position)[0])
        except struct.error as error:
            raise ValueError("the block ends early") from error

    def entries(self, directory: int) -> Iterator[_Entry]:
        count = self.read("H", directory)
        # The last entry and the link that follows it must lie inside, or the block is cut.
        self.read("I", directory + 2 + 12 * count)
        for position in range(directory + 2, directory + 2 + 12 * count, 12):
            yield _Entry(self.read("H", position), self.read("H", position + 2), position)

    def value(self, entry: _Entry) -> int:
        return self.read("H" if entry.type == _SHORT else "I", entry.position + 8)

    def overwrite(self, entry: _Entry, value: int) -> None:
        """Put one number into an entry's own four value bytes, as LONG where SHORT is too small."""
        kind = _SHORT if entry.type == _SHORT and value <= 0xFFFF else _LONG
        number = struct.pack(self.order + ("H" if kind == _SHORT else "I"), value).ljust(4, b"\0")
        header = struct.pack(self.order + "HI", kind, 1)
        self.data[entry.position + 2 : entry.position + 12] = header + number

    def drop_thumbnail(self, link: int) -> None:
        """Unlink the second directory and erase its picture, which shows the unedited one."""
        directory = self.read("I", link)
        if not directory:
            return
        found = {entry.tag: self.value(entry) for entry in self.entries(directory)}
        start, length = found.get(_THUMBNAIL_OFFSET, 0), found.get(_THUMBNAIL_LENGTH, 0)
        struct.pack_into(self.order + "I", self.data, link, 0)
        stop = min(start + length, len(self.data))
        if start and stop == len(self.data):
            del self.data[start:]
        elif start:
            self.data[start:stop] = bytes(stop - start)


def refresh_exif(exif: bytes, width: int, height: int) -> bytes:
    """An EXIF block that tells the truth about an upright picture of this size in pixels.

    Orientation becomes 1 and the sizes become these, each where the tag is present; the
    thumbnail is dropped. All else, MakerNotes included, stays where and as it is.

    Args:
        exif: the block, beginning with ``II`` or ``MM``.

    Raises:
        ValueError: the block is damaged.
    """
    block = _Block(exif)
    facts = {
        _ORIENTATION: 1,
        _IMAGE_WIDTH: width,
        _IMAGE_LENGTH: height,
        _PIXEL_X_DIMENSION: width,
        _PIXEL_Y_DIMENSION: height,
    }
    first = block.read("I", 4)
    directories = [first]
    for directory in directories:
        for entry in block.entries(directory):
            if entry.tag in facts:
                block.overwrite(entry, facts[entry.tag])
            elif entry.tag == _EXIF_IFD and directory == first:
                directories.append(block.value(entry))
    block.drop_thumbnail(first + 2 + 12 * block.read("H", first))
    return bytes(block.data)
