"""The hidden folder in which the segments of one video are kept until they are one file."""

import os
import re
import shutil
from contextlib import suppress

from filelock import FileLock, Timeout

from ganedit.errors import OutputError
from ganedit.image import output_errors
from ganedit.runs.inputs import JOURNAL_FOLDER
from ganedit.runs.jobs import Job
from ganedit.runs.work import digest

VIDEO_FOLDER = "video"
# How often a folder is made that others remove meanwhile.
ATTEMPTS = 5
# Letters of a result's name that are part of its folder's, which must not become too long.
NAME_LETTERS = 60


class VideoFolder:
    """A folder that one run at a time works in.

    Raises:
        OutputError: another run makes the same result, or the folder cannot be written.
    """

    def __init__(self, job: Job, key: str) -> None:
        """Make it, and remove what killed runs and other options have left of this result.

        Args:
            job: whose result is made in it.
            key: names all that the result depends on.
        """
        self._target = job.target
        above = job.target.parent if job.journal_folder is None else job.journal_folder
        # Of results of one name, in several folders, each has its own.
        place = digest({"place": os.path.relpath(job.target.parent, above)})
        self._prefix = f"{job.target.name[:NAME_LETTERS]}-{place[:8]}-"
        self.path = above / JOURNAL_FOLDER / VIDEO_FOLDER / f"{self._prefix}{key}"
        self._lock = FileLock(self.path / "lock", thread_local=False)
        with output_errors(job.target):
            self._hold()
        try:
            self._clear()
        except BaseException:
            self.close(keep=True)
            raise

    def _hold(self) -> None:
        """Keep other runs out."""
        for _ in range(ATTEMPTS):
            with suppress(FileNotFoundError):  # one that ended has just removed what is above it
                self.path.mkdir(parents=True, exist_ok=True)
                try:
                    self._lock.acquire(timeout=0)
                except Timeout:
                    raise self._taken() from None
                if self.path.is_dir():
                    return
                self._lock.release()
        raise OutputError(f"{self.path}: vanishes whenever it is made; choose another -o")

    def _taken(self) -> OutputError:
        return OutputError(
            f"{self._target}: another run is making it; wait for it, or choose another -o"
        )

    def tidy(self) -> None:
        """Remove what was begun and not finished."""
        for path in self.path.glob(".*.part*"):
            shutil.rmtree(path, ignore_errors=True)
            path.unlink(missing_ok=True)

    def _clear(self) -> None:
        self.tidy()
        own = re.compile(rf"{re.escape(self._prefix)}[0-9a-f]{{16}}")
        for other in self.path.parent.iterdir():
            if other == self.path or not own.fullmatch(other.name):
                continue
            try:
                with FileLock(other / "lock", thread_local=False).acquire(timeout=0):
                    shutil.rmtree(other, ignore_errors=True)
            except Timeout:
                raise self._taken() from None
            except OSError:  # removed meanwhile, by the run that it was of
                continue

    def close(self, *, keep: bool) -> None:
        """Let others in.

        Args:
            keep: whether something in it is worth going on from; else nothing is left behind.
        """
        if not self._lock.is_locked:
            return
        if keep or os.name == "nt":  # where nothing can be removed that is open
            self._lock.release()
        if keep:
            return
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()
        with suppress(OSError):  # others are in there still
            self.path.parent.rmdir()
            self.path.parent.parent.rmdir()
