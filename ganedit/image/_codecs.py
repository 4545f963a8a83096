"""Pictures that imagecodecs decodes and Pillow does not."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ganedit.image._samples import Samples, from_integers, from_unbounded
from ganedit.image._source import Source


def decoded(
    source: Source, codec: str, name: str, *, lenient: bool, **options: Any
) -> npt.NDArray[Any]:
    """The channels that a codec of imagecodecs finds, (H, W) or (H, W, C).

    Args:
        source: the file.
        codec: imagecodecs' name for it.
        name: what messages call it.
        lenient: whether damage was to be tolerated.
        options: of its decoder.

    Raises:
        TruncatedImageError: it ends early, or is damaged.
        UnreadableImageError: imagecodecs was built without this codec.
    """
    import imagecodecs

    if not getattr(imagecodecs, codec.upper()).available:
        raise source.unsupported(f"{name} by this build of imagecodecs")
    try:
        return np.asarray(getattr(imagecodecs, f"{codec}_decode")(source.data(), **options))
    except MemoryError:
        raise
    except Exception as error:
        raise source.damaged(lenient=lenient) from error


def split_channels(
    source: Source, planes: npt.NDArray[Any], name: str, depth: int | None = None
) -> tuple[Samples, Samples | None, tuple[str, ...]]:
    """Samples and alpha at 8 or 16 bits, and notes on how floats got there.

    Args:
        source: the file.
        planes: what its decoder found.
        name: what messages call its format.
        depth: bits of an integer sample, where they are fewer than its type has.

    Raises:
        UnreadableImageError: more channels than a picture has.
    """
    planes = planes.reshape(*planes.shape[:2], -1)
    count = planes.shape[2]
    if count > 4:
        raise source.unsupported(f"{name} with {count} channels")
    colors = count if count in (1, 3) else count - 1
    samples, notes = _scaled(planes[..., :colors], depth)
    if colors == count:
        return samples, None, notes
    # Rounding, or a decoder's ringing, may lead past opaque.
    opacity = planes[..., -1]
    opacity = np.clip(opacity, 0, 1) if planes.dtype.kind == "f" else opacity
    return samples, _scaled(opacity, depth)[0], notes


def _scaled(planes: npt.NDArray[Any], depth: int | None) -> tuple[Samples, tuple[str, ...]]:
    if planes.dtype.kind in "bu" and planes.dtype.itemsize <= 2:
        bits = 1 if planes.dtype == np.bool_ else depth or 8 * planes.dtype.itemsize
        return from_integers(planes.view(np.uint8) if bits == 1 else planes, bits), ()
    return from_unbounded(planes)
