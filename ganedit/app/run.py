"""A run: what is finished is skipped, the rest is edited, recorded and put in its place."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import click
from tqdm import tqdm

from ganedit.app.display import Display, shown
from ganedit.app.folders.inputs import describe
from ganedit.app.folders.journal import Journal, Record, Records
from ganedit.app.folders.report import Report
from ganedit.app.folders.stopping import Stop
from ganedit.app.folders.threads import edit_overlapped
from ganedit.app.jobs import Job, Plan
from ganedit.app.options import RunOptions
from ganedit.app.picture import JobProgress, Outcome, Outcomes, discard, edit_picture
from ganedit.app.recipe import Recipe, Work, digest
from ganedit.errors import DiskFullError, GaneditError, OutputError, WeightsError
from ganedit.image import publish
from ganedit.runtime import Runtime, available_memory

Told = TypeVar("Told")
# Turns jobs into outcomes whose results are staged.
Engine = Callable[[Iterator[Job], Work, JobProgress], Outcomes]


@dataclass
class Result:
    """What became of a run."""

    done: list[Job] = field(default_factory=list)
    skipped: int = 0
    """Pictures that were finished before."""
    errors: list[GaneditError] = field(default_factory=list)
    """Why pictures failed."""
    left: int = 0
    """Pictures that were not begun, because the run had to stop."""
    interrupted: bool = False

    @property
    def code(self) -> int:
        """The shell's exit code."""
        return 130 if self.interrupted else int(bool(self.errors or self.left))


@dataclass
class Sorted:
    """Jobs by what there is of their results already."""

    todo: list[Job] = field(default_factory=list)
    finished: list[Job] = field(default_factory=list)
    refused: list[Outcome] = field(default_factory=list)
    """Their results exist, and nothing tells that they are what this run would make."""
    replaceable: set[Path] = field(default_factory=set)
    """The one of a picture and its preview that is there, and may be made again with the other."""


def run_jobs(plan: Plan, recipe: Recipe, options: RunOptions) -> Result:
    """Do what is planned and tell the user; every failure is told at the end in one line.

    Raises:
        GaneditError: the run cannot begin or go on: the weights cannot be used, a device is not
            there, the output cannot be written or is another run's.
    """
    budget = options.placement.memory or available_memory() // 2
    work = Work(recipe, options.files, options.placement, len(plan.jobs), budget)
    if options.dry_run:
        from ganedit.app.folders.estimate import tell_estimate

        tell_estimate(sort_out(plan.jobs, work, options, _read_records(plan.jobs)), plan, work)
        return Result()
    folder = any(job.home is not None for job in plan.jobs)
    engine = _engine(work, options, folder=folder)
    return _Run(plan, work, options, folder=folder).run(engine)


def _engine(work: Work, options: RunOptions, *, folder: bool) -> Engine:
    if options.engine == "ray":
        from ganedit.app.folders.cluster import edit_on_cluster

        return partial(edit_on_cluster, address=options.address)
    if len(options.placement.devices) > 1:
        from ganedit.app.folders.processes import edit_on_devices

        return edit_on_devices
    runtime = work.runtime()
    if options.verbosity > 0:
        click.echo(f"{runtime.device}: {runtime.reason}", err=True)
    return partial(edit_overlapped if folder else edit_in_turn, runtime=runtime)


def edit_in_turn(
    jobs: Iterator[Job], work: Work, progress: JobProgress, runtime: Runtime
) -> Outcomes:
    """The engine for pictures named one by one: all cores for each, Ctrl-C stops at once."""
    apply = work.recipe.load(runtime)
    for job in jobs:
        yield edit_picture(job, apply, work, progress)


def _read_records(jobs: list[Job]) -> dict[Path, Records]:
    """What the journals say, without the right to add to them."""
    return {home: Records(home) for home in {job.home for job in jobs} if home is not None}


def sort_out(
    jobs: list[Job], work: Work, options: RunOptions, records: Mapping[Path, Records]
) -> Sorted:
    """Find out which jobs are to do, which are finished, and which are refused."""
    result, recipe = Sorted(), digest(work.made_with())
    for job in jobs:
        results = [job.target, job.preview] if options.files.preview else [job.target]
        existing = [path for path in results if os.path.lexists(path)]
        if options.overwrite or not existing:
            result.todo.append(job)
            continue
        sources = [job.source, *work.recipe.companions(job)]
        known = records[job.home] if job.home is not None else None
        foreign = [p for p in existing if not (known and known.has(p, sources, recipe))]
        if foreign:
            error = OutputError(f"{foreign[0]}: exists already; add --overwrite to replace it")
            result.refused.append(Outcome(job, error))
        elif len(existing) == len(results):
            result.finished.append(job)
        else:
            result.todo.append(job)
            result.replaceable.update(existing)
    return result


class _Run:
    """One run's state while it goes."""

    def __init__(self, plan: Plan, work: Work, options: RunOptions, *, folder: bool) -> None:
        self.plan, self.work, self.options, self.folder = plan, work, options, folder
        self.result, self.stop = Result(), Stop()
        self.recipe = digest(work.made_with())
        self.journals: dict[Path, Journal] = {}
        self.fatal: GaneditError | None = None

    def run(self, engine: Engine) -> Result:
        """Skip what is finished, do the rest, tell what failed."""
        started = time.monotonic()
        with ExitStack() as stack:
            for home in sorted({job.home for job in self.plan.jobs if job.home is not None}):
                self.journals[home] = stack.enter_context(Journal(home))
            self.report = stack.enter_context(Report(self.work, self.options))
            jobs = sort_out(self.plan.jobs, self.work, self.options, self.journals)
            self.replaceable = jobs.replaceable
            for job in jobs.finished:
                self._tell(self.report.skipped, job)
            for outcome in jobs.refused:
                self._settle(outcome)
            self._edit(jobs.todo, engine)
        self.result.skipped = len(jobs.finished)
        self.result.interrupted = self.stop.interrupted
        if self.fatal is not None and not self.result.done:
            raise self.fatal
        tell(self.result, self.plan, self.options, time.monotonic() - started, self.stop.reason)
        if self.fatal is not None:
            raise self.fatal
        return self.result

    def _edit(self, jobs: list[Job], engine: Engine) -> None:
        if not jobs:
            return
        self.result.left = len(jobs)
        display = Display(len(jobs), self.options, folder=self.folder)
        work = replace(self.work, pictures=len(jobs))
        outcomes = engine(self.stop.until(jobs), work, display.progress)
        with display, self.stop.at_interrupts() if self.folder else nullcontext():
            try:
                for outcome in outcomes:
                    self.result.left -= 1
                    display.finished(self._settle(outcome))
            except KeyboardInterrupt as interrupt:
                outcomes.throw(interrupt)  # the engine knows how to stop what it started
            except GaneditError as error:
                self.fatal = error

    def _settle(self, outcome: Outcome) -> Outcome:
        """Put a result in its place, or note why there is none."""
        try:
            if outcome.error is None:
                self._publish(outcome)
        except GaneditError as error:
            outcome = replace(outcome, error=error)
        finally:
            discard(outcome.results)
        if outcome.error is None:
            self.result.done.append(outcome.job)
            self._tell(self.report.done, outcome)
            return outcome
        if isinstance(outcome.error, WeightsError):  # no other picture would mend it
            self.fatal = self.fatal or outcome.error
        else:
            self.result.errors.append(outcome.error)
        if isinstance(outcome.error, DiskFullError | WeightsError):
            self.stop.set(str(outcome.error))
        elif self.options.fail_fast:
            self.stop.set("a picture failed")
        self._tell(self.report.failed, outcome)
        return outcome

    def _publish(self, outcome: Outcome) -> None:
        """Record the results, then move them into place, the picture's own last."""
        job = outcome.job
        if job.home is not None:
            for result in outcome.results:
                record = Record(result.stamp, outcome.sources, self.recipe)
                self.journals[job.home].write(result.target, record, self.work.made_with())
        for result in reversed(outcome.results):
            overwrite = self.options.overwrite or result.target in self.replaceable
            publish(result.partial, result.target, overwrite=overwrite)

    def _tell(self, told: Callable[[Told], None], what: Told) -> None:
        """Add to the report; a report that cannot be written ends the run."""
        try:
            told(what)
        except GaneditError as error:
            self.stop.set(str(error))


def tell(result: Result, plan: Plan, options: RunOptions, seconds: float, reason: str) -> None:
    """Say at the end what failed, what is left, and what a folder came to."""
    for error in result.errors:
        click.echo(shown(f"ganedit: {error}"), err=True)
    if options.json:
        return
    if result.errors and len(plan.jobs) > 1:
        click.echo(f"{len(result.errors)} of {len(plan.jobs)} pictures failed", err=True)
    if reason and result.left:
        click.echo(shown(f"stopped ({reason}): {result.left} pictures are left; the same command "
                         "goes on with them"), err=True)  # fmt: skip
    if options.verbosity < 0 or all(job.home is None for job in plan.jobs):
        return
    count, took = len(result.done), tqdm.format_interval(seconds)
    words = [f"{count:,} picture{'s' * (count != 1)} in {took}, {count / seconds:.2f} a second"]
    if result.skipped:
        words.append(f"{result.skipped:,} finished before")
    if plan.left_out.total():
        words.append(f"left out: {describe(plan.left_out)}")
    click.echo("; ".join(words))
