"""`ganedit web`: the page is served until Ctrl-C; then everything it kept is removed."""

import errno
import shutil
import socket
import tempfile
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from starlette.routing import Mount
from starlette.types import ASGIApp

from ganedit.errors import UsageError
from ganedit.runs.options import RunOptions
from ganedit.runs.saying import say
from ganedit.task import Task
from ganedit.web.guard import Guard
from ganedit.web.options import WebOptions
from ganedit.web.programs import PATH, Programs
from ganedit.web.queue import Queue
from ganedit.web.routes import Routes
from ganedit.web.store import Roots, Store

# Ports that are tried after the one that was asked for.
NEXT_PORTS = 20
# Seconds that open connections have at the end.
LAST_SECONDS = 1


@contextmanager
def application(tasks: tuple[Task[Any], ...], options: WebOptions) -> Iterator[ASGIApp]:
    """The page as an application, with its queue and a folder for what it is sent."""
    folder = Path(tempfile.mkdtemp(prefix="ganedit-web-")).resolve()
    store, roots = Store(folder, options.most_pixels), Roots(options.roots)
    queue = Queue(store)
    run = RunOptions(placement=options.placement, quiet=True)
    try:
        routes = Routes(tasks, store, queue, roots, run)
        programs = Programs(tasks, routes.orders, store, queue, options.most_bytes)
        app = routes.app(Mount(PATH, programs))
        yield Guard(app, password=options.password, most_bytes=options.most_bytes)
    finally:
        queue.close()
        shutil.rmtree(folder, ignore_errors=True)


def serve(tasks: tuple[Task[Any], ...], options: WebOptions) -> None:
    """Serve the page until it is interrupted.

    Raises:
        UsageError: the address cannot be listened at.
    """
    listening = _listen(options.host, options.port)
    port = listening.getsockname()[1]
    url = f"http://{_in_url(options.host)}:{port}/"
    with listening, application(tasks, options) as app:
        config = uvicorn.Config(
            app, log_level="critical", ws="none", lifespan="off", server_header=False,
            timeout_graceful_shutdown=LAST_SECONDS,
        )  # fmt: skip
        say(f"{url}  (Ctrl-C ends it)", error=False)
        if options.open:
            own = f"http://{_in_url(_own_name(options.host))}:{port}/"
            threading.Thread(target=webbrowser.open, args=(own,), daemon=True).start()
        with suppress(KeyboardInterrupt):  # the usual end
            uvicorn.Server(config).run(sockets=[listening])


def _own_name(host: str) -> str:
    """By what this computer reaches the page: 0.0.0.0 stands for all of its addresses."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _listen(host: str, port: int) -> socket.socket:
    """A socket at the port, or at one of the next where that is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for offset in range(NEXT_PORTS if port else 1):
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port + offset))
        except OSError as error:
            listening.close()
            if error.errno != errno.EADDRINUSE:
                raise UsageError(f"--host {host} --port {port}: {error.strerror}") from error
        except OverflowError:
            listening.close()
            break
        else:
            listening.listen(128)
            return listening
    raise UsageError(f"--port {port}: this port and the next ones are taken; give another")
