"""What the benchmarks share: pictures, weights, the machine's name, Markdown tables."""

import json
import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import click
import cv2
import numpy as np
import PIL.Image

from ganedit import weights
from ganedit.errors import WeightsError
from ganedit.runtime import threads
from ganedit.tasks.upscale.options import DEFAULT_DETAIL, NetworkOptions

Result = TypeVar("Result")
Row = dict[str, str | float]
_SHEET = 1024


class Size(click.ParamType[tuple[int, int]]):
    """`1024x768`, or a number of megapixels like `12MP` at 4:3, as width and height."""

    name = "size"

    def convert(self, value: Any, *context: Any) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        try:
            if value.upper().endswith("MP"):
                height = round((float(value[:-2]) * 1e6 * 3 / 4) ** 0.5)
                return round(height * 4 / 3), height
            width, height = value.split("x")
            return int(width), int(height)
        except ValueError:
            self.fail(f"{value!r} is not a size; write it like 1024x768 or 12MP", *context)


def picture(width: int, height: int) -> np.ndarray:
    """`(H, W, 3)` uint8 of random shapes at all sizes, which compresses about as a photo does."""
    rng = np.random.default_rng(0)
    sheet = np.full((_SHEET, _SHEET, 3), 128, np.float32)
    for octave in range(3, 11):
        cells = rng.normal(0, 110 / octave**1.5, (2**octave, 2**octave, 3)).astype(np.float32)
        sheet += cv2.resize(cells, (_SHEET, _SHEET), interpolation=cv2.INTER_CUBIC)
    tile = sheet.clip(0, 255).astype(np.uint8)
    across, down = -(-width // _SHEET), -(-height // _SHEET)
    return np.ascontiguousarray(np.tile(tile, (down, across, 1))[:height, :width])


def write_picture(path: Path, width: int, height: int) -> None:
    """Such a picture as a JPEG file."""
    PIL.Image.fromarray(picture(width, height)).save(path, quality=92)


def weights_options(folder: Path) -> tuple[list[str], str]:
    """Options that make `ganedit upscale` run, and what weights those are.

    None with shipped weights; else random weights of the default network, written to `folder`.
    """
    try:
        for end in ("faithful", "adversarial"):
            weights.find("upscale", model="photo", scale="x4", end=end)
    except WeightsError:
        path = folder / "random.safetensors"
        apart(_write_random, path)
        return ["--weights", str(path)], "random weights"
    return [], f"shipped weights, detail {DEFAULT_DETAIL:g}"


def _write_random(path: Path) -> None:
    from dataclasses import asdict

    from ganedit.tasks.upscale.network import Upscaler

    options = NetworkOptions()
    weights.save(Upscaler(options), path, task="upscale", options=asdict(options))


def apart(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function in a fresh process, so that neither marks the other's memory or caches."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        return pool.submit(function, *arguments).result()


def run_ganedit(arguments: list[str]) -> tuple[float, int]:
    """Run `ganedit` with these arguments in this process: seconds, and peak resident bytes."""
    start = time.perf_counter()
    from ganedit.app.commands import make_cli

    with suppress(SystemExit):
        make_cli().main(arguments, standalone_mode=False)
    return time.perf_counter() - start, _peak_memory()


def _peak_memory() -> int:
    """Bytes of this process that were resident at most."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise click.ClickException("no VmHWM in /proc/self/status; this needs Linux")


def machine() -> str:
    """CPU, cores and torch, in one line."""
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    flags = set(Path("/proc/cpuinfo").read_text().split())
    units = [name for name in ("amx_bf16", "avx512_bf16", "avx512f", "avx2") if name in flags]
    best = f" with {units[0]}" if units else ""
    return f"{names[0] if names else 'CPU'}{best}, {threads()} cores, torch {version('torch')}"


def show(rows: Sequence[Row], notes: Sequence[str], *, as_json: bool) -> None:
    """Print rows as a Markdown table with the machine and notes below, or all of it as JSON."""
    if as_json:
        click.echo(json.dumps({"machine": machine(), "notes": list(notes), "rows": list(rows)}))
        return
    names = list(rows[0])
    click.echo("| " + " | ".join(names) + " |")
    numbers = {name for name in names if isinstance(rows[0][name], int | float)}
    click.echo("|" + "|".join("---:" if name in numbers else "---" for name in names) + "|")
    for row in rows:
        click.echo("| " + " | ".join(_text(row[name]) for name in names) + " |")
    click.echo("\n" + "; ".join([machine(), *notes]) + ".")


def _text(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
