"""A task of another kind than the three trains, resumes and is scored on the same core."""

import csv
from pathlib import Path

import pytest
import tiny
import torch
from toy_generator import ToyTask

from ganedit.training.distributed import Ranks
from ganedit.training.loop import train
from ganedit.training.state import State, to_device
from ganedit.training.step import training_step


def test_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    changes = {"steps": 14, "evaluate_every": 4, "critic_lead": 3, "accumulate": 2}
    train(ToyTask(), tiny.config(whole, **changes))
    train(ToyTask(), tiny.config(broken, **changes), stop_at=7)
    torch.manual_seed(999)
    resumed = {**changes, "resume": True, "steps": None}
    train(ToyTask(), tiny.config(broken, **resumed))
    ours, theirs = (
        tiny.tensors({k: tiny.checkpoint(out)[k] for k in tiny.COMPARED}) for out in (whole, broken)
    )
    assert any("pools" in n and "label" in n for n in ours), "labels beside pictures"
    assert not [name for name, value in ours.items() if not torch.equal(value, theirs[name])]


def test_phases_take_their_turns_and_move_their_own_networks(tmp_path: Path) -> None:
    task, config = ToyTask(), tiny.config(tmp_path, warmup=0, steps=100)
    torch.manual_seed(0)
    state = State.fresh(task.build(), config, task.pool)
    turns = {"whole": [], "penalty": [], "generator_half": []}
    for number in range(13):
        before = {n: tiny.state_of(net) for n, net in state.networks.trained.items()}
        batch = to_device(task.batches(0, 0)[number], tiny.CPU)
        terms = training_step(task, state, [batch], config, torch.float32, Ranks())
        for name in turns.keys() & terms.keys():
            turns[name].append(number)
        moved = {
            n
            for n, net in state.networks.trained.items()
            if any(not torch.equal(before[n][k], p) for k, p in net.named_parameters())
        }
        learned = {"whole", "half"} | ({"generator"} if "generator_half" in terms else set())
        assert moved == learned
    assert turns == {
        "whole": list(range(13)), "penalty": [0, 4, 8, 12], "generator_half": [3, 6, 9, 12],
    }  # fmt: skip
    assert state.images == 13 * 8


def test_it_learns(tmp_path: Path) -> None:
    config = tiny.config(
        tmp_path, steps=120, warmup=0, learning_rate=3e-2, critic_learning_rate=1e-2,
        evaluate_every=40, sample_every=600, ema=0.9,
    )  # fmt: skip
    train(ToyTask(), config)
    with (tmp_path / "log.csv").open(newline="") as file:
        errors = [float(r["held-out error"]) for r in csv.DictReader(file) if r["held-out error"]]
    assert len(errors) == 4
    assert errors[-1] < 0.8 * errors[0]


def test_fakes_of_a_penalty_are_not_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, config, calls = ToyTask(), tiny.config(tmp_path, steps=100), []
    original = task.generate
    monkeypatch.setattr(task, "generate", lambda step: calls.append(step.number) or original(step))
    state = State.fresh(task.build(), config, task.pool)
    for _ in range(4):
        batch = to_device(task.batches(0, 0)[0], tiny.CPU)
        training_step(task, state, [batch], config, torch.float32, Ranks())
    # Once for both critics of a step, once more with gradients for the generator.
    assert calls == [0, 1, 2, 3, 3]
