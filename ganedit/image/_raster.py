"""`Raster`: samples with what belongs to them; all that writing a file needs to know."""

from dataclasses import dataclass, field

import numpy as np
import PIL.Image

from ganedit.image._metadata import Metadata
from ganedit.image._samples import Samples, to_eight


# Arrays have no single truth value, so two pictures are equal only when they are the same object.
@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """Upright samples at their own bit depth, and the facts that go into a file with them.

    Attributes:
        samples: (H, W, C), C = 1 (greyscale) or 3 (RGB), uint8 or uint16; straight, that is
            not premultiplied with alpha.
        alpha: (H, W), same dtype as `samples`; 0 is transparent. None where all is opaque.
        metadata: the blocks that are written back with the picture.
        format: the source's format in Pillow's spelling, or None for a picture from memory.
        notes: what the decoder converted or left out, each fit for a warning.
        lossless: whether the source was coded without loss in a format that can do both (WebP and
            AVIF); written back to that format, it stays so as far as that is written here.
        turned: the EXIF orientation, 1..8, by which the picture was turned when it was read.
        name: what messages call the file that it was read from; empty for one from memory.
        beside: a picture that a task made with it and that is kept if a place was named for it,
            like the mask of what was filled.

    Raises:
        TypeError: the samples are not a numpy array, or not uint8 or uint16.
        ValueError: a shape does not fit.
    """

    samples: Samples
    alpha: Samples | None = None
    metadata: Metadata = field(default_factory=Metadata)
    format: str | None = None
    notes: tuple[str, ...] = ()
    lossless: bool = False
    turned: int = 1
    name: str = ""
    beside: "Raster | None" = None

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

    def to_pil(self) -> PIL.Image.Image:
        """The picture in Pillow: mode L, LA, RGB or RGBA at 8 bits; 16 bits are rounded."""
        array = to_eight(self.to_array())
        return PIL.Image.fromarray(array[..., 0] if array.shape[2] == 1 else array)

    def to_array(self) -> Samples:
        """Samples with alpha appended: (H, W, C) or (H, W, C + 1), at the picture's own depth."""
        if self.alpha is None:
            return self.samples
        return np.concatenate((self.samples, self.alpha[..., None]), axis=2)


def _check_dtype(name: str, array: object) -> None:
    if not isinstance(array, np.ndarray) or array.dtype not in (np.uint8, np.uint16):
        kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise TypeError(f"{name} must be a numpy array of uint8 or uint16, not {kind}")
