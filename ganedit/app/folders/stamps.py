"""Whether a file is the one it was: its size and time, or else its content."""

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stamp:
    """What a file was when it was looked at."""

    bytes: int
    mtime_ns: int
    """Time of its last change, which a rename keeps."""
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "Stamp":
        """The stamp of a file; its content is read.

        Raises:
            OSError: it cannot be read.
        """
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        stat = path.stat()
        return cls(stat.st_size, stat.st_mtime_ns, digest)

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
