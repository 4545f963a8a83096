"""Generators that learn of what another one drew."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tiny
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from ganedit.errors import TrainingError, UsageError
from ganedit.tasks.generate.options import NetworkOptions
from ganedit.tasks.generate.stylegan import StyleGenerator
from ganedit.tasks.generate.teaching import Teacher
from ganedit.tasks.generate.training import GenerateTask
from ganedit.tasks.generate.training_options import GenerateTraining
from ganedit.training.loop import train
from ganedit.training.task import GENERATOR

SMALL = NetworkOptions(size=16, width=16, latent=4)


def squares(noise: torch.Tensor, size: int = 16) -> torch.Tensor:
    """Grey pictures with a square: how light, how large, where, `(N, 3, size, size)` uint8."""
    light, large, x, y = noise.clamp(-2, 2).mul(0.25).T[:, :, None, None]
    at = torch.linspace(-1, 1, size)
    within = (at[None, :] - x).abs().maximum((at[:, None] - y).abs()) < 0.5 + 0.3 * large
    grey = torch.where(within, 200 + 80 * light, 60.0)
    return grey.round().byte()[:, None].repeat(1, 3, 1, 1)


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    noise, same = torch.randn(500, 4, generator=torch.Generator().manual_seed(0)), torch.eye(4)
    file = {
        "noise": noise,
        "pictures": squares(noise, 32),
        "hidden.weight": torch.cat([same, -same]),
        "hidden.bias": torch.zeros(8),
        "codes.weight": torch.cat([same, -same], dim=1).contiguous(),
        "codes.bias": torch.full((4,), 0.1),
    }
    save_file(file, tmp_path / "taught.st")
    return tmp_path / "taught.st"


@pytest.fixture
def real(tmp_path: Path) -> str:
    (tmp_path / "real").mkdir()
    for number in range(120):
        picture = tiny.photo(number, 16, 16)
        PIL.Image.fromarray(picture).save(tmp_path / "real" / f"{number}.png")
    return str(tmp_path / "real")


def test_pictures_come_at_the_size_of_the_generator(lesson: Path) -> None:
    teacher = Teacher(lesson, SMALL)
    noise, pictures = teacher.lesson(7, np.random.default_rng(0))
    assert noise.shape == (7, 4)
    assert pictures.shape == (7, 3, 16, 16)
    assert (pictures.float() - squares(noise).float()).abs().mean() < 12


def test_a_mapping_network_begins_as_that_of_its_teacher(lesson: Path, real: str) -> None:
    given = GenerateTraining(data=(real,), network=SMALL, feature_weight=0.0, teacher=lesson)
    generator = GenerateTask(given).build().generators[GENERATOR]
    assert isinstance(generator, StyleGenerator)
    stored, noise = load_file(lesson), torch.randn(6, 4)
    hidden = F.linear(noise, stored["hidden.weight"], stored["hidden.bias"])
    wanted = F.linear(F.leaky_relu(hidden, 0.2), stored["codes.weight"], stored["codes.bias"])
    assert torch.allclose(generator.codes(noise), wanted, atol=1e-5)


@pytest.mark.parametrize(("kind", "grows"), [("none", False), ("none", True), ("hinge", False)])
def test_pictures_of_a_teacher_are_drawn_again(
    lesson: Path, real: str, tmp_path: Path, kind: str, grows: bool
) -> None:
    given = GenerateTraining(
        data=(real,), network=SMALL, batch=16, feature_weight=0.0, teacher=lesson,
        augmentation="never", adversarial=kind, pixel_weight=1e-3, progressive=grows,
    )  # fmt: skip
    task = GenerateTask(given)
    config = tiny.config(
        tmp_path / "run", steps=250, learning_rate=1e-2, optimizer="adam", betas=(0.0, 0.99),
        clip=0.0, log_every=25,
    )  # fmt: skip
    drawer = train(task, config)[GENERATOR]
    assert isinstance(drawer, StyleGenerator)
    unseen = torch.randn(100, 4, generator=torch.Generator().manual_seed(1))
    wanted = squares(unseen).float() / 255
    with torch.no_grad():
        drawn = drawer(drawer.spread(drawer.codes(unseen)), drawer.draw_noise(100))
    usual = (wanted - wanted.mean(dim=0)).square().mean()
    # The mean picture would be as far off as usual.
    assert (drawn - wanted).square().mean() < 0.5 * usual
    told = (tmp_path / "run" / "log.csv").read_text().splitlines()[0]
    assert "reconstruction" in told
    assert ("critic_pixels" in told) == (kind != "none")


def test_files_that_teach_nothing(lesson: Path, tmp_path: Path) -> None:
    (tmp_path / "text.st").write_text("none")
    with pytest.raises(TrainingError, match=r"text.st: not a safetensors file of noise, pict"):
        Teacher(tmp_path / "text.st", SMALL)
    with pytest.raises(TrainingError, match="give --latent 4"):
        Teacher(lesson, NetworkOptions(size=16, latent=8))
    odd = {**load_file(lesson), "noise": torch.zeros(5, 4)}
    save_file(odd, tmp_path / "odd.st")
    with pytest.raises(TrainingError, match="not of one number"):
        Teacher(tmp_path / "odd.st", SMALL)
    odd = {**load_file(lesson), "hidden.weight": torch.zeros(5, 4)}
    save_file(odd, tmp_path / "odd.st")
    with pytest.raises(TrainingError, match="not of 4, 8 and 4 neurons"):
        Teacher(tmp_path / "odd.st", SMALL)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"adversarial": "none"}, "nothing would be learned; give --teacher or --recon"),
        (
            {"teacher": Path("a"), "network": NetworkOptions(architecture="resnet")},
            "--teacher goes with --architecture stylegan",
        ),
        (
            {"teacher": Path("a"), "adversarial": "none", "reconstruction_weight": 0.0},
            "nothing would be learned",
        ),
        ({"teacher": Path("a"), "classes_from_folders": True}, "--teacher goes without classes"),
        ({"teacher": Path("a"), "network": NetworkOptions(codes="3x10")}, "without --codes"),
        (
            {"reconstruction_weight": 1.0, "network": NetworkOptions(codes="3x10")},
            "--reconstruction-weight goes with --architecture stylegan, without --codes",
        ),
    ],
)
def test_what_a_teacher_goes_with(given: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        GenerateTraining(data=("a",), feature_weight=0.0, **given)  # type: ignore[arg-type]
