"""One job after the other, each in a process of its own; what became of each stays to be seen."""

import multiprocessing
import secrets
import shutil
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ganedit.errors import GaneditError
from ganedit.web import worker
from ganedit.web.store import Store
from ganedit.web.words import told
from ganedit.web.worker import Order

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

State = Literal["waiting", "running", "done", "failed", "stopped"]
# Jobs that are remembered, and of each the results and failures that are shown.
KEPT_JOBS, SHOWN = 200, 48
# Jobs that may wait at a time.
MOST_WAITING = 100
# Seconds that a job has to put its things in order before it is ended; a run through a folder
# clears what it had staged.
GRACE = 0.6


class BusyError(GaneditError):
    """More jobs wait than may."""


@dataclass
class Entry:
    """A job and how far it is. Changed under the queue's lock only."""

    order: Order
    title: str
    """What the page calls it."""
    asked: Mapping[str, Any]
    """What the request said, from which a page that is loaded anew shows the job."""
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: State = "waiting"
    done: float = 0.0
    todo: int = 0
    before: int = 0
    seconds: float = 0.0
    started: float = 0.0
    made: list[dict[str, Any]] = field(default_factory=list)
    """The results; of a run through a folder the latest that are shown."""
    made_count: int = 0
    errors: deque[str] = field(default_factory=lambda: deque(maxlen=SHOWN))
    notes: list[str] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether nothing more will become of it."""
        return self.state in ("done", "failed", "stopped")

    @property
    def report(self) -> Path | None:
        """The file with a line for each picture, if there is one."""
        file = self.order.run.folders.report
        return file if file is not None and file.is_file() else None

    def plain(self) -> dict[str, Any]:
        """What the page is told of it."""
        took = time.monotonic() - self.started if self.state == "running" else self.seconds
        share = min(1.0, self.done / self.todo) if self.todo else 0.0
        left = took * (1 - share) / share if share > 0.01 and self.state == "running" else None
        return {
            "id": self.id, "task": self.order.task.name, "title": self.title, "state": self.state,
            "folder": self.order.roots is not None, "estimate": self.order.estimate,
            "report": self.report is not None,
            "share": 1.0 if self.state == "done" else share,
            "done": int(self.done), "todo": self.todo, "before": self.before,
            "seconds": took, "left": left, "made": self.made[-SHOWN:], "count": self.made_count,
            "errors": list(self.errors), "notes": self.notes, "asked": self.asked,
        }  # fmt: skip


class Queue:
    """The jobs of a page, in the order in which they were asked for."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._entries: dict[str, Entry] = {}
        self._changed = threading.Condition()
        self._process: BaseProcess | None = None
        self._closed = False
        # Forked from a process that has imported torch and nothing else: ready at once.
        forks = "forkserver" in multiprocessing.get_all_start_methods()
        self._context: ForkServerContext | SpawnContext = (
            multiprocessing.get_context("forkserver")
            if forks
            else multiprocessing.get_context("spawn")
        )
        self._context.set_forkserver_preload(["ganedit.web.preload"])
        self._thread = threading.Thread(target=self._go_through, name="ganedit-queue", daemon=True)
        self._thread.start()

    def add(self, order: Order, title: str, asked: Mapping[str, Any]) -> Entry:
        """Have a job done after those that wait already.

        Raises:
            BusyError: too many wait.
        """
        entry = Entry(order, title, asked)
        with self._changed:
            if sum(each.state == "waiting" for each in self._entries.values()) >= MOST_WAITING:
                raise BusyError(f"{MOST_WAITING} jobs wait already; come back later")
            self._entries[entry.id] = entry
            for id in [each.id for each in self._entries.values() if each.over][:-KEPT_JOBS]:
                self._forget(id)
            self._changed.notify_all()
        return entry

    def get(self, id: str) -> Entry | None:
        """The job of that name, if it is remembered."""
        return self._entries.get(id)

    def plain(self) -> list[dict[str, Any]]:
        """All jobs as the page is told of them, the latest last."""
        with self._changed:
            return [entry.plain() for entry in self._entries.values()]

    def stop(self, id: str) -> None:
        """Take a job out of the line, or end its process; returns when it has ended."""
        with self._changed:
            entry = self._entries.get(id)
            if entry is None or entry.over:
                return
            entry.state, process = "stopped", self._process if entry.started else None
        if process is not None:
            _end(process)
        with self._changed:
            self._changed.notify_all()

    def forget(self, id: str) -> None:
        """Remove a job that is over, with the results that are the store's own."""
        with self._changed:
            if id in self._entries and self._entries[id].over:
                self._forget(id)

    def wait(self, entry: Entry) -> None:
        """Return when a job is over."""
        with self._changed:
            self._changed.wait_for(lambda: entry.over or self._closed)

    def close(self) -> None:
        """End what runs; nothing more is begun."""
        with self._changed:
            self._closed = True
            process = self._process
            self._changed.notify_all()
        if process is not None:
            _end(process)
        self._thread.join(timeout=5)

    def _forget(self, id: str) -> None:
        entry = self._entries.pop(id)
        if entry.report is not None:
            entry.report.unlink(missing_ok=True)
        for made in entry.made:
            self._drop(made)

    def _drop(self, made: Mapping[str, Any]) -> None:
        for picture in (made["result"], made["source"]):
            if picture is not None:
                self.store.drop(picture["id"])

    def _go_through(self) -> None:
        self._warm()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._next() is not None)
                entry = self._next()
                if self._closed or entry is None:
                    return
                entry.state, entry.started = "running", time.monotonic()
            try:
                self._do(entry)
            except Exception as error:  # of ours, or of a disk: the others are to have their turn
                entry.errors.append(f"ganedit failed ({error!r}); please report it")
            with self._changed:
                self._process = None
                self._settle(entry)
                self._changed.notify_all()

    def _do(self, entry: Entry) -> None:
        """A job, in a process of its own."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=worker.serve, args=(theirs, entry.order))
        process.start()  # waits for the process that it is forked from
        theirs.close()
        with self._changed:
            self._process, unwanted = process, entry.over or self._closed
        if unwanted:
            _end(process)
        try:
            self._follow(entry, ours)
        except Exception:
            _end(process)
            raise
        process.join()
        if entry.state == "running" and process.exitcode != 0:
            entry.errors.append(
                f"the process ended by itself ({process.exitcode}): of too little memory perhaps; "
                "try a smaller result, or --memory"
            )

    def _warm(self) -> None:
        """Start the process that others are forked from, where it can be: its socket lies in the
        temporary folder, whose path may be too long for one."""
        if sys.platform == "win32" or self._context.get_start_method() != "forkserver":
            return
        from multiprocessing import forkserver

        try:
            forkserver.ensure_running()
        except OSError:  # slower: each job imports what it needs
            self._context = multiprocessing.get_context("spawn")

    def _next(self) -> Entry | None:
        waiting = (each for each in self._entries.values() if each.state == "waiting")
        return next(waiting, None)

    def _follow(self, entry: Entry, connection: Connection) -> None:
        """Note what the process tells until it ends."""
        with connection:
            while True:
                try:
                    event = connection.recv()
                except (EOFError, OSError):
                    return
                with self._changed:
                    self._note(entry, event)

    def _note(self, entry: Entry, event: worker.Event) -> None:
        match event:
            case worker.Begun():
                entry.todo, entry.before = event.todo, event.before
            case worker.Share():
                entry.done = event.done
            case worker.Made():
                entry.made_count += 1
                entry.made.append(self._made(entry, event))
                if entry.order.roots is not None and len(entry.made) > SHOWN:
                    self._drop(entry.made.pop(0))  # the files stay: they are the user's
            case worker.Failed():
                entry.errors.append(self._told(entry, event.told))
            case worker.Said():
                entry.notes += (self._told(entry, line) for line in event.lines)

    def _told(self, entry: Entry, text: str) -> str:
        """A message in the page's words, without the folders that only the store knows."""
        return told(entry.order.task, self.store.without_place(text))

    def _made(self, entry: Entry, event: worker.Made) -> dict[str, Any]:
        folder = entry.order.roots is not None
        result = self.store.adopt(event.target, event.size, own=not folder)
        source = None
        if event.source is not None and folder:
            source = self.store.adopt(event.source, event.input_size, own=False).plain()
        notes = [self._told(entry, note) for note in event.notes]
        return {"result": result.plain(), "source": source, "notes": notes}

    def _settle(self, entry: Entry) -> None:
        entry.seconds = time.monotonic() - entry.started
        output = entry.order.run.files.output
        if entry.order.roots is None and not entry.made_count and output is not None:
            shutil.rmtree(output, ignore_errors=True)  # what a process that was ended had staged
        if entry.state == "running":
            entry.state = "failed" if entry.errors and not entry.made_count else "done"


def _end(process: BaseProcess) -> None:
    """Ask a process to end as Ctrl-C does, twice, then end it."""
    process.terminate()
    process.join(GRACE / 3)
    if process.is_alive():
        process.terminate()
        process.join(GRACE * 2 / 3)
    if process.is_alive():
        process.kill()
        process.join()
