"""The shipped weights under small memory budgets: the same picture, or a line that says no."""

import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import tiny
import torch

from ganedit import blending
from ganedit.blending import at_full_size, mix
from ganedit.editing import to_samples, to_tensor
from ganedit.errors import UsageError
from ganedit.grain import grained, grained_samples
from ganedit.image import Image, bands, bands_within, resize
from ganedit.runtime import Runtime, choose
from ganedit.tasks.inpaint.edit import InpaintEdit
from ganedit.tasks.inpaint.options import InpaintOptions
from ganedit.tasks.translate.edit import TranslateEdit
from ganedit.tasks.translate.options import TranslateOptions
from ganedit.tasks.upscale.edit import UpscaleEdit
from ganedit.tasks.upscale.options import Target, UpscaleOptions

MEGABYTE = 1 << 20
PICTURE = Image(tiny.photo(0, 112, 150))
HOLE = np.zeros((112, 150), bool)
HOLE[40:70, 60:100] = True


class Filling:
    """The filler with a hole, called like the other tasks."""

    def __init__(self, runtime: Runtime) -> None:
        self.edit = InpaintEdit(InpaintOptions(), runtime)

    def apply(self, image: Image, progress: Callable[[float], None]) -> Image:
        return self.edit.apply(image, HOLE, progress)


TASKS: dict[str, Callable[[Runtime], Any]] = {
    "photo x1": lambda r: UpscaleEdit(UpscaleOptions(Target(scale=1)), r),
    "photo x2": lambda r: UpscaleEdit(UpscaleOptions(Target(scale=2)), r),
    "clean x1.3": lambda r: UpscaleEdit(UpscaleOptions(Target(scale=1.3), model="clean"), r),
    "inpaint": Filling,
    "translate": lambda r: TranslateEdit(TranslateOptions("monet"), r),
    "translate reduced": lambda r: TranslateEdit(TranslateOptions("photo", 0.6, False, 64), r),
}


def edited(task: str, memory: int, precision: str) -> np.ndarray:
    edit = TASKS[task](choose("cpu", precision, memory))
    return edit.apply(PICTURE, lambda done: None).samples


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("task", TASKS)
def test_every_budget_gives_the_same_picture(task: str, precision: str) -> None:
    expected = edited(task, 2 << 30, precision)
    held = 0
    for megabytes in (1, 20):
        try:
            result = edited(task, megabytes * MEGABYTE, precision)
        except UsageError as error:
            assert "--memory is too small for it: " in str(error)  # noqa: PT017
            continue
        assert np.array_equal(result, expected)
        held += 1
    assert held >= 1


def test_a_budget_that_is_too_small_for_the_statistics_is_refused() -> None:
    with pytest.raises(UsageError, match=r"12M are needed; give more, or a smaller --working-"):
        edited("translate", MEGABYTE, "fp32")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grain_of_bands_is_that_of_the_whole(dtype: type) -> None:
    samples = tiny.photo(0, 600, 48).astype(dtype)
    whole = grained(to_tensor(samples, tiny.CPU), 0.05, seed=3)
    expected = to_samples(whole, samples.dtype, 3).astype(int)
    banded = grained_samples(samples, 0.05, seed=3)
    assert np.abs(banded - expected).max() <= (0 if dtype == np.uint8 else 1)
    assert np.abs(banded.astype(int) - samples).mean() > 1


def test_the_own_structure_comes_back_in_bands_too() -> None:
    picture = Image(tiny.photo(1, 300, 90))
    small = resize(picture, 30, 100)
    edited_small = Image(255 - small.samples)
    enlarged = resize(edited_small, 90, 300)
    before, after = (
        resize(image, 90, 300).samples.astype(float) for image in (small, edited_small)
    )
    kept = picture.samples - before + after
    expected = (kept + 0.3 * (enlarged.samples - kept)).clip(0, 255)
    result = at_full_size(picture, small, edited_small, enlarged, 0.3)
    assert np.abs(result - expected).max() <= 0.51


def test_pictures_are_mixed_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of any height, and none of the arrays is as large as the picture in float32."""
    one, other = (tiny.photo(seed, 501, 457) for seed in (2, 3))
    whole = mix(one, other, 0.4)
    for rows in (3, 10):
        for banded in (bands, bands_within):
            few = partial(banded, pixels=rows * one.shape[1])
            monkeypatch.setattr(blending, banded.__name__, few)
        tracemalloc.start()
        assert np.array_equal(mix(one, other, 0.4), whole)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 20 * one.shape[0] * one.shape[1]


def test_dtype_of_the_budget_counts() -> None:
    """Half the bytes in half precision: what fp32 is refused, bf16 may do."""
    runtime = choose("cpu", "bf16", 8 * MEGABYTE)
    assert runtime.dtype == torch.bfloat16
    assert TASKS["translate"](runtime).apply(PICTURE, lambda done: None).width == 150
