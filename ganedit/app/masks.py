"""Which hole belongs to which photo."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import takewhile
from pathlib import Path

import numpy as np

from ganedit.errors import ImageError, UsageError
from ganedit.image import READABLE_SUFFIXES, Image, decode
from ganedit.tasks.inpaint import holes
from ganedit.tasks.inpaint.holes import Hole


@dataclass(frozen=True)
class Marking:
    """How the user marks holes."""

    mask: Path | None = None
    """One mask picture, for one photo."""
    folder: Path | None = None
    """A folder of masks named after the photos."""
    color: str | None = None
    """A key colour, in the masks or painted on the photos themselves."""
    box: str | None = None
    """A rectangle, `x,y,w,h`."""
    invert: bool = False
    """Black is the hole, not white."""
    strict: bool = False
    """Refuse masks of another size than the photo's."""

    def __post_init__(self) -> None:
        given = [name for name in ("mask", "folder", "box") if getattr(self, name) is not None]
        if len(given) > 1:
            raise UsageError("give one of --mask, --masks and --box")
        if self.box is not None and (self.color is not None or self.invert):
            raise UsageError("--box marks the hole alone, without --mask-color and --invert-mask")

    @property
    def is_of_the_photo(self) -> bool:
        """Whether the photo's own transparency is the hole."""
        return not any((self.mask, self.folder, self.color, self.box))

    def masks_of(self, photo: Path, place: Path = Path()) -> list[Path]:
        """The mask files for a photo; in a folder `NAME.*`, `NAME_mask.*` and `NAME_mask*.*`.

        Args:
            photo: the photo's file.
            place: its folder below the input that it was found in. If the folder of masks has
                one of this name, the masks are looked for there.
        """
        if self.mask is not None:
            return [self.mask]
        if self.folder is None:
            return []
        mirrored = self.folder / place
        folder = mirrored if mirrored.is_dir() else self.folder
        stat = folder.stat()
        names = _mask_names(folder, (stat.st_dev, stat.st_ino, stat.st_mtime_ns))
        # Names that begin alike stand together in the sorted list.
        first = bisect_left(names, photo.stem, key=lambda path: path.stem)
        near = takewhile(lambda path: path.stem.startswith(photo.stem), names[first:])
        return [
            path
            for path in near
            if (path.stem == photo.stem or path.stem.startswith(f"{photo.stem}_mask"))
            and path.resolve() != photo.resolve()
        ]

    def hole_of(self, photo: Path, image: Image, place: Path = Path()) -> Hole:
        """The hole in a photo, at the photo's size.

        Raises:
            GaneditError: no mask, one that cannot be read or does not suit.
        """
        if self.box is not None:
            return holes.fit(holes.from_box(image, self.box), image, own=False)
        paths = self.masks_of(photo, place)
        if paths:
            return _union([self._read(path, image) for path in paths])
        if self.folder is not None:
            raise ImageError(f"{self.folder} has no mask for it ({photo.stem}_mask.png)")
        if self.color is not None:
            marked = holes.from_color(image, self.color, invert=self.invert)
            return holes.fit(marked, image, own=False)
        return holes.fit(holes.from_alpha(image), image, own=False)

    def _read(self, path: Path, image: Image) -> Hole:
        mask = decode(path)
        if self.color is not None:
            marked = holes.from_color(mask, self.color, invert=self.invert)
        else:
            marked = holes.from_mask(mask, invert=self.invert)
        return holes.fit(marked, image, strict=self.strict)


@lru_cache(maxsize=64)
def _mask_names(folder: Path, state: tuple[int, int, int]) -> list[Path]:
    """The pictures of a folder, looked up once: a search for each photo would take its square.

    `state` is another one for another folder of this name, and when the folder has changed.
    """
    pictures = [path for path in folder.iterdir() if path.suffix.lower() in READABLE_SUFFIXES]
    return sorted(pictures, key=lambda path: (path.stem, path.suffix))


def _union(parts: Sequence[Hole]) -> Hole:
    mask = reduce(np.logical_or, (part.mask for part in parts))
    return Hole(mask, tuple(dict.fromkeys(note for part in parts for note in part.notes)))
