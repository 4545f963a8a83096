"""Make a sheet of fills of your photographs, good ones and bad ones, to look at.

\b
    python benchmarks/fills.py PHOTOS                     # fills.png: twelve of them
    python benchmarks/fills.py PHOTOS --every 1 --count 5

Holes are those of removed things, placed by the seed. For each there are the photograph with its
hole, the photograph itself and the fill, reduced and at 1:1.
"""

from itertools import islice
from pathlib import Path

import click
import numpy as np

import ganedit
from ganedit.image import Image
from ganedit.tasks.inpaint.scene_sheet import Sheet
from ganedit.tasks.inpaint.scenes import read_scenes


@click.command(help=__doc__)
@click.argument("photos", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--megapixels", default=1.0, help="Larger photographs are reduced to so many.")
@click.option("--every", default=5, help="Only every so-manieth photograph by name.")
@click.option("--holes", default=2, help="Of each photograph.")
@click.option("--count", default=12, help="Fills on the sheet at most.")
@click.option("--seed", default=0, help="Of the holes.")
@click.option("-o", "--output", default="fills.png", type=click.Path(path_type=Path))
def main(
    photos: Path, megapixels: float, every: int, holes: int, count: int, seed: int, output: Path
) -> None:
    fill, sheet = ganedit.Editor.inpaint(dilate=0, feather=0), Sheet()
    scenes = read_scenes(photos, megapixels=megapixels, every=every, holes=holes, seed=seed)
    for scene in islice(scenes, count):
        mask = Image(scene.hole[:, :, None] * np.uint8(255))
        filled = fill(Image(scene.picture), mask).samples
        sheet.add(scene, {"the photo itself": scene.picture, "ganedit": filled})
        sheet.picture().save(output, overwrite=True)
        click.echo(f"{scene.name}: {scene.thing} of {scene.hole.mean():.0%}")


if __name__ == "__main__":
    main()
