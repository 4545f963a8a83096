"""What a run shows while it goes: a bar, or a line now and then, or a line for each picture."""

import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tqdm import tqdm

from ganedit.image import printable
from ganedit.runs.jobs import Job
from ganedit.runs.options import STREAM, RunOptions
from ganedit.runs.outcomes import Outcome
from ganedit.runs.saying import say, shown

# Seconds between lines where there is no terminal.
LINE_EVERY = 30.0
# Nothing is drawn for so long: most single pictures are done by then.
BAR_AFTER = 1.0
_BAR = "{desc} {percentage:3.0f}% |{bar}| "
_ALONE, _OF_MANY = "{remaining} left", "{n:.0f} of {total}, {rate_noinv_fmt}, {remaining} left"


class Notes:
    """Counts what pictures had in common: notes that differ by numbers only are of one kind."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._texts: dict[str, set[str]] = {}

    def add(self, notes: Iterable[str]) -> None:
        """Count the notes of one picture."""
        for kind, note in {re.sub(r"\d+", "0", note): note for note in notes}.items():
            self._counts[kind] += 1
            texts = self._texts.setdefault(kind, set())
            if len(texts) < 2:
                texts.add(note)

    def lines(self) -> list[str]:
        """A line for each kind, the most common first: `12 pictures: animated: first frame`."""
        lines = []
        for kind, count in self._counts.most_common():
            texts = self._texts[kind]
            alike = ", and the like" if len(texts) > 1 else ""
            lines.append(f"{count:,} picture{'s' * (count != 1)}: {min(texts)}{alike}")
        return lines


class Display:
    """Shows how far the run is. Threads may tell it, one at a time."""

    def __init__(self, pictures: int, options: RunOptions, *, folder: bool) -> None:
        told = not (options.quiet or options.json)
        terminal = sys.stderr is not None and sys.stderr.isatty()
        self._told, self._bar_shown = told, told and terminal
        # A line for each of 40,000 pictures is nothing to read.
        self._each = told and (not folder or options.verbose)
        self._lines = told and folder and not terminal
        self._started = self._said = time.monotonic()
        self._total, self._done = pictures, 0
        self._shares: dict[Path, float] = {}
        self._videos: dict[Path, tuple[float, float]] = {}
        self._lock = threading.Lock()
        self.notes = Notes()
        """Those that were not told one by one."""
        self._bar: tqdm[Any] = tqdm(
            total=pictures, disable=not (told and terminal), delay=BAR_AFTER, leave=False,
            unit=" pictures", bar_format=_BAR + (_OF_MANY if folder else _ALONE),
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(OSError, ValueError):
            self._bar.close()

    def progress(self, job: Job, done: float) -> None:
        """How much of a picture is done, in [0, 1]."""
        with self._lock:
            self._shares[job.target] = done
            self._draw(job)
            told = self._told_of_video(job, done)
        if told:
            say(told)

    def finished(self, outcome: Outcome) -> None:
        """A picture is done, or failed."""
        with self._lock:
            self._done += 1
            self._shares.pop(outcome.job.target, None)
            self._draw(outcome.job)
        if outcome.error is None:
            if self._each:
                self._tell(outcome)
            else:
                self.notes.add(outcome.notes)
        if self._lines and time.monotonic() - self._said >= LINE_EVERY:
            self._said = time.monotonic()
            self._say(outcome.job)

    def _draw(self, job: Job) -> None:
        with suppress(OSError, ValueError):
            name = shown(job.source.name, getattr(sys.stderr, "encoding", None))
            if (rate := self._rate(job)) is not None:
                name = f"{name} {rate:.2f} frames a second"
            self._bar.set_description_str(name, refresh=False)
            # Drawn anew by `update` itself, when enough time has passed.
            self._bar.update(self._done + sum(self._shares.values()) - self._bar.n)

    def _rate(self, job: Job) -> float | None:
        """Frames of a video that were edited in a second, those of earlier runs left out."""
        if not job.frames or job.target not in self._shares:
            return None
        now, share = time.monotonic(), self._shares[job.target]
        begun, before = self._videos.setdefault(job.target, (now, share))
        return (share - before) * job.frames / (now - begun) if now > begun else None

    def _told_of_video(self, job: Job, done: float) -> str:
        """A line now and then where there is no bar."""
        rate = self._rate(job)
        if not rate or self._bar_shown or not self._told:
            return ""
        if time.monotonic() - self._said < LINE_EVERY:
            return ""
        self._said = time.monotonic()
        left = tqdm.format_interval((1 - done) * job.frames / rate)
        return (
            f"{job.source}: {done * job.frames:,.0f} of {job.frames:,} frames, {rate:.2f} a "
            f"second, {left} left"
        )

    def _tell(self, outcome: Outcome) -> None:
        width, height = outcome.output_size
        line = f"{printable(str(outcome.job.target))}  {width}×{height}  {outcome.seconds:.1f} s"
        with self._bar.external_write_mode(file=sys.stderr), self._lock:
            for note in outcome.notes:
                say(f"{printable(str(outcome.job.source))}: {note}")
            # Standard output belongs to the picture, if that is where it goes.
            say(line, error=outcome.job.target == STREAM)

    def _say(self, job: Job) -> None:
        rate = self._done / (time.monotonic() - self._started)
        left = tqdm.format_interval((self._total - self._done) / rate)
        say(f"{self._done:,} of {self._total:,} pictures, {rate:.2f} a second, {left} left, "
            f"{job.source}")  # fmt: skip
