"""What enlarging must not change: the colour of areas, grey, and visible edges."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest
import tiny
import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit import weights
from ganedit.editing import to_tensor
from ganedit.image import Image
from ganedit.runtime import Runtime
from ganedit.tasks.upscale.edit import UpscaleEdit, UpscalePredictor
from ganedit.tasks.upscale.options import NetworkOptions, Target, UpscaleOptions

LEVEL = 1 / 255
COLOURS = {
    "white": (1, 1, 1), "black": (0, 0, 0), "grey": (0.5, 0.5, 0.5), "dark": (0.02, 0.02, 0.02),
    "red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1), "skin": (0.8, 0.6, 0.5),
}  # fmt: skip
PRECISIONS = [torch.float32, torch.bfloat16]


def drifting(scale: int = 4, drift: float = 10 * LEVEL) -> UpscalePredictor:
    """Bicubic interpolation that makes everything lighter."""
    network = tiny.network(options=NetworkOptions(scale, width=8, blocks=1), tail=0)
    network.tail.bias.data.fill_(drift)
    return UpscalePredictor(network, tiny.runtime())


@pytest.mark.parametrize("drift", [10 * LEVEL, -10 * LEVEL])
@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("colour", COLOURS.values(), ids=COLOURS)
def test_flat_colour_stays(colour: tuple[float, ...], scale: int, drift: float) -> None:
    flat = (
        torch.tensor(colour, dtype=torch.float32).view(1, 3, 1, 1).expand(1, 3, 20, 24).contiguous()
    )
    output = drifting(scale, drift).predict(flat)
    assert (output - flat[..., :1, :1]).abs().max() < LEVEL / 2


def text(seed: int) -> np.ndarray:
    """Black letters on white: overshoots are cut off on both sides."""
    page = np.full((48, 160, 3), 255, np.uint8)
    for row, line in enumerate(("Hello, world 123", "The quick brown")):
        place = (2 + seed, 20 + 22 * row)
        cv2.putText(page, line, place, cv2.FONT_HERSHEY_SIMPLEX, 0.55, (0, 0, 0), 1, cv2.LINE_AA)
    return page


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (48, 60, 3), np.uint8)


def smooth(seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).random((1, 3, 4, 5), np.float32)
    large = F.interpolate(torch.from_numpy(coarse), size=(48, 60), mode="bicubic")
    return (large[0].clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy()


def photo(seed: int) -> np.ndarray:
    return tiny.photo(seed, 48, 60)


@pytest.mark.parametrize(("make", "tail"), [(photo, 0.3), (smooth, 0.4), (noise, 0.5), (text, 0.1)])
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("dtype", PRECISIONS)
def test_mean_colour_of_pictures_stays(
    make: Callable[[int], np.ndarray], tail: float, seed: int, dtype: torch.dtype
) -> None:
    network = tiny.network(seed, tail=tail)
    network.tail.bias.data.fill_(10 * LEVEL)
    predictor = UpscalePredictor(network, Runtime(tiny.CPU, dtype, 1 << 30, "in a test"))
    low = to_tensor(make(seed), tiny.CPU)
    output = predictor.predict(low)
    assert (output.mean((0, 2, 3)) - low.mean((0, 2, 3))).abs().max() < LEVEL / 2


def test_what_the_network_adds_as_detail_stays() -> None:
    """Where there is something that it can be the detail of."""
    network = tiny.network(tail=0)
    stripes = torch.tensor([1.0, -1.0]).repeat(8).view(4, 4) * 20 * LEVEL
    network.tail.bias.data.copy_(stripes.reshape(-1).repeat(3))
    columns = torch.tensor([0.4, 0.6]).repeat(8).expand(1, 3, 16, 16).contiguous()
    output = UpscalePredictor(network, tiny.runtime()).predict(columns)
    plain = UpscalePredictor(tiny.network(tail=0), tiny.runtime()).predict(columns)
    added = (output - plain)[..., 8:-8, 8:-8]
    torch.testing.assert_close(added, stripes.repeat(1, 3, 12, 12), atol=1e-4, rtol=0)


def test_half_precision_leaves_bicubic_exact() -> None:
    runtime = Runtime(tiny.CPU, torch.bfloat16, 1 << 30, "in a test")
    low = to_tensor(smooth(3), tiny.CPU)
    expected = UpscalePredictor(tiny.network(tail=0), tiny.runtime()).predict(low)
    output = UpscalePredictor(tiny.network(tail=0), runtime).predict(low)
    torch.testing.assert_close(output, expected, atol=1e-5, rtol=0)


@pytest.fixture
def edit(tmp_path: Path) -> UpscaleEdit:
    """Enlargement by a random network, from a file."""
    path, network = tmp_path / "random.safetensors", tiny.network(tail=0.6)
    network.tail.bias.data.copy_(torch.linspace(-10, 10, 48) * LEVEL)
    weights.save(network, path, task="upscale", options=asdict(network.options))
    return UpscaleEdit(UpscaleOptions(Target(scale=4), weights=str(path)), tiny.runtime())


def apply(edit: UpscaleEdit, samples: np.ndarray, alpha: np.ndarray | None = None) -> Image:
    return edit.apply(Image(samples, alpha), lambda done: None)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_stays_grey(edit: UpscaleEdit, channels: int, dtype: type) -> None:
    grey = photo(2)[..., :1].astype(dtype) * (1 if dtype == np.uint8 else 257)
    result = apply(edit, np.repeat(grey, channels, axis=2))
    assert result.samples.shape == (4 * 48, 4 * 60, channels)
    assert result.samples.dtype == dtype
    assert result.is_grey
    assert result.samples.std() > 10, "there is a picture"


def test_coloured_pictures_are_not_made_grey(edit: UpscaleEdit) -> None:
    assert not apply(edit, photo(2)).is_grey


def disc(size: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """An opaque white disc on transparent black."""
    y, x = np.mgrid[:size, :size] - size / 2 + 0.5
    alpha = np.where(np.hypot(y, x) < size / 3, 255, 0).astype(np.uint8)
    return np.repeat(alpha[..., None], 3, axis=2), alpha


@pytest.mark.parametrize("scale", [4, 2.5])
def test_no_dark_fringe_around_a_white_disc(edit: UpscaleEdit, scale: float) -> None:
    plain = UpscaleEdit(
        UpscaleOptions(Target(scale=scale), weights=edit.options.weights), tiny.runtime()
    )
    # Without detail of its own, so that whatever is not white is a fringe.
    plain._own.network.tail.weight.data.zero_()
    plain._own.network.tail.bias.data.zero_()
    result = apply(plain, *disc())
    assert result.alpha is not None
    assert (result.alpha > 0).any()
    assert (result.alpha < 255).any()
    assert result.samples[result.alpha > 0].min() >= 254


def test_alpha_keeps_its_shape(edit: UpscaleEdit) -> None:
    samples, alpha = disc()
    result = apply(edit, samples, alpha)
    assert result.alpha is not None
    assert result.alpha.shape == result.samples.shape[:2] == (192, 192)
    blocks: Tensor = F.avg_pool2d(torch.from_numpy(result.alpha)[None, None].float(), 4)
    assert (blocks[0, 0] - torch.from_numpy(alpha)).abs().mean() < 4
