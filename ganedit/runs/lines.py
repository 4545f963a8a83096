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
            self._file = path.open("ab+", buffering=0)
        if self._file.tell():
            self._file.seek(-1, os.SEEK_END)
            if self._file.read(1) != b"\n":
                self.append("")  # a line that a killed run did not finish would spoil the next

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def append(self, *lines: str) -> None:
        """Append lines, all of them or none.

        Raises:
            OutputError: the disk refuses.
        """
        data = "".join(f"{line}\n" for line in lines).encode()
        size = self._file.seek(0, os.SEEK_END)
        with output_errors(self.path):
            try:
                written = 0
                while written < len(data):
                    written += self._file.write(data[written:])
            except OSError:
                self._file.truncate(size)
                raise
