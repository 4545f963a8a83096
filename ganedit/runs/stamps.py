"""Whether a file is the one it was: its size and time, or else its content."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class Stamp:
    """What a file was when it was looked at."""

    bytes: int
    mtime_ns: int
    """Time of its last change, which a rename keeps."""
    sha256: str
    """Of the content, or empty where that was not read."""

    @classmethod
    def of(cls, path: Path, *, hashed: bool = True) -> "Stamp":
        """The stamp of a file, whose content is read once as long as it does not change.

        Raises:
            OSError: it cannot be read.
        """
        stat = path.stat()
        sha256 = _hash(path, stat.st_size, stat.st_mtime_ns) if hashed else ""
        return cls(stat.st_size, stat.st_mtime_ns, sha256)

    def untouched(self, path: Path) -> bool:
        """Whether a file is there and its size and time are still the same."""
        try:
            stat = path.stat()
        except OSError:
            return False
        return (stat.st_size, stat.st_mtime_ns) == (self.bytes, self.mtime_ns)

    def matches(self, path: Path) -> bool:
        """Whether a file is this one, or a copy of it at another time."""
        try:
            if self.untouched(path):
                return True
            return path.stat().st_size == self.bytes and Stamp.of(path).sha256 == self.sha256
        except OSError:
            return False


@lru_cache(maxsize=256)
def _hash(path: Path, size: int, mtime_ns: int) -> str:
    """SHA-256 of a file that is as large and as old as this."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
