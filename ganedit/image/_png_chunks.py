"""The chunks of a PNG file: those with the picture, and those with what is told about it.

Pillow refuses a picture for a long text and forgets its colour chunks, so both are told apart here
before any library sees the file.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from PIL import PngImagePlugin

from ganedit.image._metadata import (
    CREDENTIALS_NOTE,
    EXIF_PREFIX,
    Metadata,
    dpi_in_exif,
    iptc_of,
    valid_aspect,
    valid_dpi,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"
INCH = 0.0254  # metres
COLOR_CHUNKS = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"cICP": 4, b"mDCV": 24, b"cLLI": 8}
"""Names and lengths of the chunks that say how samples are to be shown."""
TEXT_LIMIT = 1 << 20
"""Characters of a text: Pillow refuses to read files with longer compressed ones."""

_PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_END = bytes(4) + b"IEND\xaeB`\x82"
_GREY, _RGB, _PALETTE = 0, 2, 3  # colour types
_KEY_LENGTHS = {_GREY: 2, _RGB: 6}  # bytes of a transparent colour, which only these may have
_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
_KEPT = {b"iCCP", b"eXIf", b"pHYs", b"bKGD", b"sBIT"} | _TEXTS | COLOR_CHUNKS.keys()
# Significant bits, the place on a page, what values measure, palettes to choose from, stereo.
_GONE = {b"sBIT", b"oFFs", b"pCAL", b"sCAL", b"sPLT", b"sTER"}
_BLOCK_LIMIT = 16 << 20  # bytes of one block once inflated: no profile or packet is larger
_TOTAL_LIMIT = 64 << 20
_XMP = "XML:com.adobe.xmp"
_RAW_PROFILE = "Raw profile type "  # ImageMagick's: blocks as text in hexadecimal digits


@dataclass
class PngParts:
    """A PNG file taken apart.

    Attributes:
        pixels: a PNG file of nothing but the picture, still to be rewound.
        key: the grey or colour that means transparent, at the depth of the file.
        metadata: what the other chunks say.
        notes: what was left out or could not be read.
        frames: of an animation, or 1.
        apple: whether it is Apple's own variant, which is no PNG but for its name.
    """

    pixels: io.BytesIO = field(default_factory=io.BytesIO)
    key: tuple[int, ...] | None = None
    metadata: Metadata = field(default_factory=Metadata)
    notes: tuple[str, ...] = ()
    frames: int = 1
    apple: bool = False

    @property
    def header(self) -> tuple[int, int, int, int]:
        """Width, height, bits per sample and colour type; zeros if the header is cut off."""
        head = bytes(self.pixels.getbuffer()[:26])
        if len(head) < 26 or head[12:16] != b"IHDR":
            return 0, 0, 0, 0
        width, height, depth, color = struct.unpack_from(">IIBB", head, 16)
        return width, height, depth, color


def read_chunks(file: BinaryIO) -> PngParts:
    """Take a PNG file apart; damage is left for the decoder to find."""
    parts, told, name, whole = PngParts(), _Told(), b"", False
    palette, background, gone = b"", None, dict[str, None]()
    parts.pixels.write(SIGNATURE)
    for name, payload, whole in _chunks(file):
        if name == b"tRNS" and parts.header[3] in _KEY_LENGTHS:
            if whole and len(payload) - 12 == _KEY_LENGTHS[parts.header[3]]:
                parts.key = struct.unpack(f">{(len(payload) - 12) // 2}H", payload[8:-4])
            else:
                told.note("tRNS dropped: it is damaged")
        elif name in _PIXELS:
            parts.pixels.write(payload)
            palette = payload[8:-4] if name == b"PLTE" else palette
        elif name == b"bKGD":
            background = _background(parts.header, palette, payload[8:-4])
        elif name in _GONE:
            if not _says_nothing(name, parts.header, payload[8:-4]):
                gone[name.decode()] = None
        elif name == b"CgBI":
            parts.apple = True
        elif name == b"acTL" and len(payload) >= 12:
            parts.frames = max(1, int.from_bytes(payload[8:12], "big"))
        elif name == b"caBX":
            told.note(CREDENTIALS_NOTE)
        elif name in _KEPT:
            told.take(name, payload[8:-4] if whole else None)
    if whole and name != b"IEND":
        parts.pixels.write(_END)  # all that is missing, as far as can be told
    if gone:
        told.note(f"PNG's {', '.join(gone)} left out: true of the unedited file only")
    parts.metadata = replace(told.metadata(), background=background)
    parts.notes = tuple(told.notes)
    return parts


def with_opened(
    metadata: Metadata, picture: PngImagePlugin.PngImageFile
) -> tuple[Metadata, tuple[str, ...]]:
    """`metadata` with what Pillow keeps of the chunks of a loaded PNG, and notes on damage."""
    told = _Told()
    try:
        chunks = list(_chunks_again(picture))
    except (TypeError, ValueError, struct.error):  # a program's own entries
        chunks = []
        told.note("gamma and texts dropped: they are damaged")
    for name, data in chunks:
        told.take(name, data)
    found = told.metadata()
    metadata = replace(
        found,
        icc=metadata.icc or found.icc,
        exif=metadata.exif or found.exif,
        xmp=metadata.xmp or found.xmp,
        dpi=metadata.dpi or found.dpi,
    )
    return metadata, tuple(told.notes)


def png_size(file: BinaryIO) -> tuple[int, int]:
    """Width and height from the header; zeros if it is cut off."""
    file.seek(0)
    return PngParts(io.BytesIO(file.read(33))).header[:2]


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes, bool]]:
    """Name and bytes of each chunk (of unknown ones the first), and whether it is whole."""
    file.seek(len(SIGNATURE))
    name = b""
    while name != b"IEND" and len(start := file.read(8)) == 8:
        length, name = int.from_bytes(start[:4], "big"), start[4:]
        if name in _PIXELS or (name in _KEPT and length <= _BLOCK_LIMIT):
            payload = start + file.read(length + 4)
        else:
            payload = start + file.read(min(length, 64))
            file.seek(max(0, length - 64) + 4, 1)
        whole = len(payload) == length + 12
        # No decoder sees a transparent colour, and checks it.
        if whole and (name == b"tRNS" or name not in _PIXELS):
            whole = zlib.crc32(payload[4:-4]).to_bytes(4, "big") == payload[-4:]
        yield name, payload, whole


def _chunks_again(picture: PngImagePlugin.PngImageFile) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of the chunks that Pillow took values from."""
    info = picture.info
    if "gamma" in info:
        yield b"gAMA", struct.pack(">I", round(info["gamma"] * 100_000))
    if "chromaticity" in info:
        yield b"cHRM", struct.pack(">8I", *(round(v * 100_000) for v in info["chromaticity"]))
    if "srgb" in info:
        yield b"sRGB", struct.pack("B", info["srgb"])
    if "aspect" in info:
        yield b"pHYs", struct.pack(">IIB", *info["aspect"], 0)
    for keyword, text in picture.text.items():
        language, translated = getattr(text, "lang", None), getattr(text, "tkey", None)
        told = "\0".join((language or "", translated or "", text)).encode()
        yield b"iTXt", keyword.encode("latin-1") + bytes(3) + told


def _background(
    header: tuple[int, int, int, int], palette: bytes, data: bytes
) -> tuple[int, ...] | None:
    """The colour of a bKGD chunk, grey or RGB at 16 bits; None where it makes no sense."""
    _, _, depth, color = header
    if color == _PALETTE:
        entry = palette[3 * data[0] : 3 * data[0] + 3] if data else b""
        return tuple(257 * value for value in entry) or None
    if depth == 0 or len(data) != (6 if color & _RGB else 2):
        return None
    white = (1 << depth) - 1
    values = struct.unpack(f">{len(data) // 2}H", data)
    return tuple((min(value, white) * 0xFFFF + white // 2) // white for value in values)


def _says_nothing(name: bytes, header: tuple[int, int, int, int], data: bytes) -> bool:
    """Whether a chunk says of the bits of samples that all of them mean something."""
    _, _, depth, color = header
    return name == b"sBIT" and set(data) <= {8 if color == _PALETTE else depth}


class _Told:
    """What the chunks beside the picture say, gathered one by one."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._texts: list[tuple[str, str]] = []
        self._languages: dict[tuple[str, str], tuple[str, str]] = {}
        self._colors: dict[bytes, bytes] = {}
        self._profiles: dict[str, bytes] = {}
        self._xmp: bytes | None = None
        self._icc: bytes | None = None
        self._exif: bytes | None = None
        self._dpi: tuple[float, float] | None = None
        self._aspect: tuple[int, int] | None = None
        self._left = _TOTAL_LIMIT

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def take(self, name: bytes, data: bytes | None) -> None:
        """One chunk's content; None where it is cut, altered, or larger than any should be."""
        try:
            if data is None:
                raise ValueError(name)
            self._take(name, data)
        except (ValueError, IndexError, zlib.error):
            what = {b"iCCP": "colour profile", b"eXIf": "EXIF"}.get(name, f"{name.decode()} chunk")
            self.note(f"{what} dropped: it is damaged or far too large")

    def metadata(self) -> Metadata:
        exif = self._exif or self._profiles.get("exif") or self._profiles.get("APP1")
        exif = exif.removeprefix(EXIF_PREFIX) if exif else None
        iptc = self._profiles.get("iptc") or self._profiles.get("8bim")
        return Metadata(
            icc=self._icc or self._profiles.get("icc") or self._profiles.get("icm"),
            exif=exif,
            xmp=self._xmp or self._profiles.get("xmp"),
            dpi=self._dpi or dpi_in_exif(exif),
            aspect=self._aspect,
            iptc=iptc_of(iptc) if iptc and iptc.startswith(b"8BIM") else iptc,
            texts=tuple(self._texts),
            languages=tuple(self._languages.items()),
            color_chunks=tuple(self._colors.items()),
        )

    def _take(self, name: bytes, data: bytes) -> None:
        if name in COLOR_CHUNKS:
            if len(data) != COLOR_CHUNKS[name]:
                raise ValueError(name)
            self._colors[name] = data
        elif name == b"iCCP":
            self._icc = self._inflated(data.split(b"\0", 1)[1][1:]) or None
        elif name == b"eXIf":
            self._exif = data or None
        elif name == b"pHYs":
            horizontal, vertical, unit = struct.unpack(">IIB", data[:9].ljust(9, b"\0"))
            if unit == 1:
                self._dpi = valid_dpi((horizontal * INCH, vertical * INCH))
            else:
                self._aspect = valid_aspect(horizontal, vertical)
        else:
            self._text(*self._decoded(name, data))

    def _decoded(self, name: bytes, data: bytes) -> tuple[str, str]:
        keyword, rest = data.split(b"\0", 1)
        if name == b"tEXt":
            return keyword.decode("latin-1"), rest.decode("latin-1")
        if name == b"zTXt":
            return keyword.decode("latin-1"), self._inflated(rest[1:]).decode("latin-1")
        compressed, _ = rest[0], rest[1]
        language, translated, text = rest[2:].split(b"\0", 2)
        text = self._inflated(text) if compressed else text
        pair = keyword.decode("latin-1"), text.decode("utf-8", "replace")
        if language or translated:
            told = language.decode("latin-1"), translated.decode("utf-8", "replace")
            self._languages[pair] = told
        return pair

    def _text(self, keyword: str, text: str) -> None:
        kind = keyword.removeprefix(_RAW_PROFILE)
        if keyword == _XMP:
            self._xmp = text.encode()
        elif kind != keyword:
            # Line break, name, length, and the digits in lines.
            self._profiles[kind] = bytes.fromhex("".join(text.split()[2:]))
        elif len(text) > TEXT_LIMIT:
            self.note(f"a text of {len(text):,} letters left out: readers refuse so long ones")
        else:
            self._texts.append((keyword, text))

    def _inflated(self, data: bytes) -> bytes:
        limit = min(_BLOCK_LIMIT, self._left)
        inflate = zlib.decompressobj()
        content = inflate.decompress(data, limit)
        if not inflate.eof:
            raise ValueError("cut, or larger than any should be")
        self._left -= len(content)
        return content
