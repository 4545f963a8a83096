"""Make the pictures of README and docs from the examples with the shipped weights.

\b
    python benchmarks/pictures.py                   # all of them
    python benchmarks/pictures.py --task inpaint

Enlargements are one detail at 1:1: bicubic, and ganedit by default. Fills are one detail at 1:1:
the photo, its hole in grey, and the fill. Translations are whole pictures, reduced, and a detail at
1:1 of one of 12 megapixels. Drawings are docs/sketch.png: each, its photos of three
seeds, and one in a colour. What generators draw is docs/generate_MODEL.png: the seeds from 0 on as
they come, eight a row, and of classes a row each; docs/directions_MODEL.png has a strip from -3 to
3 of seeds 2 and 3 along each direction that has a name. At 1:1.
"""

from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import torch
import torch.nn.functional as F

import ganedit
from ganedit import weights
from ganedit.editing import to_samples, to_tensor
from ganedit.image import Image, decode, resize

EXAMPLES = Path(__file__).parent.parent / "examples"
DOCS = EXAMPLES.parent / "docs"
SIDE, GAP = 480, 6
# Where to look: left and top of the detail, in pixels of the enlargement, and of the photo.
ENLARGED = {"otter": (1500, 900), "lake": (2300, 1300), "dune": (2100, 1500)}
FILLED = {"dune": (200, 520, 460, 260), "otter": (20, 0, 460, 260)}
# Pictures and the domains they go to.
TRANSLATED = {"lake": ("monet", "vangogh"), "pourville": ("photo",)}
# Photos and the styles that they are painted in.
STYLIZED = {"lake": ("@vangogh", "@hokusai", "@cross", "@kirchner")}
HEIGHT = 320
# A translation at 12 megapixels: width it is enlarged to first, left and top of the detail.
LARGE = {"lake": (4619, 2200, 1000)}
# What the drawings become, by their names, and the colour that each is to have.
DRAWN = {
    "boot": ("shoe", "#6b3a1e"), "handbag": ("bag", "#8a1c1c"), "loafer": ("shoe", "navy"),
    "briefcase": ("bag", "black"), "pump": ("shoe", "crimson"), "tote": ("bag", "teal"),
    "sandal": ("shoe", "goldenrod"), "duffel": ("bag", "#2f5d3a"), "sneaker": ("shoe", "#2050c0"),
    "backpack": ("bag", "darkorange"),
}  # fmt: skip
SEEDS, CELL, PER_ROW = (0, 1, 2), 152, 2
# Pictures across and down of what a generator draws, and those that are varied.
ACROSS, DOWN = 8, 4


def enlargements() -> None:
    editor = ganedit.Editor.upscale()
    for name, (left, top) in ENLARGED.items():
        image = decode(EXAMPLES / f"{name}.jpg")
        columns = [_bicubic(image.samples), editor(image).samples]
        window = (slice(top, top + SIDE), slice(left, left + SIDE))
        _write(name, [column[window] for column in columns])


def fills() -> None:
    fill = ganedit.Editor.inpaint()
    for name, (left, top, width, height) in FILLED.items():
        image, mask = decode(EXAMPLES / f"{name}.jpg"), decode(EXAMPLES / "masks" / f"{name}.png")
        holed = np.where(mask.samples > 127, np.uint8(128), image.samples)
        columns = [image.samples, holed, fill(image, mask).samples]
        window = (slice(top, top + height), slice(left, left + width))
        _write(f"{name}_filled", [column[window] for column in columns])


def stylizations() -> None:
    for name, styles in STYLIZED.items():
        image = decode(EXAMPLES / f"{name}.jpg")
        pictures = [image, *(ganedit.stylize(image, style) for style in styles)]
        height = min(HEIGHT, image.height)
        width = round(height * image.width / image.height)
        _write(f"{name}_stylized", [resize(each, width, height).samples for each in pictures])


def translations() -> None:
    for name, domains in TRANSLATED.items():
        image = decode(EXAMPLES / f"{name}.jpg")
        pictures = [image, *(ganedit.translate(image, domain) for domain in domains)]
        height = min(HEIGHT, image.height)
        width = round(height * image.width / image.height)
        columns = [resize(picture, width, height).samples for picture in pictures]
        _write(f"{name}_as_{'_'.join(domains)}", columns)
    for name, (width, left, top) in LARGE.items():
        large = ganedit.upscale(decode(EXAMPLES / f"{name}.jpg"), width=width)
        columns = [large.samples, ganedit.translate(large, "monet").samples]
        window = (slice(top, top + SIDE), slice(left, left + SIDE))
        _write(f"{name}_12mp_as_monet", [column[window] for column in columns])


def drawings() -> None:
    strips = []
    for name, (domain, color) in DRAWN.items():
        drawing = decode(EXAMPLES / "drawings" / f"{name}.png")
        photos = [ganedit.translate(drawing, domain, seed=seed) for seed in SEEDS]
        photos.append(ganedit.translate(drawing, domain, color=color))
        cells = [resize(each, CELL, CELL).samples for each in (drawing, *photos)]
        strips.append(np.concatenate([np.broadcast_to(x, (CELL, CELL, 3)) for x in cells], axis=1))
    rows = [
        np.concatenate(strips[first : first + PER_ROW], axis=1)
        for first in range(0, len(strips), PER_ROW)
    ]
    Image(np.concatenate(rows)).save(DOCS / "sketch.png", overwrite=True)
    click.echo(DOCS / "sketch.png")


def samples() -> None:
    for row in weights.of_task("generate"):
        model = row.labels["model"]
        generator = ganedit.Generator(model)
        classes = generator.classes
        seeds_of_lines = [range(line * ACROSS, (line + 1) * ACROSS) for line in range(DOWN)]
        rows: list[tuple[str | None, range]] = [(kind, range(ACROSS)) for kind in classes]
        rows = rows or [(None, seeds) for seeds in seeds_of_lines]
        lines = [[generator(seed, class_=kind).samples for seed in own] for kind, own in rows]
        _write_sheet(f"generate_{model}", lines)
        if named := weights.stored_options(row.path).get("directions"):
            editor = ganedit.Editor.directions(model=model, kind="named", seed=2, count=2)
            _write_sheet(f"directions_{model}", [[editor(variant=name).samples] for name in named])


def _write_sheet(name: str, rows: list[list[np.ndarray]]) -> None:
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in rows])
    Image(sheet).save(DOCS / f"{name}.png", overwrite=True)
    click.echo(DOCS / f"{name}.png")


TASKS: dict[str, Callable[[], None]] = {
    "upscale": enlargements,
    "inpaint": fills,
    "translate": translations,
    "stylize": stylizations,
    "sketch": drawings,
    "generate": samples,
}


@click.command(help=__doc__)
@click.option("--task", "tasks", type=click.Choice(list(TASKS)), multiple=True, default=list(TASKS))
def main(tasks: tuple[str, ...]) -> None:
    for task in tasks:
        TASKS[task]()


def _write(name: str, columns: list[np.ndarray]) -> None:
    """Equally high pictures side by side."""
    gap = np.full((columns[0].shape[0], GAP, 3), 255, np.uint8)
    strip = [part for column in columns for part in (column, gap)][:-1]
    target = EXAMPLES / "results" / f"{name}.png"
    Image(np.concatenate(strip, axis=1)).save(target, overwrite=True)
    click.echo(target)


def _bicubic(samples: np.ndarray) -> np.ndarray:
    tensor = to_tensor(samples, torch.device("cpu"))
    large = F.interpolate(tensor, scale_factor=4, mode="bicubic", antialias=True)
    return to_samples(large, samples.dtype, 3)


if __name__ == "__main__":
    main()
