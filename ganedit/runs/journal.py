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

from ganedit.errors import OutputError
from ganedit.image import output_errors
from ganedit.runs.inputs import JOURNAL_FOLDER
from ganedit.runs.lines import LineFile
from ganedit.runs.stamps import Stamp

# Files that a journal keeps open, its own and its lock; and that the rest of a run does, amply.
JOURNAL_FILES, OTHER_FILES = 2, 128
# Ends the names of contact sheets, which are recorded without what they show.
SHEET = "sheet"


@dataclass(frozen=True)
class Record:
    """How a result came to be."""

    made: Stamp
    """The result."""
    sources: tuple[Stamp, ...]
    """All files that it was made from."""
    provenance: str
    """Digest of the task, its options and weights."""


class Records:
    """The records of a folder of results, by the path of each result below it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records: dict[str, list[Record]] = {}
        try:
            lines = journal_file(folder).read_bytes().splitlines()
        except OSError:
            lines = []  # no run has been here, or what it left may not be read
        for line in lines:
            self._read(line)

    def _read(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
            sources = tuple(Stamp(**stamp) for stamp in entry["sources"])
            record = Record(Stamp(**entry["made"]), sources, entry["provenance"])
        except (ValueError, KeyError, TypeError):
            return  # the heading of a provenance, or a line that a killed run did not finish
        self.add(entry["result"], record)

    def add(self, name: str, record: Record) -> None:
        """Add one; earlier ones of the same result stay, in case it was never moved into place."""
        self._records.setdefault(name, []).append(record)

    def has(self, result: Path, sources: Sequence[Path], provenance: str) -> bool:
        """Whether a file is the result that these sources and this provenance give."""
        return any(
            record.provenance == provenance
            and record.made.matches(result)
            and len(record.sources) == len(sources)
            and all(map(Stamp.matches, record.sources, sources))
            for record in self._records.get(self.name_of(result), [])
        )

    def knows(self, file: Path) -> bool:
        """Whether a file is what some run has made here of other pictures, or a sheet of them.

        What was drawn from noise is a picture like any other.
        """
        records = self._records.get(self.name_of(file), [])
        made_of_others = file.stem.endswith(SHEET)
        return any(
            record.made.matches(file) and (record.sources or made_of_others) for record in records
        )

    def name_of(self, result: Path) -> str:
        """What a result is called in its records."""
        inside = result.is_relative_to(self.folder)
        return (result.relative_to(self.folder) if inside else result.absolute()).as_posix()


class Journal(Records):
    """The records of a folder that this process alone may add to.

    Raises:
        OutputError: another run is writing there, or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        file = journal_file(folder)
        self._lock = FileLock(file.with_name("lock"))
        with output_errors(folder):
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                # Held by the operating system: released however this process ends.
                self._lock.acquire(timeout=0)
            except Timeout:
                raise OutputError(
                    f"{folder}: another run is writing there; wait for it, or choose another -o"
                ) from None
        super().__init__(folder)
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

    def write(self, result: Path, record: Record, provenance: Mapping[str, Any]) -> None:
        """Write the record of a result that is about to be moved into place.

        Raises:
            OutputError: the disk refuses; then no trace of it is left.
        """
        name = self.name_of(result)
        lines = [json.dumps({"result": name, **asdict(record)})]
        if record.provenance not in self._headed:
            lines.insert(0, json.dumps({"provenance": record.provenance, **provenance}))
        self._lines.append(*lines)
        self._headed.add(record.provenance)
        self.add(name, record)

    def _clear(self) -> None:
        shutil.rmtree(staging_folder(self.folder), ignore_errors=True)


def allow_journals(count: int) -> None:
    """Have the system let this process keep so many journals open at once.

    Raises:
        OutputError: it does not.
    """
    needed = JOURNAL_FILES * count + OTHER_FILES
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if count < 2 or soft == resource.RLIM_INFINITY or needed <= soft:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    except (ValueError, OSError) as error:
        raise OutputError(
            f"results go into {count:,} folders, for which the system lets no process have enough "
            "files open; choose one folder for all with -o, or give fewer at once"
        ) from error


def journal_file(folder: Path) -> Path:
    """The journal of a folder of results."""
    return folder / JOURNAL_FOLDER / "journal.jsonl"


def staging_folder(folder: Path) -> Path:
    """Where results are written before they are moved into place, on the same file system."""
    return folder / JOURNAL_FOLDER / "partial"
