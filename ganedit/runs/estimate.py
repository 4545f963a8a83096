"""What a run would do: how many pictures, how large, how long."""

import itertools
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from ganedit.image import MAX_PIXELS, size_of
from ganedit.runs.inputs import as_text
from ganedit.runs.jobs import Job, Plan
from ganedit.runs.saying import say
from ganedit.runs.threads import edit_overlapped
from ganedit.runs.todo import Todo
from ganedit.runs.work import Work

# For so long the machine is measured, on pictures from all over the list.
MEASURED_SECONDS = 2.0
SAMPLES = 64


def tell_estimate(todo: Todo, plan: Plan, work: Work) -> None:
    """Print what there is to do.

    Raises:
        GaneditError: the device or the weights cannot be used.
    """
    for line in estimate(todo, plan, work):
        say(line, error=False)


def estimate(todo: Todo, plan: Plan, work: Work) -> Iterator[str]:
    """What there is to do, in lines: how many pictures, how long, what is left out.

    How many is said at once, how long when it was measured.

    Raises:
        GaneditError: the device or the weights cannot be used.
    """
    videos = [job for job in todo.jobs if job.moving]
    jobs = [job for job in todo.jobs if not job.moving]
    if jobs or not videos:
        yield from _of_pictures(jobs, work)
    if videos:
        from ganedit.runs.estimate_video import of_videos

        yield from of_videos(videos, work)
    if todo.finished:
        yield f"{len(todo.finished):,} finished before"
    if plan.left_out.total():
        yield f"left out: {as_text(plan.left_out)}"
    yield from (f"refused: {outcome.error}" for outcome in todo.refused)


def _of_pictures(jobs: Sequence[Job], work: Work) -> Iterator[str]:
    pixels = {job: _pixels(job, work) for job in jobs}
    readable = [job for job in jobs if pixels[job]]
    megapixels = sum(pixels.values()) / 1e6
    size = sum(path.stat().st_size for job in readable for path in job.sources) / 1e6
    drawn = bool(jobs) and not jobs[0].sources
    what, read = ("draw", "") if drawn else ("do", f" in {_shown(size)}")
    noun = "picture" if len(jobs) == 1 else "pictures"
    yield f"{len(jobs):,} {noun} to {what}: {megapixels:,.1f} megapixels{read}"
    if readable:
        with tempfile.TemporaryDirectory() as folder:  # nothing of it is to stay
            tried = replace(work, options=work.options.writing_to(Path(folder)))
            rate, bytes_per_pixel = _measure(readable, tried)
        left = tqdm.format_interval(megapixels / rate)
        made = bytes_per_pixel * megapixels
        yield f"about {left} on this machine, results of about {_shown(made)}"
    if unreadable := len(jobs) - len(readable):
        names = [str(job.source) for job in jobs if not pixels[job]]
        shown = ", ".join(names[:3]) + ", …" * (len(names) > 3)
        yield f"{unreadable:,} unreadable or too large: {shown}"


def _shown(megabytes: float) -> str:
    return f"{megabytes:,.1f} MB" if megabytes >= 0.1 else f"{1000 * megabytes:,.1f} kB"


def _pixels(job: Job, work: Work) -> int:
    """Pixels that are read, or drawn; 0 where the run will refuse to."""
    try:
        width, height = size_of(job.source) if job.sources else work.size_for((0, 0))
    except Exception:  # whatever is wrong, it will not be edited
        return 0
    limit = work.run.files.max_pixels or MAX_PIXELS
    return width * height if width * height <= limit else 0


def _measure(jobs: Sequence[Job], work: Work) -> tuple[float, float]:
    """Megapixels per second that are read, or drawn, and bytes of result for each.

    Of several devices the first is measured, and the others are taken to be like it.
    """
    device, *others = work.run.placement.devices
    placement = replace(work.run.placement, device=device)
    work = replace(work, run=replace(work.run, placement=placement))
    spread = jobs[:: -(-len(jobs) // SAMPLES)]
    ends = [float("inf")]

    def until_measured() -> Iterator[Job]:
        return itertools.takewhile(lambda _: time.monotonic() < ends[0], itertools.cycle(spread))

    outcomes = edit_overlapped(until_measured(), work, lambda job, done: None)
    # The first one pays for everything that is done once.
    first = next(outcomes)
    begun = time.monotonic()
    ends[0] = begun + MEASURED_SECONDS
    measured = [(outcome, time.monotonic()) for outcome in outcomes]
    elapsed = measured[-1][1] - begun if measured else first.seconds
    counted = [outcome for outcome, _ in measured] or [first]
    sizes = (o.input_size if o.job.sources else work.size_for((0, 0)) for o in counted)
    pixels = sum(width * height for width, height in sizes)
    made = sum(outcome.bytes for outcome in counted)
    rate = max(pixels, 1) / 1e6 / max(elapsed, 1e-6) * (1 + len(others))
    return rate, made / max(pixels, 1)
