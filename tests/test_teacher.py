"""An upscaler that learns from another one's guesses besides the truth."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import tiny
import torch
import torch.nn.functional as F

from ganedit import weights
from ganedit.errors import UsageError
from ganedit.tasks.upscale.options import NetworkOptions
from ganedit.tasks.upscale.training import TEACHER_SHARE, UpscaleTask, guess_turned
from ganedit.training.state import to_device
from ganedit.training.task import GENERATOR, Networks, Step

MakeTask = Callable[..., UpscaleTask]


@pytest.fixture
def teacher(tmp_path: Path) -> str:
    """The file of an untrained network that does more than bicubic interpolation."""
    return save(tmp_path / "teacher.safetensors", tiny.NETWORK)


def save(path: Path, options: NetworkOptions) -> str:
    network = tiny.network(3, options, tail=5.0)
    weights.save(network, path, task="upscale", options=asdict(options), exact=True)
    return str(path)


def test_target_lies_between_the_truth_and_the_guess(make_task: MakeTask, teacher: str) -> None:
    task = make_task(teacher=teacher, pixel_loss="l2")
    batch = to_device(task.batches(0, 0)[0], tiny.CPU)
    torch.manual_seed(0)
    taught = guess_turned(tiny.network(3, tail=5.0), batch["low"])
    target = batch["high"] + TEACHER_SHARE * (taught - batch["high"])
    networks = Networks({GENERATOR: tiny.network()})

    def loss(fakes: torch.Tensor) -> float:
        torch.manual_seed(0)
        (term,) = task.generator_loss(tiny.look(networks, batch, fakes)).values()
        return float(term)

    assert loss(target) == pytest.approx(0, abs=1e-12)
    assert loss(batch["high"]) == pytest.approx(float(F.mse_loss(target, batch["high"])), rel=1e-4)
    assert loss(batch["high"]) > 1e-6


def test_guesses_are_turned_back() -> None:
    """Interpolation is the same whichever way a picture is turned; every draw has to show it."""
    low = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(0))

    def enlarge(x: torch.Tensor) -> torch.Tensor:
        return F.interpolate(x, scale_factor=4, mode="bilinear")

    for seed in range(24):
        torch.manual_seed(seed)
        torch.testing.assert_close(guess_turned(enlarge, low), enlarge(low))


def test_all_eight_ways_are_drawn() -> None:
    low = torch.arange(16.0).view(1, 1, 4, 4)
    seen = set()

    def look(x: torch.Tensor) -> torch.Tensor:
        seen.add(tuple(x.flatten().tolist()))
        return x

    for seed in range(100):
        torch.manual_seed(seed)
        guess_turned(look, low)
    assert len(seen) == 8


def test_teacher_learns_nothing(make_task: MakeTask, teacher: str) -> None:
    task = make_task(teacher=teacher)
    assert task.teacher is not None
    batch = to_device(task.batches(0, 0)[0], tiny.CPU)
    networks = task.build()
    assert networks["teacher"] is task.teacher
    sum(task.generator_loss(Step(networks, batch, 0, 0.0, task.generate)).values()).backward()
    assert all(p.grad is None for p in task.teacher.parameters())
    assert networks[GENERATOR].tail.weight.grad.abs().sum() > 0


def test_teacher_of_another_scale_is_refused(make_task: MakeTask, tmp_path: Path) -> None:
    other = save(tmp_path / "x2.safetensors", NetworkOptions(scale=2, width=8, blocks=1))
    with pytest.raises(UsageError, match=r"enlarges x2, the network to be trained x4"):
        make_task(teacher=other)


def test_adversarial_phase_has_no_teacher(make_task: MakeTask, teacher: str) -> None:
    with pytest.raises(UsageError, match="only the fidelity phase"):
        make_task("adversarial", teacher=teacher)
