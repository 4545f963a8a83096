"""PNG of every depth to samples."""

import numpy as np
import PIL.Image

from ganedit.image._metadata import orientation_in
from ganedit.image._pillow import expand
from ganedit.image._png_chunks import PngParts, read_chunks
from ganedit.image._reading import Reading
from ganedit.image._samples import Samples, keyed_alpha
from ganedit.image._source import Source

_APPLE = "Apple's variant of PNG (CgBI, made for apps by Xcode)"


def read_png(source: Source, *, max_pixels: int, lenient: bool) -> Reading:
    """Decode a PNG file.

    Raises:
        TruncatedImageError: it ends early, or is damaged.
        UnreadableImageError: Apple's variant.
        ImageTooLargeError: more than `max_pixels`.
    """
    parts = read_chunks(source.file)
    if parts.apple:
        raise source.unsupported(_APPLE)
    width, height, depth, _ = parts.header
    if not width or not height:
        raise source.damaged(lenient=lenient)
    source.check_size(width, height, max_pixels)
    deep = depth == 16 and not lenient
    try:
        samples, alpha, notes = _deep(parts) if deep else _shallow(parts)
    except MemoryError:
        raise
    except Exception as error:
        raise source.damaged(lenient=lenient) from error
    if parts.key is not None and alpha is None:
        # At 8 bits samples of fewer bits are scaled, and so is the colour that is compared.
        white = (1 << depth) - 1
        scale = 255 / white if samples.dtype == np.uint8 else 1
        alpha = keyed_alpha(samples, tuple(int(value * scale) for value in parts.key))
    if depth == 16 and samples.dtype == np.uint8:
        notes += ("reduced to 8 bits: damaged 16-bit PNG is not read at its own depth",)
    if parts.frames > 1:
        notes += (f"animated: only the first of {parts.frames} frames was taken",)
    orientation = orientation_in(parts.metadata)
    return Reading(samples, alpha, parts.metadata, orientation, "PNG", notes + parts.notes)


def _shallow(parts: PngParts) -> tuple[Samples, Samples | None, tuple[str, ...]]:
    parts.pixels.seek(0)
    picture = PIL.Image.open(parts.pixels, formats=["PNG"])
    picture.load()
    return expand(picture)


def _deep(parts: PngParts) -> tuple[Samples, Samples | None, tuple[str, ...]]:
    import imagecodecs

    planes = imagecodecs.png_decode(parts.pixels.getvalue())
    planes = planes.reshape(*planes.shape[:2], -1)
    if planes.shape[2] in (1, 3):
        return planes, None, ()
    samples = np.ascontiguousarray(planes[..., :-1])
    return samples, np.ascontiguousarray(planes[..., -1]), ()
