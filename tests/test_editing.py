"""Samples through a network: precision, memory, transparency."""

from collections.abc import Callable

import numpy as np
import pytest
import tiny
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit import editing
from ganedit.editing import fill_transparent, predict_samples, to_samples, to_tensor
from ganedit.errors import DeviceError, NonFiniteError
from ganedit.image import Image
from ganedit.tiling import Footprint


class Doubler:
    """Repeats every pixel; `damage` happens to its result unless it is asked to be safe."""

    footprint = Footprint(scale=2, halo=3)

    def __init__(self, damage: Callable[[Tensor], None], safe_too: bool = False) -> None:
        self.damage, self.safe_too = damage, safe_too
        self.calls: list[bool] = []

    def predict(self, pictures: Tensor, *, safe: bool = False) -> Tensor:
        self.calls.append(safe)
        result = F.interpolate(pictures, scale_factor=2, mode="nearest")
        if not safe or self.safe_too:
            self.damage(result)
        return result


def one_nan(result: Tensor) -> None:
    result[0, 1, 3, 2] = torch.nan


def one_infinity(result: Tensor) -> None:
    result[0, 0, 0, 0] = -torch.inf


def doubled(samples: np.ndarray) -> np.ndarray:
    return samples.repeat(2, axis=0).repeat(2, axis=1)


def run(samples: np.ndarray, predictor: object) -> np.ndarray:
    return predict_samples(samples, predictor, tiny.runtime(), lambda done: None)


def test_sound_prediction_is_made_once() -> None:
    samples, predictor = tiny.photo(0, 20, 30), Doubler(lambda result: None)
    assert np.array_equal(run(samples, predictor), doubled(samples))
    assert predictor.calls == [False]


@pytest.mark.parametrize("damage", [one_nan, one_infinity])
def test_broken_prediction_is_made_again_in_float32(damage: Callable[[Tensor], None]) -> None:
    samples, predictor = tiny.photo(0, 20, 30), Doubler(damage)
    assert np.array_equal(run(samples, predictor), doubled(samples))
    assert predictor.calls == [False, True]


@pytest.mark.parametrize("damage", [one_nan, one_infinity])
def test_prediction_broken_in_float32_too_is_an_error(damage: Callable[[Tensor], None]) -> None:
    with pytest.raises(NonFiniteError, match="fp32"):
        run(tiny.photo(0, 20, 30), Doubler(damage, safe_too=True))


def test_black_result_is_a_result() -> None:
    predictor = Doubler(lambda result: result.zero_())
    assert not run(tiny.photo(0, 20, 30), predictor).any()
    assert predictor.calls == [False]


class Small(Doubler):
    """A network on a device whose memory holds windows of so many pixels a side."""

    def __init__(self, side: int) -> None:
        super().__init__(lambda result: None)
        self.side = side
        self.refused: list[int] = []

    def predict(self, pictures: Tensor, *, safe: bool = False) -> Tensor:
        side = max(pictures.shape[2:])
        if side > self.side:
            self.refused.append(side)
            raise torch.OutOfMemoryError("out of memory")
        return super().predict(pictures, safe=safe)


def test_out_of_memory_halves_the_tile_and_gives_the_same_pixels() -> None:
    samples, predictor = tiny.photo(0, 150, 130), Small(side=70)
    assert np.array_equal(run(samples, predictor), doubled(samples))
    assert 2 <= len(predictor.refused) <= 6, "it halves and does not creep"
    assert predictor.refused == sorted(predictor.refused, reverse=True)


def test_no_memory_for_the_smallest_tile_is_an_error() -> None:
    with pytest.raises(DeviceError, match="use --device cpu"):
        run(tiny.photo(0, 150, 130), Small(side=20))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_samples_survive_the_way_to_a_tensor_and_back(dtype: type, channels: int) -> None:
    levels = np.arange(np.iinfo(dtype).max + 1, dtype=dtype).reshape(-1, 16, 1)
    samples = np.concatenate([levels, levels[::-1], levels[:, ::-1]][:channels], axis=2)
    tensor = to_tensor(samples, tiny.CPU)
    assert tensor.shape == (1, 3, *samples.shape[:2])
    assert tensor.dtype == torch.float32
    assert (tensor.min(), tensor.max()) == (0, 1)
    assert tensor.is_contiguous(memory_format=torch.channels_last)
    back = to_samples(tensor, samples.dtype, channels)
    assert back.dtype == dtype
    assert np.array_equal(back, samples)


def test_samples_that_may_not_be_written_are_read() -> None:
    samples = tiny.photo(0, 4, 4)
    samples.setflags(write=False)
    assert np.array_equal(to_samples(to_tensor(samples, tiny.CPU), samples.dtype, 3), samples)


def test_to_samples_clamps_and_rounds_to_nearest() -> None:
    values = torch.tensor([-0.5, 0.49 / 255, 0.51 / 255, 254.6 / 255, 1.5]).view(1, 1, 1, 5)
    row = to_samples(values.repeat(1, 3, 1, 1), np.dtype(np.uint8), 3)[0, :, 0]
    assert row.tolist() == [0, 0, 1, 255, 255]


def numbered(alpha: np.ndarray) -> Image:
    """A picture whose every pixel has a value of its own."""
    samples = np.arange(alpha.size, dtype=np.uint16).reshape(*alpha.shape, 1)
    return Image(samples, alpha.astype(np.uint16))


def test_transparent_pixels_take_the_nearest_visible_colour() -> None:
    rng = np.random.default_rng(0)
    alpha = np.where(rng.random((24, 31)) < 0.04, 65535, 0)
    alpha[3, 4] = 1  # hardly visible is visible
    image = numbered(alpha)
    filled = fill_transparent(image)[..., 0].astype(int)
    visible = np.argwhere(alpha > 0)
    for row, column in np.ndindex(alpha.shape):
        source = np.array(divmod(filled[row, column], alpha.shape[1]))
        assert alpha[tuple(source)] > 0
        nearest = np.hypot(*(visible - (row, column)).T).min()
        # OpenCV's 5×5 mask measures distances to within about 2 percent.
        assert np.hypot(*(source - (row, column))) <= nearest * 1.03


def test_visible_pixels_keep_their_colour() -> None:
    alpha = np.random.default_rng(1).integers(0, 3, (9, 12))
    image = numbered(alpha)
    filled = fill_transparent(image)
    assert np.array_equal(filled[alpha > 0], image.samples[alpha > 0])
    assert not np.array_equal(filled, image.samples)


@pytest.mark.parametrize("value", [None, 255, 0])
def test_nothing_to_fill_leaves_the_samples(value: int | None) -> None:
    samples = tiny.photo(0, 6, 7)
    alpha = None if value is None else np.full((6, 7), value, np.uint8)
    assert np.array_equal(fill_transparent(Image(samples, alpha)), samples)


def test_windows_are_no_larger_than_the_largest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(editing.LARGEST_WINDOW, "cpu", 64)
    monkeypatch.setattr(editing, "HALOS", 0)
    predictor = Small(side=64)
    run(tiny.photo(0, 163, 200), predictor)
    assert not predictor.refused


def test_transparency_of_a_tall_picture_is_filled_in_bands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in one piece near what is visible; far from it with some visible colour."""
    rng = np.random.default_rng(2)
    alpha = np.zeros((400, 30), np.uint8)
    alpha[100:120] = rng.random((20, 30)) < 0.1
    alpha[130:135, 4:9] = 255
    samples = rng.integers(1, 100, (400, 30, 3)).astype(np.uint8)
    samples[alpha == 0] = 255
    image = Image(samples, alpha)
    whole = fill_transparent(image)
    monkeypatch.setattr(editing, "BAND_PIXELS", 30 * 16)
    banded = fill_transparent(image)
    assert np.array_equal(banded[60:180], whole[60:180])
    assert banded.max() < 255, "nothing hidden is left"
