"""What a run shows: a loss table and its plot, sample sheets, TensorBoard if wanted."""

import csv
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image as PILImage
from torch import Tensor

from ganedit.errors import TrainingError
from ganedit.training.config import TrainingConfig

LOG = "log.csv"
PLOT = "losses.png"


class Log:
    """Writes `log.csv`, `losses.png` and `samples/`, and TensorBoard events when asked.

    Terms are averaged between rows on the device, so that logging never waits for it.
    """

    def __init__(self, config: TrainingConfig, step: int) -> None:
        self.folder = config.out
        self.every = config.log_every
        self._sums: dict[str, Tensor] = {}
        self._count = 0
        self._drop_rows_after(step)
        self._events: Any = None
        if config.tensorboard:
            self._events = _event_writer(config)

    def add(
        self, step: int, terms: Mapping[str, Tensor], rate: float, seconds: float, *, last: bool
    ) -> str | None:
        """Take one step's terms; every `log_every` steps, and at the last, write a row.

        Returns the row as a line, or None between rows.
        """
        for name, term in terms.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(term)) + term
        self._count += 1
        if step % self.every and not last:
            return None
        means = {name: float(total) / self._count for name, total in self._sums.items()}
        self._sums, self._count = {}, 0
        row = {"step": step, "seconds": round(seconds, 1), "rate": f"{rate:.3g}"}
        self._write({**row, **{name: f"{value:.6g}" for name, value in means.items()}})
        if self._events is not None:
            for name, value in means.items():
                self._events.add_scalar(name, value, step)
        return "  ".join(f"{name} {value:.4f}" for name, value in means.items())

    def plot(self) -> None:
        """Draw every column of the table over the steps into `losses.png`."""
        path = self.folder / LOG
        if not path.exists():
            return
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        names = [n for n in (rows[0] if rows else {}) if n not in ("step", "seconds", "rate")]
        if len(rows) < 2 or not names:
            return
        from matplotlib.figure import Figure  # slow to import, and no display is needed

        steps = [int(row["step"]) for row in rows]
        figure = Figure(figsize=(8, 2.2 * len(names)), layout="constrained")
        for name, axes in zip(
            names, np.atleast_1d(figure.subplots(len(names), sharex=True)), strict=True
        ):
            axes.plot(steps, [float(row[name]) for row in rows], linewidth=0.8)
            axes.set_ylabel(name)
            axes.grid(alpha=0.3)
        axes.set_xlabel("step")
        figure.savefig(self.folder / PLOT, dpi=100)

    def sample(self, step: int, columns: Sequence[Tensor]) -> None:
        """Write a sheet: one row a picture, one column each of `(N, 3, H, W)` in [0, 1]."""
        sheet = torch.cat([column.detach().float().cpu() for column in columns], dim=3)
        rows = torch.cat(list(sheet[:8]), dim=1).clamp(0, 1).permute(1, 2, 0)
        folder = self.folder / "samples"
        folder.mkdir(exist_ok=True)
        PILImage.fromarray((rows.numpy() * 255).round().astype(np.uint8)).save(
            folder / f"step_{step:07d}.png"
        )

    def close(self) -> None:
        """Draw the plot a last time and flush the events."""
        self.plot()
        if self._events is not None:
            self._events.close()

    def _write(self, row: Mapping[str, object]) -> None:
        path = self.folder / LOG
        new, names = not path.exists(), list(row)
        if not new:
            with path.open(newline="") as file:
                names = next(csv.reader(file))
        with path.open("a", newline="") as file:
            # A term that no step since the last row had, such as a lazy penalty, was 0.
            writer = csv.DictWriter(file, names, restval=0, extrasaction="ignore")
            if new:
                writer.writeheader()
            writer.writerow(row)

    def _drop_rows_after(self, step: int) -> None:
        """A run resumed from a checkpoint trains the steps after it again: so are their rows."""
        path = self.folder / LOG
        if not path.exists():
            return
        lines = path.read_text().splitlines(keepends=True)
        kept = [line for line in lines[1:] if int(line.split(",", 1)[0]) <= step]
        path.write_text("".join(lines[:1] + kept))


def _event_writer(config: TrainingConfig) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise TrainingError(
            "--tensorboard: install it with pip install 'ganedit[tensorboard]'"
        ) from None
    return SummaryWriter(config.out)
