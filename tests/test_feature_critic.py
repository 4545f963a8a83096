"""An upscaler's critic that sees what a feature network sees."""

from collections.abc import Callable

import pytest
import tiny
import torch

from ganedit.nets.critics import FeatureCritic
from ganedit.tasks.upscale import training
from ganedit.tasks.upscale.training import UpscaleTask
from ganedit.training.state import to_device
from ganedit.training.task import GENERATOR, Step

MakeTask = Callable[..., UpscaleTask]


@pytest.fixture
def task(make_task: MakeTask, monkeypatch: pytest.MonkeyPatch) -> UpscaleTask:
    """One whose feature network has two layers, of which the critic looks at the second."""
    monkeypatch.setattr(training, "LAYERS", {"first": 0, "second": 1})
    monkeypatch.setattr(training, "CHANNELS", {"first": 8, "second": 8})
    monkeypatch.setattr(training, "FEATURES", ("second",))
    return make_task("adversarial", critic="features", adversarial_weight=1.0)


def test_both_sides_learn_through_features(task: UpscaleTask) -> None:
    networks = task.build()
    critic, generator = networks["critic"], networks[GENERATOR]
    assert isinstance(critic, FeatureCritic)
    batch = to_device(task.batches(0, 0)[0], tiny.CPU)
    torch.manual_seed(0)
    losses = task.generator_loss(Step(networks, batch, 0, 0.0, task.generate))
    losses["adversarial"].backward()
    assert generator.tail.weight.grad.abs().sum() > 0
    critic.zero_grad()
    fakes = {"high": task.generate(Step(networks, batch, 0, 0.0, task.generate))["high"].detach()}
    told = task.critic_loss(Step(networks, batch, 0, 0.0, lambda step: fakes))
    assert set(told) == {"critic"}
    told["critic"].backward()
    assert all(p.grad is not None for p in critic.parameters())


def test_a_critic_of_features_learns_to_tell(task: UpscaleTask) -> None:
    networks = task.build()
    batch = to_device(task.batches(0, 0)[0], tiny.CPU)
    soft = {"high": torch.nn.functional.avg_pool2d(batch["high"], 5, 1, 2)}
    optimizer = torch.optim.Adam(networks["critic"].parameters(), 3e-3)
    values = []
    for number in range(90):
        torch.manual_seed(number)
        (loss,) = task.critic_loss(Step(networks, batch, number, 0.0, lambda _: soft)).values()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(float(loss.detach()))
    assert sum(values[-5:]) < 0.6 * sum(values[:5])
