"""Draw pictures of text, lines, shapes and stripes, to train on beside photographs.

    python benchmarks/draw_pictures.py drawn/ --count 200

Photographs hold little print and few drawings; users' pictures hold labels, signs, scans and
screenshots. What is drawn has no noise and no licence.
"""

from collections.abc import Callable
from pathlib import Path

import click
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = 512
# Drawn so much larger, then reduced: edges as soft as a lens makes them, at any position.
OVERSAMPLING = 3
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;-+&%$()/?!"
FONTS = sorted((Path(matplotlib.get_data_path()) / "fonts" / "ttf").glob("DejaVu*.ttf"))

Color = tuple[int, int, int]


def color(rng: np.random.Generator) -> Color:
    """Any colour, black and white more often than others."""
    grey = int(rng.choice([0, 255]))
    if rng.random() < 0.4:
        return grey, grey, grey
    red, green, blue = (int(v) for v in rng.integers(0, 256, 3))
    return red, green, blue


def word(rng: np.random.Generator) -> str:
    return "".join(rng.choice(list(LETTERS), int(rng.integers(2, 10))))


def draw_text(canvas: ImageDraw.ImageDraw, side: int, rng: np.random.Generator) -> None:
    """Lines of words in one font, some turned on end by the crops' rotation later."""
    size = int(rng.integers(12, 64)) * OVERSAMPLING
    font, ink = ImageFont.truetype(str(rng.choice(FONTS)), size), color(rng)
    top = int(rng.integers(0, side))
    for line in range(int(rng.integers(1, 8))):
        text = " ".join(word(rng) for _ in range(side // size + 1))
        canvas.text((int(rng.integers(-size, size)), top + line * size * 1.3), text, ink, font)


def draw_lines(canvas: ImageDraw.ImageDraw, side: int, rng: np.random.Generator) -> None:
    """A polyline or a fan of rays."""
    ink, width = color(rng), int(rng.integers(1, 6)) * OVERSAMPLING
    points = [tuple(map(float, rng.uniform(0, side, 2))) for _ in range(int(rng.integers(2, 9)))]
    if rng.random() < 0.5:
        canvas.line(points, ink, width, joint="curve")
    else:
        for point in points[1:]:
            canvas.line([points[0], point], ink, width)


def draw_shape(canvas: ImageDraw.ImageDraw, side: int, rng: np.random.Generator) -> None:
    """A disc, box or polygon, filled or outlined."""
    left, top = (int(v) for v in rng.integers(-side // 4, side, 2))
    wide, high = (int(v) for v in rng.integers(side // 20, side // 2, 2))
    fill = color(rng) if rng.random() < 0.6 else None
    edge, width = color(rng), int(rng.integers(1, 5)) * OVERSAMPLING
    box = [left, top, left + wide, top + high]
    kind = rng.integers(3)
    if kind == 0:
        canvas.ellipse(box, fill, edge, width)
    elif kind == 1:
        canvas.rounded_rectangle(box, float(rng.uniform(0, min(wide, high) / 2)), fill, edge, width)
    else:
        corners = [(left + float(x) * wide, top + float(y) * high) for x, y in rng.random((5, 2))]
        canvas.polygon(corners, fill, edge, width)


def draw_stripes(canvas: ImageDraw.ImageDraw, side: int, rng: np.random.Generator) -> None:
    """Parallel bars at an angle, wide to hardly resolved, across a part of the picture."""
    period = float(rng.uniform(3, 30)) * OVERSAMPLING
    angle, ink = float(rng.uniform(0, np.pi)), color(rng)
    across = np.array([np.cos(angle), np.sin(angle)])
    along, middle = np.array([-across[1], across[0]]), rng.uniform(0, side, 2)
    length = float(rng.uniform(side / 8, side / 2))
    for number in range(-int(length / period), int(length / period) + 1):
        start = middle + across * number * period - along * length
        end = start + 2 * along * length
        canvas.line([tuple(start), tuple(end)], ink, max(1, round(period / 2)))


DRAWERS: list[Callable[[ImageDraw.ImageDraw, int, np.random.Generator], None]] = [
    draw_text, draw_text, draw_lines, draw_shape, draw_stripes,
]  # fmt: skip


def draw(rng: np.random.Generator) -> Image.Image:
    """One picture of `SIDE` pixels a side."""
    side = SIDE * OVERSAMPLING
    picture = Image.new("RGB", (side, side), color(rng))
    canvas = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(4, 14))):
        DRAWERS[int(rng.integers(len(DRAWERS)))](canvas, side, rng)
    return picture.resize((SIDE, SIDE), Image.Resampling.BOX)


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--count", type=click.IntRange(1), default=200, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def main(folder: Path, count: int, seed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        draw(np.random.default_rng((seed, number))).save(folder / f"{number:04}.png")


if __name__ == "__main__":
    main()
