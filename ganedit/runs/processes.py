"""The engine of several devices: a process for each, which ask for pictures as they are free."""

import multiprocessing
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait

from ganedit.errors import DeviceError, GaneditError
from ganedit.runs.jobs import Job
from ganedit.runs.outcomes import JobProgress, Outcome, Outcomes
from ganedit.runs.threads import edit_overlapped
from ganedit.runs.work import Work

# A picture in work when so many processes died is taken for what killed them.
MOST_DEATHS = 2


def edit_on_devices(jobs: Iterator[Job], work: Work, progress: JobProgress) -> Outcomes:
    """Edit jobs on every device that was asked for.

    A process that dies has its pictures redone by the others.

    Raises:
        GaneditError: a device or the weights cannot be used, or no process is left.
    """
    shares = _shares(work)
    for share in shares:  # before any picture is done, and not when a process gets round to it
        share.runtime()
    workers = [_Worker(share) for share in shares]
    pending = _Pending(jobs)
    try:
        while pending.serve(workers):
            for worker in _ready(workers):
                try:
                    outcome = worker.receive()
                except (EOFError, OSError):
                    workers.remove(worker)
                    worker.stop()
                    yield from pending.take_back(worker)
                    if not workers:
                        raise _none_left(worker) from None
                    continue
                if outcome is not None:
                    progress(outcome.job, 1.0)
                    yield outcome
    finally:
        for worker in workers:
            worker.stop()


class _Worker:
    """A process that edits pictures on one device."""

    def __init__(self, work: Work) -> None:
        # Not forked: CUDA does not survive that.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, work), daemon=True)
        self.process.start()
        theirs.close()
        self.device = work.run.placement.device
        self.given: dict[Job, None] = {}
        self.asks = False

    def receive(self) -> Outcome | None:
        """What it has done, or None where it asks for a job."""
        message = self.connection.recv()
        if isinstance(message, GaneditError):
            raise message
        if isinstance(message, Outcome):
            del self.given[message.job]
            return message
        self.asks = True
        return None

    def give(self, job: Job) -> None:
        """Answer with a job."""
        self.asks = False
        self.given[job] = None
        with suppress(OSError):  # it died: reading will find out
            self.connection.send(job)

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self.connection.close()
        self.process.terminate()
        self.process.join()


class _Pending:
    """The jobs that no process has: new ones, and those of processes that died."""

    def __init__(self, jobs: Iterator[Job]) -> None:
        self._jobs, self._again, self._ended = jobs, list[Job](), False
        self._deaths: Counter[Job] = Counter()

    def serve(self, workers: list[_Worker]) -> bool:
        """Give processes what they ask for; returns whether anything is still to come."""
        for worker in workers:
            if worker.asks:
                job = self._again.pop() if self._again else next(self._jobs, None)
                if job is not None:
                    worker.give(job)
                self._ended = job is None
        return not self._ended or any(worker.given for worker in workers)

    def take_back(self, worker: _Worker) -> Iterator[Outcome]:
        """Have the jobs of a process that died done again; yields those that are given up."""
        for job in worker.given:
            self._deaths[job] += 1
            if self._deaths[job] < MOST_DEATHS:
                self._again.append(job)
                self._ended = False
                continue
            yield Outcome(job, DeviceError(
                f"{job.source}: {MOST_DEATHS} processes died while it was in work"))  # fmt: skip


def _serve(connection: Connection, work: Work) -> None:
    """What a process does: ask for jobs, answer with outcomes."""
    # The user's Ctrl-C reaches every process; when to stop is for the first one to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sending = threading.Lock()

    def send(message: Outcome | GaneditError | None) -> None:
        with sending:
            connection.send(message)

    def jobs() -> Iterator[Job]:
        send(None)
        while (job := connection.recv()) is not None:
            yield job
            send(None)

    try:
        for outcome in edit_overlapped(jobs(), work, lambda job, done: None):
            send(outcome)
    except GaneditError as error:
        send(error)
    except (EOFError, OSError):
        return  # the first process is gone


def _shares(work: Work) -> list[Work]:
    """The work of each device: its part of the pictures at once and of their memory."""
    asked, folders = work.run.placement, work.run.folders
    count = len(asked.devices)
    jobs = None if folders.jobs is None else max(1, folders.jobs // count)
    return [
        replace(
            work,
            run=replace(
                work.run,
                placement=replace(asked, device=device),
                folders=replace(folders, jobs=jobs),
            ),
            pictures=-(-work.pictures // count),
            budget=work.budget // count,
        )
        for device in asked.devices
    ]


def _ready(workers: list[_Worker]) -> list[_Worker]:
    """Those that have something to say; waits for one."""
    connections = wait([worker.connection for worker in workers])
    return [worker for worker in workers if worker.connection in connections]


def _none_left(worker: _Worker) -> DeviceError:
    return DeviceError(
        f"the process of {worker.device} died, of too little memory perhaps; run again to go on"
    )
