"""A teacher's answers to training crops, asked for once and kept in a folder.

Networks worth learning from are slow: asked anew at each step, one would take all of a training's
time. What it says of some thousand crops, turned and cut in many ways, teaches as well.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ganedit.errors import TrainingError
from ganedit.tasks.upscale.color import RADIUS

LOW, ANSWERS, RECORD = "low.npy", "answers.npy", "teacher.json"
# Side of the crops that are kept, in output pixels; training cuts its own from them.
SIDE = 256
# How often the number of finished pairs is written down.
SAVE_EVERY = 16

Ask = Callable[[np.ndarray], np.ndarray]
Made = Callable[[int], tuple[np.ndarray, np.ndarray]]


class TeacherPairs:
    """Small damaged crops and what a teacher made of them, in memory-mapped files.

    Args:
        folder: where they are kept; made if missing, gone on with if incomplete.
        count: how many pairs there are to be.
        scale: enlargement per side.
        origin: what the pairs depend on, as plain data; a folder of another origin is refused.

    Raises:
        TrainingError: the folder holds pairs of another origin, or cannot be read.
    """

    def __init__(self, folder: Path, count: int, scale: int, origin: dict[str, Any]) -> None:
        self.folder, self.count, self.scale, self.origin = folder, count, scale, origin
        self.finished = self._read_finished()

    def make(self, crops: Made, ask: Ask, progress: Callable[[int, int], None]) -> None:
        """Ask for the answers that are missing.

        Args:
            crops: the small and the large crop of each number, `(64, 64, 3)` and `(256, 256, 3)`
                uint8 at ×4; the same whenever it is asked.
            ask: the teacher: from the one to something like the other.
            progress: told how many of how many are there.
        """
        if self.finished == self.count:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        mode = "r+" if self.finished else "w+"
        low, answers = self._open(LOW, mode), self._open(ANSWERS, mode)
        while self.finished < self.count:
            small, large = crops(self.finished)
            low[self.finished] = small
            answers[self.finished] = with_colors_of(ask(small), large, self.scale)
            self.finished += 1
            if self.finished % SAVE_EVERY == 0 or self.finished == self.count:
                low.flush()
                answers.flush()
                self._write_finished()
            progress(self.finished, self.count)

    def draw(self, rng: np.random.Generator, crop: int) -> tuple[np.ndarray, np.ndarray]:
        """A small crop and its answer, `crop` output pixels a side, turned at random."""
        low, answers = self._open(LOW, "r"), self._open(ANSWERS, "r")
        number, side = int(rng.integers(self.finished)), crop // self.scale
        top, left = (int(v) for v in rng.integers(low.shape[1] - side + 1, size=2))
        turns, mirrored = int(rng.integers(4)), bool(rng.integers(2))
        results = []
        for pictures, scale in ((low, 1), (answers, self.scale)):
            rows, columns = (slice(v * scale, (v + side) * scale) for v in (top, left))
            picture = np.rot90(pictures[number, rows, columns], turns)
            results.append(picture[:, ::-1] if mirrored else picture)
        return results[0], results[1]

    def _open(self, name: str, mode: Any) -> np.memmap:
        side = SIDE if name == ANSWERS else SIDE // self.scale
        shape = (self.count, side, side, 3)
        try:
            return np.lib.format.open_memmap(
                self.folder / name, mode, np.uint8 if mode == "w+" else None, shape
            )
        except (OSError, ValueError) as error:
            raise TrainingError(f"{self.folder / name}: cannot be read: {error}") from error

    def _read_finished(self) -> int:
        path = self.folder / RECORD
        if not path.exists():
            return 0
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            finished = int(record.pop("finished"))
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise TrainingError(f"{path}: cannot be read: {error}; remove {self.folder}") from error
        if record != self._expected():
            raise TrainingError(
                f"{self.folder}: holds answers of another teacher or to other crops; remove it, or "
                "take another --teacher-folder"
            )
        return finished

    def _write_finished(self) -> None:
        record = {**self._expected(), "finished": self.finished}
        new = self.folder / (RECORD + ".new")
        new.write_text(json.dumps(record, indent=1), encoding="utf-8")
        new.replace(self.folder / RECORD)

    def _expected(self) -> dict[str, Any]:
        return {"count": self.count, "scale": self.scale, "origin": self.origin}


def with_colors_of(answer: np.ndarray, truth: np.ndarray, scale: int) -> np.ndarray:
    """The answer, its local mean colours those of the truth.

    Teachers shift colours, which is not to be learned. Both `(H, W, 3)`, the answer float or
    uint8, the truth uint8; so is the result.
    """
    window = (2 * RADIUS + 1) * scale
    answer = np.clip(answer.astype(np.float32), 0, 255)
    shift = cv2.blur(truth.astype(np.float32) - answer, (window, window))
    result: np.ndarray = np.clip(answer + shift + 0.5, 0, 255).astype(np.uint8)
    return result
