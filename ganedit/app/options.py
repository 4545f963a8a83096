"""Options of files, as plain data. Light: `--help` must not wait for its imports."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FileOptions:
    """How files are read and written, the same for every task."""

    quality: int | None = None
    overwrite: bool = False
    strip_metadata: bool = False
    preview: bool = False
    max_pixels: int | None = None
    allow_truncated: bool = False
    json: bool = False
    verbosity: int = 0
    """-1 quiet, 0 a line a picture, 1 and what was used."""
