"""A run: what is finished is skipped, the rest is edited, recorded and put in its place."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ganedit.errors import (
    DiskFullError,
    GaneditError,
    OutputError,
    PartnerError,
    UsageError,
    WeightsError,
)
from ganedit.image import output_errors, publish
from ganedit.runs.display import Display
from ganedit.runs.films import check_film, is_film, report_film, run_film
from ganedit.runs.jobs import Job, Plan
from ganedit.runs.journal import Journal, Record, allow_journals
from ganedit.runs.options import STREAM, RunOptions
from ganedit.runs.outcomes import JobProgress, Outcome, Outcomes, Staged, discard
from ganedit.runs.picture import edit_picture
from ganedit.runs.planning import Given, plan_jobs
from ganedit.runs.report import Report
from ganedit.runs.result import Result, tell
from ganedit.runs.saying import say
from ganedit.runs.sheets import write_sheets
from ganedit.runs.stamps import Stamp
from ganedit.runs.stopping import Stop
from ganedit.runs.threads import edit_overlapped
from ganedit.runs.todo import find_todo, read_records
from ganedit.runs.videos import Videos
from ganedit.runs.work import Work, digest, used_weights
from ganedit.runtime import Runtime, available_memory
from ganedit.task import Task
from ganedit.video.kinds import FRAMES

Told = TypeVar("Told")
# Turns jobs into outcomes whose results are staged.
Engine = Callable[[Iterator[Job], Work, JobProgress], Outcomes]


def run_task(task: Task[Any], options: Any, given: Given, run: RunOptions) -> Result:
    """Do a task to all that was given; see `run_plan`.

    Args:
        task: its description.
        options: what it is to do, of the class `task.options`.
        given: its inputs.
        run: how the run goes.

    Raises:
        GaneditError: inputs contradict each other; and what `run_plan` raises.
    """
    if task.rate is None:
        return run_plan(task, options, plan_jobs(task, options, given, run), run)
    check_film(run.files.output)
    film = run.files.output if is_film(run.files.output) else None

    def draw(run: RunOptions) -> Result:
        return run_plan(task, options, plan_jobs(task, options, given, run), run, film=film)

    if film is None:
        return draw(run)
    begun = time.monotonic()
    result = run_film(task.rate(options), run, draw)
    if result.code == 0 and result.done:
        report_film(task, options, run, film, time.monotonic() - begun)
    return result


def run_plan(
    task: Task[Any], options: Any, plan: Plan, run: RunOptions, display: type[Display] = Display,
    *, silent: bool = False, film: Path | None = None,
) -> Result:  # fmt: skip
    """Do what was planned; every failure is told at the end in one line.

    Args:
        task: its description.
        options: what it is to do, of the class `task.options`.
        plan: its results.
        run: how the run goes.
        display: what is told how far it is.
        silent: whether failures are only in the result, for a caller who raises them.
        film: what becomes of the results, where they are frames that nobody keeps.

    Raises:
        GaneditError: the run cannot begin or go on: the weights cannot be used, a device is not
            there, the output cannot be written or is another run's.
    """
    work = work_of(task, options, plan, run)
    if not (run.quiet or run.json):
        for note in plan.notes:
            say(note)
    if run.folders.dry_run:
        if run.json:
            raise UsageError("--dry-run tells in words; leave --json out")
        from ganedit.runs.estimate import tell_estimate

        tell_estimate(find_todo(plan.jobs, work, read_records(plan.jobs)), plan, work)
        return Result()
    folder = any(job.journal_folder is not None for job in plan.jobs)
    moving = any(job.moving for job in plan.jobs)
    engine = _engine(work, several=folder or moving)
    return _Run(plan, work, display, folder=folder, silent=silent, film=film).run(engine)


def work_of(task: Task[Any], options: Any, plan: Plan, run: RunOptions) -> Work:
    """What is to be done to the pictures of a plan.

    Raises:
        GaneditError: no weights do what the options ask for.
    """
    budget = run.placement.memory or available_memory() // 2
    return Work(task, options, run, used_weights(task, options), len(plan.jobs), budget)


def _engine(work: Work, *, several: bool) -> Engine:
    run = work.run
    if run.folders.engine == "ray":
        from ganedit.runs.cluster import edit_on_cluster

        return partial(edit_on_cluster, address=run.folders.address)
    if len(run.placement.devices) > 1:
        from ganedit.runs.processes import edit_on_devices

        return edit_on_devices
    runtime = work.runtime()
    if run.verbose:
        say(f"{runtime.device}: {runtime.reason}")
    return partial(edit_overlapped if several else edit_in_turn, runtime=runtime)


def edit_in_turn(
    jobs: Iterator[Job], work: Work, progress: JobProgress, runtime: Runtime
) -> Outcomes:
    """The engine for pictures named one by one: all cores for each, Ctrl-C stops at once."""
    apply = work.load(runtime)
    for job in jobs:
        yield edit_picture(job, apply, work, progress)


class _Run:
    """One run's state while it goes."""

    def __init__(
        self,
        plan: Plan,
        work: Work,
        display: type[Display],
        *,
        folder: bool,
        silent: bool,
        film: Path | None,
    ) -> None:
        self.plan, self.work, self.display, self.folder = plan, work, display, folder
        self.silent, self.film = silent, film
        self.result, self.stop = Result(), Stop()
        self.journals: dict[Path, Journal] = {}
        self.fatal: GaneditError | None = None

    def _frames_left(self) -> list[Path]:
        """What lies among the frames of a film as if it were one, and will not be one."""
        frames = {job.target for job in self.plan.jobs}
        first = min(frames)
        if len(frames) < 2 or not first.parent.is_dir():
            return []
        beside = sorted(first.parent.glob(f"*{first.suffix}"))
        length = len(first.stem)
        return [
            each for each in beside
            if each.stem.isdecimal() and len(each.stem) == length and each not in frames
        ]  # fmt: skip

    def run(self, engine: Engine) -> Result:
        """Skip what is finished, do the rest, tell what failed."""
        started = time.monotonic()
        named = (job.journal_folder for job in self.plan.jobs)
        folders = sorted({folder for folder in named if folder is not None})
        allow_journals(len(folders))
        with ExitStack() as stack:
            for folder in folders:
                self.journals[folder] = stack.enter_context(Journal(folder))
            self.report = stack.enter_context(Report(self.work, self.work.run))
            todo = find_todo(self.plan.jobs, self.work, self.journals)
            self.replaceable = todo.replaceable
            if self.work.task.rate is not None and todo.refused:
                raise OutputError(  # rather than a film of two
                    f"{todo.refused[0].job.target.parent}: holds frames of another film; add "
                    "--overwrite, or choose another -o"
                )
            if self.work.task.rate is not None and (left := self._frames_left()):
                raise OutputError(
                    f"{left[0].parent}: holds {len(left)} frames of a longer film, like "
                    f"{left[0].name}, which would stay; choose another -o"
                )
            for job in todo.finished:
                self._tell(self.report.skipped, job)
            for outcome in todo.refused:
                self._settle(outcome)
            self.result.skipped = len(todo.finished)
            self._edit(todo.jobs, engine)
            self._write_sheets()
        self.result.interrupted = self.stop.interrupted
        if self.fatal is not None and not self.result.done:
            raise self.fatal
        if not self.silent:
            seconds = time.monotonic() - started
            tell(self.result, self.plan, self.work.run, seconds, self.stop.reason, self.film)
        if self.fatal is not None:
            raise self.fatal
        return self.result

    def _edit(self, jobs: list[Job], engine: Engine) -> None:
        if not jobs:
            return
        self.result.left = len(jobs)
        display = self.display(len(jobs), self.work.run, folder=self.folder)
        begun = time.monotonic()
        videos = Videos(jobs, self.work, display.progress)
        work = replace(self.work, pictures=videos.pictures, segments=videos.alone)
        spread = self.stop.until(videos.spread(self.stop.until(jobs)))
        outcomes = videos.gather(
            engine(spread, work, videos.progress), lambda: time.monotonic() - begun
        )
        with display, self.stop.at_interrupts() if self.folder else nullcontext():
            try:
                for outcome in outcomes:
                    self.result.left -= 1
                    display.finished(self._settle(outcome))
            except KeyboardInterrupt as interrupt:
                outcomes.throw(interrupt)  # the engine knows how to stop what it started
            except GaneditError as error:
                self.fatal = error
        self.result.notes = display.notes.lines()

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
        of_all = self._is_of_all(outcome.error)  # no other picture would mend it
        if of_all:
            self.fatal = self.fatal or outcome.error
        else:
            self.result.errors.append(outcome.error)
        if of_all or isinstance(outcome.error, DiskFullError):
            self.stop.set(str(outcome.error))
        elif self.work.run.folders.fail_fast:
            self.stop.set("a picture failed")
        self._tell(self.report.failed, outcome)
        return outcome

    def _is_of_all(self, error: GaneditError) -> bool:
        """Whether an error would be that of every picture of the run."""
        if isinstance(error, PartnerError):
            return len({job.inputs.get(error.input) for job in self.plan.jobs}) == 1
        return isinstance(error, WeightsError)

    def _publish(self, outcome: Outcome) -> None:
        """Record the results, then move them into place, the picture's own last."""
        folder = outcome.job.journal_folder
        if folder is not None:
            frames = outcome.job.format == FRAMES.name
            for number, result in enumerate(outcome.results):
                provenance = self.work.provenance(video=outcome.job.moving)
                # Frames are looked up by their first: all sources of each would be their square.
                sources = outcome.sources[:1] if frames and number else outcome.sources
                record = Record(result.stamp, sources, digest(provenance))
                self.journals[folder].write(result.target, record, provenance)
        for result in reversed(outcome.results):
            overwrite = self.work.run.files.overwrite or result.target in self.replaceable
            if result.target == STREAM:
                _print(result)
            else:
                publish(result.partial, result.target, overwrite=overwrite)

    def _write_sheets(self) -> None:
        """Make the contact sheets, which are a journal's too: they are no pictures to edit."""
        overwrite = self.work.run.files.overwrite
        try:
            written = write_sheets(self.plan.sheets, self.result.done, overwrite=overwrite)
        except GaneditError as error:
            self.result.errors.append(error)
            return
        for sheet in written:
            folder = sheet.jobs[0].journal_folder
            if folder is not None:
                provenance = self.work.provenance()
                record = Record(Stamp.of(sheet.path), (), digest(provenance))
                self.journals[folder].write(sheet.path, record, provenance)

    def _tell(self, told: Callable[[Told], None], what: Told) -> None:
        """Add to the report; a report that cannot be written ends the run."""
        try:
            told(what)
        except GaneditError as error:
            self.stop.set(str(error))
            self.fatal = self.fatal or error


def _print(result: Staged) -> None:
    """Write a result to standard output.

    Raises:
        OutputError: nobody reads it.
    """
    if sys.stdout is None:
        raise OutputError("-o -: there is no standard output; give a file")
    with output_errors(STREAM):
        sys.stdout.buffer.write(result.partial.read_bytes())
        sys.stdout.buffer.flush()
