"""`ganedit augment`: more pictures for a data set, and whether they help."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import shapes
import torch
from command_line import EXACT, listing, run

from ganedit import weights
from ganedit.tasks.generate.checking import Verdict, check
from ganedit.tasks.generate.options import NetworkOptions
from ganedit.tasks.generate.stylegan import StyleGenerator

CLASSES = ("hue0", "hue1", "hue2")


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hundred and fifty shapes in a folder for each hue, in the current folder."""
    monkeypatch.chdir(tmp_path)
    return shapes.save_shapes(tmp_path / "data", 150)


def save_generator(classes: tuple[str, ...]) -> None:
    torch.manual_seed(0)
    network = StyleGenerator(NetworkOptions(size=16, width=16, latent=8, classes=classes))
    options = asdict(network.options)
    weights.save(network, Path("own.safetensors"), task="generate", options=options)


def test_pictures_are_drawn_for_each_class_and_checked() -> None:
    save_generator(CLASSES)
    words = ("augment", "data", "--per-class", 3, "-o", "more", "--weights", "own.safetensors")
    done = run(*words, "--check", "--check-seeds", 2, "--check-steps", 3, *EXACT)
    assert done.code == 0, done.err
    assert listing(Path("more")) == [
        f"{name}/{name}_{seed:04d}.png" for name in CLASSES for seed in range(3)
    ]
    assert "told right of 30 held-out pictures:" in done.out
    assert "points, 95 % confidence from" in done.out


def test_a_generator_is_trained_where_none_is_given() -> None:
    words = ("augment", "data", "--per-class", 2, "-o", "more", "--size", 16, "--width", 8)
    words = (*words, "--minutes", 0.02, "--feature-weight", 0, "-q", *EXACT)
    done = run(*words)
    assert done.code == 0, done.err
    assert len(listing(Path("more"))) == 6
    assert Path("more.run/generator.safetensors").exists()
    # Again, it goes on from there, which is nothing more to do.
    done = run(*words, "--overwrite")
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("classes", "complaint"),
    [
        ((), "a generator without classes; train one with them"),
        (("hue0", "hue9"), "data: has no folder hue9, a class of own.safetensors"),
    ],
)
def test_generators_of_something_else(classes: tuple[str, ...], complaint: str) -> None:
    save_generator(classes)
    words = ("augment", "data", "--per-class", 3, "-o", "more", "--weights", "own.safetensors")
    assert complaint in run(*words, *EXACT).complaint


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--weights", "own", "--minutes", 5), "--minutes: with --weights no generator is trained"),
        (("--weights", "own", "--size", 16), "--size: with --weights no generator is trained"),
        (("--check-steps", 9), "--check-steps: goes with --check"),
        (
            ("--seed", 2**32 - 1),
            "--seed 4294967295: of 3 pictures from there the last has seed 4294967297, and "
            "4294967295 is the largest",
        ),
    ],
)
def test_options_that_cannot_be_meant(more: tuple[object, ...], told: str) -> None:
    done = run("augment", "data", "--per-class", 3, "-o", "more", *more)
    assert (done.code, done.complaint) == (2, told)


@pytest.mark.parametrize("output", ["data", "data/more", "./data/"])
def test_drawn_pictures_stay_apart_from_real_ones(output: str) -> None:
    save_generator(CLASSES)
    words = ("augment", "data", "--per-class", 3, "--weights", "own.safetensors")
    before = listing(Path("data"))
    assert "would be taken for the data set's own" in run(*words, "-o", output, *EXACT).complaint
    assert listing(Path("data")) == before


def test_a_folder_without_classes() -> None:
    (Path("none")).mkdir()
    done = run("augment", "none", "--per-class", 3, "-o", "more", "--feature-weight", 0, *EXACT)
    assert "--classes-from-folders needs two classes or more, and there is none" in done.complaint


def test_pictures_that_are_wrong_do_harm_and_the_check_says_so(data: Path) -> None:
    # Every "drawn" picture has the hue of the next class.
    for number, name in enumerate(CLASSES):
        (Path("wrong") / name).mkdir(parents=True)
        for place in range(12):
            picture = shapes.draw_shape(shapes.HUES[(number + 1) % 3], 0.3, place / 20)
            PIL.Image.fromarray(picture).save(Path("wrong") / name / f"{place}.png")
    verdict = check(data, Path("wrong"), CLASSES, held_out=0.2, seeds=2, steps=25)
    assert np.mean(verdict.without) > 0.8
    assert np.mean(verdict.together) < np.mean(verdict.without)


def test_a_verdict_needs_the_whole_interval_on_one_side() -> None:
    helped = Verdict([0.8, 0.82, 0.81], [0.85, 0.88, 0.86], 30)
    gain, half = helped.gain
    assert gain == pytest.approx(0.0533, abs=1e-3)
    assert half == pytest.approx(4.30 * np.std([0.05, 0.06, 0.05], ddof=1) / 3**0.5, abs=1e-3)
    assert "they helped: +5.3 points" in helped.text()
    assert "made no difference" in Verdict([0.8, 0.9], [0.9, 0.81], 30).text()
    assert "did harm" in Verdict([0.8, 0.82], [0.6, 0.62], 30).text()


def test_what_a_check_would_need_is_told_before_training() -> None:
    words = ("augment", "data", "--per-class", 2, "-o", "more", "--feature-weight", 0)
    done = run(*words, "--check", "--held-out", 0.01, *EXACT)
    assert done.code != 0
    assert "fewer than 2 pictures are held out; raise --held-out" in done.complaint
    assert not Path("more.run").exists()


def test_classes_that_could_not_be_asked_for_are_refused_before_training() -> None:
    Path("data/hue0").rename("data/k=1")
    done = run("augment", "data", "--per-class", 2, "-o", "more", "--feature-weight", 0, *EXACT)
    assert "a class called k=1 could not be asked for; rename it" in done.complaint
    assert not Path("more.run").exists()
