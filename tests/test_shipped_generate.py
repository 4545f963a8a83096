"""Faces as the shipped weights draw them."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from command_line import EXACT, run
from drawing import least_apart, samples, shipped, shipped_samples

import ganedit
from ganedit import metrics
from ganedit.tasks.generate.models import find_model

SEEDS = range(24)
# Rows and columns where eyes, mouth and hair are.
EYES, MOUTH, HAIR = np.s_[22:36, 16:48], np.s_[40:52, 20:44], np.s_[0:14, 12:52]
EYES_CHEEKS = (slice(26, 32), slice(36, 42))
WHERE = {"glasses": EYES, "smile": MOUTH, "blond": HAIR}
NAMED = find_model("faces", None).network.directions


def faces() -> ganedit.Generator:
    return shipped("faces")


def drawn(truncation: float = 0.7) -> np.ndarray:
    """Faces of all seeds `(N, 64, 64, 3)` float."""
    return shipped_samples("faces", SEEDS, truncation=truncation)


def varied(seed: int, name: str, amount: float) -> np.ndarray:
    return faces().vary(seed, {name: amount}).samples.astype(float)


def test_what_all_have_in_common_is_a_face() -> None:
    mean = drawn().mean(0)
    assert mean.shape == (64, 64, 3)
    # As like its mirror image as a face, and of skin in the middle.
    assert np.corrcoef(mean.ravel(), mean[:, ::-1].ravel())[0, 1] > 0.9
    red, green, blue = mean[24:52, 22:42].mean((0, 1))
    assert red > green + 10 > blue + 10
    # Eyes are darker than the cheeks below them.
    light = mean.mean(2)
    eyes, cheeks = (np.r_[light[rows, 18:27], light[rows, 37:46]].mean() for rows in EYES_CHEEKS)
    assert eyes < cheeks - 8


def test_no_two_are_alike() -> None:
    pictures = drawn(1.0)
    assert least_apart(pictures) > 12


def test_pictures_are_no_noise() -> None:
    for picture in drawn(1.0):
        across = np.corrcoef(picture[:, 1:].ravel(), picture[:, :-1].ravel())[0, 1]
        down = np.corrcoef(picture[1:].ravel(), picture[:-1].ravel())[0, 1]
        assert min(across, down) > 0.85


def test_truncation_leads_to_one_face() -> None:
    spreads = [drawn(truncation).std(0).mean() for truncation in (0.0, 0.5, 1.0)]
    assert spreads[0] < spreads[2] / 5  # strands of hair are chance
    assert spreads[0] < spreads[1] < spreads[2]


@pytest.mark.parametrize("name", NAMED)
def test_named_directions_change_their_trait_and_leave_the_rest(name: str) -> None:
    change = np.stack([varied(s, name, 2.0) - varied(s, name, -2.0) for s in range(8)])
    amount = np.abs(change).mean((0, 3))
    assert amount.mean() > 2
    if name in WHERE:
        assert amount[WHERE[name]].mean() > 1.15 * amount.mean()
    # One and the same change, whoever it is.
    same = np.abs(change.mean(0)).mean() / amount.mean()
    assert same > 0.5


def test_what_directions_say() -> None:
    """In light: rims and shades are dark, teeth and fair hair bright."""
    for name, sign in (("glasses", -1), ("smile", 1), ("blond", 1)):
        where = WHERE[name]
        moved = [
            (varied(s, name, 3.0)[where] - varied(s, name, -3.0)[where]).mean() for s in range(8)
        ]
        assert sign * np.mean(moved) > 2, name


def test_one_is_drawn_again_bit_for_bit(tmp_path: Path) -> None:
    for target in ("first.png", "again.tiff"):
        first = target == "first.png"
        words = ("--model", "faces", "--seed", 7) if first else ("--like", tmp_path / "first.png")
        done = run("generate", *words, "--device", "cpu", "-o", tmp_path / target)
        assert done.code == 0, done.complaint
    assert np.array_equal(samples(tmp_path / "first.png"), samples(tmp_path / "again.tiff"))


def test_a_walk_begins_with_the_face_of_its_first_seed() -> None:
    first, _ = faces().walk([3, 8], frames=2)
    assert np.abs(first.samples - faces()(3).samples.astype(float)).max() <= 1


def test_seeds_and_files_may_be_of_numpy_and_text(tmp_path: Path) -> None:
    (tmp_path / "text.pth").write_text("none")
    assert np.array_equal(faces()(np.int64(5)).samples, faces()(5).samples)
    assert np.array_equal(faces().vary(np.int64(5), {}).samples, faces()(5).samples)
    with pytest.raises(ganedit.GaneditError, match=r"text.pth"):
        faces().invert(faces()(5), vgg=str(tmp_path / "text.pth"))


def test_a_drawn_face_is_found_again(tmp_path: Path) -> None:
    face = faces()(5)
    face.save(tmp_path / "face.png")
    done = run(
        "invert", tmp_path / "face.png", "--model", "faces", "--steps", 60, "--device", "cpu",
        "-o", tmp_path / "found.png",
    )  # fmt: skip
    assert done.code == 0, done.complaint
    found = samples(tmp_path / "found.png")
    assert metrics.psnr(*(torch.from_numpy(x.copy()) for x in (found, face.samples))) > 20


def scene() -> np.ndarray:
    """A meadow with trees, `(240, 320, 3)` uint8."""
    rng = np.random.default_rng(0)
    ground = np.linspace((150, 190, 230), (60, 110, 40), 240)[:, None].repeat(320, axis=1)
    ground += 12 * rng.standard_normal((240, 320, 1))
    for _ in range(25):
        middle = (int(rng.integers(320)), int(rng.integers(90, 240)))
        leaves = tuple(float(v) for v in rng.integers((20, 60, 10), (90, 140, 60)))
        cv2.circle(ground, middle, int(rng.integers(6, 30)), leaves, -1, cv2.LINE_AA)
    return ground.clip(0, 255).astype(np.uint8)


def test_a_face_is_found_in_a_scene_and_a_scene_is_none(tmp_path: Path) -> None:
    with_face = scene()
    with_face[60:180, 150:270] = cv2.resize(faces()(5).samples, (120, 120))
    found = torch.from_numpy(faces().invert(with_face, steps=60).samples.copy())
    like = [
        metrics.psnr(found, torch.from_numpy(each.samples.copy()))
        for each in (faces().invert(with_face, steps=60, crop="150,60,120"), faces()(8))
    ]
    assert like[0] > max(14, like[1] + 3)
    for other in (scene(), 255 - scene(), scene()[:, :, :1]):
        with pytest.raises(ganedit.GaneditError, match="nothing that faces could have drawn"):
            faces().invert(other, steps=1)
    assert faces().invert(scene(), steps=1, force=True).width == 64


def test_json_names_the_upscaler_only_where_it_was_used(tmp_path: Path) -> None:
    for words, used in (((), False), (("--size", 128), True)):
        target = tmp_path / f"{used}.png"
        done = run("generate", "--model", "faces", *words, "-o", target, "--json", *EXACT)
        names = json.loads(done.out)["weights"]
        assert any(name.startswith("upscale") for name in names) is used
