"""`ganedit models`, `doctor`, `completion`, and what the command says of itself."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import torch
from command_line import (
    ENDS,
    REPOSITORY,
    SHIPPED,
    Outcome,
    run,
    run_process,
    save_network,
    shipped_name,
    shipping,
)

import ganedit
from ganedit import runtime
from ganedit.app.commands import make_cli


@pytest.fixture
def shipped(tmp_path: Path) -> Iterator[Path]:
    """Tiny weights in the place of those that ship."""
    (tmp_path / "shipped").mkdir()
    with shipping(tmp_path / "shipped") as folder:
        yield folder


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder of weights, empty."""
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.setenv("GANEDIT_WEIGHTS", str(folder))
    return folder


# --- models ---------------------------------------------------------------------------------------


def test_models_lists_what_ships_and_what_is_mine(shipped: Path, mine: Path) -> None:
    save_network(mine / "crisp.safetensors")
    done = run("models")
    assert (done.code, done.err) == (0, "")
    head, *rows = done.out.splitlines()
    assert head.split() == ["name", "task", "scale", "MB", "score", "terms"]
    expected = [(shipped_name(*each, end).removesuffix(".safetensors"), each[1])
                for each in SHIPPED for end in ENDS]  # fmt: skip
    for row, (name, scale) in zip(rows, expected, strict=False):
        assert row.split() == [name, "upscale", f"x{scale}", "0.0", "–", "MIT"]
    assert "yours: crisp  (--weights crisp)\n" in done.out
    assert done.out.endswith(f"Your own are looked for in {mine}\n")


def test_all_about_one_file(shipped: Path, mine: Path) -> None:
    done = run("models", "clean_x4_faithful")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("clean_x4_faithful: upscale clean x4 faithful, 0.0 MB\n")
    for line in ("scores: low", "trained on: noise", "licence: MIT", "recipe: none"):
        assert f"    {line}\n" in done.out
    wrong = run("models", "nothing")
    assert (wrong.code, "no such weights. There are: " in wrong.complaint) == (2, True)


def test_the_shipped_table_fits_a_terminal() -> None:
    lines = run("models").out.splitlines()
    assert len(lines) > 8
    assert all(len(line) <= 100 for line in lines[:-1])
    assert not [line for line in lines[1:-2] if "–  MIT" in line], "each has its figure"


def test_models_without_a_folder_of_one_s_own(shipped: Path, mine: Path) -> None:
    mine.rmdir()
    done = run("models")
    assert done.code == 0
    assert "yours" not in done.out


def test_models_as_json(shipped: Path, mine: Path) -> None:
    rows = json.loads(run("models", "--json").out)
    assert [(row["model"], row["scale"], row["end"]) for row in rows] == [
        (model, f"x{scale}", end) for model, scale in SHIPPED for end in ENDS
    ]
    first = shipped / shipped_name(*SHIPPED[0], ENDS[0])
    assert rows[0] == {
        "file": str(first), "task": "upscale", "model": "photo", "scale": "x2", "end": "faithful",
        "bytes": first.stat().st_size, "figure": "", "licence": "MIT", "trained_on": "noise",
        "recipe": "none", "score": "low",
    }  # fmt: skip


def test_weights_of_one_s_own_as_json(shipped: Path, mine: Path) -> None:
    path = save_network(mine / "crisp.safetensors")
    rows = json.loads(run("models", "--json").out)
    assert rows[-1] == {"file": str(path), "yours": "crisp"}


def test_damaged_manifest_is_told_in_one_line(shipped: Path) -> None:
    (shipped / "manifest.toml").write_text("[[weights")
    for command in (["models"], ["models", "--json"]):
        done = run(*command)
        assert done.code == 1
        assert "manifest.toml: cannot be read" in done.complaint


# --- doctor ---------------------------------------------------------------------------------------


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the two seconds of measurement out."""
    monkeypatch.setattr(runtime, "measure_speed", lambda where: 1.234e12)


def doctor_lines(done: Outcome) -> dict[str, str]:
    return {line[:10].strip(): line[10:].strip() for line in done.out.splitlines()}


@pytest.mark.usefixtures("fast")
def test_doctor_says_what_will_be_used_and_why(shipped: Path) -> None:
    done = run("doctor", "--device", "cpu", "--precision", "bf16")
    assert (done.code, done.err) == (0, "")
    told = doctor_lines(done)
    assert told["ganedit"].startswith(f"{ganedit.__version__}, Python {sys.version.split()[0]}")
    assert "torch " in told["ganedit"]
    assert told["device"] == "cpu"
    assert told["precision"] == "bfloat16"
    assert told["why"] == "as asked; bf16 as asked"
    assert told["memory"].endswith("GiB for tiles (change it with --memory)")
    assert 0 < float(told["memory"].split()[0]) <= 2
    assert told["cores"].startswith(f"{runtime.threads()}, torch uses ")
    assert told["speed"].startswith("1,234 GFLOP/s in 3×3 convolutions")
    assert told["weights"] == f"8 files in {shipped}, all whole"


@pytest.mark.usefixtures("fast")
def test_doctor_finds_altered_weights(shipped: Path) -> None:
    file = shipped / shipped_name("clean", 4, "adversarial")
    file.write_bytes(file.read_bytes()[:-1])
    done = run("doctor", "--device", "cpu")
    assert done.code == 1
    assert done.complaint.startswith(f"{file}: weights were altered or damaged")
    assert "weights" not in doctor_lines(done)


@pytest.mark.usefixtures("fast")
def test_doctor_refuses_what_is_not_there(shipped: Path) -> None:
    done = run("doctor", "--device", "cpu", "--precision", "fp16")
    assert (done.code, done.out) == (1, "")
    assert done.complaint.startswith("--precision fp16 is for GPUs")


@pytest.mark.parametrize(
    ("used", "known", "dtype"),
    [
        ("AVX512", {"amx_bf16": True, "cpu_name": "Intel"}, torch.bfloat16),
        ("AVX512", {"avx512_bf16": True, "cpu_name": "AMD Ryzen"}, torch.bfloat16),
        ("AVX512", {"avx512_bf16": True, "cpu_name": "Intel"}, torch.float32),
        ("AVX512", {"avx512_bf16": True}, torch.float32),  # of an older torch
        ("AVX512", {"cpu_name": "AMD Ryzen"}, torch.float32),
        ("AVX2", {"avx512_bf16": True, "cpu_name": "AMD Ryzen"}, torch.float32),
    ],
)
def test_precision_goes_by_what_the_processor_is(
    monkeypatch: pytest.MonkeyPatch, used: str, known: dict[str, object], dtype: torch.dtype
) -> None:
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: used)
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: known, raising=False)
    assert runtime.choose("cpu").dtype == dtype
    assert runtime.choose("cpu", "fp32").dtype == torch.float32


def test_speed_is_measured() -> None:
    where = runtime.choose("cpu", "fp32")
    assert runtime.measure_speed(where, seconds=0.01) > 0


# --- completion -----------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str) -> None:
    done = run("completion", shell)
    assert (done.code, done.err) == (0, "")
    assert f"_GANEDIT_COMPLETE={shell}_complete" in done.out
    if shutil.which(shell):
        syntax = subprocess.run([shell, "-n"], input=done.out, text=True, check=False)
        assert syntax.returncode == 0


def test_completion_of_another_shell() -> None:
    done = run("completion", "tcsh")
    assert done.code == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in done.err


def test_completion_completes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the script asks for is what the command answers."""
    for words, expected in (("ganedit up", "upscale"), ("ganedit upscale --mod", "--model")):
        monkeypatch.setenv("_GANEDIT_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
        assert run().out == f"plain,{expected}\n"


# --- the command itself ---------------------------------------------------------------------------


def test_version() -> None:
    assert run("--version") == Outcome(0, f"ganedit, version {ganedit.__version__}\n", "")


def commands(group: click.Group, *names: str) -> Iterator[tuple[str, ...]]:
    """Every command below a group, by its words."""
    yield names
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)
        else:
            yield (*names, name)


# In a process in which torch and its like cannot be imported, each command's help.
HELPS = """
import contextlib, io, json, sys
from ganedit.app.commands import main
told = []
for words in json.loads(sys.argv[1]):
    sys.argv, out = ["ganedit", *words, "-h"], io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            main()
        except SystemExit as left:
            told.append([left.code, out.getvalue()])
print(json.dumps(told))
"""


def test_every_help_needs_no_torch(tmp_path: Path) -> None:
    for module in ("torch", "cv2", "matplotlib", "kornia"):
        (tmp_path / f"{module}.py").write_text(f"raise SystemExit('{module} was imported')")
    every = list(commands(make_cli()))
    done = subprocess.run(
        [sys.executable, "-c", HELPS, json.dumps(every)], cwd=tmp_path, capture_output=True,
        text=True, check=False, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    for words, (code, out) in zip(every, json.loads(done.stdout), strict=True):
        assert code == 0, (words, code)
        assert out.startswith(" ".join(["Usage: ganedit", *words]))


@pytest.mark.parametrize("words", list(commands(make_cli())), ids=" ".join)
def test_help_fits_the_terminal(words: tuple[str, ...]) -> None:
    lines = run(*words, "--help").out.splitlines()
    assert max(map(len, lines)) <= 100


def test_models_needs_no_torch(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit('torch was imported')")
    done = run_process("models", "--json", folder=tmp_path, GANEDIT_WEIGHTS=os.devnull)
    assert (done.code, done.err) == (0, "")
    assert isinstance(json.loads(done.out), list)
