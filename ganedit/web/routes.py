"""What the page and programs may ask for, over HTTP; see docs/web.md."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio.to_thread
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ganedit.errors import GaneditError, ImageTooLargeError
from ganedit.runs.options import RunOptions
from ganedit.runs.pairing import pictures_in
from ganedit.runs.saying import say
from ganedit.task import Task
from ganedit.web import masks
from ganedit.web.forms import describe
from ganedit.web.guard import TooLarge, refusal
from ganedit.web.orders import Orders
from ganedit.web.queue import BusyError, Entry, Queue
from ganedit.web.store import Held, MissingError, Roots, Store, packed
from ganedit.web.views import REDUCED_SIDE, thumbnail

T = TypeVar("T")
PAGE = Path(__file__).parent / "page"
# Pictures that are decoded and encoded for the page at a time.
LOOKING = 4
_FOREVER = {"cache-control": "private, max-age=86400, immutable"}
_STATUS: dict[type[GaneditError], int] = {MissingError: 404, BusyError: 503,
                                          ImageTooLargeError: 413}  # fmt: skip


class Routes:
    """The page's answers."""

    def __init__(
        self, tasks: tuple[Task[Any], ...], store: Store, queue: Queue, roots: Roots,
        run: RunOptions,
    ) -> None:  # fmt: skip
        self.tasks, self.store, self.queue, self.roots = tasks, store, queue, roots
        self.orders = Orders(tasks, store, roots, run)
        self._looking: anyio.CapacityLimiter | None = None

    def app(self, *more: Route | Mount) -> Starlette:
        """The application, with what else is to be found there."""
        api = [
            ("tasks", "GET", self.list_tasks),
            ("files", "POST", self.take_file),
            ("files/{id}", "GET", self.give_file),
            ("files/{id}", "DELETE", self.drop_file),
            ("files/{id}/view", "GET", self.give_view),
            ("files/{id}/tile/{level:int}/{column:int}/{row:int}", "GET", self.give_tile),
            ("files/{id}/copy", "POST", self.copy_file),
            ("masks", "POST", self.take_mask),
            ("masks/{id}/on/{photo}", "GET", self.give_mask),
            ("size", "POST", self.tell_size),
            ("jobs", "GET", self.list_jobs),
            ("jobs", "POST", self.add_job),
            ("jobs/{id}", "GET", self.tell_job),
            ("jobs/{id}", "DELETE", self.forget_job),
            ("jobs/{id}/stop", "POST", self.stop_job),
            ("jobs/{id}/report", "GET", self.give_report),
            ("results.zip", "GET", self.give_results),
            ("folders", "GET", self.list_folders),
            ("gallery/{task}/{input}/{name}", "GET", self.give_shipped),
        ]
        routes: list[Route | Mount] = [
            Route(f"/api/{path}", self._answered(endpoint), methods=[method])
            for path, method, endpoint in api
        ]
        page = Route("/", lambda request: FileResponse(PAGE / "index.html"))
        static = Mount("/page", StaticFiles(directory=PAGE))
        return Starlette(
            routes=[*routes, page, static, *more],
            exception_handlers={TooLarge: lambda request, error: refusal(413, str(error))},
        )

    def _answered(
        self, endpoint: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint, what it refuses told in one line."""

        async def answer(request: Request) -> Response:
            try:
                return await endpoint(request)
            except GaneditError as error:
                status = next((n for kind, n in _STATUS.items() if isinstance(error, kind)), 400)
                return refusal(status, self.store.without_place(str(error)))
            except OSError as error:  # a disk that is full
                return refusal(507, error.strerror or "the disk refuses")
            except (TooLarge, ClientDisconnect):
                raise
            except Exception as error:  # a fault of ganedit's own
                say(f"ganedit: {request.url.path}: {error!r}")
                return refusal(500, f"ganedit failed ({error!r}); please report it")

        return answer

    async def _look(self, function: Callable[..., T], *arguments: Any) -> T:
        """Work on pictures in a thread, a few at a time, so that other answers do not wait."""
        if self._looking is None:
            self._looking = anyio.CapacityLimiter(LOOKING)
        return await anyio.to_thread.run_sync(partial(function, *arguments), limiter=self._looking)

    # --- tasks ---------------------------------------------------------------------------------

    async def list_tasks(self, request: Request) -> Response:
        """The tasks, their inputs and fields."""
        return JSONResponse({
            "tasks": [describe(task) for task in self.tasks],
            "roots": list(map(str, self.roots.folders)),
            "reduced": REDUCED_SIDE,
        })  # fmt: skip

    async def give_shipped(self, request: Request) -> Response:
        """A picture of an input's gallery, small."""
        path = self.orders.shipped(**request.path_params)
        content, kind = await self._look(thumbnail, path, self.store.views.max_pixels)
        return Response(content, media_type=kind, headers=_FOREVER)

    async def tell_size(self, request: Request) -> Response:
        """The size of a result, before it is made."""
        width, height = self.orders.size(await _json(request))
        return JSONResponse({"width": width, "height": height})

    # --- files ---------------------------------------------------------------------------------

    async def take_file(self, request: Request) -> Response:
        """A picture, the body of the request."""
        path = await self._received(request, request.query_params.get("name", "picture"))
        return JSONResponse((await self._look(self.store.take, path)).plain(), 201)

    async def _received(self, request: Request, name: str) -> Path:
        path = self.store.place(name)
        whole = False
        try:
            with path.open("wb") as file:
                async for chunk in request.stream():
                    await asyncio.to_thread(file.write, chunk)
            whole = True
        finally:
            if not whole:  # too large, or the other side is gone
                path.unlink(missing_ok=True)
                path.parent.rmdir()
        return path

    async def give_file(self, request: Request) -> Response:
        """The file itself, as the command line writes it."""
        held = self.store.get(request.path_params["id"])
        return FileResponse(held.path, filename=held.path.name, headers=_FOREVER)

    async def drop_file(self, request: Request) -> Response:
        """Remove a picture that is not needed any more."""
        self.store.drop(request.path_params["id"])
        return Response(status_code=204)

    async def copy_file(self, request: Request) -> Response:
        """A result as a picture to go on with."""
        held = self.store.get(request.path_params["id"])

        def copy() -> Held:
            path = self.store.place(held.path.name)
            path.write_bytes(held.path.read_bytes())
            return self.store.take(path)

        return JSONResponse((await self._look(copy)).plain(), 201)

    async def give_view(self, request: Request) -> Response:
        """A picture reduced, as a browser shows it."""
        side = _number(request.query_params.get("side", str(REDUCED_SIDE)), REDUCED_SIDE)
        id = request.path_params["id"]
        content, kind = await self._look(lambda: self.store.view(id).reduced(side))
        return Response(content, media_type=kind, headers=_FOREVER)

    async def give_tile(self, request: Request) -> Response:
        """A tile of a picture at its own pixels, or halved a few times."""
        id, level, column, row = (
            request.path_params[name] for name in ("id", "level", "column", "row")
        )
        try:
            content, kind = await self._look(lambda: self.store.view(id).tile(level, column, row))
        except IndexError as error:
            raise MissingError(str(error)) from error
        return Response(content, media_type=kind, headers=_FOREVER)

    # --- masks ---------------------------------------------------------------------------------

    async def take_mask(self, request: Request) -> Response:
        """A mask that was painted on a reduced picture, at the picture's own size."""
        photo = self.store.get(request.query_params.get("photo"))
        painted = await self._received(request, "painted.png")

        def enlarge() -> Held:
            target = self.store.place(f"{photo.path.stem}_mask.png")
            try:
                masks.enlarge_mask(painted, (photo.width, photo.height), target)
            finally:
                painted.unlink()
                painted.parent.rmdir()
            return self.store.take(target)

        return JSONResponse((await self._look(enlarge)).plain(), 201)

    async def give_mask(self, request: Request) -> Response:
        """A mask as it is painted on, at the reduced size of its picture."""
        mask = self.store.get(request.path_params["id"])
        photo = self.store.get(request.path_params["photo"])
        size, most = (photo.width, photo.height), self.store.views.max_pixels
        content = await self._look(masks.reduced_mask, mask.path, size, most)
        return Response(content, media_type="image/png")

    # --- jobs ----------------------------------------------------------------------------------

    async def list_jobs(self, request: Request) -> Response:
        """All jobs, the latest last."""
        return JSONResponse({"jobs": self.queue.plain()})

    async def add_job(self, request: Request) -> Response:
        """Have something done."""
        asked = await _json(request)
        order, title = await anyio.to_thread.run_sync(self.orders.order, asked)
        return JSONResponse(self.queue.add(order, title, asked).plain(), 201)

    def _entry(self, id: str) -> Entry:
        if (entry := self.queue.get(id)) is None:
            raise MissingError("there is no such job (any more)")
        return entry

    async def tell_job(self, request: Request) -> Response:
        """How far a job is."""
        return JSONResponse(self._entry(request.path_params["id"]).plain())

    async def give_report(self, request: Request) -> Response:
        """A line of JSON for each picture of a run through a folder."""
        entry = self._entry(request.path_params["id"])
        if entry.report is None:
            raise MissingError("this job has no report")
        name = f"{entry.order.task.name}-report.jsonl"
        return FileResponse(entry.report, filename=name, headers={"cache-control": "no-store"})

    async def give_results(self, request: Request) -> Response:
        """The results of several jobs in one file, those in folders of the user's left out."""
        entries = [self._entry(id) for id in request.query_params.getlist("job")]
        made = [each["result"]["id"] for entry in entries if entry.order.roots is None
                for each in list(entry.made)]  # fmt: skip
        held = [self.store.get(id) for id in made]
        path = self.store.folder / f"{secrets.token_hex(8)}.zip"
        await anyio.to_thread.run_sync(packed, held, path)
        remove = BackgroundTask(path.unlink, missing_ok=True)
        return FileResponse(path, filename="ganedit.zip", background=remove)

    async def stop_job(self, request: Request) -> Response:
        """End a job; answered when it has ended."""
        await anyio.to_thread.run_sync(self.queue.stop, request.path_params["id"])
        return await self.tell_job(request)

    async def forget_job(self, request: Request) -> Response:
        """Remove a job that is over, and its results but for those in the user's folders."""
        self.queue.forget(request.path_params["id"])
        return Response(status_code=204)

    # --- folders -------------------------------------------------------------------------------

    async def list_folders(self, request: Request) -> Response:
        """The folders in one that was chosen."""
        folder = self.roots.folder(request.query_params.get("path"))
        above = folder.parent
        return JSONResponse({
            "path": str(folder),
            "above": str(above) if self.roots.holds(above) else None,
            "folders": self.roots.listed(folder),
            "pictures": sum(map(self.roots.holds, pictures_in(folder))),
        })  # fmt: skip


async def _json(request: Request) -> Mapping[str, Any]:
    try:
        asked = await request.json()
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise GaneditError("the request is no JSON object")
    return asked


def _number(text: str, most: int) -> int:
    return max(1, min(int(text), most)) if text.isdecimal() and len(text) < 9 else most
