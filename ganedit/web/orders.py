"""From a request to an order: which task, with what options, for which files."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ganedit.errors import UsageError
from ganedit.runs.options import RunOptions
from ganedit.runs.planning import Given
from ganedit.task import NAME_MARK, Input, Size, Task
from ganedit.web.forms import Filled, filled, shipped
from ganedit.web.store import MissingError, Roots, Store
from ganedit.web.words import in_words
from ganedit.web.worker import Order


class Orders:
    """Makes orders of what requests say; every file in them is the store's or in a chosen folder.

    A request is a JSON object: `task`; `options` by name; `inputs`, ids of pictures in a list by
    the name of their input (`@NAME` for one that ships). One for a folder has instead of the
    pictures that are edited `folder` and `output`, and may have `folders` by name of an input
    (masks that pair by name) and `estimate`.
    """

    def __init__(
        self, tasks: tuple[Task[Any], ...], store: Store, roots: Roots, run: RunOptions
    ) -> None:
        self._tasks = {task.name: task for task in tasks}
        self._store, self._roots, self._run = store, roots, run
        self.results = store.folder / "results"
        """Where those go that have no folder of the user's."""
        self.reports = store.folder / "reports"
        """Of runs through folders: a line of JSON for each picture."""
        self.reports.mkdir()

    def order(self, asked: Mapping[str, Any]) -> tuple[Order, str]:
        """The order, and what it is called.

        Raises:
            GaneditError: what is wrong with the request.
        """
        task = self._task(asked.get("task"))
        with in_words(task):
            return self._order(task, asked)

    def _order(self, task: Task[Any], asked: Mapping[str, Any]) -> tuple[Order, str]:
        form = self._form(task, asked)
        if "folder" in asked:
            return self._through_folder(task, form, asked)
        files = self._files(task, asked)
        needed = _needed(task, form)
        if needed is not None and not files[needed.name]:
            raise UsageError(f"give the {needed.name}")
        output = self.results / secrets.token_hex(8)
        output.mkdir(parents=True)
        label = task.label(form.options) or task.name
        edited = files.get(task.edited.name, ()) if task.edited is not None else ()
        suffix = f"_{label}" if edited else None
        run = replace(form.run, files=replace(form.run.files, output=output, suffix=suffix))
        title = edited[0].name if edited else label
        return Order(task, form.options, Given(files, options=form.given), run), title

    def size(self, asked: Mapping[str, Any]) -> Size:
        """The size of a result.

        Raises:
            GaneditError: what is wrong with the request.
        """
        task = self._task(asked.get("task"))
        with in_words(task):
            form, size = self._form(task, asked), (0, 0)
            if _needed(task, form) is not None:
                held = self._store.get(asked.get("file"))
                size = held.width, held.height
            return task.size(form.options, size)

    def shipped(self, task: str, input: str, name: str) -> Path:
        """The file of a picture of an input's gallery.

        Raises:
            GaneditError: there is none.
        """
        return shipped(_input(self._task(task), input), name)

    def _task(self, name: object) -> Task[Any]:
        if not isinstance(name, str) or name not in self._tasks:
            raise MissingError(f"there is no task {name!r}; there are: {', '.join(self._tasks)}")
        return self._tasks[name]

    def _form(self, task: Task[Any], asked: Mapping[str, Any]) -> Filled:
        return filled(task, _object(asked, "options"), self._run, lambda id: self._file(id))

    def _file(self, id: object) -> Path:
        return self._store.get(id).path

    def _files(self, task: Task[Any], asked: Mapping[str, Any]) -> dict[str, tuple[Path, ...]]:
        """The files of each input.

        Raises:
            GaneditError: there is no such input or picture, or too many.
        """
        files = {each.name: tuple[Path, ...]() for each in task.inputs}
        for name, ids in _object(asked, "inputs").items():
            each = _input(task, name)
            if not isinstance(ids, list) or len(ids) > each.most:
                raise UsageError(f"{name}: a list of at most {each.most} pictures")
            files[name] = tuple(
                shipped(each, id) if str(id).startswith(NAME_MARK) else self._file(id) for id in ids
            )
        return files

    def _through_folder(
        self, task: Task[Any], form: Filled, asked: Mapping[str, Any]
    ) -> tuple[Order, str]:
        if task.edited is None:
            raise UsageError(f"{task.name} draws pictures; it takes no folder of them")
        folder = self._roots.folder(asked["folder"])
        output = self._roots.folder(asked.get("output"), made=True)
        estimate = bool(asked.get("estimate"))
        report = None if estimate else self.reports / f"{secrets.token_hex(8)}.jsonl"
        folders = {
            _input(task, name).name: self._roots.folder(path)
            for name, path in _object(asked, "folders").items()
        }
        files = {**self._files(task, asked), task.edited.name: (folder,)}
        run = replace(
            form.run,
            files=replace(form.run.files, output=output),
            folders=replace(form.run.folders, dry_run=estimate, report=report),
        )
        given = Given(files, folders, form.given)
        return Order(task, form.options, given, run, self._roots, estimate), f"{folder.name}/"


def _needed(task: Task[Any], form: Filled) -> Input | None:
    """The input that is edited; None for a task that draws, or where a number stands for it."""
    edited = task.edited
    return None if edited is None or edited.number in form.given else edited


def _input(task: Task[Any], name: str) -> Input:
    for each in task.inputs:
        if each.name == name:
            return each
    raise MissingError(f"{task.name} takes no {name!r}")


def _object(asked: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = asked.get(name) or {}
    if not isinstance(value, dict):
        raise UsageError(f"{name}: not an object")
    return value
