"""`Image`, the one picture type of the project."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from ganedit.errors import ImageError
from ganedit.image._metadata import Metadata, read_metadata, refreshed
from ganedit.image._pillow import expand, orientation_of
from ganedit.image._samples import Samples, orient, to_eight


# Arrays have no single truth value, so two pictures are equal only when they are the same object.
@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A decoded picture, upright, at its own bit depth.

    Attributes:
        samples: (H, W, C), C = 1 (greyscale) or 3 (RGB), uint8 or uint16; straight, that is
            not premultiplied with alpha.
        alpha: (H, W), same dtype as `samples`; 0 is transparent. None where all is opaque.
        metadata: the blocks that are written back with the picture.
        format: the source's format in Pillow's spelling, or None for a picture from memory.
        notes: what the decoder converted or left out, each fit for a warning.
        turned: the EXIF orientation, 1..8, by which the picture was turned when it was read.

    Raises:
        TypeError: the samples are not a numpy array, or not uint8 or uint16.
        ValueError: a shape does not fit.
    """

    samples: Samples
    alpha: Samples | None = None
    metadata: Metadata = field(default_factory=Metadata)
    format: str | None = None
    notes: tuple[str, ...] = ()
    turned: int = 1

    def __post_init__(self) -> None:
        _check_dtype("samples", self.samples)
        if self.samples.ndim != 3 or self.samples.shape[2] not in (1, 3) or not self.samples.size:
            raise ValueError(f"samples must be (H, W, 1) or (H, W, 3), not {self.samples.shape}")
        if self.alpha is None:
            return
        _check_dtype("alpha", self.alpha)
        if self.alpha.dtype != self.samples.dtype:
            raise TypeError(f"alpha is {self.alpha.dtype}, samples are {self.samples.dtype}")
        if self.alpha.shape != self.samples.shape[:2]:
            raise ValueError(
                f"alpha is {self.alpha.shape}, samples are {self.samples.shape[:2]} (H, W)"
            )

    @property
    def height(self) -> int:
        return int(self.samples.shape[0])

    @property
    def width(self) -> int:
        return int(self.samples.shape[1])

    @property
    def channels(self) -> int:
        """1 for greyscale, 3 for RGB; alpha is not counted."""
        return int(self.samples.shape[2])

    @property
    def depth(self) -> int:
        """Bits per sample, 8 or 16."""
        return 8 * int(self.samples.dtype.itemsize)

    @property
    def is_grey(self) -> bool:
        """Whether no pixel has colour: one channel, or red = green = blue everywhere."""
        if self.channels == 1:
            return True
        red, green, blue = np.moveaxis(self.samples, 2, 0)
        return bool(np.array_equal(red, green) and np.array_equal(green, blue))

    @classmethod
    def from_array(cls, array: npt.NDArray[np.generic]) -> "Image":
        """A picture from samples in memory.

        Args:
            array: (H, W), (H, W, 1), (H, W, 2: grey and alpha), (H, W, 3) or (H, W, 4: RGB and
                alpha); uint8, uint16, bool (False is black), or float in [0, 1], which becomes
                uint8, rounded to nearest.

        Raises:
            ImageError: another shape or dtype, or floats that are not within [0, 1].
        """
        planes: npt.NDArray[Any] = array[..., None] if array.ndim == 2 else array
        if planes.ndim != 3 or planes.shape[2] not in (1, 2, 3, 4) or not planes.size:
            raise ImageError(
                f"an array of shape {array.shape} is no picture; "
                "pass (H, W) or (H, W, C) with C from 1 to 4"
            )
        samples = _integers(planes)
        if samples.shape[2] in (1, 3):
            return cls(np.ascontiguousarray(samples))
        return cls(np.ascontiguousarray(samples[..., :-1]), np.ascontiguousarray(samples[..., -1]))

    @classmethod
    def from_pil(cls, picture: PIL.Image.Image) -> "Image":
        """A picture from Pillow, of any mode, with the conversions that `decode` makes.

        EXIF orientation is applied; metadata is kept where it still describes the samples.

        Raises:
            ImageError: a mode whose range is unknown (floats outside [0, 1], 32-bit integers).
        """
        planes = expand(picture)
        metadata, damage = read_metadata(picture)
        if planes.converted:
            metadata = replace(metadata, icc=None)
        return cls.upright(
            planes.samples,
            planes.alpha,
            orientation_of(picture),
            metadata,
            format="JPEG" if picture.format == "MPO" else picture.format,
            notes=planes.notes + damage,
        )

    @classmethod
    def upright(
        cls,
        samples: Samples,
        alpha: Samples | None,
        orientation: int,
        metadata: Metadata,
        *,
        format: str | None = None,
        notes: tuple[str, ...] = (),
    ) -> "Image":
        """A picture turned as EXIF `orientation` (1..8) asks, its metadata corrected to match."""
        samples = orient(samples, orientation)
        alpha = None if alpha is None else orient(alpha, orientation)
        height, width, channels = samples.shape
        metadata, dropped = refreshed(metadata, width, height, channels)
        notes += dropped
        return cls(samples, alpha, metadata, format, notes, turned=orientation)

    def to_pil(self) -> PIL.Image.Image:
        """The picture in Pillow: mode L, LA, RGB or RGBA at 8 bits; 16 bits are rounded."""
        array = to_eight(self.to_array())
        return PIL.Image.fromarray(array[..., 0] if array.shape[2] == 1 else array)

    def save(
        self,
        path: Path | str,
        *,
        format: str | None = None,
        quality: int | None = None,
        overwrite: bool = False,
    ) -> tuple[str, ...]:
        """Write the picture to a file; see `ganedit.image.save`."""
        from ganedit.image._save import save  # which needs this module first

        return save(self, Path(path), format=format, quality=quality, overwrite=overwrite)

    def to_array(self) -> Samples:
        """Samples with alpha appended: (H, W, C) or (H, W, C + 1), at the picture's own depth."""
        if self.alpha is None:
            return self.samples
        return np.concatenate((self.samples, self.alpha[..., None]), axis=2)


def _check_dtype(name: str, array: object) -> None:
    if not isinstance(array, np.ndarray) or array.dtype not in (np.uint8, np.uint16):
        kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise TypeError(f"{name} must be a numpy array of uint8 or uint16, not {kind}")


def _integers(array: npt.NDArray[Any]) -> Samples:
    """uint8 and uint16 as they are (native byte order), bool as black and white, floats rounded."""
    if array.dtype == np.uint8:
        return array.astype(np.uint8, copy=False)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return array.astype(np.uint16, copy=False)
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind != "f":
        raise ImageError(
            f"samples of type {array.dtype} have no known range; "
            "pass uint8, uint16, bool or float in [0, 1]"
        )
    low, high = float(np.min(array)), float(np.max(array))
    if not (low >= 0.0 and high <= 1.0):  # also false for NaN
        raise ImageError(f"float samples run from {low:g} to {high:g}; clip or scale to [0, 1]")
    return np.rint(array.astype(np.float32) * 255).astype(np.uint8)
