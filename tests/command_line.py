"""The command line as tests see it: run it, and stand-ins for what it reads."""

import contextlib
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import PIL.Image
import tiny

from ganedit import weights
from ganedit.app.commands import main
from ganedit.runs.inputs import JOURNAL_FOLDER
from ganedit.task import Task
from ganedit.tasks import TASKS
from ganedit.tasks.upscale.options import NetworkOptions

# The same arithmetic on every machine.
EXACT = ("--device", "cpu", "--precision", "fp32")
REPOSITORY = Path(__file__).parent.parent
# What ships: model, scale, end; each network from a seed of its own.
SHIPPED = [("photo", 2), ("photo", 4), ("clean", 4), ("photo", 1)]
ENDS = ("faithful", "adversarial")


@dataclass(frozen=True)
class Outcome:
    """What a command left in the terminal."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line on stderr that a failure is told in."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("ganedit: "), self.err
        return lines[0].removeprefix("ganedit: ")


class _Stream(io.TextIOWrapper):
    """What a standard stream is, bytes below text, kept in memory."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        self.seek(0)
        return self.read()


def run(
    *arguments: object, terminal: bool = False, tasks: tuple[Task[Any], ...] = TASKS
) -> Outcome:
    """Run a command in this process, through the same `main` that the shell starts."""
    out, err = _Stream(terminal=terminal), _Stream(terminal=terminal)
    words = ["ganedit", *map(str, arguments)]
    with (
        mock.patch.object(sys, "argv", words),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main(tasks)
        except SystemExit as left:
            code = left.code
    assert isinstance(code, int)
    return Outcome(code, out.text(), err.text())


def run_process(*arguments: object, folder: Path, **environment: str) -> Outcome:
    """Run a command as a process of its own that starts in `folder`."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **environment}
    done = subprocess.run(
        [sys.executable, "-m", "ganedit", *map(str, arguments)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)


def save_network(path: Path, seed: int = 0, scale: int = 4, tail: float = 1.0) -> Path:
    """Weights of an untrained upscaler, written to `path`."""
    network = tiny.network(seed, NetworkOptions(scale=scale, width=8, blocks=1), tail)
    weights.save(network, path, task="upscale", options=asdict(network.options))
    return path


def shipped_name(model: str, scale: int, end: str) -> str:
    """What `fill_shipped` calls a file."""
    return f"{model}_x{scale}_{end}.safetensors"


def fill_shipped(folder: Path) -> None:
    """Write a whole set of tiny weights and their manifest, as if they had shipped."""
    rows = []
    for number, (model, scale) in enumerate(SHIPPED):
        for place, end in enumerate(ENDS):
            name = shipped_name(model, scale, end)
            # Far enough from bicubic that one network is not taken for another.
            save_network(folder / name, 2 * number + place, scale, tail=0.3)
            content = (folder / name).read_bytes()
            rows.append(
                "[[weights]]\n"
                f'file = "{name}"\ntask = "upscale"\n'
                f'labels = {{ model = "{model}", scale = "x{scale}", end = "{end}" }}\n'
                f'sha256 = "{hashlib.sha256(content).hexdigest()}"\nbytes = {len(content)}\n'
                'licence = "MIT"\ntrained_on = "noise"\nrecipe = "none"\nscore = "low"\n'
            )
    (folder / weights.MANIFEST).write_text("\n".join(rows))


@contextlib.contextmanager
def shipping(folder: Path) -> Iterator[Path]:
    """Make `folder` the shipped weights, filled by `fill_shipped`."""
    fill_shipped(folder)
    with mock.patch.object(weights, "shipped_folder", return_value=folder):
        weights.shipped.cache_clear()
        try:
            yield folder
        finally:
            weights.shipped.cache_clear()


def write_photo(path: Path, width: int = 24, height: int = 16, seed: int = 1) -> Path:
    """An 8-bit RGB photo in the format that the suffix means."""
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(tiny.photo(seed, height, width)).save(path)
    return path


def listing(folder: Path) -> list[str]:
    """Every file below a folder, hidden ones too, but for what a finished run keeps of its own."""
    kept = {f"{JOURNAL_FOLDER}/{name}" for name in ("journal.jsonl", "lock")}
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    return sorted(name for name in names if not name.endswith(tuple(kept)))


def json_lines(outcome: Outcome) -> list[dict[str, object]]:
    """The objects that `--json` printed, one a line and nothing else."""
    return [json.loads(line) for line in outcome.out.splitlines()]
