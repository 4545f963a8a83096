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
    CPU        seconds of all cores that a frame takes: they tell more than frames a second where
               the machine has other work to do
    memory     resident at most, of a short and of a long video of small frames
"""

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Spent:
    """What something took: seconds on the clock, and of all cores together."""

    clock: float
    cpu: float

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.clock + other.clock, self.cpu + other.cpu)

    def __sub__(self, other: "Spent") -> "Spent":
        return Spent(self.clock - other.clock, self.cpu - other.cpu)

    def row(self, what: str, frames: int, alone: float) -> Row:
        """Of so many frames, beside the network's frames a second."""
        rate = frames / self.clock
        return {"what": what, "frames a second": round(rate, 2), "share": round(rate / alone, 2),
                "CPU seconds a frame": round(self.cpu / frames, 2)}  # fmt: skip


def network_alone(size: tuple[int, int], scale: int, seconds: float = 20.0) -> tuple[int, Spent]:
    """Frames that the network makes meanwhile, with all cores for each."""
    edit = UpscaleEdit(UpscaleOptions(target=Target(scale=scale)), choose())
    frame = Image(picture(*size))
    edit.apply(frame, lambda done: None)
    started, cpu, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - started < seconds:
        edit.apply(frame, lambda done: None)
        count += 1
    return count, Spent(time.perf_counter() - started, time.process_time() - cpu)


def timed(*command: object) -> Spent:
    """What a command takes."""
    started, before = time.perf_counter(), _of_children()
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return Spent(time.perf_counter() - started, _of_children() - before)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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
    count, network = apart(network_alone, size, 2)
    alone = count / network.clock
    rows = [network.row("network alone", count, alone)]

    def row(what: str, spent: Spent) -> Spent:
        rows.append(spent.row(what, frames, alone))
        return spent

    # The first frame is in it, as far as it is no start-up: one less is left.
    start_up = timed(*edit_command(clip, "-o", folder / "one.mp4", "--scale", 2, "--end", 0.03))
    steady = row("ganedit upscale",
                 timed(*edit_command(clip, "-o", folder / "a.mp4", "--scale", 2)))  # fmt: skip
    rows.append(
        (steady - start_up).row("the same, start-up and a frame left out", frames - 1, alone)
    )
    by_itself = edit_command(clip, "-o", folder / "n.mp4", "--scale", 2, "--no-steady")
    single = row("ganedit upscale --no-steady", timed(*by_itself))
    if shutil.which("ffmpeg"):
        files = row("through PNG files, every frame by itself", through_files(folder, clip))
        for what, spent in (("steady", steady), ("--no-steady", single)):
            rows.append({"what": f"ganedit upscale, {what}, over the way through PNG files",
                         "frames a second": "", "share": round(files.clock / spent.clock, 2),
                         "CPU seconds a frame": ""})  # fmt: skip
        twice = ("-vf", "scale=2*iw:-2:flags=bicubic", "-crf", 18)
        row("decode, bicubic, encode",
            timed("ffmpeg", "-v", "error", "-i", clip, *twice, folder / "b.mp4"))  # fmt: skip
    return rows


def through_files(folder: Path, clip: Path) -> Spent:
    """What it takes by way of PNG files: out of a video, enlarged, and into another."""
    (folder / "in").mkdir()
    spent = timed("ffmpeg", "-v", "error", "-i", clip, folder / "in/%05d.png")
    spent += timed(*edit_command(folder / "in", "-o", folder / "out", "--scale", 2))
    return spent + timed("ffmpeg", "-v", "error", "-framerate", 30, "-i",
                           folder / "out/%05d.png", "-crf", 18, folder / "c.mp4")  # fmt: skip


def measure_memory(folder: Path, count: int) -> Row:
    """Memory of a video of so many small frames."""
    write_clip(folder / f"{count}.mp4", count, (64, 48))
    peak = apart(peak_memory, folder / f"{count}.mp4", folder / f"{count}_x2.mp4")
    return {"what": f"memory after {count} frames of 64×48, MB", "frames a second": peak,
            "share": "", "CPU seconds a frame": ""}  # fmt: skip


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
