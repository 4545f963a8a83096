"""Where a picture is painted. Nothing here imports torch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ganedit.errors import ImageError
from ganedit.image import Image, bands
from ganedit.masking import turned_like


@dataclass(frozen=True)
class Mask:
    """How much of the paint shows.

    Attributes:
        shares: `(H, W)` float32 in [0, 1], the photo's own size.
        notes: what was done to it, each fit for a warning.
    """

    shares: np.ndarray
    notes: tuple[str, ...] = ()

    def between(self, outside: Image, inside: Image) -> Image:
        """One picture where the mask is 0, another where it is 1; where it is 0, bit for bit.

        Both of one size and depth. Of the two, a grey one becomes RGB.
        """
        first, second = outside.samples, inside.samples
        channels = max(first.shape[2], second.shape[2])
        result = np.empty((*first.shape[:2], channels), first.dtype)
        for rows in bands(*first.shape[:2]):
            share = self.shares[rows, :, None]
            before, after = first[rows].astype(np.float32), second[rows].astype(np.float32)
            result[rows] = np.rint(before + share * (after - before)).astype(first.dtype)
        notes = (*outside.notes, *inside.notes, *self.notes)
        return replace(inside, samples=result, notes=tuple(dict.fromkeys(notes)))


def mask_of(masks: Sequence[Image], photo: Image, *, may_be_empty: bool = False) -> Mask | None:
    """The mask at the photo's size: white, or transparent where its alpha varies; None without.

    Raises:
        ImageError: it marks nothing, and may not.
    """
    if not masks:
        return None
    (mask,) = masks
    notes: list[str] = []
    shares: np.ndarray
    if mask.alpha is not None and np.ptp(mask.alpha) > 0:
        shares = 1 - mask.alpha.astype(np.float32) / np.iinfo(mask.alpha.dtype).max
        notes.append("the mask's transparent parts are painted")
    else:
        white = np.iinfo(mask.samples.dtype).max * mask.channels
        shares = mask.samples.sum(axis=2, dtype=np.uint32).astype(np.float32) / white
    shares, turned = turned_like(shares, photo)
    notes += turned
    if shares.shape != (photo.height, photo.width):
        height, width = shares.shape
        notes.append(
            f"the mask was resized: it has {width}×{height}, the picture "
            f"{photo.width}×{photo.height}"
        )
        how = cv2.INTER_AREA if height > photo.height else cv2.INTER_LINEAR
        shares = cv2.resize(shares, (photo.width, photo.height), interpolation=how)
    if not (may_be_empty or shares.any()):
        raise ImageError("the mask marks nothing: no pixel is white (or transparent)")
    return Mask(shares, tuple(notes))
