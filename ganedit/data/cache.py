"""Decoded pictures on disk, mapped into memory: decoded once, shared by processes and runs."""

import contextlib
import hashlib
import os
import shutil
import struct
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from filelock import FileLock

# The cache takes so many bytes at most, and never more than half of what the disk has free.
MOST_BYTES = 32 << 30
# A file is the picture's height, width and channels, and its bytes. Not NumPy's format: its header
# is Python that has to be parsed, which several threads of Python 3.11 cannot do at once.
_HEADER = struct.Struct("<3Q")
_SUFFIX = ".pixels"
# Seconds after which a half-written file is one that a killed process left.
LONG_AGO = 3600


def cache_folder() -> Path:
    """Where decoded pictures are kept: $GANEDIT_CACHE, or `ganedit` in the user's cache folder."""
    if "GANEDIT_CACHE" in os.environ:
        return Path(os.environ["GANEDIT_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ganedit"


class PictureCache:
    """Pictures, `(H, W, C)` uint8, by name: made once and then mapped read-only.

    What does not fit any more is made again whenever it is asked for; what was not asked for
    longest goes first.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.room = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.room = self._make_room()
        except OSError as error:
            warnings.warn(
                f"{folder}: cannot be written ({error.strerror}), so pictures are decoded each "
                "time anew; set GANEDIT_CACHE to a folder that can",
                stacklevel=2,
            )

    def lock(self) -> contextlib.AbstractContextManager[object]:
        """Held while pictures are decoded, so that not all processes of a run decode them."""
        return FileLock(self.folder / ".lock") if self.room else contextlib.nullcontext()

    def get(self, name: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The picture of that name, read-only; `make` makes it where it is not there."""
        path = self.folder / f"{name}{_SUFFIX}"
        with contextlib.suppress(OSError, ValueError, struct.error):  # not there, or half of it
            with path.open("rb") as file:
                shape = _HEADER.unpack(file.read(_HEADER.size))
                mapped = np.memmap(file, np.uint8, "r", _HEADER.size, shape)
            return mapped.view(np.ndarray)
        picture = make()
        # Taken before it is filled: threads that store at once must not all count on the same room.
        self.room -= picture.nbytes
        if self.room > 0:
            self._store(path, picture)
        else:
            self.room += picture.nbytes
        return picture

    def touch(self, name: str) -> None:
        """Note that a picture is still wanted."""
        with contextlib.suppress(OSError):
            os.utime(self.folder / f"{name}{_SUFFIX}")

    def _store(self, path: Path, picture: np.ndarray) -> None:
        partial = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
        try:
            with partial.open("wb") as file:
                file.write(_HEADER.pack(*picture.shape))
                file.write(np.ascontiguousarray(picture).data)
            partial.replace(path)
        except OSError:  # the disk is full by now
            self.room = 0
            partial.unlink(missing_ok=True)

    def _make_room(self) -> int:
        """Remove what was not asked for longest until the cache is within bounds; what is left."""
        stamps = []
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):  # another process has just removed or renamed it
                if path.suffix == _SUFFIX:
                    stamps.append((path, path.stat()))
                elif path.suffix == ".part" and path.stat().st_mtime < time.time() - LONG_AGO:
                    path.unlink()
        used = sum(stamp.st_size for _, stamp in stamps)
        bound = min(MOST_BYTES, (used + shutil.disk_usage(self.folder).free) // 2)
        for path, stamp in sorted(stamps, key=lambda each: each[1].st_mtime):
            if used <= bound:
                break
            path.unlink(missing_ok=True)
            used -= stamp.st_size
        return bound - used


def name_for(path: Path, *settings: object) -> str:
    """A name for what is made of a file: another one as soon as the file changes."""
    stamp = path.stat()
    key = (str(path.resolve()), stamp.st_size, stamp.st_mtime_ns, *settings)
    return hashlib.sha256(repr(key).encode()).hexdigest()[:32]
