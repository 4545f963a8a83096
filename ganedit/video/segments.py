"""From the frames of a video to segments of some seconds, which are edited apart."""

import itertools
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from ganedit.errors import ImageError, UsageError
from ganedit.image import MAX_PIXELS, Image, decode
from ganedit.video import containers, pictures, scanning
from ganedit.video.encoding import Encoding
from ganedit.video.kinds import VIDEO_SUFFIXES, is_animation, is_moving, is_numbered
from ganedit.video.options import VideoOptions
from ganedit.video.steadying import Steadiness
from ganedit.video.track import Track

# Frames of a segment. What is edited twice, since neighbours look over its ends, is a small part
# of it; what a killed run loses, and what a machine with many cores waits for, is as well.
SEGMENT_FRAMES = 80
# Key frames that are remembered before a frame: a container may lead past the nearest.
SPARE_KEYS = 4


@dataclass(frozen=True)
class Source:
    """Where the frames of one input come from."""

    files: tuple[Path, ...]
    track: Track

    def read(self, wanted: Sequence[int]) -> Iterator[Image]:
        """Frames by their keys, which increase."""
        if self.track.kind == "container":
            return containers.read(self.files[0], self.track, wanted)
        if self.track.kind == "animation":
            return pictures.read_animation(self.files[0], wanted)
        pixels = self.track.width * self.track.height  # so many were allowed, and found
        return (decode(self.files[key], allow_truncated=True, max_pixels=pixels) for key in wanted)

    def excerpt(self, numbers: Sequence[int], others: Sequence[int]) -> "Source":
        """Only some of the frames, and the keys that lead to them and to others."""
        track = self.track
        keys = tuple(track.keys[number] for number in numbers)
        near: set[int] = set()
        for key in (keys[0], *(track.keys[number] for number in others)):
            near.update([each for each in track.key_frames if each <= key][-SPARE_KEYS:])
        times = tuple(track.times[number] for number in numbers)
        return Source(
            self.files,
            replace(track, keys=keys, times=times, key_frames=tuple(sorted(near)), cuts=(0,)),
        )


@dataclass(frozen=True)
class Timeline:
    """What a video is made of, and when each frame of the result is shown."""

    sources: Mapping[str, Source]
    """The moving inputs by name, the edited one first; frame by frame they belong together."""
    times: tuple[int, ...]
    """When each frame of the result begins, in ticks."""
    shows: tuple[int, ...]
    """The number of the source's frame that it shows; they do not decrease."""
    end: int
    time_base: Fraction
    begin: Fraction = Fraction(0)
    """Seconds of the source that are before the result's beginning."""
    shift: Fraction = Fraction(0)
    """Seconds by which all is earlier than in the source, a whole number of its ticks."""
    stop: Fraction | None = None
    """The time in the source at which the result ends, where it ends before it."""

    @property
    def edited(self) -> Source:
        """The input that is edited."""
        return next(iter(self.sources.values()))

    @property
    def frames(self) -> list[int]:
        """The source's frames that are shown."""
        return sorted(set(self.shows))

    @property
    def durations(self) -> list[int]:
        """How long each frame of the result is shown, in ticks."""
        ends = (*self.times[1:], self.end)
        return [end - time for time, end in zip(self.times, ends, strict=True)]


@dataclass(frozen=True)
class Segment:
    """Some frames that are edited together, as data that travels."""

    number: int
    path: Path
    """Where it is once it is finished."""
    sources: Mapping[str, Source]
    """The moving inputs, only those frames of them that are looked at."""
    edited: tuple[int, int]
    """From which of those frames on, and up to which, they are edited; others are read only."""
    first: int
    """The first of those frames that is the segment's own."""
    repeats: tuple[int, ...]
    """How often each of its own frames is shown in the result."""
    scenes: tuple[int, ...]
    """The scene of each frame that is looked at."""
    references: Mapping[int, Mapping[str, int]]
    """For each scene the keys of the frame that stands for it."""
    encoding: Encoding | None
    """None where frames are written as pictures."""
    steadiness: Steadiness

    @property
    def frames(self) -> int:
        """How many frames of the source are its own."""
        return len(self.repeats)

    @property
    def pictures(self) -> list[Path]:
        """Where each frame of the result is, of a segment whose frames are written as pictures."""
        return [self.path / picture_name(number) for number in range(sum(self.repeats))]

    @property
    def finished(self) -> bool:
        """Whether it is there, with all of its pictures."""
        if self.encoding is not None:
            return self.path.exists()
        return all(picture.exists() for picture in self.pictures)


def picture_name(number: int) -> str:
    """What a frame of a segment is called in its folder."""
    return f"{number:06d}"


def moving_inputs(
    inputs: Mapping[str, tuple[Path, ...]], shared: Set[str]
) -> dict[str, tuple[Path, ...]]:
    """Those with a picture for each frame, as far as names tell; the edited one first.

    Args:
        inputs: files by the name of their input.
        shared: names of those that are the same for every frame.
    """
    (first, *others) = inputs.items()
    return dict([
        first,
        *(each for each in others
          if each[1] and each[0] not in shared and is_moving(each[1][0])),
    ])  # fmt: skip


def find_source(paths: tuple[Path, ...], options: VideoOptions, *, lenient: bool,
                max_pixels: int | None = None) -> Source:  # fmt: skip
    """Look a moving input up: a container, an animation, numbered frames, or several pictures.

    Raises:
        GaneditError: it cannot be read.
    """
    path, most = paths[0], MAX_PIXELS if max_pixels is None else max_pixels
    numbered = is_numbered(path)
    if len(paths) > 1 or numbered:
        files = tuple(pictures.numbered_files(path)) if numbered else paths
        track = pictures.scan_pictures(files, options.fps, lenient=lenient, max_pixels=most)
        return Source(files, track)
    animated = path.suffix.lower() not in VIDEO_SUFFIXES and is_animation(path)
    scan = pictures.scan_animation if animated else scanning.scan
    return Source(paths, scan(path, lenient=lenient, max_pixels=most))


def plan_timeline(sources: Mapping[str, Source], options: VideoOptions) -> Timeline:
    """When which frame is shown, as the options ask.

    Raises:
        ImageError: inputs have other numbers of frames, or nothing is left.
    """
    (name, first), *others = sources.items()
    track = first.track
    for other, source in others:
        if len(source.track.keys) != len(track.keys):
            raise ImageError(
                f"the {other} has {_frames(source.track)}, the {name} {len(track.keys)}; there has "
                "to be one for each"
            )
    base = track.time_base
    zero = track.times[0]
    begin = Fraction(options.start or 0).limit_denominator(1_000_000)
    stop = None if options.end is None else Fraction(options.end).limit_denominator(1_000_000)
    kept = [
        number
        for number, time in enumerate(track.times)
        if (time - zero) * base >= begin and (stop is None or (time - zero) * base < stop)
    ]
    if not kept:
        raise UsageError(
            f"--start {options.start or 0:g}: nothing is left; the video lasts "
            f"{track.seconds:.1f} seconds"
        )
    chosen = track.within(kept)
    # Frames keep the time that they have beside the sound.
    shift = int((begin + track.origin) / base)
    times = [time - shift for time in chosen.times]
    end, shows = chosen.end - shift, kept
    if options.fps is not None and track.kind != "pictures":
        times, end, shows, base = _at_rate(times, end, kept, base, options.fps)
    past = None if stop is None else stop + zero * track.time_base
    moved = shift * track.time_base
    return Timeline(sources, tuple(times), tuple(shows), end, base, begin, moved, past)


def _frames(track: Track) -> str:
    count = len(track.keys)
    return f"{count} frame{'s' * (count != 1)}"


def _at_rate(
    times: Sequence[int], end: int, numbers: Sequence[int], base: Fraction, fps: float
) -> tuple[list[int], int, list[int], Fraction]:
    """The same, at a constant rate: each new frame shows what was shown then."""
    rate = Fraction(fps).limit_denominator(1001)
    first = times[0] * base
    count = max(1, round((end - times[0]) * base * rate))
    shows, place = [], 0
    for step in range(count):
        now = first + Fraction(step) / rate
        while place + 1 < len(times) and times[place + 1] * base <= now:
            place += 1
        shows.append(numbers[place])
    tick = 1 / rate
    start = round(first / tick)
    return list(range(start, start + count)), start + count, shows, tick


def with_steady_rate(timeline: Timeline) -> Timeline:
    """The same in ticks of one frame each, for containers that count frames."""
    span = (timeline.times[-1] - timeline.times[0]) * timeline.time_base
    rate = timeline.edited.track.rate
    if span:
        rate = ((len(timeline.times) - 1) / span).limit_denominator(1001)
    start, count = round(timeline.times[0] * timeline.time_base * rate), len(timeline.times)
    times = tuple(range(start, start + count))
    return replace(timeline, times=times, end=start + count, time_base=1 / rate)


def plan_segments(
    timeline: Timeline, folder: Path, encoding: Encoding | None, how: Steadiness
) -> list[Segment]:
    """Cut a timeline into segments, none much shorter than the others.

    Args:
        timeline: of the video.
        folder: where segments are kept.
        encoding: of the result.
        how: how much detail is averaged.
    """
    frames = timeline.frames
    shown = dict.fromkeys(frames, 0)
    for number in timeline.shows:
        shown[number] += 1
    cuts = timeline.edited.track.within(frames).cuts
    scene_of = _scenes(len(frames), cuts)
    count = -(-len(frames) // SEGMENT_FRAMES)
    edges = [round(part * len(frames) / count) for part in range(count + 1)]
    segments = []
    for number, (start, stop) in enumerate(itertools.pairwise(edges)):
        # Frames beyond a cut are not looked at.
        head, tail = cuts[scene_of[start]], _end_of(scene_of[stop - 1], cuts, len(frames))
        edited = max(start - how.reach, head), min(stop + how.reach, tail)
        low, high = max(edited[0] - how.settling, head), min(edited[1] + how.settling, tail)
        scenes = scene_of[low:high]
        middles = {
            scene: frames[(cuts[scene] + _end_of(scene, cuts, len(frames))) // 2]
            for scene in set(scenes)
        }
        looked = frames[low:high]
        segments.append(Segment(
            number,
            folder / (f"{number:06d}.mkv" if encoding is not None else f"{number:06d}"),
            {
                name: source.excerpt(looked, sorted(middles.values()))
                for name, source in timeline.sources.items()
            },
            (edited[0] - low, edited[1] - low),
            start - low,
            tuple(shown[each] for each in frames[start:stop]),
            tuple(scenes),
            {
                scene: {name: s.track.keys[middle] for name, s in timeline.sources.items()}
                for scene, middle in middles.items()
            },
            encoding,
            how,
        ))  # fmt: skip
    return segments


def _scenes(count: int, cuts: Sequence[int]) -> list[int]:
    """The number of the scene of each frame."""
    scenes, scene = [], 0
    for number in range(count):
        if scene + 1 < len(cuts) and number >= cuts[scene + 1]:
            scene += 1
        scenes.append(scene)
    return scenes


def _end_of(scene: int, cuts: Sequence[int], count: int) -> int:
    return cuts[scene + 1] if scene + 1 < len(cuts) else count
