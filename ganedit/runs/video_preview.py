"""Five seconds before and after, side by side, and a still of them."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from ganedit.image import Image
from ganedit.runs.preview import pair, place_of
from ganedit.video.encoding import SegmentWriter, choose_encoding
from ganedit.video.joining import Joined, join
from ganedit.video.kinds import container_named
from ganedit.video.options import VideoOptions
from ganedit.video.segments import Source, Timeline, find_source
from ganedit.video.track import Track

SECONDS = 5


def write_previews(timeline: Timeline, result: Path, folder: Path) -> Iterator[Path]:
    """Write a still and a clip, from the middle of a video.

    Args:
        timeline: what was edited.
        result: its file, complete.
        folder: where they are written.

    Yields:
        The still's file, then the clip's.
    """
    numbers = _middle(timeline)
    shows = [timeline.shows[number] for number in numbers]
    before = timeline.edited
    after = find_source((result,), VideoOptions(), lenient=False)
    pairs = _halves(before, after, shows, numbers)
    still = folder / ".still.part.png"
    clip = folder / ".clip.part.mp4"
    first = next(pairs)
    first.save(still, format="PNG", overwrite=True)
    yield still
    _write_clip(first, pairs, timeline, numbers, clip, folder / ".clip.part.mkv")
    yield clip


def _middle(timeline: Timeline) -> list[int]:
    """The frames of the result that are shown in the middle five seconds."""
    half = Fraction(timeline.end + timeline.times[0], 2) * timeline.time_base
    low, high = half - Fraction(SECONDS, 2), half + Fraction(SECONDS, 2)
    return [
        number for number, time in enumerate(timeline.times)
        if low <= time * timeline.time_base < high
    ] or [len(timeline.times) // 2]  # fmt: skip


def _halves(before: Source, after: Source, shows: list[int], numbers: list[int]) -> Iterator[Image]:
    """Both halves of each frame, at the place that tells most of the first."""
    wanted = sorted(set(shows))
    sources = before.read([before.track.keys[number] for number in wanted])
    results = after.read([after.track.keys[number] for number in numbers])
    place, at, source = None, -1, None
    for shown, result in zip(shows, results, strict=True):
        if shown != at:
            source, at = next(sources), shown
        assert source is not None
        place = place_of(source, result) if place is None else place
        yield pair(source, result, place)


def _write_clip(
    first: Image, others: Iterator[Image], timeline: Timeline, numbers: list[int], clip: Path,
    segment: Path,
) -> None:  # fmt: skip
    """Encode the halves, at the times of the frames that they show."""
    base = timeline.times[numbers[0]]
    times = tuple(timeline.times[number] - base for number in numbers)
    end = times[-1] + timeline.durations[numbers[-1]]
    track = Track(
        "pictures", tuple(range(len(times))), times, end, timeline.time_base, first.width,
        first.height,
    )  # fmt: skip
    encoding = choose_encoding(
        track, (first.width, first.height), container_named("MP4"), VideoOptions()
    )
    with SegmentWriter(segment, encoding) as writer:
        writer.add(first)
        for picture in others:
            writer.add(picture)
    own = Timeline({}, times, tuple(range(len(times))), end, timeline.time_base)
    clip.unlink(missing_ok=True)
    join([segment], Joined(own, container_named("MP4"), encoding, None), clip, clip)
