"""Whether a file is as long as it says: what contains all the rest tells its own length.

A demuxer stops where a file does, and says nothing: the end of a copy that broke off would be
missed by nobody until the film is watched.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# IDs of Matroska: the header of the file, and the segment that all else is in.
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
# Boxes that stand at the beginning of MP4 and MOV.
_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp", b"pnot")


def missing_bytes(path: Path) -> int:
    """How many bytes a container lacks at its end; 0 also where it does not say how long it is.

    Args:
        path: of an MP4, MOV, Matroska, WebM or AVI; of others nothing is known.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        ends = [0]
        if head[4:8] in _FIRST_BOXES:
            ends += _ends_of_boxes(file, size)
        elif head.startswith(_EBML):
            ends += _end_of_segment(file)
        elif head.startswith(b"RIFF") and head[8:12] == b"AVI ":
            ends += _ends_of_riff(file, size)
    return max(0, max(ends) - size)


def _ends_of_boxes(file: BinaryIO, size: int) -> Iterator[int]:
    """Where each of the outermost boxes ends (ISO/IEC 14496-12)."""
    place = 0
    while place + 8 <= size:
        file.seek(place)
        head = file.read(16)
        length, name = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:  # then 64 bits of it follow
            length = int.from_bytes(head[8:16], "big")
        if length < 8 or not all(32 <= byte < 127 for byte in name):
            return  # to the end of the file, or no box
        place += length
        yield place


def _end_of_segment(file: BinaryIO) -> Iterator[int]:
    """Where the segment ends (RFC 8794), unless it was written without knowing."""
    file.seek(4)
    header = _variable(file)
    if header is None:
        return
    file.seek(header, 1)
    if file.read(4) == _SEGMENT and (length := _variable(file)) is not None:
        yield file.tell() + length


def _variable(file: BinaryIO) -> int | None:
    """A number whose first byte says how long it is; None where all its bits are set."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    rest = file.read(more)
    known = (1 << 7 * (more + 1)) - 1
    number = int.from_bytes(first + rest, "big") & known
    return None if number == known or len(rest) < more else number


def _ends_of_riff(file: BinaryIO, size: int) -> Iterator[int]:
    """Where each of the outermost lists ends; long files have several."""
    place = 0
    while place + 8 <= size:
        file.seek(place)
        head = file.read(8)
        length = int.from_bytes(head[4:8], "little")
        if head[:4] != b"RIFF" or not 0 < length < 0xFFFF_FFFF:
            return  # never finished by what recorded it, or no list
        place += 8 + length + length % 2
        yield place
