"""Training data: what is read, what is drawn, and that small and large pictures align."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tiny
import torch
import torch.nn.functional as F

from ganedit.data import pictures
from ganedit.data.pictures import (
    Folder,
    Part,
    Pictures,
    list_pictures,
    load_rgb,
    random_crop,
    squares_in,
)
from ganedit.data.seeding import generator_at
from ganedit.errors import TrainingError, UnreadableImageError
from ganedit.tasks.upscale.data import MARGIN, UpscaleBatches, reduce_bicubic
from ganedit.tasks.upscale.options import NetworkOptions


def write(path: Path, picture: np.ndarray) -> Path:
    PIL.Image.fromarray(picture).save(path)
    return path


def test_folder_is_read_with_and_without_a_factor(tmp_path: Path) -> None:
    at = tmp_path / "trip@0.5"
    at.mkdir()
    assert Folder.parse(str(tmp_path)) == Folder(tmp_path, 1.0)
    assert Folder.parse(f"{tmp_path}@0.5") == Folder(tmp_path, 0.5)
    assert Folder.parse(str(at)) == Folder(at, 1.0), "a folder may have an @ in its name"
    assert Folder.parse(f"{at}@0.25") == Folder(at, 0.25)


@pytest.mark.parametrize("text", ["missing", "missing@0.5", "0.5", "@0.5"])
def test_folder_that_is_not_there_is_refused(text: str) -> None:
    with pytest.raises(TrainingError, match="no such folder"):
        Folder.parse(text)


@pytest.mark.parametrize("factor", ["0", "1.5", "-1", "nan"])
def test_factor_out_of_range_is_refused(factor: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="factor"):
        Folder.parse(f"{tmp_path}@{factor}")


def test_pictures_are_listed_sorted_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "notes.txt", ".hidden.png", "c/d.webp", ".cache/e.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    found = [str(path.relative_to(tmp_path)) for path in list_pictures(tmp_path)]
    assert found == ["a.JPG", "b.png", "c/d.webp"]


def test_bad_and_small_pictures_are_left_out_with_a_warning(tmp_path: Path) -> None:
    write(tmp_path / "good.png", tiny.photo(0, 64, 80))
    write(tmp_path / "small.png", tiny.photo(1, 63, 80))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbut no more")
    with pytest.warns(UserWarning, match="2 of 3 pictures"):
        pictures = Pictures([Folder(tmp_path)], minimum=64)
    assert len(pictures) == 1
    assert np.array_equal(pictures.draw(np.random.default_rng(0)), tiny.photo(0, 64, 80))
    with pytest.raises(TrainingError, match="no picture of at least 65"):
        Pictures([Folder(tmp_path)], minimum=65)


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no picture"):
        Pictures([Folder(tmp_path)], minimum=1)


def test_sliver_reduced_to_nothing_is_left_out(tmp_path: Path) -> None:
    write(tmp_path / "good.png", tiny.photo(0, 64, 80))
    write(tmp_path / "sliver.png", tiny.photo(1, 1, 80))
    with pytest.warns(UserWarning, match="1 of 2"):
        assert len(Pictures([Folder(tmp_path, 0.25)], minimum=16)) == 1


def test_large_pictures_are_drawn_more_often(tmp_path: Path) -> None:
    write(tmp_path / "large.png", tiny.photo(0, 90, 160))
    write(tmp_path / "small.png", tiny.photo(1, 40, 40))
    pictures = Pictures([Folder(tmp_path)], minimum=32)
    rng = np.random.default_rng(0)
    large = sum(pictures.draw(rng).shape[0] == 90 for _ in range(400))
    assert large / 400 == pytest.approx(0.75, abs=0.07), "nine times the pixels, three times"


def test_any_picture_is_read_as_rgb_of_eight_bits(tmp_path: Path) -> None:
    grey = write(tmp_path / "grey.png", tiny.photo(0)[..., 0])
    levels = tiny.photo(0)[..., 0].astype(np.uint16) * 257
    deep = write(tmp_path / "deep.png", levels.clip(0, 65435) + np.uint16(100))
    for path in (grey, deep):
        assert np.array_equal(load_rgb(path), tiny.photo(0)[..., :1].repeat(3, axis=2))
    assert load_rgb(grey, 0.5).shape == (48, 48, 3)
    with pytest.raises(UnreadableImageError):
        load_rgb(tmp_path / "missing.png")


def test_pictures_of_one_name_are_told_apart_by_their_suffix(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.png", "a.jpg", "a.png.webp", "b.png", "in/a.png"):
        PIL.Image.fromarray(tiny.photo(0, 20, 16)).save(tmp_path / name)
    assert set(squares_in(tmp_path, 8)) == {"a.png", "a.jpg", "a.png.webp", "b", "in/a"}


def test_crops_are_parts_turned_and_mirrored() -> None:
    picture = np.arange(9 * 12 * 3).reshape(9, 12, 3)
    rng, kinds, places = np.random.default_rng(0), set(), set()
    for _ in range(800):
        crop = random_crop(picture, 4, rng)
        assert crop.shape == (4, 4, 3)
        values = set(crop[..., 0].ravel().tolist())
        top, left = divmod(min(values) // 3, 12)
        assert values == set(picture[top : top + 4, left : left + 4, 0].ravel().tolist())
        places.add((top, left))
        kinds.add((int(crop[0, 1, 0] - crop[0, 0, 0]), int(crop[1, 0, 0] - crop[0, 0, 0])))
    assert len(kinds) == 8
    assert len(places) == 6 * 9


@pytest.fixture
def make_batches(photo_folder: Path) -> Callable[..., UpscaleBatches]:
    def make(seed: int = 0, **options: object) -> UpscaleBatches:
        return UpscaleBatches(tiny.training(photo_folder, batch=4, **options), seed)

    return make


@pytest.mark.parametrize("model", ["clean", "photo"])
def test_batches_are_a_function_of_seed_and_step(
    make_batches: Callable[..., UpscaleBatches], model: str
) -> None:
    one, again, other = (make_batches(seed, model=model) for seed in (3, 3, 4))
    fifth = one[5]
    assert fifth["low"].shape == (4, 3, 8, 8)
    assert fifth["high"].shape == (4, 3, 32, 32)
    assert fifth["low"].dtype == fifth["high"].dtype == torch.uint8
    _ = again[2]  # the order in which steps are asked for does not matter
    for name in ("low", "high"):
        assert torch.equal(again[5][name], fifth[name])
        assert not torch.equal(one[6][name], fifth[name])
        assert not torch.equal(other[5][name], fifth[name])


def test_random_generators_of_neighbouring_steps_and_seeds_differ() -> None:
    draws = {generator_at(seed, step).random() for seed in range(30) for step in range(30)}
    assert len(draws) == 900


def test_small_picture_is_the_reduction_of_more_than_the_crop(tmp_path: Path) -> None:
    size = 32 + 2 * MARGIN * 4
    whole = tiny.photo(5, size, size)
    write(tmp_path / "whole.png", whole)
    batch = UpscaleBatches(tiny.training(tmp_path, batch=8, recolor=0), 0)[0]
    tensor = torch.from_numpy(whole).permute(2, 0, 1)
    turned = [t.rot90(k, (1, 2)) for t in (tensor, tensor.flip(2)) for k in range(4)]
    edge = 4 * MARGIN
    for low, high in zip(batch["low"], batch["high"], strict=True):
        (source,) = (t for t in turned if torch.equal(t[:, edge:-edge, edge:-edge], high))
        reduced = reduce_bicubic(source[None] / 255, 4)[0, :, MARGIN:-MARGIN, MARGIN:-MARGIN]
        assert torch.equal(low, reduced.mul(255).round().byte())
        assert not torch.equal(low, reduce_bicubic(high[None] / 255, 4)[0].mul(255).round().byte())


@pytest.mark.parametrize(("model", "scale"), [("clean", 4), ("photo", 4), ("photo", 2)])
def test_small_and_large_pictures_lie_on_each_other(
    make_batches: Callable[..., UpscaleBatches], model: str, scale: int
) -> None:
    batches = make_batches(model=model, network=NetworkOptions(scale, 8, 1))
    errors = torch.zeros(3, 3)
    for step in range(12):
        low, high = (batches[step][name].float() / 255 for name in ("low", "high"))
        enlarged = F.interpolate(low, scale_factor=scale, mode="bicubic")
        for dy in range(3):
            for dx in range(3):
                moved = high[..., 4 + dy : 26 + dy, 4 + dx : 26 + dx]
                errors[dy, dx] += (enlarged[..., 5:27, 5:27] - moved).square().mean()
    assert errors.argmin() == 4, f"shifted: {errors}"
    assert (errors[1] - errors[1].flip(0)).abs().max() < 0.2 * errors[1].max()
    assert (errors[:, 1] - errors[:, 1].flip(0)).abs().max() < 0.2 * errors[:, 1].max()


def test_crops_are_reduced_no_further_than_said() -> None:
    # The slope of a ramp tells by how much a crop was reduced.
    ramp = np.repeat(np.arange(200, dtype=np.uint8)[None, :, None], 200, axis=0).repeat(3, axis=2)
    rng, slopes = np.random.default_rng(0), []
    for _ in range(300):
        crop = random_crop(ramp, 40, rng, turned=False, reduce=0.5).astype(float)
        assert crop.shape == (40, 40, 3)
        slopes.append(abs(crop[:, -1].mean() - crop[:, 0].mean()) / 39)
    assert min(slopes) == pytest.approx(1, abs=0.01)
    assert 1.8 < max(slopes) < 2.05
    assert np.mean(np.isclose(slopes, 1, atol=0.01)) == pytest.approx(0.5, abs=0.1)


def test_detailed_places_are_preferred_but_not_alone() -> None:
    picture = np.full((40, 400, 3), 128, np.uint8)
    picture[:, 200:] = np.random.default_rng(1).integers(0, 256, (40, 200, 3))
    rng = np.random.default_rng(0)
    detailed, plain = (
        sum(random_crop(picture, 8, rng, detailed=wanted).std() > 10 for _ in range(1000))
        for wanted in (True, False)
    )
    assert plain / 1000 == pytest.approx(0.5, abs=0.05)
    # A quarter of the crops lies anywhere; of the others one in eight finds flat places only.
    assert detailed / 1000 == pytest.approx(0.25 / 2 + 0.75 * 7 / 8, abs=0.05)


def names_of(pictures: Pictures) -> set[str]:
    return {pictures.entries[index].path.name for index in pictures.usable}


def test_held_out_pictures_are_the_same_wherever_the_folder_lies(tmp_path: Path) -> None:
    for place in ("here", "there"):
        for number in range(10):
            (tmp_path / place / "inner").mkdir(parents=True, exist_ok=True)
            write(tmp_path / place / f"{'inner/' * (number % 2)}{number}.png", tiny.photo(number))
    parts = {}
    for place in ("here", "there"):
        folders = [Folder(tmp_path / place), Folder(tmp_path / place, 0.5)]
        for training in (True, False):
            found = Pictures(folders, minimum=48, part=Part(0.3, training))
            parts[place, training] = names_of(found)
            assert len(found) == 2 * len(parts[place, training]), "with both factors or with none"
    assert parts["here", True] == parts["there", True]
    assert len(parts["here", False]) == 3
    assert not parts["here", True] & parts["here", False]
    assert len(parts["here", True] | parts["here", False]) == 10
    fewer = names_of(Pictures([Folder(tmp_path / "here")], 48, part=Part(0.1, training=False)))
    assert fewer < parts["here", False], "a larger share holds out more, not others"


def test_held_out_pictures_come_in_turn(tmp_path: Path) -> None:
    for number in range(4):
        write(tmp_path / f"{number}.png", tiny.photo(number))
    found = Pictures([Folder(tmp_path)], 48, part=Part(0.5, training=False))
    seen = [found.draw(np.random.default_rng(0)).tobytes() for _ in range(6)]
    assert len(set(seen[:2])) == 2
    assert seen[:2] * 3 == seen


def test_nothing_may_be_held_out(tmp_path: Path) -> None:
    write(tmp_path / "a.png", tiny.photo(0))
    assert len(Pictures([Folder(tmp_path)], 48, part=Part(0.02, training=False))) == 0
    assert len(Pictures([Folder(tmp_path)], 48, part=Part(0.02))) == 1


def test_pictures_are_decoded_once_and_mapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANEDIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    path = write(tmp_path / "data" / "a.png", tiny.photo(0))
    decoded, original = [], pictures.load_rgb
    monkeypatch.setattr(pictures, "load_rgb", lambda *a: decoded.append(a) or original(*a))
    for _ in range(2):
        found = Pictures([Folder(tmp_path / "data")], 48)
        picture = found.draw(np.random.default_rng(0))
        assert np.array_equal(picture, tiny.photo(0))
        assert not picture.flags.writeable
        assert not picture.flags.owndata, "it lies in the file, which processes share"
    assert len(decoded) == 1
    write(path, tiny.photo(1))
    changed = Pictures([Folder(tmp_path / "data")], 48)
    assert np.array_equal(changed.load(0), tiny.photo(1)), "another file of the same name"
    assert len(decoded) == 2


def test_cache_that_cannot_hold_more_decodes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANEDIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("ganedit.data.cache.MOST_BYTES", 3 * 96 * 96 + 1000)
    for number in range(3):
        write(tmp_path / f"{number}.png", tiny.photo(number))
    found = Pictures([Folder(tmp_path)], 48)
    assert all(np.array_equal(found.load(n), tiny.photo(n)) for n in range(3))
    kept = list((tmp_path / "cache").rglob("*.pixels"))
    assert len(kept) == 1
    # What was asked for longest ago makes room.
    os.utime(kept[0], (0, 0))
    monkeypatch.setattr("ganedit.data.cache.MOST_BYTES", 1000)
    assert len(Pictures([Folder(tmp_path)], 48)) == 3
    assert not list((tmp_path / "cache").rglob("*.pixels"))


def test_cache_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GANEDIT_CACHE", str(tmp_path / "file" / "cache"))
    write(tmp_path / "a.png", tiny.photo(0))
    with pytest.warns(UserWarning, match="set GANEDIT_CACHE"):
        assert len(Pictures([Folder(tmp_path)], 48)) == 1


def test_half_a_cached_picture_is_decoded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANEDIT_CACHE", str(tmp_path / "cache"))
    write(tmp_path / "a.png", tiny.photo(0))
    Pictures([Folder(tmp_path)], 48)
    (kept,) = (tmp_path / "cache").rglob("*.pixels")
    for content in (kept.read_bytes()[:2000], b""):
        kept.write_bytes(content)
        assert np.array_equal(Pictures([Folder(tmp_path)], 48).load(0), tiny.photo(0))


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_that_are_no_utf_8_can_be_held_out(tmp_path: Path) -> None:
    for number in range(4):
        name = os.fsencode(tmp_path) + b"/caf\xe9%d.png" % number
        PIL.Image.fromarray(tiny.photo(number, 40, 40)).save(os.fsdecode(name))
    parts = [Pictures([Folder(tmp_path)], minimum=32, part=Part(0.5, training=t)) for t in (0, 1)]
    assert [len(part) for part in parts] == [2, 2]
