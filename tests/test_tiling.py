"""Tiles: they cover a picture once, and their results are those of the whole picture."""

from dataclasses import replace

import numpy as np
import pytest
import tiny
import torch
from torch import Tensor

from ganedit import editing
from ganedit.editing import predict_samples
from ganedit.tasks.upscale.edit import UpscalePredictor
from ganedit.tasks.upscale.options import NetworkOptions
from ganedit.tiling import ALIGNMENT, Footprint, plan, smallest_window, window_side

SIZES = [(1, 1), (1, 97), (31, 1), (2, 3), (13, 17), (64, 64), (65, 63), (101, 40), (7, 260)]
SIDES = [11, 12, 32, 64, 320]
HALO = 5


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("side", SIDES)
def test_cores_cover_every_pixel_once(size: tuple[int, int], side: int) -> None:
    covered = np.zeros(size, int)
    for window in plan(*size, Footprint(halo=HALO), side):
        rows, columns = window.rows, window.columns
        assert rows.start < rows.stop
        assert columns.start < columns.stop
        covered[rows.start : rows.stop, columns.start : columns.stop] += 1
    assert (covered == 1).all()


@pytest.mark.parametrize("length", [1, 30, 97, 163, 260])
@pytest.mark.parametrize("side", SIDES)
def test_windows_carry_the_halo_and_stay_within_the_picture(length: int, side: int) -> None:
    for window in plan(length, 1, Footprint(halo=HALO), side):
        span = window.rows
        assert 0 <= span.outer_start <= max(0, span.start - HALO)
        assert min(length, span.stop + HALO) <= span.outer_stop <= length
        inner = np.repeat(np.arange(span.outer_start, span.outer_stop), 4)
        expected = np.repeat(np.arange(span.start, span.stop), 4)
        assert np.array_equal(inner[span.core_in_output(4)], expected)


@pytest.mark.parametrize("halo", [0, 5, 13, 27])
@pytest.mark.parametrize("side", [64, 96, 320])
def test_windows_are_no_larger_than_asked_and_as_few_as_can_be(halo: int, side: int) -> None:
    for length in range(1, 800, 7):
        spans = [window.rows for window in plan(length, 1, Footprint(halo=halo), side)]
        assert max(span.outer_stop - span.outer_start for span in spans) <= side
        # One window fewer would not reach: each adds at most its side without two halos.
        assert len(spans) == 1 or 2 * halo + (len(spans) - 1) * (side - 2 * halo) < length


def test_windows_are_even_and_aligned() -> None:
    spans = [window.rows for window in plan(1000, 1, Footprint(halo=HALO), 320)]
    assert [span.outer_stop - span.outer_start for span in spans] == [256 + 32] * 4
    assert max(span.stop - span.start for span in spans[1:-1]) <= 250


def test_window_that_is_all_halo_is_refused() -> None:
    with pytest.raises(ValueError, match="all halo"):
        plan(8, 8, Footprint(halo=5), 10)


def test_window_side_fills_the_budget() -> None:
    footprint = Footprint(halo=10, bytes_per_pixel=1000)
    side = window_side(footprint, 100_000_000, bytes_per_sample=4)
    assert side % ALIGNMENT == 0
    assert side**2 * 1000 <= 100_000_000 < (side + ALIGNMENT) ** 2 * 1000
    assert window_side(footprint, 50_000_000, bytes_per_sample=2) == side
    assert window_side(footprint, 1, bytes_per_sample=4) == smallest_window(footprint) == 64


class Lying(UpscalePredictor):
    """Declares a smaller neighbourhood than its network looks at."""

    missing = 0

    @property
    def footprint(self) -> Footprint:
        honest = super().footprint
        return replace(honest, halo=honest.halo - self.missing)


def predictor(scale: int = 4, missing: int = 0) -> Lying:
    # Residuals as large as they may be, so that some is cut off: only tiles that see enough agree.
    network = tiny.network(options=NetworkOptions(scale, width=8, blocks=1), tail=0.35)
    network.body[0].second.weight.data.mul_(10)
    result = Lying(network, tiny.runtime())
    result.missing = missing
    return result


def picture(height: int, width: int, channels: int, dtype: type) -> np.ndarray:
    photo = tiny.photo(7, height, width)[..., :channels]
    return photo if dtype == np.uint8 else photo.astype(np.uint16) * 257 + 11


def enlarge(
    samples: np.ndarray, network: UpscalePredictor, side: int, monkeypatch: pytest.MonkeyPatch
) -> np.ndarray:
    monkeypatch.setitem(editing.LARGEST_WINDOW, "cpu", side)
    monkeypatch.setattr(editing, "HALOS", 0)
    return predict_samples(samples, network, tiny.runtime(), lambda done: None)


def worst(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference of two pictures, in [0, 1]."""
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    return float(np.abs(a.astype(float) - b.astype(float)).max()) / np.iinfo(a.dtype).max


@pytest.mark.parametrize("side", [32, 64, 80])
@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize(("channels", "dtype"), [(3, np.uint8), (1, np.uint8), (3, np.uint16)])
def test_tiled_equals_whole(
    side: int, scale: int, channels: int, dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples, network = picture(101, 123, channels, dtype), predictor(scale)
    whole = enlarge(samples, network, 1000, monkeypatch)
    assert whole.shape == (101 * scale, 123 * scale, channels)
    tolerance = 1 / 255 if dtype == np.uint8 else 1 / 65535
    assert worst(whole, enlarge(samples, network, side, monkeypatch)) <= tolerance


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (70, 3)])
def test_tiled_equals_whole_for_slivers(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    samples, network = picture(*size, 3, np.uint8), predictor()
    whole = enlarge(samples, network, 1000, monkeypatch)
    assert whole.shape == (4 * size[0], 4 * size[1], 3)
    assert worst(whole, enlarge(samples, network, 32, monkeypatch)) <= 1 / 255


def test_memory_budget_does_not_change_the_picture() -> None:
    samples, network, tiles = picture(90, 70, 3, np.uint8), predictor(), []
    results = []
    for memory in (1, 1 << 30):
        tiles.append(0)

        def count(done: float) -> None:
            tiles[-1] += 1

        results.append(predict_samples(samples, network, tiny.runtime(memory), count))
    assert tiles == [4, 1]
    assert worst(*results) <= 1 / 255


def test_network_in_that_test_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = picture(101, 123, 3, np.uint8)
    bicubic = UpscalePredictor(tiny.network(tail=0), tiny.runtime())
    changed = enlarge(samples, predictor(), 1000, monkeypatch).astype(float)
    assert np.abs(changed - enlarge(samples, bicubic, 1000, monkeypatch)).mean() > 5


@pytest.mark.parametrize("missing", [2, 4, 9])
def test_too_small_a_halo_shows(missing: int, monkeypatch: pytest.MonkeyPatch) -> None:
    samples, network = picture(101, 123, 3, np.uint16), predictor(missing=missing)
    whole = enlarge(samples, network, 1000, monkeypatch)
    assert worst(whole, enlarge(samples, network, 32, monkeypatch)) > 1.5 / 65535


def test_progress_rises_to_one() -> None:
    shares: list[float] = []
    predict_samples(picture(90, 70, 1, np.uint8), predictor(2), tiny.runtime(1), shares.append)
    assert len(shares) > 3
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_pictures_of_one_tile_are_exactly_one_prediction(monkeypatch: pytest.MonkeyPatch) -> None:
    samples, network = picture(20, 30, 3, np.uint8), predictor()
    seen: list[Tensor] = []
    original = network.predict
    monkeypatch.setattr(network, "predict", lambda t: seen.append(t) or original(t))
    enlarge(samples, network, 1000, monkeypatch)
    (tile,) = seen
    assert torch.equal(tile, editing.to_tensor(samples, tiny.CPU))


@pytest.mark.parametrize("length", [63, 64, 97, 131])
def test_windows_begin_at_multiples(length: int) -> None:
    footprint = Footprint(halo=9, multiple=2)
    for window in plan(length, length, footprint, 64):
        for span in (window.rows, window.columns):
            assert span.outer_start % 2 == 0
            assert span.outer_start <= max(0, span.start - footprint.halo)
            assert span.outer_stop >= min(length, span.stop + footprint.halo)
