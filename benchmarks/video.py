"""Whether a video takes longer than the network does, and whether memory stays flat.

\b
    python benchmarks/video.py                  # 300 frames of 640×360, by 2
    python benchmarks/video.py --frames 20 --size 160x90 --long 60

Measured, each in a fresh process on a video that pans over a picture:

\b
    network    frames a second of the network alone, frames in memory
    video      of `ganedit upscale clip.mp4 --scale 2`, beside the network; the goal is 0.9
    plain      decoding, bicubic interpolation and encoding alone, with the ffmpeg on the path
    pictures   frames to PNG files, the network on the folder, and files to a video, which is how
               other upscalers do it
    memory     resident at the end of a short and of a long video of small frames
"""

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import click
import numpy as np
from common import Row, Size, apart, picture, show

from ganedit.image import Image
from ganedit.runtime import choose
from ganedit.tasks.upscale.edit import UpscaleEdit
from ganedit.tasks.upscale.options import Target, UpscaleOptions


def write_clip(path: Path, frames: int, size: tuple[int, int]) -> None:
    """A camera that pans over a picture, in H.264."""
    width, height = size
    sheet = picture(width + 256, height)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=Fraction(30), options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            left = abs(number % 512 - 256)
            view = np.ascontiguousarray(sheet[:, left : left + width])
            output.mux(stream.encode(av.VideoFrame.from_ndarray(view, format="rgb24")))
        output.mux(stream.encode())


def network_rate(size: tuple[int, int], scale: int, seconds: float = 20.0) -> float:
    """Frames a second of the network, with all cores for each."""
    edit = UpscaleEdit(UpscaleOptions(target=Target(scale=scale)), choose())
    frame = Image(picture(*size))
    edit.apply(frame, lambda done: None)
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        edit.apply(frame, lambda done: None)
        count += 1
    return count / (time.perf_counter() - started)


def timed(*command: object) -> float:
    """Seconds that a command takes."""
    started = time.perf_counter()
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def edit_command(*arguments: object) -> list[str]:
    """A command of ganedit in a process of its own."""
    return [sys.executable, "-m", "ganedit", "upscale", *map(str, arguments), "-q"]


def peak_memory(clip: Path, output: Path) -> int:
    """Megabytes that editing a video takes at most."""
    subprocess.run(edit_command(clip, "-o", output, "--scale", 2), check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024


@click.command(help=__doc__)
@click.option("--frames", default=300, show_default=True)
@click.option("--size", type=Size(), default="640x360", show_default=True)
@click.option("--long", default=3000, show_default=True, help="Frames of the long video.")
def main(frames: int, size: tuple[int, int], long: int) -> None:
    """Measure, and print a table."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = folder / "clip.mp4"
        write_clip(clip, frames, size)
        alone = apart(network_rate, size, 2)
        rows.append({"what": "network alone", "frames a second": round(alone, 2), "share": 1.0})

        def row(what: str, seconds: float) -> None:
            rate = frames / seconds
            rows.append({"what": what, "frames a second": round(rate, 2),
                         "share": round(rate / alone, 2)})  # fmt: skip

        start_up = timed(*edit_command(clip, "-o", folder / "one.mp4", "--scale", 2, "--end", 0.03))
        seconds = timed(*edit_command(clip, "-o", folder / "a.mp4", "--scale", 2))
        row("ganedit upscale", seconds)
        row("the same, start-up left out", seconds - start_up)
        if shutil.which("ffmpeg"):
            twice = ("-vf", "scale=2*iw:-2:flags=bicubic", "-crf", 18)
            row("decode, bicubic, encode", timed("ffmpeg", "-v", "error", "-i", clip, *twice,
                                                 folder / "b.mp4"))  # fmt: skip
            (folder / "in").mkdir()
            taken = timed("ffmpeg", "-v", "error", "-i", clip, folder / "in/%05d.png")
            taken += timed(*edit_command(folder / "in", "-o", folder / "out", "--scale", 2))
            taken += timed("ffmpeg", "-v", "error", "-framerate", 30, "-i",
                           folder / "out/%05d.png", "-crf", 18, folder / "c.mp4")  # fmt: skip
            row("through PNG files", taken)
        for count in (100, long):
            write_clip(folder / f"{count}.mp4", count, (64, 48))
            peak = apart(peak_memory, folder / f"{count}.mp4", folder / f"{count}_x2.mp4")
            rows.append({"what": f"memory after {count} frames of 64×48, MB",
                         "frames a second": peak, "share": ""})  # fmt: skip
    show(rows, [], as_json=False)


if __name__ == "__main__":
    main()
