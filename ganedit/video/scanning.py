"""All frames of a container, found once: their times, scenes, and what is wrong with it."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from ganedit.errors import ImageError, TruncatedImageError, UnreadableImageError
from ganedit.image import MAX_PIXELS, printable
from ganedit.video.color import (
    Turn,
    color_of,
    depth_of,
    has_alpha,
    turn_of,
)
from ganedit.video.containers import decoded, opened
from ganedit.video.library import check_pixels, damaged, library
from ganedit.video.mastering import light_of, mastering_of
from ganedit.video.scenes import CutFinder
from ganedit.video.track import DEFAULT_RATE, Color, Track
from ganedit.video.wholeness import missing_bytes

# A container that says to be longer than what is in it by so many seconds has lost its end.
MISSING_SECONDS = 0.5
# So many frames a decoder holds back at most, by which times of an AVI may be late.
MOST_DELAY = 4
# Side data of frames that describes one rendering of them, and no other.
DYNAMIC_HDR = {"DYNAMIC_HDR_PLUS": "HDR10+", "DOVI_METADATA": "Dolby Vision"}
# Frames are compared for cuts in this width, about.
SCAN_WIDTH = 96


@dataclass
class _Scan:
    """What is gathered while all frames go by."""

    path: Path
    lenient: bool
    max_pixels: int

    def __post_init__(self) -> None:
        self.label = printable(str(self.path))
        self.times: list[int] = []
        self.keys: list[int] = []
        self.last_duration = 0
        self.finder = CutFinder()
        self.first: Any = None
        self.turn, self.color = Turn(), Color()
        self.counted = False
        self.notes: dict[str, None] = {}

    def take(self, frame: Any) -> None:
        """Note a frame, and see whether it belongs to the others."""
        if self.first is None:
            self._begin(frame)
        first = self.first
        if (frame.width, frame.height) != (first.width, first.height):
            raise ImageError(
                f"{self.label}: frame {len(self.times) + 1} has {frame.width}×{frame.height} "
                f"pixels, the ones before it {first.width}×{first.height}; cut the video there "
                "with --end"
            )
        if frame.is_corrupt and not self.lenient:
            raise damaged(self.path, self.where())
        before = self.times[-1] if self.times else None
        time = frame.pts
        if time is None or (before is not None and time <= before):
            # AVI knows when a frame is decoded only; so do streams without a container.
            self.counted = True
            time = 0 if before is None else before + max(1, self.last_duration)
        self.times.append(time)
        self.last_duration = frame.duration or (0 if before is None else time - before)
        if frame.key_frame:
            self.keys.append(time)
        if frame.interlaced_frame:
            self.notes["interlaced: its frames were edited as they are"] = None
        small = frame.reformat(
            width=min(frame.width, SCAN_WIDTH),
            height=max(1, min(frame.height, frame.height * SCAN_WIDTH // frame.width)),
            format="rgb24", interpolation="AREA", threads=1,
        )  # fmt: skip
        self.finder.add(small.to_ndarray())

    def _begin(self, frame: Any) -> None:
        self.first, self.color, self.turn = frame, color_of(frame), turn_of(frame)
        check_pixels(self.path, frame.width, frame.height, self.max_pixels)

    def where(self) -> str:
        return f" from frame {len(self.times) + 1} on"

    def track(self, stream: Any, container: Any) -> Track:
        """The track of all that went by."""
        if not self.times:
            raise UnreadableImageError(f"{self.label} has no frame that can be read")
        end = self.times[-1] + max(self.last_duration, 1)
        self._check_end(stream, container, end)
        times, keys, base = self.times, self.keys, stream.time_base
        if container.format.name == "avi":
            times, end = _without_delay(times, end)
        if self.counted:
            base = 1 / Fraction(stream.average_rate or stream.guessed_rate or DEFAULT_RATE)
            start = round(times[0] * stream.time_base / base)
            times, keys = list(range(start, start + len(times))), []
            end = start + len(times)
        frame, turn = self.first, self.turn
        width, height = frame.width, frame.height
        aspect = max(Fraction(0), stream.sample_aspect_ratio or Fraction(0))
        if turn.transposed:
            width, height, aspect = height, width, 1 / aspect if aspect else aspect
        keys_of_all = range(len(times)) if self.counted else self.times
        return Track(
            "container", tuple(keys_of_all), tuple(times), end,
            base, width, height, origin=_origin(container), depth=depth_of(frame.format),
            alpha=has_alpha(frame.format.name),
            pixel_format=frame.format.name, aspect=aspect, color=self.color,
            mastering=mastering_of(frame), light=light_of(frame),
            key_frames=tuple(keys), counted=self.counted, cuts=self.finder.cuts(),
            notes=(*self.notes, *_left_out(stream, frame)),
        )  # fmt: skip

    def _check_end(self, stream: Any, container: Any, end: int) -> None:
        """See whether the file says to be longer than it is."""
        told = 0.0
        written = stream.metadata.get("DURATION", "")
        if written.count(":") == 2:
            hours, minutes, seconds = written.split(":")
            told = 3600 * int(hours) + 60 * int(minutes) + float(seconds)
        elif len(container.streams) == 1 and container.duration:
            told = container.duration / 1e6
        elif stream.duration and container.format.name != "matroska,webm":  # there it is of all
            told = float(stream.duration * stream.time_base)
        reached = float(end * stream.time_base)
        begun = float(self.times[0] * stream.time_base)
        missing = told - max(reached, reached - begun)
        if missing > MISSING_SECONDS:
            if not self.lenient:
                raise damaged(self.path, self.where())
            self.notes[f"truncated: the last {missing:.1f} s are missing"] = None


def _without_delay(times: list[int], end: int) -> tuple[list[int], int]:
    """Times of an AVI's frames, which says when each is decoded, as those when each is shown.

    All of them, or all but the first, are late by what a decoder holds back.
    """
    steps = [after - before for before, after in itertools.pairwise(times)]
    late = times[0]
    if not late and len(steps) > 1 and len(set(steps[1:])) == 1:
        late = max(0, steps[0] - steps[1])
    if not late or late > MOST_DELAY * min(steps, default=1):
        return times, end
    return [0, *(time - late for time in times[1:])], end - late


def _left_out(stream: Any, frame: Any) -> Iterator[str]:
    """What is told of a stream that no picture has a place for."""
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    if tags.get("alpha_mode") == "1":
        # It stands beside the frames, where FFmpeg's own decoder does not look.
        yield "transparency left out: that of WebM is not read"
    kinds = {each.type.name for each in frame.side_data}
    for kind, name in DYNAMIC_HDR.items():
        if kind in kinds:
            yield f"left out: what {name} says of each frame"


def scan(path: Path, *, lenient: bool = False, max_pixels: int = MAX_PIXELS) -> Track:
    """Decode all of a container, and say what frames there are.

    Args:
        path: its file.
        lenient: whether to take what can be decoded of a damaged one.
        max_pixels: of a frame.

    Raises:
        ImageError: it cannot be read, is damaged, or its frames are of several sizes.
    """
    av, gathered = library(), _Scan(path, lenient, max_pixels)
    before = path.stat().st_size if path.is_file() else 0
    with opened(path, threads=0) as (container, stream):
        try:
            for packet in container.demux(stream):
                _take_packet(packet, gathered, lenient=lenient)
        except (av.error.FFmpegError, TruncatedImageError) as error:
            if not (lenient and gathered.times):
                if isinstance(error, TruncatedImageError):
                    raise
                raise damaged(path, gathered.where()) from error
            gathered.notes["truncated: what comes after the damage is missing"] = None
        if path.is_file() and path.stat().st_size != before:
            raise ImageError(f"{gathered.label} is still growing; wait until it is finished")
        track = gathered.track(stream, container)
    lost = missing_bytes(path) if path.is_file() else 0
    if lost and not lenient:
        raise damaged(path, f": its last {lost:,} bytes are missing")
    if lost and not any(note.startswith("truncated") for note in track.notes):
        track = replace(track, notes=(*track.notes, f"truncated: {lost:,} bytes are missing"))
    return track


def look(path: Path, count: int) -> Track:
    """The first frames of a container, as a track as long as the file says to be.

    Raises:
        ImageError: it cannot be read, or nothing of it can be decoded.
    """
    gathered = _Scan(path, True, MAX_PIXELS)
    with opened(path) as (container, stream):
        for frame in decoded(container, stream):
            gathered.take(frame)
            if len(gathered.times) == count:
                break
        track = gathered.track(stream, container)
        ends = [track.end]
        if stream.duration:
            ends.append(track.times[0] + int(stream.duration * stream.time_base / track.time_base))
        elif container.duration:
            ends.append(int(container.duration / 1_000_000 / track.time_base))
        found = replace(track, end=max(ends))
    rate = stream.average_rate or stream.guessed_rate
    total = stream.frames or (round(found.seconds * rate) if rate else count)
    return replace(found, total=total)


def _origin(container: Any) -> Fraction:
    """When the clock of a broadcast began, of which files are pieces."""
    if container.format.name not in ("mpegts", "mpeg") or container.start_time is None:
        return Fraction(0)
    return Fraction(container.start_time, 1_000_000)


def _take_packet(packet: Any, gathered: _Scan, *, lenient: bool) -> None:
    av = library()
    if packet.has_sidedata("encryption_info"):
        raise UnreadableImageError(f"{gathered.label} is encrypted; get a copy without protection")
    try:
        frames = packet.decode()
    except av.error.EOFError:
        return
    except av.error.FFmpegError as error:
        if not lenient:
            raise damaged(gathered.path, gathered.where()) from error
        gathered.notes["damaged: frames that could not be decoded are missing"] = None
        return
    for frame in frames:
        gathered.take(frame)
