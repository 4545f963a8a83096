"""Small operations on sample arrays that never make a wide copy of a whole picture.

A 500-megapixel picture takes 1.5 GB at 8 bits; the same in float32 or int32 takes 6 GB.
Whatever needs a wider type therefore works on bands of rows.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.unsignedinteger[Any]]
"""uint8 or uint16; numpy has no tighter type that arithmetic between the two would keep."""

_BAND_PIXELS = 1 << 20


def bands(height: int, width: int, pixels: int = _BAND_PIXELS) -> Iterator[slice]:
    """Slices of rows that cover `height`, each of about `pixels` pixels and at least one row."""
    rows = max(1, pixels // max(1, width))
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def bands_within(
    shape: tuple[int, ...], reach: int, pixels: int = _BAND_PIXELS
) -> Iterator[tuple[slice, slice, slice]]:
    """As `bands`, each with the `reach` rows around it that decide what becomes of it.

    Args:
        shape: `(H, W, ...)` of the picture.
        reach: rows to either side.
        pixels: of a band, about.

    Yields:
        The band's rows in the picture, the rows with those around them, and where the band lies in
        those.
    """
    height, width = shape[:2]
    for rows in bands(height, width, pixels):
        first = max(0, rows.start - reach)
        outer = slice(first, min(rows.stop + reach, height))
        yield rows, outer, slice(rows.start - first, rows.stop - first)


def full_scale(samples: Samples) -> int:
    """The value that means white or opaque: 255 or 65,535."""
    return int(np.iinfo(samples.dtype).max)


def to_eight(samples: Samples) -> npt.NDArray[np.uint8]:
    """Any unsigned samples at 8 bits, rounded to nearest; 8-bit samples are returned as they are.

    65,535 / 255 is exactly 257, so ``(v + 128) // 257`` is ``round(v / 257)``.
    """
    if samples.dtype == np.uint8:
        return samples.astype(np.uint8, copy=False)
    reduced = np.empty(samples.shape, np.uint8)
    height, width = samples.shape[:2]
    for rows in bands(height, width):
        reduced[rows] = (samples[rows].astype(np.uint32) + 128) // 257
    return reduced


def from_integers(values: npt.NDArray[np.integer[Any]], bits: int) -> Samples:
    """Unsigned integers of `bits` bits scaled so that their largest is white.

    Up to 8 bits become 8, all others 16, rounded to nearest.
    """
    if bits in (8, 16):
        return np.ascontiguousarray(values, np.uint8 if bits == 8 else np.uint16)
    white = (1 << bits) - 1
    if bits < 8:
        table = (np.arange(white + 1) * 255 + white // 2) // white
        looked_up: Samples = table.astype(np.uint8)[np.minimum(values, white)]
        return looked_up
    # More than 48 bits times 16 would not fit 64.
    spare = max(0, bits - 48)
    white >>= spare
    scaled = np.empty(values.shape, np.uint16)
    for rows in bands(*values.shape[:2]):
        wide = values[rows].astype(np.uint64) >> np.uint64(spare)
        scaled[rows] = (wide * np.uint64(0xFFFF) + np.uint64(white // 2)) // np.uint64(white)
    return scaled


def from_unbounded(values: npt.NDArray[Any]) -> tuple[Samples, tuple[str, ...]]:
    """Floats or wide integers whose white no file tells, at 16 bits, and notes on how.

    Floats from 0 to 1 and integers within 16 bits are taken as they are. Of anything else the
    highest value becomes white, and the lowest black if it is negative. NaN counts as the lowest,
    infinite values as the highest or lowest finite one.
    """
    floats = values.dtype.kind == "f"
    kind = "float" if floats else "integer"
    low, high = _finite_range(values)
    if not floats and low >= 0 and high <= 0xFFFF:
        return values.astype(np.uint16), ()
    if floats and low >= 0.0 and high <= 1.0:
        low, high, note = 0.0, 1.0, "float samples converted to 16 bits"
    else:
        note = f"{kind} samples from {low:g} to {high:g} scaled to 16 bits: {high:g} is white"
        low = min(low, 0)
    scaled = np.empty(values.shape, np.uint16)
    factor = 0xFFFF / (high - low) if high > low else 0.0
    for rows in bands(*values.shape[:2]):
        band = np.nan_to_num(values[rows].astype(np.float64), nan=low, posinf=high, neginf=low)
        scaled[rows] = np.rint((band - low) * factor)
    return scaled, (note, *_not_finite(values))


def _not_finite(values: npt.NDArray[Any]) -> tuple[str, ...]:
    """Notes on samples that stand for no value, or for none that a picture could hold."""
    nowhere = infinite = 0
    for rows in bands(*values.shape[:2]):
        nowhere += int(np.isnan(values[rows]).sum())
        infinite += int(np.isinf(values[rows]).sum())
    notes = []
    if nowhere:
        samples = "sample that is no number" if nowhere == 1 else "samples that are no numbers"
        notes.append(f"{nowhere:,} {samples} became the lowest value")
    if infinite:
        samples = "infinite sample" if infinite == 1 else "infinite samples"
        notes.append(f"{infinite:,} {samples} became the highest or lowest finite value")
    return tuple(notes)


def _finite_range(values: npt.NDArray[Any]) -> tuple[float, float]:
    """The lowest and highest finite value; 0 and 0 if there is none."""
    low, high = np.inf, -np.inf
    for rows in bands(*values.shape[:2]):
        band = values[rows][np.isfinite(values[rows])]
        if band.size:
            low, high = min(low, float(band.min())), max(high, float(band.max()))
    return (low, high) if low <= high else (0.0, 0.0)


def flatten_on_white(
    samples: npt.NDArray[np.uint8], alpha: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    """Straight 8-bit samples (H, W, C) over white through alpha (H, W), rounded to nearest."""
    flat = np.empty_like(samples)
    height, width = alpha.shape
    for rows in bands(height, width):
        opacity = alpha[rows, :, None].astype(np.uint32)
        mixed = samples[rows] * opacity + 255 * (255 - opacity)
        flat[rows] = (mixed + 127) // 255
    return flat


def unpremultiply(samples: Samples, alpha: Samples) -> None:
    """Turn premultiplied `samples` (H, W, C) into straight ones in place; alpha is (H, W)."""
    white = full_scale(samples)
    height, width = alpha.shape
    for rows in bands(height, width):
        opacity = alpha[rows, :, None].astype(np.uint64)
        # Where nothing is opaque there is no colour to recover: dividing by one leaves it.
        divisor = np.maximum(opacity, 1)
        straight = (samples[rows] * np.uint64(white) + divisor // 2) // divisor
        samples[rows] = np.where(opacity > 0, np.minimum(straight, white), samples[rows])


def keyed_alpha(samples: Samples, key: int | tuple[int, ...]) -> Samples:
    """Alpha (H, W) of pictures whose one colour `key` means transparent (PNG's tRNS, GIF)."""
    height, width = samples.shape[:2]
    alpha = np.empty((height, width), samples.dtype)
    wanted = np.asarray(key).reshape(-1)
    for rows in bands(height, width):
        hit = (samples[rows] == wanted).all(axis=2)
        alpha[rows] = np.where(hit, 0, full_scale(samples))
    return alpha


def orient(array: Samples, orientation: int) -> Samples:
    """`array` (H, W, ...) as EXIF orientation 1..8 wants it shown; other values change nothing."""
    if 5 <= orientation <= 8:
        array = array.swapaxes(0, 1)
    # What is left after the transposition is a choice of two flips.
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)
