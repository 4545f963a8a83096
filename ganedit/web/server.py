"""`ganedit web`: the page is served until Ctrl-C; then everything it kept is removed."""

import errno
import os
import shutil
import socket
import tempfile
import threading
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from filelock import FileLock, Timeout
from starlette.routing import Mount
from starlette.types import ASGIApp

from ganedit import runtime
from ganedit.errors import UsageError
from ganedit.runs.options import FileOptions, RunOptions
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
# Of the folder with what a page keeps, and in it the lock that it holds as long as it runs.
PREFIX, LOCK = "ganedit-web-", "lock"
# Seconds within which a page that starts has certainly taken its lock.
YOUNG = 2
# Seconds that open connections have at the end.
LAST_SECONDS = 1


@contextmanager
def application(tasks: tuple[Task[Any], ...], options: WebOptions) -> Iterator[ASGIApp]:
    """The page as an application, with its queue and a folder for what it is sent."""
    clear_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    lock = FileLock(folder / LOCK, thread_local=False)
    lock.acquire()
    store, roots = Store(folder, options.most_pixels), Roots(options.roots)
    queue = Queue(store)
    files = FileOptions(max_pixels=options.most_pixels)
    run = RunOptions(files=files, placement=options.placement, quiet=True)
    try:
        routes = Routes(tasks, store, queue, roots, run)
        programs = Programs(tasks, routes.orders, store, queue, options.most_bytes)
        app = routes.app(Mount(PATH, programs))
        yield Guard(app, password=options.password, most_bytes=options.most_bytes)
    finally:
        queue.close()
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def clear_abandoned() -> None:
    """Remove what pages kept that were killed: folders of this user's whose lock nobody holds."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError, Timeout):
            mine = not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid()
            age = time.time() - (folder / LOCK).lstat().st_mtime
            if mine and not folder.is_symlink() and age > YOUNG:
                with FileLock(folder / LOCK, timeout=0):
                    shutil.rmtree(folder, ignore_errors=True)


def serve(tasks: tuple[Task[Any], ...], options: WebOptions) -> None:
    """Serve the page until it is interrupted.

    Raises:
        UsageError: the address cannot be listened at.
        DeviceError: there is no such device.
    """
    placement = options.placement
    if placement.device not in ("auto", "cpu"):  # which need no torch here, that takes seconds
        for device in placement.devices:
            runtime.choose(device, placement.precision)
    listening = _listen(options.host, options.port)
    port = listening.getsockname()[1]
    url = f"http://{_in_url(_name_for_others(options.host))}:{port}/"
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


def _name_for_others(host: str) -> str:
    """By what other computers reach the page, where it listens at all addresses of this one."""
    if host not in ("0.0.0.0", "::"):
        return host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    somewhere = "2001:db8::1" if ":" in host else "192.0.2.1"
    with socket.socket(family, socket.SOCK_DGRAM) as asking, suppress(OSError):
        asking.connect((somewhere, 9))  # sends nothing: it says by which address it would
        return str(asking.getsockname()[0])
    return socket.gethostname()


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
