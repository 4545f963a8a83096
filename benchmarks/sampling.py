"""How many pictures a second a generator draws on a CPU, beside plain PyTorch and OpenVINO.

\b
    python benchmarks/sampling.py                        # a StyleGAN of 64 pixels, random weights
    python benchmarks/sampling.py --weights runs/faces   # of one's own
    python benchmarks/sampling.py --walk                 # a film of ten seconds too, as the command

One process, rounds interleaved, the median of each. Every row draws tensors from codes: the
mapping network is left out. Plain PyTorch is the same network as its paper writes it, with kernels
of their own for each picture in grouped convolutions.
"""

import copy
import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import torch
import torch.nn.functional as F
from common import Row, show
from torch import Tensor, nn

from ganedit.runs.options import FileOptions, RunOptions
from ganedit.runs.planning import Given
from ganedit.runs.run import run_task
from ganedit.tasks import TASKS
from ganedit.tasks.generate.architectures import load_generator, new_generator
from ganedit.tasks.generate.latent_options import WalkOptions
from ganedit.tasks.generate.models import find_model
from ganedit.tasks.generate.network import Generator
from ganedit.tasks.generate.options import NetworkOptions
from ganedit.tasks.generate.stylegan import Styled

BATCHES = (1, 32)


class Grouped(nn.Module):
    """What `Styled` does, with a kernel of its own for each picture (Karras et al. 2020)."""

    def __init__(self, styled: Styled) -> None:
        super().__init__()
        self.style, self.weight, self.scale = styled.style, styled.weight, styled.scale
        self.demodulates = styled.weight.shape[2] > 1

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        kernels = self.weight[None] * self.scale * style[:, None, :, None, None]
        if self.demodulates:
            kernels = kernels * torch.rsqrt(kernels.square().sum((2, 3, 4), keepdim=True) + 1e-8)
        count, outputs = kernels.shape[:2]
        x = x.reshape(1, -1, *x.shape[2:])
        padding = kernels.shape[3] // 2
        y = F.conv2d(x, kernels.flatten(0, 1), padding=padding, groups=count)
        return y.view(count, outputs, *y.shape[2:])

    def demodulation(self, style: Tensor) -> Tensor:
        """Nothing is left to do."""
        return torch.ones((), dtype=style.dtype)


def plain(generator: Generator) -> Generator:
    """The same network with grouped convolutions."""
    result = copy.deepcopy(generator).to(memory_format=torch.contiguous_format)
    for module in list(result.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Styled):
                setattr(module, name, Grouped(child))
    return result


def drawing(generator: Generator, count: int, dtype: torch.dtype) -> Callable[[], object]:
    """Draws a batch."""
    generator = copy.deepcopy(generator).to(dtype)
    codes, noise = inputs(generator, count)
    codes, noise = codes.to(dtype), [each.to(dtype) for each in noise]
    return lambda: generator(codes, noise)


def inputs(generator: Generator, count: int) -> tuple[Tensor, list[Tensor]]:
    """Codes and noise of a batch."""
    source = torch.Generator().manual_seed(0)
    codes = torch.randn(count, generator.options.latent, generator=source)
    return generator.spread(codes).contiguous(), generator.draw_noise(count, source)


def openvino(generator: Generator, count: int) -> Callable[[], object]:
    """The network compiled by OpenVINO, at its default precision."""
    import openvino as ov

    class Flat(nn.Module):
        def forward(self, codes: Tensor, *noise: Tensor) -> Tensor:
            drawn: Tensor = generator(codes, list(noise))
            return drawn

    codes, noise = inputs(generator, count)
    example = (codes, *noise)
    model = ov.convert_model(
        Flat().eval(), example_input=example, input=[list(each.shape) for each in example]
    )
    request = ov.compile_model(model, "CPU").create_infer_request()
    arrays = [each.contiguous().numpy() for each in example]
    return lambda: request.infer(arrays, share_inputs=True, share_outputs=True)


def contenders(generator: Generator) -> tuple[dict[str, dict[int, Callable[[], object]]], str]:
    """What draws a batch, by its name and the batch's size, and a note."""
    rows = {
        "ganedit, float32": {n: drawing(generator, n, torch.float32) for n in BATCHES},
        "ganedit, bfloat16": {n: drawing(generator, n, torch.bfloat16) for n in BATCHES},
    }
    if any(isinstance(each, Styled) for each in generator.modules()):
        own = plain(generator)
        rows["plain PyTorch, float32"] = {n: drawing(own, n, torch.float32) for n in BATCHES}
    try:
        rows["OpenVINO, default precision"] = {n: openvino(generator, n) for n in BATCHES}
    except ImportError:
        return rows, "OpenVINO is not installed"
    return rows, ""


def measure(run: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    run()
    seconds = time.perf_counter() - start
    gc.collect()
    return seconds


def walk(weights: str | None) -> float:
    """Seconds of a film of ten seconds, 300 frames, as the command draws it."""
    (task,) = [task for task in TASKS if task.name == "walk"]
    with tempfile.TemporaryDirectory() as folder:
        files = FileOptions(output=Path(folder) / "walk.webp")
        options = WalkOptions(seeds="3,8,21", loop=True, weights=weights)
        run = RunOptions(files=files, quiet=True)
        start = time.perf_counter()
        run_task(task, options, Given(), run)
        return time.perf_counter() - start


@click.command(help=__doc__)
@click.option("--weights", metavar="FILE|RUN", help="A generator of one's own.")
@click.option("--size", default=64, show_default=True, help="Without one: its side.")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--walk", "films", is_flag=True, help="A film too; needs --weights.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def main(weights: str | None, size: int, rounds: int, films: bool, as_json: bool) -> None:
    if films and weights is None:
        raise click.UsageError("--walk needs --weights")
    torch.manual_seed(0)
    if weights is not None:
        generator = load_generator(find_model(None, weights))
    else:
        generator = new_generator(NetworkOptions(size=size)).eval().requires_grad_(False)
        generator.to(memory_format=torch.channels_last)
    rows, note = contenders(generator)
    seconds: dict[tuple[str, int], list[float]] = {}
    with torch.inference_mode():
        for _ in range(rounds + 1):  # the first one does not count
            for name, by_count in rows.items():
                for count, run in by_count.items():
                    seconds.setdefault((name, count), []).append(measure(run))
    table: list[Row] = [
        {
            "pictures a second": name,
            **{
                f"batch of {count}": count / statistics.median(seconds[name, count][1:])
                for count in BATCHES
            },
        }
        for name in rows
    ]
    notes = [f"{generator.options.size}×{generator.options.size}", note,
             f"median of {rounds} interleaved rounds"]  # fmt: skip
    if films:
        notes.append(f"a walk of 300 frames as WebP took {walk(weights):.1f} s")
    show(table, [each for each in notes if each], as_json=as_json)


if __name__ == "__main__":
    main()
