"""How fast the upscaler runs on a CPU, beside plain PyTorch, OpenVINO and Real-ESRGAN's fast net.

\b
    python benchmarks/speed.py                    # 1024×768 by 4, about four minutes on 2 cores
    python benchmarks/speed.py --size 256x192     # a quick look
    python benchmarks/speed.py --size 256x192 --rounds 2 --other RealESRGAN_x4plus.safetensors

One process, rounds interleaved (A, B, C, …, A, B, C, …), the median of each. ganedit's row is
all of `predict_samples`: uint8 in, tiles, colour held, uint8 out; every other row is its network
alone, tensors in and out. All rows profit from ganedit's setting of the C library (freed memory
is kept), so plain PyTorch in a process of its own is somewhat slower than shown.

OpenVINO (`pip install openvino`) runs with its default precision and hints, on the whole picture
and on windows of ganedit's side; the faster one counts. Another network (`--other`, whatever
`ganedit upscale --weights` reads) runs alone in fp32, and as ganedit runs it.
"""

import copy
import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import torch
import torch.nn.functional as F
from common import Row, Size, picture, show
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from ganedit import runtime, weights
from ganedit.editing import LARGEST_WINDOW, predict_samples, to_tensor
from ganedit.errors import WeightsError
from ganedit.tasks.upscale.edit import Network, UpscalePredictor, load_network
from ganedit.tasks.upscale.network import Upscaler
from ganedit.tasks.upscale.options import NetworkOptions

SCALE = 4
OPENVINO = "OpenVINO, default precision"


@dataclass(frozen=True)
class Contender:
    """One row: what it is called, what it does, and the operations that this ideally takes."""

    name: str
    run: Callable[[], object]
    operations: float


class PlainChain(nn.Module):
    """The net that Real-ESRGAN ships for speed, from its description: a chain of 34 convolutions
    of width 64 with PReLU, pixel shuffle, and the nearest enlargement added."""

    def __init__(self, width: int = 64, hidden: int = 32) -> None:
        super().__init__()
        inputs = [3] + [width] * hidden
        layers: list[nn.Module] = []
        for channels in inputs:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.PReLU(width)]
        self.body = nn.Sequential(*layers, nn.Conv2d(width, 3 * SCALE**2, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        base = F.interpolate(x, scale_factor=SCALE, mode="nearest")
        return F.pixel_shuffle(self.body(x), SCALE) + base


def shipped_network() -> tuple[Upscaler, str]:
    """The network of the shipped weights, or one like it with random weights."""
    try:
        contents = weights.read(weights.find("upscale", model="photo", scale="x4").path)
    except WeightsError:
        return Upscaler(NetworkOptions(scale=SCALE)), "random weights"
    network = Upscaler(NetworkOptions(**contents.options))
    weights.load(network, contents.state, weights.shipped_folder())
    return network, "shipped weights"


def operations(network: nn.Module, pixels: int) -> float:
    """Multiplications and additions on a picture of so many pixels, counted on a small one."""
    small = torch.zeros(1, 3, 32, 32)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(small)
    return float(counter.get_total_flops()) / small[0, 0].numel() * pixels


def plain(network: nn.Module, x: Tensor, layout: torch.memory_format) -> Callable[[], object]:
    """The network on the whole picture in fp32, nothing around it."""
    network = network.eval().requires_grad_(False).to(memory_format=layout)
    x = x.contiguous(memory_format=layout)

    def run() -> None:
        # Out of inference mode ganedit's network takes no shortcuts; nothing here has gradients.
        with torch.inference_mode(False):
            network(x)

    return run


def openvino(network: Upscaler, x: Tensor, side: int | None) -> Callable[[], object]:
    """The network compiled by OpenVINO, for the whole picture or for windows of `side`."""
    import openvino as ov

    height, width = x.shape[2:]
    tall, wide = min(side or height, height), min(side or width, width)
    shape = [1, 3, tall, wide]
    model = ov.convert_model(network.eval(), example_input=x[..., :32, :32], input=shape)
    compiled = ov.compile_model(model, "CPU")
    halo = network.halo if side else 0
    windows = [
        np.ascontiguousarray(x[..., top : top + tall, left : left + wide].numpy())
        for top in _starts(height, tall, halo)
        for left in _starts(width, wide, halo)
    ]
    request = compiled.create_infer_request()

    def run() -> None:
        for window in windows:
            request.infer([window], share_inputs=True, share_outputs=True)

    return run


def _starts(length: int, side: int, halo: int) -> list[int]:
    """Where windows of one size begin whose cores cover `length`."""
    count = 1 if length <= side else -(-(length - 2 * halo) // (side - 2 * halo))
    return [round(i * (length - side) / max(1, count - 1)) for i in range(count)]


def contenders(width: int, height: int, other: str | None) -> tuple[list[Contender], list[str]]:
    """What is compared, ganedit first, and notes on it."""
    network, kind = shipped_network()
    where = runtime.choose("cpu")
    samples, pixels = picture(width, height), width * height
    x = to_tensor(samples, where.device).contiguous()
    mine = operations(network, pixels)
    bits = str(where.dtype).removeprefix("torch.")
    rows = [Contender(f"ganedit, {bits}", as_ganedit(network, samples, where), mine)]
    side, notes = LARGEST_WINDOW["cpu"], [f"{width}×{height} by {SCALE}", kind]
    try:
        rows += [
            Contender(f"{OPENVINO}, whole picture", openvino(network, x, None), mine),
            Contender(f"{OPENVINO}, windows of {side}", openvino(network, x, side), mine),
        ]
    except ImportError:
        notes.append("OpenVINO is not installed")
    chain = PlainChain()
    theirs = operations(chain, pixels)
    chains = "Real-ESRGAN's fast net (34 convolutions), PyTorch fp32"
    last = PlainChain()
    rows += [
        Contender("same network, PyTorch fp32", plain(network, x, torch.contiguous_format), mine),
        Contender(chains, plain(chain, x, torch.contiguous_format), theirs),
        Contender(f"{chains}, channels_last", plain(last, x, torch.channels_last), theirs),
    ]
    if other is not None:
        peer = load_network(other)
        alone, name = operations(peer, pixels), Path(other).stem
        rows += [
            Contender(f"{name}, ganedit, {bits}", as_ganedit(peer, samples, where), alone),
            Contender(f"{name}, PyTorch fp32", plain(peer, x, torch.contiguous_format), alone),
        ]
    return rows, notes


def as_ganedit(
    network: Network, samples: np.ndarray, where: runtime.Runtime
) -> Callable[[], object]:
    """Everything between samples and samples."""
    predictor = UpscalePredictor(copy.deepcopy(network), where)
    return lambda: predict_samples(samples, predictor, where, lambda done: None)


def measure(rows: list[Contender], rounds: int) -> list[float]:
    """The median seconds of each, after one round that does not count."""
    seconds: list[list[float]] = [[] for _ in rows]
    with torch.inference_mode():
        for number in range(rounds + 1):
            click.echo(f"round {number} of {rounds}" if number else "warming up", err=True)
            for row, times in zip(rows, seconds, strict=True):
                start = time.perf_counter()
                row.run()
                times.append(time.perf_counter() - start)
                gc.collect()
    return [statistics.median(times[1:]) for times in seconds]


@click.command(help=__doc__)
@click.option("--size", type=Size(), default="1024x768", show_default=True, help="Of the picture.")
@click.option("--other", metavar="FILE", help="A ×4 network of others to run beside.")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def main(size: tuple[int, int], other: str | None, rounds: int, as_json: bool) -> None:
    torch.manual_seed(0)
    rows, notes = contenders(*size, other)
    seconds = measure(rows, rounds)
    table: list[Row] = [
        {
            "": row.name,
            "seconds": time,
            "× ganedit's time": time / seconds[0],
            "GFLOP/s": row.operations / time / 1e9,
        }
        for row, time in zip(rows, seconds, strict=True)
    ]
    show(table, [*notes, f"median of {rounds} interleaved rounds"], as_json=as_json)


if __name__ == "__main__":
    main()
