"""Resizing."""

from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
from pictures import HEIGHT, WIDTH, make_image

from ganedit.image import (
    Image,
    Metadata,
    resize,
)


@pytest.mark.parametrize("size", [(7, 5), (34, 50), (101, 63), (1, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_resize_keeps_flat_colours_exactly(channels, dtype, size):
    top = np.iinfo(dtype).max
    samples = np.empty((HEIGHT, WIDTH, channels), dtype)
    samples[:] = np.array([top, top // 3, 1])[:channels]
    alpha = np.full((HEIGHT, WIDTH), top // 5, dtype)
    for image in (Image(samples), Image(samples, alpha)):
        result = resize(image, *size)
        assert result.samples.shape == (size[1], size[0], channels)
        assert result.samples.dtype == dtype
        assert (result.samples == samples[0, 0]).all()
        assert result.alpha is None or (result.alpha == alpha[0, 0]).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("width", [13, 40, 90])
def test_resize_draws_no_fringe(width, dtype):
    top = np.iinfo(dtype).max
    samples = np.zeros((8, 40, 3), dtype)
    alpha = np.zeros((8, 40), dtype)
    samples[:, 20:], alpha[:, 20:] = top, top  # opaque white beside transparent black
    result = resize(Image(samples, alpha), width, 9)
    visible = result.alpha > top // 50
    assert result.samples[visible].min() > 0.98 * top
    assert (result.samples[~visible & (result.alpha == 0)][:3] == 0).all()


@pytest.mark.parametrize("size", [(20, 13), (90, 70)])
def test_resize_agrees_with_pillow_and_has_no_seams(monkeypatch, size):
    image = make_image(1, np.uint16)
    plane = PIL.Image.fromarray(image.samples[..., 0].astype(np.float32))
    wanted = np.asarray(plane.resize(size, PIL.Image.Resampling.LANCZOS)).clip(0, 65535)
    monkeypatch.setattr("ganedit.image._resize._BAND_PIXELS", 200)
    result = resize(image, *size).samples[..., 0]
    assert np.abs(result - wanted).max() <= 2


def test_resize_refuses_nothing_and_keeps_the_rest():
    image = replace(make_image(), metadata=Metadata(dpi=(72, 72)), format="PNG")
    assert resize(image, WIDTH, HEIGHT) is image
    assert resize(image, 5, 6).metadata == image.metadata
    with pytest.raises(ValueError, match="at least 1"):
        resize(image, 0, 5)
