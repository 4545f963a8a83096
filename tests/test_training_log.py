"""What a run leaves in its folder: the loss table, its plot, sample sheets, weights."""

import csv
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tiny
import torch

from ganedit import weights
from ganedit.tasks.upscale.training import UpscaleTask
from ganedit.training.loop import train
from ganedit.training.record import BEST_WEIGHTS
from ganedit.training.state import State
from ganedit.training.task import GENERATOR, HeldOutScores, Step

MakeTask = Callable[..., UpscaleTask]


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_run_leaves_log_plot_samples_and_averaged_weights(
    make_task: MakeTask, tmp_path: Path
) -> None:
    config = tiny.config(tmp_path, log_every=2, sample_every=3, ema=0.5)
    networks = train(make_task(), config)
    assert [int(row["step"]) for row in rows(tmp_path)] == [2, 4, 6]
    assert [int(row["images"]) for row in rows(tmp_path)] == [4, 8, 12]
    assert all(0 < float(row["pixel_l1"]) < 1 for row in rows(tmp_path))
    names = sorted(path.name for path in (tmp_path / "samples").iterdir())
    assert names == ["step_0000000.png", "step_0000003.png", "step_0000006.png"]
    with PIL.Image.open(tmp_path / "samples" / names[0]) as sheet:
        assert sheet.size == (3 * 32, 2 * 32)
    with PIL.Image.open(tmp_path / "losses.png") as plot:
        assert np.asarray(plot.convert("L")).std() > 5
    kept = weights.read(tmp_path / weights.RUN_WEIGHTS, "upscale")
    saved = tiny.checkpoint(tmp_path)
    assert kept.options["width"] == tiny.NETWORK.width
    for name, value in networks[GENERATOR].named_parameters():
        assert torch.equal(saved["ema"][f"module.generator.{name}"], value), "the average"
        assert torch.equal(kept.state[name], value.detach().half())
        assert not torch.equal(saved["networks"]["generator"][name], value)
    assert not (tmp_path / BEST_WEIGHTS).exists(), "nothing was held out to tell the best by"


def test_sheets_show_the_same_inputs_through_the_averaged_weights(
    make_task: MakeTask, tmp_path: Path
) -> None:
    for held_out in (0.0, 0.4):
        out = tmp_path / str(held_out)
        config = tiny.config(out, sample_every=2, learning_rate=0.01, held_out=held_out)
        networks = train(make_task(), config)
        sheets = [np.asarray(PIL.Image.open(p)) for p in sorted((out / "samples").iterdir())]
        for column in (0, 2):  # what goes in, and the truth
            part = slice(32 * column, 32 * column + 32)
            assert all((sheet[:, part] == sheets[0][:, part]).all() for sheet in sheets)
        assert all((sheet != sheets[0]).any() for sheet in sheets[1:])
        shown = (make_task().held_out(held_out) or [make_task().batches(0, 0)[0]])[0]
        made = networks[GENERATOR](shown["low"] / 255).detach().clamp(0, 1)
        wanted = np.vstack((made.permute(0, 2, 3, 1).numpy() * 255).round())
        assert np.abs(wanted - sheets[-1][:, 32:64]).max() <= 1


def test_held_out_pictures_are_scored_and_the_best_weights_kept(
    make_task: MakeTask, tmp_path: Path
) -> None:
    task, quality, states = make_task(), iter([1.0, 5.0, 2.0, 5.0]), {}

    def score(steps: list[Step]) -> HeldOutScores:
        states[steps[0].number] = tiny.state_of(steps[0].networks[GENERATOR])
        assert len(steps) == 16
        value = next(quality)
        return HeldOutScores({"score": value}, value)

    task.score = score
    train(task, tiny.config(tmp_path, held_out=0.4, evaluate_every=2, log_every=3, ema=0.5))
    scored = {
        int(r["step"]): float(r["held-out score"]) for r in rows(tmp_path) if r["held-out score"]
    }
    assert scored == {0: 1.0, 2: 5.0, 4: 2.0, 6: 5.0}
    best = weights.read(tmp_path / BEST_WEIGHTS, "upscale").state
    assert all(torch.equal(best[name], value.half()) for name, value in states[2].items())
    assert tiny.checkpoint(tmp_path)["best"] == 5.0
    losses = [int(row["step"]) for row in rows(tmp_path) if row["pixel_l1"]]
    assert losses == [3, 6], "a row of scores alone leaves losses empty"


@pytest.mark.parametrize("phase", ["fidelity", "adversarial"])
def test_scores_rise_with_training(make_task: MakeTask, tmp_path: Path, phase: str) -> None:
    task = make_task(phase, adversarial_weight=0.0)
    train(task, tiny.config(tmp_path, held_out=0.4, steps=60, learning_rate=1e-3, ema=0.9))
    first, last = rows(tmp_path)[0], rows(tmp_path)[-1]
    assert float(last["held-out PSNR-Y"]) > float(first["held-out PSNR-Y"]) + 0.1
    assert ("held-out PD" in first) == (phase == "adversarial")


def test_report_tells_what_one_wants_to_know(make_task: MakeTask, tmp_path: Path) -> None:
    config = tiny.config(tmp_path, held_out=0.4, log_every=2)
    train(make_task(), config, command="ganedit train upscale --steps 6", stop_at=4)
    train(make_task(), tiny.config(tmp_path, held_out=0.4, resume=True), command="other")
    report = (tmp_path / "report.md").read_text()
    assert "100% done: 6 steps, 12 images" in report
    assert "ganedit train upscale --steps 6" in report
    assert "| held-out PSNR-Y |" in report
    assert "Scores are of 32 examples from the 40.0% of the pictures" in report
    assert "| pixel_l1 |" in report
    for name in re.findall(r"\]\((.+?)\)", report):
        assert (tmp_path / name).is_file()
    assert len(re.findall(r"samples/step_", report)) == 2


def test_report_does_without_sheets_that_were_removed(make_task: MakeTask, tmp_path: Path) -> None:
    train(make_task(), tiny.config(tmp_path), stop_at=1)
    shutil.rmtree(tmp_path / "samples")
    train(make_task(), tiny.config(tmp_path, resume=True), stop_at=2)
    report = (tmp_path / "report.md").read_text()
    assert ("2 steps" in report, "](samples/" in report) == (True, False)


def test_rows_average_the_steps_since_the_last(make_task: MakeTask, tmp_path: Path) -> None:
    for every in (1, 3):
        train(make_task(), tiny.config(tmp_path / str(every), log_every=every))
    each = [float(row["pixel_l1"]) for row in rows(tmp_path / "1")]
    means = [float(row["pixel_l1"]) for row in rows(tmp_path / "3")]
    assert means == pytest.approx([np.mean(each[:3]), np.mean(each[3:])], rel=1e-4)


def test_rows_of_steps_trained_again_are_not_doubled(make_task: MakeTask, tmp_path: Path) -> None:
    task = make_task()

    def dies(at: State, line: str | None) -> None:
        if at.step == 4:
            raise MemoryError

    for_each_step = {"log_every": 1, "save_every": 0}
    with pytest.raises(MemoryError):
        train(task, tiny.config(tmp_path, **for_each_step), progress=dies)
    assert [row["step"] for row in rows(tmp_path)] == ["1", "2", "3", "4"]
    assert tiny.checkpoint(tmp_path)["step"] == 3
    train(task, tiny.config(tmp_path, resume=True, **for_each_step))
    assert [row["step"] for row in rows(tmp_path)] == ["1", "2", "3", "4", "5", "6"]


def test_terms_that_come_now_and_then_keep_the_table_whole(
    make_task: MakeTask, tmp_path: Path
) -> None:
    task = make_task("adversarial", penalty_every=2)
    train(task, tiny.config(tmp_path, steps=3, log_every=1))
    assert [bool(row["penalty"]) for row in rows(tmp_path)] == [True, False, True]
    assert (tmp_path / "losses.png").exists()


def test_report_says_that_nothing_was_held_out(make_task: MakeTask, tmp_path: Path) -> None:
    train(make_task(), tiny.config(tmp_path, steps=1))
    report = (tmp_path / "report.md").read_text()
    assert "Nothing is held out; 2.0% of so few is none: add --held-out" in report
