"""The generator: its arithmetic, its data, and that it learns."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import timm
import tiny
import torch
import torch.nn.functional as F

from ganedit import weights
from ganedit.data.augment import augmented
from ganedit.data.pictures import Part
from ganedit.errors import TrainingError, UsageError
from ganedit.tasks.generate.data import GenerateBatches, classes_in
from ganedit.tasks.generate.directions import Directions, factorised
from ganedit.tasks.generate.judging import PIXELS, UNCHANGED, packed
from ganedit.tasks.generate.matching import DETAIL, Matching, detail
from ganedit.tasks.generate.models import Model, direction_names
from ganedit.tasks.generate.network import Generator, channels_of
from ganedit.tasks.generate.options import NetworkOptions, Window
from ganedit.tasks.generate.reconstruction import missed
from ganedit.tasks.generate.scoring import Scores
from ganedit.tasks.generate.stylegan import Styled, StyleGenerator
from ganedit.tasks.generate.training import GenerateTask, as_written
from ganedit.tasks.generate.training_options import GenerateTraining
from ganedit.training.loop import train
from ganedit.training.task import GENERATOR, Step

SMALL = NetworkOptions(size=16, width=16, latent=8)
COLORS = {"blue": (30, 40, 220), "red": (220, 30, 40)}


def generator(**changes: Any) -> StyleGenerator:
    torch.manual_seed(0)
    return StyleGenerator(replace(SMALL, **changes)).eval()


def draw(network: Generator, seed: int, label: int | None = None, truncation: float = 1) -> Any:
    source = torch.Generator().manual_seed(seed)
    labels = None if label is None else torch.tensor([label])
    codes = network.codes(torch.randn(1, network.options.latent, generator=source), labels)
    codes = network.truncated(codes, labels, truncation)
    noise = network.draw_noise(1, source)
    return network(codes[:, None].expand(-1, network.layers, -1), noise)


@pytest.fixture
def discs(tmp_path: Path) -> Path:
    """Ninety discs of each of two colours at places of their own, in a folder for each colour."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:24, :20]
    for name, color in COLORS.items():
        (tmp_path / "discs" / name).mkdir(parents=True)
        for number in range(90):
            top, left = rng.integers(8, 16), rng.integers(6, 14)
            picture = np.full((24, 20, 3), 235, np.uint8)
            picture[np.hypot(y - top, x - left) < 5] = color
            PIL.Image.fromarray(picture).save(tmp_path / "discs" / name / f"{number}.png")
    return tmp_path / "discs"


@pytest.fixture
def options(discs: Path) -> Callable[..., GenerateTraining]:
    """Of a small generator and one small critic of pixels."""

    def make(**changes: Any) -> GenerateTraining:
        given = {"data": (str(discs),), "network": SMALL, "batch": 8, "feature_weight": 0.0}
        return GenerateTraining(**{**given, **changes})

    return make


# --- the network ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [16, 32, 64])
def test_a_picture_is_as_large_as_asked_for(size: int) -> None:
    network = generator(size=size)
    assert draw(network, 1).shape == (1, 3, size, size)
    assert [noise.shape[2] for noise in network.draw_noise(1)][-2:] == [size, size]


def test_the_usual_network_fits_into_what_may_ship(tmp_path: Path) -> None:
    network = StyleGenerator(NetworkOptions())
    assert channels_of(NetworkOptions()) == [256, 192, 128, 96, 64]
    weights.save(network, tmp_path / "w.safetensors", task="generate", options={})
    assert (tmp_path / "w.safetensors").stat().st_size <= 6_000_000


def test_scaled_activations_are_weights_of_each_pictures_own() -> None:
    torch.manual_seed(1)
    conv = Styled(6, 5, latent=4, kernel=3)
    x, style = torch.randn(2, 6, 7, 7), torch.randn(2, 6)
    ours = conv(x, style) * conv.demodulation(style)
    for number in range(2):
        own = conv.weight * conv.scale * style[number][None, :, None, None]
        own = own / own.square().sum((1, 2, 3), keepdim=True).sqrt()
        wanted = F.conv2d(x[number : number + 1], own, padding=1)
        assert torch.allclose(ours[number : number + 1], wanted, atol=1e-5)


def test_truncation_leads_to_the_mean_of_the_class() -> None:
    network = generator(classes=("a", "b"))
    network.mean.normal_()
    noise = torch.randn(3, 8)
    labels = torch.tensor([0, 1, 1])
    codes = network.codes(noise, labels)
    assert torch.allclose(network.truncated(codes, labels, 0), network.mean[labels])
    assert torch.allclose(network.truncated(codes, labels, 1), codes)
    half = (codes + network.mean[labels]) / 2
    assert torch.allclose(network.truncated(codes, labels, 0.5), half, atol=1e-6)


def test_the_mean_follows_codes_while_training_only() -> None:
    network = generator(classes=("a", "b"))
    noise, labels = torch.randn(8, 8), torch.zeros(8, dtype=torch.long)
    network.codes(noise, labels)
    assert not network.mean.any()
    network.train()
    for _ in range(1000):
        codes = network.codes(noise, labels)
    assert torch.allclose(network.mean[0], codes.mean(0), rtol=0.02)
    assert not network.mean[1].any()


def test_a_class_is_seen_in_the_code() -> None:
    network = generator(classes=("a", "b"))
    assert not torch.allclose(draw(network, 3, 0), draw(network, 3, 1))


def test_directions_without_labels_are_those_that_move_styles_most() -> None:
    network = generator()
    for conv in (*network.body, *network.to_picture):
        weight = conv.conv.style.weight.data  # all of them look at one direction, and a bit of one
        weight.zero_()
        weight[:, 2], weight[::3, 5] = 1.0, -0.2
    found = factorised(network, 2)
    assert torch.allclose(found @ found.T, torch.eye(2), atol=1e-6)
    assert abs(found[0, 2]) > 0.98
    assert found[0, 2] > 0
    assert abs(found[1, 5]) > 0.98


def test_amounts_are_standard_deviations_of_codes() -> None:
    network = generator()
    directions = Directions(network, Model("small", Path("w"), "", network.options, ""))
    numbers = [str(number) for number in range(1, 9)]
    assert direction_names(network.options) == [*numbers, *(f"pc{number}" for number in numbers)]
    noise = torch.randn(4000, 8, generator=torch.Generator().manual_seed(5))
    spreads = {}
    for name in ("2", "pc1", "pc2"):
        shift = directions.shift({name: 1.5})
        spreads[name] = (network.codes(noise) @ (shift / shift.norm())).std()
        assert torch.allclose(shift.norm(), 1.5 * spreads[name], rtol=0.05)
    # Along the first principal component codes vary most.
    assert spreads["pc1"] > max(spreads["2"], spreads["pc2"])
    assert not directions.shift({}).any()
    with pytest.raises(UsageError, match="--direction smile: small has none of that name"):
        directions.shift({"smile": 1})


@pytest.mark.parametrize("size", [8, 48, 1024])
def test_sizes_that_a_generator_cannot_have(size: int) -> None:
    with pytest.raises(UsageError, match=f"--size {size}: use 16, 32"):
        NetworkOptions(size=size)


# --- what critics see -------------------------------------------------------------------------


def test_every_picture_is_augmented_by_a_draw_of_its_own() -> None:
    torch.manual_seed(0)
    pictures = torch.full((4, 3, 16, 16), 0.7, requires_grad=True)
    seen = augmented(pictures)
    assert seen.shape == pictures.shape
    assert len({tuple(x.flatten().tolist()) for x in seen}) == 4
    cut_out = (seen == 0.5).all(dim=1)
    assert 0 < cut_out.float().mean() < 0.75
    seen.sum().backward()
    assert pictures.grad is not None
    assert pictures.grad.abs().sum() > 0


# --- data -------------------------------------------------------------------------------------


def test_a_window_is_cut_out_where_it_is_asked_for(tmp_path: Path) -> None:
    picture = np.zeros((100, 60, 3), np.uint8)
    picture[60:92, 14:46] = 255
    PIL.Image.fromarray(picture).save(tmp_path / "a.png")
    given = GenerateTraining(
        data=(str(tmp_path),), window="32@0.76", network=SMALL, batch=2, feature_weight=0
    )
    batches = GenerateBatches(given, (), 0)
    with pytest.warns(UserWarning, match="1 pictures to train on are few"):
        batches.warn_of_few()
    assert (batches[0]["picture"] == 255).all()
    assert batches[0]["picture"].shape == (2, 3, 16, 16)


def test_a_window_that_pictures_are_too_small_for_is_told(
    options: Callable[..., GenerateTraining],
) -> None:
    told = r"--window 22: 180 of 180 pictures are smaller; the largest square of each is taken"
    with pytest.warns(UserWarning, match=told):
        GenerateBatches(options(window="22"), (), 0).warn_of_few()


@pytest.mark.parametrize("text", ["80x", "0", "80@2", "@0.5", "80@0.5@1"])
def test_windows_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match=r"--window .*: "):
        Window.parse(text)


def test_classes_are_drawn_equally_often(options: Callable[..., GenerateTraining]) -> None:
    given = options(classes_from_folders=True, batch=64)
    for extra in range(70):  # rare classes are not drawn more rarely
        (Path(given.data[0]) / "red" / f"{extra}.png").unlink()
    classes = classes_in(given)
    assert classes == ("blue", "red")
    batch = GenerateBatches(given, classes, 0)[3]
    assert 20 < int(batch["label"].sum()) < 44
    middles = batch["picture"].float().mean((2, 3))
    assert ((middles[:, 0] > middles[:, 2]).long() == batch["label"]).all()


def test_held_out_pictures_are_no_training_pictures(
    options: Callable[..., GenerateTraining],
) -> None:
    given = options(batch=2)
    kept = GenerateBatches(given, (), 0, Part(0.1, training=False))
    learned = GenerateBatches(given, (), 0, Part(0.1))
    names = [{b.pictures.entries[i].name for i in b.pictures.usable} for b in (kept, learned)]
    assert (len(names[0]), len(names[1])) == (18, 162)
    assert not names[0] & names[1]
    seen = torch.cat([kept[number]["picture"] for number in range(9)])
    assert len({tuple(x.flatten().tolist()) for x in seen}) == 18


def test_classes_that_are_missing(tmp_path: Path, discs: Path) -> None:
    (tmp_path / "none").mkdir()
    for folder, found in ((tmp_path / "none", "there is none"), (tmp_path, "one class only")):
        given = GenerateTraining(data=(str(folder),), classes_from_folders=True, feature_weight=0)
        if folder == tmp_path:
            (tmp_path / "none").rmdir()
        with pytest.raises(TrainingError, match=found):
            classes_in(given)


def test_a_folder_that_is_missing_is_told_before_vgg_is_fetched(tmp_path: Path) -> None:
    given = GenerateTraining(data=(str(tmp_path / "none"),))
    with pytest.raises(TrainingError, match="none: no such folder"):
        GenerateTask(given)


def test_a_backbone_that_is_none_is_told_before_vgg_is_fetched(discs: Path) -> None:
    given = GenerateTraining(data=(str(discs),), backbone="nonsense")
    with pytest.raises(UsageError, match="--backbone nonsense: neither vgg19 nor"):
        GenerateTask(given)


# --- training ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["hinge", "non-saturating", "least-squares", "wasserstein", "relativistic"]
)
def test_every_loss_moves_generator_and_critic(
    options: Callable[..., GenerateTraining], tmp_path: Path, kind: str
) -> None:
    given = options(adversarial=kind, penalty_weight=1.0, classes_from_folders=True)
    task = GenerateTask(given)
    torch.manual_seed(0)
    before = tiny.state_of(task.build().generators[GENERATOR])
    networks = train(task, tiny.config(tmp_path / "run", steps=2, optimizer="adam"))
    after = tiny.state_of(networks[GENERATOR])
    assert not torch.equal(before["body.0.conv.weight"], after["body.0.conv.weight"])
    assert {"penalty", "generator_pixels", "critic_pixels"} <= set(
        (tmp_path / "run" / "log.csv").read_text().splitlines()[0].split(",")
    )


def test_critics_learn_several_times_for_each_step_of_the_generator(
    options: Callable[..., GenerateTraining], tmp_path: Path
) -> None:
    task = GenerateTask(options(adversarial="wasserstein", critic_steps=3))
    assert task.training.penalty_weight == 10
    train(task, tiny.config(tmp_path, steps=6, optimizer="adam", log_every=1))
    heads, *rows = (line.split(",") for line in (tmp_path / "log.csv").read_text().splitlines())
    told = [dict(zip(heads, row, strict=True)) for row in rows if row[0] != "0"]
    assert [bool(row["generator_pixels"]) for row in told] == [True, False, False] * 2
    assert all(row["critic_pixels"] and row["penalty"] for row in told)


def test_critics_of_features_take_part(
    options: Callable[..., GenerateTraining], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganedit.tasks.generate.training.VGG19Features", tiny.Features)
    monkeypatch.setattr("ganedit.nets.backbone.VGG_SCALES", {"one": 1, "two": 2})
    monkeypatch.setattr("ganedit.nets.backbone.CHANNELS", {"one": 8, "two": 8})
    task = GenerateTask(options(feature_weight=1.0, classes_from_folders=True, zoom=1.0))
    train(task, tiny.config(tmp_path, steps=2, held_out=0.1))
    heads = (tmp_path / "log.csv").read_text().splitlines()[0]
    assert "critic_one" in heads
    assert "generator_two" in heads
    assert "kernel distance" in heads


def test_critics_see_through_another_network(
    options: Callable[..., GenerateTraining], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganedit.tasks.generate.training.VGG19Features", tiny.Features)
    torch.save(timm.create_model("test_efficientnet").state_dict(), tmp_path / "tiny.pth")
    backbone = {"backbone": "test_efficientnet", "backbone_file": tmp_path / "tiny.pth"}
    given = options(feature_weight=1.0, pixel_weight=0.0, batch=32, **backbone)
    networks = train(
        GenerateTask(given), tiny.config(tmp_path / "run", steps=6, log_every=1, held_out=0.1)
    )
    log = (tmp_path / "run" / "log.csv").read_text().splitlines()
    heads, *rows = (line.split(",") for line in log)
    told = [dict(zip(heads, row, strict=True)) for row in rows]
    critics = ["critic_stride4", "critic_stride8", "critic_stride16", "critic_stride32"]
    assert [name for name in heads if name.startswith("critic_")] == critics
    said = [float(row["matching"]) for row in told if row["matching"]]
    assert said[:4] == [0, 0, 0, 0], "of few drawn pictures nothing is said"
    assert all(said[4:])
    saved = weights.read(tmp_path / "run" / "generator.safetensors").state
    assert saved.keys() == networks[GENERATOR].state_dict().keys(), "no backbone in the weights"


def test_critics_see_several_pictures_of_a_class_at_once(
    options: Callable[..., GenerateTraining], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = torch.rand(2, 3, 4, 4)
    both = packed(torch.stack([one, other]), 2)
    assert both.shape == (1, 6, 4, 4)
    assert torch.equal(both[0, 3:], other)
    monkeypatch.setattr("ganedit.tasks.generate.training.VGG19Features", tiny.Features)
    monkeypatch.setattr("ganedit.nets.backbone.VGG_SCALES", {"one": 1, "two": 2})
    monkeypatch.setattr("ganedit.nets.backbone.CHANNELS", {"one": 8, "two": 8})
    given = options(
        feature_weight=1.0, classes_from_folders=True, zoom=1.0, pack=2, batch=8,
        augmentation="adaptive",
    )  # fmt: skip
    task = GenerateTask(given)
    labels = torch.cat([task.batches(1, 0.0)[number]["label"] for number in range(8)])
    assert torch.equal(labels[::2], labels[1::2])
    assert len(labels.unique()) > 1
    train(task, tiny.config(tmp_path, steps=2, held_out=0.1))
    with pytest.raises(UsageError, match="--batch 9: has to be a multiple of --pack 2"):
        options(pack=2, batch=9)


@pytest.mark.parametrize("kind", ["hinge", "none"])
def test_pictures_are_drawn_again_from_their_own_noise(
    options: Callable[..., GenerateTraining], tmp_path: Path, kind: str
) -> None:
    task = GenerateTask(
        options(
            classes_from_folders=True, reconstruction_weight=20.0, pixel_weight=1e-6,
            augmentation="never", adversarial=kind,
        )
    )  # fmt: skip
    config = tiny.config(
        tmp_path, steps=300, learning_rate=1e-2, critic_learning_rate=2e-4, optimizer="adam",
        critic_optimizer="muon", betas=(0.0, 0.99), clip=0.0, log_every=25,
    )  # fmt: skip
    drawer = train(task, config)[GENERATOR]
    assert isinstance(drawer, StyleGenerator)
    batch = task.batches(1, 0.0)[0]
    pictures = batch["picture"] / 255
    with torch.no_grad():
        codes = drawer.codes(batch["noise"], batch["label"])
        again = drawer(drawer.spread(codes), drawer.draw_noise(len(codes)))
        others = drawer(drawer.spread(codes.roll(1, 0)), drawer.draw_noise(len(codes)))
    missed = (again - pictures).square().mean()
    assert missed < 0.75 * (others - pictures).square().mean()


def test_pictures_are_drawn_again_by_features_alone() -> None:
    again, real = ({"one": torch.rand(2, 8, 4, 4)} for _ in range(2))
    assert missed(again, real, PIXELS) > 0
    assert missed(again, again, PIXELS) < 1e-6


def test_what_lies_outside_comes_back_and_goes_no_farther() -> None:
    drawn = torch.tensor([-0.5, -0.5, 0.5, 1.5, 1.5], requires_grad=True)
    written = as_written(drawn)
    assert written.tolist() == [0, 0, 0.5, 1, 1]
    written.backward(torch.tensor([1.0, -1.0, 1.0, 1.0, -1.0]))  # down where it is positive
    assert drawn.grad is not None
    assert drawn.grad.tolist() == [0, -1, 1, 1, 0]


def test_sets_are_matched_as_they_are(options: Callable[..., GenerateTraining]) -> None:
    """What is recoloured does not show that all is too bright."""
    task = GenerateTask(options(augmentation="always"))
    batch = {"picture": torch.rand(8, 3, 16, 16)}
    step = Step(task.build(), batch, 0, 0, task.generate)
    seen = task.jury.seen(step, batch["picture"])
    assert not torch.equal(seen["pixels"], batch["picture"])
    assert torch.equal(seen[UNCHANGED], batch["picture"])
    assert {UNCHANGED, *DETAIL} <= set(task.jury.matched) & seen.keys()


def test_detail_tells_sharpness_and_colours_apart() -> None:
    torch.manual_seed(0)
    picture = torch.rand(1, 3, 16, 16)
    grey = picture.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    assert all(each.max() == 0 for each in detail(torch.full((1, 3, 16, 16), 0.5)).values())
    strength = {name: float(each.mean()) for name, each in detail(grey).items()}
    assert strength.keys() == set(DETAIL)
    assert {name for name, mean in strength.items() if mean > 1e-6} == {
        "fine light",
        "coarse light",
    }
    plain = grey * 0 + torch.tensor([0.9, 0.2, 0.1])[:, None, None]
    strength = {name: float(each.max()) for name, each in detail(plain).items()}
    assert {name for name, most in strength.items() if most > 1e-6} == {"strength of colors"}
    # Twice the contrast is twice the detail.
    once, twice = detail(picture), detail(picture * 2)
    assert all(torch.allclose(twice[name], once[name] * 2, atol=1e-6) for name in DETAIL)


def test_faint_detail_counts_beside_strong_colours() -> None:
    """Each is a set of its own, measured by its own spread."""
    torch.manual_seed(0)
    plain, noise = torch.rand(256, 3, 1, 1).expand(-1, -1, 16, 16), torch.randn(256, 1, 16, 16)
    strengths = torch.rand(256, 1, 1, 1) * 0.02
    softer, pull = detail(plain + strengths * noise), {}
    for name in DETAIL:
        factor, matching = torch.tensor(1.5, requires_grad=True), Matching()
        for _ in range(2):  # the first are remembered
            told = matching(
                {name: softer[name]}, {name: detail(plain + factor * strengths * noise)[name]}
            )
        (pull[name],) = torch.autograd.grad(told, factor)
    assert pull["fine light"] > 0.2
    assert abs(pull["strength of colors"]) < 0.02


def test_real_and_drawn_pictures_are_augmented_alike(
    options: Callable[..., GenerateTraining],
) -> None:
    task = GenerateTask(options())
    batch = {"picture": torch.rand(8, 3, 16, 16)}
    step = Step(task.build(), batch, 0, 0, task.generate)
    torch.manual_seed(5)
    seen = task.jury.seen(step, batch["picture"])["pixels"]
    drawn = torch.rand(3)
    assert torch.equal(task.jury.seen(step, batch["picture"])["pixels"], seen)
    assert not torch.equal(torch.rand(3), drawn)  # and other chance goes on
    torch.manual_seed(6)
    assert not torch.equal(task.jury.seen(step, batch["picture"])["pixels"], seen)


def test_a_collapse_is_told_once() -> None:
    scores = Scores(None)
    for recall in (0.02, 0.01, 0.3, 0.2):  # before it draws many kinds, there is none
        scores.watch(recall)
    with pytest.warns(UserWarning, match="samples grow alike: recall fell to 0.05"):
        scores.watch(0.05)
    scores.watch(0.05)


def test_it_learns(options: Callable[..., GenerateTraining], tmp_path: Path) -> None:
    task = GenerateTask(options(classes_from_folders=True, augmentation="never"))
    config = tiny.config(
        tmp_path, steps=160, held_out=0.3, evaluate_every=160, learning_rate=2e-3, ema=0.98,
        critic_learning_rate=1e-3, optimizer="adam", betas=(0.0, 0.99), clip=0.0,
    )  # fmt: skip
    network = train(task, config)[GENERATOR]
    assert isinstance(network, Generator)
    rows = [line.split(",") for line in (tmp_path / "log.csv").read_text().splitlines()]
    place = rows[0].index("held-out kernel distance")
    scores = [float(row[place]) for row in rows[1:] if row[place]]
    assert scores[-1] < scores[0] / 2
    # The class decides the colour.
    for label, (red, _, blue) in enumerate(COLORS.values()):
        colors = torch.cat([draw(network, seed, label) for seed in range(8)]).mean((0, 2, 3))
        assert (colors[0] > colors[2]) == (red > blue)
