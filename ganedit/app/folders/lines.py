"""Files of lines that survive whatever kills their writer."""

import os
from pathlib import Path
from typing import Self

from ganedit.image import output_errors


class LineFile:
    """A file to which whole lines are appended, each of them at once with the system's own write.

    Raises:
        OutputError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with output_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            self.append("")  # a line that a killed run did not finish must not spoil the next

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._file)

    def append(self, *lines: str) -> None:
        """Append lines, all of them or none.

        Raises:
            OutputError: the disk refuses.
        """
        data = "".join(f"{line}\n" for line in lines).encode()
        size = os.fstat(self._file).st_size
        with output_errors(self.path):
            try:
                written = os.write(self._file, data)
                while written < len(data):
                    written += os.write(self._file, data[written:])
            except OSError:
                os.ftruncate(self._file, size)
                raise
