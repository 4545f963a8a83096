"""What a container holds of all that is beside the frames of another, and what it does not."""

import io
from pathlib import Path
from typing import Any

from ganedit.errors import OutputError
from ganedit.image import printable
from ganedit.video.containers import is_cover, video_stream
from ganedit.video.kinds import CONTAINERS, Container
from ganedit.video.library import library, open_container, reading_errors

# What covers of Matroska are called, by their codec: the type, and the suffix.
COVERS = {"mjpeg": ("jpeg", "jpg"), "png": ("png", "png")}
# Data that is written anew, from the metadata.
_ANEW = "data that is written anew"


def check_fits(source: Path, container: Container) -> tuple[str, ...]:
    """See that a container holds what is to be copied; notes on what is left out.

    Raises:
        OutputError: it cannot hold the sound; the message names those that can.
    """
    notes = list[str]()
    with reading_errors(source), open_container(source) as given:
        main = video_stream(given)
        for stream in given.streams:
            if stream is main:
                continue
            name = codec_of(stream)
            if stream.type == "audio" and not takes(container.muxer, stream):
                others = [
                    each.name for each in CONTAINERS if each.muxer and takes(each.muxer, stream)
                ]
                raise OutputError(
                    f"{printable(str(source))}: its sound is {name}, which {container.name} cannot "
                    f"hold; write {' or '.join(others) or 'MKV'} instead"
                )
            reason = unfit(stream, main, container)
            if reason not in (None, _ANEW):
                notes.append(f"left out: {reason}")
    return tuple(dict.fromkeys(notes))


def beside(source: Path) -> tuple[str, ...]:
    """Notes on what pictures have no place for: sound and subtitles."""
    with reading_errors(source), open_container(source) as given:
        kinds = {stream.type for stream in given.streams}
    names = {"audio": "its sound", "subtitle": "its subtitles"}
    found = [name for kind, name in names.items() if kind in kinds]
    return (f"left out: {' and '.join(found)}",) if found else ()


def takes(muxer: str, stream: Any) -> bool:
    """Whether a muxer writes a header for a stream as it is; its lists promise more."""
    av = library()
    try:
        with av.open(io.BytesIO(), "w", format=muxer) as output:
            output.add_stream_from_template(stream, opaque=True)
            output.start_encoding()
    except (av.error.FFmpegError, ValueError):
        return False
    return True


def codec_of(stream: Any) -> str:
    """FFmpeg's name of what a stream is coded with; empty where it has none."""
    return stream.codec_context.codec.canonical_name if stream.codec_context else ""


def unfit(stream: Any, main: Any, container: Container) -> str | None:
    """Why a stream is left out, None where it is not."""
    if stream.type == "audio":
        return None
    if stream.type == "subtitle":
        if takes(container.muxer, stream):
            return None
        return f"subtitles ({codec_of(stream)}), which {container.name} cannot hold"
    if stream.type == "attachment":
        return None if container.muxer == "matroska" else "attached files"
    if stream.type == "video":
        if not is_cover(stream):
            return "another video stream"
        return None if _holds_cover(container, stream) else "the cover"
    # MP4 and MOV have chapters and the time code in streams of their own too.
    chapters = stream.name == "bin_data" and stream.container.chapters()
    return _ANEW if chapters or "timecode" in stream.metadata else "a stream of data"


def _holds_cover(container: Container, stream: Any) -> bool:
    if container.muxer == "matroska":
        return codec_of(stream) in COVERS
    return container.name in ("MP4", "MOV") and takes(container.muxer, stream)
