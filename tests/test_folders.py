"""Folders of pictures: what is taken, what is skipped, what is told, what failure leaves."""

import json
import multiprocessing
import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
from command_line import EXACT, Outcome, listing, run, save_network, write_photo

from ganedit.image import Image
from ganedit.runs.inputs import JOURNAL_FOLDER
from ganedit.runs.journal import Journal, Records, journal_file, staging_folder
from ganedit.runs.options import Placement
from ganedit.runs.threads import MemoryBudget
from ganedit.tasks.upscale.edit import UpscaleEdit

Upscale = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that relative names mean."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def upscale(home: Path, tmp_path: Path) -> Upscale:
    """Run `ganedit upscale` in home with a small untrained network."""
    own = save_network(tmp_path / "own.safetensors")
    return lambda *arguments, **how: run("upscale", *arguments, "--weights", own, *EXACT, **how)


def write_photos(folder: Path, count: int) -> list[str]:
    """Small photos of several sizes, each unlike the others; returns their names."""
    names = [f"{number:03}.png" for number in range(count)]
    for number, name in enumerate(names):
        write_photo(folder / name, 16 + number % 5, 12, seed=number)
    return names


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in listing(folder)}


def statuses(file: Path) -> dict[str, str]:
    """The last status that a report has for each input."""
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return {line["input"]: line["status"] for line in lines}


# --- what is taken --------------------------------------------------------------------------------


def test_folders_globs_and_lists_mirror_their_trees(home: Path, upscale: Upscale) -> None:
    for name in ("in/a.png", "in/deep/b.png", "in/deep/er/c.png", "more/d.png"):
        write_photo(home / name)
    (home / "list.txt").write_text("in/deep/b.png\n\nmore\n")
    for number, (inputs, found) in enumerate(
        (
            (["in", "more"], ["a.png", "d.png", "deep/b.png", "deep/er/c.png"]),
            (["in/*.png"], ["a.png"]),
            (["in/**/*.png"], ["a.png", "deep/b.png", "deep/er/c.png"]),
            (["in/*"], ["a.png", "deep/b.png", "deep/er/c.png"]),
            (["@list.txt"], ["in/deep/b.png", "more/d.png"]),
            ([f"@{home / 'list.txt'}"], ["in/deep/b.png", "more/d.png"]),
        )
    ):
        assert upscale(*inputs, "-o", f"out{number}").code == 0
        assert listing(home / f"out{number}") == found


def test_list_of_whole_names_and_odd_ones(home: Path, upscale: Upscale, tmp_path: Path) -> None:
    outside = write_photo(tmp_path / "else where" / "ф 图.png")
    write_photo(home / "#1 [x].png")
    (home / "list.txt").write_text(f"\ufeff{outside}\r\n#1 [x].png\n../home/./#1 [x].png\n")
    assert upscale("@list.txt", "-o", "out").code == 0
    placed = outside.relative_to("/").as_posix()
    again = (home / "#1 [x].png").relative_to("/").as_posix()
    assert listing(home / "out") == sorted(["#1 [x].png", placed, again])


def test_include_and_exclude(home: Path, upscale: Upscale) -> None:
    for name in ("in/a.png", "in/b.bmp", "in/drafts/c.png", "in/2024/raw/d.png"):
        write_photo(home / name)
    for number, (options, found) in enumerate(
        (
            (["--include", "*.png"], ["2024/raw/d.png", "a.png", "drafts/c.png"]),
            (["--include", "*.png", "--exclude", "drafts"], ["2024/raw/d.png", "a.png"]),
            (["--exclude", "2024/*", "--exclude", "b.*"], ["a.png", "drafts/c.png"]),
            (["--include", "drafts", "--include", "a.*"], ["a.png", "drafts/c.png"]),
        )
    ):
        done = upscale("in", "-o", f"out{number}", *options)
        assert listing(home / f"out{number}") == found
        assert f"left out: {4 - len(found)} excluded" in done.out
    refused = upscale("in", "-o", "none", "--include", "*.tif")
    assert (refused.code, refused.complaint) == (
        2, "in: no pictures in this folder (left out: 4 excluded)",
    )  # fmt: skip


def test_what_is_no_picture_is_counted(home: Path, upscale: Upscale) -> None:
    for name in ("in/a.png", "in/.b.png", "in/.cache/c.png"):
        write_photo(home / name)
    for name in ("in/notes.txt", "in/table.csv"):
        (home / name).touch()
    done = upscale("in", "-o", "out")
    assert done.out.endswith("left out: 2 hidden, 2 not pictures\n")
    assert listing(home / "out") == ["a.png"]


def test_links_are_followed_once(home: Path, upscale: Upscale) -> None:
    write_photo(home / "in/a.png")
    write_photo(home / "elsewhere/b.png")
    (home / "in/loop").symlink_to(home / "in")
    (home / "in/more").symlink_to(home / "elsewhere")
    (home / "elsewhere/back").symlink_to(home / "in")
    (home / "in/gone.png").symlink_to("nowhere")
    done = upscale("in", "-o", "out")
    assert done.code == 0
    assert listing(home / "out") == ["a.png", "more/b.png"]
    assert "2 links to folders that were seen already" in done.out


def test_output_inside_the_input(home: Path, upscale: Upscale) -> None:
    write_photo(home / "in/a.png")
    for inputs in ("in", "in/**/*.png"):
        assert upscale(inputs, "-o", "in/large", "--overwrite").code == 0
        assert upscale(inputs, "-o", "in/large", "--overwrite").code == 0
        assert listing(home / "in") == ["a.png", "large/a.png"]


def test_folders_that_hold_one_name_keep_apart(home: Path, upscale: Upscale) -> None:
    for name in ("one/b.png", "two/b.png", "two/c.png"):
        write_photo(home / name)
    for _ in range(2):  # the same names in every run
        done = upscale("one", "two", "-o", "out")
        assert done.code == 0
        assert "one/b.png becomes out/one/b.png" in done.err
        assert listing(home / "out") == ["c.png", "one/b.png", "two/b.png"]
    assert "3 finished before" in done.out


def test_collisions_are_refused_before_work(home: Path, upscale: Upscale) -> None:
    for name in ("a/one/b.png", "c/one/b.png"):
        write_photo(home / name)
    same = upscale("a/one", "c/one", "-o", "out")
    assert (same.code, same.complaint) == (
        2, "a/one/b.png and c/one/b.png would both become out/one/b.png; "
        "rename one, or edit them apart",
    )  # fmt: skip
    assert not (home / "out").exists()


def test_one_picture_named_two_ways_is_one(home: Path, upscale: Upscale) -> None:
    write_photo(home / "in/a.png")
    done = upscale("in/a.png", "in/../in/a.png", str(home / "in/a.png"), "-o", "out")
    assert done.code == 0
    assert listing(home / "out") == ["a.png"]


def test_links_in_a_circle_are_one_failure(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.png")
    (home / "self.png").symlink_to("self.png")
    done = upscale("self.png", "a.png", "-o", "out")
    assert done.code == 1
    assert listing(home / "out") == ["a.png"]
    assert "self.png cannot be read: Too many levels" in done.err


@pytest.mark.parametrize(
    "text", [b"in/a.png\0in/b.png\0", "in/a.png\r\nin/b.png\r\n".encode("utf-16")]
)
def test_lists_of_find_and_of_powershell(home: Path, upscale: Upscale, text: bytes) -> None:
    for name in ("in/a.png", "in/b.png"):
        write_photo(home / name)
    (home / "list.txt").write_bytes(text)
    assert upscale("@list.txt", "-o", "out").code == 0
    assert listing(home / "out") == ["in/a.png", "in/b.png"]


def test_a_picture_is_no_list(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.png")
    done = upscale("@a.png", "-o", "out")
    assert (done.code, done.complaint) == (2, "@a.png: not a list of names, one a line")


def test_names_that_meet_keep_their_suffix(home: Path, upscale: Upscale) -> None:
    for name in ("in/a.png", "in/a.gif"):
        write_photo(home / name)
    for _ in range(2):  # the same names in every run
        done = upscale("in", "-o", "out")
        assert done.code == 0
        assert "in/a.gif becomes a.gif.png" in done.err
        assert listing(home / "out") == ["a.gif.png", "a.png"]
    assert "2 finished before" in done.out


def test_list_with_comments_and_blank_lines(home: Path, upscale: Upscale) -> None:
    write_photo(home / "in/a.png")
    (home / "lists").mkdir()
    (home / "lists/list.txt").write_text("# of today\n\n  \nin/a.png\n")
    assert upscale("@lists/list.txt").code == 0
    assert listing(home / "in") == ["a.png", "a_x4.png"]
    assert "1 finished before" in upscale("@lists/list.txt").out


def test_suffix_and_format(home: Path, upscale: Upscale) -> None:
    write_photo(home / "in/a.png")
    assert upscale("in", "-o", "out", "--suffix", "_large", "--format", "jpeg").code == 0
    assert listing(home / "out") == ["a_large.jpg"]
    assert upscale("in", "--suffix", "-2").code == 0
    assert listing(home / "in") == ["a-2.png", "a.png"]
    assert upscale("in", "--suffix", "a/b").code == 2
    assert upscale("in/a.png", "-o", "b.png", "--suffix", "_x").code == 2


@pytest.mark.parametrize("name", ["日本語.png", "Ünï cödé.png", "מפה.png", "🦦.png", "a\nb.png"])
def test_names_in_any_script(home: Path, upscale: Upscale, name: str) -> None:
    write_photo(home / "in" / name)
    for text in ("1 picture in", "1 finished before"):
        done = upscale("in", "-o", "out", "--report", "report.jsonl")
        assert (done.code, done.err) == (0, "")
        assert text in done.out
    assert listing(home / "out") == [name]
    assert statuses(home / "report.jsonl") == {f"in/{name}": "skipped"}


def test_name_that_is_no_utf8(home: Path, upscale: Upscale) -> None:
    name = b"in/\xe9t\xe9.png".decode("utf-8", "surrogateescape")
    write_photo(home / name)
    for _ in range(2):
        assert upscale("in", "-o", "out", "--report", "report.jsonl").code == 0
    assert listing(home / "out") == [Path(name).name]


# --- a second run ---------------------------------------------------------------------------------


def test_finished_results_are_skipped(home: Path, upscale: Upscale) -> None:
    names = write_photos(home / "in", 4)
    assert upscale("in", "-o", "out").code == 0
    before = {name: (home / "out" / name).stat() for name in names}
    (home / "out" / names[1]).unlink()
    done = upscale("in", "-o", "out", "--report", "report.jsonl")
    assert done.code == 0
    assert "3 finished before" in done.out
    found = statuses(home / "report.jsonl")
    assert found.pop(f"in/{names[1]}") == "done"
    assert set(found.values()) == {"skipped"}
    for name in (names[0], *names[2:]):
        assert (home / "out" / name).stat().st_mtime_ns == before[name].st_mtime_ns


def test_without_output_folder_too(home: Path, upscale: Upscale) -> None:
    write_photos(home / "in", 2)
    (home / "list.txt").write_text("in/000.png\nin/001.png\n")
    assert "2 pictures in" in upscale("in").out
    assert "2 finished before" in upscale("in").out
    assert upscale("@list.txt", "--scale", 2).code == 0
    assert "2 finished before" in upscale("@list.txt", "--scale", 2).out
    assert listing(home / "in") == [
        "000.png", "000_x2.png", "000_x4.png", "001.png", "001_x2.png", "001_x4.png",
    ]  # fmt: skip


def test_copies_count_as_the_same(home: Path, upscale: Upscale) -> None:
    """Times change when folders are copied; contents do not."""
    write_photos(home / "in", 1)
    upscale("in", "-o", "out")
    for path in (home / "in/000.png", home / "out/000.png"):
        path.write_bytes(path.read_bytes())
    assert "1 finished before" in upscale("in", "-o", "out").out


def test_list_of_more_folders_than_files_may_be_open(
    home: Path, upscale: Upscale, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has a journal of its own."""
    resource = pytest.importorskip("resource")
    names = [f"{number}/a.png" for number in range(60)]
    for name in names:
        write_photo(home / name)
    Path("list.txt").write_text("\n".join(names))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
        with monkeypatch.context() as patch:
            patch.setattr(resource, "setrlimit", mock.Mock(side_effect=ValueError("above")))
            done = upscale("@list.txt", "--scale", 2)
        assert (done.code, done.complaint) == (
            1, "results go into 60 folders, for which the system lets no process have enough "
            "files open; choose one folder for all with -o, or give fewer at once",
        )  # fmt: skip
        assert listing(home) == sorted([*names, "list.txt"])
        assert upscale("@list.txt", "--scale", 2).code == 0
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("change", ["input", "options", "weights", "result", "journal"])
def test_what_does_not_match_is_refused(
    home: Path, tmp_path: Path, upscale: Upscale, change: str
) -> None:
    write_photos(home / "in", 1)
    assert upscale("in", "-o", "out").code == 0
    first = contents(home / "out")
    options = []
    if change == "input":
        write_photo(home / "in/000.png", seed=9)
    elif change == "options":
        options = ["--scale", "2"]
    elif change == "weights":
        save_network(tmp_path / "own.safetensors", seed=1, tail=9)
    elif change == "result":
        write_photo(home / "out/000.png")
        first = contents(home / "out")
    else:
        journal_file(home / "out").unlink()
    done = upscale("in", "-o", "out", *options)
    assert (done.code, done.complaint) == (
        1, "out/000.png: exists already; add --overwrite to replace it",
    )  # fmt: skip
    assert contents(home / "out") == first
    assert upscale("in", "-o", "out", *options, "--overwrite").code == 0
    assert change == "journal" or contents(home / "out") != first
    assert "1 finished before" in upscale("in", "-o", "out", *options).out


def test_previews_are_results(home: Path, upscale: Upscale) -> None:
    write_photos(home / "in", 1)
    both = ["000.png", "000.png.preview.png"]
    assert upscale("in", "-o", "out", "--preview").code == 0
    assert listing(home / "out") == both
    assert "1 finished before" in upscale("in", "-o", "out", "--preview").out
    (home / "out/000.png").unlink()
    assert upscale("in", "-o", "out", "--preview").code == 0
    (home / "out/000.png.preview.png").unlink()
    assert upscale("in", "-o", "out", "--preview").code == 0
    assert listing(home / "out") == both


def test_journal_survives_torn_lines_and_what_runs_leave(home: Path, upscale: Upscale) -> None:
    names = write_photos(home / "in", 3)
    upscale("in", "-o", "out")
    whole = contents(home / "out")
    journal = journal_file(home / "out")
    journal.write_bytes(journal.read_bytes()[:-20])
    journal.write_bytes(b"\x00\xff\n[]\n{}\n" + journal.read_bytes())
    staging_folder(home / "out").mkdir()
    (staging_folder(home / "out") / ".left.part1").write_text("half a pic")
    (home / "out" / names[2]).unlink()
    assert upscale("in", "-o", "out").code in (0, 1)
    (home / "out" / names[2]).unlink(missing_ok=True)
    assert upscale("in", "-o", "out", "--overwrite").code == 0
    assert contents(home / "out") == whole
    assert not staging_folder(home / "out").exists()
    assert "3 finished before" in upscale("in", "-o", "out").out


def test_record_of_a_result_that_never_came(home: Path, upscale: Upscale) -> None:
    """Killed between record and rename: the older result still matches its own record."""
    write_photos(home / "in", 1)
    upscale("in", "-o", "out")
    journal = journal_file(home / "out")
    record = json.loads(journal.read_text().splitlines()[-1])
    record["made"] = {"bytes": 7, "mtime_ns": 7, "sha256": "7"}
    with journal.open("a") as file:
        file.write(json.dumps(record) + "\n")
    assert "1 finished before" in upscale("in", "-o", "out").out


def test_second_job_on_the_same_output_is_told(home: Path, upscale: Upscale) -> None:
    write_photos(home / "in", 1)
    with Journal(home / "out"):
        done = upscale("in", "-o", home / "out")
        assert (done.code, done.complaint) == (
            1, f"{home}/out: another run is writing there; wait for it, or choose another -o",
        )  # fmt: skip
    assert upscale("in", "-o", home / "out").code == 0


def test_inpainted_folder(home: Path, tmp_path: Path) -> None:
    """Masks lie in the same tree as their photos, and belong to what a result depends on."""
    for place in ("", "deep/"):
        write_photo(home / f"in/{place}a.png", 60, 40)
        (home / f"masks/{place}").mkdir(parents=True, exist_ok=True)
    marks = {"masks/a.png": (5, 5), "masks/deep/a_mask.png": (30, 20)}
    command = ("inpaint", "in", "--masks", "masks", "-o", "out", "--method", "telea")
    for name, (left, top) in marks.items():
        write_mask(home / name, left, top)
    assert run(*command).code == 0
    assert contents(home / "out")["a.png"] != contents(home / "out")["deep/a.png"]
    assert "2 finished before" in run(*command).out
    write_mask(home / "masks/a.png", 40, 20)
    changed = run(*command)
    assert changed.code == 1
    assert "1 finished before" in changed.out
    assert changed.err.startswith("ganedit: out/a.png: exists already; add --overwrite")


def test_contact_sheets_of_a_folder(home: Path) -> None:
    """Made of the files, so that a run that goes on makes those that are missing."""
    for name in ("a", "b"):
        write_photo(home / f"in/{name}.png", 60, 40)
    command = ("inpaint", "in", "--box", "20,10,8,8", "--candidates", 2, "--method", "ns")
    fills = [f"{name}_{end}.png" for name in ("a", "b") for end in ("1", "2", "sheet")]
    assert run(*command, "-o", "out").code == 0
    assert listing(home / "out") == fills
    whole = contents(home / "out")
    (home / "out/a_sheet.png").unlink()
    (home / "out/b_2.png").unlink()
    assert run(*command, "-o", "out").code == 0
    assert contents(home / "out") == whole


def write_mask(path: Path, left: int, top: int) -> None:
    import numpy as np

    mask = np.zeros((40, 60, 1), np.uint8)
    mask[top : top + 8, left : left + 8] = 255
    Image(mask).save(path, overwrite=True)


# --- failures -------------------------------------------------------------------------------------


def test_failures_are_listed_at_the_end(home: Path, upscale: Upscale) -> None:
    write_photos(home / "in", 4)
    for name in ("001.png", "bad.jpg"):
        (home / "in" / name).write_text("not a picture")
    done = upscale("in", "-o", "out", "--report", "report.jsonl")
    assert done.code == 1
    *failed, summary = done.err.splitlines()
    assert sorted(line.partition(" is not")[0] for line in failed) == [
        "ganedit: in/001.png", "ganedit: in/bad.jpg",
    ]  # fmt: skip
    assert summary == "2 of 5 pictures failed"
    assert listing(home / "out") == ["000.png", "002.png", "003.png"]
    assert sorted(statuses(home / "report.jsonl").values()) == ["done"] * 3 + ["failed"] * 2
    assert upscale("in", "-o", "out", "-q").code == 1


def test_report(home: Path, upscale: Upscale, tmp_path: Path) -> None:
    write_photo(home / "in/a.png", 20, 10)
    (home / "in/b.png").touch()
    (home / "report.jsonl").write_text('{"input": "in/torn')
    assert upscale("in", "-o", "out", "--report", "report.jsonl").code == 1
    torn, *lines = (home / "report.jsonl").read_text().splitlines()
    assert torn == '{"input": "in/torn'
    good, bad = sorted(map(json.loads, lines), key=lambda line: line["input"])
    assert good["seconds"] > 0
    assert good["input_size"] == [20, 10]
    assert good["output_size"] == [80, 40]
    assert good["input_bytes"] == (home / "in/a.png").stat().st_size
    assert good["output_bytes"] == (home / "out/a.png").stat().st_size
    assert good["options"]["scale"] == 4
    assert list(good["weights"]) == ["own.safetensors"]
    assert (bad["status"], bad["error"]) == ("failed", "in/b.png is empty; get another copy")
    done = upscale("in", "-o", "new", "--report", "in/a.png/report.jsonl")
    assert (done.code, done.out) == (1, "")
    assert done.complaint == "cannot write in/a.png/report.jsonl: File exists"


def test_fail_fast(home: Path, upscale: Upscale) -> None:
    write_photos(home / "in", 20)
    (home / "in/000.png").write_text("not a picture")
    done = upscale("in", "-o", "out", "--fail-fast", "--jobs", 1)
    assert done.code == 1
    assert "stopped (a picture failed)" in done.err
    assert len(listing(home / "out")) < 19


def test_thousand_corrupt_files(home: Path, upscale: Upscale) -> None:
    write_photo(home / "in/z.png")
    for number in range(1000):
        (home / f"in/{number:04}.jpg").write_bytes(b"\xff\xd8\xff rubbish")
    done = upscale("in", "-o", "out")
    assert done.code == 1
    assert len(done.err.splitlines()) == 1001
    assert done.err.endswith("1000 of 1001 pictures failed\n")
    assert listing(home / "out") == ["z.png"]


@pytest.mark.parametrize("fate", ["vanished", "changed"])
def test_file_that_is_touched_during_the_run(
    home: Path, upscale: Upscale, monkeypatch: pytest.MonkeyPatch, fate: str
) -> None:
    write_photo(home / "in/a.png", 20, 10)
    write_photo(home / "in/b.png", 24, 16)
    whole = UpscaleEdit.apply

    def apply(self: UpscaleEdit, image: Image, *arguments: object) -> object:
        if image.width == 20 and fate == "vanished":
            (home / "in/a.png").unlink()
        elif image.width == 20:
            write_photo(home / "in/a.png", seed=5)
        return whole(self, image, *arguments)

    monkeypatch.setattr(UpscaleEdit, "apply", apply)
    done = upscale("in", "-o", "out")
    assert done.code == 1
    assert "ganedit: in/a.png: changed or vanished while it was edited" in done.err
    assert listing(home / "out") == ["b.png"]
    assert listing(home / "out" / JOURNAL_FOLDER) == ["journal.jsonl", "lock"]


def test_file_that_vanishes_before_its_turn(
    home: Path, upscale: Upscale, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(home / "in", 3)
    whole = UpscaleEdit.apply

    def apply(self: UpscaleEdit, *arguments: object) -> object:
        (home / "in/002.png").unlink(missing_ok=True)
        return whole(self, *arguments)

    monkeypatch.setattr(UpscaleEdit, "apply", apply)
    done = upscale("in", "-o", "out", "--jobs", 1)
    assert done.code == 1
    assert "ganedit: in/002.png does not exist; check the name" in done.err


def test_fault_of_ganedit_is_one_pictures(
    home: Path, upscale: Upscale, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(home / "in", 3)
    whole, calls = UpscaleEdit.apply, []

    def apply(self: UpscaleEdit, *arguments: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise ZeroDivisionError("division by zero")
        return whole(self, *arguments)

    monkeypatch.setattr(UpscaleEdit, "apply", apply)
    done = upscale("in", "-o", "out")
    assert done.code == 1
    assert "ganedit failed (ZeroDivisionError('division by zero')); please report it" in done.err
    assert len(listing(home / "out")) == 2


def test_output_that_cannot_be_written(home: Path, upscale: Upscale) -> None:
    write_photos(home / "in", 1)
    done = upscale("in", "-o", "/proc/out")  # read-only for root too
    assert done.code == 1
    assert "/proc/out" in done.complaint


# --- what is shown --------------------------------------------------------------------------------


def test_dry_run(home: Path, upscale: Upscale, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganedit.runs.estimate.MEASURED_SECONDS", 0.05)
    write_photo(home / "in/a.png", 1000, 100)
    write_photo(home / "in/b.png", 500, 200)
    upscale("in", "-o", "out", "--include", "a.png")
    (home / "in/c.png").touch()
    write_photo(home / "in/d.png")
    write_photo(home / "out/d.png")
    before = listing(home)
    done = upscale("in", "-o", "out", "--dry-run")
    assert (done.code, done.err) == (0, "")
    first, second, *others = done.out.splitlines()
    assert first.startswith("2 pictures to do: 0.1 megapixels in 0.")
    assert second.startswith("about 0")  # how fast a machine is, is no test
    assert others == [
        "1 unreadable or too large: in/c.png",
        "1 finished before",
        "refused: out/d.png: exists already; add --overwrite to replace it",
    ]
    assert listing(home) == before
    assert upscale("in", "-o", "new", "--dry-run").code == 0
    assert not (home / "new").exists()


def test_terminal_shows_one_bar(
    home: Path, upscale: Upscale, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(home / "in", 6)
    monkeypatch.setattr("ganedit.runs.display.BAR_AFTER", 0)
    done = upscale("in", "-o", "out", terminal=True)
    assert done.code == 0
    assert "of 6, " in done.err
    assert " pictures/s" in done.err
    assert " left" in done.err
    assert upscale("in", "-o", "quiet", "-q", terminal=True) == Outcome(0, "", "")


def test_lines_now_and_then_without_a_terminal(
    home: Path, upscale: Upscale, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(home / "in", 4)
    assert upscale("in", "-o", "out").err == ""
    monkeypatch.setattr("ganedit.runs.display.LINE_EVERY", 0)
    done = upscale("in", "-o", "new")
    first, *_, last = done.err.splitlines()
    assert first.startswith("1 of 4 pictures, ")
    assert last.startswith("4 of 4 pictures, ")
    assert "00:00 left, in/00" in last
    assert upscale("in", "-o", "quiet", "-q") == Outcome(0, "", "")


def test_verbose_tells_each_picture(home: Path, upscale: Upscale) -> None:
    write_photos(home / "in", 3)
    done = upscale("in", "-o", "out", "-v")
    assert done.out.count("×48  ") == 3


# --- how it is computed ---------------------------------------------------------------------------


def test_results_do_not_depend_on_neighbours_order_or_memory(home: Path, upscale: Upscale) -> None:
    names = write_photos(home / "in", 7)
    for name in names:
        assert upscale(f"in/{name}", "-o", f"alone/{name}").code == 0
    alone = contents(home / "alone")
    for number, options in enumerate((["--jobs", 1], ["--jobs", 5], ["--jobs", 7])):
        assert upscale("in", "-o", f"out{number}", *options).code == 0
        assert contents(home / f"out{number}") == alone


@pytest.mark.parametrize(
    ("device", "names"),
    [
        ("auto", ["auto"]),
        ("cuda:0,1", ["cuda:0", "cuda:1"]),
        ("cuda:2,cuda:3", ["cuda:2", "cuda:3"]),
        ("cpu,cpu", ["cpu", "cpu"]),
    ],
)
def test_names_of_devices(device: str, names: list[str]) -> None:
    assert Placement(device).devices == names


def test_several_devices_are_several_processes(home: Path, tmp_path: Path) -> None:
    """Two processes on the CPU stand in for two GPUs; one dies, the other does its pictures."""
    names = write_photos(home / "in", 40)
    own = save_network(tmp_path / "own.safetensors")
    common = ("--weights", own, "--precision", "fp32", "--report", "report.jsonl")
    assert run("upscale", "in", "-o", "one", "--device", "cpu", *common).code == 0

    def kill_one() -> None:
        while not list((home / "two").glob("*.png")):
            time.sleep(0.01)
        multiprocessing.active_children()[0].kill()

    killer = threading.Thread(target=kill_one)
    killer.start()
    done = run("upscale", "in", "-o", "two", "--device", "cpu,cpu", *common)
    killer.join()
    assert done.code == 0
    assert "failed" not in done.err
    assert len(names) == 40
    assert contents(home / "two") == contents(home / "one")
    refused = run("upscale", "in", "-o", "three", "--device", "cpu,tpu", *common)
    assert (refused.code, refused.complaint) == (
        2, "--device tpu: use auto, cpu, mps, cuda or cuda:N",
    )  # fmt: skip


def test_memory_is_kept_and_a_large_picture_works_alone() -> None:
    budget, taken, most = MemoryBudget(100), [0], [0]
    lock = threading.Lock()

    def work(size: int) -> None:
        with budget.taken(size):
            with lock:
                taken[0] += size
                most[0] = max(most[0], taken[0])
                assert taken[0] <= 100 or taken[0] == size == 150
            time.sleep(0.001)
            with lock:
                taken[0] -= size

    crew = [threading.Thread(target=work, args=(size,)) for size in [30, 60, 150, 10, 45] * 8]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    assert (taken[0], most[0]) == (0, 150)


def test_no_journal_for_pictures_named_one_by_one(home: Path, upscale: Upscale) -> None:
    write_photo(home / "a.png")
    write_photo(home / "b.png")
    assert upscale("a.png", "b.png").code == 0
    (home / "there").mkdir()
    assert upscale("a.png", "-o", "there").code == 0
    assert not list(home.rglob(JOURNAL_FOLDER))
    assert upscale("a.png", "b.png", "-o", "there", "--overwrite").code == 0
    assert len(Records(home / "there")._records) == 2
