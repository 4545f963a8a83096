"""What a run shows while it goes: a bar, or a line now and then, or a line for each picture."""

import sys
import threading
import time
from typing import Any, Self

import click
from tqdm import tqdm

from ganedit.app.jobs import Job
from ganedit.app.options import RunOptions
from ganedit.app.picture import Outcome

# Seconds between lines where there is no terminal.
LINE_EVERY = 30.0
# Nothing is drawn for so long: most single pictures are done by then.
BAR_AFTER = 1.0
_BAR = "{desc} {percentage:3.0f}% |{bar}| "
_ALONE, _OF_MANY = "{remaining} left", "{n:.0f} of {total}, {rate_noinv_fmt}, {remaining} left"


class Display:
    """Shows how far the run is. Threads may tell it, one at a time."""

    def __init__(self, pictures: int, options: RunOptions, *, folder: bool) -> None:
        told = options.verbosity >= 0 and not options.json
        terminal = sys.stderr.isatty()
        # A line for each of 40,000 pictures is nothing to read.
        self._each = told and (not folder or options.verbosity > 0)
        self._lines = told and folder and not terminal
        self._started = self._said = time.monotonic()
        self._total, self._done = pictures, 0
        self._shares: dict[Job, float] = {}
        self._lock = threading.Lock()
        self._bar: tqdm[Any] = tqdm(
            total=pictures, disable=not (told and terminal), delay=BAR_AFTER, leave=False,
            unit=" pictures", bar_format=_BAR + (_OF_MANY if folder else _ALONE),
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def progress(self, job: Job, done: float) -> None:
        """How much of a picture is done, in [0, 1]."""
        with self._lock:
            self._shares[job] = done
            self._draw(job)

    def finished(self, outcome: Outcome) -> None:
        """A picture is done, or failed."""
        with self._lock:
            self._done += 1
            self._shares.pop(outcome.job, None)
            self._draw(outcome.job)
        if self._each and outcome.error is None:
            self._tell(outcome)
        if self._lines and time.monotonic() - self._said >= LINE_EVERY:
            self._said = time.monotonic()
            self._say(outcome.job)

    def _draw(self, job: Job) -> None:
        self._bar.set_description_str(shown(job.source.name), refresh=False)
        # Drawn anew by `update` itself, when enough time has passed.
        self._bar.update(self._done + sum(self._shares.values()) - self._bar.n)

    def _tell(self, outcome: Outcome) -> None:
        for note in outcome.notes:
            self._bar.write(shown(f"{outcome.job.source}: {note}"), file=sys.stderr)
        width, height = outcome.output_size
        line = f"{outcome.job.target}  {width}×{height}  {outcome.seconds:.1f} s"
        self._bar.write(shown(line), file=sys.stdout)

    def _say(self, job: Job) -> None:
        rate = self._done / (time.monotonic() - self._started)
        left = tqdm.format_interval((self._total - self._done) / rate)
        click.echo(shown(
            f"{self._done:,} of {self._total:,} pictures, {rate:.2f} a second, {left} left, "
            f"{job.source}"
        ), err=True)  # fmt: skip


def shown(text: str) -> str:
    """A text that any terminal takes: file names may hold bytes that are no UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
