"""An upscaler's critic that sees what a feature network sees."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import tiny
import torch

from ganedit.nets.backbone import Backbone, Scale
from ganedit.nets.critics import FeatureCritic
from ganedit.tasks.upscale import training
from ganedit.tasks.upscale.training import UpscaleTask
from ganedit.training.sight import Sight
from ganedit.training.state import to_device
from ganedit.training.task import GENERATOR, Step

MakeTask = Callable[..., UpscaleTask]


@pytest.fixture
def task(make_task: MakeTask, monkeypatch: pytest.MonkeyPatch) -> UpscaleTask:
    """One whose feature network has two layers, of which the critic looks at the second."""
    monkeypatch.setattr(training, "JUDGED", ("second",))
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
    drawn = task.generate(Step(networks, batch, 0, 0.0, task.generate))
    fakes = {name: each.detach() for name, each in drawn.items()}
    told = task.critic_loss(Step(networks, batch, 0, 0.0, lambda step: fakes))
    assert set(told) == {"critic"}
    told["critic"].backward()
    assert all(p.grad is not None for p in critic.parameters())


def test_a_critic_of_features_learns_to_tell(task: UpscaleTask) -> None:
    networks = task.build()
    batch = to_device(task.batches(0, 0)[0], tiny.CPU)
    soft = torch.nn.functional.avg_pool2d(batch["high"], 5, 1, 2)
    optimizer = torch.optim.Adam(networks["critic"].parameters(), 3e-3)
    values = []
    for number in range(90):
        torch.manual_seed(number)
        (loss,) = task.critic_loss(tiny.look(task, networks, batch, soft)).values()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(float(loss.detach()))
    assert sum(values[-5:]) < 0.6 * sum(values[:5])


def test_looks_bound_what_vgg19_sees_and_not_what_a_backbone_does(task: UpscaleTask) -> None:
    few = UpscaleTask(replace(task.training, looks=1))
    batch = to_device(task.batches(0, 0)[0], tiny.CPU)
    seen = few.looked_at(Step(few.build(), batch, 0, 0.0, few.generate), batch["high"])
    assert len(batch["high"]) > 1
    assert {len(seen[f"{kind} 0"]) for kind in ("seen", "wanted", "fake", "real")} == {1}
    backbone = Backbone(tiny.Features(), [Scale("first", 8, 1), Scale("second", 8, 2)])
    sight = Sight(few.sight.vgg, 1, backbone=backbone)
    seen = sight.see(batch["high"], batch["high"], lambda pictures: pictures)
    assert [len(seen[f"{kind} 1"]) for kind in ("seen", "fake", "real")] == [
        1,
        *[len(batch["high"])] * 2,
    ]
    assert sight.frozen.keys() == {"vgg", "backbone"}
    assert len(sight.critic().heads) == 2
