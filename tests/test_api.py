"""`import ganedit`: the same pixels from whatever a picture comes as, and honest errors."""

import contextlib
import inspect
import io
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import tiny
import torch
import toys
from command_line import REPOSITORY, save_network, shipping

import ganedit
from ganedit.app.api import Editor, as_image
from ganedit.errors import (
    DeviceError,
    ImageError,
    OutputError,
    UnreadableImageError,
    UsageError,
    WeightsError,
)
from ganedit.image import decode

EXACT = {"device": "cpu", "precision": "fp32"}
Upscale = Callable[..., ganedit.Image]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return save_network(tmp_path / "own.safetensors")


@pytest.fixture
def upscale(own: Path) -> Upscale:
    """`ganedit.upscale` with weights that are there."""
    return lambda picture, *sizes, **options: ganedit.upscale(
        picture, *sizes, weights=own, **EXACT, **options
    )


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    PIL.Image.fromarray(tiny.photo(1, 16, 24)).save(path)
    return path


# --- what is offered ------------------------------------------------------------------------------


def test_the_public_face() -> None:
    """A change here is a change for everyone who imports ganedit: CHANGELOG.md must say it."""
    assert ganedit.__all__ == [
        "Editor", "GaneditError", "Generator", "Image", "__version__", "directions", "edit_video",
        "generate", "inpaint", "invert", "sketch", "stylize", "translate", "upscale", "vary",
        "walk",
    ]  # fmt: skip
    assert dir(ganedit) == ganedit.__all__
    for name in ganedit.__all__:
        assert getattr(ganedit, name) is not None
    with pytest.raises(AttributeError, match="module 'ganedit' has no attribute 'downscale'"):
        _ = ganedit.downscale


def test_import_is_light() -> None:
    code = "import ganedit, sys; print({'torch', 'numpy', 'click', 'PIL'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_star_import_works() -> None:
    names: dict[str, Any] = {}
    exec("from ganedit import *", names)
    assert set(ganedit.__all__) <= set(names)


# --- pictures in ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        lambda path: path,
        str,
        Path.read_bytes,
        lambda path: np.asarray(PIL.Image.open(path)),
        lambda path: np.asarray(PIL.Image.open(path)) / 255,
        PIL.Image.open,
        decode,
        lambda path: io.BytesIO(path.read_bytes()),
    ],
    ids=["path", "str", "bytes", "array", "float array", "PIL", "Image", "file"],
)
def test_every_kind_of_picture_gives_the_same_pixels(
    photo: Path, upscale: Upscale, given: Callable[[Path], Any]
) -> None:
    result = upscale(given(photo))
    assert isinstance(result, ganedit.Image)
    assert result.samples.shape == (64, 96, 3)
    assert np.array_equal(result.samples, upscale(photo).samples)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((5, 7), 1), ((5, 7, 1), 1), ((5, 7, 2), 2), ((5, 7, 3), 3), ((5, 7, 4), 4)],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_arrays_keep_their_channels_and_depth(
    upscale: Upscale, shape: tuple[int, ...], expected: int, dtype: type
) -> None:
    array = np.random.default_rng(0).integers(0, 200, shape, dtype)
    result = upscale(array, 2).to_array()
    assert result.shape == (10, 14, expected)
    assert result.dtype == dtype


def test_given_array_is_left_alone(upscale: Upscale) -> None:
    array = tiny.photo(1, 16, 24)
    array.setflags(write=False)
    before = array.copy()
    upscale(array)
    assert np.array_equal(array, before)


# --- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [({}, (96, 64)), ({"scale": 2.5}, (60, 40)), ({"width": 30}, (30, 20)),
     ({"height": 48}, (72, 48)), ({"long_side": 25}, (25, 17))],
)  # fmt: skip
def test_sizes(
    photo: Path, upscale: Upscale, sizes: dict[str, float], expected: tuple[int, int]
) -> None:
    result = upscale(photo, **sizes)
    assert (result.width, result.height) == expected


def test_memory_as_text_and_number(photo: Path, upscale: Upscale) -> None:
    whole = upscale(photo).samples.astype(int)
    for memory in ("1K", 1024):
        assert np.abs(upscale(photo, memory=memory).samples - whole).max() <= 1


def test_model_and_detail_choose_the_weights(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "shipped").mkdir()
    with shipping(tmp_path / "shipped"):
        results = [
            ganedit.upscale(photo, **options, **EXACT).samples.tobytes()
            for options in ({}, {"model": "clean"}, {"detail": 0.5}, {"detail": 1})
        ]
    assert len(set(results)) == 4


def test_editor_is_loaded_once_and_reused(photo: Path, own: Path) -> None:
    editor = ganedit.Editor.upscale(weights=own, **EXACT)
    own.unlink()
    other = tiny.photo(2, 9, 30)
    first = editor(photo)
    assert (editor(other).width, editor(other).height) == (120, 36)
    assert np.array_equal(editor(photo).samples, first.samples)


def test_editor_tells_progress(photo: Path, own: Path) -> None:
    told: list[float] = []
    ganedit.Editor.upscale(16, weights=own, **EXACT)(photo, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)


def test_editor_takes_the_options_of_upscale() -> None:
    function = inspect.signature(ganedit.upscale).parameters
    method = inspect.signature(ganedit.Editor.upscale).parameters
    assert list(function.values())[1:] == list(method.values())


# --- pictures out ---------------------------------------------------------------------------------


def test_result_is_saved(photo: Path, upscale: Upscale, tmp_path: Path) -> None:
    result = upscale(photo)
    assert result.save(tmp_path / "new" / "a.png") == ()
    with PIL.Image.open(tmp_path / "new" / "a.png") as saved:
        assert np.array_equal(np.asarray(saved), result.samples)
    result.save(str(tmp_path / "a.jpg"), quality=50)
    with PIL.Image.open(tmp_path / "a.jpg") as saved:
        assert (saved.format, saved.size) == ("JPEG", (96, 64))
    with pytest.raises(OutputError, match="exists"):
        result.save(tmp_path / "a.jpg")
    result.save(tmp_path / "a.jpg", overwrite=True)


def test_result_as_pil_and_array(photo: Path, upscale: Upscale) -> None:
    result = upscale(photo)
    assert result.to_pil().mode == "RGB"
    assert result.to_pil().size == (96, 64)
    assert np.array_equal(np.asarray(result.to_pil()), result.to_array())
    assert result.to_array().shape == (64, 96, 3)


def test_floats_that_lose_something_are_told_of(upscale: Upscale) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (8, 9, 3))
    assert upscale(levels / 255).notes == ()
    assert upscale(levels / 255.5).notes == (
        "floats were rounded to 8 bits; pass uint16 to keep 16",
    )


# --- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("picture", "options", "error", "message"),
    [
        ("gone.jpg", {}, UnreadableImageError, "gone.jpg does not exist"),
        (b"", {}, UnreadableImageError, "given as bytes is empty"),
        (b"dear diary", {}, UnreadableImageError, "is not a picture that can be read"),
        (np.zeros((2, 2, 5)), {}, ImageError, r"shape \(2, 2, 5\) is no picture"),
        (np.full((2, 2), 7.0), {}, ImageError, "float samples run from 7 to 7"),
        (np.zeros((2, 2), np.int64), {}, ImageError, "int64 have no known range"),
        (np.full((2, 2), np.nan), {}, ImageError, "are no numbers"),
        (None, {"scale": "2"}, UsageError, "--scale '2': use a number from 1 to 16"),
        (None, {"width": 1.5}, UsageError, "--width 1.5: use a whole number"),
        (None, {"scale": 0}, UsageError, "--scale 0: use a number from 1 to 16"),
        (None, {"scale": 2, "width": 9}, UsageError, "give one of --scale"),
        (None, {"width": 999}, UsageError, "would be scaled by"),
        (None, {"detail": 1.5}, UsageError, "--detail 1.5"),
        (None, {"model": "anime"}, UsageError, "--model anime"),
        (None, {"memory": "much"}, UsageError, "not an amount of memory"),
        (None, {"device": "cuda:99"}, DeviceError, "--device cuda"),
        (None, {"precision": "fp16", "device": "cpu"}, DeviceError, "fp16 is for GPUs"),
        (None, {"weights": "nowhere"}, WeightsError, "nowhere: no weight file"),
    ],
)
def test_errors_are_ganedit_s(
    own: Path, picture: Any, options: dict[str, Any], error: type, message: str
) -> None:
    picture = np.zeros((4, 6, 3), np.uint8) if picture is None else picture
    with pytest.raises(error, match=message) as caught:
        ganedit.upscale(picture, **{"weights": own, **options})
    assert isinstance(caught.value, ganedit.GaneditError)
    assert "\n" not in str(caught.value)


def test_what_is_no_picture(own: Path) -> None:
    with pytest.raises(TypeError, match="a Tensor is no picture; pass a path"):
        ganedit.upscale(torch.zeros(3, 8, 8), weights=own)


def test_unknown_variant_is_refused(photo: Path, own: Path) -> None:
    editor = ganedit.Editor.upscale(weights=own)
    with pytest.raises(UsageError, match="these options make one result, and no 'second'"):
        editor(photo, variant="second")


def test_a_variant_is_one_of_those_that_there_are(photo: Path) -> None:
    editor = Editor(toys.DRAW, count=3, **EXACT)
    assert editor(variant="002").width == 12
    for variant in ("x", "003", ""):
        with pytest.raises(UsageError, match=f"make 000, 001, 002, and no '{variant}'"):
            editor(variant=variant)
    with pytest.raises(UsageError, match="make 00, 01, 02, …, 63, and no 'x'"):
        Editor(replace(toys.DRAW, variants=sixty_four), **EXACT)(variant="x")


def sixty_four(options: Any) -> tuple[str, ...]:
    return tuple(f"{number:02}" for number in range(64))


@pytest.mark.parametrize("kind", ["named", "spooled", "unbuffered"])
def test_binary_files_of_any_class_are_pictures(photo: Path, kind: str) -> None:
    content = photo.read_bytes()
    with contextlib.ExitStack() as opened:
        if kind == "unbuffered":
            file: Any = opened.enter_context(photo.open("rb", buffering=0))
        else:
            make = {"named": tempfile.NamedTemporaryFile, "spooled": tempfile.SpooledTemporaryFile}
            file = opened.enter_context(make[kind]())
            file.write(content)
            file.seek(0)
        assert np.array_equal(as_image(file).samples, decode(photo).samples)


def test_a_text_file_is_no_picture(photo: Path) -> None:
    with photo.open() as file, pytest.raises(TypeError, match="a binary file"):
        as_image(file)
