"""Photographs with holes like those of removed things, to measure filling with at full size."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np

from ganedit.data.pictures import list_pictures, load_rgb
from ganedit.data.seeding import generator_at
from ganedit.errors import GaneditError
from ganedit.image import Image, resize

Thing = Literal["blob", "person", "box"]

THINGS: tuple[Thing, ...] = get_args(Thing)
# Share of the picture that a hole covers, drawn evenly in its logarithm.
LEAST_COVER, MOST_COVER = 0.02, 0.25
# Holes stay this share of the shorter side away from the border, and shrink where they must.
MARGIN = 0.03
# Side of the square in which an outline is drawn before it is brought to its size.
DRAWN = 512


@dataclass(frozen=True)
class Scene:
    """One photograph, `(H, W, 3)` uint8 RGB, and one hole in it, `(H, W)` bool."""

    name: str
    thing: Thing
    picture: np.ndarray
    hole: np.ndarray


def read_scenes(
    folder: Path, *, megapixels: float, every: int, holes: int, seed: int
) -> Iterator[Scene]:
    """Photographs of a folder, each with so many holes, one hole at a time.

    Args:
        folder: of pictures.
        megapixels: larger photographs are reduced to so many.
        every: each so-manieth picture by name, from the first on.
        holes: of each photograph.
        seed: of the holes: shape, size and place.

    Raises:
        GaneditError: no pictures.
    """
    files = list_pictures(folder)[::every]
    if not files:
        raise GaneditError(f"{folder}: no pictures in this folder")
    for number, path in enumerate(files):
        picture = _reduced(load_rgb(path), megapixels)
        name = path.relative_to(folder).with_suffix("").as_posix()
        for index in range(number * holes, (number + 1) * holes):
            rng, thing = generator_at(seed, index), THINGS[index % len(THINGS)]
            cover = math.exp(rng.uniform(math.log(LEAST_COVER), math.log(MOST_COVER)))
            numbered = name if holes == 1 else f"{name}_{index % holes + 1}"
            yield Scene(numbered, thing, picture, thing_hole(thing, picture.shape[:2], cover, rng))


def _reduced(picture: np.ndarray, megapixels: float) -> np.ndarray:
    height, width = picture.shape[:2]
    scale = math.sqrt(megapixels * 1e6 / (height * width))
    if scale >= 1:
        return picture
    return resize(Image(picture), round(width * scale), round(height * scale)).samples


def thing_hole(
    thing: Thing, shape: tuple[int, ...], cover: float, rng: np.random.Generator
) -> np.ndarray:
    """A hole `(H, W)` bool with the outline of a thing.

    Args:
        thing: blob: round and lobed. person: standing, head to feet. box: a rectangle.
        shape: height and width of the picture.
        cover: share of the picture; less where so much of that outline does not fit.
        rng: decides proportions and place.
    """
    outline = _outline(thing, rng)
    rows, columns = (np.flatnonzero(outline.any(axis=axis)) for axis in (1, 0))
    outline = outline[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = shape[:2]
    margin = math.ceil(MARGIN * min(height, width))
    fits = min((height - 2 * margin) / outline.shape[0], (width - 2 * margin) / outline.shape[1])
    scale = min(fits, math.sqrt(cover * height * width / outline.sum()))
    high, wide = (max(1, int(side * scale)) for side in outline.shape)
    sized = cv2.resize(outline.astype(np.float32), (wide, high), interpolation=cv2.INTER_LINEAR)
    top = int(rng.integers(margin, height - margin - high + 1))
    left = int(rng.integers(margin, width - margin - wide + 1))
    hole = np.zeros((height, width), bool)
    hole[top : top + high, left : left + wide] = sized >= 0.5
    return hole


def _outline(thing: Thing, rng: np.random.Generator) -> np.ndarray:
    """`(DRAWN, DRAWN)` bool."""
    if thing == "box":
        wide, high = (int(DRAWN * share) for share in _sides(float(rng.uniform(0.5, 2.0))))
        drawn = np.zeros((DRAWN, DRAWN), bool)
        drawn[:high, :wide] = True
        return drawn
    drawn = np.zeros((DRAWN, DRAWN), np.uint8)
    if thing == "blob":
        cv2.fillPoly(drawn, [_lobed(rng)], 1)
    else:
        _draw_person(drawn, rng)
    return drawn.astype(bool)


def _sides(aspect: float) -> tuple[float, float]:
    """Width and height of that ratio, the longer one 1."""
    return min(1.0, aspect), min(1.0, 1 / aspect)


def _lobed(rng: np.random.Generator) -> np.ndarray:
    """A closed curve around the middle, `(N, 2)` int32: an ellipse with three to five waves."""
    angle = np.linspace(0, 2 * np.pi, 256, endpoint=False)
    radius = np.ones_like(angle)
    for wave in range(2, 6):
        radius += rng.uniform(0, 0.5 / wave) * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    wide, high = _sides(float(rng.uniform(0.6, 1.7)))
    points = np.stack([wide * radius * np.cos(angle), high * radius * np.sin(angle)], axis=1)
    result: np.ndarray = np.rint(DRAWN * (0.5 + 0.24 * points)).astype(np.int32)
    return result


def _draw_person(drawn: np.ndarray, rng: np.random.Generator) -> None:
    """Head, trunk, two legs and two arms, of about the usual proportions."""
    unit, middle = DRAWN / 8.5, DRAWN // 2  # a person is some seven and a half heads high
    apart, spread = rng.uniform(0.15, 0.7), rng.uniform(0.9, 2.0)

    def at(x: float, y: float) -> tuple[int, int]:
        return round(middle + x * unit), round((y + 0.4) * unit)

    cv2.circle(drawn, at(0, 0.5), round(0.5 * unit), 1, -1)
    trunk = [at(-0.9, 1.2), at(0.9, 1.2), at(0.7, 4.0), at(-0.7, 4.0)]
    cv2.fillPoly(drawn, [np.array(trunk, np.int32)], 1)
    thick = round(0.7 * unit)
    for side in (-1, 1):
        cv2.line(drawn, at(0.3 * side, 3.8), at(apart * side, 7.4), 1, thick)
        cv2.line(drawn, at(0.8 * side, 1.5), at(spread * side, 3.9), 1, round(0.45 * unit))
    cv2.line(drawn, at(0, 0.6), at(0, 1.5), 1, thick)
