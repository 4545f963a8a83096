"""Damage and lettering that are found by themselves, on drawn cases whose masks are known."""

import cv2
import numpy as np
import pytest
import tiny

from ganedit.image import Image
from ganedit.tasks.inpaint.lettering import lettering
from ganedit.tasks.inpaint.scans import damage

HEIGHT, WIDTH = 480, 640


def scan(seed: int, channels: int = 3) -> np.ndarray:
    """A picture as a scan has it: soft, with grain."""
    soft = cv2.GaussianBlur(tiny.photo(seed, HEIGHT, WIDTH), (0, 0), 2).astype(np.float32)
    grain = np.random.default_rng(seed).normal(0, 3, (HEIGHT, WIDTH, 1))
    return (soft * 0.8 + 20 + grain).clip(0, 255).astype(np.uint8)[..., :channels]


def damaged(picture: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture with dust and scratches, light and dark, and where they are."""
    rng, mask = np.random.default_rng(seed), np.zeros((HEIGHT, WIDTH), np.uint8)
    light = np.zeros((HEIGHT, WIDTH), np.uint8)
    for number in range(24):
        x, y = int(rng.integers(10, WIDTH - 10)), int(rng.integers(10, HEIGHT - 10))
        for drawn in (mask, light) if number % 2 else (mask,):
            cv2.circle(drawn, (x, y), 1 + number % 4, 255, -1, cv2.LINE_AA)
    for number in range(5):
        ends = [(int(rng.integers(WIDTH)), int(rng.integers(HEIGHT))) for _ in range(2)]
        ends[1] = (ends[0][0] + 150) % WIDTH, ends[1][1]
        for drawn in (mask, light) if number % 2 else (mask,):
            cv2.line(drawn, ends[0], ends[1], 255, 1 + number % 2, cv2.LINE_AA)
    share = mask[:, :, None] / 255
    paint = np.where(light[:, :, None] > 0, 250, 5)
    result = picture * (1 - share) + paint * share
    return np.rint(result).astype(np.uint8), mask > 60


def recall_precision(found: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Shares of pixels; what is found may lie up to 4 pixels beside the truth."""
    near = cv2.dilate(truth.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    return float(found[truth].mean()), float(near[found].mean())


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_dust_and_scratches_are_found(seed: int, channels: int) -> None:
    picture, truth = damaged(scan(seed, channels), seed)
    recall, precision = recall_precision(damage(Image(picture)), truth)
    assert recall > 0.8
    assert precision > 0.7


def test_a_clean_scan_has_no_damage() -> None:
    for seed in range(3):
        assert damage(Image(scan(seed))).mean() < 0.01


def test_sixteen_bits_are_seen_as_eight_are() -> None:
    picture, _ = damaged(scan(2), 2)
    deep = picture.astype(np.uint16) * 257
    assert (damage(Image(deep)) == damage(Image(picture))).all()


def stamped(picture: np.ndarray, text: str, color: tuple[int, int, int], scale: float,
            at: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.putText(mask, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 2, cv2.LINE_AA)
    share = mask[:, :, None] / 255
    result = picture * (1 - share) + np.array(color) * share
    return np.rint(result).astype(np.uint8), mask > 100


@pytest.mark.parametrize(
    ("text", "color", "scale", "at"),
    [
        ("98 12 24", (255, 140, 30), 0.8, (440, 450)),
        ("2004/07/31", (255, 60, 40), 0.7, (400, 460)),
        ("PORTO 1987", (250, 250, 250), 1.0, (40, 60)),
        ("Sample", (10, 10, 10), 0.9, (200, 240)),
    ],
)
def test_stamps_are_found_and_told(
    text: str, color: tuple[int, int, int], scale: float, at: tuple[int, int]
) -> None:
    picture, truth = stamped(scan(3), text, color, scale, at)
    found, lines = lettering(Image(picture))
    recall, precision = recall_precision(found, truth)
    assert recall > 0.85
    assert precision > 0.8
    (line,) = lines
    assert line.letters >= 4
    assert abs(line.x - at[0]) < 30
    assert line.y < at[1] <= line.y + line.height + 8


def test_a_picture_without_letters_has_none() -> None:
    for seed in range(3):
        found, lines = lettering(Image(scan(seed)))
        assert not lines
        assert not found.any()
