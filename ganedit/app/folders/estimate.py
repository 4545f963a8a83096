"""What a run would do: how many pictures, how large, how long."""

import itertools
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from ganedit.app.display import shown
from ganedit.app.folders.inputs import describe
from ganedit.app.folders.threads import edit_overlapped
from ganedit.app.jobs import Job, Plan
from ganedit.app.recipe import Work
from ganedit.image import size_of

if TYPE_CHECKING:
    from ganedit.app.run import Sorted

# For so long the machine is measured, on pictures from all over the list.
MEASURED_SECONDS = 2.0
SAMPLES = 64


def tell_estimate(jobs: "Sorted", plan: Plan, work: Work) -> None:
    """Print what there is to do.

    Raises:
        GaneditError: the device or the weights cannot be used.
    """
    pixels = {job: _pixels(job) for job in jobs.todo}
    readable = [job for job in jobs.todo if pixels[job]]
    megapixels = sum(pixels.values()) / 1e6
    size = sum(job.source.stat().st_size for job in readable) / 1e6
    click.echo(f"{len(jobs.todo):,} pictures to do: {megapixels:,.1f} megapixels in {size:,.1f} MB")
    if readable:
        rate, bytes_per_pixel = _measure(readable, work)
        left = tqdm.format_interval(megapixels / rate)
        made = bytes_per_pixel * megapixels
        click.echo(f"about {left} on this machine, results of about {made:,.1f} MB")
    if unreadable := len(jobs.todo) - len(readable):
        click.echo(f"{unreadable:,} that cannot be read")
    if jobs.finished:
        click.echo(f"{len(jobs.finished):,} finished before")
    if plan.left_out.total():
        click.echo(f"left out: {describe(plan.left_out)}")
    for outcome in jobs.refused:
        click.echo(shown(f"refused: {outcome.error}"))


def _pixels(job: Job) -> int:
    try:
        width, height = size_of(job.source)
    except Exception:  # whatever is wrong, it will not be edited
        return 0
    return width * height


def _measure(jobs: Sequence[Job], work: Work) -> tuple[float, float]:
    """Megapixels of input per second, and bytes of result per input pixel.

    Of several devices the first is measured, and the others are taken to be like it.
    """
    device, *others = work.placement.devices
    work = replace(work, placement=replace(work.placement, device=device))
    spread = jobs[:: -(-len(jobs) // SAMPLES)]
    ends = [float("inf")]
    with tempfile.TemporaryDirectory(prefix="ganedit-") as name:
        # Results are staged there, and never moved into place.
        moved = [replace(job, home=Path(name)) for job in spread]

        def until_measured() -> Iterator[Job]:
            return itertools.takewhile(lambda _: time.monotonic() < ends[0], itertools.cycle(moved))

        outcomes = edit_overlapped(until_measured(), work, lambda job, done: None)
        # The first one pays for everything that is done once.
        first = next(outcomes)
        begun = time.monotonic()
        ends[0] = begun + MEASURED_SECONDS
        measured = [(outcome, time.monotonic()) for outcome in outcomes]
        elapsed = measured[-1][1] - begun if measured else first.seconds
        counted = [outcome for outcome, _ in measured] or [first]
        pixels = sum(width * height for width, height in (o.input_size for o in counted))
        made = sum(result.stamp.bytes for o in counted for result in o.results)
    rate = max(pixels, 1) / 1e6 / max(elapsed, 1e-6) * (1 + len(others))
    return rate, made / max(pixels, 1)
