"""`ganedit invert`: photos into the space of codes, by optimisation and by an encoder."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tiny
import torch
from command_line import EXACT, Outcome, run

from ganedit import weights
from ganedit.tasks.generate.encoder_training import EncoderTask
from ganedit.tasks.generate.invert_options import EncoderTraining
from ganedit.tasks.generate.options import NetworkOptions
from ganedit.tasks.generate.recipes import read_recipe
from ganedit.tasks.generate.stylegan import StyleGenerator
from ganedit.training.loop import train


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A generator of blobs in many colours, and a picture that it drew."""
    torch.manual_seed(3)
    network = StyleGenerator(NetworkOptions(size=16, width=16, latent=8))
    for each in network.to_picture:
        each.conv.weight.data.mul_(2)  # type: ignore[union-attr]
    weights.save(network, tmp_path / "own.safetensors", task="generate",
                 options=asdict(network.options))  # fmt: skip
    monkeypatch.chdir(tmp_path)
    drawn = run("generate", "--weights", "own.safetensors", "--seed", 5, "--truncation", 1,
                "-o", "drawn.png", *EXACT)  # fmt: skip
    assert drawn.code == 0, drawn.err
    return tmp_path / "own.safetensors"


def samples(path: str) -> np.ndarray:
    return np.asarray(PIL.Image.open(path).convert("RGB")).astype(float)


def bare(path: str, target: str) -> None:
    """The picture without its recipe, as if it were a photo."""
    PIL.Image.fromarray(samples(path).astype(np.uint8)).save(target)


def stripes(seed: int) -> np.ndarray:
    """A picture of another kind than the generator's."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 256, (40, 3), np.uint8).repeat(int(rng.integers(1, 4)), axis=0)[:40]
    return np.ascontiguousarray(rows[:, None].repeat(48, axis=1))


def invert(*words: object) -> Outcome:
    return run("invert", "--weights", "own.safetensors", *words, *EXACT)


def test_a_photo_is_drawn_again_varied_and_walked_from() -> None:
    bare("drawn.png", "photo.png")
    done = invert("photo.png", "--steps", 150, "-o", "me.png")
    assert done.code == 0, done.err
    assert "drawn again at PSNR" in done.err + done.out
    assert np.abs(samples("me.png") - samples("photo.png")).mean() < 6
    assert read_recipe(Path("me.png"))[0].found
    with_own = ("--weights", "own.safetensors")
    assert run("generate", "--like", "me.png", *with_own, "-o", "again.png", *EXACT).code == 0
    assert np.array_equal(samples("again.png"), samples("me.png"))
    done = run("vary", "me.png", "--direction", "1=2", *with_own, "-o", "varied.png", *EXACT)
    assert done.code == 0, done.err
    assert np.abs(samples("varied.png") - samples("me.png")).mean() > 3
    done = run("walk", "--seeds", "me.png,7", *with_own, "--seconds", 0.5, "--rate", 4,
               "-o", "walk", *EXACT)  # fmt: skip
    assert done.code == 0, done.err
    assert np.abs(samples("walk/00000.png") - samples("me.png")).max() <= 1
    # Codes of another model are refused.
    torch.manual_seed(9)
    other = StyleGenerator(NetworkOptions(size=16, width=16, latent=8))
    weights.save(other, Path("other.safetensors"), task="generate", options=asdict(other.options))
    done = run("vary", "me.png", "--direction", "1=2", "--weights", "other.safetensors",
               "-o", "no.png", *EXACT)  # fmt: skip
    assert "drawn by other weights" in done.complaint


def test_a_tuned_generator_draws_the_photo_itself() -> None:
    rng = np.random.default_rng(0)
    photo = samples("drawn.png")
    photo[4:9, 4:9] = rng.integers(0, 256, 3)  # nothing that the generator knows
    PIL.Image.fromarray(photo.astype(np.uint8)).save("photo.png")
    words = ("photo.png", "--force", "--steps", 60)
    assert invert(*words, "-o", "plain.png").code == 0
    tuning = (*words, "--tune", 80, "--tuned", "me.safetensors", "-o", "me.png")
    assert invert(*tuning, "--dry-run").code == 0
    assert not Path("me.safetensors").exists()
    done = invert(*tuning)
    assert done.code == 0, done.err
    errors = [np.abs(samples(f"{name}.png") - photo).mean() for name in ("plain", "me")]
    assert errors[1] < 0.8 * errors[0]
    done = run("vary", "me.png", "--direction", "1=0", "--weights", "me.safetensors",
               "-o", "same.png", *EXACT)  # fmt: skip
    assert done.code == 0, done.err
    assert np.array_equal(samples("same.png"), samples("me.png"))


def test_an_encoder_guesses_finds_the_square_and_knows_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganedit.tasks.generate.encoder_training.VGG19Features", tiny.Features)
    draw = ("generate", "--weights", "own.safetensors", "--truncation", 1, *EXACT)
    assert run(*draw, "-n", 150, "--seed", 100, "-o", "real", "-q").code == 0
    Path("other").mkdir()
    for number in range(60):
        PIL.Image.fromarray(stripes(number)).save(f"other/{number}.png")
    options = EncoderTraining(
        data=("real",),
        others=("other",),
        weights="own.safetensors",
        width=16,
        batch=8,
        perceptual_weight=0.5,
        no_mirror=True,
    )
    config = tiny.config(
        Path("run"), steps=300, learning_rate=2e-3, optimizer="adam", held_out=0.2, ema=0.95,
        evaluate_every=300,
    )  # fmt: skip
    train(EncoderTask(options), config)
    heads, *rows = (line.split(",") for line in Path("run/log.csv").read_text().splitlines())
    missed = [float(row[heads.index("held-out unexplained")]) for row in (rows[0], rows[-1])]
    assert missed[1] < missed[0] / 2
    assert float(rows[-1][heads.index("held-out kinds told")]) > 0.8

    bare("drawn.png", "photo.png")
    first = ("--encoder", "run", "--steps", 0)
    assert invert("photo.png", *first, "-o", "guess.png").code == 0
    assert invert("photo.png", "--steps", 0, "--force", "-o", "mean.png").code == 0
    errors = [np.abs(samples(f"{n}.png") - samples("photo.png")).mean() for n in ("guess", "mean")]
    assert errors[0] < 0.7 * errors[1]

    scene = stripes(100)
    PIL.Image.fromarray(scene).save("stripes.png")
    done = invert("stripes.png", *first, "-o", "no.png")
    assert "nothing that own could have drawn; crop it" in done.complaint
    assert invert("stripes.png", *first, "--force", "-o", "yes.png").code == 0

    scene[10:34, 20:44] = np.asarray(PIL.Image.open("photo.png").resize((24, 24)))
    PIL.Image.fromarray(scene).save("scene.png")
    assert invert("scene.png", *first, "-o", "found.png").code == 0
    wanted = invert("scene.png", *first, "--crop", "20,10,24", "-o", "wanted.png")
    assert wanted.code == 0, wanted.err
    assert np.abs(samples("found.png") - samples("wanted.png")).mean() < 12


def test_a_cutout_is_taken_on_white_whatever_hides_under_transparency() -> None:
    seen = samples("drawn.png").astype(np.uint8)
    alpha = np.zeros((16, 16, 1), np.uint8)
    alpha[4:12, 4:12] = 255
    for name, hidden in (("black", 0), ("red", (200, 0, 0)), ("white", 255)):
        photo = np.where(alpha > 0, seen, np.uint8(hidden))
        if name != "white":
            photo = np.concatenate([photo, alpha], axis=2)
        PIL.Image.fromarray(photo).save(f"{name}.png")
        done = invert(f"{name}.png", "--steps", 3, "--force", "-o", f"{name}_me.png")
        assert done.code == 0, done.err
        told = "what is transparent was taken as white" in done.out + done.err
        assert told is (name != "white")
        assert np.array_equal(samples(f"{name}_me.png"), samples("black_me.png"))


def test_a_few_steps_from_the_mean_refuse_nothing() -> None:
    bare("drawn.png", "photo.png")
    done = invert("photo.png", "--steps", 2, "-o", "me.png")
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--crop", "1,2"), "--crop 1,2: write it like X,Y,SIDE"),
        (("--crop", "10,10,16"), "--crop 10,10,16: not within its 16×16 pixels"),
        (("--tune", 3), "--tune and --tuned go together"),
        (("--tune", 3, "--tuned", "own.safetensors"), "own.safetensors: exists already"),
        (("--tune", 3, "--tuned", "drawn.png"), "drawn.png: weights are kept as .safetensors"),
        (("--encoder", "own.safetensors"), "weights of generate, not of invert"),
    ],
)
def test_what_cannot_be_inverted(words: tuple[object, ...], complaint: str) -> None:
    done = invert("drawn.png", *words, "-o", "x.png")
    assert done.code != 0
    assert complaint in done.complaint
