"""Landscapes as the shipped weights draw them: paintings of Monet, and photographs."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from command_line import run
from drawing import least_apart, samples, shipped, shipped_samples

CLASSES = ("monet", "photo")
SEEDS = range(24)


def drawn(class_: str) -> np.ndarray:
    """Landscapes of all seeds `(N, 64, 64, 3)` float."""
    return shipped_samples("landscapes", SEEDS, class_, 1.0)


def test_classes() -> None:
    assert shipped("landscapes").classes == CLASSES


@pytest.mark.parametrize("class_", CLASSES)
def test_the_sky_is_above(class_: str) -> None:
    """Lighter and calmer than what is below it, in most of them."""
    light = drawn(class_).mean(axis=3)
    above, below = light[:, 2:20], light[:, 40:62]
    assert (above.mean((1, 2)) > below.mean((1, 2))).mean() > 0.6
    restless = [np.abs(np.diff(part, axis=2)).mean() for part in (above, below)]
    assert restless[0] < 0.9 * restless[1]


def test_paintings_are_rougher_than_photographs() -> None:
    """Strokes are in their skies too."""
    rough = {name: np.abs(np.diff(drawn(name)[:, 2:20].mean(3), axis=2)).mean() for name in CLASSES}
    assert rough["monet"] > rough["photo"]


@pytest.mark.parametrize("class_", CLASSES)
def test_no_two_are_alike(class_: str) -> None:
    pictures = drawn(class_)
    assert least_apart(pictures) > 15
    # In light and colour too.
    assert pictures.mean((1, 2)).std(axis=0).min() > 10


@pytest.mark.parametrize("class_", CLASSES)
def test_pictures_are_no_noise_and_no_grid(class_: str) -> None:
    light = drawn(class_).mean(axis=3)
    neighbours = np.corrcoef(light[:, :, 1:].ravel(), light[:, :, :-1].ravel())[0, 1]
    assert neighbours > 0.85
    # A screen-door pattern is the finest frequency of all: less than one grey level of it.
    spectrum = np.abs(np.fft.fft2(light, norm="forward")).mean(0)
    assert max(spectrum[0, 32], spectrum[32, 0], spectrum[32, 32]) < 1


def test_a_walk_from_a_painting_to_others(tmp_path: Path) -> None:
    done = run(
        "walk", "--model", "landscapes", "--seeds", "3,8", "--class", "monet", "--seconds", 1,
        "--device", "cpu", "-o", tmp_path / "walk",
    )  # fmt: skip
    assert done.code == 0, done.complaint
    frames = [samples(path).astype(float) for path in sorted((tmp_path / "walk").glob("*.png"))]
    assert len(frames) == 30
    steps = [np.abs(b - a).mean() for a, b in itertools.pairwise(frames)]
    assert max(steps) < 0.5 * np.abs(frames[-1] - frames[0]).mean()
