"""`ganedit evaluate video`: how much what became of a video flickers."""

from pathlib import Path
from typing import Any

import click

from ganedit.app.commands.parameters import FilePath, command, parameters, taken
from ganedit.app.commands.tables import TableOptions, show_table

_EXAMPLES = """
    ganedit upscale clip.mp4 -o steady.mkv --codec ffv1
    ganedit upscale clip.mp4 -o single.mkv --codec ffv1 --no-steady
    ganedit evaluate video clip.mp4 single.mkv steady.mkv

Flicker: the mean change from frame to frame, in grey levels of 255, where the video itself does
not change, motion followed. Beside it that as a share of bicubic interpolation's, and the mean
gradient, which tells how much sharpness a steadier result has lost."""


def video_command() -> click.Command:
    """The command; it measures files, whatever task they come from."""

    def run(clip: Path, results: tuple[Path, ...], **given: Any) -> None:
        options = taken(TableOptions, given)

        from ganedit.video.flicker import measure_flicker

        show_table(measure_flicker(clip, results), options)

    params: list[click.Parameter] = [
        click.Argument(["clip"], type=FilePath(), metavar="VIDEO"),
        click.Argument(["results"], nargs=-1, type=FilePath(), metavar="RESULT..."),
        *parameters(TableOptions),
    ]
    summary = "Flicker and sharpness of what became of a video, beside interpolation."
    return command("video", run, params, summary, _EXAMPLES)
