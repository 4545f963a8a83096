"""Stopping in time: no new pictures, those in work are finished."""

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from ganedit.runs.jobs import Job
from ganedit.runs.saying import say

# The name of every thread that edits pictures.
CREW = "ganedit-crew"


class Stop:
    """Whether a run is to end before its last picture, and why."""

    def __init__(self) -> None:
        self.reason = ""
        self.interrupted = False

    def set(self, reason: str) -> None:
        """Have no further picture begun; the first reason stays."""
        self.reason = self.reason or reason

    def until(self, jobs: Iterable[Job]) -> Iterator[Job]:
        """The jobs, until the run is to stop."""
        for job in jobs:
            if self.reason:
                return
            yield job

    @contextmanager
    def at_interrupts(self) -> Iterator[None]:
        """Stop at a first Ctrl-C or polite kill; a second one is a `KeyboardInterrupt`."""

        def interrupted(number: int, frame: FrameType | None) -> None:
            if self.interrupted:
                raise KeyboardInterrupt
            self.interrupted = True
            self.set("interrupted")
            say("\nfinishing the pictures in work; Ctrl-C again stops at once")

        kinds = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(kind, interrupted) for kind in kinds]
        try:
            yield
        finally:
            for kind, handler in zip(kinds, before, strict=True):
                signal.signal(kind, handler)
