"""Products as the shipped weights draw them."""

from pathlib import Path

import numpy as np
import pytest
from command_line import run
from drawing import least_apart, samples, shipped, shipped_samples

CLASSES = ("bags", "eyewear", "shoes", "watches")
SEEDS = range(16)
# Of a thing, what is darker than that; paper is white.
PAPER = 235


def drawn(class_: str, truncation: float = 0.7) -> np.ndarray:
    """Things of all seeds `(N, 64, 64, 3)` float."""
    return shipped_samples("products", SEEDS, class_, truncation)


def sides(picture: np.ndarray) -> tuple[int, int]:
    """Height and width of the thing in a picture."""
    ink = picture.min(axis=2) < PAPER
    rows, columns = (np.flatnonzero(ink.mean(axis=axis) > 0.05) for axis in (1, 0))
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def test_classes() -> None:
    assert shipped("products").classes == CLASSES


@pytest.mark.parametrize("class_", CLASSES)
def test_things_are_on_white(class_: str) -> None:
    for picture in drawn(class_, 1.0):
        corners = np.stack([picture[y, x] for y in (1, -2) for x in (1, -2)])
        assert corners.min() > 240
        ink = picture.min(axis=2) < PAPER
        assert 0.02 < ink.mean() < 0.7


def test_things_are_of_their_class() -> None:
    shares = {
        name: np.mean([height / width for height, width in map(sides, drawn(name))])
        for name in CLASSES
    }
    assert shares["watches"] > 1.3
    assert shares["eyewear"] < 0.7
    assert shares["shoes"] < 0.8
    assert 0.7 < shares["bags"] < 1.4
    ink = {name: (drawn(name).min(axis=3) < PAPER).mean() for name in CLASSES}
    assert ink["eyewear"] < 0.7 * min(ink["shoes"], ink["bags"], ink["watches"])


@pytest.mark.parametrize("class_", CLASSES)
def test_no_two_are_alike(class_: str) -> None:
    pictures = drawn(class_, 1.0)
    assert least_apart(pictures) > 2
    # In colour too: of ink, not of how much of it there is.
    inks = [p[p.min(axis=2) < PAPER].mean(axis=0) for p in pictures]
    assert np.std(inks, axis=0).mean() > 15


@pytest.mark.parametrize("class_", ["bags", "shoes"])
def test_a_direction_dyes_the_thing_and_not_the_ground(class_: str) -> None:
    def ink(picture: np.ndarray) -> np.ndarray:
        return picture[picture.min(axis=2) < PAPER].mean(axis=0)

    redder = darker = 0
    for seed in SEEDS:
        plain, red, black = (
            shipped("products")(seed, class_=class_, directions=amounts).samples.astype(float)
            for amounts in ({}, {"red": 2.0}, {"black": 2.0})
        )
        red_over_blue = [np.subtract(*ink(each)[[0, 2]]) for each in (plain, red)]
        redder += red_over_blue[1] > red_over_blue[0] + 20
        darker += ink(black).mean() < ink(plain).mean()
        corners = np.stack([red[y, x] for y in (1, -2) for x in (1, -2)])
        assert corners.min() > 235
    assert min(redder, darker) > 12


def test_so_many_of_each_as_asked_for(tmp_path: Path) -> None:
    done = run(
        "generate", "--model", "products", "--class", "shoes=2,bags=1", "--device", "cpu",
        "-o", tmp_path / "more",
    )  # fmt: skip
    assert done.code == 0, done.complaint
    names = sorted(path.name for path in (tmp_path / "more").glob("*.png"))
    assert names == ["bags_0000.png", "shoes_0000.png", "shoes_0001.png"]
    again = tmp_path / "again.png"
    like = tmp_path / "more" / "shoes_0001.png"
    assert run("generate", "--like", like, "--device", "cpu", "-o", again).code == 0
    assert np.array_equal(samples(again), samples(like))
