"""A larger canvas around a photo (outpainting). Nothing here imports torch."""

import re
from dataclasses import dataclass, replace

import numpy as np

from ganedit.errors import UsageError
from ganedit.image import Image

_SIDES = ("left", "top", "right", "bottom")


@dataclass(frozen=True)
class Margins:
    """Pixels that a canvas grows by on each side."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Width and height of the canvas, for those of the photo."""
        return size[0] + self.left + self.right, size[1] + self.top + self.bottom

    def in_turn(self) -> tuple["Margins", ...]:
        """Sides first, then above and below, over the whole width: a band is filled better."""
        parts = replace(self, top=0, bottom=0), replace(self, left=0, right=0)
        return tuple(part for part in parts if part != Margins())

    @property
    def padding(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """As numpy's `pad` takes it for rows and columns."""
        return (self.top, self.bottom), (self.left, self.right)


def parse_margins(text: str) -> Margins:
    """`left=200,top=100` as numbers; sides may be left out.

    Raises:
        UsageError: not such margins.
    """
    found: dict[str, int] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*(left|top|right|bottom)\s*=\s*(\d+)\s*", part)
        if not match or match[1] in found:
            raise UsageError(
                f"--expand {text!r}: write it like left=200,top=100; sides are {', '.join(_SIDES)}"
            )
        found[match[1]] = int(match[2])
    if not any(found.values()):
        raise UsageError(f"--expand {text}: at least one side has to grow")
    return Margins(**found)


def expanded(photo: Image, margins: Margins) -> Image:
    """The photo on its larger canvas, the nearest pixels where there is nothing yet.

    Depth, channels and metadata stay; where there is alpha, what is new is opaque.
    """
    if margins == Margins():
        return photo
    samples = np.pad(photo.samples, (*margins.padding, (0, 0)), mode="edge")
    if photo.alpha is None:
        return replace(photo, samples=samples)
    opaque = np.iinfo(photo.alpha.dtype).max
    alpha = np.pad(photo.alpha, margins.padding, constant_values=opaque)
    return replace(photo, samples=samples, alpha=alpha)


def new_area(hole: np.ndarray, margins: Margins) -> np.ndarray:
    """A hole `(H, W)` bool of the photo on the canvas, what is new being hole too."""
    return np.pad(hole, margins.padding, constant_values=True)
