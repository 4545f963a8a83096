"""What a run leaves in its folder: the loss table, its plot, sample sheets, weights."""

import csv
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

MakeTask = Callable[..., UpscaleTask]


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_run_leaves_log_plot_samples_and_averaged_weights(
    make_task: MakeTask, tmp_path: Path
) -> None:
    config = tiny.config(tmp_path, log_every=2, sample_every=3, ema=0.5)
    pair = train(make_task(), config)
    assert [int(row["step"]) for row in rows(tmp_path)] == [2, 4, 6]
    assert all(0 < float(row["pixel_l1"]) < 1 for row in rows(tmp_path))
    names = sorted(path.name for path in (tmp_path / "samples").iterdir())
    assert names == ["step_0000003.png", "step_0000006.png"]
    with PIL.Image.open(tmp_path / "samples" / names[0]) as sheet:
        assert sheet.size == (3 * 32, 2 * 32)
    with PIL.Image.open(tmp_path / "losses.png") as plot:
        assert np.asarray(plot.convert("L")).std() > 5
    kept = weights.read(tmp_path / weights.RUN_WEIGHTS, "upscale")
    saved = tiny.checkpoint(tmp_path)
    assert kept.options["width"] == tiny.NETWORK.width
    for name, value in pair.generator.named_parameters():
        assert torch.equal(saved["ema"][f"module.{name}"], value), "the average is returned"
        assert torch.equal(kept.state[name], value.detach().half())
        assert not torch.equal(saved["pair"][f"generator.{name}"], value)


def test_rows_average_the_steps_since_the_last(make_task: MakeTask, tmp_path: Path) -> None:
    for every in (1, 3):
        train(make_task(), tiny.config(tmp_path / str(every), log_every=every))
    each = [float(row["pixel_l1"]) for row in rows(tmp_path / "1")]
    means = [float(row["pixel_l1"]) for row in rows(tmp_path / "3")]
    assert means == pytest.approx([np.mean(each[:3]), np.mean(each[3:])], rel=1e-4)


def test_rows_of_steps_trained_again_are_not_doubled(make_task: MakeTask, tmp_path: Path) -> None:
    task = make_task()

    def dies(step: int, total: int, line: str | None) -> None:
        if step == 4:
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
    penalties = [float(row["penalty"]) for row in rows(tmp_path)]
    assert [value > 0 for value in penalties] == [True, False, True]
    assert (tmp_path / "losses.png").exists()
