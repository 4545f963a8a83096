"""Sort a shop's pictures into folders of classes, for `ganedit train generate`.

    python benchmarks/product_classes.py images/ styles.csv products/ --beside shared/products

`images/` and `styles.csv` are Fashion Product Images (Small) (Aggarwal 2019): 44,000 pictures of
60x80 pixels called by their numbers, and a table with the columns `id` and `articleType`. They
become squares, with white at both sides. Pictures that are not on white are left out.

The folder that is given with `--beside` has some of these pictures larger, as CLASS/ID_….jpg: those
are linked to instead, and of the ones that `--held-out` keeps from training, none is taken.
"""

import csv
from pathlib import Path

import click
import cv2
import numpy as np

from ganedit.data.pictures import Folder, Part, entries_in, load_rgb
from ganedit.image import Image

TYPES = {
    "shoes": "Casual Shoes,Sports Shoes,Formal Shoes,Heels,Flats,Flip Flops,Sandals,Sports Sandals",
    "bags": "Handbags,Backpacks,Clutches,Laptop Bag,Mobile Pouch,Duffel Bag,Waist Pouch,"
    "Tablet Sleeve,Messenger Bag,Rucksacks",
    "watches": "Watches",
    "eyewear": "Sunglasses",
}
WHITE = 225
# Share of the pixels at the upper, left and right edge that are white where the ground is.
ON_WHITE = 0.8


def squared(picture: np.ndarray) -> np.ndarray | None:
    """A picture `(H, W, 3)` with white beside it, as high as wide; None if it is not on white."""
    edge = np.concatenate([picture[:, 0], picture[:, -1], picture[0]])
    if (edge.min(axis=1) > WHITE).mean() < ON_WHITE:
        return None
    height, width = picture.shape[:2]
    left = (height - width) // 2
    return cv2.copyMakeBorder(
        picture, 0, 0, left, height - width - left, cv2.BORDER_CONSTANT, value=(255, 255, 255)
    )


@click.command(help=__doc__)
@click.argument("images", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("styles", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--beside", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--held-out", type=float, default=0.125, show_default=True)
def main(images: Path, styles: Path, target: Path, beside: Path | None, held_out: float) -> None:
    classes = {
        kind.lower(): name for name, kinds in TYPES.items() for kind in kinds.split(",")
    }  # fmt: skip
    for name in TYPES:
        (target / name).mkdir(parents=True, exist_ok=True)
    larger = [] if beside is None else entries_in(Folder(beside))
    taken = {entry.path.stem.partition("_")[0] for entry in larger}
    for entry in Part(held_out).of(larger):
        (target / entry.name).symlink_to(entry.path.resolve())
    with styles.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["articleType"].lower() in classes]
    for row in rows:
        path = images / f"{row['id']}.jpg"
        if row["id"] in taken or not path.exists():
            continue
        picture = squared(load_rgb(path))
        if picture is not None:
            name = classes[row["articleType"].lower()]
            Image(picture).save(target / name / f"{row['id']}.png")
    counts = ", ".join(f"{name}: {len(list((target / name).iterdir())):,}" for name in TYPES)
    click.echo(f"{target}: {counts}")


if __name__ == "__main__":
    main()
