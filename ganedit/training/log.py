"""What a run shows: a table of losses and scores, its plot, sample sheets, TensorBoard."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image as PILImage
from torch import Tensor

from ganedit.errors import TrainingError
from ganedit.training.config import TrainingConfig

LOG = "log.csv"
PLOT = "losses.png"
SAMPLES = "samples"
# The columns that are no losses or scores.
POSITION = ("step", "images", "seconds", "rate")
# Before the names of scores.
HELD_OUT = "held-out "

Row = dict[str, str]


class Log:
    """Writes `log.csv`, `losses.png` and `samples/`, and TensorBoard events when asked.

    Terms are averaged between rows on the device, so that logging never waits for it; each over
    the steps that had it.
    """

    def __init__(self, config: TrainingConfig, step: int) -> None:
        self.folder = config.out
        self.every = config.log_every
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._drop_rows_after(step)
        self._events: Any = _event_writer(config) if config.tensorboard else None

    def add(
        self,
        step: int,
        images: int,
        seconds: float,
        rate: float,
        terms: Mapping[str, Tensor],
        *,
        last: bool,
    ) -> str | None:
        """Take one step's terms; every `log_every` steps, and at the last, write a row.

        Returns the row as a line, or None between rows.
        """
        for name, term in terms.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(term)) + term
            self._counts[name] = self._counts.get(name, 0) + 1
        if step % self.every and not last:
            return None
        means = {name: float(total) / self._counts[name] for name, total in self._sums.items()}
        self._sums, self._counts = {}, {}
        self._write(step, images, seconds, means, rate)
        return "  ".join(f"{name} {value:.4f}" for name, value in means.items())

    def scores(self, step: int, images: int, seconds: float, values: Mapping[str, float]) -> None:
        """Write a row of what was measured on held-out pictures."""
        named = {HELD_OUT + name: value for name, value in values.items()}
        self._write(step, images, seconds, named)

    def plot(self) -> None:
        """Draw every column of the table over the images into `losses.png`."""
        rows = read_log(self.folder)
        names = [n for n in (rows[0] if rows else {}) if n not in POSITION]
        if len(rows) < 2 or not names:
            return
        from matplotlib.figure import Figure  # slow to import, and no display is needed

        figure = Figure(figsize=(8, 2.2 * len(names)), layout="constrained")
        panels = np.atleast_1d(figure.subplots(len(names), sharex=True))
        for name, axes in zip(names, panels, strict=True):
            known = [(int(row["images"]), float(row[name])) for row in rows if row[name]]
            marker = "o" if name.startswith(HELD_OUT) else ""
            axes.plot(*zip(*known, strict=True), linewidth=0.8, marker=marker, markersize=3)
            axes.set_ylabel(name)
            axes.grid(alpha=0.3)
        panels[-1].set_xlabel("images")
        figure.savefig(self.folder / PLOT, dpi=100)

    def sample(self, step: int, columns: Sequence[Tensor]) -> None:
        """Write a sheet: one row a picture, one column each of `(N, 3, H, W)` in [0, 1]."""
        sheet = torch.cat([column.detach().float().cpu() for column in columns], dim=3)
        rows = torch.cat(list(sheet[:8]), dim=1).clamp(0, 1).permute(1, 2, 0)
        folder = self.folder / SAMPLES
        folder.mkdir(exist_ok=True)
        PILImage.fromarray((rows.numpy() * 255).round().astype(np.uint8)).save(
            folder / f"step_{step:07d}.png"
        )

    def close(self) -> None:
        """Flush the events."""
        if self._events is not None:
            self._events.close()

    def _write(
        self,
        step: int,
        images: int,
        seconds: float,
        values: Mapping[str, float],
        rate: float | None = None,
    ) -> None:
        row = {"step": str(step), "images": str(images), "seconds": f"{seconds:.1f}"}
        row |= {"rate": "" if rate is None else f"{rate:.3g}"}
        row |= {name: f"{value:.6g}" for name, value in values.items()}
        rows = read_log(self.folder)
        if rows and rows[-1]["step"] == row["step"]:  # losses and scores of one step share a row
            row = rows.pop() | {name: value for name, value in row.items() if value}
            write_rows(self.folder, [*rows, row])
        elif not rows or not row.keys() <= rows[0].keys():
            write_rows(self.folder, [*rows, row])
        else:
            with (self.folder / LOG).open("a", newline="") as file:
                csv.DictWriter(file, list(rows[0]), restval="").writerow(row)
        if self._events is not None:
            for name, value in values.items():
                self._events.add_scalar(name, value, step)

    def _drop_rows_after(self, step: int) -> None:
        """A run resumed from a checkpoint trains the steps after it again: so are their rows."""
        rows = read_log(self.folder)
        kept = [row for row in rows if int(row["step"]) <= step]
        if len(kept) < len(rows):
            write_rows(self.folder, kept)


def read_log(folder: Path) -> list[Row]:
    """The rows of a run's table, none if there is no table; what a row lacks is empty."""
    path = folder / LOG
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_rows(folder: Path, rows: Sequence[Row]) -> None:
    """Write the table anew, with all columns that any of its rows has."""
    names = dict.fromkeys(name for row in rows for name in row)
    with (folder / LOG).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(names), restval="")
        writer.writeheader()
        writer.writerows(rows)


def _event_writer(config: TrainingConfig) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise TrainingError(
            "--tensorboard: install it with pip install 'ganedit[tensorboard]'"
        ) from None
    return SummaryWriter(config.out)
