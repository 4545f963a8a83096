"""What a folder run gains over single commands, and whether it keeps the machine busy.

\b
    python benchmarks/folders.py                # about four minutes on 2 cores
    python benchmarks/folders.py --quick        # a tenth of the pictures

Four measurements of `ganedit upscale IN -o OUT` (by 4, JPEG to JPEG), each a fresh process:

\b
    small      pictures per second of 200 photos of 160×120, beside a shell loop over the single
               command, which is measured on 8 of them; the goal is 5 times as many
    busy       share of the cores' time that the run used on 12 photos of 2 megapixels, or was
               ready to use and other programs had, while there were pictures to begin; the goal
               is 95 %
    network    their pictures per second, beside those of the network alone in a process that has
               nothing else to do; the goal, on a GPU, is 0.95 times as many
    memory     resident memory after a tenth of 2,000 photos of 64×48, and after all of them

On Linux, where /proc says what a process uses.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
from common import Row, apart, show, weights_options, write_picture

from ganedit.runtime import threads

SMALL, LARGE, TINY = (160, 120), (1633, 1225), (64, 48)
LOOPED = 8


@dataclass(frozen=True)
class Sample:
    """A moment of a run."""

    seconds: float
    results: int
    ready_seconds: float
    """That its threads were running, or could have if other programs had not."""
    memory: int
    """Resident bytes."""


def write_folder(folder: Path, count: int, size: tuple[int, int]) -> None:
    """Copies of one photo: what is in it does not change the work."""
    folder.mkdir()
    write_picture(folder / "00000.jpg", *size)
    content = (folder / "00000.jpg").read_bytes()
    for number in range(1, count):
        (folder / f"{number:05}.jpg").write_bytes(content)


def sample(process: int, output: Path, started: float) -> Sample:
    """What a process has done and used so far."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    times = [(task / "schedstat").read_text().split()[:2] for task in tasks]
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    results = sum(entry.name.endswith(".jpg") for entry in os.scandir(output))
    return Sample(
        time.perf_counter() - started,
        results,
        sum(int(running) + int(waiting) for running, waiting in times) / 1e9,
        pages * os.sysconf("SC_PAGE_SIZE"),
    )


def run(inputs: Path, output: Path, options: list[str]) -> list[Sample]:
    """A folder run, looked at twenty times a second; the last sample is its end."""
    started = time.perf_counter()
    output.mkdir()
    command = [sys.executable, "-m", "ganedit", "upscale", str(inputs), "-o", str(output), "-q"]
    process = subprocess.Popen([*command, *options])
    samples = []
    while process.poll() is None:
        try:
            samples.append(sample(process.pid, output, started))
        except (OSError, ValueError):  # it has just ended
            break
        time.sleep(0.05)
    if process.wait():
        raise click.ClickException("ganedit failed; its message is above")
    last = samples[-1]
    results = len(list(output.glob("*.jpg")))
    end = time.perf_counter() - started
    return [*samples, Sample(end, results, last.ready_seconds, last.memory)]


def loop_seconds(inputs: Path, output: Path, options: list[str]) -> float:
    """What the single command takes for a picture, in a shell's loop."""
    output.mkdir()
    script = f'for f in "$@"; do "{sys.executable}" -m ganedit upscale "$f" -q '
    script += f'-o "{output}/$(basename "$f")" {" ".join(options)} || exit 1; done'
    files = sorted(map(str, inputs.iterdir()))[:LOOPED]
    started = time.perf_counter()
    subprocess.run(["bash", "-c", script, "loop", *files], check=True)
    return (time.perf_counter() - started) / len(files)


def network_rate(source: Path, own_weights: str | None) -> float:
    """Pictures per second of `predict_samples` alone, on the device that ganedit chooses."""
    from ganedit import runtime
    from ganedit.editing import predict_samples
    from ganedit.image import decode
    from ganedit.tasks.upscale.edit import UpscaleEdit
    from ganedit.tasks.upscale.options import UpscaleOptions

    where = runtime.choose()
    (predictor,) = UpscaleEdit(UpscaleOptions(weights=own_weights), where)._passes(4)
    samples, times = decode(source).samples, []
    for _ in range(4):
        started = time.perf_counter()
        predict_samples(samples, predictor, where, lambda done: None)
        times.append(time.perf_counter() - started)
    return 1 / min(times[1:])


def first(samples: list[Sample], condition: Callable[[Sample], bool]) -> Sample:
    """The first moment of which something is true."""
    return next(each for each in samples if condition(each))


def measure_small(folder: Path, count: int, options: list[str]) -> list[Row]:
    """A folder run and a loop over the same small photos."""
    write_folder(folder / "small", count, SMALL)
    single = loop_seconds(folder / "small", folder / "looped", options)
    rate = count / run(folder / "small", folder / "small_out", options)[-1].seconds
    return [
        row(f"{count} small photos, folder run, start-up included", f"{rate:.1f} a second"),
        row(f"the same, a shell loop (measured on {LOOPED})", f"{1 / single:.2f} a second"),
        row("ratio", f"{rate * single:.0f}", "5"),
    ]


def measure_large(folder: Path, count: int, options: list[str]) -> list[Row]:
    """How busy large photos keep the cores, and how near they come to the network alone."""
    write_folder(folder / "large", count, LARGE)
    samples = run(folder / "large", folder / "large_out", options)
    # From the first result to the last picture's beginning.
    start = first(samples, lambda each: each.results > 0)
    end = first(samples, lambda each: each.results >= count - threads())
    elapsed = end.seconds - start.seconds
    busy = (end.ready_seconds - start.ready_seconds) / elapsed / threads()
    rate = (end.results - start.results) / elapsed
    own = options[options.index("--weights") + 1] if "--weights" in options else None
    alone = apart(network_rate, folder / "large" / "00000.jpg", own)
    return [
        row(f"{count} photos of 2 megapixels, cores busy", f"{busy:.0%}", "95 %"),
        row("the same, folder run", f"{rate:.2f} a second"),
        row("the network alone", f"{alone:.2f} a second"),
        row("ratio", f"{rate / alone:.2f}", "0.95 on a GPU"),
    ]


def measure_memory(folder: Path, count: int, options: list[str]) -> list[Row]:
    """Resident memory early and late in a long run."""
    write_folder(folder / "tiny", count, TINY)
    samples = run(folder / "tiny", folder / "tiny_out", options)
    rows = []
    for share in (0.1, 0.5, 1.0):
        at = first(samples, lambda each, share=share: each.results >= share * count)  # type: ignore[misc]
        rows.append(row(f"memory after {at.results:,} photos", f"{at.memory / 1e6:,.0f} MB"))
    return rows


def row(what: str, value: str, goal: str = "") -> Row:
    """A row of the table."""
    return {"measured": what, "value": value, "goal": goal}


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="A tenth of the pictures.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def main(quick: bool, as_json: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options, kind = weights_options(folder)
        rows = measure_small(folder, 20 if quick else 200, options)
        rows += measure_large(folder, 8 if quick else 12, options)
        rows += measure_memory(folder, 200 if quick else 2000, options)
    show(rows, [kind], as_json=as_json)


if __name__ == "__main__":
    main()
