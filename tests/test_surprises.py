"""What surprised people: terminals, pipes, names and masks, through the command as they start it.

Pictures are filled by diffusion where it does not matter what is in them, which takes no network.
"""

import json
import os
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import numpy as np
import PIL.Image
import psutil
import pytest
import tiny
from command_line import EXACT, REPOSITORY, listing, run, save_network, shipping, write_photo

from ganedit import weights
from ganedit.runs.pairing import Partner

FILL = ("--box", "3,3,6,1", "--method", "ns", "--device", "cpu")


def start(*arguments: object, folder: Path, **facts: object) -> "subprocess.Popen[bytes]":
    """A command in a process of its own, its streams as they come."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    environment |= facts.pop("environment", {})  # type: ignore[call-overload]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **facts}
    return subprocess.Popen(
        [sys.executable, "-m", "ganedit", *map(str, arguments)], cwd=folder, env=environment,
        **streams,
    )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


# --- printing ends nothing --------------------------------------------------------------------


def test_a_terminal_that_knows_few_letters(home: Path) -> None:
    write_photo(home / "日本.png")
    write_photo(home / "b.png")
    encoding = {"PYTHONIOENCODING": "cp1251"}
    done = start("inpaint", "日本.png", "b.png", *FILL, folder=home, environment=encoding)
    out, err = done.communicate()
    assert (done.returncode, out.count(b"\n"), b"Traceback" in err) == (0, 2, False)
    assert len(list(home.glob("*_inpaint.png"))) == 2


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_streams_that_are_closed(home: Path, closed: str) -> None:
    write_photo(home / "a.png")
    number = {"stdout": 1, "stderr": 2}[closed]
    done = start("inpaint", "a.png", *FILL, folder=home, preexec_fn=lambda: os.close(number))
    done.communicate()
    assert done.returncode == 0
    assert (home / "a_inpaint.png").exists()


def test_a_pipe_that_nobody_reads(home: Path) -> None:
    for number in range(3):
        write_photo(home / f"{number}.png")
    reader, writer = os.pipe()
    os.close(reader)
    names = [f"{number}.png" for number in range(3)]
    done = start("inpaint", *names, *FILL, folder=home, stdout=writer)
    os.close(writer)
    done.communicate()
    assert len(list(home.glob("*_inpaint.png"))) == 3


@pytest.mark.parametrize("words", [["upscale", "--help"], ["models"]], ids=" ".join)
def test_a_listing_that_nobody_reads(home: Path, words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = start(*words, folder=home, stdout=writer)
    os.close(writer)
    _, err = done.communicate()
    assert (done.returncode, err) == (141, b"")


# --- pipes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", [None, "jpeg", "tiff"])
def test_picture_through_a_pipe(home: Path, format: str | None) -> None:
    content = write_photo(home / "a.png").read_bytes()
    words = ("--format", format) if format else ()
    done = start("inpaint", "-", "-o", "-", *FILL, *words, folder=home, stdin=subprocess.PIPE)
    out, err = done.communicate(content)
    assert done.returncode == 0, err
    (home / "piped").write_bytes(out)
    with PIL.Image.open(home / "piped") as picture:
        assert picture.size == (24, 16)
        assert picture.format == (format.upper() if format else "PNG")
    assert listing(home) == ["a.png", "piped"], "nothing is left beside it"


def test_one_end_of_a_pipe(home: Path) -> None:
    content = write_photo(home / "a.png").read_bytes()
    done = start("inpaint", "a.png", "-o", "-", *FILL, folder=home)
    out, _ = done.communicate()
    assert out.startswith(b"\x89PNG")
    done = start("inpaint", "-", "-o", "b.png", *FILL, folder=home, stdin=subprocess.PIPE)
    done.communicate(content)
    assert (home / "b.png").read_bytes() == out
    empty = start("inpaint", "-", "-o", "c.png", *FILL, folder=home, stdin=subprocess.DEVNULL)
    _, err = empty.communicate()
    assert (empty.returncode, err.count(b"\n")) == (1, 1)
    assert run("inpaint", "-", "a.png", *FILL).code == 2


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mask",
    ["IMG_1.png", "img_1.png", "IMG_1.jpg.png", "IMG_1_mask.png", "img_1_MASK2.PNG",
     "IMG_1.JPG_mask.png"],
)  # fmt: skip
def test_masks_by_any_name(tmp_path: Path, mask: str) -> None:
    (tmp_path / mask).touch()
    (tmp_path / "IMG_10.png").touch()
    (tmp_path / "IMG_1x.png").touch()
    found = Partner("mask", folder=tmp_path).of(Path("photos/IMG_1.jpg"))
    assert [path.name for path in found] == [mask]


def test_masks_in_the_other_form_of_unicode(home: Path) -> None:
    composed = "caf\u00e9.png"
    write_photo(home / "photos" / composed)
    hole = np.zeros((16, 24), np.uint8)
    hole[4:6, 4:12] = 255
    (home / "masks").mkdir()
    mask = home / "masks" / unicodedata.normalize("NFD", composed)
    PIL.Image.fromarray(hole).save(mask)
    done = run("inpaint", "photos", "--masks", "masks", "-o", "out", "--method", "ns", *EXACT)
    assert (done.code, listing(home / "out")) == (0, [composed])


def test_an_original_named_like_a_result_is_edited(home: Path) -> None:
    for name in ("cat.png", "cat_as_kitten.png"):
        write_photo(home / "in" / name)
    done = run("inpaint", "in", *FILL)
    assert done.code == 0
    assert len(list((home / "in").glob("*_inpaint.png"))) == 2
    again = run("inpaint", "in", *FILL)
    assert "2 finished before" in again.out
    assert "left out: 2 results of earlier runs (in/cat_as_kitten_inpaint.png, " in again.out


def test_results_with_a_suffix_of_their_own_are_known_by_the_journal(home: Path) -> None:
    write_photo(home / "in/a.png")
    assert run("inpaint", "in", "--suffix", "-new", *FILL).code == 0
    again = run("inpaint", "in", "--suffix", "-new", *FILL)
    assert "1 finished before; left out: 1 results of earlier runs (in/a-new.png)" in again.out


def test_file_that_looks_like_an_option(home: Path) -> None:
    write_photo(home / "-a.png")
    done = run("inpaint", "-a.png", *FILL)
    assert done.code == 2
    assert "put -- before the names of files" in done.complaint
    assert run("inpaint", *FILL, "--", "-a.png").code == 0


# --- told -------------------------------------------------------------------------------------


def test_notes_of_a_folder_are_counted_and_reported(home: Path) -> None:
    for number in range(3):
        frames = [PIL.Image.fromarray(tiny.photo(seed, 16, 24)) for seed in (number, 9)]
        (home / "in").mkdir(exist_ok=True)
        frames[0].save(home / f"in/{number}.gif", save_all=True, append_images=frames[1:])
    still = ("--format", "png")  # which holds one picture
    done = run("inpaint", "in", "-o", "out", "--report", "report.jsonl", *still, *FILL)
    assert done.code == 0
    (line,) = [line for line in done.err.splitlines() if "frame" in line]
    assert line.startswith("3 pictures: ")
    rows = [json.loads(row) for row in (home / "report.jsonl").read_text().splitlines()]
    assert all(any("frame" in note for note in row["notes"]) for row in rows)


def test_a_format_with_loss_is_told_where_the_rest_is_to_stay(home: Path) -> None:
    write_photo(home / "a.jpg")
    assert "bit for bit" in run("inpaint", "a.jpg", *FILL).err
    assert "bit for bit" not in run("inpaint", "a.jpg", "-o", "b.png", *FILL).err


def test_a_bad_colour_is_told_once_before_any_picture(home: Path) -> None:
    for name in ("a.png", "b.png"):
        write_photo(home / name)
    done = run("inpaint", "a.png", "b.png", "--mask-color", "pinkish")
    assert done.code == 2
    assert done.complaint.startswith("--mask-color 'pinkish': write it like")


def test_mask_that_marks_nothing(home: Path) -> None:
    write_photo(home / "a.png")
    PIL.Image.new("L", (24, 16), 0).save("black.png")
    done = run("inpaint", "a.png", "--mask", "black.png")
    assert (done.code, "marks nothing" in done.complaint) == (1, True)
    done = run("inpaint", "a.png", "--mask", "black.png", "--allow-empty", *EXACT)
    assert (done.code, "left as it was" in done.err) == (0, True)


# --- runs -------------------------------------------------------------------------------------


def test_imported_weights_leave_finished_folders_alone(home: Path, tmp_path: Path) -> None:
    """Only the weights that are used count: another file of the same task changes nothing."""
    write_photo(home / "in/a.png")
    (tmp_path / "shipped").mkdir()
    with shipping(tmp_path / "shipped") as folder:
        assert run("upscale", "in", "-o", "out", *EXACT).code == 0
        manifest = folder / "manifest.toml"
        other = 'labels = { model = "clean", scale = "x4", end = "adversarial" }\nsha256 = "'
        manifest.write_text(manifest.read_text().replace(other, f"{other}f"))
        weights.shipped.cache_clear()
        assert "1 finished before" in run("upscale", "in", "-o", "out", *EXACT).out


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_dry_run_leaves_nothing(home: Path, tmp_path: Path, kind: signal.Signals) -> None:
    own = save_network(tmp_path / "own.safetensors")
    for number in range(4):
        write_photo(home / f"in/{number}.png", 600, 480, seed=number)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    before = listing(home)
    running = start(
        "upscale", "in", "-o", "out", "--dry-run", "--weights", own, *EXACT, folder=home,
        environment={"TMPDIR": str(temporary), "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert running.stdout is not None
    assert running.stdout.readline().startswith(b"4 pictures to do")
    # Until pictures are in work: they are edited in threads, and there are no others.
    while psutil.Process(running.pid).num_threads() == 1:
        time.sleep(0.01)
    running.send_signal(kind)
    running.communicate()
    assert running.returncode == (130 if kind == signal.SIGINT else -kind)
    assert listing(home) == before
    assert not listing(temporary)


def test_a_command_that_is_stopped_while_it_starts_says_no_traceback(home: Path) -> None:
    for wait in (0.1, 0.2, 0.3):
        running = start("models", folder=home)
        time.sleep(wait)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate()
        assert b"ganedit/app" not in told, "a traceback of ganedit's own"


def test_the_checkouts_own_command_with_several_devices(home: Path) -> None:
    write_photo(home / "in/a.png")
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "cli.py"), "inpaint", "in", "-o", "out", *FILL[:-1],
         "cpu,cpu"],
        cwd=home, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert listing(home / "out") == ["a.png"]
