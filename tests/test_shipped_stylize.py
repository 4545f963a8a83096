"""Style transfer as the shipped weights do it."""

import numpy as np
import pytest
import tiny

import ganedit
from ganedit.image import Image
from ganedit.tasks.stylize.styles import shipped_styles

EXACT = {"device": "cpu", "precision": "fp32"}
PHOTO = Image(tiny.photo(1, 96, 128))


def strokes(seed: int, colors: tuple[tuple[int, int, int], ...]) -> Image:
    """Short strokes of a few colours, all over."""
    source = np.random.default_rng(seed)
    canvas = np.empty((128, 128, 3), np.uint8)
    canvas[:] = colors[0]
    for _ in range(900):
        top, left = source.integers(0, 124, 2)
        canvas[top : top + 3, left : left + 9] = colors[source.integers(len(colors))]
    return Image(canvas)


WARM = strokes(0, ((190, 60, 30), (230, 160, 40), (120, 30, 40)))
COLD = strokes(1, ((20, 50, 120), (60, 130, 170), (200, 220, 230)))


def painted(photo: Image, style: Image | str, **options: object) -> np.ndarray:
    return ganedit.stylize(photo, style, **EXACT, **options).samples


@pytest.mark.parametrize("style", [WARM, COLD])
def test_colours_are_the_styles_without_a_cast(style: Image) -> None:
    result = painted(PHOTO, style)
    of_result, of_style, of_photo = (x.mean((0, 1)) for x in (result, style.samples, PHOTO.samples))
    assert np.abs(of_result - of_style).max() < 26
    assert np.abs(of_result - of_style).mean() < 0.4 * np.abs(of_photo - of_style).mean()


def test_a_photo_in_its_own_style_stays() -> None:
    change = np.abs(painted(PHOTO, PHOTO).astype(int) - PHOTO.samples)
    assert change.max() <= 1


def test_what_is_in_the_photo_stays() -> None:
    result = painted(PHOTO, WARM).astype(float).mean(2)
    photo = PHOTO.samples.astype(float).mean(2)
    assert np.corrcoef(result.ravel(), photo.ravel())[0, 1] > 0.35


def test_the_same_on_every_run_and_within_any_memory() -> None:
    once = painted(PHOTO, WARM)
    assert np.array_equal(once, painted(PHOTO, WARM))
    assert np.array_equal(once, painted(PHOTO, WARM, memory="40M"))


def test_a_plain_photo_is_no_noise() -> None:
    plain = painted(Image(np.full((96, 96, 3), 128, np.uint8)), WARM)[16:-16, 16:-16]
    assert plain.reshape(-1, 3).std(0).max() < 20


@pytest.mark.parametrize("name", sorted(shipped_styles()))
def test_shipped_styles(name: str) -> None:
    assert shipped_styles()[name].stat().st_size < 120_000
    result = painted(PHOTO, f"@{name}")
    assert result.shape == PHOTO.samples.shape
    assert np.abs(result.astype(int) - PHOTO.samples).mean() > 8
