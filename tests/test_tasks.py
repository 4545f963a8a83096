"""What every task is given for its row alone: shown on the shipped tasks and on three toys."""

import contextlib
import inspect
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import command_line
import numpy as np
import PIL.Image
import pytest
import tiny
from click.testing import CliRunner
from command_line import REPOSITORY, Outcome, listing, write_photo
from toys import BLEND, DRAW, FADE, TOYS

from ganedit.app.api import Editor, function_of
from ganedit.app.commands import make_cli
from ganedit.app.stubs import FILE, stub
from ganedit.options import declared
from ganedit.runs.options import RunOptions
from ganedit.task import Task
from ganedit.tasks import TASKS

TOYS_FILE = Path(__file__).with_name("toys.py")


def process(*arguments: object, folder: Path) -> "subprocess.Popen[str]":
    """A command of the command line that has the toys."""
    path = os.pathsep.join([str(REPOSITORY), str(TOYS_FILE.parent)])
    return subprocess.Popen(
        [sys.executable, str(TOYS_FILE), *map(str, arguments)], cwd=folder, text=True,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def run(*arguments: object, folder: Path) -> Outcome:
    """The same command in this process."""
    with contextlib.chdir(folder):
        return command_line.run(*arguments, tasks=TOYS)


def run_process(*arguments: object, folder: Path) -> Outcome:
    running = process(*arguments, folder=folder)
    out, err = running.communicate()
    return Outcome(running.returncode, out, err)


@pytest.mark.parametrize("task", TOYS, ids=lambda task: task.name)
def test_a_row_travels_to_other_processes(task: Task[Any]) -> None:
    assert pickle.loads(pickle.dumps(task)) == task


@pytest.mark.parametrize("task", TOYS, ids=lambda task: task.name)
def test_command_has_every_option_once(task: Task[Any]) -> None:
    command = make_cli(TOYS).commands[task.name]
    flags = [flag for param in command.params for flag in param.opts if flag.startswith("--")]
    assert len(flags) == len(set(flags))
    for each in (*declared(task.options), *declared(RunOptions)):
        drawn = task.edited is None and each.option.group == "video"  # what is drawn is no video
        assert (each.flag in flags) != drawn
    shown = CliRunner().invoke(make_cli(TOYS), [task.name, "--help"])
    assert shown.exit_code == 0
    assert task.summary in " ".join(shown.output.split())
    headings = ("What to make:", "Files:", "Folders:", "Machine:")
    places = [shown.output.index(heading) for heading in headings if heading in shown.output]
    assert len(places) >= 3
    assert places == sorted(places)


@pytest.mark.parametrize("task", TOYS, ids=lambda task: task.name)
def test_function_is_explained(task: Task[Any]) -> None:
    function = function_of(task)
    parameters = inspect.signature(function).parameters
    for each in declared(task.options):
        assert each.name in parameters
        assert f"    {each.name}: " in (function.__doc__ or "")
    for given in task.inputs:
        assert next(iter(parameters)) == task.inputs[0].name
        assert f"    {given.name}: " in (function.__doc__ or "")
    with pytest.raises(TypeError):
        function(no_such_option=1)


def test_stub_is_what_the_rows_say() -> None:
    """If this fails: `python -m ganedit.app.stubs`, and format the file."""
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--stdin-filename", FILE, "-"],
        input=stub(), capture_output=True, text=True, check=True, cwd=REPOSITORY,
    )  # fmt: skip
    assert FILE.read_text(encoding="utf-8") == formatted.stdout


def test_every_group_has_the_tasks_that_can() -> None:
    cli = make_cli(TOYS)
    for name, kind in (("train", "training"), ("evaluate", "evaluation")):
        group = cli.commands[name]
        assert isinstance(group, click.Group)
        able = {t.name for t in TOYS if getattr(t, kind) is not None}
        assert set(group.commands) - {"video"} == able
    assert {task.name for task in TASKS} < set(cli.commands)


# --- one picture in, one out ------------------------------------------------------------------


def test_folder_run_goes_on_after_a_kill(tmp_path: Path) -> None:
    for number in range(60):
        write_photo(tmp_path / f"in/{number % 3}/{number:02}.png", 60, 40, seed=number)
    command = ("fade", "in", "-o", "out", "--strength", "0.25", "--device", "cpu")
    running = process(*command, "--report", "report.jsonl", folder=tmp_path)
    limit = time.monotonic() + 60
    while len(list((tmp_path / "out").glob("*/*.png"))) < 4 and time.monotonic() < limit:
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    kept = len(list((tmp_path / "out").glob("*/*.png")))
    done = run(*command, folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert f"{kept} finished before" in done.out
    assert len(listing(tmp_path / "out")) == 60
    picture = np.asarray(PIL.Image.open(tmp_path / "out/1/01.png"))
    expected = np.asarray(PIL.Image.open(tmp_path / "in/1/01.png")) * 0.75
    assert np.abs(picture - expected).max() <= 0.5
    other = run(*command[:-3], "0.5", folder=tmp_path)
    assert other.code == 1, "made with other options"
    assert "60 of 60 pictures failed" in other.err


def test_several_processes_give_the_same(tmp_path: Path) -> None:
    for number in range(6):
        write_photo(tmp_path / f"in/{number}.png", 30, 20, seed=number)
    done = run_process("fade", "in", "-o", "two", "--device", "cpu,cpu", folder=tmp_path)
    assert done.code == 0, done.err
    assert run("fade", "in", "-o", "one", "--device", "cpu", folder=tmp_path).code == 0
    for name in listing(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_measured_and_called_from_python(tmp_path: Path) -> None:
    write_photo(tmp_path / "in/a.png")
    done = run("evaluate", "fade", "--data", "in", "--json", "out.json", folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert json.loads((tmp_path / "out.json").read_text())["means"] == {"fade": {"PSNR": 1.0}}
    photo = tiny.photo(0, 8, 8)
    faded = function_of(FADE)(photo, strength=1.0, device="cpu")
    assert not faded.samples.any()


# --- two pictures in --------------------------------------------------------------------------


def test_second_picture_is_recorded_with_the_result(tmp_path: Path) -> None:
    write_photo(tmp_path / "in/a.png", seed=1)
    write_photo(tmp_path / "in/b.png", seed=2)
    write_photo(tmp_path / "style.png", 50, 50, seed=3)
    command = ("blend", "in", "--style", "style.png", "-o", "out", "--json")
    first = run(*command, folder=tmp_path)
    assert (first.code, first.err) == (0, "")
    assert json.loads(first.out.splitlines()[0])["style"] == ["style.png"]
    again = run(*command, folder=tmp_path)
    assert {json.loads(line)["status"] for line in again.out.splitlines()} == {"skipped"}
    write_photo(tmp_path / "style.png", 50, 50, seed=4)
    changed = run(*command, folder=tmp_path)
    assert changed.code == 1
    assert "exists already" in changed.err


def test_folder_of_styles_gives_one_result_each(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.png", seed=1)
    for name in ("oil", "ink"):
        write_photo(tmp_path / f"styles/{name}.png", seed=len(name))
    done = run("blend", "a.png", "--styles", "styles", "-o", "out", folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert listing(tmp_path / "out") == ["a_ink.png", "a_oil.png", "a_sheet.png"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "give --style: What is mixed in."),
        (("--style", "in"), "--style in: is a folder; give --styles"),
        (("--styles", "nowhere"), "--styles nowhere: no such folder"),
        (("--style", "s.png", "--styles", "in"), "give one of --style and --styles"),
        (("--style", "s.png") * 3, "--style: at most 2, not 3"),
    ],
)
def test_bad_inputs(tmp_path: Path, arguments: tuple[str, ...], complaint: str) -> None:
    write_photo(tmp_path / "in/a.png")
    write_photo(tmp_path / "s.png")
    done = run("blend", "in/a.png", *arguments, folder=tmp_path)
    assert (done.code, done.complaint) == (2, complaint)


def test_two_pictures_from_python() -> None:
    photo, style = tiny.photo(0, 8, 8), tiny.photo(1, 8, 8)
    whole = function_of(BLEND)(photo, style, share=1.0, device="cpu")
    assert np.array_equal(whole.samples, style)
    again = Editor(BLEND, share=1.0, device="cpu")(photo, style=[style])
    assert np.array_equal(again.samples, style)
    with pytest.raises(TypeError, match="'style'"):
        function_of(BLEND)(photo)


# --- none in, several out ---------------------------------------------------------------------


def test_pictures_are_drawn_and_not_drawn_twice(tmp_path: Path) -> None:
    command = ("draw", "-n", 4, "-o", "drawn/", "--seed", 7)
    done = run(*command, folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    names = [f"{number:03d}.png" for number in range(4)]
    assert listing(tmp_path / "drawn") == [*names, "sheet.png"]
    (tmp_path / "drawn" / names[2]).unlink()
    again = run(*command, folder=tmp_path)
    assert "1 picture in" in again.out
    assert "3 finished before" in again.out
    drawn = np.asarray(PIL.Image.open(tmp_path / "drawn" / names[2]))
    assert np.array_equal(Editor(DRAW, count=4, seed=7, device="cpu")(variant="002").samples, drawn)


def test_trained_from_its_row(tmp_path: Path) -> None:
    words = ("train", "draw", "--steps", 6, "--workers", 0, "--precision", "fp32", "--out", "run")
    done = run(*words, "--device", "cpu", folder=tmp_path)
    assert done.code == 0, done.err
    made = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"checkpoint.pt", "generator.safetensors", "log.csv", "report.md", "samples"} <= made
    again = run(*words, "--device", "cpu", folder=tmp_path)
    assert (again.code, "add --resume" in again.complaint) == (1, True)


# --- a cluster --------------------------------------------------------------------------------


def test_every_toy_runs_on_a_cluster(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = os.pathsep.join([str(REPOSITORY), str(TOYS_FILE.parent)])
    monkeypatch.setenv("PYTHONPATH", path)
    cluster.add_node(num_cpus=2)
    for number in range(3):
        write_photo(tmp_path / f"in/{number}.png", 30, 20, seed=number)
    write_photo(tmp_path / "s.png")
    ray = ("--engine", "ray", "--address", cluster.address)
    for words, count in (
        (("fade", "in", "-o", "faded"), 3),
        (("blend", "in", "--style", "s.png", "-o", "blended"), 3),
        (("draw", "-n", "3", "-o", "drawn"), 4),
    ):
        done = run_process(*words, *ray, folder=tmp_path)
        assert done.code == 0, done.err
        assert len(listing(tmp_path / words[-1])) == count
