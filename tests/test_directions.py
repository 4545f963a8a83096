"""Directions with names: learned from labels, shown, and gone along."""

import csv
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tiny
import torch
from command_line import EXACT, listing, run

from ganedit import weights
from ganedit.app.training import run_recipe
from ganedit.data.pictures import EVERYTHING
from ganedit.errors import UsageError
from ganedit.runtime import Runtime
from ganedit.tasks.generate.drawing import Painter
from ganedit.tasks.generate.latent_options import TraitTraining
from ganedit.tasks.generate.models import direction_names, find_model
from ganedit.tasks.generate.options import NetworkOptions
from ganedit.tasks.generate.recipes import Recipe
from ganedit.tasks.generate.stylegan import StyleGenerator
from ganedit.tasks.generate.traits import TraitBatches, TraitTask, read_labels
from ganedit.training.loop import train

RUNTIME = Runtime(torch.device("cpu"), torch.float32, 1 << 30, "in a test")


def paint(painter: Painter, seed: int, directions: str = "") -> np.ndarray:
    return painter.draw(Recipe.of(painter.model, seed, 1.0, directions=directions))


def redness(picture: np.ndarray) -> float:
    return float(picture[..., 0].mean() - picture[..., 2].mean())


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A generator of blobs in many colours."""
    torch.manual_seed(3)
    network = StyleGenerator(NetworkOptions(size=16, width=16, latent=8))
    for each in network.to_picture:
        each.conv.weight.data.mul_(2)  # type: ignore[union-attr]
    path = tmp_path / "blobs.safetensors"
    weights.save(network, path, task="generate", options=asdict(network.options))
    return path


@pytest.fixture
def options(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TraitTraining:
    """Pictures of that generator, and a table that says which of them are redder than most."""
    module = "ganedit.tasks.generate.traits"
    monkeypatch.setattr(f"{module}.VGG19Features", tiny.Features)
    monkeypatch.setattr(f"{module}.CHANNELS", dict.fromkeys(("relu3_4", "relu4_4"), 8))
    painter = Painter(find_model(None, str(own)), RUNTIME)
    (tmp_path / "real").mkdir()
    pictures = [paint(painter, seed) for seed in range(120)]
    middle = float(np.median([redness(picture) for picture in pictures]))
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image_id", "Odd", "Red"])
        for seed, picture in enumerate(pictures):
            PIL.Image.fromarray(picture).save(tmp_path / f"real/{seed}.png")
            table.writerow([f"{seed}.png", seed % 2, int(redness(picture) > middle)])
    return TraitTraining(
        data=(str(tmp_path / "real"),), labels=tmp_path / "labels.csv", names="Red=red",
        weights=str(own),
    )  # fmt: skip


def test_a_direction_is_learned_from_labels(options: TraitTraining, tmp_path: Path) -> None:
    config = tiny.config(
        tmp_path / "run", steps=150, critic_lead=60, learning_rate=2e-2, ema=0.95, held_out=0.2,
        critic_learning_rate=1e-2, optimizer="adam", clip=0.0, evaluate_every=150,
    )  # fmt: skip
    train(TraitTask(options), config)
    # The generator is as it was, and has the direction besides.
    before = weights.read(Path(str(options.weights))).state
    after = weights.read(tmp_path / "run" / "generator.safetensors").state
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert after.keys() - before.keys() == {"directions"}
    painter = Painter(find_model(None, str(tmp_path / "run")), RUNTIME)
    assert direction_names(painter.model.network)[0] == "red"
    ends = [
        np.mean([redness(paint(painter, seed, f"red={end}")) for seed in range(1000, 1020)])
        for end in (-3, 0, 3)
    ]
    # What the generator without names drew can be varied by the one with them.
    draw = ("generate", "--weights", options.weights, "-o", tmp_path / "a.png", *EXACT)
    assert run(*draw).code == 0
    vary = ("vary", tmp_path / "a.png", "--direction", "red=3", "--weights", tmp_path / "run",
            "-o", tmp_path / "b.png", *EXACT)  # fmt: skip
    assert run(*vary).code == 0
    reds = [redness(np.asarray(PIL.Image.open(tmp_path / f"{name}.png"))) for name in "ab"]
    assert reds[0] < reds[1]
    again = ("generate", "--like", tmp_path / "b.png", "--weights", options.weights)
    refused = run(*again, "-o", tmp_path / "c.png", *EXACT)
    assert "--direction red: blobs has none of that name" in refused.complaint
    assert ends[0] < ends[1] - 10
    assert ends[2] > ends[1] + 10
    heads = (tmp_path / "run" / "log.csv").read_text().splitlines()[0]
    assert "held-out read right %" in heads
    assert "held-out red at +3 %" in heads


def test_pictures_are_not_mirrored_where_a_trait_is_a_side(options: TraitTraining) -> None:
    originals = {
        np.asarray(PIL.Image.open(file)).tobytes() for file in Path(options.data[0]).iterdir()
    }
    for no_mirror in (True, False):
        batches = TraitBatches(replace(options, no_mirror=no_mirror), 16, 0, EVERYTHING)
        drawn = batches[0]["picture"].permute(0, 2, 3, 1)
        assert all(each.numpy().tobytes() in originals for each in drawn) == no_mirror


def test_a_recipe_trains_a_generator_and_then_its_directions(
    options: TraitTraining, tmp_path: Path
) -> None:
    recipe = tmp_path / "blobs.toml"
    recipe.write_text("""
        task = "generate"
        [data]
        real = "blobs"
        [options]
        data = ["real"]
        warmup = 1
        batch = 4
        [[steps]]
        name = "plain"
        size = 16
        width = 8
        latent = 4
        feature_weight = 0
        steps = 2
        [[steps]]
        name = "named"
        task = "directions"
        weights = "plain"
        labels = "labels.csv"
        names = "Red=red"
        steps = 3
        critic_lead = 1
    """)
    machine = {"device": "cpu", "precision": "fp32", "workers": 0}
    last = run_recipe(recipe, data=tmp_path, out=tmp_path / "runs", vgg=None, **machine)
    assert last == tmp_path / "runs" / "blobs" / "named"
    contents = weights.read(last / weights.RUN_WEIGHTS, "generate")
    assert contents.options["directions"] == ["red"]
    plain = weights.read(last.with_name("plain") / weights.RUN_WEIGHTS, "generate").state
    assert all(torch.equal(contents.state[name], plain[name]) for name in plain)


def test_each_direction_is_shown_in_a_strip(own: Path, tmp_path: Path) -> None:
    words = ("directions", "--weights", own, "-n", 2, "--sheet", "--kind")
    done = run(*words, "sefa", "-o", tmp_path / "shown", *EXACT)
    assert done.code == 0, done.err
    numbers = [str(number) for number in range(1, 9)]
    assert listing(tmp_path / "shown") == [f"{name}.png" for name in (*numbers, "sheet")]
    done = run(*words, "ganspace", "-o", tmp_path / "others", *EXACT)
    assert done.code == 0, done.err
    assert listing(tmp_path / "others") == [f"{name}.png" for name in (
        *(f"pc{number}" for number in numbers), "sheet")]  # fmt: skip
    done = run(*words, "named", "-o", tmp_path / "none", *EXACT)
    assert "--kind named: this generator has none" in done.complaint
    strip = np.asarray(PIL.Image.open(tmp_path / "shown" / "1.png"))
    assert strip.shape == (32, 7 * 16, 3)
    middle = strip[:16, 48:64]
    recipe = ("generate", "--weights", own, "-o", tmp_path / "m.png", *EXACT)
    assert run(*recipe).code == 0
    assert np.array_equal(middle, np.asarray(PIL.Image.open(tmp_path / "m.png")))
    assert not np.array_equal(strip[:16, :16], middle)


def test_a_table_without_the_column(options: TraitTraining) -> None:
    asked = TraitTraining(
        data=options.data, labels=options.labels, names="Hat=hat", weights=options.weights
    )
    with pytest.raises(UsageError, match="has no column 'Hat'; there are: Odd, Red"):
        read_labels(asked)


@pytest.mark.parametrize(
    "names", ["Red", "=red", "Red=", "Red=1", "Red=a/b", "Red=a=b", "Red=pc1", "Red=a,Odd=a"]
)
def test_names_that_are_none(options: TraitTraining, names: str) -> None:
    with pytest.raises(UsageError, match="--names"):
        TraitTraining(data=options.data, labels=options.labels, names=names)


def test_mistakes_are_told_before_vgg19_is_fetched(
    options: TraitTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganedit.tasks.generate.traits.VGG19Features", None)
    with pytest.raises(UsageError, match="has no column 'Hat'"):
        TraitTask(replace(options, names="Hat=hat"))
