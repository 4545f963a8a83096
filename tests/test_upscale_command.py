"""`ganedit upscale`: what it writes, what it prints, and how it says no."""

import errno
import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
import tiny
import torch
from command_line import (
    EXACT,
    REPOSITORY,
    Outcome,
    json_lines,
    listing,
    run,
    run_process,
    save_network,
    shipped_name,
    shipping,
    write_photo,
)
from PIL import ImageCms
from tqdm import tqdm

from ganedit.tasks.upscale.edit import UpscaleEdit

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
Upscale = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that relative names mean."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A small untrained network's weights, outside of home."""
    return save_network(tmp_path / "own.safetensors")


@pytest.fixture
def upscale(home: Path, own: Path) -> Upscale:
    """Run `ganedit upscale` in home with weights that are there."""
    return lambda *arguments: run("upscale", *arguments, "--weights", own, *EXACT)


def opened(path: str) -> PIL.Image.Image:
    with PIL.Image.open(path) as picture:
        picture.load()
        return picture


def exif() -> PIL.Image.Exif:
    block = PIL.Image.Exif()
    block[0x010F] = "Maker"
    block[0x0112] = 6  # to be turned a quarter clockwise
    return block


def write_bomb(path: Path, width: int, height: int) -> None:
    """A PNG that says it is large and holds nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
            for name, data in chunks
        )
    )


# --- pictures -------------------------------------------------------------------------------------


def test_default_is_four_times_beside_the_original(home: Path, upscale: Upscale) -> None:
    before = write_photo(home / "a.jpg", 24, 16).read_bytes()
    done = upscale("a.jpg")
    assert done == Outcome(0, done.out, "")
    assert done.out.startswith("a_x4.jpg  96×64  ")
    assert done.out.count("\n") == 1
    assert opened("a_x4.jpg").size == (96, 64)
    assert opened("a_x4.jpg").format == "JPEG"
    assert (home / "a.jpg").read_bytes() == before
    assert listing(home) == ["a.jpg", "a_x4.jpg"]


def test_shipped_weights_need_no_option(home: Path, tmp_path: Path) -> None:
    write_photo(home / "a.png")
    (tmp_path / "shipped").mkdir()
    with shipping(tmp_path / "shipped"):
        assert run("upscale", "a.png").code == 0
        assert run("upscale", "a.png", "-o", "b.png", "--scale", 2).code == 0
        assert run("upscale", "a.png", "-o", "c.png", "--model", "clean").code == 0
        assert run("upscale", "a.png", "-o", "d.png", "--detail", 1).code == 0
    assert [opened(n).size for n in ("a_x4.png", "b.png")] == [(96, 64), (48, 32)]
    results = {name: np.asarray(opened(name)) for name in ("a_x4.png", "c.png", "d.png")}
    assert not np.array_equal(results["a_x4.png"], results["c.png"])
    assert not np.array_equal(results["a_x4.png"], results["d.png"])


@pytest.mark.parametrize(
    ("mode", "name"),
    [("RGB", "a.png"), ("L", "a.png"), ("RGBA", "a.png"), ("LA", "a.png"), ("L", "a.jpg"),
     ("RGBA", "a.webp"), ("RGB", "a.tif"), ("RGB", "a.bmp")],
)  # fmt: skip
def test_mode_is_kept(home: Path, upscale: Upscale, mode: str, name: str) -> None:
    picture = PIL.Image.fromarray(tiny.photo(1, 16, 24)).convert(mode)
    if mode.endswith("A"):
        picture.putalpha(128)  # WebP drops an alpha that hides nothing
    picture.save(name)
    assert upscale(name, "-o", f"b{name}").code == 0
    result = opened(f"b{name}")
    assert (result.mode, result.size) == (mode, (96, 64))


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_stay(home: Path, upscale: Upscale, name: str, channels: int) -> None:
    deep = tiny.photo(1, 16, 24).astype(np.uint16) * 257
    cv2.imwrite(name, deep[..., 0] if channels == 1 else deep)
    assert upscale(name).code == 0
    result = cv2.imread(name.replace(".", "_x4."), cv2.IMREAD_UNCHANGED)
    assert result.dtype == np.uint16
    assert result.shape == ((64, 96, 3) if channels == 3 else (64, 96))
    assert len(np.unique(result)) > 256


def test_transparency_is_enlarged(home: Path, upscale: Upscale) -> None:
    picture = PIL.Image.fromarray(tiny.photo(1, 16, 24)).convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 12, 16))
    picture.save("a.png")
    assert upscale("a.png").code == 0
    alpha = np.asarray(opened("a_x4.png"))[..., 3]
    assert alpha[:, :32].max() == 0
    assert alpha[:, 64:].min() == 255


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_metadata_is_kept_and_the_picture_upright(home: Path, upscale: Upscale, name: str) -> None:
    picture = PIL.Image.fromarray(tiny.photo(1, 16, 24))
    picture.save(name, exif=exif(), icc_profile=PROFILE)
    assert upscale(name).code == 0
    result = opened(name.replace(".", "_x4."))
    assert result.size == (64, 96)
    assert result.getexif()[0x010F] == "Maker"
    assert result.getexif().get(0x0112, 1) == 1
    assert result.info["icc_profile"] == PROFILE


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_metadata_is_stripped_but_for_the_profile(home: Path, upscale: Upscale, name: str) -> None:
    picture = PIL.Image.fromarray(tiny.photo(1, 16, 24))
    picture.save(name, exif=exif(), icc_profile=PROFILE, dpi=(300, 300))
    assert upscale(name, "--strip-metadata").code == 0
    result = opened(name.replace(".", "_x4."))
    assert result.size == (64, 96)
    assert 0x010F not in result.getexif()
    assert result.info["icc_profile"] == PROFILE
    assert result.info.get("dpi") in (None, (1, 1))  # a JPEG without has 1 without unit
    assert b"Maker" not in Path(name.replace(".", "_x4.")).read_bytes()


def test_sizes(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.png", 24, 16)
    for option, value, name, size in (
        ("--scale", 2.5, "a_x2.5.png", (60, 40)),
        ("--width", 100, "a_w100.png", (100, 67)),
        ("--height", 20, "a_h20.png", (30, 20)),
        ("--long-side", 300, "a_long300.png", (300, 200)),
    ):
        assert upscale("a.png", option, value).code == 0
        assert opened(name).size == size


def test_format_and_quality(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.png", 24, 16)
    for name in ("png", "jpeg", "webp", "tiff", "avif", "bmp"):
        assert upscale("a.png", "--format", name, "-o", f"out/{name}").code == 0
    formats = {opened(f"out/{path}").format for path in listing(home / "out")}
    assert formats == {"PNG", "JPEG", "WEBP", "TIFF", "AVIF", "BMP"}
    upscale("a.png", "-o", "high.jpg", "--quality", 95)
    upscale("a.png", "-o", "low.jpg", "--quality", 20)
    assert (home / "low.jpg").stat().st_size < (home / "high.jpg").stat().st_size / 2


def test_quality_of_a_lossless_format_is_told(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.png")
    done = upscale("a.png", "--quality", 90)
    assert done.code == 0
    assert "a.png: quality 90 has no effect: PNG is lossless here" in done.err


def test_what_a_format_cannot_hold_is_told(home: Path, upscale: Upscale) -> None:
    PIL.Image.fromarray(tiny.photo(1)).convert("RGBA").save("a.png")
    opaque = upscale("a.png", "-o", "b.jpg")
    assert opaque.code == 0
    assert opaque.err == "a.png: alpha flattened on white: JPEG has none\n"
    assert upscale("a.png", "-o", "c.jpg", "-q").err == ""
    told = json_lines(upscale("a.png", "-o", "d.jpg", "--json"))
    assert told[0]["notes"] == ["alpha flattened on white: JPEG has none"]


def test_small_memory_gives_the_same_picture(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.png", 90, 60)
    assert upscale("a.png", "-o", "whole.png").code == 0
    assert upscale("a.png", "-o", "tiles.png", "--memory", "1K").code == 0
    whole, tiles = (np.asarray(opened(n)).astype(int) for n in ("whole.png", "tiles.png"))
    assert np.abs(whole - tiles).max() <= 1


# --- folders, previews, what is printed -----------------------------------------------------------


def test_folder_goes_into_a_new_folder(home: Path, upscale: Upscale) -> None:
    write_photo(home / "in/a.jpg")
    write_photo(home / "in/deep/b.png")
    done = upscale("in", "-o", "out/new")
    assert (done.code, done.err) == (0, "")
    assert listing(home / "out") == ["new/a.jpg", "new/deep/b.png"]
    assert done.out.startswith("2 pictures in 00:")


def test_one_bad_file_does_not_stop_the_others(home: Path, upscale: Upscale) -> None:
    for name in ("in/a.png", "in/c.png"):
        write_photo(home / name)
    (home / "in/b.png").write_text("not a picture")
    done = upscale("in", "-o", "out")
    assert done.code == 1
    assert listing(home / "out") == ["a.png", "c.png"]
    failed, summary = done.err.splitlines()
    assert failed.startswith("ganedit: in/b.png is not a picture")
    assert summary == "1 of 3 pictures failed"
    assert done.out.startswith("2 pictures in 00:")


def test_preview_shows_before_and_after(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.jpg", 30, 20)
    assert upscale("a.jpg", "--preview").code == 0
    assert listing(home) == ["a.jpg", "a_x4.jpg", "a_x4.jpg.preview.png"]
    preview = opened("a_x4.jpg.preview.png")
    assert (preview.mode, preview.size) == ("RGB", (80 + 8 + 80, 80))
    halves = np.asarray(preview).astype(int)
    before, gap, after = halves[:, :80], halves[:, 80:88], halves[:, 88:]
    assert (gap == 255).all()
    assert 0 < np.abs(before - after).mean() < 40
    enlarged = np.asarray(opened("a_x4.jpg")).astype(int)
    # The right half is a piece of the result, but for what JPEG changed.
    assert min(np.abs(enlarged[:, x : x + 80] - after).mean() for x in range(41)) < 8


def test_existing_preview_is_refused_before_work(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.jpg")
    (home / "a_x4.jpg.preview.png").write_text("mine")
    done = upscale("a.jpg", "--preview")
    assert done.code == 1
    assert done.complaint.startswith("a_x4.jpg.preview.png: exists already; add --overwrite")
    assert listing(home) == ["a.jpg", "a_x4.jpg.preview.png"]


def test_json_lines(home: Path, upscale: Upscale) -> None:
    write_photo(home / "ä.png", 24, 16)
    (home / "bad.png").touch()
    done = upscale("ä.png", "bad.png", "--json")
    assert done.code == 1
    good, bad = json_lines(done)
    assert isinstance(good.pop("seconds"), float)
    assert good.items() >= {
        "input": "ä.png", "output": "ä_x4.png", "status": "done", "input_size": [24, 16],
        "output_size": [96, 64], "output_bytes": Path("ä_x4.png").stat().st_size, "notes": [],
    }.items()  # fmt: skip
    assert (bad["input"], bad["output"], bad["status"]) == ("bad.png", None, "failed")
    assert bad["error"] == "bad.png is empty; get another copy"
    assert done.complaint == bad["error"]


def test_json_is_not_mixed_into_a_picture(home: Path, own: Path) -> None:
    write_photo(home / "a.png", 24, 16)
    command = [sys.executable, "-m", "ganedit", "upscale", "a.png", "-o", "-", "--json"]
    done = subprocess.run(
        [*command, "--weights", own], cwd=home, capture_output=True, check=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert json.loads(done.stderr)["output_size"] == [96, 64]
    assert done.stdout.endswith(b"IEND\xaeB`\x82")


def test_options_of_videos_do_nothing_to_a_picture(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.png")
    done = upscale("a.png", "--fps", 20, "--crf", 3)
    assert (done.code, done.err) == (0, "--crf, --fps: no effect on pictures that do not move\n")


def test_quiet_prints_errors_only(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.jpg")
    assert upscale("a.jpg", "-q") == Outcome(0, "", "")
    done = upscale("a.jpg", "-q")
    assert (done.code, done.out) == (1, "")
    assert "exists already" in done.complaint


def test_quiet_and_verbose_contradict_each_other(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.jpg")
    done = upscale("a.jpg", "-q", "-v")
    assert (done.code, done.complaint) == (2, "give one of --quiet and --verbose")


def test_verbose_says_what_is_used(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.jpg")
    done = upscale("a.jpg", "-v")
    assert done.err == "cpu: as asked; fp32 as asked\n"
    assert "a_x4.jpg" in done.out


def test_progress_is_shown_on_terminals_only(
    home: Path, upscale: Upscale, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bar in a log file is noise."""
    write_photo(home / "a.jpg")
    shown: list[bool] = []

    class Bar(tqdm):
        def __init__(self, *, disable: bool, **options: object) -> None:
            shown.append(not disable)
            super().__init__(disable=True, **options)

    monkeypatch.setattr("ganedit.runs.display.tqdm", Bar)
    upscale("a.jpg", "-o", "log.jpg")
    for name, flags in (("1.jpg", ()), ("2.jpg", ("-q",)), ("3.jpg", ("--json",))):
        run("upscale", "a.jpg", "-o", name, "--weights", own, *EXACT, *flags, terminal=True)
    assert shown == [False, True, False, False]
    assert listing(home) == ["1.jpg", "2.jpg", "3.jpg", "a.jpg", "log.jpg"]


# --- nothing is lost ------------------------------------------------------------------------------


def test_existing_result_is_kept_unless_told_otherwise(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.jpg")
    (home / "a_x4.jpg").write_text("mine")
    done = upscale("a.jpg")
    assert done.code == 1
    assert done.complaint == "a_x4.jpg: exists already; add --overwrite to replace it"
    assert (home / "a_x4.jpg").read_text() == "mine"
    assert upscale("a.jpg", "--overwrite").code == 0
    assert opened("a_x4.jpg").size == (96, 64)


def test_input_is_never_the_output(home: Path, upscale: Upscale) -> None:
    before = write_photo(home / "a.jpg").read_bytes()
    done = upscale("a.jpg", "-o", "./a.jpg", "--overwrite")
    assert done.code == 2
    assert "the output is the input itself" in done.complaint
    assert (home / "a.jpg").read_bytes() == before


@pytest.mark.parametrize("overwrite", [(), ("--overwrite",)])
def test_interrupted_in_the_middle(
    home: Path, upscale: Upscale, monkeypatch: pytest.MonkeyPatch, overwrite: tuple[str, ...]
) -> None:
    for name in ("a.png", "b.png", "c.png"):
        write_photo(home / name)
    whole, calls = UpscaleEdit.apply, []

    def apply(self: UpscaleEdit, *arguments: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(self, *arguments)

    monkeypatch.setattr(UpscaleEdit, "apply", apply)
    done = upscale("a.png", "b.png", "c.png", *overwrite)
    assert done.code == 130
    assert done.err.strip() == "ganedit: interrupted"
    assert listing(home) == ["a.png", "a_x4.png", "b.png", "c.png"]


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 1, "disk full while writing a_x4.png"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
@pytest.mark.parametrize("existing", [None, "mine"])
def test_fault_while_writing(
    home: Path,
    upscale: Upscale,
    monkeypatch: pytest.MonkeyPatch,
    fault: BaseException,
    code: int,
    message: str,
    existing: str | None,
) -> None:
    write_photo(home / "a.png")
    if existing is not None:
        (home / "a_x4.png").write_text(existing)

    def write_half(file: object, *arguments: object) -> None:
        file.write(b"half a picture")
        raise fault

    monkeypatch.setattr("ganedit.image._encode.write_png", write_half)
    done = upscale("a.png", "--overwrite")
    assert done.code == code
    assert message in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert listing(home) == ["a.png"] + (["a_x4.png"] if existing else [])
    if existing is not None:
        assert (home / "a_x4.png").read_text() == existing


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("detail", ["2", "-0.1", "nan"])
def test_detail_beyond_its_range(home: Path, detail: str) -> None:
    write_photo(home / "a.jpg")
    done = run("upscale", "a.jpg", "--detail", detail)
    assert done.code == 2
    assert f"--detail {detail}: use a number from 0 to 1" in done.complaint


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scale", "0"], "--scale 0: use a number from 1 to 16"),
        (["--scale", "-1"], "--scale -1: use a number from 1 to 16"),
        (["--scale", "99"], "--scale 99: use a number from 1 to 16"),
        (["--scale", "nan"], "--scale nan: use a number from 1 to 16"),
        (["--scale", "inf"], "--scale inf: use a number from 1 to 16"),
        (["--width", "0"], "--width 0: use a whole number, 1 or more"),
        (["--quality", "0"], "--quality 0: use a whole number from 1 to 100"),
        (["--width", "100", "--scale", "2"], "give one of --scale, --width, --height and"),
        (["--detail", "0.5"], "--model and --detail choose among the shipped weights; with"),
        (["--model", "photo"], "--model and --detail choose among the shipped weights; with"),
        (
            ["--memory", "nonsense"],
            "--memory: 'nonsense' is not an amount of memory; write it like 2G",
        ),
        (["--format", "gif"], "cannot write gif: choose one of PNG"),
        (["-o", "b.gif"], "-o b.gif: GIF is written of what moves, and a.jpg does not"),
        (["-o", "b.png", "--format", "jpg"], "its suffix means PNG, but --format says jpg"),
        (["-o", "a.jpg/deep/b.jpg"], "a.jpg is a file; choose another -o"),
        (["a.jpg", "b.jpg", "-o", "c.jpg"], "several pictures cannot go into one file"),
    ],
)
def test_wrong_use(home: Path, upscale: Upscale, arguments: list[str], message: str) -> None:
    write_photo(home / "a.jpg")
    done = upscale("a.jpg", *arguments)
    assert done.code == 2
    assert message in done.complaint
    assert done.out == ""
    assert listing(home) == ["a.jpg"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "gpu"], "--device gpu: use auto, cpu, mps, cuda or cuda:N"),
    ],
)
def test_device_and_precision_of_no_such_name(
    home: Path, own: Path, arguments: list[str], message: str
) -> None:
    write_photo(home / "a.jpg")
    done = run("upscale", "a.jpg", "--weights", own, *arguments)
    assert (done.code, done.complaint) == (2, message)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "PHOTO... is missing."),
        (["a.jpg", "--scale", "large"], "--scale: 'large' is not a valid float."),
        (["a.jpg", "--model", "anime"], "--model: 'anime' is not one of 'photo', 'clean'."),
        (["a.jpg", "--scal", "3"], "--scal: no such option; did you mean --scale or --start?"),
        (["a.jpg", "-x"], "-x: no such option."),
        ([""], "PHOTO...: the name is empty."),
        (["a.jpg", "-o", ""], "--output: the name is empty."),
    ],
)
def test_wrong_use_that_click_finds(home: Path, arguments: list[str], expected: str) -> None:
    done = run("upscale", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.complaint == f"{expected} See ganedit upscale --help"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["upscale", "a.jpg", "--scale"], "--scale requires an argument"),
        (["upscale", "a.jpg", "--quiet=1"], "--quiet does not take a value"),
        (["doctor", "me"], "got unexpected extra argument (me). See ganedit doctor --help"),
        (["upscael"], "upscael: no such command; did you mean upscale? See ganedit --help"),
        (["train", "inpaint", "--out", "x"], "--data is missing. See ganedit train inpaint --help"),
        (["evaluate", "upscale"], "--hr is missing. See ganedit evaluate upscale --help"),
        (["translate", "a.jpg"], "--to is missing. See ganedit translate --help"),
        (
            ["translate", "a.jpg", "--to", "monet", "--seed", "-5"],
            "--seed -5: use a whole number from 0 to 4294967295",
        ),
    ],
)
def test_wrong_use_of_any_command(home: Path, arguments: list[str], expected: str) -> None:
    done = run(*arguments)
    assert (done.code, done.out, done.complaint) == (2, "", expected)


def bad_files(home: Path) -> dict[str, str]:
    """Files that cannot be enlarged, and the complaint about each."""
    whole = write_photo(home / "whole.jpg", 64, 64).read_bytes()
    (home / "empty.png").touch()
    (home / "text.jpg").write_text("dear diary")
    (home / "cut.jpg").write_bytes(whole[: len(whole) * 3 // 4])
    write_bomb(home / "bomb.png", 60_000, 60_000)
    (home / "whole.jpg").unlink()
    return {
        "missing.jpg": "missing.jpg does not exist; check the name",
        "empty.png": "empty.png is empty; get another copy",
        "text.jpg": "text.jpg is not a picture that can be read; use JPEG, PNG,",
        "cut.jpg": "cut.jpg is truncated or damaged; get another copy, or take what is there with "
        "--allow-truncated",
        "bomb.png": "bomb.png has 60,000 x 60,000 = 3,600,000,000 pixels, more than the limit of "
        "500,000,000; raise it with --max-pixels",
    }


@pytest.mark.parametrize("name", ["missing.jpg", "empty.png", "text.jpg", "cut.jpg", "bomb.png"])
def test_bad_file(home: Path, upscale: Upscale, name: str) -> None:
    message = bad_files(home)[name]
    before = listing(home)
    done = upscale(name)
    assert (done.code, done.out) == (1, "")
    assert done.complaint.startswith(message)
    assert listing(home) == before


def test_truncated_file_is_taken_when_asked(home: Path, upscale: Upscale) -> None:
    bad_files(home)
    done = upscale("cut.jpg", "--allow-truncated")
    assert done.code == 0
    assert done.err == "cut.jpg: truncated: the missing part is blank\n"
    assert opened("cut_x4.jpg").size == (256, 256)


def test_limit_of_input_pixels(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.png", 24, 16)
    done = upscale("a.png", "--max-pixels", 24 * 16 - 1)
    assert done.code == 1
    assert "24 x 16 = 384 pixels, more than the limit of 383" in done.complaint
    assert upscale("a.png", "--max-pixels", 24 * 16).code == 0


def test_limit_of_output_pixels(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.png", 24, 16)
    done = upscale("a.png", "--max-output-pixels", 96 * 64 - 1)
    assert done.code == 1
    assert done.complaint.startswith("a.png: the result would have 96×64 pixels, over the limit")
    assert upscale("a.png", "--max-output-pixels", 96 * 64).code == 0


def test_result_that_its_format_cannot_hold(
    home: Path, upscale: Upscale, monkeypatch: pytest.MonkeyPatch
) -> None:
    PIL.Image.fromarray(tiny.photo(1, 1, 1100)).save("a.webp")
    monkeypatch.setattr(UpscaleEdit, "apply", None)  # it is refused before any work
    done = upscale("a.webp", "--scale", 16)
    assert done.code == 1
    assert done.complaint == (
        "a.webp: 17,600 x 16 is too large for WEBP, which holds at most 16,383 pixels a side; "
        "save as PNG instead"
    )


def test_picture_larger_than_the_side_asked_for(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.png", 24, 16)
    done = upscale("a.png", "--width", 10)
    assert done.code == 0
    assert "a.png: as large as asked already: left as it was" in done.err
    assert opened("a_w10.png").tobytes() == opened("a.png").tobytes()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_device_that_is_not_there(home: Path, own: Path) -> None:
    write_photo(home / "a.jpg")
    done = run("upscale", "a.jpg", "--weights", own, "--device", "cuda")
    assert done.code == 1
    assert done.complaint.startswith("--device cuda: PyTorch sees no CUDA GPU here; use --device")


def test_precision_that_the_cpu_lacks(home: Path, own: Path) -> None:
    write_photo(home / "a.jpg")
    done = run("upscale", "a.jpg", "--weights", own, "--device", "cpu", "--precision", "fp16")
    assert (done.code, done.complaint) == (
        1, "--precision fp16 is for GPUs; on a CPU use bf16 or fp32",
    )  # fmt: skip


def test_altered_shipped_weights(home: Path, tmp_path: Path) -> None:
    """Said once, however many pictures there are: no other picture would mend it."""
    for name in ("a.jpg", "b.jpg"):
        write_photo(home / name)
    (tmp_path / "shipped").mkdir()
    with shipping(tmp_path / "shipped") as folder:
        file = folder / shipped_name("photo", 4, "faithful")
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
        done = run("upscale", "a.jpg", "b.jpg")
    assert done.code == 1
    assert done.complaint == (
        f"{file}: weights were altered or damaged (checksum differs); "
        "install ganedit again from its folder: pip install --force-reinstall --no-deps ."
    )
    assert listing(home) == ["a.jpg", "b.jpg"]


def test_own_weights_that_are_not_there(home: Path) -> None:
    write_photo(home / "a.jpg")
    done = run("upscale", "a.jpg", "--weights", "nowhere")
    assert done.code == 1
    assert done.complaint.startswith("nowhere: no weight file, no training run with a generator")


def test_memory_that_runs_out(
    home: Path, upscale: Upscale, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photo(home / "a.jpg")

    def apply(*arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr(UpscaleEdit, "apply", apply)
    done = upscale("a.jpg")
    assert (done.code, done.complaint) == (
        1, "a.jpg: not enough memory; lower --memory or the size",
    )  # fmt: skip


# --- as a process ---------------------------------------------------------------------------------


def test_process_exit_codes(home: Path, own: Path) -> None:
    write_photo(home / "a.jpg")
    (home / "bad.jpg").write_text("dear diary")
    whole = run_process("upscale", "a.jpg", "--weights", own, folder=home)
    assert (whole.code, whole.err) == (0, "")
    assert whole.out.startswith("a_x4.jpg  96×64")
    failed = run_process("upscale", "bad.jpg", "--weights", own, "--json", folder=home)
    assert failed.code == 1
    assert failed.complaint == json.loads(failed.out)["error"]
    wrong = run_process("upscale", "a.jpg", "--scale", "0", folder=home)
    assert (wrong.code, wrong.complaint) == (2, "--scale 0: use a number from 1 to 16")


def test_wrong_use_is_told_without_loading_torch(home: Path) -> None:
    (home / "torch.py").write_text("raise SystemExit('torch was imported')")
    assert run_process("upscale", "--help", folder=home).code == 0
    wrong = run_process("upscale", "none", "--scale", "0", folder=home)
    assert wrong.code == 2
    assert "--scale 0" in wrong.complaint
