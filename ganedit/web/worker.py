"""The process of one job: plans and runs it as the command line does, and says how far it is.

A process for each job: to stop one is to end its process, at once and whatever it computes; what
it took of the memory goes with it; and a picture that brings it down does not bring the page down.
"""

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ganedit.errors import GaneditError, UsageError
from ganedit.image import size_of
from ganedit.runs.display import Display
from ganedit.runs.estimate import estimate
from ganedit.runs.inputs import as_text
from ganedit.runs.jobs import Job, Plan
from ganedit.runs.journal import journal_file, staging_folder
from ganedit.runs.options import RunOptions
from ganedit.runs.outcomes import Outcome
from ganedit.runs.planning import Given, plan_jobs
from ganedit.runs.run import run_plan, work_of
from ganedit.runs.todo import find_todo, read_records
from ganedit.task import Task
from ganedit.web.store import Roots

# Told what happened, each a kind of event below.
Tell = Callable[["Event"], None]


@dataclass(frozen=True)
class Order:
    """A job as the page asks for it. Everything in it can be pickled."""

    task: Task[Any]
    options: Any
    given: Given
    run: RunOptions
    roots: Roots | None = None
    """For a run through folders: where files may be read and written."""
    estimate: bool = False
    """Whether only what there is to do is asked."""


@dataclass(frozen=True)
class Begun:
    """The work starts: so many results are to make, so many were there before."""

    todo: int
    before: int


@dataclass(frozen=True)
class Share:
    """How many of the results are made, parts of those in work included."""

    done: float


@dataclass(frozen=True)
class Made:
    """A result is in its place."""

    source: Path | None
    target: Path
    size: tuple[int, int]
    input_size: tuple[int, int]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Failed:
    """One picture could not be done, or the whole job."""

    told: str


@dataclass(frozen=True)
class Said:
    """Something to know of the whole job, or the lines of an estimate."""

    lines: tuple[str, ...]


Event = Begun | Share | Made | Failed | Said


def serve(connection: Connection, order: Order) -> None:
    """What the process does: the job, told through the connection."""
    sys.stdout = sys.stderr = None  # the page tells it, no terminal
    tqdm.set_lock(threading.RLock())  # its own would be left behind by a process that is ended
    sending = threading.Lock()

    def tell(event: Event) -> None:
        with sending:
            connection.send(event)

    threading.Thread(target=_end_with_page, args=(connection,), daemon=True).start()
    try:
        do(order, tell)
    except GaneditError as error:
        tell(Failed(str(error)))
    except Exception as error:
        tell(Failed(f"ganedit failed ({error!r}); please report it"))
        raise
    finally:
        connection.close()
        # Threads of a stopped engine, and a network's, are not waited for.
        os._exit(0)


def _end_with_page(connection: Connection) -> None:
    """End this process when the page's is gone, however it ended: nobody would see the result."""
    try:
        connection.recv()
    except (EOFError, OSError):
        os._exit(1)


def do(order: Order, tell: Tell) -> None:
    """Plan the job and run it.

    Raises:
        GaneditError: it cannot begin or go on.
    """
    task, options, run = order.task, order.options, order.run
    plan = plan_jobs(task, options, order.given, run)
    if order.roots is not None:
        plan = _within(plan, order.roots)
    if order.estimate:
        work = work_of(task, options, plan, run)
        todo = find_todo(plan.jobs, work, read_records(plan.jobs))
        tell(Said((*plan.notes, *estimate(todo, plan, work))))
        return
    result = run_plan(task, options, plan, run, display=_telling(tell, len(plan.jobs)))
    for error in result.errors:
        tell(Failed(str(error)))
    lines = [*plan.notes, *(result.notes if order.roots is not None else ())]
    if result.skipped:
        lines.append(f"{result.skipped:,} finished before")
    if plan.left_out.total():
        lines.append(f"left out: {as_text(plan.left_out)}")
    tell(Said(tuple(lines)))
    for sheet in plan.sheets:
        if order.roots is None and sheet.path.is_file():
            tell(Made(None, sheet.path, size_of(sheet.path), (0, 0), ()))


def _within(plan: Plan, roots: Roots) -> Plan:
    """The plan without what links lead out of the chosen folders, or into them."""
    kept = [job for job in plan.jobs if _may_touch(job, roots)]
    left_out = plan.left_out + Counter({
        "outside of the chosen folders": len(plan.jobs) - len(kept)
    })  # fmt: skip
    if not kept:
        raise UsageError("nothing in there lies in the folders that were chosen")
    sheets = [each for each in plan.sheets if set(kept).issuperset(each.jobs)]
    return replace(plan, jobs=kept, left_out=left_out, sheets=sheets)


def _may_touch(job: Job, roots: Roots) -> bool:
    folder = job.journal_folder
    written = [job.target.parent, *([] if folder is None else [folder])]
    if not all(map(roots.holds, (*job.sources, *written))):
        return False
    if folder is None:
        return True
    # The journal is hidden, but a run's own: a link in the place of any of it could lead anywhere.
    journal = journal_file(folder)
    return not any(
        path.is_symlink()
        for path in (journal.parent, journal, journal.with_name("lock"), staging_folder(folder))
    )


def _telling(tell: Tell, planned: int) -> type[Display]:
    """A display that tells the page."""

    class Telling(Display):
        def __init__(self, pictures: int, options: RunOptions, *, folder: bool) -> None:
            super().__init__(pictures, options, folder=folder)
            self._parts: dict[Job, float] = {}
            self._count = 0
            tell(Begun(pictures, planned - pictures))

        def progress(self, job: Job, done: float) -> None:
            super().progress(job, done)
            self._parts[job] = done
            self._share()

        def finished(self, outcome: Outcome) -> None:
            super().finished(outcome)
            self._parts.pop(outcome.job, None)
            self._count += 1
            if outcome.error is None:
                job = outcome.job
                source = job.source if job.sources else None
                tell(Made(source, job.target, outcome.output_size, outcome.input_size,
                          outcome.notes))  # fmt: skip
            self._share()

        def _share(self) -> None:
            tell(Share(self._count + sum(tuple(self._parts.values()))))

    return Telling
