"""The tasks for programs, as endpoints of gradio: its client calls them like functions.

gradio takes seconds to import and has dozens of addresses. It is loaded when the first program
asks, and only those of its addresses answer that its client needs to call these functions.
"""

import asyncio
import inspect
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ganedit.errors import GaneditError
from ganedit.task import Input, Task
from ganedit.web.forms import describe
from ganedit.web.guard import refusal
from ganedit.web.orders import Orders
from ganedit.web.queue import Queue
from ganedit.web.store import MissingError, Store

PATH = "/gradio"
_NEEDED = re.compile(
    rf"{PATH}/(config|gradio_api/(info|upload|startup-events|heartbeat/\w+|call/(v2/)?\w+(/\w+)?"
    r"|queue/(join|data)|cancel|reset))/?"
)
_FILE = f"{PATH}/gradio_api/file="
_KINDS: dict[str, Any] = {"slider": float, "number": float, "switch": bool}


class Programs:
    """gradio's application behind a list of what it may answer."""

    def __init__(
        self, tasks: tuple[Task[Any], ...], orders: Orders, store: Store, queue: Queue, most: int
    ) -> None:
        self._tasks, self._orders, self._store, self._queue = tasks, orders, store, queue
        self._most, self._folder = most, store.folder / "gradio"
        self._results = orders.results
        self._app: ASGIApp | None = None
        self._loading = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of gradio's client."""
        path: str = scope["path"]
        if not _NEEDED.fullmatch(path):
            await self._answer_itself(path)(scope, receive, send)
            return
        async with self._loading:
            if self._app is None:
                self._app = await asyncio.to_thread(self._load)
                self._blocks.run_startup_events()
        await self._app({**scope, "root_path": ""}, receive, send)

    def _answer_itself(self, path: str) -> Response:
        """A result; gradio would fetch other files too, and pages from elsewhere."""
        file = Path(path.removeprefix(_FILE)).resolve()
        if path.startswith(_FILE) and file.is_relative_to(self._results) and file.is_file():
            return FileResponse(file, filename=file.name)
        return refusal(404, "nothing is there for programs")

    def _load(self) -> ASGIApp:
        os.environ["GRADIO_TEMP_DIR"] = str(self._folder)
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

        import fastapi
        import gradio

        with gradio.Blocks(analytics_enabled=False, mode="server", title="ganedit") as blocks:
            for task in self._tasks:
                gradio.api(self._function(task), api_name=task.name, concurrency_limit=None)
        self._blocks = blocks
        outer = fastapi.FastAPI(openapi_url=None)
        gradio.mount_gradio_app(
            outer, blocks, PATH, max_file_size=self._most, ssr_mode=False, mcp_server=False,
            run_history=False, footer_links=[],
        )  # fmt: skip
        return outer

    def _function(self, task: Task[Any]) -> Callable[..., Any]:
        """A task as gradio takes one: every picture and option a parameter with its type."""
        from gradio import Error, FileData

        def function(*values: Any, **named: Any) -> Any:
            given = signature.bind(*values, **named).arguments
            try:
                paths = self._do(task, given)
            except GaneditError as error:
                raise Error(self._store.without_place(str(error)), print_exception=False) from error
            return [FileData(path=str(path), orig_name=path.name) for path in paths]

        fields = describe(task)["fields"]
        kinds = {each.name: list[FileData] if each.most > 1 else FileData for each in task.inputs}
        kinds |= {each["name"]: _kind(each) for each in fields}
        signature = inspect.Signature(
            [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None,
                               annotation=kind | None) for name, kind in kinds.items()],
            return_annotation=list[FileData],
        )  # fmt: skip
        function.__name__ = task.name
        function.__doc__ = task.summary
        function.__signature__ = signature  # type: ignore[attr-defined]
        function.__annotations__ = {
            **{name: each.annotation for name, each in signature.parameters.items()},
            "return": list[FileData],
        }
        return function

    def _do(self, task: Task[Any], given: dict[str, Any]) -> list[Path]:
        """Do the task when its turn has come.

        Raises:
            GaneditError: why it cannot be done.
        """
        inputs = {each.name: self._taken(each, given.pop(each.name, None)) for each in task.inputs}
        asked = {"task": task.name, "inputs": inputs, "options": given}
        order, title = self._orders.order(asked)
        entry = self._queue.add(order, title, asked)
        self._queue.wait(entry)
        if not entry.made:
            raise GaneditError(entry.errors[0] if entry.errors else "the job was stopped")
        return [self._store.get(made["result"]["id"]).path for made in entry.made]

    def _taken(self, each: Input, value: Any) -> list[str]:
        """Pictures that gradio received, as the store's own."""
        several = value if isinstance(value, list) else [] if value is None else [value]
        ids = []
        for one in several:
            sent = Path(str(one.get("path") if isinstance(one, dict) else one)).resolve()
            if not sent.is_relative_to(self._folder) or not sent.is_file():
                raise MissingError(f"{each.name}: send the file (handle_file)")
            target = self._store.place(sent.name)
            shutil.move(sent, target)
            ids.append(self._store.take(target).id)
        return ids


def _kind(field: dict[str, Any]) -> Any:
    if field["many"]:
        return list[str]
    return int if field["whole"] else _KINDS.get(field["kind"], str)
