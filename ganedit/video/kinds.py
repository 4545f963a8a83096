"""What is a video by its name or first bytes, and what a result may be. Light: plans need it."""

import importlib.util
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ganedit.errors import UsageError

PATTERN = re.compile(r"%(?:0(\d+))?d")
"""Marks the place of the number in the name of numbered frames: `frame_%05d.png`."""


@dataclass(frozen=True)
class Container:
    """One kind of moving result."""

    name: str
    suffixes: tuple[str, ...]
    muxer: str = ""
    """FFmpeg's name of what writes it; empty where pictures are written one by one."""
    codec: str = "h264"
    """Of a result with 8 bits a sample, unless the user says otherwise."""
    deep_codec: str = "hevc"
    """Of one with more."""
    steady_rate: bool = False
    """Whether all frames last equally long in it."""

    @property
    def pictured(self) -> bool:
        """Whether it holds pictures alone, no coded stream with others beside it."""
        return not self.muxer


FRAMES = Container("FRAMES", ())
"""Numbered pictures."""
CONTAINERS = (
    Container("MP4", (".mp4", ".m4v"), "mp4"),
    Container("MOV", (".mov", ".qt"), "mov"),
    Container("MKV", (".mkv",), "matroska"),
    Container("WEBM", (".webm",), "webm", codec="vp9", deep_codec="av1"),
    Container("AVI", (".avi",), "avi", steady_rate=True),
    Container("GIF", (".gif",)),
    Container("WEBP", (".webp",)),
    Container("APNG", (".apng",)),
    FRAMES,
)
_BY_NAME = {each.name: each for each in CONTAINERS}
_BY_SUFFIX = {suffix: each for each in CONTAINERS for suffix in each.suffixes}
# Read, and written as another: of these the sound mostly fits into MP4, of those it does not.
_TO_MP4 = ".3g2 .3gp .f4v .flv .m2ts .m2v .mpeg .mpg .mts .ts .y4m"
_TO_MKV = ".asf .divx .dv .mxf .ogv .vob .wmv"
_ANIMATIONS = (".gif", ".webp", ".png", ".apng")

# HEIC, AVIF and raw pictures, which begin as MP4 does.
_PICTURE_BRANDS = frozenset(b"heic heix heim heis hevc hevx mif1 msf1 avif avis crx".split())

VIDEO_SUFFIXES = frozenset(
    (*_TO_MP4.split(), *_TO_MKV.split(), *(
        suffix for each in CONTAINERS if each.muxer for suffix in each.suffixes
    ))
)  # fmt: skip
"""Lower-case suffixes of files that are videos, whatever is in them."""
# In folders the suffix is TypeScript's more often than a transport stream's.
FOUND_SUFFIXES = VIDEO_SUFFIXES - {".ts"}
"""Those by which videos are found in folders."""


def is_numbered(path: Path) -> bool:
    """Whether a name stands for numbered frames."""
    return PATTERN.search(path.name) is not None and not path.is_file()


def is_moving(path: Path) -> bool:
    """Whether a path is a video, numbered frames, or a picture with several frames.

    Only of the last kind anything is read, and no more than tells.
    """
    suffix = path.suffix.lower()
    if suffix in VIDEO_SUFFIXES or is_numbered(path):
        return True
    if suffix in _ANIMATIONS:
        return is_animation(path)
    from ganedit.image import READABLE_SUFFIXES

    return suffix not in READABLE_SUFFIXES and is_container(path)


def is_animation(path: Path) -> bool:
    """Whether a GIF, WebP or PNG has more than one frame, by its content."""
    try:
        with path.open("rb") as file:
            head = file.read(32)
            if head.startswith(b"\x89PNG"):
                return _png_frames(file, head) > 1
        if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X":
            return bool(head[20] & 2) and _pillow_frames(path) > 1
        return head.startswith(b"GIF8") and _pillow_frames(path) > 1
    except OSError:
        return False  # decoding will say what is wrong


def is_container(path: Path) -> bool:
    """Whether a file begins as MP4, MOV, Matroska, WebM or AVI do."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False  # decoding will say what is wrong
    if head[4:8] == b"ftyp":
        return head[8:12].rstrip() not in _PICTURE_BRANDS
    return head.startswith(b"\x1a\x45\xdf\xa3") or (head[:4], head[8:]) == (b"RIFF", b"AVI ")


def _png_frames(file: object, head: bytes) -> int:
    """Of an animation, as the chunk before the first pixels says."""
    from io import BufferedReader

    assert isinstance(file, BufferedReader)
    place = 8
    while True:
        file.seek(place)
        chunk = file.read(12)
        if len(chunk) < 12 or chunk[4:8] in (b"IDAT", b"IEND"):
            return 1
        if chunk[4:8] == b"acTL":
            return int.from_bytes(chunk[8:12], "big")
        place += 12 + int.from_bytes(chunk[:4], "big")


def _pillow_frames(path: Path) -> int:
    import PIL.Image

    try:
        with PIL.Image.open(path) as picture:
            # Counting all of them takes as long as decoding: a second one is enough.
            picture.seek(1)
            return 2
    except Exception:  # no second frame, or damaged: then it is a picture
        return 1


def container_named(name: str) -> Container:
    """A container by its name."""
    return _BY_NAME[name]


def container_of(format: str) -> Container | None:
    """The container that a user's word for a format means, if it is one: `mp4`, `.MKV`."""
    word = format.lower().lstrip(".")
    return _BY_NAME.get(word.upper()) or _BY_SUFFIX.get(f".{word}")


def result_container(source: Path, output: Path | None, format: str | None) -> Container | None:
    """What a moving source becomes; None where it becomes one picture, its first frame.

    Args:
        source: what is moving.
        output: the name of the result, where the user gave one.
        format: what the user asked for instead.

    Raises:
        UsageError: a video is to become one picture.
    """
    animated = source.suffix.lower() in _ANIMATIONS and not is_numbered(source)
    if output is not None:
        if is_numbered(output):
            return FRAMES
        meant = _BY_SUFFIX.get(output.suffix.lower())
        if meant is not None:
            return meant
        if output.suffix.lower() == ".png" and animated and _is_png(source):
            return _BY_NAME["APNG"]
        if animated:
            return None
        raise UsageError(
            f"-o {output}: {source} is a video, which becomes one of {', '.join(_writable())}, or "
            "numbered frames: frame_%05d.png"
        )
    asked = container_of(format) if format else None
    if animated:
        if format:
            return asked
        return _BY_NAME["APNG"] if _is_png(source) else _BY_SUFFIX[source.suffix.lower()]
    if is_numbered(source):
        return asked if asked is not None and asked.muxer else FRAMES
    if asked is not None and asked.name != "WEBP":  # the word is a picture's first of all
        return asked
    if format and asked is None:
        from ganedit.image import format_for

        format_for(Path("x"), format)  # a word for pictures says nothing of videos, but is one
    suffix = source.suffix.lower()
    return _BY_SUFFIX.get(suffix) or _BY_NAME["MP4" if suffix in _TO_MP4.split() else "MKV"]


def suffix_for(source: Path, container: Container, format: str | None) -> str:
    """The suffix of a result that is named after its source."""
    own = source.suffix
    if container is FRAMES:
        return preferred_frame_suffix(own, format)
    if own.lower() in container.suffixes or (container.name == "APNG" and _is_png(source)):
        return own
    return container.suffixes[0]


def preferred_frame_suffix(own: str, format: str | None) -> str:
    """Of numbered frames: as asked, else their own where that can be written, else PNG's."""
    from ganedit.image import format_for, preferred_suffix

    if format:
        return preferred_suffix(format)
    try:
        format_for(Path(f"x{own}"))
    except UsageError:
        return ".png"
    return own


def _writable() -> list[str]:
    return [suffix for each in CONTAINERS for suffix in each.suffixes[:1]]


def _is_png(path: Path) -> bool:
    return path.suffix.lower() in (".png", ".apng")


@cache
def have_av() -> bool:
    """Whether the package that reads and writes containers is installed."""
    return importlib.util.find_spec("av") is not None
