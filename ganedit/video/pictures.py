"""Frames that are pictures: animations as Pillow reads and writes them, and numbered files."""

import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from ganedit.errors import GaneditError, ImageError, TruncatedImageError, UnreadableImageError
from ganedit.image import MAX_PIXELS, Image, decode, output_errors, printable, size_of, to_eight
from ganedit.video.kinds import PATTERN
from ganedit.video.library import check_pixels
from ganedit.video.scenes import CutFinder
from ganedit.video.track import DEFAULT_RATE, Track

# Times of animations are counted in microseconds: those of PNG are fractions.
TICK = Fraction(1, 1_000_000)
# What browsers make of a frame that says to last no time.
UNTIMED_MS = 100
# Of WebP, unless the user says otherwise.
WEBP_QUALITY = 90


def scan_animation(path: Path, *, lenient: bool = False, max_pixels: int = MAX_PIXELS) -> Track:
    """The frames of an animated GIF, WebP or PNG.

    Args:
        path: its file.
        lenient: whether to take what there is of a damaged one.
        max_pixels: of a frame.

    Raises:
        ImageError: it cannot be read, is damaged, or has more pixels.
    """
    times, finder, end = list[int](), CutFinder(), 0
    notes: tuple[str, ...] = ()
    size = (0, 0)
    loops: int | None = None
    alpha = False
    check_pixels(path, *size_of(path), max_pixels)
    try:
        for picture, duration in _animated(path):
            size, loops = picture.size, picture.info.get("loop", loops)
            alpha = alpha or _see_through(picture)
            times.append(end)
            end += duration
            finder.add(np.asarray(picture.convert("RGB")))
    except GaneditError:
        raise
    except Exception as error:
        if not (lenient and times):
            raise TruncatedImageError(
                f"{printable(str(path))} is truncated or damaged; get another copy, or take what "
                "is there with --allow-truncated"
            ) from error
        notes = ("truncated: the missing frames are left out",)
    return Track(
        "animation", tuple(range(len(times))), tuple(times), end, TICK, *size,
        alpha=alpha, pixel_format="rgba" if alpha else "rgb24", cuts=finder.cuts(), loops=loops,
        notes=notes,
    )  # fmt: skip


def _see_through(picture: PIL.Image.Image) -> bool:
    """Whether anything is transparent."""
    if not picture.has_transparency_data:
        return False
    least, _ = picture.convert("RGBA").getchannel("A").getextrema()
    return least != 255


def read_animation(path: Path, wanted: Sequence[int]) -> Iterator[Image]:
    """Frames of an animation by their numbers, which increase."""
    left = list(reversed(wanted))
    for number, (picture, _) in enumerate(_animated(path)):
        if number == left[-1]:
            left.pop()
            yield Image.from_array(np.asarray(picture.convert("RGBA")))
            if not left:
                return
    raise ImageError(f"{path}: changed or vanished while it was edited; run again")


def _animated(path: Path) -> Iterator[tuple[PIL.Image.Image, int]]:
    """The frames, each as it is shown, and for how many ticks."""
    try:
        opened = PIL.Image.open(path)
    except OSError as error:
        raise UnreadableImageError(f"{printable(str(path))} cannot be read: {error}") from error
    with opened as picture:
        for number in range(int(getattr(picture, "n_frames", 1))):
            picture.seek(number)
            picture.load()
            # Of WebP the duration stands in the frame that was loaded.
            milliseconds = float(picture.info.get("duration", 0)) or UNTIMED_MS
            yield picture, round(milliseconds / 1000 / TICK)


def write_animation(
    frames: Callable[[], Iterator[Image]], durations: Sequence[float], path: Path, name: str,
    loops: int | None, *, quality: int | None = None,
) -> None:  # fmt: skip
    """Write an animated GIF, WebP or PNG.

    Args:
        frames: pictures of one size, taken one after another, perhaps more than once.
        durations: of each, in milliseconds.
        path: of the file.
        name: of the container.
        loops: how often it is shown, 0 for ever; None says nothing of it.
        quality: of WebP; lossless at 100.

    Raises:
        OutputError: it cannot be written.
    """
    pictures = _Pictures(frames, gif=name == "GIF")
    options: dict[str, Any] = {"save_all": True, "duration": list(durations)}
    if loops is not None:
        options["loop"] = loops
    if name == "GIF":
        # Durations are hundredths there; frames are drawn whole, each with its own colours.
        options |= {"disposal": 2, "optimize": False}
    elif name == "WEBP":
        quality = WEBP_QUALITY if quality is None else quality
        options |= {"lossless": quality == 100, "quality": quality, "method": 4}
    with output_errors(path):
        next(pictures.all()).save(
            path, name if name != "APNG" else "PNG", append_images=pictures, **options
        )


class _Pictures:
    """All frames but the first in Pillow; it counts some formats' before it writes them."""

    def __init__(self, frames: Callable[[], Iterator[Image]], *, gif: bool) -> None:
        self._frames, self._gif = frames, gif

    def all(self) -> Iterator[PIL.Image.Image]:
        """The first too."""
        pictures = (_for_pillow(frame) for frame in self._frames())
        return (_for_gif(picture) for picture in pictures) if self._gif else pictures

    def __iter__(self) -> Iterator[PIL.Image.Image]:
        return islice(self.all(), 1, None)


def _for_pillow(frame: Image) -> PIL.Image.Image:
    """In RGB, with alpha only where something is transparent."""
    samples = np.broadcast_to(to_eight(frame.samples), (*frame.samples.shape[:2], 3))
    if frame.alpha is None:
        return PIL.Image.fromarray(np.ascontiguousarray(samples))
    return PIL.Image.fromarray(np.dstack((samples, to_eight(frame.alpha))))


def _for_gif(picture: PIL.Image.Image) -> PIL.Image.Image:
    """With a palette of its own; what is more than half transparent is so."""
    if picture.mode == "RGB":
        return picture.quantize(256, PIL.Image.Quantize.MEDIANCUT)
    alpha = np.asarray(picture)[:, :, 3]
    plain = picture.convert("RGB")
    if (alpha >= 128).all():
        return _for_gif(plain)
    made = plain.quantize(255, PIL.Image.Quantize.MEDIANCUT)
    indices = np.where(alpha >= 128, np.asarray(made), 255).astype(np.uint8)
    result = PIL.Image.fromarray(indices, "P")
    palette = (made.getpalette() or [])[: 255 * 3]
    result.putpalette(palette + [0] * (768 - len(palette)))
    result.info["transparency"] = 255
    return result


def numbered_files(pattern: Path) -> list[Path]:
    """The files that a name like `frame_%05d.png` stands for, by their numbers.

    Raises:
        UnreadableImageError: there are none.
        ImageError: one between them is missing.
    """
    found: dict[int, Path] = {}
    if pattern.parent.is_dir():
        name = _name_of(pattern)
        for path in pattern.parent.iterdir():
            if (made := name.fullmatch(path.name)) is not None:
                found[int(made[1])] = path
    if not found:
        raise UnreadableImageError(f"{printable(str(pattern))}: there are no such files")
    numbers = sorted(found)
    gap = next((n for n, m in zip(range(numbers[0], numbers[-1]), numbers, strict=False)
                if n != m), None)  # fmt: skip
    if gap is not None:
        raise ImageError(f"{numbered(pattern, gap)}: is missing between others of its kind")
    return [found[number] for number in numbers]


def _name_of(pattern: Path) -> re.Pattern[str]:
    """What the names of numbered files look like."""
    mark = PATTERN.search(pattern.name)
    assert mark is not None
    before, after = pattern.name[: mark.start()], pattern.name[mark.end() :]
    return re.compile(rf"{re.escape(before)}(\d{{{mark[1] or 1},}}){re.escape(after)}")


def number_of(pattern: Path, file: Path) -> int:
    """The number of a file that `numbered_files` found."""
    made = _name_of(pattern).fullmatch(file.name)
    assert made is not None
    return int(made[1])


def numbered(pattern: Path, number: int) -> Path:
    """The file of a number."""
    mark = PATTERN.search(pattern.name)
    assert mark is not None
    text = f"{number:0{int(mark[1] or 1)}d}"
    return pattern.with_name(f"{pattern.name[: mark.start()]}{text}{pattern.name[mark.end() :]}")


def scan_pictures(
    files: Sequence[Path], rate: float | None, *, lenient: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> Track:  # fmt: skip
    """The frames that are files of their own.

    Args:
        files: in order.
        rate: frames a second.
        lenient: whether to take what there is of damaged ones.
        max_pixels: of each.

    Raises:
        ImageError: one cannot be read, or is of another size than the first.
    """
    limits: Any = {"allow_truncated": lenient, "max_pixels": max_pixels}
    finder, first = CutFinder(), decode(files[0], **limits)
    for file in files:
        picture = decode(file, **limits)
        if (picture.width, picture.height) != (first.width, first.height):
            raise ImageError(
                f"{file} has {picture.width}×{picture.height} pixels, {files[0]} "
                f"{first.width}×{first.height}; frames are of one size"
            )
        samples = np.broadcast_to(picture.samples, (*picture.samples.shape[:2], 3))
        finder.add(np.ascontiguousarray(samples))
    base = 1 / Fraction(rate or DEFAULT_RATE).limit_denominator(1001)
    count = len(files)
    return Track(
        "pictures", tuple(range(count)), tuple(range(count)), count, base, first.width,
        first.height, depth=first.depth, alpha=first.alpha is not None,
        pixel_format="rgba" if first.alpha is not None else "rgb24", cuts=finder.cuts(),
    )  # fmt: skip
