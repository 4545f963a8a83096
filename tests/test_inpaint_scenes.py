"""Fills as people see them: holes of removed things, and figures that know a bad fill."""

import csv
import json
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
import tiny
import torch
from command_line import EXACT, run

from ganedit import weights
from ganedit.image import decode
from ganedit.tasks.inpaint import appearance
from ganedit.tasks.inpaint.network import Inpainter
from ganedit.tasks.inpaint.options import NetworkOptions
from ganedit.tasks.inpaint.scene_evaluation import SceneScores, crop_boxes
from ganedit.tasks.inpaint.scenes import THINGS, Scene, Thing, thing_hole

SHAPE = (240, 320)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def textured(seed: int = 0, deviation: float = 12.0) -> np.ndarray:
    """Grey with grain, which has no structure that anything could break."""
    grain = rng(seed).normal(120, deviation, SHAPE)
    return np.repeat(grain[:, :, None].clip(0, 255).astype(np.uint8), 3, axis=2)


@pytest.fixture
def hole() -> np.ndarray:
    marked = np.zeros(SHAPE, bool)
    marked[80:160, 120:220] = True
    return marked


def filled_with(picture: np.ndarray, hole: np.ndarray, fill: np.ndarray) -> np.ndarray:
    return np.where(hole[:, :, None], fill, picture).astype(np.uint8)


class Means(torch.nn.Module):
    """Stands for VGG19: every layer is the picture's colours, half as large."""

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        return [torch.nn.functional.avg_pool2d(pictures, 2)] * 5


def test_a_perfect_fill_is_at_no_distance_from_the_photographs_own_crops(hole: np.ndarray) -> None:
    scores = SceneScores(Means(), seed=0)  # type: ignore[arg-type]
    for seed in range(2):
        picture = textured(seed)
        grey = filled_with(picture, hole, np.full_like(picture, 20))
        scores.add(Scene("a", "box", picture, hole), {"perfect": picture, "grey": grey})
    means = scores.means()
    assert means["perfect"]["KD relu3_4 own"] < 1e-3
    assert means["grey"]["KD relu3_4 own"] > 0.1
    assert means["perfect"]["KD relu3_4"] == means["the photo itself"]["KD relu3_4"]


# --- holes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize("cover", [0.02, 0.08])
def test_things_cover_what_was_asked(thing: Thing, cover: float) -> None:
    drawn = [thing_hole(thing, SHAPE, cover, rng(seed)) for seed in range(4)]
    for each in drawn:
        assert each.mean() == pytest.approx(cover, rel=0.15)
        assert cv2.connectedComponents(each.astype(np.uint8))[0] == 2, "in one piece"
        assert each[1:-1, 1:-1].sum() == each.sum(), "known all around"
    assert (drawn[0] == thing_hole(thing, SHAPE, cover, rng(0))).all()
    assert (drawn[0] != drawn[1]).any()


@pytest.mark.parametrize("thing", THINGS)
def test_things_that_do_not_fit_are_smaller(thing: Thing) -> None:
    hole = thing_hole(thing, (60, 400), 0.25, rng())
    assert 0.02 < hole.mean() <= 0.26


def test_people_stand() -> None:
    rows, columns = np.nonzero(thing_hole("person", SHAPE, 0.05, rng()))
    assert np.ptp(rows) > 1.5 * np.ptp(columns)


def test_crops_are_of_fill_and_of_what_was_not_touched(hole: np.ndarray) -> None:
    inside, outside = crop_boxes(hole, rng())
    assert len(inside) == len(outside) > 0
    assert all(hole[box].mean() >= 0.5 for box in inside)
    assert not any(hole[box].any() for box in outside)


# --- what gives a fill away ---------------------------------------------------------------------


def test_seam_and_step_know_a_rectangle(hole: np.ndarray) -> None:
    photo = textured()
    luma = appearance.luma_of(photo)
    assert appearance.seam(luma, hole) == pytest.approx(1, abs=0.15)
    assert appearance.step(photo, hole) < 0.6
    lighter = filled_with(photo, hole, photo.clip(0, 215) + 40)
    assert appearance.seam(appearance.luma_of(lighter), hole) > 2
    assert appearance.step(lighter, hole) == pytest.approx(40 / 2.55, rel=0.1)


def test_a_smoothed_edge_has_no_seam_but_still_a_step(hole: np.ndarray) -> None:
    photo = textured()
    share = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), 4)[:, :, None]
    foggy = np.rint(photo + share * 40).clip(0, 255).astype(np.uint8)
    assert appearance.seam(appearance.luma_of(foggy), hole) < 1.3
    assert appearance.step(foggy, hole) > 3


def test_sharpness_and_noise_know_a_blur(hole: np.ndarray) -> None:
    photo = textured()
    same, blurred = (
        appearance.luma_of(filled_with(photo, hole, fill))
        for fill in (textured(1), cv2.GaussianBlur(photo, (0, 0), 2))
    )
    for measured in (appearance.sharpness, appearance.noise):
        assert abs(measured(same, hole)) < 0.1
        assert measured(blurred, hole) < -1


def test_repeats_know_a_copy(hole: np.ndarray) -> None:
    photo = textured()
    copied = filled_with(photo, hole, np.roll(photo, 110, axis=1))
    assert appearance.repeats(appearance.luma_of(photo), hole, rng()) == 0
    assert appearance.repeats(appearance.luma_of(copied), hole, rng()) > 90
    plain = np.full(SHAPE, 90, np.float32)
    assert appearance.repeats(plain, hole, rng()) == 0


def test_strangers_know_what_the_ring_has_none_of(hole: np.ndarray) -> None:
    noise = torch.Generator().manual_seed(0)
    kinds = torch.zeros(1, 8, *SHAPE)
    kinds[:, 0] = 1
    usual = kinds + 0.05 * torch.randn(kinds.shape, generator=noise)
    features = torch.nn.functional.avg_pool2d(usual, 8)
    masks = [
        torch.from_numpy(mask.astype(np.float32))[None, None]
        for mask in (hole, appearance.ring_around(hole))
    ]
    assert appearance.strangers(features, *masks) < 20
    features[:, 1, 12:18, 17:22] = 5
    assert appearance.strangers(features, *masks) > 25


# --- the command --------------------------------------------------------------------------------


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed, name in enumerate(("a", "b", "c")):
        PIL.Image.fromarray(tiny.photo(seed, 160, 200)).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path, options = tmp_path / "filler.safetensors", NetworkOptions(8, 32, 2)
    torch.manual_seed(0)
    weights.save(Inpainter(options), path, task="inpaint", options=asdict(options))
    return path


def test_command_measures_scenes_and_makes_a_sheet(photos: Path, own: Path, tmp_path: Path) -> None:
    done = run(
        "evaluate", "inpaint", "--data", photos, "--scenes", "--every", 2, "--weights", own,
        "--megapixels", 0.02, "--no-pd", "--save", tmp_path / "looks", *EXACT,
        "--csv", tmp_path / "scores.csv", "--json", tmp_path / "scores.json",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "2 holes in photographs of photos (every 2), at most 0.02 megapixels" in done.out
    with (tmp_path / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    methods = ["the photo itself", "auto", "telea", "ns", "patches alone"]
    assert [row["method"] for row in rows] == methods * 2
    assert {row["picture"] for row in rows} == {"a", "c"}
    assert [float(row["L1 %"]) for row in rows[:2]] == [0, pytest.approx(float(rows[1]["L1 %"]))]
    assert all(float(row["L1 %"]) > 0 for row in rows if row["method"] != methods[0])
    means = json.loads((tmp_path / "scores.json").read_text())["means"]
    assert means["auto"].keys() == {"seam", "step %", "sharpness", "noise", "repeats %", "L1 %"}
    assert decode(tmp_path / "looks" / "sheet.png").width > 6 * 320
    assert (tmp_path / "looks" / "a_blob_patches_alone.png").exists()
