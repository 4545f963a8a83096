"""What the shell command costs beside its network: start-up, decoding, encoding, memory.

\b
    python benchmarks/command.py                          # a synthetic picture
    python benchmarks/command.py --picture photo.jpg      # yours, cropped or repeated to size

Times `python -m ganedit upscale X.jpg -o out.png` (by 4) as a whole, from a JPEG of half a and one
megapixel to the finished PNG, and its largest resident memory. The network's time is that of a
second run in one process, when nothing is left to warm up; the goal is a difference of at most
3 s. Also times `ganedit --help`, whose goal is 0.3 s. The best of the rounds, so that what else
the machine does counts least.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import PIL.Image
from common import Row, Size, apart, show, weights_options, write_picture


def run(*arguments: str) -> tuple[float, int]:
    """Seconds and peak resident bytes of `python -m ganedit` with these arguments."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "ganedit", *arguments], stdout=subprocess.DEVNULL
    )
    # Of this child alone; RUSAGE_CHILDREN would be the largest of all so far.
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException("ganedit failed; its message is above")
    return seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def network_seconds(source: Path, own_weights: str | None) -> float:
    """The time that `predict_samples` takes in a process that has run it before."""
    from ganedit import runtime
    from ganedit.editing import predict_samples
    from ganedit.image import decode
    from ganedit.tasks.upscale.edit import UpscaleEdit
    from ganedit.tasks.upscale.options import UpscaleOptions

    where = runtime.choose()
    (predictor,) = UpscaleEdit(UpscaleOptions(weights=own_weights), where)._passes(4)
    samples = decode(source).samples
    times = []
    for _ in range(3):
        start = time.perf_counter()
        predict_samples(samples, predictor, where, lambda done: None)
        times.append(time.perf_counter() - start)
    return min(times[1:])


def crop(source: Path, target: Path, width: int, height: int) -> None:
    """A picture of this size from another: its middle, repeated where it is too small."""
    samples = np.asarray(PIL.Image.open(source).convert("RGB"))
    samples = np.tile(samples, (-(-height // len(samples)), -(-width // samples.shape[1]), 1))
    top, left = (samples.shape[0] - height) // 2, (samples.shape[1] - width) // 2
    part = np.ascontiguousarray(samples[top : top + height, left : left + width])
    PIL.Image.fromarray(part).save(target, quality=92)


def measure(size: tuple[int, int], given: Path | None, rounds: int, folder: Path) -> Row:
    """One row of the table: a picture of this size."""
    source, target = folder / "X.jpg", folder / "out.png"
    if given is None:
        apart(write_picture, source, *size)
    else:
        apart(crop, given, source, *size)
    options, _ = weights_options(folder)
    command = ["upscale", str(source), "-o", str(target), "--overwrite", *options]
    runs = [run(*command) for _ in range(rounds)]
    whole = min(seconds for seconds, _ in runs)
    network = apart(network_seconds, source, options[1] if options else None)
    return {
        "picture": f"{size[0]}×{size[1]}",
        "whole command, s": whole,
        "network, s": network,
        "difference, s": whole - network,
        "peak memory, MB": max(peak for _, peak in runs) / 1e6,
        "PNG, MB": target.stat().st_size / 1e6,
    }


@click.command(help=__doc__)
@click.option("--picture", "given", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--size", "sizes", type=Size(), multiple=True, default=("0.5MP", "1MP"),
              show_default=True, help="Of the input; may be repeated.")  # fmt: skip
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def main(
    given: Path | None, sizes: tuple[tuple[int, int], ...], rounds: int, as_json: bool
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        help_seconds = min(run("--help")[0] for _ in range(rounds + 1))
        rows = [measure(size, given, rounds, folder) for size in sizes]
        notes = [weights_options(folder)[1], f"best of {rounds}"]
    show(rows, [*notes, f"ganedit --help: {help_seconds:.2f} s"], as_json=as_json)


if __name__ == "__main__":
    main()
