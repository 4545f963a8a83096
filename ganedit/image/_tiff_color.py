"""What the channels of a TIFF page mean, as grey or RGB samples with straight alpha."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ganedit.image._color import cmyk_to_rgb, lab_to_rgb, ycbcr_to_rgb
from ganedit.image._samples import (
    Samples,
    from_integers,
    from_unbounded,
    full_scale,
    unpremultiply,
)
from ganedit.image._source import Source

_MINISWHITE, _MINISBLACK, _RGB, _PALETTE, _MASK, _SEPARATED, _YCBCR = range(7)
_CIELAB, _ICCLAB = 8, 9
_COLORS = {_MINISWHITE: 1, _MINISBLACK: 1, _RGB: 3, _PALETTE: 1, _MASK: 1, _SEPARATED: 4}
_COLORS |= {_YCBCR: 3, _CIELAB: 3, _ICCLAB: 3}
_PREMULTIPLIED, _STRAIGHT = 1, 2
_COLOR_MAP, _INK_SET, _EXTRA_SAMPLES = 320, 332, 338
_YCBCR_COEFFICIENTS, _REFERENCE_BLACK_WHITE = 529, 532
_LUMA = (0.299, 0.587, 0.114)
_CMYK = 1
UNCOMPRESSED = 1


@dataclass(frozen=True, slots=True)
class Told:
    """Notes on a conversion, and whether the colour space is another one now."""

    notes: tuple[str, ...] = ()
    converted: bool = False


def to_samples(
    source: Source, page: Any, planes: npt.NDArray[Any]
) -> tuple[Samples, Samples | None, Told]:
    """Samples, alpha and notes of a page whose channels (H, W, C) are decoded.

    Raises:
        UnreadableImageError: a colour space that is not known here.
    """
    photometric = int(page.photometric if page.photometric is not None else _MINISBLACK)
    colors = _COLORS.get(photometric)
    inks = page.tags.get(_INK_SET)
    if colors is None or colors > planes.shape[2] or (inks and inks.value != _CMYK):
        raise source.unsupported(f"TIFF in the colour space {_name(page)}")
    extra = [int(kind) for kind in page.extrasamples or ()]
    if photometric == _RGB and planes.shape[2] == 4 and _EXTRA_SAMPLES not in page.tags:
        extra = [_STRAIGHT]  # the tag is often forgotten
    kind, alpha, notes = _alpha(page, planes, colors, extra)
    planes = planes[..., :colors]
    if photometric == _PALETTE:
        samples = _through_palette(source, page, planes)
        return samples, _to_depth(alpha, samples), Told((*notes, "palette converted to RGB"))
    if photometric in (_CIELAB, _ICCLAB):
        lab, depth = _lab(planes, photometric), 8 * min(2, planes.dtype.itemsize)
        samples = lab_to_rgb(lab, depth)
        told = Told((*notes, "LAB converted to RGB"), converted=True)
        return samples, _to_depth(alpha, samples), told
    samples, scaled = _scaled(page, planes)
    notes += scaled
    if photometric == _MINISWHITE:
        np.subtract(full_scale(samples), samples, out=samples)
    alpha = _to_depth(alpha, samples)
    if alpha is not None and kind == _PREMULTIPLIED:
        unpremultiply(samples, alpha)
    if photometric == _YCBCR and page.compression == UNCOMPRESSED:
        samples = _from_ycbcr(source, page, samples)
    if photometric == _SEPARATED:
        samples, note = cmyk_to_rgb(samples, page.iccprofile)
        return samples, alpha, Told((*notes, note), converted=True)
    return samples, alpha, Told(notes)


def _name(page: Any) -> str:
    return str(getattr(page.photometric, "name", page.photometric))


def _alpha(
    page: Any, planes: npt.NDArray[Any], colors: int, extra: list[int]
) -> tuple[int, Samples | None, tuple[str, ...]]:
    """The kind of the first channel of opacity, its values, and a note on the other channels."""
    more = planes.shape[2] - colors
    place = next((i for i, kind in enumerate(extra[:more]) if kind in (1, 2)), None)
    alpha = None if place is None else _scaled(page, planes[..., colors + place, None])[0][..., 0]
    left = more - (place is not None)
    if not left:
        notes: tuple[str, ...] = ()
    elif left == 1:
        notes = ("a further channel that is not alpha was left out",)
    else:
        notes = (f"{left} further channels that are not alpha were left out",)
    return 0 if place is None else extra[place], alpha, notes


def _scaled(page: Any, planes: npt.NDArray[Any]) -> tuple[Samples, tuple[str, ...]]:
    """Values at 8 or 16 bits: by their number of bits, or by their range where that is no help."""
    bits = page.bitspersample
    if not isinstance(bits, int):
        bits = 8 * planes.dtype.itemsize  # tifffile scales mixed depths such as 5, 6 and 5 bits
    if planes.dtype.kind in "bu" and (bits < 32 or planes.max() > 0xFFFF):
        scaled = from_integers(planes, bits)
        # A view of what was read may be read-only, and is changed below.
        return scaled if scaled.flags.writeable else scaled.copy(), ()
    return from_unbounded(planes)


def _to_depth(alpha: Samples | None, samples: Samples) -> Samples | None:
    """Alpha at the depth that its picture was brought to."""
    if alpha is None or alpha.dtype == samples.dtype:
        return None if alpha is None else np.ascontiguousarray(alpha)
    if samples.dtype == np.uint16:
        return alpha.astype(np.uint16) * np.uint16(257)
    return ((alpha.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _through_palette(source: Source, page: Any, indices: npt.NDArray[Any]) -> Samples:
    tag = page.tags.get(_COLOR_MAP)
    if tag is None:
        raise source.damaged(lenient=False)
    table = np.asarray(tag.value, np.uint16).reshape(3, -1).T
    # 16 bits by the specification; some writers put 8 there.
    colors = (table if table.max() < 256 else table >> 8).astype(np.uint8)
    samples: Samples = colors[np.minimum(indices[..., 0], len(colors) - 1)]
    return samples


def _from_ycbcr(source: Source, page: Any, samples: Samples) -> Samples:
    if samples.dtype != np.uint8:
        raise source.unsupported("a TIFF of 16 bits in YCbCr")
    luma = _rationals(page, _YCBCR_COEFFICIENTS, _LUMA)
    luma = luma if all(luma) else _LUMA
    reference = _rationals(page, _REFERENCE_BLACK_WHITE, (0, 255, 128, 255, 128, 255))
    return ycbcr_to_rgb(samples, luma, reference)


def _rationals(page: Any, code: int, default: tuple[float, ...]) -> tuple[float, ...]:
    """The fractions of a tag; the default of the specification where it makes no sense."""
    tag = page.tags.get(code)
    values = np.ravel(tag.value).astype(float) if tag else np.zeros(0)
    if values.size != 2 * len(default) or not values[1::2].all():
        return default
    return tuple((values[0::2] / values[1::2]).tolist())


def _lab(planes: npt.NDArray[Any], photometric: int) -> npt.NDArray[np.float32]:
    """L*, a*, b*; a and b are signed in CIELAB, and have an offset in ICCLAB."""
    if planes.dtype.kind == "f":
        return planes.astype(np.float32)
    deep = planes.dtype.itemsize == 2
    lightness = planes[..., 0].astype(np.float32)
    if photometric == _ICCLAB:
        white, unit = (0xFF00, 256) if deep else (255, 1)
        chroma = planes[..., 1:].astype(np.float32) / unit - 128
    else:
        white, unit = (0xFFFF, 256) if deep else (255, 1)
        chroma = planes[..., 1:].view(np.int16 if deep else np.int8).astype(np.float32) / unit
    return np.concatenate(((lightness * (100 / white))[..., None], chroma), axis=2)
