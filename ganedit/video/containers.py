"""A container and its frames, any of them read again."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from ganedit.errors import ImageError, UnreadableImageError
from ganedit.image import Image, printable
from ganedit.video.color import Turn, to_image, turn_of
from ganedit.video.library import library, open_container, reading_errors
from ganedit.video.track import Track


@contextmanager
def opened(path: Path, *, threads: int = 1) -> Iterator[tuple[Any, Any]]:
    """A container and the stream of it that is edited.

    Raises:
        ImageError: it cannot be read, has no video, or one that is encrypted.
    """
    label = printable(str(path))
    with reading_errors(path):
        if path.is_file() and not path.stat().st_size:
            raise UnreadableImageError(f"{label} is empty; get another copy")
        with open_container(path) as container:
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
    return next((each for each in container.streams.video if not is_cover(each)), None)


def is_cover(stream: Any) -> bool:
    """Whether a stream is one picture, to be shown beside the title."""
    return bool(stream.disposition & library().stream.Disposition.attached_pic)


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
            frames = _keyed(decoded(container, stream), counted=track.counted)
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


def decoded(container: Any, stream: Any) -> Iterator[Any]:
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
