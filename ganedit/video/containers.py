"""Frames of a container: all of them found once, any of them read again."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

from ganedit.errors import ImageError, ImageTooLargeError, TruncatedImageError, UnreadableImageError
from ganedit.image import Image, printable
from ganedit.video.color import Turn, color_of, depth_of, has_alpha, to_image, turn_of
from ganedit.video.library import damaged, library, reading_errors
from ganedit.video.scenes import CutFinder
from ganedit.video.track import DEFAULT_RATE, Color, Track

# A container that says to be longer than what is in it by so many seconds has lost its end.
MISSING_SECONDS = 0.5
# Frames are compared for cuts in this width, about.
SCAN_WIDTH = 96


@contextmanager
def opened(path: Path, *, threads: int = 1) -> Iterator[tuple[Any, Any]]:
    """A container and the stream of it that is edited.

    Raises:
        ImageError: it cannot be read, has no video, or one that is encrypted.
    """
    av, label = library(), printable(str(path))
    with reading_errors(path):
        if path.is_file() and not path.stat().st_size:
            raise UnreadableImageError(f"{label} is empty; get another copy")
        with av.open(str(path), metadata_errors="replace") as container:
            stream = video_stream(container)
            if stream is None:
                raise UnreadableImageError(f"{label} has no video stream; name another file")
            context = stream.codec_context
            if context is None:
                raise UnreadableImageError(
                    f"{label}: its codec is not built into PyAV; convert it to H.264 first"
                )
            context.thread_count = threads
            context.thread_type = "AUTO" if threads != 1 else "NONE"
            yield container, stream


def video_stream(container: Any) -> Any:
    """The first stream of moving pictures; None where there is none but covers."""
    cover = library().stream.Disposition.attached_pic
    return next((each for each in container.streams.video if not each.disposition & cover), None)


@dataclass
class _Scan:
    """What is gathered while all frames go by."""

    path: Path
    lenient: bool
    max_pixels: int | None

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
            raise damaged(self.path, self._where())
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
        count = frame.width * frame.height
        if self.max_pixels is not None and count > self.max_pixels:
            raise ImageTooLargeError(
                f"{self.label} has {frame.width:,} x {frame.height:,} = {count:,} pixels a frame, "
                f"more than the limit of {self.max_pixels:,}; raise it with --max-pixels if the "
                "file is trustworthy"
            )

    def _where(self) -> str:
        return f" from frame {len(self.times) + 1} on"

    def track(self, stream: Any, container: Any) -> Track:
        """The track of all that went by."""
        if not self.times:
            raise UnreadableImageError(f"{self.label} has no frame that can be read")
        end = self.times[-1] + max(self.last_duration, 1)
        self._check_end(stream, container, end)
        times, keys, base = self.times, self.keys, stream.time_base
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
        keys_of_all = range(len(times)) if self.counted else times
        return Track(
            "container", tuple(keys_of_all), tuple(times), end,
            base, width, height, origin=_origin(container), deep=depth_of(frame.format) > 8,
            alpha=has_alpha(frame.format.name),
            pixel_format=frame.format.name, aspect=aspect, color=self.color,
            key_frames=tuple(keys), counted=self.counted, cuts=self.finder.cuts(),
            notes=tuple(self.notes),
        )  # fmt: skip

    def _check_end(self, stream: Any, container: Any, end: int) -> None:
        """See whether the file says to be longer than it is."""
        told = [float(stream.duration * stream.time_base)] if stream.duration else []
        written = stream.metadata.get("DURATION", "")
        if written.count(":") == 2:
            hours, minutes, seconds = written.split(":")
            told.append(3600 * int(hours) + 60 * int(minutes) + float(seconds))
        elif not told and len(container.streams) == 1 and container.duration:
            told.append(container.duration / 1e6)
        reached = float(end * stream.time_base)
        begun = float(self.times[0] * stream.time_base)
        missing = max(told, default=0.0) - max(reached, reached - begun)
        if missing > MISSING_SECONDS:
            if not self.lenient:
                raise damaged(self.path, self._where())
            self.notes[f"truncated: the last {missing:.1f} s are missing"] = None


def scan(path: Path, *, lenient: bool = False, max_pixels: int | None = None) -> Track:
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
                raise damaged(path, gathered._where()) from error
            gathered.notes["truncated: what comes after the damage is missing"] = None
        if path.is_file() and path.stat().st_size != before:
            raise ImageError(f"{gathered.label} is still growing; wait until it is finished")
        return gathered.track(stream, container)


def look(path: Path, count: int) -> Track:
    """The first frames of a container, as a track as long as the file says to be.

    Raises:
        ImageError: it cannot be read, or nothing of it can be decoded.
    """
    gathered = _Scan(path, True, None)
    with opened(path) as (container, stream):
        for frame in _frames(container, stream):
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
            raise damaged(gathered.path, gathered._where()) from error
        gathered.notes["damaged: frames that could not be decoded are missing"] = None
        return
    for frame in frames:
        gathered.take(frame)


def read(path: Path, track: Track, wanted: Sequence[int]) -> Iterator[Image]:
    """Frames of a container as pictures, upright.

    Args:
        path: its file.
        track: what `scan` made of it.
        wanted: their keys, which increase.

    Raises:
        ImageError: one of them is not there any more.
    """
    turn: Turn | None = None
    for frame in _decoded(path, track, wanted):
        turn = turn_of(frame) if turn is None else turn
        yield to_image(frame, track.color, turn, deep=track.deep, alpha=track.alpha)


def _decoded(path: Path, track: Track, wanted: Sequence[int]) -> Iterator[Any]:
    """The frames themselves. Decoding begins at a key frame before them.

    A container may lead to a later one than it was asked for: then at an earlier one, and at last
    at the beginning.
    """
    before = [key for key in track.key_frames if key <= wanted[0]]
    starts: list[int | None] = [*before[-1:], *before[-2:-1], *before[-4:-3]]
    for start in (*starts, None):
        with opened(path) as (container, stream):
            if start is not None:
                container.seek(start, stream=stream)
            frames = _keyed(_frames(container, stream), counted=track.counted)
            first = next(frames, None)
            if start is not None and (first is None or first[0] > wanted[0]):
                continue
            yield from _only(path, chain([first] if first else [], frames), wanted)
            return


def _keyed(frames: Iterator[Any], *, counted: bool) -> Iterator[tuple[int, Any]]:
    """Frames with their keys: their times, or their numbers."""
    if counted:
        yield from enumerate(frames)
    else:
        yield from ((frame.pts, frame) for frame in frames if frame.pts is not None)


def _only(path: Path, frames: Iterable[tuple[int, Any]], wanted: Sequence[int]) -> Iterator[Any]:
    """Those that are wanted, and all of them."""
    missing = list(reversed(wanted))
    for key, frame in frames:
        if key == missing[-1]:
            missing.pop()
            yield frame
        if not missing:
            return
        if key > missing[-1]:
            break
    raise ImageError(f"{path}: changed or vanished while it was edited; run again")


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    """All that decodes from here on; `scan` has seen to what does not."""
    av = library()
    try:
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except av.error.FFmpegError:
                continue
    except av.error.FFmpegError:
        return
