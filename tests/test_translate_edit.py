"""`ganedit translate` and `ganedit.translate`: sizes, strength, colour, tiles, domains."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tiny
import torch
from command_line import EXACT, Outcome, listing, run

import ganedit
from ganedit import editing, weights
from ganedit.blending import keep_color, mix
from ganedit.image import Image, decode
from ganedit.runtime import choose
from ganedit.tasks.translate.edit import TranslateEdit, TranslatePredictor
from ganedit.tasks.translate.evaluation import translated
from ganedit.tasks.translate.network import Generator, Translator
from ganedit.tasks.translate.normalization import gather
from ganedit.tasks.translate.options import NetworkOptions, TranslateOptions

NETWORK = NetworkOptions(("photo", "dark"), ("dark", "photo"), width=4, deep_width=8, blocks=1)
Translate = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    PIL.Image.fromarray(tiny.photo(0, 60, 82)).save("a.png")
    return folder


def written(path: Path, options: NetworkOptions = NETWORK, change: float = 1) -> Path:
    """Two directions of an untrained network, their last layer multiplied."""
    torch.manual_seed(0)
    network = Translator(options)
    for direction in network.to_domain.values():
        direction.tail.weight.data.mul_(change)
        direction.tail.bias.data.mul_(change)
    weights.save(network, path, task="translate", options=asdict(options))
    return path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A network whose change can be seen."""
    return written(tmp_path / "mine.safetensors", change=20)


@pytest.fixture
def translate(home: Path, own: Path) -> Translate:
    return lambda *arguments: run("translate", "--weights", own, *EXACT, *arguments)


def read(name: str) -> np.ndarray:
    with PIL.Image.open(name) as picture:
        return np.asarray(picture).astype(int)


def test_result_has_the_pictures_size_and_is_another(translate: Translate) -> None:
    done = translate("a.png", "--to", "dark")
    assert done.code == 0
    assert done.out.startswith("a_as_dark.png  82×60")
    assert np.abs(read("a_as_dark.png") - read("a.png")).mean() > 3
    # A result beside its original is no input of a folder.
    done = translate(".", "--to", "photo")
    assert done.code == 0
    assert "left out: 1 results of earlier runs" in done.out + done.err
    assert sorted(p.name for p in Path().glob("[!.]*")) == [
        "a.png",
        "a_as_dark.png",
        "a_as_photo.png",
    ]


def test_plain_picture_gets_what_its_weights_were_trained_with(home: Path, tmp_path: Path) -> None:
    """Grain, the same each time, and none where the weights name none."""
    PIL.Image.new("RGB", (64, 48), (90, 120, 200)).save("plain.png")
    results = []
    for grain in (0.0, 0.02):
        path = written(tmp_path / "grain.safetensors", replace(NETWORK, grain=grain))
        first, second = (ganedit.translate("plain.png", to="dark", weights=path) for _ in range(2))
        assert np.array_equal(first.samples, second.samples)
        results.append(float(first.samples.std(axis=(0, 1)).max()))
    assert results[0] == 0
    assert results[1] > 1


def test_all_domains_and_their_sheet(translate: Translate, home: Path) -> None:
    assert translate("a.png", "--to", "all").code == 0
    names = ["a.png", "a_as_dark.png", "a_as_photo.png", "a_as_sheet.png"]
    assert listing(home) == names
    assert read("a_as_sheet.png").shape == (60, 2 * 82, 3)
    assert not np.array_equal(read("a_as_dark.png"), read("a_as_photo.png"))


def test_dry_run_makes_no_sheet(translate: Translate, home: Path) -> None:
    assert translate(".", "--to", "all", "-o", "out").code == 0
    (home / "out/a_sheet.png").unlink()
    before = listing(home)
    assert translate(".", "--to", "all", "-o", "out", "--dry-run").code == 0
    assert listing(home) == before


def test_strength(translate: Translate) -> None:
    for strength in ("0", "0.4", "1"):
        assert translate("a.png", "--to", "dark", "--strength", strength, "-o",
                         f"{strength}.png").code == 0  # fmt: skip
    assert np.array_equal(read("0.png"), read("a.png"))
    distance = [np.abs(read(f"{name}.png") - read("a.png")).mean() for name in ("0.4", "1")]
    assert 0.1 * distance[1] < distance[0] < 0.9 * distance[1]


def test_mix_shows_an_edge_of_one_picture_whole_or_not() -> None:
    plain = np.full((64, 64, 3), 128, np.uint8)
    edge = plain.copy()
    edge[:, 32:] = 200
    half = mix(plain, edge, 0.5).astype(int)
    step = half[:, 33].mean() - half[:, 30].mean()
    assert step > 0.75 * 72, "a double exposure has 0.5"
    assert np.array_equal(mix(plain, edge, 0.0), plain)
    assert np.array_equal(mix(plain, edge, 1.0), edge)


def test_keeping_colour_keeps_chroma(translate: Translate) -> None:
    before = np.random.default_rng(0).integers(100, 150, (300, 40, 3)).astype(np.uint8)
    after = np.random.default_rng(1).integers(100, 150, (300, 40, 3)).astype(np.uint8)
    kept = keep_color(before, after).astype(int)
    change = kept - before
    assert (np.ptp(change, axis=2) <= 1).all()
    luma = np.array([0.299, 0.587, 0.114])
    assert np.abs(kept @ luma - after @ luma).max() < 1
    assert translate("a.png", "--to", "dark", "--keep-color").code == 0


@pytest.mark.parametrize("mode", ["L", "RGBA", "I;16"])
def test_grey_alpha_and_sixteen_bits(translate: Translate, mode: str) -> None:
    picture = tiny.photo(1, 40, 48)
    if mode == "RGBA":
        alpha = np.random.default_rng(0).integers(0, 256, (40, 48, 1)).astype(np.uint8)
        PIL.Image.fromarray(np.concatenate([picture, alpha], axis=2)).save("b.png")
    elif mode == "L":
        PIL.Image.fromarray(picture[..., 0]).save("b.png")
    else:
        Image(picture.astype(np.uint16) * 257).save("b.png")
    assert translate("b.png", "--to", "dark").code == 0
    before, after = decode(Path("b.png")), decode(Path("b_as_dark.png"))
    assert after.channels == 3
    assert after.depth == before.depth
    if mode == "L":
        assert not after.is_grey
        assert translate("b.png", "--to", "dark", "--keep-color", "--overwrite").code == 0
        assert decode(Path("b_as_dark.png")).channels == 1
    if mode == "RGBA":
        assert after.alpha is not None
        assert np.array_equal(after.alpha, before.alpha)


@pytest.mark.parametrize("size", [(1, 1), (5, 200), (17, 16), (130, 131)])
def test_every_size_keeps_its_size(own: Path, size: tuple[int, int]) -> None:
    picture = tiny.photo(0, 200, 200)[: size[0], : size[1]]
    result = ganedit.translate(picture, "dark", weights=own, device="cpu", precision="fp32")
    assert (result.height, result.width) == size


def test_large_picture_is_painted_at_the_working_size(own: Path) -> None:
    picture = tiny.photo(0, 200, 260)
    translated = [
        ganedit.translate(picture, "dark", working_size=size, weights=own, strength=strength)
        for size, strength in ((64, 1.0), (64, 0.5), (200, 1.0))
    ]
    assert all(result.samples.shape == picture.shape for result in translated)
    assert not np.array_equal(translated[0].samples, translated[2].samples)
    # Part of the way, the photo's own fine structure comes back.
    fine = np.diff(picture.astype(int), axis=1).ravel()
    likeness = [
        np.corrcoef(fine, np.diff(result.samples.astype(int), axis=1).ravel())[0, 1]
        for result in translated
    ]
    assert likeness[1] > 2 * abs(likeness[0])


@pytest.mark.parametrize("level", [0, 40, 255])
def test_one_colour_stays_one_in_every_precision(own: Path, level: int) -> None:
    plain = np.full((70, 90, 3), level, np.uint8)
    exact, coarse = (
        ganedit.translate(plain, "dark", weights=own, device="cpu", precision=precision)
        .samples.astype(int) for precision in ("fp32", "bf16")
    )  # fmt: skip
    assert np.ptp(exact.reshape(-1, 3), axis=0).max() <= 2
    assert np.abs(exact - coarse).max() <= 6


def test_tiled_equals_whole_under_the_same_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    generator = Generator(4, 8, 2)
    generator.tail.weight.data.mul_(20)
    picture = tiny.photo(0, 300, 264)
    predictor = TranslatePredictor(generator, tiny.runtime())
    predictor.hold_statistics(picture)
    results = []
    for side in (512, 96):
        monkeypatch.setitem(editing.LARGEST_WINDOW, "cpu", side)
        monkeypatch.setattr(editing, "HALOS", 0)
        results.append(
            editing.predict_samples(picture, predictor, tiny.runtime(), lambda done: None)
        )
    whole, tiled = (result.astype(int) for result in results)
    assert np.abs(whole - picture).mean() > 3
    assert np.abs(whole - tiled).max() <= 2


def test_halo_is_how_far_a_pixel_is_seen() -> None:
    torch.manual_seed(0)
    generator = Generator(4, 8, 2).double()
    picture = torch.rand(1, 3, 160, 160, dtype=torch.double)
    gather(generator, picture)
    changed = picture.clone()
    changed[..., 80, 80] += 0.5
    seen = (generator(changed) - generator(picture)).abs().amax((0, 1)).nonzero()
    reach = int((seen - 80).abs().max())
    assert generator.halo - 6 <= reach <= generator.halo


def test_memory_of_one_picture_does_not_meet_another(own: Path) -> None:
    editor = ganedit.Editor.translate("dark", weights=own, device="cpu", precision="fp32")
    first, second = tiny.photo(0, 64, 64), tiny.photo(1, 64, 64)
    alone = editor(second).samples
    editor(first)
    assert np.array_equal(editor(second).samples, alone)


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["--to", "drak"], 2, "drak: no such domain; did you mean dark? There are: dark, pho"),
        (["--to", "drak", "--color", "red"], 2, "drak: no such domain; did you mean dark?"),
        (["--to", "all", "--like", "a.png"], 2, "--like: --to all makes one result for each dom"),
        (["--to", "runs/dark"], 2, "'runs/dark' cannot name a domain"),
        (["--to", "dark", "--strength", "2"], 2, "--strength 2: use a number from 0 to 1"),
        (["--to", "dark", "--working-size", "3"], 2, "use a whole number, 64 or more"),
    ],
)
def test_bad_options_are_told(
    translate: Translate, arguments: list[str], code: int, complaint: str
) -> None:
    done = translate("a.png", *arguments)
    assert done.code == code
    assert complaint in done.complaint


def test_evaluation_tells_of_pictures_left_alone(home: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "idle.safetensors", change=0)
    edit = TranslateEdit(TranslateOptions("dark", weights=str(path)), choose("cpu", "fp32"))
    done = translated(tiny.photo(0, 32, 48), edit, None, tiny.Features(layers=("a", "b")))
    assert done.kept["% left alone"] == 100


def test_evaluation_finds_the_share_of_the_gap(
    home: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganedit.nets.vgg.VGG19Features", tiny.Features)
    for name, share in (("photo", 1.0), ("dark", 0.3)):
        (home / name).mkdir()
        for seed in range(3):
            picture = (tiny.photo(seed, 64, 80) * share).astype(np.uint8)
            PIL.Image.fromarray(picture).save(home / name / f"{seed}.png")
    done = run("evaluate", "translate", "--a", "photo", "--b", "dark", "--to", "dark", "--back",
               "photo", "--more", "dark", "--size", "48", "--weights", own, "--json", "out.json",
               "--save", "made", *EXACT)  # fmt: skip
    assert done.code == 0, done.err
    means = json.loads(Path("out.json").read_text())["means"]
    gap, left = means["photo (the gap)"], means["photo as dark"]
    share = 100 * left["kernel distance"] / gap["kernel distance"]
    assert left["% of gap left"] == pytest.approx(share)
    assert {"PD relu4_4", "cycle PSNR"} <= left.keys()
    assert left["% left alone"] == 0
    assert means["more dark (the floor)"]["Fréchet distance"] == pytest.approx(0, abs=1e-6)
    assert "–" in done.out
    assert len(listing(home / "made")) == 3
