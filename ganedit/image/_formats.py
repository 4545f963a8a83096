"""What each file format is called, and how much it can hold."""

from dataclasses import dataclass
from pathlib import Path

from ganedit.errors import ImageTooLargeError, UsageError


@dataclass(frozen=True, slots=True)
class Format:
    """One output format; `side` and `pixels` are the largest its codecs write *and* read back."""

    name: str
    suffixes: tuple[str, ...]
    side: int
    pixels: int
    deep: bool = False
    alpha: bool = True


_FORMATS = (
    # libpng refuses sides above a million unless the reader lifts its user limit.
    Format("PNG", (".png",), side=1_000_000, pixels=2**62, deep=True),
    # libjpeg stops at 65,500, a little short of the 65,535 of the standard.
    Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), side=65_500, pixels=2**62, alpha=False),
    Format("WEBP", (".webp",), side=16_383, pixels=2**62),
    # AV1 goes to 65,536, but libavif by default refuses to decode more than these.
    Format("AVIF", (".avif",), side=32_768, pixels=2**28),
    # Larger than 4 GiB becomes BigTIFF, so only the signed sides of its readers bound it.
    Format("TIFF", (".tif", ".tiff"), side=2**31 - 1, pixels=2**62, deep=True),
    # A 32-bit file size and three bytes a pixel, rows padded to four.
    Format("BMP", (".bmp", ".dib"), side=2**31 - 1, pixels=2**32 // 4, alpha=False),
)
_BY_NAME = {entry.name: entry for entry in _FORMATS}
_BY_SUFFIX = {suffix: entry.name for entry in _FORMATS for suffix in entry.suffixes}
_ALIASES = {"JPG": "JPEG", "JPE": "JPEG", "TIF": "TIFF"}

WRITABLE_FORMATS: tuple[str, ...] = tuple(_BY_NAME)
"""The formats that `encode` and `save` write, in Pillow's spelling."""

PILLOW_FORMATS: dict[str, str] = {
    "AVIF": ".avif .avifs",
    "BLP": ".blp",
    "BMP": ".bmp",
    "CUR": ".cur",
    "DCX": ".dcx",
    "DDS": ".dds",
    "DIB": ".dib",
    "FITS": ".fit .fits",
    "FLI": ".fli .flc",
    "FTEX": ".ftc .ftu",
    "GBR": ".gbr",
    "GIF": ".gif",
    "ICNS": ".icns",
    "ICO": ".ico",
    "IM": ".im",
    "IMT": "",
    "IPTC": ".iim",
    "JPEG": ".jfif .jpe .jpg .jpeg .mpo",
    "JPEG2000": ".jp2 .j2k .jpc .jpf .jpx .j2c",
    "MCIDAS": "",
    "MSP": ".msp",
    "PCD": ".pcd",
    "PCX": ".pcx",
    "PIXAR": ".pxr",
    "PNG": ".png .apng",
    "PPM": ".pbm .pgm .ppm .pnm .pfm .pam",
    "PSD": ".psd",
    "QOI": ".qoi",
    "SGI": ".bw .rgb .rgba .sgi",
    "SPIDER": "",
    "SUN": ".ras",
    "TGA": ".tga .icb .vda .vst",
    "TIFF": ".tif .tiff",
    "WEBP": ".webp",
    "XBM": ".xbm",
    "XPM": ".xpm",
    "XVTHUMB": "",
}
"""The formats of Pillow that are pictures to us, with their suffixes.

All that Pillow registers but `DRAWINGS`; a test compares, so that a new Pillow's formats are seen.
The list stands here and is not asked of Pillow, since what is a picture in a folder must not
change with what else a process imports.
"""

DRAWINGS: dict[str, str] = {
    "BUFR": "weather data", "GRIB": "weather data", "HDF5": "a container of scientific data",
    "MPEG": "a video", "EPS": "a drawing in PostScript", "WMF": "a drawing in Windows Metafile",
}  # fmt: skip
"""What Pillow knows by name without decoding it, or hands to another program."""

_OTHERS = {
    "heic": ".heic .heics .heif .heifs .hif",
    "imagecodecs": ".jls .jxl .jxr .hdp .wdp .hdr",
    "raw": ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .fff .iiq .kdc .mef .mos .mrw .nef .nrw .orf"
    " .pef .raf .rw2 .rwl .sr2 .srf .srw .x3f",
}

READABLE_SUFFIXES: frozenset[str] = frozenset(
    suffix for told in (*PILLOW_FORMATS.values(), *_OTHERS.values()) for suffix in told.split()
)
"""Lower-case suffixes of files worth offering to `decode` (which looks at the content only).

HEIC and raw pictures are among them: without their extra package, `decode` names it."""


def describe(format: str) -> Format:
    """The facts about one output format; raises `UsageError` for a name that is not one."""
    name = format.upper().lstrip(".")
    name = _ALIASES.get(name, name)
    if name not in _BY_NAME:
        raise UsageError(f"cannot write {format}: choose one of {', '.join(WRITABLE_FORMATS)}")
    return _BY_NAME[name]


def format_for(path: Path, format: str | None = None) -> str:
    """The output format of `path`: the one asked for, else the one its suffix means.

    Returns Pillow's spelling: ``"JPEG"`` for ``.jpg``, ``"TIFF"`` for ``.tif`` and so on.

    Raises:
        UsageError: the suffix or the name is of no format that can be written.
    """
    if format is not None:
        return describe(format).name
    name = _BY_SUFFIX.get(path.suffix.lower())
    if name is None:
        what = f"the suffix {path.suffix}" if path.suffix else "a name without suffix"
        raise UsageError(
            f"{path}: {what} names no format that can be written; "
            f"use one of {', '.join(sorted(_BY_SUFFIX))}"
        )
    return name


def check_suffix(path: Path, format: str) -> None:
    """Refuse a name that means another output format than the one asked for.

    Raises:
        UsageError: it does, or there is no such format.
    """
    meant, asked = _BY_SUFFIX.get(path.suffix.lower()), describe(format).name
    if meant not in (None, asked):
        raise UsageError(f"{path}: its suffix means {meant}, but the format asked for is {asked}")


def preferred_suffix(format: str) -> str:
    """The usual suffix of an output format with its dot: ``".jpg"`` for ``"JPEG"``.

    Raises:
        UsageError: the format can be read at most (``"GIF"``, ``"HEIF"``), or is unknown.
    """
    return describe(format).suffixes[0]


def check_limits(format: str, width: int, height: int) -> None:
    """Refuse a size in pixels that `format` cannot hold, before any work is done on it.

    Raises:
        ImageTooLargeError: too large; the message names a format that fits.
        UsageError: the format cannot be written.
    """
    entry = describe(format)
    if _fits(entry, width, height):
        return
    others = [other.name for other in _FORMATS if _fits(other, width, height)]
    advice = f"save as {others[0]} instead" if others else "make it smaller"
    limit = (
        f"{entry.side:,} pixels a side"
        if max(width, height) > entry.side
        else f"{entry.pixels:,} pixels"
    )
    raise ImageTooLargeError(
        f"{width:,} x {height:,} is too large for {entry.name}, "
        f"which holds at most {limit}; {advice}"
    )


def _fits(entry: Format, width: int, height: int) -> bool:
    return max(width, height) <= entry.side and width * height <= entry.pixels
