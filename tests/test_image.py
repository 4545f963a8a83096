"""The picture type, round trips through every format, and what the package imports."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from pictures import HEIGHT, LOSSLESS, WIDTH, listing, make_image, smooth_image

import ganedit.image
from ganedit.errors import (
    ImageError,
    UsageError,
)
from ganedit.image import (
    Image,
    decode,
    save,
)


@pytest.mark.parametrize(
    ("samples", "alpha", "error"),
    [
        (np.zeros((2, 3)), None, TypeError),
        ([[0]], None, TypeError),
        (np.zeros((2, 3), np.uint8), None, ValueError),
        (np.zeros((2, 3, 2), np.uint8), None, ValueError),
        (np.zeros((0, 3, 3), np.uint8), None, ValueError),
        (np.zeros((2, 3, 3), np.uint8), np.zeros((2, 3), np.uint16), TypeError),
        (np.zeros((2, 3, 3), np.uint8), np.zeros((3, 2), np.uint8), ValueError),
    ],
)
def test_image_refuses_what_is_none(samples, alpha, error):
    with pytest.raises(error):
        Image(samples, alpha)


def test_image_facts():
    image = make_image(3, np.uint16, alpha=True)
    assert (image.height, image.width, image.channels, image.depth) == (HEIGHT, WIDTH, 3, 16)
    assert not image.is_grey
    assert make_image(1).is_grey
    assert smooth_image(3).is_grey


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 2), (4, 5, 3), (4, 5, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, ">u2", bool, np.float32, np.float64])
def test_from_array(shape, dtype):
    array = np.random.default_rng(0).random(shape)
    array = (array * 255).astype(dtype) if np.dtype(dtype).kind != "f" else array.astype(dtype)
    image = Image.from_array(array)
    channels = shape[2] if len(shape) == 3 else 1
    assert image.channels == (1 if channels < 3 else 3)
    assert (image.alpha is not None) == (channels in (2, 4))
    if image.depth == 16 or dtype is np.uint8:
        assert np.array_equal(image.to_array().reshape(shape), array)
    elif dtype is not bool:
        assert np.array_equal(image.to_array().reshape(shape), np.rint(array * 255))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(3, np.uint8),
        np.zeros((4, 5, 5), np.uint8),
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((4, 5), np.int32),
        np.full((4, 5), 1.5),
        np.full((4, 5), np.nan),
    ],
)
def test_from_array_refuses(array):
    with pytest.raises(ImageError):
        Image.from_array(array)


def test_sixteen_bits_are_rounded_to_eight():
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    reduced = np.asarray(Image.from_array(values).to_pil())
    assert np.array_equal(reduced, np.rint(values / 257))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "YCbCr", "HSV"])
def test_from_pil_agrees_with_pillow(mode):
    source = make_image(3, alpha=True).to_pil().convert("RGBA" if mode == "RGBa" else "RGB")
    source = source.convert("RGBA").convert("PA") if mode == "PA" else source.convert(mode)
    image = Image.from_pil(source)
    wanted = source.convert(image.to_pil().mode)
    assert np.array_equal(np.asarray(image.to_pil()), np.asarray(wanted))
    assert image.samples.flags.writeable
    assert image.samples.flags.c_contiguous


def test_from_pil_keeps_sixteen_bits_and_scales_what_has_no_white():
    grey = make_image(1, np.uint16).samples[..., 0]
    assert np.array_equal(Image.from_pil(PIL.Image.fromarray(grey)).samples[..., 0], grey)
    wide = Image.from_pil(PIL.Image.fromarray(grey.astype(np.int32)))
    assert np.array_equal(wide.samples[..., 0], grey)
    unit = Image.from_pil(PIL.Image.fromarray((grey / 65535).astype(np.float32)))
    assert np.array_equal(unit.samples[..., 0], grey)
    assert "float" in unit.notes[0]
    for dtype, unit in ((np.int32, 70_000), (np.float32, 7.0)):
        values = np.array([[-1, 0, 3]], dtype) * dtype(unit)
        scaled = Image.from_pil(PIL.Image.fromarray(values))
        assert scaled.samples[0, :, 0].tolist() == [0, 16384, 65535]
        assert "is white" in scaled.notes[0]
    broken = np.array([[np.nan, 0.5, np.inf, -np.inf]], np.float32)
    image = Image.from_pil(PIL.Image.fromarray(broken))
    assert image.samples[0, :, 0].tolist() == [0, 32768, 65535, 0]


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("format", LOSSLESS)
def test_lossless_formats_are_exact(tmp_path, format, channels, dtype, alpha):
    image = make_image(channels, dtype, alpha=alpha)
    assert save(image, tmp_path / "a.out", format=format) == ()
    back = decode(tmp_path / "a.out")
    assert back.format == format
    assert back.notes == ()
    assert back.samples.dtype == dtype
    assert np.array_equal(back.to_array(), image.to_array())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("planes", [1, 2, 3, 4])
def test_png_of_several_bands(tmp_path, monkeypatch, planes, dtype):
    monkeypatch.setattr("ganedit.image._samples.bands.__defaults__", (50,))
    array = np.random.default_rng(0).integers(0, 256, (40, 9, planes)).astype(dtype)
    save(Image.from_array(array), tmp_path / "a.png")
    assert np.array_equal(decode(tmp_path / "a.png").to_array(), array)


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF", "BMP"])
def test_other_formats_say_what_they_lose(tmp_path, format, channels, dtype, alpha):
    image = make_image(channels, dtype, alpha=alpha)
    notes = save(image, tmp_path / "a", format=format)
    assert any("reduced to 8 bits" in note for note in notes) == (dtype is np.uint16)
    flattened = alpha and format in ("JPEG", "BMP")
    assert any("flattened" in note for note in notes) == flattened
    back = decode(tmp_path / "a")
    assert back.format == format
    assert (back.height, back.width, back.depth) == (HEIGHT, WIDTH, 8)
    assert (back.alpha is not None) == (alpha and not flattened)
    if format in ("JPEG", "BMP"):
        assert back.channels == channels


def test_lossy_formats_stay_close_and_webp_100_is_exact(tmp_path):
    image = smooth_image()
    for format in ("JPEG", "WEBP", "AVIF"):
        save(image, tmp_path / format, format=format)
        difference = decode(tmp_path / format).samples.astype(int) - image.samples
        assert np.abs(difference).max() <= 8
    noise = make_image(3, alpha=True)
    save(noise, tmp_path / "exact.webp", quality=100)
    assert np.array_equal(decode(tmp_path / "exact.webp").to_array(), noise.to_array())


def test_flattening_is_on_white(tmp_path):
    samples = np.zeros((1, 3, 3), np.uint8)
    save(Image(samples, np.array([[0, 128, 255]], np.uint8)), tmp_path / "a.bmp")
    assert decode(tmp_path / "a.bmp").samples[0, :, 0].tolist() == [255, 127, 0]


@pytest.mark.parametrize("quality", [0, 101])
def test_quality_is_checked(tmp_path, quality):
    with pytest.raises(UsageError, match="1 to 100"):
        save(make_image(), tmp_path / "a.jpg", quality=quality)
    assert listing(tmp_path) == []


def test_modules_do_not_import_each_other_in_a_circle():
    graph: dict[str, set[str]] = {}
    for path in Path(ganedit.image.__file__).parent.glob("_[a-z]*.py"):
        tree = ast.parse(path.read_text())
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        graph[path.stem] = {
            node.module.rpartition(".")[2]
            for node in imports
            if node.module and node.module.startswith("ganedit.image.")
        }
    assert len(graph) > 20
    list(TopologicalSorter(graph).static_order())  # raises CycleError


def test_import_is_light():
    heavy = {"torch", "cv2", "tifffile", "imagecodecs"}
    code = f"import sys, ganedit.image; print({heavy} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
