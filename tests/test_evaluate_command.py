"""`ganedit evaluate upscale`: the scores it prints are those of the pictures it was given."""

import csv
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tiny
from command_line import EXACT, Outcome, listing, run, save_network, shipping

SCORES = ["PSNR-Y", "SSIM-Y", "spectrum", "flat noise"]
Evaluate = Callable[..., Outcome]


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """Two large pictures."""
    folder = tmp_path / "truth"
    folder.mkdir()
    for seed, name in enumerate(("one", "two")):
        PIL.Image.fromarray(tiny.photo(seed, 64, 72)).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return save_network(tmp_path / "mine.safetensors")


@pytest.fixture
def evaluate(truth: Path, own: Path) -> Evaluate:
    """Run the command on the large pictures, with weights that are there and no VGG19."""
    return lambda *arguments: run(
        "evaluate", "upscale", "--hr", truth, "--weights", own, "--no-pd", *EXACT, *arguments
    )


def write_low(truth: Path, folder: Path, reduction: int = 4, ending: str = "") -> Path:
    """Small pictures to the large ones, by another program than ours."""
    folder.mkdir(exist_ok=True)
    for path in truth.glob("*.png"):
        with PIL.Image.open(path) as large:
            small = large.reduce(reduction)
        small.save(folder / f"{path.stem}{ending}.png")
    return folder


def write_low_tree(truth: Path) -> Path:
    """Small pictures in a tree like that of the large ones."""
    low = truth.parent / "low tree"
    write_low(truth, low)
    write_low(truth / "inner", low / "inner")
    return low


def table(done: Outcome) -> dict[str, list[float]]:
    """The printed rows by method."""
    assert (done.code, done.err) == (0, "")
    rows = [line.rsplit(maxsplit=len(SCORES)) for line in done.out.splitlines()[2:]]
    return {name: [float(value) for value in values] for name, *values in rows}


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def bicubic(small: np.ndarray, scale: int) -> np.ndarray:
    """Pillow's bicubic, which has MATLAB's kernel, in floating point."""
    height, width = small.shape[:2]
    planes = [
        PIL.Image.fromarray(plane).resize((width * scale, height * scale), PIL.Image.BICUBIC)
        for plane in np.moveaxis(small.astype(np.float32), 2, 0)
    ]
    return np.stack([np.asarray(plane) for plane in planes], axis=2).clip(0, 255).round()


def psnr_y(output: np.ndarray, truth: np.ndarray, shave: int) -> float:
    """From the definition: luma of BT.601, the border left out."""
    weights = np.array([65.481, 128.553, 24.966]) / 255
    difference = ((output.astype(float) - truth) @ weights)[shave:-shave, shave:-shave]
    return 10 * math.log10(255**2 / (difference**2).mean())


@pytest.mark.parametrize("scale", [2, 4])
def test_bicubic_row_is_what_the_definition_gives(
    truth: Path, evaluate: Evaluate, tmp_path: Path, scale: int
) -> None:
    low = write_low(truth, tmp_path / "low", scale)
    own = save_network(tmp_path / "own.safetensors", scale=scale)
    done = evaluate("--lr", low, "--scale", scale, "--weights", own, "--csv", tmp_path / "rows.csv")
    expected = []
    for name in ("one", "two"):
        with PIL.Image.open(low / f"{name}.png") as picture:
            enlarged = bicubic(np.asarray(picture), scale)
        with PIL.Image.open(truth / f"{name}.png") as picture:
            expected.append(psnr_y(enlarged, np.asarray(picture), scale))
    rows = [row for row in read_rows(tmp_path / "rows.csv") if row["method"] == "bicubic"]
    assert [row["picture"] for row in rows] == ["one", "two"]
    assert [float(row["PSNR-Y"]) for row in rows] == pytest.approx(expected, abs=0.01)
    assert table(done)["bicubic"][0] == pytest.approx(np.mean(expected), abs=0.011)


def test_at_scale_1_the_yardstick_is_the_picture_as_it_is(truth: Path, tmp_path: Path) -> None:
    own = save_network(tmp_path / "same.safetensors", scale=1)
    low = write_low(truth, tmp_path / "low", 1)
    done = run(
        "evaluate", "upscale", "--hr", truth, "--lr", low, "--scale", 1, "--weights", own,
        "--no-pd", *EXACT,
    )  # fmt: skip
    rows = table(done)
    assert list(rows) == ["as it is", "ganedit same"]
    assert rows["as it is"][0] == math.inf


def test_network_of_another_scale_is_not_measured(evaluate: Evaluate) -> None:
    done = evaluate("--scale", 2)
    assert done.code == 2
    assert "enlarges by 4; give --scale 4" in done.complaint


def test_features_that_nothing_looks_with_are_refused(evaluate: Evaluate, truth: Path) -> None:
    done = evaluate("--vgg", truth / "one.png")
    assert (done.code, done.complaint[:29]) == (2, "give one of --vgg and --no-pd")


def test_table_says_how_it_was_measured(evaluate: Evaluate) -> None:
    done = evaluate()
    protocol, head, *rows = done.out.splitlines()
    assert protocol == (
        "x4, 2 pictures of truth, small pictures by antialiased bicubic reduction; 8-bit results, "
        "4 pixels shaved, PSNR and SSIM on BT.601 luma"
    )
    assert head.split() == ["PSNR-Y", "SSIM-Y", "spectrum", "flat", "noise"]
    assert [row.rsplit(maxsplit=4)[0] for row in rows] == ["bicubic", "ganedit mine"]


def test_own_weights_are_one_row_and_take_no_look(evaluate: Evaluate) -> None:
    assert list(table(evaluate())) == ["bicubic", "ganedit mine"]
    for look in (("--detail", 0), ("--model", "photo")):
        done = evaluate(*look)
        assert done.code == 2
        assert "with --weights leave them out" in done.complaint


def test_small_pictures_are_made_where_none_are_given(
    truth: Path, evaluate: Evaluate, tmp_path: Path
) -> None:
    made = evaluate()
    given = evaluate("--lr", write_low(truth, tmp_path / "low"))
    assert "small pictures by antialiased bicubic reduction" in made.out
    assert "given small pictures" in given.out
    assert table(made) != table(given)


def test_both_may_lie_in_one_folder(truth: Path, evaluate: Evaluate, tmp_path: Path) -> None:
    apart = table(evaluate("--lr", write_low(truth, tmp_path / "low")))
    for path in list(truth.iterdir()):
        path.rename(path.with_stem(f"{path.stem}_HR"))
    for path in (tmp_path / "low").iterdir():
        path.rename(truth / f"{path.stem}_LR.png")
    assert table(evaluate("--lr", truth)) == apart


def test_truth_that_the_scale_does_not_divide_is_cut(truth: Path, evaluate: Evaluate) -> None:
    PIL.Image.fromarray(tiny.photo(5, 66, 75)).save(truth / "odd.png")
    assert table(evaluate())["bicubic"][0] > 10


def test_damage_is_applied_and_told(evaluate: Evaluate) -> None:
    whole, damaged = evaluate(), evaluate("--damage")
    assert "blurred (sigma 0.8) and JPEG 60" in damaged.out
    assert table(damaged)["bicubic"][0] < table(whole)["bicubic"][0] - 0.1


def test_csv_and_json_hold_every_picture(evaluate: Evaluate, tmp_path: Path) -> None:
    table_path, json_path = tmp_path / "new" / "rows.csv", tmp_path / "new" / "all.json"
    done = evaluate("--csv", table_path, "--json", json_path)
    rows = read_rows(table_path)
    assert list(rows[0]) == ["picture", "method", *SCORES]
    assert [(row["picture"], row["method"]) for row in rows] == [
        (picture, method) for picture in ("one", "two") for method in ("bicubic", "ganedit mine")
    ]
    report = json.loads(json_path.read_text())
    assert list(report) == ["protocol", "means", "pictures"]
    assert report["protocol"] == done.out.splitlines()[0]
    for row, plain in zip(rows, report["pictures"], strict=True):
        assert {name: str(value) for name, value in plain.items()} == row
    for method, means in report["means"].items():
        own_rows = [row for row in report["pictures"] if row["method"] == method]
        for name in SCORES:
            assert means[name] == pytest.approx(sum(row[name] for row in own_rows) / 2)
        assert [round(means[n], 2 if "PSNR" in n else 4) for n in SCORES] == table(done)[method]


def test_pictures_of_one_name_in_two_folders(truth: Path, evaluate: Evaluate) -> None:
    (truth / "inner").mkdir()
    PIL.Image.fromarray(tiny.photo(5, 64, 72)).save(truth / "inner" / "one.png")
    done = evaluate("--lr", write_low_tree(truth), "--csv", truth / "rows.csv")
    assert done.code == 0
    pictures = [row["picture"] for row in read_rows(truth / "rows.csv")]
    assert pictures[::2] == ["inner/one", "one", "two"]


def test_equal_pictures_make_valid_json(tmp_path: Path, evaluate: Evaluate) -> None:
    (tmp_path / "flat").mkdir()
    PIL.Image.new("RGB", (64, 64), (128, 128, 128)).save(tmp_path / "flat" / "grey.png")
    done = evaluate("--hr", tmp_path / "flat", "--json", tmp_path / "all.json")
    assert done.code == 0
    assert "Infinity" not in (tmp_path / "all.json").read_text()
    assert json.loads((tmp_path / "all.json").read_text())["means"]["bicubic"]["PSNR-Y"] is None


def test_enlarged_pictures_are_saved(evaluate: Evaluate, tmp_path: Path) -> None:
    evaluate("--save", tmp_path / "out")
    assert listing(tmp_path / "out") == [
        "one_bicubic.png", "one_ganedit_mine.png", "two_bicubic.png", "two_ganedit_mine.png",
    ]  # fmt: skip
    with PIL.Image.open(tmp_path / "out" / "one_ganedit_mine.png") as saved:
        assert saved.size == (72, 64)


def test_shipped_weights_are_measured_at_any_detail(truth: Path, tmp_path: Path) -> None:
    (tmp_path / "shipped").mkdir()
    with shipping(tmp_path / "shipped"):
        command = ("evaluate", "upscale", "--hr", truth, "--no-pd", *EXACT)
        usual = table(run(*command, "--detail", 0, "--detail", 0.8))
        chosen = table(run(*command, "--model", "photo", "--detail", 1, "--scale", 2))
    assert list(usual) == ["bicubic", "ganedit clean detail 0", "ganedit clean detail 0.8"]
    assert list(chosen) == ["bicubic", "ganedit photo detail 1"]
    assert usual["ganedit clean detail 0"] != usual["ganedit clean detail 0.8"]


def test_perceptual_distance_unless_left_out(
    truth: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganedit.nets.vgg.VGG19Features", tiny.Features)
    done = run("evaluate", "upscale", "--hr", truth, "--weights", own, *EXACT)
    assert done.code == 0
    assert done.out.splitlines()[0].endswith("PD with VGG19 00000000")
    assert done.out.splitlines()[1].split()[-1] == "PD"


# --- refusals -------------------------------------------------------------------------------------


def test_missing_pair(truth: Path, evaluate: Evaluate, tmp_path: Path) -> None:
    low = write_low(truth, tmp_path / "low")
    (low / "two.png").unlink()
    done = evaluate("--lr", low)
    assert done.code == 1
    assert done.complaint == f"{truth / 'two.png'}: no small picture of this name in {low}"


def test_small_pictures_of_another_scale(truth: Path, evaluate: Evaluate, tmp_path: Path) -> None:
    """Scored nevertheless, they would look like a bad network."""
    done = evaluate("--lr", write_low(truth, tmp_path / "low", 2))
    assert done.code == 1
    assert done.complaint == (
        f"{truth / 'one.png'}: 72×64 is not 4 times the 36×32 of its small picture; check --scale"
    )


@pytest.mark.parametrize("height", [2, 16])
def test_picture_too_small_to_be_scored(truth: Path, evaluate: Evaluate, height: int) -> None:
    PIL.Image.fromarray(tiny.photo(5, height, 64)).save(truth / "flat.png")
    done = evaluate()
    assert done.code == 1
    assert done.complaint == (
        f"{truth / 'flat.png'}: 64×{height} is too small to be scored; leave it out"
    )


def test_folder_without_pictures(tmp_path: Path, evaluate: Evaluate) -> None:
    (tmp_path / "empty").mkdir()
    done = evaluate("--hr", tmp_path / "empty")
    assert (done.code, done.complaint) == (1, f"{tmp_path / 'empty'}: no pictures in this folder")


def test_folder_that_is_not_there(tmp_path: Path, evaluate: Evaluate) -> None:
    done = evaluate("--hr", tmp_path / "nowhere")
    assert done.code == 2
    assert "does not exist" in done.err


def test_lpips_that_is_not_installed(evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lpips", None)
    done = evaluate("--lpips")
    assert (done.code, done.complaint) == (
        2, "--lpips: install it with pip install 'ganedit[lpips]'",
    )  # fmt: skip


def test_only_tables_are_written_over(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"a photo")
    for flag in ("--csv", "--json"):
        done = evaluate(flag, tmp_path / "photo.jpg")
        assert "photo.jpg: exists already, and is no table; give another name" in done.complaint
    assert (tmp_path / "photo.jpg").read_bytes() == b"a photo"


def test_tables_that_cannot_be_written_are_told_at_once(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.csv").mkdir()
    done = evaluate("--csv", tmp_path / "folder.csv")
    assert (done.code, "folder.csv: is a folder" in done.complaint) == (2, True)
    done = evaluate("--json", tmp_path / "file" / "a.json")
    assert (done.code, done.out) == (1, "")
    assert "cannot write" in done.complaint
