"""Make the README's pictures from the examples with the shipped weights.

    python benchmarks/pictures.py

Each pair is one detail at 1:1: bicubic, and ganedit by default.
"""

from pathlib import Path

import click
import numpy as np
import torch
import torch.nn.functional as F

import ganedit
from ganedit.editing import to_samples, to_tensor
from ganedit.image import decode

EXAMPLES = Path(__file__).parent.parent / "examples"
SIDE, GAP = 480, 6
# Where to look: left and top of the detail, in pixels of the enlargement.
DETAILS = {"otter": (1500, 900), "lake": (2300, 1300), "dune": (2100, 1500)}


@click.command(help=__doc__)
@click.option("--model", default="photo", show_default=True)
def main(model: str) -> None:
    editor = ganedit.Editor.upscale(model=model)
    for name, (left, top) in DETAILS.items():
        image = decode(EXAMPLES / f"{name}.jpg")
        columns = [_bicubic(image.samples), editor(image).samples]
        gap = np.full((SIDE, GAP, 3), 255, np.uint8)
        strip: list[np.ndarray] = []
        for column in columns:
            strip += [column[top : top + SIDE, left : left + SIDE], gap]
        target = EXAMPLES / "results" / f"{name}.png"
        ganedit.Image.from_array(np.concatenate(strip[:-1], axis=1)).save(target, overwrite=True)
        click.echo(target)


def _bicubic(samples: np.ndarray) -> np.ndarray:
    tensor = to_tensor(samples, torch.device("cpu"))
    large = F.interpolate(tensor, scale_factor=4, mode="bicubic", antialias=True)
    return to_samples(large, samples.dtype, 3)


if __name__ == "__main__":
    main()
