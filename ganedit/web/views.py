"""What a browser is shown of a picture: all of it reduced, and tiles of it at its own pixels.

A browser reads few of the formats and takes no hundred megapixels at once. A picture is decoded
once, to 8 bits, into a file that tiles are cut from; its colour profile goes with each of them.
"""

import io
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import PIL.Image

from ganedit.image import Image, decode, to_eight

# Longer side of a picture as a whole, on which masks are painted too; and of one in a list.
REDUCED_SIDE, THUMB_SIDE = 2048, 256
# A tile's own pixels, and those around it that are shown with it, so that no seam is seen where a
# browser enlarges it.
TILE, MARGIN = 512, 2
# How often a picture is halved for tiles at most.
MOST_LEVELS = 16
# Pictures that are kept decoded.
KEPT = 12
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class View:
    """A decoded picture: `planes` is `(H, W, 1…4)` uint8 in a file, the last of 2 or 4 alpha."""

    planes: np.ndarray
    icc: bytes | None
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, upright."""
        return self.planes.shape[1], self.planes.shape[0]

    def reduced(self, side: int) -> tuple[bytes, str]:
        """All of it, its longer side at most `side`: the file's content and its media type."""
        width, height = reduced_size(*self.size, side)
        return self._encoded(_resized(self.planes, width, height), exact=False)

    def tile(self, level: int, column: int, row: int) -> tuple[bytes, str]:
        """A tile of `TILE` pixels of the picture reduced by 2 to the power of `level`, and `MARGIN`
        pixels more to each side where there are some.

        Raises:
            IndexError: there is no such tile.
        """
        step, around = TILE << min(level, MOST_LEVELS), MARGIN << min(level, MOST_LEVELS)
        left, top = column * step, row * step
        if level > MOST_LEVELS or left >= self.size[0] or top >= self.size[1]:
            raise IndexError(f"no tile {column}, {row} at {level}")
        part = self.planes[
            max(0, top - around) : top + step + around,
            max(0, left - around) : left + step + around,
        ]
        height, width = (max(1, -(-side >> level)) for side in part.shape[:2])
        return self._encoded(_resized(part, width, height), exact=True)

    def _encoded(self, planes: np.ndarray, *, exact: bool) -> tuple[bytes, str]:
        buffer = io.BytesIO()
        picture = PIL.Image.fromarray(np.ascontiguousarray(np.squeeze(planes)).reshape(
            planes.shape if planes.shape[2] > 1 else planes.shape[:2]
        ), _MODES[planes.shape[2]])  # fmt: skip
        if exact or planes.shape[2] in (2, 4):
            picture.save(buffer, "PNG", compress_level=1, icc_profile=self.icc)
            return buffer.getvalue(), "image/png"
        picture.save(buffer, "JPEG", quality=90, icc_profile=self.icc)
        return buffer.getvalue(), "image/jpeg"


def reduced_size(width: int, height: int, side: int = REDUCED_SIDE) -> tuple[int, int]:
    """The size of a picture whose longer side is at most `side`."""
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _resized(planes: np.ndarray, width: int, height: int) -> np.ndarray:
    if planes.shape[:2] == (height, width):
        return planes
    smaller = cv2.resize(planes, (width, height), interpolation=cv2.INTER_AREA)
    return smaller.reshape(height, width, planes.shape[2])


class Views:
    """The pictures that were looked at last, decoded, in files of a folder."""

    def __init__(self, folder: Path, max_pixels: int) -> None:
        self.folder, self.max_pixels = folder, max_pixels
        folder.mkdir(parents=True, exist_ok=True)
        self._views: OrderedDict[str, View] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, name: str, path: Path) -> View:
        """A picture, decoded unless it is still there.

        Args:
            name: the same for the same content.
            path: its file.

        Raises:
            GaneditError: it cannot be read, or has too many pixels.
        """
        with self._lock:  # one at a time: large ones take much memory
            if (view := self._views.get(name)) is None:
                image = decode(path, allow_truncated=True, max_pixels=self.max_pixels)
                view = self._views[name] = self._stored(name, image)
            self._views.move_to_end(name)
            while len(self._views) > KEPT:
                self._remove(next(iter(self._views)))
            return view

    def forget(self, name: str) -> None:
        """Remove one that is not needed any more."""
        with self._lock:
            if name in self._views:
                self._remove(name)

    def _stored(self, name: str, image: Image) -> View:
        samples = to_eight(image.samples)
        channels = samples.shape[2] + (image.alpha is not None)
        planes = np.lib.format.open_memmap(
            self._file(name), "w+", np.uint8, (image.height, image.width, channels)
        )
        planes[..., : samples.shape[2]] = samples
        if image.alpha is not None:
            planes[..., -1] = to_eight(image.alpha)
        planes.flush()
        kept = np.lib.format.open_memmap(self._file(name), "r")
        return View(kept, image.metadata.icc, image.notes)

    def _remove(self, name: str) -> None:
        del self._views[name]
        self._file(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.npy"


def thumbnail(path: Path, max_pixels: int) -> tuple[bytes, str]:
    """A picture of a list, without keeping it."""
    image = decode(path, allow_truncated=True, max_pixels=max_pixels)
    planes = to_eight(image.samples)
    return View(planes, image.metadata.icc).reduced(THUMB_SIDE)
