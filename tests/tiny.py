"""Small stand-ins that several tests share: photos, options, a feature network."""

from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganedit.runtime import Runtime
from ganedit.tasks.upscale.network import Upscaler
from ganedit.tasks.upscale.options import NetworkOptions, UpscaleTraining
from ganedit.tasks.upscale.training import UpscaleTask
from ganedit.training.config import TrainingConfig
from ganedit.training.state import CHECKPOINT
from ganedit.training.task import Batch, Networks, Step

NETWORK = NetworkOptions(scale=4, width=8, blocks=1)
CPU = torch.device("cpu")
# What a checkpoint holds that training goes on from; seconds differ between any two runs.
COMPARED = ("networks", "ema", "optimizers", "pools", "steps", "step", "images", "best")


class Features(nn.Module):
    """Called like `VGG19Features`: two frozen convolutions instead of 20 million weights."""

    sha256 = "0" * 64
    channels = MappingProxyType({"first": 8, "second": 8})

    def __init__(self, path: Path | None = None, layers: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, stride=2)
        generator = torch.Generator().manual_seed(0)
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.3, generator=generator)
        self.requires_grad_(False)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        first = torch.tanh(self.first(pictures))
        return [first, torch.tanh(self.second(first))]


def photo(seed: int, height: int = 96, width: int = 96) -> np.ndarray:
    """`(H, W, 3)` uint8 with shading, hard edges and fine texture."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    shade = np.sin(x / rng.uniform(6, 20) + 1) * np.cos(y / rng.uniform(6, 20))
    picture = 120 + 70 * shade[..., None] * rng.uniform(0.4, 1, 3)
    for _ in range(14):
        top, left = rng.integers(0, height), rng.integers(0, width)
        tall, wide = rng.integers(3, height // 3 + 4), rng.integers(3, width // 3 + 4)
        picture[top : top + tall, left : left + wide] = rng.uniform(10, 245, 3)
    picture += rng.normal(0, 6, picture.shape)
    return picture.clip(0, 255).round().astype(np.uint8)


def training(folder: Path, phase: str = "fidelity", **changes: Any) -> UpscaleTraining:
    """Options of a task whose step takes milliseconds."""
    options = {"model": "clean", "network": NETWORK, "crop": 32, "batch": 2, **changes}
    return UpscaleTraining(data=(str(folder),), phase=phase, **options)


def config(out: Path, **changes: Any) -> TrainingConfig:
    """A run of six float32 steps in this process, or what goes on from one."""
    steps = None if changes.get("resume") else 6
    options = {"steps": steps, "warmup": 2, "workers": 0, "device": "cpu", "precision": "fp32"}
    return TrainingConfig(out=out, **{**options, **changes})


def runtime(memory: int = 1 << 30) -> Runtime:
    """float32 on the CPU."""
    return Runtime(CPU, torch.float32, memory, "in a test")


def network(seed: int = 0, options: NetworkOptions = NETWORK, tail: float = 1.0) -> Upscaler:
    """An untrained upscaler; `tail` multiplies what it adds to bicubic interpolation."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        result = Upscaler(options)
    result.tail.weight.data.mul_(tail)
    return result


def state_of(module: nn.Module) -> dict[str, Tensor]:
    """A copy of the parameters, which later training does not change."""
    return {name: value.detach().clone() for name, value in module.named_parameters()}


def parameters(networks: Networks) -> nn.ModuleDict:
    """All trained networks as one module."""
    return nn.ModuleDict(networks.trained)


def look(
    task: UpscaleTask, networks: Networks, batch: Batch, fakes: Tensor, number: int = 0
) -> Step:
    """A step of an upscaler that generates the given pictures."""
    return Step(networks, batch, number, 0.0, lambda step: task.looked_at(step, fakes))


def tensors(value: Any, name: str = "") -> dict[str, Tensor]:
    """Every tensor and number of nested plain data, by its path."""
    if isinstance(value, Tensor):
        return {name: value}
    if isinstance(value, int | float):
        return {name: torch.tensor(value)}
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list | tuple):
        items = list(enumerate(value))
    return {k: v for key, item in items for k, v in tensors(item, f"{name}/{key}").items()}


def checkpoint(out: Path) -> dict[str, Any]:
    """What a run saved."""
    return torch.load(out / CHECKPOINT, weights_only=True)
