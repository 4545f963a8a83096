"""Folders of training pictures, decoded once and cropped at random."""

import contextlib
import math
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ganedit.errors import ImageError, TrainingError
from ganedit.image import READABLE_SUFFIXES, Image, decode, resize, to_eight

# Decoded pictures are kept in memory up to this many bytes; the rest is decoded again when drawn.
CACHE_BYTES = 3 << 30
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


class Pictures:
    """RGB pictures from folders, each at least `minimum` pixels a side, drawn by index.

    Smaller ones are left out, or enlarged if `enlarge`; unreadable ones are left out. A warning
    counts them.

    Raises:
        TrainingError: no picture is left.
    """

    def __init__(self, folders: Sequence[Folder], minimum: int, *, enlarge: bool = False) -> None:
        self.minimum, self.enlarge = minimum, enlarge
        self.enlarged: set[int] = set()
        self.entries = [
            (path, folder.scale) for folder in folders for path in list_pictures(folder.path)
        ]
        self._cache: dict[int, np.ndarray] = {}
        self._cached_bytes = 0
        with ThreadPoolExecutor() as pool:
            sizes = list(pool.map(self._measure, range(len(self.entries))))
        usable = [index for index, size in enumerate(sizes) if size]
        if not usable:
            where = ", ".join(str(folder.path) for folder in folders)
            raise TrainingError(f"{where}: no picture of at least {minimum} pixels a side")
        if len(usable) < len(sizes):
            left_out = len(sizes) - len(usable)
            warnings.warn(
                f"{left_out} of {len(sizes)} pictures are unreadable or under {minimum} pixels",
                stacklevel=2,
            )
        self.usable = np.array(usable)
        if self.enlarged:
            warnings.warn(
                f"{len(self.enlarged)} of {len(sizes)} pictures are under {minimum} pixels a side "
                "and were enlarged",
                stacklevel=2,
            )
        # A large photograph has more to show than a small one, but not in proportion.
        weights = np.sqrt(np.array([sizes[index] for index in usable], dtype=np.float64))
        self.weights = weights / weights.sum()

    def __getstate__(self) -> dict[str, Any]:
        """Without what is in memory: workers that are not forked decode their own."""
        return {**self.__dict__, "_cache": {}, "_cached_bytes": 0}

    def __len__(self) -> int:
        return len(self.usable)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """One picture at random: `(H, W, 3)` uint8 RGB."""
        return self.load(int(rng.choice(self.usable, p=self.weights)))

    def load(self, index: int) -> np.ndarray:
        """The picture of that index, from memory if it is there."""
        if index in self._cache:
            return self._cache[index]
        path, scale = self.entries[index]
        picture = load_rgb(path, scale)
        if self.enlarge and min(picture.shape[:2]) < self.minimum:
            self.enlarged.add(index)
            factor = self.minimum / min(picture.shape[:2])
            height, width = (math.ceil(side * factor - 1e-6) for side in picture.shape[:2])
            picture = resize(Image(picture), width, height).samples
        if self._cached_bytes + picture.nbytes <= CACHE_BYTES:
            self._cache[index] = picture
            self._cached_bytes += picture.nbytes
        return picture

    def _measure(self, index: int) -> int:
        """Number of pixels, or 0 where the picture cannot be used."""
        try:
            picture = self.load(index)
        except ImageError:
            return 0
        height, width = picture.shape[:2]
        return height * width if min(height, width) >= self.minimum else 0


def list_pictures(folder: Path) -> list[Path]:
    """All pictures below a folder, by suffix, sorted; hidden ones are left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.suffix.lower() in READABLE_SUFFIXES
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
    crop = max((_any_crop(picture, size, rng) for _ in range(candidates)), key=_detail)
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    return np.rot90(crop, int(rng.integers(4))) if turned else crop


def _any_crop(picture: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    top = int(rng.integers(picture.shape[0] - size + 1))
    left = int(rng.integers(picture.shape[1] - size + 1))
    return picture[top : top + size, left : left + size]


def _detail(crop: np.ndarray) -> float:
    """Mean vertical gradient of every other pixel's green."""
    return float(np.abs(np.diff(crop[::2, ::2, 1].astype(np.int16), axis=0)).mean())
