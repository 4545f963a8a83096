"""Two generators and an upscaler as if they had shipped, and the command that draws with them."""

import contextlib
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
import PIL.Image
import torch
from command_line import EXACT, listing, run, save_network

import ganedit
from ganedit import weights
from ganedit.manifest import add_row
from ganedit.tasks.generate.options import NetworkOptions
from ganedit.tasks.generate.stylegan import StyleGenerator

MODELS = {"blobs": (), "things": ("bags", "hats", "shoes")}


def save_generator(
    path: Path,
    classes: tuple[str, ...] = (),
    seed: int = 0,
    named: tuple[str, ...] = (),
    codes: str = "",
) -> Path:
    torch.manual_seed(seed)
    network = StyleGenerator(
        NetworkOptions(size=16, width=16, latent=8, classes=classes, directions=named, codes=codes)
    )
    if named:
        network.directions.copy_(torch.nn.functional.normalize(torch.randn(len(named), 8)))
    for layer in network.body:
        layer.noise_strength.data.fill_(1.0)
    weights.save(network, path, task="generate", options=asdict(network.options))
    return path


@contextlib.contextmanager
def generators(folder: Path) -> Iterator[None]:
    """Make them the shipped weights, written into a folder that is not there yet."""
    folder.mkdir()
    facts = {"licence": "none", "trained_on": "none", "recipe": "none", "score": "none"}
    for model, classes in MODELS.items():
        path = save_generator(folder / f"generate_{model}.safetensors", classes)
        add_row(path, task="generate", labels={"model": model}, **facts)
    for model in ("photo", "clean"):
        for end in ("faithful", "adversarial"):
            path = save_network(folder / f"{model}_{end}.safetensors")
            labels = {"model": model, "scale": "x4", "end": end}
            add_row(path, task="upscale", labels=labels, **facts)
    with mock.patch.object(weights, "shipped_folder", return_value=folder):
        weights.shipped.cache_clear()
        try:
            yield
        finally:
            weights.shipped.cache_clear()


def draw(*words: object) -> list[str]:
    """Run the command, which has to succeed; what is in the folder then."""
    done = run("generate", *words, *EXACT)
    assert (done.code, done.err) == (0, "")
    return listing(Path())


def samples(path: str | Path) -> np.ndarray:
    return np.asarray(PIL.Image.open(path))


@cache
def shipped(model: str) -> ganedit.Generator:
    """A generator that ships, the same on every machine."""
    return ganedit.Generator(model, device="cpu", precision="fp32")


@cache
def shipped_samples(
    model: str, seeds: range, class_: str | None = None, truncation: float = 0.7
) -> np.ndarray:
    """What a generator that ships draws of seeds, `(N, S, S, 3)` float in [0, 255]."""
    drawn = [shipped(model)(s, class_=class_, truncation=truncation).samples for s in seeds]
    return np.stack(drawn).astype(float)


def least_apart(pictures: np.ndarray) -> float:
    """Mean difference of those two of `(N, H, W, C)` that are most alike."""
    apart = np.abs(pictures[:, None] - pictures[None]).mean((2, 3, 4))
    return float(apart[~np.eye(len(pictures), dtype=bool)].min())
