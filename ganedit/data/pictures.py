"""Folders of training pictures, decoded once and cropped at random."""

import contextlib
import hashlib
import itertools
import math
import os
import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ganedit.data.cache import PictureCache, cache_folder, name_for
from ganedit.errors import ImageError, TrainingError
from ganedit.image import Image, decode, is_picture, resize, to_eight

# Places looked at for a detailed crop.
CANDIDATES = 3


@dataclass(frozen=True)
class Folder:
    """A folder of pictures and the factor by which each is reduced before use.

    Written `DIR` or `DIR@0.5`: reducing hides JPEG marks that must not be learned.
    """

    path: Path
    scale: float = 1.0

    @classmethod
    def parse(cls, text: str) -> "Folder":
        """Read `DIR` or `DIR@FACTOR`, FACTOR in (0, 1].

        Raises:
            TrainingError: the folder does not exist or the factor is out of range.
        """
        folder = cls(Path(text))
        path, _, factor = text.rpartition("@")
        if path and not folder.path.exists():
            with contextlib.suppress(ValueError):  # not a number: an @ in the folder's name
                folder = cls(Path(path), float(factor))
        if not folder.path.is_dir():
            raise TrainingError(f"{text}: no such folder; give an existing one")
        if not 0 < folder.scale <= 1:
            raise TrainingError(f"{text}: the factor after @ must be over 0 and at most 1")
        return folder


@dataclass(frozen=True)
class Part:
    """Which pictures of a folder: those that are trained on, or those held out from it.

    Chosen by a hash of their names below the folder: the same whatever else is set, wherever the
    folder lies, and with each factor that the folder is given with.
    """

    held_out: float = 0.0
    """Share that is held out."""
    training: bool = True
    """Whether this is the part that is trained on."""

    def of(self, entries: Sequence["Entry"]) -> list["Entry"]:
        """Those of the entries that belong to this part."""
        names = {entry.path.resolve(): entry.name for entry in entries}
        ranked = sorted(names, key=lambda p: hashlib.sha256(os.fsencode(names[p])).digest())
        kept_back = set(ranked[: round(self.held_out * len(names))])
        return [e for e in entries if (e.path.resolve() not in kept_back) == self.training]


EVERYTHING = Part()


@dataclass(frozen=True)
class Entry:
    """One picture of a folder."""

    path: Path
    name: str
    """Below the folder that was given."""
    scale: float
    """Factor by which it is reduced."""


class Pictures:
    """RGB pictures from folders, each at least `minimum` pixels a side, drawn by index.

    Smaller ones are left out, or enlarged if `enlarge`; unreadable ones are left out. A warning
    counts them. Each is decoded once, into a cache that processes and runs share.

    Attributes:
        usable: indices of those that are drawn.
        sides: the shorter side of each of these in pixels, before it is enlarged.

    Raises:
        TrainingError: no picture is left to train on. A held-out part may be empty.
    """

    def __init__(
        self,
        folders: Sequence[Folder],
        minimum: int,
        *,
        enlarge: bool = False,
        part: Part = EVERYTHING,
    ) -> None:
        self.minimum, self.enlarge = minimum, enlarge
        self.entries = part.of([entry for folder in folders for entry in entries_in(folder)])
        # What is kept depends on the file and its factor only, not on the size that is wanted.
        self._names = [name_for(entry.path, entry.scale) for entry in self.entries]
        self._cache = PictureCache(cache_folder() / "pictures")
        with self._cache.lock(), ThreadPoolExecutor() as pool:
            shapes = list(pool.map(self._measure, range(len(self.entries))))
        sides = [min(shape, default=0) for shape in shapes]
        usable = [i for i, side in enumerate(sides) if side >= minimum or (enlarge and side > 0)]
        self.usable = np.array(usable, dtype=int)
        self.sides = np.array([sides[i] for i in usable], dtype=int)
        # A large photograph has more to show than a small one, but not in proportion.
        areas = [math.prod(shapes[i]) * max(1.0, minimum / sides[i]) ** 2 for i in usable]
        weights = np.sqrt(np.array(areas, dtype=np.float64))
        self.weights = weights / weights.sum()
        self._in_turn = None if part.training else itertools.cycle(usable)
        if part.training:
            self._tell(folders, int((self.sides < minimum).sum()))

    def __len__(self) -> int:
        return len(self.usable)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """One picture at random: `(H, W, 3)` uint8 RGB, read-only. Held-out ones come in turn."""
        return self.load(self.draw_index(rng))

    def draw_index(self, rng: np.random.Generator) -> int:
        """The index of one picture at random; held-out ones come in turn."""
        if self._in_turn is not None:
            return next(self._in_turn)
        return int(rng.choice(self.usable, p=self.weights))

    def load(self, index: int) -> np.ndarray:
        """The picture of that index, from the cache if it is there."""
        entry = self.entries[index]
        picture = self._cache.get(self._names[index], lambda: load_rgb(entry.path, entry.scale))
        if self.enlarge and min(picture.shape[:2]) < self.minimum:
            factor = self.minimum / min(picture.shape[:2])
            height, width = (math.ceil(side * factor - 1e-6) for side in picture.shape[:2])
            picture = resize(Image(picture), width, height).samples
        return picture

    def _measure(self, index: int) -> tuple[int, ...]:
        """Height and width before it is enlarged; empty where the picture cannot be read."""
        entry = self.entries[index]
        self._cache.touch(self._names[index])
        try:
            picture = self._cache.get(self._names[index], lambda: load_rgb(entry.path, entry.scale))
        except ImageError:
            return ()
        return picture.shape[:2]

    def _tell(self, folders: Sequence[Folder], enlarged: int) -> None:
        total, minimum = len(self.entries), self.minimum
        if not len(self):
            where = ", ".join(str(folder.path) for folder in folders)
            raise TrainingError(f"{where}: no picture of at least {minimum} pixels a side")
        if len(self) < total:
            warnings.warn(
                f"{total - len(self)} of {total} pictures are unreadable or under {minimum} pixels",
                stacklevel=3,
            )
        if enlarged:
            warnings.warn(
                f"{enlarged} of {total} pictures are under {minimum} pixels a side and were "
                "enlarged",
                stacklevel=3,
            )


def entries_in(folder: Folder) -> list[Entry]:
    """The pictures of a folder, in the order of their paths."""
    return [
        Entry(path, path.relative_to(folder.path).as_posix(), folder.scale)
        for path in list_pictures(folder.path)
    ]


def list_pictures(folder: Path) -> list[Path]:
    """All pictures below a folder, sorted; hidden ones are left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and is_picture(path)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def load_rgb(path: Path, scale: float = 1.0) -> np.ndarray:
    """Decode a picture as `(H, W, 3)` uint8 RGB, alpha left out, reduced by `scale`."""
    image = decode(path)
    if scale != 1:
        width, height = (max(1, round(side * scale)) for side in (image.width, image.height))
        image = resize(image, width, height)
    samples = to_eight(image.samples)
    return np.repeat(samples, 3, axis=2) if samples.shape[2] == 1 else samples


def square(picture: np.ndarray, side: int) -> np.ndarray:
    """The middle `(side, side, C)` of a picture whose shorter side is brought to that first."""
    height, width = picture.shape[:2]
    scale = side / min(height, width)
    if scale != 1:
        width, height = round(width * scale), round(height * scale)
        picture = resize(Image(picture), width, height).samples
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(picture[top : top + side, left : left + side])


def squares_in(folder: Path, side: int) -> dict[str, np.ndarray]:
    """The `square` of every picture below a folder, by its name there; without suffix, unless
    another one has the same name then."""
    paths = list_pictures(folder)
    alike = Counter([*paths, *(path.with_suffix("") for path in paths)])
    found = {}
    for path in paths:
        name = path if alike[path.with_suffix("")] > 1 else path.with_suffix("")
        found[name.relative_to(folder).as_posix()] = square(load_rgb(path), side)
    return found


def random_crop(
    picture: np.ndarray,
    size: int,
    rng: np.random.Generator,
    *,
    detailed: bool = False,
    turned: bool = True,
    reduce: float = 1.0,
) -> np.ndarray:
    """A `(size, size, 3)` crop, mirrored and (if `turned`) turned at random.

    Most of a photograph is sky and blur, from which little is learned: with `detailed`, three
    times in four the most detailed of several places is taken. Every other crop is a larger one
    reduced, by a factor between `reduce` and 1: pictures are few, and edges of every sharpness
    and scale are in them this way.
    """
    if reduce < 1 and rng.random() < 0.5:
        largest = min(size / reduce, *picture.shape[:2])
        outer = int(rng.uniform(size, largest + 1))
        whole = random_crop(picture, outer, rng, detailed=detailed, turned=turned)
        return cv2.resize(np.ascontiguousarray(whole), (size, size), interpolation=cv2.INTER_AREA)
    candidates = CANDIDATES if detailed and rng.random() < 0.75 else 1
    crop = max((any_crop(picture, size, rng) for _ in range(candidates)), key=_detail)
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    return np.rot90(crop, int(rng.integers(4))) if turned else crop


def any_crop(picture: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A `(size, size, 3)` crop from anywhere."""
    top = int(rng.integers(picture.shape[0] - size + 1))
    left = int(rng.integers(picture.shape[1] - size + 1))
    return picture[top : top + size, left : left + size]


def _detail(crop: np.ndarray) -> float:
    """Mean vertical gradient of every other pixel's green."""
    return float(np.abs(np.diff(crop[::2, ::2, 1].astype(np.int16), axis=0)).mean())
