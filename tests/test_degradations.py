"""How pictures are reduced, damaged and augmented."""

import numpy as np
import pytest
import tiny
import torch

from ganedit.data import degradations
from ganedit.data.augment import (
    LOOK_SHIFT,
    SMALLEST_LOOK,
    draw_augmentation,
    draw_look,
    draw_zoom,
)
from ganedit.data.degradations import degrade
from ganedit.data.recolor import draw_recolor
from ganedit.tasks.upscale.data import reduce_bicubic


def test_reduction_of_flat_stays_flat_and_keeps_the_mean() -> None:
    flat = torch.full((1, 3, 32, 32), 200 / 255)
    assert torch.equal(reduce_bicubic(flat, 4), flat[..., :8, :8])
    picture = torch.from_numpy(tiny.photo(2)).permute(2, 0, 1)[None] / 255
    assert (reduce_bicubic(picture, 4).mean() - picture.mean()).abs() < 1 / 255


def matlab_bicubic(row: np.ndarray, scale: int) -> np.ndarray:
    """MATLAB's `imresize(row, 1 / scale)`, away from the borders."""
    result = []
    for place in (np.arange(len(row) // scale) + 0.5) * scale - 0.5:
        x = np.abs(np.arange(len(row)) - place) / scale
        near = 1.5 * x**3 - 2.5 * x**2 + 1
        far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
        weights = np.where(x <= 1, near, np.where(x <= 2, far, 0))
        result.append((weights * row).sum() / weights.sum())
    return np.array(result)


@pytest.mark.parametrize("scale", [2, 4])
def test_reduction_is_that_of_matlab(scale: int) -> None:
    row = tiny.photo(4)[10, :, 0] / 255
    tensor = torch.from_numpy(row).float().expand(1, 3, 32, 96)
    reduced = reduce_bicubic(tensor, scale)[0, 0, 2].numpy()
    expected = np.rint(matlab_bicubic(row, scale).clip(0, 1) * 255) / 255
    assert np.abs(reduced - expected)[2:-2].max() < 1e-5


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_degraded_pictures_are_small_eight_bit_and_repeatable(scale: int) -> None:
    picture = tiny.photo(3, 64, 96).astype(np.float32) / 255
    before, results = picture.copy(), []
    for seed in range(30):
        small = degrade(picture, scale, np.random.default_rng(seed))
        assert small.shape == (64 // scale, 96 // scale, 3)
        assert small.dtype == np.uint8
        assert small.min() < small.max()
        assert np.array_equal(small, degrade(picture, scale, np.random.default_rng(seed)))
        results.append(small)
    assert np.array_equal(picture, before), "the crop is the truth and stays"
    assert len({result.tobytes() for result in results}) > 25


def test_degradation_keeps_brightness_on_average() -> None:
    picture = tiny.photo(3, 64, 64).astype(np.float32) / 255
    shifts = [
        degrade(picture, 4, np.random.default_rng(seed)).mean((0, 1)) / 255 - picture.mean((0, 1))
        for seed in range(60)
    ]
    assert np.abs(np.mean(shifts, axis=0)).max() < 0.01


def test_blur_noise_and_jpeg_do_what_they_say() -> None:
    rng = np.random.default_rng(0)
    grey = np.full((128, 128, 3), 0.5, np.float32)
    assert np.allclose(degradations.blur(grey, 2.0, rng), grey, atol=1e-5)
    picture = tiny.photo(3).astype(np.float32) / 255
    soft = [degradations.blur(picture, s, np.random.default_rng(1)).std() for s in (0.3, 1, 3)]
    assert soft == sorted(soft, reverse=True)
    grain = [degradations.noise(grey, 0.04, rng) - grey for _ in range(8)]
    assert np.std(grain) == pytest.approx(0.04, rel=0.1)
    for damage in (degradations.jpeg, degradations.webp):
        worse = [np.abs(damage(picture, q) - picture).mean() for q in (95, 70, 30)]
        assert worse == sorted(worse)
        assert worse[0] > 0
    edge = np.repeat(np.float32([[0.3] * 32 + [0.7] * 32]), 64, axis=0)[..., None].repeat(3, axis=2)
    halos = degradations.sharpen(edge, 1.0, 1.0)
    assert halos.max() > 0.75
    assert halos.min() < 0.25
    assert np.allclose(degradations.sharpen(grey, 1.5, 2.0), grey, atol=1e-5)
    chroma = [degradations.jpeg(picture, 90, whole_chroma=whole) for whole in (False, True)]
    assert np.abs(chroma[0] - picture).mean() > 1.1 * np.abs(chroma[1] - picture).mean()


def test_other_colors_keep_grey_and_light_alike_in_both_pictures() -> None:
    picture = tiny.photo(3)
    grey = np.repeat(picture[..., :1], 3, axis=2)
    changed = 0
    for seed in range(30):
        recolor = draw_recolor(np.random.default_rng(seed))
        assert np.array_equal(recolor(grey), grey), "grey stays grey"
        both = recolor(np.concatenate([picture, picture[::-1]]))
        assert np.array_equal(both[: len(picture)], both[len(picture) :][::-1])
        assert both.dtype == np.uint8
        changed += int(np.abs(recolor(picture).astype(int) - picture).mean() > 5)
    assert changed > 20


def test_augmentation_is_the_same_for_all_it_is_applied_to() -> None:
    torch.manual_seed(0)
    ones, numbers = torch.ones(2, 3, 32, 32), torch.arange(1.0, 32 * 32 + 1).view(1, 1, 32, 32)
    draws = set()
    for _ in range(20):
        augment = draw_augmentation(32, tiny.CPU)
        kept, moved = augment(ones), augment(numbers)
        assert torch.equal(kept[0] > 0, kept[1] > 0)
        assert torch.equal(kept[0, :1] > 0, moved[0] > 0), "one draw, one mask and shift"
        assert set(kept.unique().tolist()) == {0, 1}
        assert 0.5 < float(kept.mean()) <= 1 - 8 * 8 / 32**2
        place = (moved > 0).nonzero()[0]
        draws.add(int(moved[tuple(place)]) - int(place[2] * 32 + place[3]))
    assert len(draws) > 10


def test_look_shows_the_same_part_of_all_it_is_applied_to() -> None:
    side = 64
    x = torch.arange(float(side)).expand(2, 3, side, side)
    corners, sizes = set(), set()
    for seed in range(40):
        torch.manual_seed(seed)
        look = draw_look(side)
        seen = look(x)
        assert torch.equal(look(x + 100).round(decimals=2), (seen + 100).round(decimals=2))
        assert seen.shape[-1] == seen.shape[-2]
        # What is seen rises by one over the scale from pixel to pixel: a crop, evenly reduced.
        step = (side - LOOK_SHIFT) / seen.shape[-1]
        torch.testing.assert_close(seen.diff(dim=3), torch.full_like(seen.diff(dim=3), step))
        assert seen.min() >= 0
        assert seen.max() <= side - 1
        corners.add(round(float(seen.min() - (step - 1) / 2)))
        sizes.add(seen.shape[-1])
    assert min(corners) <= 1
    assert max(corners) >= LOOK_SHIFT - 2
    assert max(corners) < LOOK_SHIFT
    assert min(sizes) >= round((side - LOOK_SHIFT) * SMALLEST_LOOK)
    assert max(sizes) - min(sizes) > 8


def test_look_lets_gradients_through() -> None:
    x = torch.rand(1, 3, 64, 64, requires_grad=True)
    draw_look(64)(x).sum().backward()
    assert x.grad is not None
    assert (x.grad != 0).float().mean() > 0.3


def test_a_zoom_shows_nearly_all_enlarged_and_the_same_of_all() -> None:
    ramp = torch.linspace(0, 1, 64).expand(2, 3, 64, 64).contiguous()
    seen_of_it = []
    for seed in range(40):
        torch.manual_seed(seed)
        seen = draw_zoom(64, 96)(ramp)
        assert seen.shape == (2, 3, 96, 96)
        assert torch.equal(seen[0], seen[1])
        assert 0 <= seen.min() < seen.max() <= 1
        seen_of_it.append(float(seen.max() - seen.min()))
    assert 0.86 < min(seen_of_it) < 0.9
    assert 0.97 < max(seen_of_it) <= 1
