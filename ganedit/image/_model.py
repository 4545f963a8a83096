"""`Image`, the one picture type of the project."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from ganedit.errors import ImageError
from ganedit.image._metadata import refreshed
from ganedit.image._pillow import read_pillow
from ganedit.image._raster import Raster
from ganedit.image._reading import Reading
from ganedit.image._samples import Samples, orient
from ganedit.image._save import save


@dataclass(frozen=True, slots=True, eq=False)
class Image(Raster):
    """A decoded picture, upright, at its own bit depth; see `Raster` for what it holds."""

    def __repr__(self) -> str:
        kind = ("grey" if self.channels == 1 else "RGB") + ("A" if self.alpha is not None else "")
        return f"<ganedit.Image {self.width}×{self.height} {self.samples.dtype} {kind}>"

    @classmethod
    def from_array(cls, array: npt.NDArray[np.generic]) -> "Image":
        """A picture from samples in memory.

        Args:
            array: (H, W), (H, W, 1), (H, W, 2: grey and alpha), (H, W, 3) or (H, W, 4: RGB and
                alpha); uint8, uint16, bool (False is black), or float in [0, 1], which becomes
                uint8, rounded to nearest, with a note where that loses anything.

        Raises:
            ImageError: another shape or dtype, or floats that are not within [0, 1].
        """
        planes: npt.NDArray[Any] = array[..., None] if array.ndim == 2 else array
        if planes.ndim != 3 or planes.shape[2] not in (1, 2, 3, 4) or not planes.size:
            raise ImageError(
                f"an array of shape {array.shape} is no picture; "
                "pass (H, W) or (H, W, C) with C from 1 to 4"
            )
        samples, notes = _integers(planes)
        if samples.shape[2] in (1, 3):
            return cls(np.ascontiguousarray(samples), notes=notes)
        colors, alpha = samples[..., :-1], samples[..., -1]
        return cls(np.ascontiguousarray(colors), np.ascontiguousarray(alpha), notes=notes)

    @classmethod
    def from_pil(cls, picture: PIL.Image.Image) -> "Image":
        """A picture from Pillow, of any mode, with the conversions that `decode` makes.

        EXIF orientation is applied; metadata is kept where it still describes the samples.
        """
        return cls.upright(read_pillow(picture))

    @classmethod
    def upright(cls, reading: Reading) -> "Image":
        """What was read, turned as its orientation asks, its metadata corrected to match."""
        # What EXIF does not define is no reason to turn a picture.
        turned = reading.orientation if 1 <= reading.orientation <= 8 else 1
        samples = orient(reading.samples, turned)
        alpha = None if reading.alpha is None else orient(reading.alpha, turned)
        height, width, channels = samples.shape
        metadata = reading.metadata.transposed() if turned >= 5 else reading.metadata
        metadata, dropped = refreshed(metadata, width, height, channels)
        notes = tuple(dict.fromkeys((*reading.notes, *dropped)))
        return cls(samples, alpha, metadata, reading.format, notes, reading.lossless, turned)

    def save(
        self,
        path: Path | str,
        *,
        format: str | None = None,
        quality: int | None = None,
        overwrite: bool = False,
    ) -> tuple[str, ...]:
        """Write the picture to a file; see `ganedit.image.save`."""
        return save(self, Path(path), format=format, quality=quality, overwrite=overwrite)


# What floats that were 8 bits once may be off by, in levels.
_ROUNDING = 1e-3


def _integers(array: npt.NDArray[Any]) -> tuple[Samples, tuple[str, ...]]:
    """uint8 and uint16 as they are (native byte order), bool as black and white, floats rounded;
    and what is to be said of that."""
    if array.dtype == np.uint8:
        return array.astype(np.uint8, copy=False), ()
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return array.astype(np.uint16, copy=False), ()
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255), ()
    if array.dtype.kind != "f":
        raise ImageError(
            f"samples of type {array.dtype} have no known range; "
            "pass uint8, uint16, bool or float in [0, 1]"
        )
    low, high = float(np.min(array)), float(np.max(array))
    if np.isnan(low):
        raise ImageError("some of the float samples are no numbers (NaN); fill them in first")
    if not (low >= 0.0 and high <= 1.0):
        raise ImageError(f"float samples run from {low:g} to {high:g}; clip or scale to [0, 1]")
    levels = array.astype(np.float32) * 255
    rounded = np.rint(levels)
    lost = float(np.abs(levels - rounded).max()) > _ROUNDING
    notes = ("floats were rounded to 8 bits; pass uint16 to keep 16",) if lost else ()
    return rounded.astype(np.uint8), notes
