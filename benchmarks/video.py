"""Whether a video takes longer than the network does, and whether memory stays flat.

\b
    python benchmarks/video.py                  # 300 frames of 640×360, by 2
    python benchmarks/video.py --frames 20 --size 160x90 --long 60
    python benchmarks/video.py --only memory    # the last row alone

Measured, each in a fresh process on a video that pans over a picture:

\b
    network    frames a second of the network alone, frames in memory
    video      of `ganedit upscale clip.mp4 --scale 2`, beside the network; the goal is 0.9
    plain      decoding, bicubic interpolation and encoding alone, with the ffmpeg on the path
    pictures   frames to PNG files, the network on the folder, and files to a video, which is how
               other upscalers do it; and `ganedit upscale` over that, with and without steadying,
               which is over 1 where ganedit is quicker
    memory     resident at most, of a short and of a long video of small frames
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


def measure_speed(folder: Path, frames: int, size: tuple[int, int]) -> list[Row]:
    """Frames a second of each way, and as a share of the network's."""
    clip = folder / "clip.mp4"
    write_clip(clip, frames, size)
    alone = apart(network_rate, size, 2)
    rows: list[Row] = []

    def row(what: str, rate: float) -> float:
        rows.append({"what": what, "frames a second": round(rate, 2),
                     "share": round(rate / alone, 2)})  # fmt: skip
        return rate

    row("network alone", alone)
    start_up = timed(*edit_command(clip, "-o", folder / "one.mp4", "--scale", 2, "--end", 0.03))
    seconds = timed(*edit_command(clip, "-o", folder / "a.mp4", "--scale", 2))
    steady = row("ganedit upscale", frames / seconds)
    row("the same, start-up left out", frames / (seconds - start_up))
    seconds = timed(*edit_command(clip, "-o", folder / "n.mp4", "--scale", 2, "--no-steady"))
    single = row("ganedit upscale --no-steady", frames / seconds)
    if shutil.which("ffmpeg"):
        seconds = through_files(folder, clip)
        files = row("through PNG files, every frame by itself", frames / seconds)
        for what, rate in (("steady", steady), ("--no-steady", single)):
            rows.append({"what": f"ganedit upscale, {what}, over the way through PNG files",
                         "frames a second": "", "share": round(rate / files, 2)})  # fmt: skip
        twice = ("-vf", "scale=2*iw:-2:flags=bicubic", "-crf", 18)
        seconds = timed("ffmpeg", "-v", "error", "-i", clip, *twice, folder / "b.mp4")
        row("decode, bicubic, encode", frames / seconds)
    return rows


def through_files(folder: Path, clip: Path) -> float:
    """Seconds by way of PNG files: out of a video, enlarged, and into another."""
    (folder / "in").mkdir()
    seconds = timed("ffmpeg", "-v", "error", "-i", clip, folder / "in/%05d.png")
    seconds += timed(*edit_command(folder / "in", "-o", folder / "out", "--scale", 2))
    return seconds + timed("ffmpeg", "-v", "error", "-framerate", 30, "-i",
                           folder / "out/%05d.png", "-crf", 18, folder / "c.mp4")  # fmt: skip


def measure_memory(folder: Path, count: int) -> Row:
    """Memory of a video of so many small frames."""
    write_clip(folder / f"{count}.mp4", count, (64, 48))
    peak = apart(peak_memory, folder / f"{count}.mp4", folder / f"{count}_x2.mp4")
    return {"what": f"memory after {count} frames of 64×48, MB", "frames a second": peak,
            "share": ""}  # fmt: skip


@click.command(help=__doc__)
@click.option("--frames", default=300, show_default=True)
@click.option("--size", type=Size(), default="640x360", show_default=True)
@click.option("--long", default=3000, show_default=True, help="Frames of the long video.")
@click.option("--only", type=click.Choice(["speed", "memory"]), help="One half alone.")
def main(frames: int, size: tuple[int, int], long: int, only: str | None) -> None:
    """Measure, and print a table."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if only != "memory":
            rows += measure_speed(folder, frames, size)
        if only != "speed":
            rows += [measure_memory(folder, count) for count in (100, long)]
    show(rows, [], as_json=False)


if __name__ == "__main__":
    main()
