"""Colour as the shipped upscalers give it: flat areas exact, nothing far out of its surroundings.

Most of these colours are in no photograph, so that the networks never learnt them.
"""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import tiny
import torch
import torch.nn.functional as F

from ganedit.image import Image, decode
from ganedit.runtime import Runtime
from ganedit.task import Progress
from ganedit.tasks.upscale.edit import UpscaleEdit
from ganedit.tasks.upscale.options import DEFAULT_DETAIL, Model, Target, UpscaleOptions

NETWORKS: list[tuple[Model, int]] = [("photo", 1), ("photo", 2), ("photo", 4), ("clean", 4)]
DETAILS = (0, DEFAULT_DETAIL, 1)
PRECISIONS = (torch.float32, torch.bfloat16)
PURE = {
    "red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0),
    "pink": (255, 0, 192), "dark green": (0, 128, 0), "black": (0, 0, 0), "white": (255,) * 3,
}  # fmt: skip
# Twice resized, and at more than 4 times enlarged twice: pixels see farther, and overshoot twice.
SCALES = (1.1, 2.5, 8, 16)


def quiet(done: float) -> None:
    """Nobody is told of the progress."""


@cache
def loaded(model: Model, detail: float, dtype: torch.dtype) -> UpscaleEdit:
    runtime = Runtime(tiny.CPU, dtype, 1 << 30, "in a test")
    return UpscaleEdit(UpscaleOptions(model=model, detail=detail), runtime)


def enlarged(edit: UpscaleEdit, samples: np.ndarray, scale: float) -> np.ndarray:
    size = Target(scale=scale).size_for(samples.shape[1], samples.shape[0])
    progress: Progress = quiet
    return edit.enlarge(Image(samples), *size, progress).samples


def drawing() -> np.ndarray:
    """Lines of one pixel, letters and ramps in pure colours, on each other."""
    colours = list(PURE.values())
    page = np.zeros((24 * len(colours), 20 * 4 + 44, 3), np.uint8)
    for row, ground in enumerate(colours):
        band = page[24 * row : 24 * row + 24]
        band[:] = ground
        inks = (colours[row + 1 :] + colours)[:7:2]  # four of the others, in turn
        for column, ink in enumerate(inks):
            left = 20 * column
            cv2.putText(band, "g", (left + 2, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, ink, 1)
            band[20, left + 2 : left + 16] = ink
            band[3:20, left + 16] = ink
        ramp = np.linspace(0, 1, 40)[:, None] * (255 - 2 * np.array(ground, float)) + ground
        band[:, -40:] = ramp.round()
    return page


def outside(large: np.ndarray, small: np.ndarray, radius: int, share: float) -> float:
    """By how many levels the worst pixel leaves its neighbourhood's range and a share of it."""
    low = torch.from_numpy(small.astype(np.float32)).permute(2, 0, 1)[None]
    most, least = (F.max_pool2d(x, 2 * radius + 1, 1, radius) for x in (low, -low))
    least = -least
    margin = share * (most - least)
    rows, columns = (
        np.minimum(np.arange(n) * m // n, m - 1)
        for n, m in zip(large.shape[:2], small.shape[:2], strict=True)
    )
    pixels = torch.from_numpy(large.astype(np.float32)).permute(2, 0, 1)
    least, most = ((x[0][:, rows][:, :, columns]) for x in (least - margin, most + margin))
    return float(torch.maximum(pixels - most, least - pixels).max())


@pytest.mark.parametrize("dtype", PRECISIONS, ids=["fp32", "bf16"])
@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize(("model", "scale"), NETWORKS)
def test_every_flat_colour_stays(
    model: Model, scale: int, detail: float, dtype: torch.dtype
) -> None:
    levels = np.linspace(0, 1, 9, dtype=np.float32)
    cube = torch.from_numpy(np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, 3))
    # As pictures of their own, small enough for each pixel to feel the border.
    flats = (cube * 255).round()[:, :, None, None].expand(-1, -1, 6, 6) / 255
    (predictor,) = loaded(model, detail, dtype)._passes(scale)
    with torch.inference_mode():
        worst = max(float((predictor.predict(x) - x[..., :1, :1]).abs().max())
                    for x in flats.contiguous().split(243))  # fmt: skip
    assert worst < 0.5 / 255, "rounded, each is what it was"


@pytest.mark.parametrize("scale", [1, 2, 4, *SCALES])
def test_flat_colours_of_16_bits_stay_to_the_last_one(scale: float) -> None:
    flat = np.full((12, 12, 3), (30000, 12345, 50000), np.uint16)
    large = enlarged(loaded("photo", DEFAULT_DETAIL, torch.float32), flat, scale)
    assert large.dtype == np.uint16
    assert np.abs(large.astype(int) - flat[0, 0]).max() <= 1


@pytest.mark.parametrize("dtype", PRECISIONS, ids=["fp32", "bf16"])
@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize(("model", "scale"), NETWORKS)
def test_drawings_stay_within_their_colours(
    model: Model, scale: int, detail: float, dtype: torch.dtype
) -> None:
    page = drawing()
    large = enlarged(loaded(model, detail, dtype), page, scale)
    assert outside(large, page, radius=2, share=0.5) <= 1
    # And are that drawing: nothing but soft edges tells them from plain interpolation.
    plain = cv2.resize(page, large.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    assert np.abs(large.astype(int) - plain).mean() < 4


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize(("model", "scale"), NETWORKS)
def test_ramps_of_saturated_colour_are_straight(model: Model, scale: int, detail: float) -> None:
    ends = [((0, 0, 0), (0, 255, 0)), ((0, 128, 0), (255, 0, 192)), ((255, 0, 255), (0, 0, 255))]
    share = np.linspace(0, 1, 96)[None, :, None]
    for one, other in ends:
        ramp = ((1 - share) * one + share * other).round().astype(np.uint8).repeat(16, axis=0)
        large = enlarged(loaded(model, detail, torch.float32), ramp, scale).astype(int)
        straight = cv2.resize(ramp, large.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        inner = slice(8 * scale, -8 * scale)  # beyond the border it goes on level
        assert np.abs(large - straight)[:, inner].max() <= 3


@pytest.mark.parametrize("detail", [0, DEFAULT_DETAIL])
@pytest.mark.parametrize(("model", "scale"), NETWORKS)
def test_beside_flat_shapes_there_is_no_ghost(model: Model, scale: int, detail: float) -> None:
    """A red square on white: from the second input pixel off its edge on, all is flat."""
    page = np.full((40, 40, 3), 255, np.uint8)
    page[12:28, 12:28] = (220, 30, 30)
    large = enlarged(loaded(model, detail, torch.float32), page, scale).astype(int)
    flat = cv2.resize(page, large.shape[1::-1], interpolation=cv2.INTER_NEAREST).astype(int)
    edge = np.zeros((40, 40), np.uint8)
    edge[10:30, 10:30] = 1
    edge[14:26, 14:26] = 0
    far = cv2.resize(edge, large.shape[1::-1], interpolation=cv2.INTER_NEAREST) == 0
    assert np.abs(large - flat)[far].max() <= 3


@pytest.mark.parametrize("name", ["dune", "otter"])
@pytest.mark.parametrize(("model", "scale"), NETWORKS)
def test_mean_colour_of_photographs_stays(model: Model, scale: int, name: str) -> None:
    whole = decode(Path(__file__).parent.parent / "examples" / f"{name}.jpg").samples
    crop = np.ascontiguousarray(whole[200:296, 300:420])
    large = enlarged(loaded(model, DEFAULT_DETAIL, torch.float32), crop, scale)
    assert np.abs(large.mean((0, 1)) - crop.mean((0, 1))).max() < 0.5


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("model", ["photo", "clean"])
def test_other_scales_keep_colours_too(model: Model, scale: float) -> None:
    edit, page = loaded(model, DEFAULT_DETAIL, torch.float32), drawing()[:60, :60]
    for colour in PURE.values():
        flat = np.full((7, 9, 3), colour, np.uint8)
        assert (enlarged(edit, flat, scale) == colour).all()
    assert outside(enlarged(edit, page, scale), page, radius=5, share=0.5) <= 1


@pytest.mark.parametrize("scale", [2, 2.5, 4])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_and_grey(channels: int, scale: float) -> None:
    edit = loaded("photo", DEFAULT_DETAIL, torch.float32)
    for level in (0, 1, 12345, 40000, 65535):
        flat = np.full((9, 7, channels), level, np.uint16)
        if channels == 3:
            flat[..., 0] = 65535 - level
        assert np.abs(enlarged(edit, flat, scale) - flat[0, 0].astype(int)).max() < 257


def test_colour_stays_whatever_the_weights() -> None:
    """Of a network that says nonsense everywhere nothing is left but interpolation."""
    edit = loaded("clean", 0, torch.float32)
    (predictor,) = edit._passes(4)
    broken = UpscaleEdit(edit.options, edit.runtime)
    network = tiny.network(0, predictor.network.options, tail=300)
    broken._predictors[4] = type(predictor)(network, edit.runtime)
    page = drawing()[:60]
    large = enlarged(broken, page, 4)
    assert outside(large, page, radius=2, share=0.5) <= 1
    plain = cv2.resize(page, large.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    assert np.abs(large.astype(int) - plain).mean() < 4
