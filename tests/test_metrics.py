"""Scores of pictures whose error is known."""

import math

import pytest
import tiny
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit import metrics
from ganedit.editing import to_tensor


@pytest.fixture(scope="module")
def y() -> Tensor:
    return metrics.luma(to_tensor(tiny.photo(1), tiny.CPU))


def noise_like(picture: Tensor, sigma: float) -> Tensor:
    return sigma * torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))


def test_luma_is_bt601_studio_range() -> None:
    colours = torch.tensor([[1, 1, 1], [0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]).float()
    y = metrics.luma(colours.view(5, 3, 1, 1)).flatten().tolist()
    assert y == pytest.approx([235, 16, 81.481, 144.553, 40.966], abs=1e-3)


def test_psnr_of_a_known_error(y: Tensor) -> None:
    assert metrics.psnr(y + 2, y) == pytest.approx(20 * math.log10(255 / 2), abs=1e-3)
    assert metrics.psnr(y / 255 + 0.1, y / 255, peak=1) == pytest.approx(20, abs=1e-3)
    assert metrics.psnr(y, y) == math.inf


def test_ssim_is_one_for_equal_and_falls_with_damage(y: Tensor) -> None:
    assert metrics.ssim(y, y) == pytest.approx(1)
    blurred, noisy = F.avg_pool2d(y, 3, 1, 1), y + noise_like(y, 25)
    assert metrics.ssim(blurred, y) < 0.95
    assert metrics.ssim(noisy, y) < 0.95
    assert metrics.ssim(255 - y, y) < metrics.ssim(blurred, y)


def test_ssim_of_flat_pictures_is_its_luminance_term() -> None:
    a, b = torch.full((1, 1, 16, 16), 100.0), torch.full((1, 1, 16, 16), 120.0)
    c1 = (0.01 * 255) ** 2
    expected = (2 * 100 * 120 + c1) / (100**2 + 120**2 + c1)
    assert metrics.ssim(a, b) == pytest.approx(expected, rel=1e-4)


def test_spectrum_error_sees_blur_and_grain_but_not_place(y: Tensor) -> None:
    assert metrics.spectrum_error(y, y) == 0
    assert metrics.spectrum_error(y.flip(3), y) < 0.5
    blurred = F.avg_pool2d(y, 3, 1, 1)
    assert metrics.spectrum_error(blurred, y) > 3
    assert metrics.spectrum_error(y + noise_like(y, 25), y) > 3


def test_spectrum_error_is_in_decibels(y: Tensor) -> None:
    assert metrics.spectrum_error(10 * y, y) == pytest.approx(20, abs=0.01)


def test_flat_noise_error_grows_with_noise() -> None:
    flat = torch.full((1, 1, 96, 96), 100.0)
    errors = [metrics.flat_noise_error(flat + noise_like(flat, s), flat) for s in (0, 2, 4)]
    assert errors == pytest.approx([0, 2, 4], abs=0.1)


def test_flat_noise_error_leaves_detailed_areas_out() -> None:
    truth = torch.full((1, 1, 64, 64), 100.0)
    truth[..., 32:] += noise_like(truth[..., 32:], 40)
    output = truth.clone()
    output[..., 32:] = 100
    assert metrics.flat_noise_error(output, truth) == 0


def gaussian(count: int, mean: float, deviation: float, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 6, generator=generator) * deviation + mean


def test_frechet_distance_of_gaussians_is_the_formula() -> None:
    one, other = gaussian(40_000, 0, 1, 0), gaussian(40_000, 0.5, 2, 1)
    # Per dimension: (m1 - m2)² + (s1 - s2)².
    assert metrics.frechet_distance(one, other) == pytest.approx(6 * (0.25 + 1), rel=0.02)
    assert metrics.frechet_distance(one, one) == pytest.approx(0, abs=1e-6)


def test_kernel_distance_is_zero_for_one_distribution_and_grows() -> None:
    first, same = gaussian(2000, 0, 1, 0), gaussian(2000, 0, 1, 1)
    near, far = gaussian(2000, 0.2, 1, 2), gaussian(2000, 0.6, 1, 3)
    assert abs(metrics.kernel_distance(first, same)) < 0.01
    assert 0.02 < metrics.kernel_distance(first, near) < metrics.kernel_distance(first, far)


def test_kernel_distance_is_the_definition() -> None:
    x, y = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[1.0, 1.0], [3.0, 0.0]])

    def k(a: torch.Tensor, b: torch.Tensor) -> float:
        return float((a @ b / 2 + 1) ** 3)

    between = sum(k(a, b) for a in x for b in y) / 4
    expected = k(x[0], x[1]) + k(y[0], y[1]) - 2 * between
    assert metrics.kernel_distance(x, y) == pytest.approx(expected)


def test_lattice_share_of_noise_and_of_a_lattice() -> None:
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(1, 1, 64, 67, generator=generator)
    assert metrics.lattice_share(noise) == pytest.approx(1 / 64, rel=0.5)
    pattern = torch.randn(1, 1, 8, 8, generator=generator).repeat(1, 1, 10, 9)
    assert metrics.lattice_share(pattern) > 0.95
    assert metrics.lattice_share(pattern[..., :64, :67] + noise) == pytest.approx(0.5, abs=0.1)
    assert metrics.lattice_share(torch.ones(1, 1, 32, 32)) == 0


# --- sets of pictures -------------------------------------------------------------------------


def test_precision_and_recall_tell_bad_pictures_from_missing_ones() -> None:
    source = torch.Generator().manual_seed(0)
    truth = torch.randn(200, 4, generator=source)
    alike = torch.randn(200, 4, generator=source)
    precision, recall = metrics.precision_recall(alike, truth)
    assert precision > 0.8
    assert recall > 0.8
    # Usual ones only: all of them good, and most kinds missing.
    precision, recall = metrics.precision_recall(alike * 0.3, truth)
    assert precision > 0.9
    assert recall < 0.5
    far = torch.cat([alike[:100], alike[100:] + 50])
    precision, _ = metrics.precision_recall(far, truth)
    assert 0.3 < precision <= 0.5


def test_ms_ssim_falls_as_pictures_differ() -> None:
    picture = torch.from_numpy(tiny.photo(0, 64, 64)).float().mean(2)[None, None] / 255
    other = torch.from_numpy(tiny.photo(1, 64, 64)).float().mean(2)[None, None] / 255
    assert metrics.ms_ssim(picture, picture) == pytest.approx(1)
    noisy = picture + 0.05 * torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))
    assert metrics.ms_ssim(picture, other) < 0.5 < metrics.ms_ssim(picture, noisy) < 1


def test_ms_ssim_of_many_is_the_mean_over_pairs() -> None:
    ours, theirs = torch.rand(2, metrics.MS_SSIM_PAIRS + 3, 1, 24, 24)
    each = [
        metrics.ms_ssim(*pair) for pair in zip(ours.split(1), theirs.split(1), strict=True)
    ]  # fmt: skip
    assert metrics.ms_ssim(ours, theirs) == pytest.approx(sum(each) / len(each))


def test_sliced_wasserstein_tells_at_which_resolution_pictures_differ() -> None:
    source = torch.Generator().manual_seed(0)
    pictures = torch.rand(64, 3, 32, 32, generator=source)
    one, other = pictures[:32], pictures[32:]
    floor = metrics.sliced_wasserstein(one, other)
    assert list(floor) == [32, 16]
    blurred = torch.nn.functional.avg_pool2d(other, 3, 1, 1)
    assert metrics.sliced_wasserstein(one, blurred)[32] > 2 * floor[32]
    assert metrics.sliced_wasserstein(one, one)[16] < floor[16]


def test_what_is_nearer_is_told_from_chance() -> None:
    source = torch.Generator().manual_seed(0)
    one, other = torch.rand(2, 200, generator=source)
    share, chance = metrics.nearer(one, other)
    assert abs(share - 0.5) < 0.08
    assert chance > 0.05
    share, chance = metrics.nearer(one * 0.5, other)
    assert share > 0.7
    assert chance < 1e-6
    assert metrics.nearer(one, one) == (0.5, 0.5)
