"""How much a result flickers, beside interpolation of the same video, and how sharp it is.

Flicker is what changes from one frame of a result to the next where the video itself does not: the
earlier frame is moved along the motion in the video, and compared where the video, moved likewise,
is the same (the warping error of Lai et al. 2018).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ganedit.errors import ImageError
from ganedit.image import Image, resize
from ganedit.scores import ScoreTable
from ganedit.video.motion import Motions, at_size, grey_of, moved
from ganedit.video.options import VideoOptions
from ganedit.video.segments import find_source

# Grey levels, of 255, that the video may change by where it counts as unchanged, on average of
# some pixels; and pixels by which motion there and back may miss.
UNCHANGED, MISSES = 3.0, 0.7
PLAIN = "bicubic"


@dataclass
class _Sums:
    """What has been added up of one result."""

    change: float = 0.0
    sharpness: float = 0.0
    last: np.ndarray | None = None


def measure_flicker(clip: Path, results: Sequence[Path]) -> ScoreTable:
    """Flicker and sharpness of results of a video.

    Args:
        clip: the video that was edited.
        results: what became of it, frame by frame.

    Returns:
        A row for each result, and one for the video enlarged by bicubic interpolation: `flicker`,
        the mean change in grey levels of 255; `× bicubic`, that as a share of interpolation's;
        `sharpness`, the mean gradient in grey levels a pixel.

    Raises:
        ImageError: one of them cannot be read, or has another number of frames.
    """
    options = VideoOptions()
    source = find_source((clip,), options, lenient=False)
    made = [find_source((path,), options, lenient=False) for path in results]
    for path, each in zip(results, made, strict=True):
        if len(each.track.keys) != len(source.track.keys):
            raise ImageError(
                f"{path} has {len(each.track.keys)} frames, {clip} {len(source.track.keys)}; "
                "frames are compared one by one"
            )
    names = [PLAIN, *map(str, results)]
    sums = {name: _Sums() for name in names}
    weight, last = 0, None
    cuts, motions = set(source.track.cuts), Motions()
    frames = zip(
        source.read(source.track.keys), *(each.read(each.track.keys) for each in made), strict=True
    )
    for number, (before, *others) in enumerate(frames):
        grey = grey_of(before)
        largest = others[0] if others else before
        width, height = largest.width, largest.height
        shown = {PLAIN: _at_size_of(before, width, height)}
        shown |= {str(path): grey_of(other) for path, other in zip(results, others, strict=True)}
        if last is not None and number not in cuts:
            back, forth = motions.between(grey, last), motions.between(last, grey)
            motions.keep([grey])
            same = _unchanged(grey, last, back, forth)
            weight += int(same.sum())
            for name, picture in shown.items():
                earlier = sums[name].last
                assert earlier is not None
                sums[name].change += _change(picture, earlier, back, same)
        for name, picture in shown.items():
            sums[name].sharpness += _sharpness(picture)
            sums[name].last = picture
        last = grey
    count = len(source.track.keys)
    plain = sums[PLAIN].change
    means = {
        name: {
            "flicker": each.change / max(weight, 1),
            "× bicubic": each.change / plain if plain else 1.0,
            "sharpness": each.sharpness / count,
        }
        for name, each in sums.items()
    }
    protocol = (
        f"{clip}: {count} frames; mean change between neighbours where the video does not change "
        f"({100 * weight / max(1, (count - 1) * source.track.width * source.track.height):.0f} % "
        "of it), in grey levels, and mean gradient"
    )
    rows = [{"video": name, **scores} for name, scores in means.items()]
    return ScoreTable(protocol, rows, means)


def _at_size_of(image: Image, width: int, height: int) -> np.ndarray:
    if (image.width, image.height) == (width, height):
        return grey_of(image)
    return grey_of(resize(Image(image.samples), width, height, kernel="bicubic"))


def _unchanged(
    grey: np.ndarray, last: np.ndarray, back: np.ndarray, forth: np.ndarray
) -> np.ndarray:
    """Where a frame shows what the one before it did, `(h, w)` bool."""
    there = at_size(back, grey.shape[1], grey.shape[0])
    difference = moved(last, there, cv2.INTER_CUBIC).astype(np.float32) - grey
    same = cv2.blur(np.abs(difference), (5, 5)) < UNCHANGED
    returned = back + moved(forth, there, cv2.INTER_LINEAR)
    same &= np.square(returned).sum(axis=2) < MISSES * MISSES
    height, width = grey.shape
    x, y = there[:, :, 0], there[:, :, 1]
    result: np.ndarray = same & (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    return result


def _change(picture: np.ndarray, earlier: np.ndarray, back: np.ndarray, same: np.ndarray) -> float:
    """The mean change of a result over what did not change, times pixels of the video."""
    height, width = picture.shape
    there = at_size(back, width, height)
    before = moved(earlier.astype(np.float32), there, cv2.INTER_LANCZOS4)
    weights = cv2.resize(same.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST)
    total = weights.sum()
    if not total:
        return 0.0
    return float((np.abs(picture - before) * weights).sum() / total * same.sum())


def _sharpness(picture: np.ndarray) -> float:
    values = picture.astype(np.float32)
    across, down = np.diff(values, axis=1)[:-1], np.diff(values, axis=0)[:, :-1]
    return float(np.hypot(across, down).mean())
