"""Translators trained from pairs: the pairs, the network, a short run, results, scores."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest
import tiny
import torch
from command_line import EXACT, listing, run
from torch import Tensor, nn

import ganedit
from ganedit import weights
from ganedit.data.pictures import Part
from ganedit.editing import predict_samples
from ganedit.errors import TrainingError, UsageError
from ganedit.image import Image
from ganedit.lines import agreement, draw_lines
from ganedit.nets.vgg import CHANNELS
from ganedit.options import build
from ganedit.tasks.translate.options import TranslateTraining
from ganedit.tasks.translate.paired.data import PairedBatches
from ganedit.tasks.translate.paired.network import PairedGenerator
from ganedit.tasks.translate.paired.options import PairedNetwork
from ganedit.tasks.translate.paired.predictor import Look, PairedPredictor, palette_of
from ganedit.tasks.translate.paired.training import LAYERS, PairedTask
from ganedit.training.loop import train
from ganedit.training.task import GENERATOR

DRAWN = PairedNetwork(("round", "square"), "drawing", 48, base=8, depth=1, palette=3, hints=True)
PICTURES = PairedNetwork(("aerial",), "picture", 48, base=8, depth=1, palette=3)
CROP = 48


class Features(nn.Module):
    """Called like `VGG19Features`, as deep and as wide, without its twenty million weights."""

    sha256 = "0" * 64

    def __init__(self, path: Path | None = None, layers: tuple[str, ...] = LAYERS) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.mix = [torch.randn(CHANNELS[n], 3, 1, 1, generator=generator) for n in layers]

    def forward(self, pictures: Tensor) -> list[Tensor]:
        sizes = [max(1, pictures.shape[-1] >> level) for level in range(len(self.mix))]
        small = [nn.functional.adaptive_avg_pool2d(pictures, size) for size in sizes]
        return [
            torch.relu(nn.functional.conv2d(x, m)) for x, m in zip(small, self.mix, strict=True)
        ]


def thing(rng: np.random.Generator, kind: str, side: int = 56) -> np.ndarray:
    """A round or a square thing of any dark colour on white, `(side, side, 3)` uint8."""
    picture = np.full((side, side, 3), 255, np.uint8)
    color = tuple(map(int, rng.integers(0, 190, 3)))
    across, down = map(int, rng.integers(side // 4, side // 3, 2))
    middle = side // 2
    if kind == "round":
        cv2.ellipse(picture, (middle, middle), (across, down), 0, 0, 360, color, -1, cv2.LINE_AA)
    else:
        corners = (middle - across, middle - down), (middle + across, middle + down)
        cv2.rectangle(picture, *corners, color, -1)
    return picture


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders `round` and `square` of photos."""
    folder, rng = tmp_path_factory.mktemp("things"), np.random.default_rng(0)
    for kind in DRAWN.to:
        (folder / kind).mkdir()
        for number in range(16):
            PIL.Image.fromarray(thing(rng, kind)).save(folder / kind / f"{number:02}.png")
    return folder


def training(things: Path, **changes: Any) -> TranslateTraining:
    """Options of training from drawings of both kinds."""
    given = {
        "a": tuple(f"sketch:{things / kind}" for kind in DRAWN.to), "paired": True,
        "domains": "drawing,round,square", "hints": True, "crop": CROP, "batch": 4, "base": 8,
        "depth": 1, "palette": 3, "feature_weight": 0.0, "perceptual_weight": 0.0, **changes,
    }  # fmt: skip
    return build(TranslateTraining, given)


def saved(path: Path, options: PairedNetwork) -> Path:
    """Weights of an untrained network whose results can be told apart."""
    torch.manual_seed(0)
    network = PairedGenerator(options)
    nn.init.normal_(network.tail.weight, std=0.3)
    nn.init.constant_(network.tail.bias, 0.5)
    weights.save(network, path, task="translate", options=asdict(options))
    return path


# --- pairs -------------------------------------------------------------------------------------


def test_batches_are_drawn_of_the_photos_and_labelled_by_folder(things: Path) -> None:
    options = training(things, batch=16)
    batches = PairedBatches(options, seed=1)
    batch = batches[3]
    assert batch["input"].shape == (16, 5, CROP, CROP)
    assert batch["picture"].shape == (16, 3, CROP, CROP)
    assert batch["input"].dtype == batch["picture"].dtype == torch.uint8
    assert set(batch["label"].tolist()) == {0, 1}
    ink, hints = batch["input"][:, :1], batch["input"][:, 1:]
    assert (ink.float().mean((1, 2, 3)) > 0).sum() > 12
    hinted = hints[:, 3].flatten(1).amax(1) > 0
    assert 0 < hinted.sum() < 16, "some with strokes of colour, some without"
    assert torch.equal(PairedBatches(options, seed=1)[3]["input"], batch["input"])
    assert not torch.equal(batches[4]["input"], batch["input"])


def test_held_out_pictures_are_not_trained_on(things: Path) -> None:
    options = training(things)
    kept = PairedBatches(options, 0, Part(0.25, training=False))
    trained = PairedBatches(options, 0, Part(0.25))
    assert (len(kept), len(trained)) == (8, 24)
    for ours, theirs in zip(kept.pairs, trained.pairs, strict=True):
        assert not set(ours.indices) & set(theirs.indices)


@pytest.fixture
def named(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders of three pairs, the second one's pictures darker."""
    a, b = tmp_path / "a", tmp_path / "b"
    a.mkdir()
    b.mkdir()
    for number in range(3):
        picture = tiny.photo(number, 64, 80)
        PIL.Image.fromarray(picture).save(a / f"{number}.png")
        PIL.Image.fromarray(picture // 2).save(b / f"{number}.bmp")
    return a, b


def pairs_of(**given: Any) -> TranslateTraining:
    return build(TranslateTraining, {"paired": True, "crop": CROP, "batch": 4, **given})


def test_pairs_by_name_are_cut_at_the_same_place(named: tuple[Path, Path]) -> None:
    a, b = named
    batch = PairedBatches(pairs_of(a=(str(a),), b=(str(b),), zoom=0.2), seed=0)[0]
    halved = batch["input"].float() / 2
    assert (halved - batch["picture"].float()).abs().mean() < 1.5


def test_pictures_without_partner_or_of_another_size_are_listed(named: tuple[Path, Path]) -> None:
    a, b = named
    PIL.Image.fromarray(tiny.photo(7, 64, 80)).save(a / "alone.png")
    PIL.Image.fromarray(tiny.photo(7, 64, 90)).save(b / "2.bmp")
    given = {"a": (str(a),), "b": (str(b),)}
    with pytest.warns(UserWarning, match="left out: alone .* one of them only; 2 .* another size"):
        batches = PairedBatches(pairs_of(**given), seed=0)
    assert len(batches) == 2
    with pytest.raises(TrainingError, match="alone is in one of them only"):
        PairedBatches(pairs_of(**given, strict=True), seed=0)


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
def test_halves_of_one_picture_are_a_pair(tmp_path: Path, direction: str) -> None:
    for number in range(2):
        picture = tiny.photo(number, 64, 80)
        PIL.Image.fromarray(np.hstack([picture, picture // 2])).save(tmp_path / f"{number}.png")
    options = build(TranslateTraining, {"pairs": (str(tmp_path),), "direction": direction,
                                        "crop": CROP, "batch": 4})  # fmt: skip
    batch = PairedBatches(options, seed=0)[0]
    bright, dark = ("input", "picture") if direction == "AtoB" else ("picture", "input")
    assert (batch[bright].float() / 2 - batch[dark].float()).abs().mean() < 1.5


@pytest.mark.parametrize(("given", "message"), [
    ({"paired": True}, "give --a and --b, --a sketch:DIR, or --pairs"),
    ({"pairs": ("x",), "a": ("y",)}, "leave --a and --b out"),
    ({"paired": True, "a": ("sketch:x",), "b": ("y",)}, "leave --b out"),
    ({"paired": True, "a": ("x", "z"), "b": ("y",)}, "2 folders with --a and 1 with --b"),
    ({"paired": True, "a": ("sketch:x",), "domains": "a,b,c"}, "--names a,b,c"),
    ({"paired": True, "a": ("sketch:x",), "crop": 40}, "--crop 40"),
    ({"paired": True, "a": ("sketch:x",), "one_sided": True}, "--one-sided: training from pairs"),
    ({"paired": True, "a": ("sketch:x",), "blocks": 9}, "--blocks: training from pairs"),
    ({"a": ("x",), "b": ("y",), "zoom": 0.1}, "--zoom: goes with --paired or --pairs"),
    ({"a": ("x",), "b": ("y",), "contrast_weight": 2.0}, "--contrast-weight: goes with --one-sid"),
])  # fmt: skip
def test_options_that_make_no_pairs(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build(TranslateTraining, given)


def test_one_picture_is_no_data(tmp_path: Path) -> None:
    PIL.Image.fromarray(tiny.photo(0, 64, 64)).save(tmp_path / "0.png")
    with pytest.raises(TrainingError, match="1 pairs to train on; give a folder with at least 2"):
        PairedBatches(pairs_of(a=(f"sketch:{tmp_path}",)), seed=0)


# --- the network -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["unet", "resnet"])
def test_the_halo_covers_all_that_is_seen(kind: Any) -> None:
    network = PairedGenerator(PairedNetwork(generator=kind, base=4, depth=1)).double()
    nn.init.normal_(network.tail.weight, std=0.3)
    side = 2 * (network.halo // 32 + 2) * 32
    inputs = torch.rand(1, 3, side, side, dtype=torch.double)
    changed = inputs.clone()
    changed[..., side // 2, side // 2] += 0.5
    label, palette = torch.tensor([0]), torch.zeros(1, 10, dtype=torch.double)
    overall = network.look(inputs, label, palette)
    results = [network(x, label, palette, overall) for x in (inputs, changed)]
    seen = (results[0] - results[1]).abs().amax((0, 1)).nonzero()
    assert len(seen)
    assert int((seen - side // 2).abs().max()) <= network.halo


def test_tiles_of_a_picture_are_what_the_whole_gives() -> None:
    network = PairedGenerator(PairedNetwork(generator="resnet", base=4, depth=1))
    nn.init.normal_(network.tail.weight, std=0.3)
    samples = tiny.photo(1, 320, 352)
    runtime = tiny.runtime()
    predictor = PairedPredictor.of(network, "b", Look(3), samples, runtime)
    whole = predict_samples(samples, predictor, runtime, lambda done: None)
    parts = list[float]()
    tiled = predict_samples(samples, predictor, tiny.runtime(memory=4 << 20), parts.append)
    assert len(parts) > 1
    assert np.abs(tiled.astype(int) - whole).max() <= 1


def test_a_palette_belongs_to_its_seed_and_a_photo_has_one() -> None:
    network = PairedGenerator(DRAWN)
    one, again, other = (palette_of(network, Look(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    photos = [Image(thing(np.random.default_rng(n), "round")) for n in (0, 1)]
    liked = [palette_of(network, Look(1, photo)) for photo in photos]
    assert not torch.allclose(*liked)


# --- a short run -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(things: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[PairedGenerator, Path]:
    """A network of one result, by a minute's worth of training in a few seconds."""
    out = tmp_path_factory.mktemp("run")
    options = training(things, palette=0, batch=6, adversarial_weight=0.1, matching_weight=0.1)
    config = tiny.config(
        out, steps=100, learning_rate=6e-3, optimizer="adam", ema=0.9, held_out=0.0, warmup=5,
        sample_every=1000,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ganedit.tasks.translate.paired.training.CRITIC_WIDTH", 4)
        networks = train(PairedTask(options), config)
    generator = networks[GENERATOR]
    assert isinstance(generator, PairedGenerator)
    return generator, out


def made(generator: PairedGenerator, drawing: np.ndarray, hint: Any = None) -> np.ndarray:
    """What the network makes of ink `(S, S)`, with a dot of a colour in the middle."""
    hints = np.zeros((*drawing.shape, 4), np.float32)
    if hint is not None:
        middle = slice(len(drawing) // 2 - 3, len(drawing) // 2 + 3)
        hints[middle, middle] = (*(np.array(hint) / 255), 1)
    planes = np.concatenate([drawing[..., None], hints], axis=2).astype(np.float32)
    inputs = torch.from_numpy(planes).permute(2, 0, 1)[None]
    with torch.no_grad():
        result = generator.eval()(inputs, torch.tensor([0]), torch.zeros(1, 1))
    picture: np.ndarray = (result[0].clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy()
    return picture


def test_lines_are_obeyed_and_filled(trained: tuple[PairedGenerator, Path]) -> None:
    generator, _ = trained
    scores, filled = [], []
    for seed in range(6):
        photo = thing(np.random.default_rng(100 + seed), "round", CROP)
        lines = draw_lines(photo, "zero")
        result = made(generator, lines)
        scores.append(agreement(draw_lines(result, "zero", detail=0.8) > 0, lines > 0, 2))
        inside = result[CROP // 2 - 4 : CROP // 2 + 4, CROP // 2 - 4 : CROP // 2 + 4]
        filled.append(float(result[:4].mean() - inside.mean()))
    assert np.mean(scores) > 0.7
    assert min(filled) > 30, "a thing on white, not the copied lines alone"


def test_colours_of_strokes_come(trained: tuple[PairedGenerator, Path]) -> None:
    generator, _ = trained
    lines = draw_lines(thing(np.random.default_rng(100), "round", CROP), "canny")
    middle = slice(CROP // 2 - 2, CROP // 2 + 2)
    reds, blues = (
        made(generator, lines, color)[middle, middle].astype(float).mean((0, 1))
        for color in ((180, 20, 20), (20, 20, 180))
    )
    assert reds[0] > blues[0] + 40
    assert blues[2] > reds[2] + 40


def test_a_run_leaves_weights_that_translate(
    trained: tuple[PairedGenerator, Path], tmp_path: Path
) -> None:
    _, out = trained
    page = np.full((120, 150, 3), 255, np.uint8)
    cv2.ellipse(page, (75, 60), (45, 30), 0, 0, 360, (0, 0, 0), 2, cv2.LINE_AA)
    PIL.Image.fromarray(page).save(tmp_path / "a.png")
    done = run("translate", tmp_path / "a.png", "--to", "round", "--weights", out, *EXACT)
    assert done.code == 0, done.err
    with PIL.Image.open(tmp_path / "a_as_round.png") as result:
        assert (result.size, result.mode) == ((150, 120), "RGB")
    # One result only, whatever the seed.
    done = run("translate", tmp_path / "a.png", "--to", "round", "--weights", out, "--seed", "3")
    assert "--to round makes one result only" in done.complaint


def test_all_losses_are_finite_and_all_networks_learn(
    things: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganedit.tasks.translate.paired.training.VGG19Features", Features)
    task = PairedTask(training(things, feature_weight=1.0, perceptual_weight=1.0, augment=True))
    before = {name: tiny.state_of(network) for name, network in task.build().trained.items()}
    networks = train(task, tiny.config(tmp_path / "run", steps=2, held_out=0.25))
    assert networks.trained.keys() == before.keys() == {
        GENERATOR, "patches", "patches_half", "features"
    }  # fmt: skip
    log = (tmp_path / "run" / "log.csv").read_text().splitlines()
    for name in ("l1", "lines", "hints", "palette", "features", "kernel distance"):
        assert name in log[0]
    assert np.isfinite([float(cell) for cell in log[-1].split(",") if cell]).all()


# --- results -----------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where there is a drawing `a.png`, a photo `b.png`, weights `own` and `maps`."""
    monkeypatch.chdir(tmp_path)
    page = np.full((200, 260, 3), 255, np.uint8)
    cv2.ellipse(page, (130, 100), (80, 50), 0, 0, 360, (0, 0, 0), 2, cv2.LINE_AA)
    PIL.Image.fromarray(page).save("a.png")
    PIL.Image.fromarray(tiny.photo(0, 90, 120)).save("b.png")
    saved(tmp_path / "own.safetensors", DRAWN)
    saved(tmp_path / "maps.safetensors", PICTURES)
    return tmp_path


def drawn(*more: object) -> Any:
    return run("translate", "a.png", "--to", "round", "--weights", "own.safetensors", *EXACT, *more)


def read(name: str) -> np.ndarray:
    with PIL.Image.open(name) as picture:
        return np.asarray(picture).astype(int)


def test_candidates_are_the_next_seeds_and_a_sheet(home: Path) -> None:
    assert drawn("--candidates", 3, "--seed", 4).code == 0
    assert set(listing(home)) >= {
        "a_as_round_4.png", "a_as_round_5.png", "a_as_round_6.png", "a_as_round_sheet.png"
    }  # fmt: skip
    assert np.abs(read("a_as_round_4.png") - read("a_as_round_5.png")).max() > 2
    assert drawn("--seed", 5).code == 0
    assert (read("a_as_round.png") == read("a_as_round_5.png")).all()
    # None of them is an input of the folder.
    again = run("translate", ".", "--to", "round", "--weights", "own.safetensors", "--overwrite",
                "--exclude", "b.png", *EXACT)  # fmt: skip
    assert again.code == 0, again.err
    assert "a_as_round_4_as_round.png" not in listing(home)


def test_colour_and_likeness_change_the_result(home: Path) -> None:
    assert drawn("-o", "plain.png").code == 0
    assert drawn("-o", "red.png", "--color", "#c01010").code == 0
    assert drawn("-o", "like.png", "--like", "b.png").code == 0
    plain = read("plain.png")
    assert (plain != read("red.png")).any()
    assert (plain != read("like.png")).any()


def test_depth_stays_and_the_page_is_white(home: Path) -> None:
    page = np.full((300, 400), 65535, np.uint16)
    cv2.circle(page, (90, 80), 40, 0, 2)
    result = ganedit.translate(page, "round", weights="own.safetensors", device="cpu")
    assert (result.samples.shape, result.samples.dtype) == ((300, 400, 3), np.uint16)
    assert (result.samples[200:, 200:] == 65535).all()


@pytest.mark.parametrize(("more", "message"), [
    (("--strength", "0.5"), "--strength: --to round makes photos of drawings"),
    (("--keep-color",), "--keep-color: --to round"),
    (("--color", "reddish"), "--color 'reddish': write it like"),
    (("--candidates", "0"), "--candidates 0"),
    (("--candidates", "2", "--seed", "4294967295"), "the last has seed 4294967296"),
])  # fmt: skip
def test_what_cannot_be_meant(home: Path, more: tuple[str, ...], message: str) -> None:
    done = drawn(*more)
    assert done.code == 2
    assert message in done.complaint
    assert "a_as_round.png" not in listing(home)


def test_a_photo_is_no_drawing(home: Path) -> None:
    done = run("translate", "b.png", "--to", "round", "--weights", "own.safetensors", *EXACT)
    assert done.code == 1
    assert "b.png: this is a photo, not a drawing" in done.err
    assert "ganedit sketch" in done.err


def test_pictures_are_translated_whole_and_varied(home: Path) -> None:
    more = ("--to", "aerial", "--weights", "maps.safetensors", *EXACT)
    assert run("translate", "b.png", *more, "--candidates", "2").code == 0
    assert read("b_as_aerial_0.png").shape == (90, 120, 3)
    assert (read("b_as_aerial_0.png") != read("b_as_aerial_1.png")).any()
    assert run("translate", "b.png", *more, "--strength", "0", "-o", "same.png").code == 0
    assert (read("same.png") == read("b.png")).all()
    done = run("translate", "b.png", *more, "--color", "red")
    assert "--to aerial does not make photos of drawings" in done.complaint


# --- scores ------------------------------------------------------------------------------------


def test_pairs_are_measured(things: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganedit.nets.vgg.VGG19Features", lambda path, layers=LAYERS: Features())
    done = run("evaluate", "translate", "--paired", "--a", f"sketch:{things / 'round'}",
               "--to", "round", "--weights", "own.safetensors", "--size", "64", "--held-out",
               "0.25", "--save", "out", "--device", "cpu", "--precision", "fp32")  # fmt: skip
    assert done.code == 0, done.err
    assert done.out.startswith("4 pairs of round at 64×64")
    for name in ("kernel distance", "Fréchet distance", "L1 %", "PD", "lines F1", "seeds PD"):
        assert name in done.out
    assert len(list(Path("out").glob("*.png"))) == 4


def test_drawings_are_measured_in_pairs_only(home: Path) -> None:
    more = ("--a", ".", "--b", ".", "--weights", "own.safetensors")
    done = run("evaluate", "translate", *more, "--to", "round")
    told = "--to round: makes photos of drawings; add --paired"
    assert (done.code, done.complaint) == (2, told)
    assert "did you mean round" in run("evaluate", "translate", *more, "--to", "rund").complaint


@pytest.mark.parametrize(("more", "told"), [
    (("--b", "."), "--held-out: goes with --paired"),
    (("--b", ".", "--paired", "--back", "square"), "--back: goes without --paired"),
])  # fmt: skip
def test_measuring_refuses_what_it_would_not_use(
    home: Path, more: tuple[str, ...], told: str
) -> None:
    done = run("evaluate", "translate", "--a", ".", "--to", "round", "--held-out", "0.1", *more)
    assert (done.code, done.complaint) == (2, told)


def test_a_set_of_one_pair_is_refused(tmp_path: Path, home: Path) -> None:
    (tmp_path / "one").mkdir()
    PIL.Image.fromarray(tiny.photo(0, 64, 64)).save(tmp_path / "one" / "0.png")
    done = run("evaluate", "translate", "--paired", "--a", f"sketch:{tmp_path / 'one'}", "--to",
               "round", "--weights", "own.safetensors")  # fmt: skip
    assert done.code != 0
