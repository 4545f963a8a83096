"""Whole runs: resumed is uninterrupted, Ctrl-C saves, and what a run leaves in its folder."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny
import torch
from torch import Tensor

from ganedit import weights
from ganedit.errors import NonFiniteError, TrainingError, UsageError
from ganedit.options import declared
from ganedit.tasks.inpaint.options import InpaintTraining
from ganedit.tasks.translate.options import TranslateTraining
from ganedit.tasks.upscale.options import UpscaleTraining
from ganedit.tasks.upscale.training import UpscaleTask
from ganedit.training import loop, state
from ganedit.training.config import TrainingConfig
from ganedit.training.loop import train
from ganedit.training.task import GENERATOR, Networks

MakeTask = Callable[..., UpscaleTask]
VARIANTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "fidelity": ({}, {}),
    "accumulated": ({}, {"accumulate": 2}),
    "adversarial": ({"phase": "adversarial", "augment": True, "penalty_every": 2}, {}),
    "wasserstein": (
        {"phase": "adversarial", "adversarial": "wasserstein", "critic": "patch",
         "penalty_every": 2},
        {},
    ),
    "scored": ({}, {"held_out": 0.4, "evaluate_every": 2}),
}  # fmt: skip


def assert_same_run(a: Path, b: Path) -> None:
    """Bit for bit, everything that training goes on from."""
    first, second = ({k: tiny.checkpoint(out)[k] for k in tiny.COMPARED} for out in (a, b))
    ours, theirs = tiny.tensors(first), tiny.tensors(second)
    assert ours.keys() == theirs.keys()
    assert len(ours) > 20
    differing = [name for name, value in ours.items() if not torch.equal(value, theirs[name])]
    assert not differing


def interrupt_at(wanted: int) -> loop.Watcher:
    def progress(at: state.State, line: str | None) -> None:
        if at.step == wanted:
            os.kill(os.getpid(), signal.SIGINT)

    return progress


@pytest.mark.parametrize("variant", VARIANTS)
def test_resumed_equals_uninterrupted(make_task: MakeTask, tmp_path: Path, variant: str) -> None:
    options, changes = VARIANTS[variant]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train(make_task(**options), tiny.config(whole, **changes))
    with pytest.raises(KeyboardInterrupt):
        train(make_task(**options), tiny.config(broken, **changes), progress=interrupt_at(2))
    assert 2 <= tiny.checkpoint(broken)["step"] < 6
    torch.manual_seed(999)  # whatever state the new process happens to be in
    seen: list[tuple[int, int, float]] = []
    train(
        make_task(**options),
        tiny.config(broken, resume=True, **changes),
        progress=lambda at, line: seen.append((at.step, at.images, at.done)),
    )
    assert seen[-1] == (6, 12 * changes.get("accumulate", 1), 1.0)
    assert len(seen) < 5, "it went on instead of beginning again"
    assert_same_run(whole, broken)


def test_ctrl_c_saves_once_and_leaves_the_handler(make_task: MakeTask, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(make_task(), tiny.config(tmp_path), progress=interrupt_at(1))
    assert signal.getsignal(signal.SIGINT) is before
    assert (tmp_path / weights.RUN_WEIGHTS).exists()
    assert not list(tmp_path.glob("*.part"))


def test_second_ctrl_c_stops_at_once(make_task: MakeTask, tmp_path: Path) -> None:
    def twice(at: state.State, line: str | None) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(make_task(), tiny.config(tmp_path), progress=twice)
    assert not (tmp_path / state.CHECKPOINT).exists()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_worker_process_prepares_the_same_batches(make_task: MakeTask, tmp_path: Path) -> None:
    for workers in (0, 1):
        train(make_task(model="photo"), tiny.config(tmp_path / str(workers), workers=workers))
    assert_same_run(tmp_path / "0", tmp_path / "1")


def test_seed_decides_the_run(make_task: MakeTask, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(make_task(), tiny.config(tmp_path / name, seed=seed, steps=2))
    assert_same_run(tmp_path / "a", tmp_path / "b")
    with pytest.raises(AssertionError):
        assert_same_run(tmp_path / "a", tmp_path / "c")


def test_nan_stops_the_run_and_keeps_the_checkpoint(make_task: MakeTask, tmp_path: Path) -> None:
    task = make_task()
    original, calls = task.generator_loss, []

    def fails_at_fourth(*args: Any) -> dict[str, Tensor]:
        calls.append(1)
        terms = original(*args)
        return terms if len(calls) < 4 else {name: term * torch.nan for name, term in terms.items()}

    task.generator_loss = fails_at_fourth
    with pytest.raises(NonFiniteError, match="step 3: pixel_l1"):
        train(task, tiny.config(tmp_path, save_every=0))
    saved = tiny.checkpoint(tmp_path)
    assert saved["step"] == 3
    assert all(value.isfinite().all() for value in saved["networks"]["generator"].values())


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("workers", [0, 1])
def test_minutes_end_the_run_when_they_are_over(
    make_task: MakeTask, tmp_path: Path, workers: int
) -> None:
    config = tiny.config(tmp_path, steps=None, minutes=2 / 60, workers=workers)
    seen: list[tuple[float, float]] = []
    train(make_task(), config, progress=lambda at, line: seen.append((at.done, at.rate)))
    saved = tiny.checkpoint(tmp_path)
    assert saved["step"] == len(seen)
    assert 2 <= saved["seconds"] < 3
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == 1
    assert seen[-1][1] < 0.1 * max(rate for _, rate in seen), "the cosine went by the clock"


def test_minutes_go_on_after_a_break(make_task: MakeTask, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(
            make_task(),
            tiny.config(tmp_path, steps=None, minutes=1 / 60),
            progress=interrupt_at(2),
        )
    before = tiny.checkpoint(tmp_path)
    assert before["seconds"] < 0.9
    train(make_task(), tiny.config(tmp_path, resume=True))
    after = tiny.checkpoint(tmp_path)
    assert after["step"] > before["step"]
    assert 1 <= after["seconds"] < 1.6


def test_run_left_off_before_its_end_can_be_resumed(make_task: MakeTask, tmp_path: Path) -> None:
    train(make_task(), tiny.config(tmp_path / "whole"))
    train(make_task(), tiny.config(tmp_path / "broken"), stop_at=2)
    assert tiny.checkpoint(tmp_path / "broken")["step"] == 2
    train(make_task(), tiny.config(tmp_path / "broken", resume=True))
    assert_same_run(tmp_path / "whole", tmp_path / "broken")


def test_run_that_is_at_its_end_says_so(make_task: MakeTask, tmp_path: Path) -> None:
    train(make_task(), tiny.config(tmp_path, steps=1))
    seen: list[float] = []
    train(
        make_task(),
        tiny.config(tmp_path, resume=True),
        progress=lambda state, line: seen.append(state.done),
    )
    assert seen == [1]
    assert tiny.checkpoint(tmp_path)["step"] == 1


def test_checkpoint_of_another_layout_is_refused(make_task: MakeTask, tmp_path: Path) -> None:
    train(make_task(), tiny.config(tmp_path, steps=1))
    saved = tiny.checkpoint(tmp_path)
    for other in ({"pair": saved["networks"]}, {**saved, "layout": 1}, torch.zeros(3)):
        torch.save(other, tmp_path / state.CHECKPOINT)
        with pytest.raises(TrainingError, match="another version of ganedit") as caught:
            train(make_task(), tiny.config(tmp_path, resume=True))
        assert f"--start {tmp_path}" in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("option", "options", "changes"),
    [
        ("batch", {"batch": 3}, {}),
        ("model", {"model": "photo"}, {}),
        ("width 8, not 16", {"network": replace(tiny.NETWORK, width=16)}, {}),
        ("learning-rate", {}, {"learning_rate": 1e-5}),
        ("accumulate", {}, {"accumulate": 2}),
        ("seed", {}, {"seed": 5}),
        ("held-out", {}, {"held_out": 0.4}),
    ],
)
def test_resuming_with_other_options_is_refused(
    make_task: MakeTask, tmp_path: Path, option: str, options: dict, changes: dict
) -> None:
    train(make_task(), tiny.config(tmp_path, steps=1))
    with pytest.raises(TrainingError, match=rf"--resume: .* started with {option}\b") as caught:
        train(make_task(**options), tiny.config(tmp_path, resume=True, **changes))
    assert "\n" not in str(caught.value)


def test_run_is_not_overwritten_nor_resumed_from_nothing(
    make_task: MakeTask, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="no checkpoint"):
        train(make_task(), tiny.config(tmp_path, resume=True))
    train(make_task(), tiny.config(tmp_path, steps=1))
    with pytest.raises(TrainingError, match="holds a run"):
        train(make_task(), tiny.config(tmp_path, steps=1))
    path = tmp_path / state.CHECKPOINT
    for size in (1000, 0):
        path.write_bytes(path.read_bytes()[:size])
        with pytest.raises(TrainingError, match=r"cannot be read \(\w.*--start") as caught:
            train(make_task(), tiny.config(tmp_path, resume=True))
        assert "\n" not in str(caught.value)


def test_a_folder_takes_one_training_at_a_time(make_task: MakeTask, tmp_path: Path) -> None:
    refused: list[str] = []

    def begin_another(at: state.State, line: str | None) -> None:
        with pytest.raises(TrainingError) as caught:
            train(make_task(), tiny.config(tmp_path))
        refused.append(str(caught.value))

    train(make_task(), tiny.config(tmp_path), progress=begin_another, stop_at=1)
    assert refused == [f"{tmp_path}: a training runs there; wait, or take another --out"]
    train(make_task(), tiny.config(tmp_path, resume=True))


def test_full_disk_keeps_the_previous_checkpoint(
    make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(content: object, path: Path) -> None:
        path.write_bytes(b"half a checkp")
        raise OSError("No space left on device")

    def fill_disk(at: state.State, line: str | None) -> None:
        if at.step == 2:
            monkeypatch.setattr(torch, "save", full)

    with pytest.raises(TrainingError, match="cannot be written: No space left"):
        train(make_task(), tiny.config(tmp_path, save_every=0), progress=fill_disk)
    assert tiny.checkpoint(tmp_path)["step"] == 1
    assert not list(tmp_path.glob("*.part"))


def test_training_begins_from_weights_it_is_given(make_task: MakeTask, tmp_path: Path) -> None:
    given = tiny.network(5).state_dict()
    config = tiny.config(tmp_path, steps=1, learning_rate=0.0)
    networks = train(
        make_task(), config, start=lambda networks: networks[GENERATOR].load_state_dict(given)
    )
    assert all(torch.equal(given[name], p) for name, p in networks[GENERATOR].named_parameters())


def test_a_run_that_goes_on_needs_no_weights_to_begin_from(
    make_task: MakeTask, tmp_path: Path
) -> None:
    def gone(networks: Networks) -> None:
        raise AssertionError("it has begun already")

    train(make_task(), tiny.config(tmp_path), stop_at=1)
    train(make_task(), tiny.config(tmp_path, resume=True), start=gone)
    assert tiny.checkpoint(tmp_path)["step"] == 6


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": None},
        {"minutes": 1.0},
        {"resume": True, "steps": 9},
        {"steps": 0},
        {"accumulate": 0},
        {"ema": 1.0},
        {"held_out": 0.6},
        {"evaluate_every": 0},
        {"steps": 3, "critic_lead": 3},
    ],
)
def test_impossible_configurations_are_refused(tmp_path: Path, wrong: dict) -> None:
    with pytest.raises(UsageError):
        tiny.config(tmp_path, **wrong)


def test_changeable_options_do_not_hinder_resuming(tmp_path: Path) -> None:
    one = TrainingConfig(out=tmp_path, steps=6)
    other = TrainingConfig(out=tmp_path / "moved", resume=True, workers=4, device="cpu")
    assert one.lasting() == other.lasting()


@pytest.mark.parametrize("kind", [UpscaleTraining, InpaintTraining, TranslateTraining])
def test_options_of_task_and_run_are_told_apart(kind: type) -> None:
    flags = [each.flag for each in (*declared(kind), *declared(TrainingConfig))]
    assert len(set(flags)) == len(flags)
    assert {"--width", "--blocks", "--held-out", "--learning-rate"} <= set(flags)
    assert not {"--betas", "--to", "--wiring", "--network"} & set(flags)
    for each in (*declared(kind), *declared(TrainingConfig)):
        assert each.option.help.endswith("."), each.name
