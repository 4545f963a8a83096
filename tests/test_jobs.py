"""Which file becomes which. Nothing here reads a picture: names decide, so files are empty."""

from pathlib import Path

import pytest

from ganedit.errors import UsageError
from ganedit.runs.jobs import Job
from ganedit.runs.options import FileOptions, RunOptions
from ganedit.runs.placing import check_targets, plan_pictures
from ganedit.runs.planning import Given, plan_jobs
from ganedit.tasks.inpaint.options import InpaintOptions
from ganedit.tasks.inpaint.task import INPAINT


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that relative names mean."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def plan(*inputs: str, o: str | None = None, format: str | None = None) -> list[Job]:
    files = FileOptions(output=None if o is None else Path(o), format=format)
    jobs = plan_pictures([Path(name) for name in inputs], "x4", RunOptions(files)).jobs
    check_targets(jobs)
    return jobs


def job(source: str, target: str, format: str) -> Job:
    return Job({"photo": (Path(source),)}, Path(target), format)


def targets(*inputs: str, o: str | None = None, format: str | None = None) -> list[str]:
    return [job.target.as_posix() for job in plan(*inputs, o=o, format=format)]


@pytest.mark.parametrize("result", ["a_x2.png", "a_x2.5.jpg", "a_w1200.jpg", "a_long3840.webp"])
def test_results_of_other_sizes_are_no_inputs(home: Path, result: str) -> None:
    touch("in/a.jpg", f"in/{result}", f"in/{result}.preview.png")
    assert targets("in") == ["in/a_x4.jpg"]
    # With a place of their own, a name alone does not make a result.
    assert f"out/{result}" in targets("in", o="out")


@pytest.mark.parametrize(
    "result",
    ["a_as_shoe_blue.png", "a_as_shoe_blue_4.png", "a_varied_sheet.png", "a_varied_+2.png"],
)
def test_results_of_other_tasks_are_no_inputs(home: Path, result: str) -> None:
    touch("in/a.jpg", f"in/{result}")
    assert targets("in") == ["in/a_x4.jpg"]


def test_name_like_a_result_without_its_original_is_an_input(home: Path) -> None:
    touch("in/plan_x2.jpg")
    assert targets("in") == ["in/plan_x2_x4.jpg"]


def test_new_folder_with_a_dot_for_several(home: Path) -> None:
    touch("in/a.jpg", "b.jpg")
    assert targets("in", o="holiday.2024") == ["holiday.2024/a.jpg"]
    assert targets("in/a.jpg", "b.jpg", o="v1.5") == ["v1.5/a.jpg", "v1.5/b.jpg"]


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "format"),
    [
        ("a.jpg", "a_x4.jpg", "JPEG"),
        ("a.JPEG", "a_x4.JPEG", "JPEG"),
        ("deep/b.c.tif", "deep/b.c_x4.tif", "TIFF"),
        ("a.webp", "a_x4.webp", "WEBP"),
        ("a.gif", "a_x4.png", "PNG"),
        ("a.HEIC", "a_x4.png", "PNG"),
        ("photo", "photo_x4.png", "PNG"),
        ("photo.xyz", "photo_x4.png", "PNG"),
    ],
)
def test_result_lies_beside_its_original(source: str, target: str, format: str) -> None:
    assert plan(source) == [job(source, target, format)]


def test_folder_as_output_keeps_names(home: Path) -> None:
    touch("in/a.jpg", "b.gif", "b.png")
    (home / "there").mkdir()
    assert targets("in/a.jpg", "b.gif", o="new") == ["new/a.jpg", "new/b.png"]
    assert targets("in/a.jpg", "b.png", o="there") == ["there/a.jpg", "there/b.png"]


def test_existing_folder_with_a_dot_is_a_folder(home: Path) -> None:
    (home / "out.v2").mkdir()
    assert targets("a.jpg", o="out.v2") == ["out.v2/a.jpg"]


def test_file_as_output(home: Path) -> None:
    assert plan("a.jpg", o="b.png") == [job("a.jpg", "b.png", "PNG")]
    assert plan("a.jpg", o="b.tif", format="tiff") == [job("a.jpg", "b.tif", "TIFF")]


def test_folder_tree_is_mirrored(home: Path) -> None:
    touch("in/a.jpg", "in/deep/er/b.png", "in/notes.txt")
    assert targets("in", o="out") == ["out/a.jpg", "out/deep/er/b.png"]
    assert targets("in") == ["in/a_x4.jpg", "in/deep/er/b_x4.png"]
    assert targets(".", o="out") == ["out/in/a.jpg", "out/in/deep/er/b.png"]


@pytest.mark.parametrize(
    ("format", "target"),
    [("png", "a_x4.png"), ("WebP", "a_x4.webp"), ("jpg", "a_x4.jpg"), (".tif", "a_x4.tif")],
)
def test_format_changes_the_suffix(format: str, target: str) -> None:
    assert targets("a.bmp", format=format) == [target]
    assert targets("a.bmp", o="out", format=format) == [f"out/{target.replace('_x4', '')}"]


def test_hidden_files_and_folders_are_left_out(home: Path) -> None:
    touch("in/a.jpg", "in/.b.jpg", "in/.cache/c.jpg")
    assert targets("in", o="out") == ["out/a.jpg"]


def test_hidden_folder_may_be_named(home: Path) -> None:
    touch(".cache/in/a.jpg")
    assert targets(".cache/in", o="out") == ["out/a.jpg"]


def test_picture_named_twice_is_edited_once(home: Path) -> None:
    touch("in/a.jpg")
    assert targets("in", "in/a.jpg", "./in/a.jpg") == ["in/a_x4.jpg"]


# --- a second run ---------------------------------------------------------------------------------


def test_output_folder_inside_the_input_is_no_input(home: Path) -> None:
    touch("in/a.jpg", "in/large/a.jpg", "in/large/deep/b.jpg")
    assert targets("in", o="in/large") == ["in/large/a.jpg"]
    assert targets("in", o="./in/../in/large") == ["in/../in/large/a.jpg"]


def test_output_folder_around_the_input_hides_nothing(home: Path) -> None:
    touch("in/raw/a.jpg")
    assert targets("in/raw", o="in") == ["in/a.jpg"]
    assert targets("in/raw", o=".") == ["a.jpg"]


def test_results_beside_originals_are_no_inputs(home: Path) -> None:
    touch("in/a.jpg", "in/a_x4.jpg", "in/other_x4.jpg")
    assert targets("in") == ["in/a_x4.jpg", "in/other_x4_x4.jpg"]


def test_result_that_is_named_is_an_input(home: Path) -> None:
    touch("a.jpg", "a_x4.jpg")
    assert targets("a_x4.jpg") == ["a_x4_x4.jpg"]


# --- refusals -------------------------------------------------------------------------------------


def test_two_inputs_to_one_output(home: Path) -> None:
    touch("x/one/a.jpg", "y/one/a.jpg")
    with pytest.raises(
        UsageError, match=r"x/one/a\.jpg and y/one/a\.jpg would both become out/one"
    ):
        plan("x/one", "y/one", o="out")


def test_names_that_meet_are_told_apart_by_their_whole_names(home: Path) -> None:
    touch("in/b.gif", "in/b.png", "in/b.jpg", "in/c.jpg")
    assert targets("in/b.gif", "in/b.png") == ["in/b.gif_x4.png", "in/b_x4.png"]
    expected = ["out/b.gif.png", "out/b.jpg.png", "out/b.png", "out/c.png"]
    assert sorted(targets("in", o="out", format="png")) == expected
    options = RunOptions(FileOptions(output=Path("out"), format="png"))
    (note,) = plan_pictures([Path("in")], "x4", options).notes
    assert note.startswith("in/b.gif becomes b.gif.png")
    assert note.endswith("1 more likewise")


def test_output_equal_to_input(home: Path) -> None:
    touch("a.jpg", "in/b.jpg")
    (home / "link.jpg").symlink_to("a.jpg")
    (home / "elsewhere").symlink_to("in")
    for source, output in (
        ("a.jpg", "a.jpg"),
        ("a.jpg", "./a.jpg"),
        ("a.jpg", "in/../a.jpg"),
        ("a.jpg", str(home / "a.jpg")),
        ("a.jpg", "link.jpg"),
        ("a.jpg", "."),
        ("in", "in"),
        ("in", "elsewhere"),
    ):
        with pytest.raises(UsageError, match=r"the output is the input itself; choose another -o"):
            plan(source, o=output)


def test_output_equal_to_another_input(home: Path) -> None:
    touch("a.jpg", "a_x4.jpg", "in/a.jpg")
    with pytest.raises(UsageError, match=r"a_x4\.jpg: is an input and also the result of a\.jpg"):
        plan("a_x4.jpg", "a.jpg")
    with pytest.raises(UsageError, match=r"in/a\.jpg: the output is the input itself"):
        plan("in/a.jpg", "a.jpg", o=".")


def test_several_inputs_into_one_file(home: Path) -> None:
    touch("in/a.jpg", "b.jpg", "existing")
    for inputs, output in (
        (["in/a.jpg", "b.jpg"], "c.jpg"),
        (["in"], "c.jpg"),
        (["in/a.jpg", "b.jpg"], "existing"),
    ):
        with pytest.raises(UsageError, match=rf"-o {output}: several pictures cannot go into one"):
            plan(*inputs, o=output)


def test_suffix_that_contradicts_the_format() -> None:
    with pytest.raises(UsageError, match=r"-o b\.png: its suffix means PNG, but --format says web"):
        plan("a.jpg", o="b.png", format="webp")


def test_a_picture_is_no_video() -> None:
    with pytest.raises(
        UsageError, match=r"-o b\.gif: GIF is written of what moves, and a\.jpg does not"
    ):
        plan("a.jpg", o="b.gif")


@pytest.mark.parametrize("output", ["b.xyz", "existing"])
def test_output_that_names_no_format(home: Path, output: str) -> None:
    touch("existing")
    with pytest.raises(UsageError, match="names no format that can be written"):
        plan("a.jpg", o=output)


def test_format_that_cannot_be_written() -> None:
    with pytest.raises(UsageError, match="cannot write gif: choose one of PNG"):
        plan("a.jpg", format="gif")


def test_folder_without_pictures(home: Path) -> None:
    (home / "empty").mkdir()
    touch("notes/a.txt", "notes/.hidden.jpg")
    for folder in ("empty", "notes"):
        with pytest.raises(UsageError, match=f"{folder}: no pictures in this folder"):
            plan(folder)


@pytest.mark.parametrize("output", ["file/b.jpg", "file/deep/b.jpg", "file/deep"])
def test_output_inside_a_file(home: Path, output: str) -> None:
    touch("file")
    with pytest.raises(UsageError, match="file is a file; choose another -o"):
        plan("a.jpg", o=output)


def test_a_result_replaces_no_partner_of_the_run(home: Path) -> None:
    touch("photo.png", "mask.png")
    given = Given({"photo": [Path("photo.png")], "mask": [Path("mask.png")]})
    run = RunOptions(FileOptions(output=home / "mask.png", overwrite=True))
    with pytest.raises(UsageError, match="is a mask of this run"):
        plan_jobs(INPAINT, InpaintOptions(), given, run)
