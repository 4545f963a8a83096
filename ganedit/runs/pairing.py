"""Which pictures go with the one that is edited: its masks by name, styles for all alike."""

import unicodedata
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from pathlib import Path

from ganedit.image import READABLE_SUFFIXES
from ganedit.video.kinds import VIDEO_SUFFIXES


@dataclass(frozen=True)
class Partner:
    """An input beside the pictures that are edited, and what was given for it."""

    name: str
    files: tuple[Path, ...] = ()
    folder: Path | None = None
    """Of pictures that pair by name."""
    shared: bool = False
    """Whether the files are for every picture."""

    def of(self, picture: Path, place: Path = Path(), *, moving: bool = False) -> tuple[Path, ...]:
        """The files that go with a picture, in order of their names.

        In a folder they are `NAME.*`, `NAME_mask*.*` or, the picture's whole name, `NAME.jpg.*`,
        letters large or small and accents in either form of Unicode.

        Args:
            picture: the picture's file.
            place: its folder below the input that it was found in. If the folder of partners has
                one of this name, they are looked for there.
            moving: whether it is a video: then one may pair with it, or a folder of its name with
                pictures for its frames; and where nothing does, all pictures of the folder are
                for its frames.
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
        found = tuple(
            path
            for key, path in near
            if (key in (stem, whole) or key.startswith((f"{stem}_{self.name}",
                                                        f"{whole}_{self.name}")))
            and path.resolve() != picture.resolve()
            and (moving or path.suffix.lower() not in VIDEO_SUFFIXES)
        )  # fmt: skip
        return self._of_frames(picture, folder) if moving and not found else found

    def _of_frames(self, video: Path, folder: Path) -> tuple[Path, ...]:
        """The pictures for the frames of a video: of a folder of its name, or of this one."""
        names = (video.stem, f"{video.stem}_{self.name}", video.name)
        own = next((folder / name for name in names if (folder / name).is_dir()), folder)
        return tuple(pictures_in(own))


def plain(name: str) -> str:
    """A name as it is compared: composed accents, small letters."""
    return unicodedata.normalize("NFC", name).casefold()


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder, by name; not those of folders in it."""
    return [path for path in _visible(folder) if path.suffix.lower() in READABLE_SUFFIXES]


def _visible(folder: Path) -> list[Path]:
    """The pictures and videos of a folder that are not hidden."""
    taken = READABLE_SUFFIXES | VIDEO_SUFFIXES
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in taken and not path.name.startswith(".")
    )


@lru_cache(maxsize=64)
def _named(folder: Path, state: tuple[int, int, int]) -> list[tuple[str, Path]]:
    """The pictures of a folder by their plain stems, looked up once: a search for each picture
    would take its square.

    `state` is another one for another folder of this name, and when the folder has changed.
    """
    return sorted((plain(path.stem), path) for path in _visible(folder))
