"""Two generators and an upscaler as if they had shipped, and the command that draws with them."""

import contextlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from unittest import mock

import numpy as np
import PIL.Image
import torch
from command_line import EXACT, listing, run, save_network

from ganedit import weights
from ganedit.manifest import add_row
from ganedit.tasks.generate.options import NetworkOptions
from ganedit.tasks.generate.stylegan import StyleGenerator

MODELS = {"blobs": (), "things": ("bags", "hats", "shoes")}


def save_generator(
    path: Path, classes: tuple[str, ...] = (), seed: int = 0, named: tuple[str, ...] = ()
) -> Path:
    torch.manual_seed(seed)
    network = StyleGenerator(
        NetworkOptions(size=16, width=16, latent=8, classes=classes, directions=named)
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
