"""What `ganedit upscale --scale 1` takes away with the shipped weights, and what it leaves."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import tiny
import torch

from ganedit.data.degradations import jpeg, to_bytes
from ganedit.image import Image, decode, resize
from ganedit.metrics import psnr
from ganedit.tasks.upscale.edit import UpscaleEdit
from ganedit.tasks.upscale.options import DEFAULT_DETAIL, Target, UpscaleOptions

EXAMPLES = Path(__file__).parent.parent / "examples"


@cache
def truth() -> np.ndarray:
    """A photograph, reduced until nothing of its own JPEG is left."""
    photo = decode(EXAMPLES / "lake.jpg")
    return resize(photo, photo.width // 3, photo.height // 3).samples


@cache
def restorer(detail: float) -> UpscaleEdit:
    return UpscaleEdit(UpscaleOptions(Target(scale=1), detail=detail), tiny.runtime())


def restored(samples: np.ndarray, detail: float) -> np.ndarray:
    return restorer(detail).apply(Image(samples), lambda done: None).samples


def compressed(quality: int) -> np.ndarray:
    return to_bytes(jpeg(truth().astype(np.float32) / 255, quality))


def noisy(deviation: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, deviation, truth().shape)
    return (truth() + noise).clip(0, 255).round().astype(np.uint8)


def decibels(ours: np.ndarray) -> float:
    pictures = (torch.from_numpy(x.astype(np.float32)) for x in (ours, truth()))
    return psnr(*pictures)


def gained(damaged: np.ndarray, detail: float) -> float:
    """By how many dB a picture is nearer to what it was, restored."""
    result = restored(damaged, detail)
    assert result.shape == damaged.shape
    return decibels(result) - decibels(damaged)


@pytest.mark.parametrize(("quality", "least"), [(10, 0.5), (30, 0.3)])
def test_jpeg_marks_are_taken_away(quality: int, least: float) -> None:
    assert gained(compressed(quality), 0) > least
    assert gained(compressed(quality), DEFAULT_DETAIL) > 0


@pytest.mark.parametrize(("deviation", "least"), [(15, 3.0), (25, 4.0)])
def test_noise_is_taken_away(deviation: float, least: float) -> None:
    assert gained(noisy(deviation), 0) > least
    assert gained(noisy(deviation), DEFAULT_DETAIL) > least - 1


@pytest.mark.parametrize("detail", [0, DEFAULT_DETAIL])
def test_a_picture_without_damage_is_left_nearly_as_it_is(detail: float) -> None:
    assert decibels(restored(truth(), detail)) > 34


def test_lettering_on_paper_is_left_as_sharp_as_it_is() -> None:
    page = np.full((64, 160, 3), 250, np.uint8)
    cv2.putText(page, "Restored 1973", (6, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (20, 20, 20), 1)
    assert abs(restored(page, DEFAULT_DETAIL).astype(float) - page).mean() < 2
