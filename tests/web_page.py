"""The page as tests see it: served in a thread, asked over HTTP; and a task that takes its time."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import toys
import uvicorn
from command_line import EXACT, REPOSITORY

from ganedit.image import Image
from ganedit.options import Options, option
from ganedit.runs.options import Placement
from ganedit.runtime import Runtime
from ganedit.task import Apply, Enlarge, Pictures, Progress, Task
from ganedit.web.options import WebOptions
from ganedit.web.server import application

# As long as a test may wait for anything.
PATIENCE = 120.0
PLACEMENT = Placement(device="cpu", precision="fp32")


def a_second() -> float:
    """A second, or as many as more programs share the machine than it has cores."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@dataclass(frozen=True)
class SleepOptions(Options):
    seconds: float = option(0.1, "How long.", least=0, most=1000)
    busy: bool = option(False, "Never says how far it is, and ends its process.")


def sleep(options: SleepOptions, pictures: Pictures, variant: str, progress: Progress) -> Image:
    progress(0.5)
    time.sleep(options.seconds)
    (photo,) = pictures["photo"]
    return photo


def load_sleep(options: SleepOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    return partial(sleep, options)


SLEEP = Task(
    "sleep", "Do nothing, slowly.", "", SleepOptions, load_sleep, toys.no_weights,
    inputs=(toys.PHOTO,),
)  # fmt: skip
# What is drawn in the page goes through as it is, in no time.
SCRIBBLE = replace(
    SLEEP, name="scribble", inputs=(replace(toys.PHOTO, drawn=True),), summary="Copy drawings."
)
ROWS = (*toys.TOYS, SLEEP, SCRIBBLE)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def told(self) -> str:
        """The one line of a refusal."""
        line: str = self.json["error"]
        assert "\n" not in line
        return line


class Page:
    """A page that runs, asked as programs ask."""

    def __init__(self, port: int, folder: Path, kept: Path) -> None:
        self.port, self.folder, self.kept = port, folder, kept

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send a request: bytes as they are, anything else as JSON."""
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request(method, path, sent, named)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()},
                          answer.read())  # fmt: skip

    def send(self, file: Path) -> dict[str, Any]:
        """Send a picture."""
        answer = self.ask("POST", f"/api/files?name={file.name}", file.read_bytes())
        assert answer.status == 201, answer.body
        return answer.json

    def add(self, **asked: object) -> dict[str, Any]:
        """Have a job done."""
        answer = self.ask("POST", "/api/jobs", asked)
        assert answer.status == 201, answer.body
        return answer.json

    def job(self, id: str) -> dict[str, Any]:
        return self.ask("GET", f"/api/jobs/{id}").json

    def until(self, id: str, *states: str) -> dict[str, Any]:
        """The job as soon as it is in one of these states."""
        end = time.monotonic() + PATIENCE
        while (job := self.job(id))["state"] not in states:
            assert time.monotonic() < end, job
            time.sleep(0.02)
        return job

    def finished(self, **asked: object) -> dict[str, Any]:
        """Have a job done, and wait for it."""
        return self.until(self.add(**asked)["id"], "done", "failed", "stopped")

    def result(self, job: dict[str, Any], number: int = 0) -> bytes:
        """The file of a result, as it is downloaded."""
        assert not job["errors"], job["errors"]
        return self.ask("GET", f"/api/files/{job['made'][number]['result']['id']}").body


@contextlib.contextmanager
def command(*words: object, **environment: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`ganedit web` as a user starts it: the address that it says, and its process."""
    asked = ["web", "--no-open", "--port", "0", *words, *EXACT]
    around = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", **environment}
    with subprocess.Popen(
        [sys.executable, "-m", "ganedit", *map(str, asked)], env=around, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[0], process
        finally:
            process.kill()


@contextlib.contextmanager
def served(folder: Path, **options: Any) -> Iterator[Page]:
    """A page of the shipped tasks and the toys whose chosen folder is this one."""
    chosen = WebOptions(folder=(folder,), placement=PLACEMENT, **options)
    kept = folder.parent / f"{folder.name}-kept"
    kept.mkdir()
    with mock.patch.object(tempfile, "tempdir", str(kept)), application(ROWS, chosen) as app:
        config = uvicorn.Config(app, port=0, log_level="critical", ws="none", lifespan="off",
                                timeout_graceful_shutdown=1)  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield Page(server.servers[0].sockets[0].getsockname()[1], folder, kept)
        finally:
            server.should_exit = True
            thread.join()
    assert not list(kept.glob("ganedit-web-*"))  # nothing stays
