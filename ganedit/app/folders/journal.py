"""What is finished: a record of every result, in a hidden folder beside the results.

A record is written before its result is moved into place. Killed at any moment, a run leaves a
result that matches a record, which the next run skips, or none, and the next run makes it.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from ganedit.app.folders.inputs import JOURNAL_FOLDER
from ganedit.app.folders.lines import LineFile
from ganedit.app.folders.stamps import Stamp
from ganedit.errors import OutputError
from ganedit.image import output_errors


@dataclass(frozen=True)
class Record:
    """How a result came to be."""

    made: Stamp
    """The result."""
    sources: tuple[Stamp, ...]
    """The picture, and what came with it."""
    recipe: str
    """Digest of the task, its options and weights."""


class Records:
    """The records of a folder of results, by the path of each result below it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._records: dict[str, list[Record]] = {}
        try:
            lines = journal_file(home).read_bytes().splitlines()
        except OSError:
            lines = []  # no run has been here, or what it left may not be read
        for line in lines:
            self._read(line)

    def _read(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
            sources = tuple(Stamp(**stamp) for stamp in entry["sources"])
            record = Record(Stamp(**entry["made"]), sources, entry["recipe"])
        except (ValueError, KeyError, TypeError):
            return  # the heading of a recipe, or a line that a killed run did not finish
        self.add(entry["result"], record)

    def add(self, name: str, record: Record) -> None:
        """Add one; earlier ones of the same result stay, in case it was never moved into place."""
        self._records.setdefault(name, []).append(record)

    def has(self, result: Path, sources: Sequence[Path], recipe: str) -> bool:
        """Whether a file is the result that these sources and this recipe give."""
        return any(
            record.recipe == recipe
            and record.made.matches(result)
            and len(record.sources) == len(sources)
            and all(map(Stamp.matches, record.sources, sources))
            for record in self._records.get(self.name_of(result), [])
        )

    def name_of(self, result: Path) -> str:
        """What a result is called in its records."""
        return result.relative_to(self.home).as_posix()


class Journal(Records):
    """The records of a folder that this process alone may add to.

    Raises:
        OutputError: another run is writing there, or the folder cannot be written.
    """

    def __init__(self, home: Path) -> None:
        file = journal_file(home)
        self._lock = FileLock(file.with_name("lock"))
        with output_errors(home):
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                # Held by the operating system: released however this process ends.
                self._lock.acquire(timeout=0)
            except Timeout:
                raise OutputError(
                    f"{home}: another run is writing there; wait for it, or choose another -o"
                ) from None
        super().__init__(home)
        self._lines = LineFile(file)
        self._headed: set[str] = set()
        # What killed runs had staged; theirs alone, since the lock is ours.
        self._clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._clear()
        self._lines.__exit__(*error)
        self._lock.release()

    def write(self, result: Path, record: Record, made_with: Mapping[str, Any]) -> None:
        """Write the record of a result that is about to be moved into place.

        Raises:
            OutputError: the disk refuses; then no trace of it is left.
        """
        name = self.name_of(result)
        lines = [json.dumps({"result": name, **asdict(record)})]
        if record.recipe not in self._headed:
            lines.insert(0, json.dumps({"recipe": record.recipe, **made_with}))
        self._lines.append(*lines)
        self._headed.add(record.recipe)
        self.add(name, record)

    def _clear(self) -> None:
        shutil.rmtree(staging_folder(self.home), ignore_errors=True)


def journal_file(home: Path) -> Path:
    """The journal of a folder of results."""
    return home / JOURNAL_FOLDER / "journal.jsonl"


def staging_folder(home: Path) -> Path:
    """Where results are written before they are moved into place, on the same file system."""
    return home / JOURNAL_FOLDER / "partial"
