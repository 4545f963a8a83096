"""The files that requests may name: pictures that were sent, results, and chosen folders."""

import re
import secrets
import shutil
import threading
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganedit.errors import GaneditError, UsageError
from ganedit.web.options import KEPT_BYTES
from ganedit.web.views import View, Views

# Letters that some system does not take in the name of a file, and the longest name.
_NOT_IN_NAMES, LONGEST_NAME = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]'), 100
# Files of its own that a page keeps at a time, whatever their size.
MOST_FILES = 4000


class MissingError(GaneditError):
    """What a request names is not there, or not to be seen."""


@dataclass(frozen=True)
class Held:
    """A picture that requests may name."""

    id: str
    path: Path
    width: int
    height: int
    bytes: int
    own: bool = True
    """Whether it goes when it is dropped: not what lies in a folder of the user's."""
    notes: tuple[str, ...] = ()
    """What there is to know of it: that a part is missing."""

    def plain(self) -> dict[str, Any]:
        """What the page is told of it."""
        return {
            "id": self.id, "name": self.path.name, "width": self.width, "height": self.height,
            "bytes": self.bytes, "notes": list(self.notes),
        }  # fmt: skip


class Store:
    """Everything by what requests call it. Threads may use it."""

    def __init__(self, folder: Path, max_pixels: int, kept_bytes: int = KEPT_BYTES) -> None:
        self.folder, self.kept_bytes = folder, kept_bytes
        self.views = Views(folder / "views", max_pixels)
        self._held: dict[str, Held] = {}
        self._lock = threading.Lock()

    def place(self, name: str) -> Path:
        """Where a file that is sent under a name is to be written: a folder of its own."""
        folder = self.folder / secrets.token_hex(8)
        folder.mkdir()
        return folder / safe_name(name)

    def take(self, path: Path) -> Held:
        """Let requests name a file that was written to its `place`; one that is no picture is
        removed.

        Raises:
            GaneditError: what is wrong with it.
        """
        try:
            view = self.views.of(path.parent.name, path)
        except GaneditError as error:
            shutil.rmtree(path.parent, ignore_errors=True)
            raise type(error)(self.without_place(str(error))) from error
        size = path.stat().st_size
        return self._keep(Held(path.parent.name, path, *view.size, size, notes=view.notes))

    def adopt(self, path: Path, size: tuple[int, int], *, own: bool) -> Held:
        """Let requests name a result, or a picture of a chosen folder."""
        return self._keep(Held(secrets.token_hex(8), path, *size, path.stat().st_size, own))

    def get(self, id: object) -> Held:
        """The picture that a request names.

        Raises:
            MissingError: there is none.
        """
        held = self._held.get(id) if isinstance(id, str) else None
        if held is None or not held.path.is_file():
            raise MissingError("there is no such picture (any more); open it again")
        return held

    def view(self, id: object) -> View:
        """The picture that a request names, as it is shown.

        Raises:
            GaneditError: there is none, or it cannot be read.
        """
        held = self.get(id)
        return self.views.of(held.id, held.path)

    def drop(self, id: str) -> None:
        """Forget a picture, and remove it if it is the store's own."""
        with self._lock:
            held = self._held.pop(id, None)
        if held is not None:
            self.views.forget(id)
            if held.own:
                held.path.unlink(missing_ok=True)
                with suppress(OSError):  # another result is in there
                    held.path.parent.rmdir()

    def without_place(self, text: str) -> str:
        """A message without the folders that only the store knows."""
        return re.sub(rf"{re.escape(str(self.folder))}/(?:[^\s/]+/)*", "", text)

    def _keep(self, held: Held) -> Held:
        with self._lock:
            self._held[held.id] = held
            own = [each for each in self._held.values() if each.own]
        files, kept = len(own), sum(each.bytes for each in own)
        for oldest in own:
            if (kept <= self.kept_bytes and files <= MOST_FILES) or oldest is held:
                break
            files, kept = files - 1, kept - oldest.bytes
            self.drop(oldest.id)
        return held


def packed(files: list[Held], target: Path) -> None:
    """Write files as they are into an archive, those of one name numbered."""
    taken = set[str]()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for held in files:
            name, number = held.path.name, 2
            while name in taken:
                name = f"{held.path.stem} ({number}){held.path.suffix}"
                number += 1
            taken.add(name)
            archive.write(held.path, name)


def safe_name(name: str) -> str:
    """The last part of a name that someone sent, as one that every system takes."""
    last = re.split(r"[/\\]", name)[-1]
    cleaned = _NOT_IN_NAMES.sub("_", last).strip(" .")
    stem, dot, suffix = cleaned.rpartition(".")
    short = f"{stem[: LONGEST_NAME - len(suffix[:8])]}{dot}{suffix[:8]}" if dot else cleaned
    return short[: LONGEST_NAME + 1] or "picture"


@dataclass(frozen=True)
class Roots:
    """The folders that were chosen when the page was started, links resolved."""

    folders: tuple[Path, ...]

    def holds(self, path: Path) -> bool:
        """Whether a path, links resolved, lies in one of them and in no hidden folder there."""
        real = path.resolve()
        return any(
            real.is_relative_to(root) and not _hidden(real.relative_to(root))
            for root in self.folders
        )

    def folder(self, name: object, *, made: bool = False) -> Path:
        """The folder that a request names; with `made` one that need not be there yet.

        Raises:
            MissingError: it lies elsewhere, or is none.
        """
        path = Path(name) if isinstance(name, str) and "\0" not in name else Path()
        if not path.is_absolute() or not self.holds(path):
            raise MissingError(f"{name}: not in a folder that was chosen (ganedit web --folder)")
        real = path.resolve()
        if not (real.is_dir() or (made and not real.exists())):
            raise MissingError(f"{name}: no such folder")
        return real

    def listed(self, folder: Path) -> list[str]:
        """Names of the folders in one that can be opened, in their order.

        Raises:
            UsageError: it may not be read.
        """
        try:
            inner = sorted(folder.iterdir(), key=lambda path: path.name.casefold())
            return [each.name for each in inner if each.is_dir() and self.holds(each)
                    and not each.name.startswith(".")]  # fmt: skip
        except OSError as error:
            raise UsageError(f"{folder}: {error.strerror}") from error


def _hidden(place: Path) -> bool:
    return any(part.startswith(".") for part in place.parts)
