"""One training step: who moves, by which gradients, and what stops it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import tiny
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.errors import NonFiniteError
from ganedit.tasks.upscale.options import NetworkOptions
from ganedit.tasks.upscale.training import UpscaleTask
from ganedit.training.config import TrainingConfig
from ganedit.training.distributed import Ranks
from ganedit.training.state import State, to_device
from ganedit.training.step import training_step
from ganedit.training.task import GENERATOR, Networks

KINDS = ("non-saturating", "least-squares", "hinge", "wasserstein", "relativistic")
MakeTask = Callable[..., UpscaleTask]


@pytest.fixture
def config(tmp_path: object) -> TrainingConfig:
    return tiny.config(tmp_path, warmup=0)


def begin(task: UpscaleTask, config: TrainingConfig) -> State:
    torch.manual_seed(0)
    return State.fresh(task.build(), replace(config, steps=100))


def batch_of(task: UpscaleTask, number: int = 0) -> dict[str, Tensor]:
    return to_device(task.batches(0, 0)[number], tiny.CPU)


def step(task: UpscaleTask, state: State, config: TrainingConfig, *batches: dict) -> dict:
    return training_step(task, state, batches, config, torch.float32, Ranks())


def watch(state: State, monkeypatch: pytest.MonkeyPatch) -> list[tuple[set[str], set[str]]]:
    """At each network's update: which networks hold gradients, and which of them it changes."""
    seen: list[tuple[set[str], set[str]]] = []
    networks = state.networks.trained

    def wrap(optimizer: torch.optim.Optimizer) -> None:
        original = optimizer.step

        def observed() -> None:
            before = {name: tiny.state_of(net) for name, net in networks.items()}
            graded = {
                n
                for n, net in networks.items()
                if any(p.grad is not None for p in net.parameters())
            }
            original()
            changed = {
                name
                for name, net in networks.items()
                if any(not torch.equal(before[name][n], p) for n, p in net.named_parameters())
            }
            seen.append((graded, changed))

        monkeypatch.setattr(optimizer, "step", observed)

    for optimizers in state.optimizers.values():
        wrap(optimizers[-1])  # Adam, which every network has
    return seen


@pytest.mark.parametrize("kind", ["relativistic", "wasserstein"])
def test_each_network_learns_from_its_own_loss_only(
    make_task: MakeTask, config: TrainingConfig, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = make_task("adversarial", adversarial=kind)
    state = begin(task, config)
    seen = watch(state, monkeypatch)
    for number in range(2):
        step(task, state, config, batch_of(task, number))
    assert seen == [({"generator"}, {"generator"}), ({"critic"}, {"critic"})] * 2


def test_feature_network_is_never_trained(make_task: MakeTask, config: TrainingConfig) -> None:
    task = make_task("adversarial")
    state, before = begin(task, config), tiny.state_of(task.sight.vgg)
    step(task, state, config, batch_of(task))
    assert all(torch.equal(before[name], p) for name, p in task.sight.vgg.named_parameters())


def test_one_batch_can_be_overfitted(make_task: MakeTask, tmp_path: object) -> None:
    task = make_task(network=NetworkOptions(4, 16, 1), batch=1)
    config = tiny.config(tmp_path, warmup=5, learning_rate=1e-3)
    state, batch = begin(task, config), batch_of(task)
    bicubic = F.interpolate(batch["low"], scale_factor=4, mode="bicubic")
    yardstick = float(F.l1_loss(bicubic, batch["high"]))
    for _ in range(100):
        terms = step(task, state, config, batch)
    assert float(terms["pixel_l1"]) < 0.5 * yardstick


def test_generator_learns_to_please_the_critic(make_task: MakeTask, tmp_path: object) -> None:
    task = make_task("adversarial", pixel_weight=0.0, perceptual_weight=0.0, adversarial_weight=1.0)
    config = tiny.config(tmp_path, warmup=0, learning_rate=1e-3, critic_learning_rate=0.0)
    state, batch = begin(task, config), batch_of(task)
    losses = [float(step(task, state, config, batch)["adversarial"]) for _ in range(10)]
    assert losses[-1] < losses[0]


def test_without_an_adversarial_weight_there_is_no_critic(
    make_task: MakeTask, config: TrainingConfig
) -> None:
    task = make_task("adversarial", adversarial_weight=0.0)
    state = begin(task, config)
    assert not state.networks.critics
    assert step(task, state, config, batch_of(task)).keys() == {"pixel", "grid", "perceptual"}


def test_critic_learns_to_tell_real_from_fake(make_task: MakeTask, tmp_path: object) -> None:
    task = make_task("adversarial", penalty_weight=0.0)
    config = tiny.config(tmp_path, warmup=0, learning_rate=0.0, critic_learning_rate=1e-3)
    state, batch = begin(task, config), batch_of(task)
    losses = [float(step(task, state, config, batch)["critic"]) for _ in range(10)]
    assert losses[-1] < losses[0]


def test_in_its_lead_only_the_critic_learns(make_task: MakeTask, tmp_path: object) -> None:
    task = make_task("adversarial")
    config = tiny.config(tmp_path, warmup=0, critic_lead=2)
    state, batch = begin(task, config), batch_of(task)
    before = [p.clone() for p in state.networks[GENERATOR].parameters()]
    for moved in (False, False, True):
        critic = state.networks["critic"]
        verdict = [p.clone() for p in critic.parameters()]
        terms = step(task, state, config, batch)
        assert "critic" in terms
        assert ("pixel" in terms) == moved
        assert any(not torch.equal(p, q) for p, q in zip(verdict, critic.parameters(), strict=True))
        pairs = zip(before, state.networks[GENERATOR].parameters(), strict=True)
        assert any(not torch.equal(p, q) for p, q in pairs) == moved


@pytest.mark.parametrize(
    ("kind", "critic"),
    [*((kind, "unet") for kind in KINDS), ("hinge", "patch"), ("wasserstein", "patch")],
)
def test_every_adversarial_kind_trains_with_its_penalty(
    make_task: MakeTask, config: TrainingConfig, kind: str, critic: str
) -> None:
    task = make_task("adversarial", adversarial=kind, critic=critic, penalty_every=2)
    state = begin(task, config)
    rows = [step(task, state, config, batch_of(task, number)) for number in range(3)]
    assert [row.get("penalty", torch.tensor(0.0)) > 0 for row in rows] == [True, False, True]
    assert {"pixel", "grid", "perceptual", "adversarial", "critic"} <= rows[0].keys()
    assert all(value.isfinite() for row in rows for value in row.values())


def test_lazy_penalty_weighs_as_much_as_a_steady_one(
    make_task: MakeTask, config: TrainingConfig
) -> None:
    first = {}
    for every in (1, 8):
        task = make_task("adversarial", penalty_every=every)
        first[every] = float(step(task, begin(task, config), config, batch_of(task))["penalty"])
    assert first[8] == pytest.approx(8 * first[1], rel=1e-4)


@pytest.mark.parametrize("phase", ["fidelity", "adversarial"])
def test_accumulated_batches_weigh_as_one_large_batch(
    make_task: MakeTask, config: TrainingConfig, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The perceptual loss looks from a random place, another for each batch.
    monkeypatch.setattr(torch, "randint", lambda *_: torch.tensor([3, 5]))
    task, gradients = make_task(phase), []
    batches = [batch_of(task, number) for number in (0, 1)]
    large = {name: torch.cat([batch[name] for batch in batches]) for name in batches[0]}
    for group in (batches, [large]):
        state = begin(task, config)
        network = state.networks[GENERATOR]
        (optimizer,) = state.optimizers[GENERATOR]
        monkeypatch.setattr(
            optimizer,
            "step",
            lambda n=network: gradients.append([p.grad.clone() for p in n.parameters()]),
        )
        step(task, state, config, *group)
    for apart, together in zip(*gradients, strict=True):
        torch.testing.assert_close(apart, together, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("name", ["generator_loss", "critic_loss"])
def test_infinite_objective_stops_before_it_updates_its_network(
    make_task: MakeTask, config: TrainingConfig, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = make_task("adversarial")
    state, original = begin(task, config), getattr(task, name)

    def broken(*args: object) -> dict[str, Tensor]:
        terms = original(*args)
        return {**terms, "culprit": next(iter(terms.values())) * torch.inf}

    monkeypatch.setattr(task, name, broken)
    network = state.networks[GENERATOR if name == "generator_loss" else "critic"]
    before = tiny.state_of(network)
    with pytest.raises(NonFiniteError, match="step 0: culprit became"):
        step(task, state, config, batch_of(task))
    assert all(torch.equal(before[n], p) for n, p in network.named_parameters())


def test_gradients_are_clipped(make_task: MakeTask, tmp_path: object) -> None:
    task, norms = make_task(), {}
    for clip in (1e-3, 0.0):
        state = begin(task, tiny.config(tmp_path, clip=clip))
        parameters = list(state.networks[GENERATOR].parameters())

        def measure(clip: float = clip, parameters: list = parameters) -> None:
            norms[clip] = float(torch.cat([p.grad.flatten() for p in parameters]).norm())

        state.optimizers[GENERATOR][0].step = measure
        step(task, state, tiny.config(tmp_path, clip=clip), batch_of(task))
    assert norms[1e-3] == pytest.approx(1e-3, rel=1e-3)
    assert norms[0.0] > 1e-2


def test_average_follows_closely_at_first_and_slowly_later(tmp_path: object) -> None:
    network, config = nn.Conv2d(1, 1, 1, bias=False), tiny.config(tmp_path, ema=0.9)
    state = State.fresh(Networks({GENERATOR: network}), config)
    averaged = state.averaged[GENERATOR].weight

    def share_taken() -> float:
        """How far one update moves the average from 0 towards a weight of 1."""
        averaged.data.zero_()
        network.weight.data.fill_(1)
        state.update_average(config)
        return float(averaged.detach())

    # The first update of all copies the network: there is no average yet.
    assert share_taken() == 1
    state.step = 8
    assert share_taken() == pytest.approx(0.5)
    state.step = 10_000
    assert share_taken() == pytest.approx(0.1)


def test_rates_warm_up_and_fall_to_zero(tmp_path: object) -> None:
    config = tiny.config(tmp_path, warmup=10, learning_rate=2.0, steps=100)
    state = State.fresh(Networks({GENERATOR: nn.Conv2d(3, 3, 1)}), config)
    rates = []
    for state.step in range(101):
        state.set_rates(config)
        rates.append(state.rate)
    assert rates[0] == pytest.approx(0.2)
    assert rates.index(max(rates)) == 9
    assert rates[50] == pytest.approx(1.0)
    assert rates[100] == 0
    assert rates[9:] == sorted(rates[9:], reverse=True)


def test_augmented_critic_sees_real_and_fake_through_one_draw(make_task: MakeTask) -> None:
    task, seen = make_task("adversarial", augment=True, penalty_weight=0.0), []

    class Recorder(nn.Module):
        def forward(self, pictures: Tensor) -> Tensor:
            seen.append(pictures)
            return pictures.mean((1, 2, 3))

    networks = Networks({GENERATOR: nn.Identity()}, {"critic": Recorder()})
    batch = batch_of(task)
    task.critic_loss(tiny.look(task, networks, batch, batch["high"]))
    task.generator_loss(tiny.look(task, networks, batch, batch["high"]))
    assert len(seen) == 4
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[2], seen[3])
    assert all(not torch.equal(pictures, batch["high"]) for pictures in seen)


def test_rates_begin_to_fall_when_the_lead_is_over(tmp_path: object) -> None:
    config = tiny.config(tmp_path, warmup=1, learning_rate=2.0, steps=100, critic_lead=20)
    critics = {"critic": nn.Conv2d(3, 1, 1)}
    state = State.fresh(Networks({GENERATOR: nn.Conv2d(3, 3, 1)}, critics), config)
    rates = []
    for state.step in range(101):
        state.set_rates(config)
        rates.append(state.rate)
    assert rates[20] == 2.0
    assert rates[60] == pytest.approx(1.0)
    assert rates[100] == pytest.approx(0)
    (critic,) = state.optimizers["critic"]
    assert critic.param_groups[0]["lr"] == config.critic_learning_rate


def test_labels_stay_labels_and_pictures_become_shares_of_white() -> None:
    moved = to_device(
        {
            "picture": torch.full((2, 3, 4, 4), 51, dtype=torch.uint8),
            "label": torch.tensor([3, 200], dtype=torch.uint8),
            "vector": torch.ones(2, 5),
            "segments": torch.ones(2, 1, 4, 4, dtype=torch.int64),
        },
        tiny.CPU,
    )
    assert moved["picture"].unique().tolist() == pytest.approx([0.2])
    assert moved["label"].tolist() == [3, 200]
    assert moved["label"].dtype == torch.uint8
    assert moved["vector"].dtype == torch.float32
    assert moved["segments"].dtype == torch.int64
