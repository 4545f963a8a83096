"""The variants of training a generator: that each piece does what it is for, and what it learns."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapes
import tiny
import torch
from torch import Tensor, nn

from ganedit.data.augment import augmented
from ganedit.errors import TrainingError, UsageError
from ganedit.nets.critics import ResidualCritic
from ganedit.tasks.generate.architectures import new_generator
from ganedit.tasks.generate.data import GenerateBatches, classes_in
from ganedit.tasks.generate.dials import dials_of
from ganedit.tasks.generate.growth import Stage, shrunk, stage_at
from ganedit.tasks.generate.network import Generator
from ganedit.tasks.generate.options import NetworkOptions
from ganedit.tasks.generate.recognising import Recogniser
from ganedit.tasks.generate.regularizers import Adaptive, PathLength
from ganedit.tasks.generate.training import GenerateTask
from ganedit.tasks.generate.training_options import GenerateTraining
from ganedit.training.loop import train
from ganedit.training.task import GENERATOR

SMALL: dict[str, Any] = {"size": 16, "width": 16, "latent": 8}
Train = Callable[..., tuple[Generator, dict[str, list[float]]]]


def draw(generator: Generator, count: int, **dials: Tensor) -> np.ndarray:
    """Pictures `(N, S, S, 3)` in [0, 255]; of `dials`, the value for each."""
    source = torch.Generator().manual_seed(1)
    noise = torch.randn(count, generator.options.latent, generator=source)
    for number in range(count):
        values = {name: float(each[number]) for name, each in dials.items()}
        noise[number : number + 1] = generator.dialled(noise[number : number + 1], values)
    labels = None
    if generator.options.classes:
        labels = torch.arange(count) % len(generator.options.classes)
    with torch.no_grad():
        codes = generator.spread(generator.codes(noise, labels))
        pictures = generator(codes, generator.draw_noise(count, source)).clamp(0, 1)
    return (255 * pictures).permute(0, 2, 3, 1).numpy()


@pytest.fixture
def trained(tmp_path: Path) -> Train:
    """Trains a small generator on shapes, and returns it with the columns of its log."""

    def run(steps: int, side: int = 16, network: Any = None, seed: int = 0, **changes: Any) -> Any:
        data = shapes.save_shapes(tmp_path / f"shapes{side}", side=side)
        options = GenerateTraining(
            data=(str(data),),
            network=NetworkOptions(**{**SMALL, "size": side, **(network or {})}),
            **{"batch": 8, "feature_weight": 0.0, "augmentation": "never", "no_mirror": True,
               **changes},
        )  # fmt: skip
        folder = tmp_path / f"run{len(list(tmp_path.iterdir()))}"
        config = tiny.config(
            folder, steps=steps, seed=seed, held_out=0.2, evaluate_every=max(1, steps // 4),
            log_every=max(1, steps // 4), learning_rate=2e-3, critic_learning_rate=1e-3, ema=0.9,
            optimizer="adam", betas=(0.0, 0.99), clip=0.0,
        )  # fmt: skip
        generator = train(GenerateTask(options), config)[GENERATOR].eval()
        heads, *rows = (line.split(",") for line in (folder / "log.csv").read_text().splitlines())
        columns = {
            head: [float(row[place]) for row in rows if row[place]]
            for place, head in enumerate(heads)
        }
        return generator, columns

    return run


# --- networks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["stylegan", "resnet", "dcgan"])
def test_every_architecture_draws_each_picture_by_itself(architecture: str) -> None:
    torch.manual_seed(0)
    network = new_generator(
        NetworkOptions(**SMALL, architecture=architecture, classes=("a", "b"))
    ).eval()
    pictures = draw(network, 4)
    assert pictures.shape == (4, 16, 16, 3)
    codes = network.codes(torch.randn(3, 8), torch.tensor([0, 1, 1]))
    noise = network.draw_noise(1)
    together = network(network.spread(codes), noise)
    alone = network(network.spread(codes[1:2]), noise)
    assert torch.allclose(together[1:2], alone, atol=1e-5)
    assert network.first_weights().shape[1] == 8


def test_a_residual_critic_takes_smaller_pictures_and_fades_them_in() -> None:
    torch.manual_seed(0)
    critic = ResidualCritic(32, width=8, classes=2)
    labels = torch.tensor([0, 1])
    for side in (8, 16, 32):
        assert critic(torch.rand(2, 3, side, side), labels).shape == (2, 1)
    pictures = torch.rand(2, 3, 32, 32)
    smaller = torch.nn.functional.avg_pool2d(pictures, 2)
    unseen = critic(pictures, labels, fade=0.0)
    assert torch.allclose(unseen, critic(smaller, labels), atol=1e-6)
    assert not torch.allclose(unseen, critic(pictures, labels), atol=1e-4)
    assert not torch.allclose(critic(pictures, labels), critic(pictures, labels.flip(0)))


# --- growing ----------------------------------------------------------------------------------


def test_a_run_grows_from_small_to_whole() -> None:
    stages = [stage_at(done / 100, 64) for done in range(101)]
    assert [stage.side for stage in (stages[0], *stages[-40:])] == [8, *[64] * 40]
    assert {stage.side for stage in stages} == {8, 16, 32, 64}
    assert all(one.side <= other.side for one, other in pairwise(stages))
    assert stages[-1].fade == 1
    for side in (16, 32, 64):
        fades = [stage.fade for stage in stages if stage.side == side]
        assert fades[0] < 0.2
        assert fades == sorted(fades)
        assert fades[-1] == 1
    assert stage_at(0.0, 8) == Stage(8)


def test_what_is_not_faded_in_yet_is_not_seen() -> None:
    pictures = torch.rand(2, 3, 32, 32)
    assert shrunk(pictures, Stage(32)) is pictures
    assert shrunk(pictures, Stage(8)).shape == (2, 3, 8, 8)
    half = shrunk(pictures, Stage(16, 0.5))
    coarse, fine = shrunk(pictures, Stage(16, 0.0)), shrunk(pictures, Stage(16))
    assert torch.allclose(half, (coarse + fine) / 2, atol=1e-6)
    network = new_generator(NetworkOptions(**SMALL))
    codes, noise = network.spread(torch.randn(1, 8)), network.draw_noise(1)
    unfaded = network(codes, noise, 16, 0.0)
    smaller = network(codes, noise, 8)
    doubled = torch.nn.functional.interpolate(smaller, scale_factor=2, mode="bilinear")
    assert torch.allclose(unfaded, doubled, atol=1e-5)


def test_growing_gets_as_far(trained: Train) -> None:
    options: dict[str, Any] = {
        "side": 32, "critic": "residual", "adversarial": "non-saturating", "penalty_weight": 0.1,
    }  # fmt: skip
    # Of one such run to another it is .97 to 1.25 times as much.
    distances = []
    for progressive in (False, True):
        runs = [trained(40, seed=s, progressive=progressive, **options)[1] for s in range(3)]
        distances.append(np.mean([run["held-out kernel distance"] for run in runs], axis=0))
    assert distances[1][-1] < 1.1 * distances[0][-1]
    assert distances[1][-1] < 0.9 * distances[1][0]


# --- regularisation ---------------------------------------------------------------------------


class Linear(Generator):
    """Pictures are a matrix times the code."""

    def __init__(self, matrix: Tensor) -> None:
        super().__init__(NetworkOptions(**SMALL))
        self.matrix = nn.Parameter(matrix)

    def forward(self, codes: Tensor, *_: Any) -> Tensor:
        return (codes[:, 0] @ self.matrix).view(-1, 3, 16, 16)


def test_path_lengths_are_equal_where_pictures_change_equally() -> None:
    torch.manual_seed(0)
    even = torch.linalg.qr(torch.randn(768, 8))[0].T * 30
    uneven = even * torch.linspace(0.1, 1.9, 8)[:, None]
    found = []
    for matrix in (even, uneven):
        paths, generator = PathLength(), Linear(matrix)
        for _ in range(40):
            codes = torch.randn(16, 1, 8, requires_grad=True)
            penalty = paths(generator, codes, [])
        penalty.backward()
        assert generator.matrix.grad is not None
        found.append(float(penalty.detach()) / float(paths.mean) ** 2)
    # Equal steps make pictures change by the same but for chance: in eight dimensions a quarter.
    assert found[0] < 0.6 * found[1]


def test_augmentation_follows_how_sure_critics_are() -> None:
    adaptive = Adaptive()
    for _ in range(1000):
        adaptive.follow(torch.full((16, 1), 0.7), 0.5)
    assert adaptive.share == pytest.approx(0.32, abs=0.01)
    for _ in range(200):
        adaptive.follow(torch.linspace(0, 1, 16), 0.5)
    assert adaptive.share == pytest.approx(0.256, abs=0.01)
    pictures = torch.rand(64, 3, 16, 16)
    assert torch.equal(augmented(pictures, torch.zeros(())), pictures - 0.5 + 0.5)
    changed = (augmented(pictures, torch.tensor(0.2)) - pictures).abs().amax((1, 2, 3)) > 1e-3
    assert 0.3 < changed.float().mean() < 0.7  # 1 - 0.8³ is 0.49


# --- dials ------------------------------------------------------------------------------------


def test_dials_are_turned_in_the_noise() -> None:
    first, second, third = dials_of("1x3,2")
    assert [(d.name, d.start, d.end) for d in (first, second, third)] == [
        ("code1", 0, 3), ("code2", 3, 4), ("code3", 4, 5),
    ]  # fmt: skip
    noise = torch.randn(500, 8)
    assert torch.allclose(first.read(noise).sum(dim=1), torch.ones(500))
    assert first.read(noise).mean(0).min() > 0.25
    for dial in (first, second):
        assert torch.allclose(dial.signal(noise).mean(0), torch.zeros(()), atol=0.15)
        assert torch.allclose(dial.signal(noise).std(0), torch.ones(()), atol=0.15)
    # A continuous dial is anywhere equally often.
    assert torch.histc(second.read(noise), 4, -1, 1).min() > 90
    first.set(noise, 2)
    second.set(noise, -0.25)
    assert (first.read(noise)[:, 2] == 1).all()
    assert torch.allclose(second.read(noise), torch.tensor(-0.25))
    for dial, value in ((first, 3), (first, 0.5), (second, 1.2)):
        with pytest.raises(UsageError, match=f"--direction {dial.name}="):
            dial.set(noise, value)


@pytest.mark.parametrize("codes", ["x3", "3x", "3x1", "a", "1x3,,x"])
def test_codes_that_are_none(codes: str) -> None:
    with pytest.raises(UsageError, match="--codes"):
        NetworkOptions(**SMALL, codes=codes)


def test_a_reader_misses_less_what_it_reads_right() -> None:
    dials = dials_of("1x3,1")
    reader = Recogniser(16, 2, dials)
    classes, read = reader(torch.rand(5, 3, 16, 16))
    assert (classes.shape, read.shape) == ((5, 2), (5, 4))
    values = torch.cat([dial.read(torch.randn(5, 8)) for dial in dials], dim=1)
    right = torch.cat([20 * values[:, :3], values[:, 3:]], dim=1)
    assert reader.missed(right, values) < 0.01
    assert reader.missed(right.flip(0), values) > 0.1


def test_infogans_dials_find_the_factors(trained: Train) -> None:
    generator, columns = trained(200, network={"codes": "1x3", "latent": 16})
    chosen = torch.arange(90) % 3
    hues = np.array([shapes.hue_of(picture) for picture in draw(generator, 90, code1=chosen)])
    # Of log 3, which is 1.1 nats; of 90 pictures by chance .02.
    assert shapes.mutual_information(chosen.numpy(), hues) > 0.15
    assert columns["generator_codes"][-1] < 0.2 * columns["generator_codes"][0]


# --- adversaries ------------------------------------------------------------------------------


def test_a_wasserstein_critics_loss_follows_the_pictures(trained: Train) -> None:
    _, columns = trained(60, adversarial="wasserstein", critic_steps=2, network={"codes": ""})
    distance, critic = columns["held-out kernel distance"], columns["critic_pixels"]
    assert distance[-1] < distance[1]
    # Less negative: what it can still tell apart is less.
    assert critic[-1] > min(critic)


def test_classes_are_learned_from_a_reader(trained: Train) -> None:
    generator, columns = trained(
        120, classes_from_folders=True, conditioning="auxiliary", network={"latent": 16}
    )
    hues = np.array([shapes.hue_of(picture) for picture in draw(generator, 60)])
    assert shapes.mutual_information(np.arange(60) % 3, hues) > 0.4
    assert columns["generator_class"][-1] < 0.5 * columns["generator_class"][0]


def test_every_regulariser_takes_part(trained: Train) -> None:
    _, columns = trained(2, path_weight=2.0, augmentation="adaptive", critic="residual")
    assert {"paths", "penalty"} <= columns.keys()


# --- classes from a table, and what does not go together --------------------------------------


def test_classes_from_a_table(tmp_path: Path) -> None:
    data = shapes.save_shapes(tmp_path / "shapes", 120)
    table = tmp_path / "classes.csv"
    names = sorted(path.relative_to(data).as_posix() for path in data.rglob("*.png"))
    rows = [f"{name},{'red' if 'hue0' in name else 'other'}" for name in names]
    table.write_text("\n".join(["name,class", *rows]))
    given = GenerateTraining(
        data=(str(data),), labels=table, network=NetworkOptions(**SMALL), feature_weight=0
    )
    assert classes_in(given) == ("other", "red")
    batch = GenerateBatches(given, ("other", "red"), 0)[0]
    reds = [shapes.hue_of(p.permute(1, 2, 0).numpy()) == 0 for p in batch["picture"]]
    assert reds == [bool(label) for label in batch["label"]]
    table.write_text("\n".join(["name,class", *rows[:110]]))
    with pytest.warns(UserWarning, match=r"classes.csv: has no class for 10 of 120 pictures"):
        GenerateBatches(given, classes_in(given), 0).warn_of_few()
    table.write_text("name,class\nx.png,a\ny.png,b")
    with pytest.raises(TrainingError, match=r"names none of the pictures in --data; it names x\."):
        classes_in(given)
    table.write_text("\n".join(["name,class", *rows, "x.png,other"]))
    with pytest.warns(
        UserWarning, match=r"1 of the 121 .* that it names are not in --data, like x"
    ):
        classes_in(given)
    for wrong in ("name\nx.png", "name;class\nx.png;a", ""):
        table.write_text(wrong)
        with pytest.raises(TrainingError, match="not a CSV table: a line of headings, then"):
            classes_in(given)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"progressive": True, "critic": "patch"}, "--critic patch cannot grow"),
        ({"augmentation": "adaptive", "adversarial": "wasserstein"}, "--augmentation adaptive"),
        ({"progressive": True, "network": NetworkOptions(architecture="resnet")}, "--progressive"),
        ({"conditioning": "auxiliary"}, "--conditioning auxiliary is of classes"),
        ({"path_weight": 1.0, "network": NetworkOptions(architecture="dcgan")}, "--path-weight"),
        ({"mixing": 0.9, "network": NetworkOptions(architecture="dcgan")}, "--mixing"),
        (
            {
                "conditioning": "auxiliary",
                "classes_from_folders": True,
                "adversarial": "none",
                "reconstruction_weight": 10.0,
            },
            "--conditioning auxiliary: its reader learns with the critics",
        ),
        ({"feature_weight": 0.0, "pack": 2}, "--pack: with --feature-weight 0"),
        ({"feature_weight": 0.0, "zoom": 2.0}, "--zoom: with --feature-weight 0"),
        ({"feature_weight": 0.0, "backbone": "x"}, "--backbone: with --feature-weight 0"),
        ({"pixel_weight": 0.0, "penalty_weight": 1.0}, "--penalty-weight: with --pixel-weight 0"),
        (
            {"adversarial": "none", "reconstruction_weight": 1.0, "penalty_weight": 1.0},
            "--penalty-weight: is of critics, and there are none",
        ),
        ({"information_weight": 2.0}, "--information-weight: goes with --codes"),
    ],
)
def test_what_does_not_go_together(wrong: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        GenerateTraining(data=("x",), **wrong)
