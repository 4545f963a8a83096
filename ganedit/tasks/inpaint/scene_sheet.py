"""A sheet of fills beside each other, to look at."""

from collections.abc import Mapping

import cv2
import numpy as np

from ganedit.image import Image, resize
from ganedit.tasks.inpaint.holes import depth_of
from ganedit.tasks.inpaint.scenes import Scene

# Width of a column: photographs are reduced to it, and it is the side of the details at 1:1.
SIDE, GAP, CAPTION = 320, 8, 18
GREY, WHITE = 128, 255


class Sheet:
    """A column for each method; for every hole the photographs, and below them details at 1:1."""

    def __init__(self) -> None:
        self._rows: list[np.ndarray] = []

    def add(self, scene: Scene, fills: Mapping[str, np.ndarray]) -> None:
        """Add a photograph with its hole, and what fillers made of it, by their names."""
        holed = np.where(scene.hole[:, :, None], np.uint8(GREY), scene.picture)
        columns = {f"{scene.name} {scene.thing}": holed, **fills}
        height = round(scene.picture.shape[0] * SIDE / scene.picture.shape[1])
        window = _detail(scene.hole)
        self._rows.append(np.concatenate([
            _column([_caption(name), resize(Image(each), SIDE, height).samples, each[window]])
            for name, each in columns.items()
        ], axis=1))  # fmt: skip

    def picture(self) -> Image:
        """The sheet as it is by now."""
        return Image(np.concatenate(self._rows))


def _column(parts: list[np.ndarray]) -> np.ndarray:
    """Parts below each other, white between them, and to the right."""
    padded = [
        np.pad(part, ((0, GAP), (0, SIDE + GAP - part.shape[1]), (0, 0)), constant_values=WHITE)
        for part in parts
    ]
    return np.concatenate(padded)


def _caption(text: str) -> np.ndarray:
    line = np.full((CAPTION, SIDE, 3), WHITE, np.uint8)
    shown = text.encode("ascii", "replace").decode()[-44:]  # OpenCV's letters are ASCII
    cv2.putText(line, shown, (0, CAPTION - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1,
                cv2.LINE_AA)  # fmt: skip
    return line


def _detail(hole: np.ndarray) -> tuple[slice, slice]:
    """A square over the border of a hole, left of where it is deepest."""
    y, x = np.unravel_index(int(np.argmax(depth_of(hole))), hole.shape)
    left = np.flatnonzero(~hole[y, :x])
    middle = (int(y), int(left[-1]) if len(left) else int(x))
    rows, columns = (
        slice(start := max(0, min(at - SIDE // 2, side - SIDE)), min(side, start + SIDE))
        for at, side in zip(middle, hole.shape, strict=True)
    )
    return rows, columns
