"""`ganedit train upscale`, from a folder of photos to weights that `ganedit upscale` takes."""

import os
import signal
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
import tiny
import torch
from command_line import EXACT, SHIPPED, Outcome, listing, run, run_process, write_photo

from ganedit import weights
from ganedit.tasks.upscale.options import NetworkOptions
from ganedit.training import loop

SMALL = ("--crop", 32, "--batch", 2, "--width", 8, "--blocks", 1, "--warmup", 1, *EXACT)
Train = Callable[..., Outcome]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "mine"


@pytest.fixture
def train(photo_folder: Path, out: Path) -> Train:
    """Run the command on tiny photos, with a tiny network, in this process."""
    return lambda *arguments: run(
        "train", "upscale", "--data", photo_folder, "--out", out, "--workers", 0, *SMALL, *arguments
    )


def checkpoint(out: Path) -> dict[str, Any]:
    return torch.load(out / "checkpoint.pt", weights_only=True)


def interrupt_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Press Ctrl-C while that step is computed."""
    compute, calls = loop.training_step, []

    def training_step(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == step:
            os.kill(os.getpid(), signal.SIGINT)
        return compute(*arguments)

    monkeypatch.setattr(loop, "training_step", training_step)


# --- a run ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "scale"), SHIPPED)
def test_run_ends_in_weights_that_upscale(
    train: Train, out: Path, tmp_path: Path, scale: int, model: str
) -> None:
    done = train("--steps", 4, "--model", model, "--scale", scale)
    assert done.code == 0, done.err
    assert {"checkpoint.pt", "generator.safetensors", "samples/step_0000004.png"} <= set(
        listing(out)
    )
    assert not [name for name in listing(out) if "part" in name]
    contents = weights.read(out / "generator.safetensors", "upscale")
    assert contents.options == asdict(NetworkOptions(scale=scale, width=8, blocks=1))
    write_photo(tmp_path / "a.png", 24, 16)
    enlarged = run("upscale", tmp_path / "a.png", "--weights", out, "--scale", scale, *EXACT)
    assert enlarged.code == 0, enlarged.err
    with PIL.Image.open(tmp_path / f"a_x{scale}.png") as result:
        assert result.size == (24 * scale, 16 * scale)


def test_run_in_a_process_with_a_worker(photo_folder: Path, tmp_path: Path) -> None:
    done = run_process(
        "train", "upscale", "--data", photo_folder, "--out", "run", "--workers", 1, "--steps", 4,
        *SMALL, folder=tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    write_photo(tmp_path / "a.png")
    assert run("upscale", tmp_path / "a.png", "--weights", tmp_path / "run").code == 0


def test_pictures_left_out_are_told_in_one_line(tmp_path: Path) -> None:
    write_photo(tmp_path / "data" / "a.png", 80, 80)
    (tmp_path / "data" / "b.png").write_text("dear diary")
    done = run_process(
        "train", "upscale", "--data", "data", "--out", "run", "--steps", 1, "--workers", 0, *SMALL,
        folder=tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    first = done.err.splitlines()[0]
    assert first == "ganedit: 1 of 2 pictures are unreadable or under 64 pixels"


def test_worker_changes_nothing(train: Train, out: Path, photo_folder: Path) -> None:
    assert train("--steps", 3).code == 0
    other = out.with_name("other")
    assert train("--steps", 3, "--out", other, "--workers", 1).code == 0
    ours, theirs = (checkpoint(folder)["networks"]["generator"] for folder in (out, other))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_minutes_set_the_length(train: Train, out: Path) -> None:
    assert train("--minutes", 0.0001).code == 0
    assert checkpoint(out)["step"] >= 1


def test_lead_that_no_critic_can_take_is_refused(
    train: Train, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = train("--steps", 9, "--critic-lead", 5)
    assert done.code == 1
    assert "--critic-lead 5: this training has no critic" in done.complaint
    monkeypatch.setattr("ganedit.training.sight.VGG19Features", tiny.Features)
    done = train("--phase", "adversarial", "--minutes", 0.0001, "--critic-lead", 5)
    assert done.code == 1
    assert "all within --critic-lead 5" in done.err.splitlines()[-1]


def test_a_backbone_that_no_critic_sees_with_is_refused(train: Train) -> None:
    done = train("--phase", "adversarial", "--steps", 9, "--backbone", "tf_efficientnet_lite0")
    assert done.code == 2
    assert "--backbone tf_efficientnet_lite0: give --critic features" in done.complaint


def test_adversarial_phase_starts_from_a_run(
    train: Train, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganedit.training.sight.VGG19Features", tiny.Features)
    assert train("--steps", 2).code == 0
    crisp = out.with_name("crisp")
    done = train(
        "--steps", 1, "--phase", "adversarial", "--start", out, "--out", crisp,
        "--learning-rate", 0, "--critic", "patch",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert checkpoint(crisp)["optimizers"].keys() == {"generator", "critic"}
    # At a rate of zero the run is where it started from.
    start, end = (weights.read(run / weights.RUN_WEIGHTS).state for run in (out, crisp))
    assert all(torch.equal(start[name], end[name]) for name in start)


def test_reduced_data(train: Train, tmp_path: Path, out: Path) -> None:
    write_photo(tmp_path / "large" / "a.png", 160, 160)
    assert train("--steps", 1, "--data", f"{tmp_path / 'large'}@0.5").code == 0
    assert checkpoint(out)["options"]["data"][1].endswith("large@0.5")


# --- stopped and resumed --------------------------------------------------------------------------


def test_interrupted_and_resumed_is_as_if_never_interrupted(
    train: Train, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = out.with_name("whole")
    assert train("--steps", 5, "--out", whole).code == 0
    with monkeypatch.context() as patch:
        interrupt_at(2, patch)
        stopped = train("--steps", 5)
    assert stopped.code == 130
    assert stopped.err.endswith("ganedit: interrupted\n")
    assert checkpoint(out)["step"] == 2
    assert train("--resume").code == 0
    assert checkpoint(out)["step"] == 5
    ours, theirs = checkpoint(out)["ema"], checkpoint(whole)["ema"]
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_run_interrupted_can_be_used(
    train: Train, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_at(2, monkeypatch)
    assert train("--steps", 5).code == 130
    write_photo(tmp_path / "a.png")
    assert run("upscale", tmp_path / "a.png", "--weights", out, *EXACT).code == 0


def test_resume_with_other_options_is_refused(train: Train) -> None:
    assert train("--steps", 1).code == 0
    done = train("--resume", "--batch", 3)
    assert done.code == 1
    assert done.complaint.startswith("--resume: this run was started with batch 2, not 3")


def test_resume_takes_no_other_length(train: Train, out: Path) -> None:
    assert train("--steps", 1).code == 0
    done = train("--resume", "--steps", 2)
    assert done.code == 2
    assert done.complaint.startswith("--resume goes on to the end that was set")
    assert checkpoint(out)["step"] == 1


def test_resume_without_a_run(train: Train, out: Path) -> None:
    done = train("--resume")
    assert done.code == 1
    assert done.complaint == f"{out}/checkpoint.pt: no checkpoint to go on from; leave out --resume"


def test_folder_that_holds_a_run_is_not_overwritten(train: Train, out: Path) -> None:
    assert train("--steps", 1).code == 0
    before = (out / "checkpoint.pt").read_bytes()
    done = train("--steps", 2)
    assert done.code == 1
    assert done.complaint == f"{out}: holds a run; add --resume, or take another --out"
    assert (out / "checkpoint.pt").read_bytes() == before


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [(), ("--steps", 2, "--minutes", 1)])
def test_one_length_is_needed(train: Train, out: Path, length: tuple[object, ...]) -> None:
    done = train(*length)
    assert (done.code, done.complaint) == (2, "give either --minutes or --steps")
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--steps", 0], "--steps 0: use a whole number over 0"),
        (["--steps", 1, "--crop", 40], "--crop 40: use a multiple of 32"),
        (["--steps", 1, "--model", "clean", "--scale", 2], "--scale 2: clean networks are x4"),
        (["--steps", 1, "--ema", 1], "--ema 1: use a number under 1"),
        (["--steps", 1, "--scale", 3], "--scale 3: photo networks are x1, x2, x4"),
        (["--steps", 1, "--width", 0], "--width 0: use a whole number, 1 or more"),
        (["--steps", 1, "--blocks", 0], "--blocks 0: use a whole number, 1 or more"),
        (["--steps", 1, "--batch", 0], "--batch 0: use a whole number, 1 or more"),
        (["--steps", 1, "--workers", -1], "--workers -1: use a whole number, 0 or more"),
        (["--steps", 1, "--seed", -1], "--seed -1: use a whole number from 0 to 4294967295"),
        (
            ["--steps", 1, "--seed", 2**64],
            f"--seed {2**64}: use a whole number from 0 to 4294967295",
        ),
        (["--steps", 1, "--warmup", -1], "--warmup -1: use a whole number, 0 or more"),
        (["--steps", 1, "--held-out", 0.7], "--held-out 0.7: use a number from 0 to 0.5"),
        (["--steps", 1, "--reduce", 0], "--reduce 0: use a number over 0 and at most 1"),
    ],
)
def test_options_that_cannot_be_meant(
    train: Train, out: Path, arguments: list[object], message: str
) -> None:
    done = train(*arguments)
    assert (done.code, done.complaint) == (2, message)
    assert not out.exists()


@pytest.mark.parametrize("arguments", [["--phase", "last"], ["--vgg", "nowhere"], ["--seed", "a"]])
def test_options_that_click_refuses(train: Train, out: Path, arguments: list[object]) -> None:
    done = train("--steps", 1, *arguments)
    assert done.code == 2
    assert done.complaint.startswith(f"{arguments[0]}: ")
    assert not out.exists()


def test_options_before_the_task_are_refused(train: Train, photo_folder: Path, out: Path) -> None:
    done = run("train", "--device", "cpu", "upscale", "--data", photo_folder, "--out", out)
    told = "--device: options of a task follow it: ganedit train upscale …"
    assert (done.code, done.complaint) == (2, told)


def test_missing_data_folder(out: Path) -> None:
    done = run("train", "upscale", "--data", "nowhere", "--out", out, "--steps", 1, *SMALL)
    assert done.code == 1
    assert done.complaint == "nowhere: no such folder; give an existing one"


def test_nothing_is_made_for_a_run_that_cannot_begin(tmp_path: Path, out: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run("train", "upscale", "--data", tmp_path / "empty", "--out", out, "--steps", 1)
    assert done.code == 1
    assert not out.exists()


def test_data_folder_without_large_enough_pictures(tmp_path: Path, out: Path) -> None:
    write_photo(tmp_path / "small" / "a.png", 40, 40)
    data = tmp_path / "small"
    done = run("train", "upscale", "--data", data, "--out", out, "--steps", 1, *SMALL)
    assert done.code == 1
    assert done.complaint == f"{data}: no picture of at least 64 pixels a side"


def test_start_that_is_not_there(train: Train) -> None:
    done = train("--steps", 1, "--start", "nowhere")
    assert done.code == 1
    assert done.complaint.startswith("nowhere: no weight file")


def test_output_inside_a_file_is_told_in_one_line(train: Train, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = train("--steps", 1, "--out", tmp_path / "file" / "run")
    assert done.code == 1
    assert str(tmp_path / "file") in done.complaint
