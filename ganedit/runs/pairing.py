"""Which pictures go with the one that is edited: its masks by name, styles for all alike."""

import unicodedata
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from pathlib import Path

from ganedit.image import READABLE_SUFFIXES


@dataclass(frozen=True)
class Partner:
    """An input beside the pictures that are edited, and what was given for it."""

    name: str
    files: tuple[Path, ...] = ()
    folder: Path | None = None
    """Of pictures that pair by name."""
    shared: bool = False
    """Whether the files are for every picture."""

    def of(self, picture: Path, place: Path = Path()) -> tuple[Path, ...]:
        """The files that go with a picture, in order of their names.

        In a folder they are `NAME.*`, `NAME_mask*.*` or, the picture's whole name, `NAME.jpg.*`,
        letters large or small and accents in either form of Unicode.

        Args:
            picture: the picture's file.
            place: its folder below the input that it was found in. If the folder of partners has
                one of this name, they are looked for there.
        """
        if self.folder is None:
            return self.files
        mirrored = self.folder / place
        folder = mirrored if mirrored.is_dir() else self.folder
        stat = folder.stat()
        named = _named(folder, (stat.st_dev, stat.st_ino, stat.st_mtime_ns))
        stem, whole = plain(picture.stem), plain(picture.name)
        # Names that begin alike stand together in the sorted list.
        first = bisect_left(named, stem, key=lambda each: each[0])
        near = takewhile(lambda each: each[0].startswith(stem), named[first:])
        return tuple(
            path
            for key, path in near
            if (key in (stem, whole) or key.startswith((f"{stem}_{self.name}",
                                                        f"{whole}_{self.name}")))
            and path.resolve() != picture.resolve()
        )  # fmt: skip


def plain(name: str) -> str:
    """A name as it is compared: composed accents, small letters."""
    return unicodedata.normalize("NFC", name).casefold()


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder, by name; not those of folders in it."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in READABLE_SUFFIXES and not path.name.startswith(".")
    )


@lru_cache(maxsize=64)
def _named(folder: Path, state: tuple[int, int, int]) -> list[tuple[str, Path]]:
    """The pictures of a folder by their plain stems, looked up once: a search for each picture
    would take its square.

    `state` is another one for another folder of this name, and when the folder has changed.
    """
    return sorted((plain(path.stem), path) for path in pictures_in(folder))
