"""Draw pictures of text, lines, shapes, stripes and ramps, to train on beside photographs.

    python benchmarks/draw_pictures.py drawn/ --count 200 --clipart /usr/share/openclipart/png

Photographs hold little print and few drawings; users' pictures hold labels, signs, scans and
screenshots. What is drawn has no noise and no licence. Clip art (Debian's openclipart-png is in
the public domain) is laid on top of two pictures in three.
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
SYSTEM_FONTS = Path("/usr/share/fonts/truetype")
FONTS = sorted((Path(matplotlib.get_data_path()) / "fonts" / "ttf").glob("DejaVu*.ttf")) + sorted(
    SYSTEM_FONTS.glob("*/[FL]*.ttf")
)
# Clip art is left out under this many pixels a side, over so many, or where so little is drawn.
SMALLEST, LARGEST, LEAST_DRAWN = 64, 3000, 0.02

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
    size = int(9 * np.exp(rng.uniform(0, 2))) * OVERSAMPLING
    font, ink = ImageFont.truetype(FONTS[rng.integers(len(FONTS))], size), color(rng)
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


def draw_panel(canvas: ImageDraw.ImageDraw, side: int, rng: np.random.Generator) -> None:
    """A window with a bar and rows of text, as on a screen: all edges lie on pixels."""
    left, top, wide, high = (int(v) * OVERSAMPLING for v in rng.integers(20, SIDE // 2, 4))
    paper, bar, ink = color(rng), color(rng), color(rng)
    row = int(rng.integers(11, 20)) * OVERSAMPLING
    font = ImageFont.truetype(FONTS[rng.integers(len(FONTS))], row * 3 // 4)
    canvas.rectangle([left, top, left + wide, top + high], paper, bar, OVERSAMPLING)
    canvas.rectangle([left, top, left + wide, top + row], bar)
    for line in range(1, high // row):
        text = " ".join(word(rng) for _ in range(int(rng.integers(1, 5))))
        shown = text[: max(1, int(wide / row * 1.6))]
        canvas.text((left + row // 2, top + line * row), shown, ink, font)


def ramp(side: int, rng: np.random.Generator) -> Image.Image:
    """From one colour to another, straight across at any angle."""
    angle = float(rng.uniform(0, 2 * np.pi))
    y, x = np.mgrid[:side, :side] / side
    share = np.clip(0.5 + (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle), 0, 1)[..., None]
    colors = np.array(color(rng)) * (1 - share) + np.array(color(rng)) * share
    return Image.fromarray((colors + 0.5).astype(np.uint8))


def paste_clipart(picture: Image.Image, files: list[Path], rng: np.random.Generator) -> None:
    """One drawing at a random size and place, in its own transparency."""
    path = files[int(rng.integers(len(files)))]
    with Image.open(path) as opened:
        if not SMALLEST <= min(opened.size) <= max(opened.size) <= LARGEST:
            return
        drawing = opened.convert("RGBA")
    if np.asarray(drawing)[..., 3].mean() < 255 * LEAST_DRAWN:
        return
    # Reduced only: enlarged ones would be soft.
    limit = min(1.0, picture.width / max(drawing.size))
    scale = limit * float(rng.uniform(0.4, 1))
    size = (max(1, round(drawing.width * scale)), max(1, round(drawing.height * scale)))
    drawing = drawing.resize(size, Image.Resampling.LANCZOS)
    left, top = (
        int(rng.integers(-own // 4, max(1, whole - own * 3 // 4)))
        for own, whole in zip(size, picture.size, strict=True)
    )
    picture.paste(drawing, (left, top), drawing)


DRAWERS: list[Callable[[ImageDraw.ImageDraw, int, np.random.Generator], None]] = [
    draw_text, draw_text, draw_lines, draw_shape, draw_stripes, draw_panel,
]  # fmt: skip


def draw(rng: np.random.Generator, clipart: list[Path]) -> Image.Image:
    """One picture of `SIDE` pixels a side."""
    side = SIDE * OVERSAMPLING
    plain = Image.new("RGB", (side, side), color(rng))
    picture = ramp(side, rng) if rng.random() < 0.25 else plain
    canvas = ImageDraw.Draw(picture)
    busy = not clipart or rng.random() < 0.6
    for _ in range(int(rng.integers(4, 14) if busy else rng.integers(0, 3))):
        DRAWERS[int(rng.integers(len(DRAWERS)))](canvas, side, rng)
    picture = picture.resize((SIDE, SIDE), Image.Resampling.BOX)
    if clipart and rng.random() < 2 / 3:
        for _ in range(int(rng.integers(1, 6))):
            paste_clipart(picture, clipart, rng)
    return picture


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--count", type=click.IntRange(1), default=200, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--clipart",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of PNG files with alpha.",
)
def main(folder: Path, count: int, seed: int, clipart: Path | None) -> None:
    files = [] if clipart is None else sorted(clipart.rglob("*.png"))
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        draw(rng, files).save(folder / f"{number:04}.png")


if __name__ == "__main__":
    main()
