"""Make a sheet of enlargements beside another network's, to look at.

\b
    python benchmarks/beside.py Set14 --other RealESRGAN_x4plus.safetensors -o docs/beside.jpg

Each row is the middle of one picture at 1:1: reduced four times, blurred and saved as JPEG 60 (as
`ganedit evaluate upscale --damage` does), then enlarged again: bicubic, by ganedit as it is by
default, by the other network through ganedit's tiles; and the picture itself.
"""

from itertools import islice
from pathlib import Path

import click
import numpy as np

import ganedit
from ganedit.image import Image
from ganedit.tasks.upscale.evaluation import bicubic, read_pairs

SCALE = 4
# Small pictures' pixels: a side of what is shown, and what networks see around it.
SIDE, AROUND, GAP = 64, 16, 6


@click.command(help=__doc__)
@click.argument("pictures", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--other", required=True, help="A x4 network that `ganedit upscale --weights` reads.")
@click.option("--count", default=6, help="The first so many pictures by name.")
@click.option("-o", "--output", default="beside.png", type=click.Path(path_type=Path))
def main(pictures: Path, other: str, count: int, output: Path) -> None:
    ours = ganedit.Editor.upscale()
    theirs = ganedit.Editor.upscale(weights=other)
    rows = []
    for pair in islice(read_pairs(pictures, None, SCALE, damage=True), count):
        small = pair.low[_middle(pair.low, SIDE + 2 * AROUND)]
        enlarged = [bicubic(SCALE)(small), ours(small).samples, theirs(small).samples]
        cells = [each[_middle(each, SIDE * SCALE)] for each in enlarged]
        rows.append(_beside([*cells, pair.high[_middle(pair.high, SIDE * SCALE)]]))
        Image(np.concatenate(rows)).save(output, overwrite=True)
        click.echo(pair.name)


def _middle(samples: np.ndarray, side: int) -> tuple[slice, slice]:
    """The square in the middle of a picture, or as much as there is of it."""
    rows, columns = (
        slice(start := max(0, length // 2 - side // 2), start + side)
        for length in samples.shape[:2]
    )
    return rows, columns


def _beside(cells: list[np.ndarray]) -> np.ndarray:
    """In squares of one size, white around what is smaller."""
    side = SIDE * SCALE + GAP
    squares = [
        np.pad(x, ((0, side - x.shape[0]), (0, side - x.shape[1]), (0, 0)), constant_values=255)
        for x in cells
    ]
    return np.concatenate(squares, axis=1)


if __name__ == "__main__":
    main()
