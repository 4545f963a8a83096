"""What the shipped weights make of drawings: the ten examples, in colours, of several seeds."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ganedit
from ganedit import weights
from ganedit.image import Image, decode, resize
from ganedit.lines import agreement, draw_lines
from ganedit.tasks.translate.paired.drawing import cleaned

EXAMPLES = sorted((Path(__file__).parents[1] / "examples" / "drawings").glob("*.png"))
SHOES = {"boot", "loafer", "pump", "sandal", "sneaker"}
SIZE = 128

pytestmark = pytest.mark.skipif(
    "shoe" not in weights.labelled("translate", "to"), reason="no weights for drawings ship yet"
)


@cache
def editor(to: str, color: str | None = None, seed: int = 0) -> Any:
    return ganedit.Editor.translate(to, color=color, seed=seed, device="cpu", precision="fp32")


def small(picture: Image) -> np.ndarray:
    """A result at the size that the network works at."""
    return resize(picture, SIZE, SIZE).samples.astype(int)


def inside(path: Path) -> np.ndarray:
    """Where the thing is, roughly: the middle of what the lines enclose, `(SIZE, SIZE)` bool."""
    rows, columns = np.nonzero(cleaned(decode(path), SIZE)[0].ink > 0.5)
    mask = np.zeros((SIZE, SIZE), bool)
    middle, across = int(np.median(rows)), int(np.median(columns))
    mask[middle - 6 : middle + 6, across - 12 : across + 12] = True
    return mask


def domain(path: Path) -> str:
    return "shoe" if path.stem in SHOES else "bag"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_mouse_drawings_are_filled_and_their_lines_obeyed(path: Path) -> None:
    result = small(editor(domain(path))(path))
    drawing = cleaned(decode(path), SIZE)[0]
    edges = draw_lines(result.astype(np.uint8), "zero") > 0
    assert agreement(edges, drawing.ink > 0.5, 3) > 0.5
    border = np.concatenate([result[:3].reshape(-1, 3), result[-3:].reshape(-1, 3)])
    assert border.mean() > 245, "on white"
    assert border.mean() - result[inside(path)].mean() > 15, "not the lines alone"


@pytest.mark.parametrize("path", EXAMPLES[::3], ids=lambda path: path.stem)
def test_seeds_differ_and_colours_are_obeyed(path: Path) -> None:
    to, mask = domain(path), inside(path)
    one, other = (small(editor(to, seed=seed)(path)) for seed in (0, 1))
    assert np.abs(one - other)[mask].mean() > 8
    reds, blues = (
        small(editor(to, color=color)(path))[mask].mean(axis=0) for color in ("#b02020", "#2030b0")
    )
    assert reds[0] - reds[2] > blues[0] - blues[2] + 40


COLORS = {"#b02020": 0, "#20902a": 1, "#2030b0": 2}


@pytest.mark.parametrize("path", EXAMPLES[1::4], ids=lambda path: path.stem)
@pytest.mark.parametrize("color", COLORS)
def test_a_thing_is_coloured_all_over(path: Path, color: str) -> None:
    result = small(editor(domain(path), color=color)(path))
    most, least = result.max(axis=2), result.min(axis=2)
    thing = least < 200
    assert thing.mean() > 0.08
    others = [channel for channel in range(3) if channel != COLORS[color]]
    tinted = result[..., COLORS[color]] > result[..., others].max(axis=2) + 15
    black = most < 60
    assert (tinted | black)[thing].mean() > 0.9, "no dots, no strips of it"
    assert tinted[thing].mean() > 0.6


@pytest.mark.parametrize(("color", "bounds"), [("black", (0, 60)), ("white", (190, 256))])
def test_black_and_white_are_colours_too(color: str, bounds: tuple[int, int]) -> None:
    path = next(path for path in EXAMPLES if path.stem == "tote")
    result = small(editor("bag", color=color)(path))
    assert bounds[0] <= result[inside(path)].mean() < bounds[1]
