"""Options of moving pictures, the same for every task that edits. Light: help needs them."""

import re
from dataclasses import dataclass

from ganedit.errors import UsageError
from ganedit.options import Options, option


def parse_time(text: str) -> float:
    """Seconds: `90`, `1:30`, `0:01:30.5`.

    Raises:
        UsageError: no such time.
    """
    parts = re.fullmatch(r"\s*(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)\s*", text)
    if parts is None:
        raise UsageError(f"{text!r} is not a time; write it like 90, 1:30 or 0:01:30.5")
    hours, minutes, seconds = (float(part or 0) for part in parts.groups())
    return 3600 * hours + 60 * minutes + seconds


@dataclass(frozen=True)
class VideoOptions(Options):
    """How videos are read and written."""

    codec: str | None = option(
        None, "h264, hevc, av1, vp9, prores, ffv1, or the name of an encoder of FFmpeg.",
        metavar="NAME", absent="h264; hevc for more than 8 bits", group="video",
    )  # fmt: skip
    crf: float | None = option(
        None, "Quality of the codec: lower is better and larger.", least=0, most=63, metavar="N",
        absent="18 of h264", group="video",
    )  # fmt: skip
    pixel_format: str | None = option(
        None, "Like yuv444p or yuv420p10le.", metavar="NAME",
        absent="yuv420p, of the video's own depth", group="video",
    )  # fmt: skip
    start: float | None = option(
        None, "Edit from here on: seconds, or 1:30.", metavar="TIME", parse=parse_time,
        group="video",
    )  # fmt: skip
    end: float | None = option(
        None, "Edit up to here.", metavar="TIME", parse=parse_time, group="video"
    )
    fps: float | None = option(
        None, "Frames a second of the result; of numbered frames, also of the input (25).",
        over=0, most=1000, metavar="N", absent="every frame at its own time", group="video",
    )  # fmt: skip
    no_steady: bool = option(
        False, "Edit every frame by itself: sharper by a hair, and it flickers.", group="video"
    )

    def __post_init__(self) -> None:
        """Check that there is something between start and end.

        Raises:
            UsageError: there is nothing.
        """
        super().__post_init__()
        if self.end is not None and self.end <= (self.start or 0):
            raise UsageError(f"--end {self.end:g}: is not after --start {self.start or 0:g}")
