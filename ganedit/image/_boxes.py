"""The boxes of which AVIF, HEIC, JPEG 2000 and JPEG XL files are made (ISO base media format)."""

from collections.abc import Iterator

HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}
CANON_RAW_BRAND = b"crx "

_CONTAINERS = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"jp2h": 0}  # and the bytes before their boxes


def brand(head: bytes) -> bytes:
    """The brand of a file that begins with a file type box, else nothing."""
    return head[8:12] if head[4:8] == b"ftyp" else b""


def boxes(data: bytes, start: int = 0, stop: int | None = None) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of all boxes, those inside of containers of properties included."""
    stop = len(data) if stop is None else stop
    while start + 8 <= stop:
        length, name = int.from_bytes(data[start : start + 4], "big"), data[start + 4 : start + 8]
        begin = start + 8
        if length == 1:
            length, begin = int.from_bytes(data[begin : begin + 8], "big"), begin + 8
        end = stop if length == 0 else min(start + length, stop)
        if end < begin:
            return
        if name in _CONTAINERS:
            yield from boxes(data, begin + _CONTAINERS[name], end)
        else:
            yield name, data[begin:end]
        start = end
