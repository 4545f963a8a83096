"""The page over HTTP: results are the command line's files, and what nobody may do is refused."""

import base64
import io
import json
import os
import re
import shutil
import signal
import socket
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import numpy as np
import PIL.Image
import psutil
import pytest
import tifffile
import tiny
from command_line import EXACT, run, write_photo
from filelock import FileLock
from pictures import listing, make_exif, png_chunk
from web_page import ROWS, Page, a_second, served

from ganedit.errors import UsageError
from ganedit.task import Task
from ganedit.tasks import TASKS
from ganedit.web.forms import describe
from ganedit.web.options import WebOptions
from ganedit.web.server import clear_abandoned
from ganedit.web.store import Store, safe_name
from ganedit.web.words import helped

pytest.importorskip("starlette", reason="the extra [web] is not installed")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # of the jobs: one thread sums in one order
        with served(
            tmp_path_factory.mktemp("chosen"), max_upload=1 << 20, max_pixels=4_000_000
        ) as page:
            yield page


@pytest.fixture
def chosen(page: Page) -> Path:
    """The chosen folder, empty."""
    for each in page.folder.iterdir():
        shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
    return page.folder


def photo_with_exif(path: Path, width: int = 40, height: int = 30) -> Path:
    PIL.Image.fromarray(tiny.photo(3, height, width)).save(
        path, quality=92, exif=b"Exif\0\0" + make_exif(6)
    )
    return path


def pixels(path: Path) -> np.ndarray:
    with PIL.Image.open(path) as picture:
        return np.asarray(picture)


# --- forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ROWS, ids=lambda task: task.name)
def test_every_row_has_its_form_without_fields_that_name_files_of_this_machine(
    task: Task, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GANEDIT_WEIGHTS", str(tmp_path))
    form = describe(task)
    json.dumps(form)
    assert form["title"]
    assert [each["name"] for each in form["inputs"]] == [each.name for each in task.inputs]
    names = {field["name"] for field in form["fields"]}
    assert not names & {"weights", "save_style", "max_output_pixels", "output", "report"}
    assert all(field["kind"] != "file" or field["name"] == "like" for field in form["fields"])


def test_few_options_are_open_and_the_rest_is_folded_away() -> None:
    open_ones = {
        task.name: [field["name"] for field in describe(task)["fields"] if field["open"]]
        for task in TASKS
    }
    assert open_ones["upscale"] == ["scale", "model", "detail"]
    assert open_ones["inpaint"] == ["method", "format"]
    assert open_ones["translate"] == ["to", "strength", "keep_color"]


def test_words_are_those_that_there_are_weights_for() -> None:
    (translate,) = (task for task in TASKS if task.name == "translate")
    (to,) = (field for field in describe(translate)["fields"] if field["name"] == "to")
    assert {"monet", "vangogh", "photo", "all"} <= set(to["choices"])


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_forms_do_not_speak_of_the_command_line(task: Task) -> None:
    form = describe(task)
    told = [each["help"] for each in (*form["inputs"], *form["fields"])]
    assert not [text for text in told if re.search(r"`|\bganedit [a-z]|@NAME", text)]
    flags = {flag for text in told for flag in re.findall(r"--[a-z-]+", text)}
    assert flags <= {"--mean", "--code", "--codes", "--class"}  # that no field of a form has


def test_help_keeps_the_sentences_that_help() -> None:
    (translate,) = (task for task in TASKS if task.name == "translate")
    assert helped(translate, "At 2.5 times. `ganedit models` lists more.") == "At 2.5 times."
    assert helped(translate, "As --strength, by weights.") == "As “Strength”, by weights."
    assert helped(translate, "What --unknown does") == "What --unknown does"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\secrets\\a.png", "a.png"),
        ("a\0b\n.png", "a_b_.png"),
        ("..", "picture"),
        ("", "picture"),
        (".hidden.png", "hidden.png"),
        ("x" * 400 + ".jpeg", "x" * 96 + ".jpeg"),
    ],
)
def test_names_that_are_sent_name_no_other_place(sent: str, kept: str) -> None:
    assert safe_name(sent) == kept


# --- results --------------------------------------------------------------------------------------


def test_an_enlargement_is_the_file_of_the_command_line(page: Page, tmp_path: Path) -> None:
    photo = photo_with_exif(tmp_path / "photo.jpg")
    sent = page.send(photo)
    assert (sent["width"], sent["height"]) == (30, 40)  # upright
    size = page.ask(
        "POST", "/api/size", {"task": "upscale", "file": sent["id"], "options": {"scale": 2}}
    )
    assert size.json == {"width": 60, "height": 80}
    job = page.finished(task="upscale", inputs={"photo": [sent["id"]]}, options={"scale": 2})
    assert job["made"][0]["result"]["name"] == "photo_x2.jpg"
    assert run("upscale", photo, "--scale", 2, *EXACT).code == 0
    content = page.result(job)
    assert content == (tmp_path / "photo_x2.jpg").read_bytes()
    with PIL.Image.open(tmp_path / "photo_x2.jpg") as picture:
        assert picture.getexif()[0x010F] == "Maker"


def test_a_painted_mask_fills_16_bits_as_the_command_line_and_nothing_outside(
    page: Page, tmp_path: Path
) -> None:
    samples = (tiny.photo(5, 64, 96).astype(np.uint16) << 8) | 7
    tifffile.imwrite(tmp_path / "scan.tif", samples, photometric="rgb")
    sent = page.send(tmp_path / "scan.tif")
    painted = np.zeros((64, 96), np.uint8)
    painted[20:30, 40:60] = 255
    PIL.Image.fromarray(painted).save(tmp_path / "painted.png")
    body = (tmp_path / "painted.png").read_bytes()
    mask = page.ask("POST", f"/api/masks?photo={sent['id']}", body).json
    asked = {"inputs": {"photo": [sent["id"]], "mask": [mask["id"]]}, "options": {"dilate": 0}}
    job = page.finished(task="inpaint", **asked)
    (tmp_path / "mask.png").write_bytes(page.ask("GET", f"/api/files/{mask['id']}").body)
    done = run(
        "inpaint", tmp_path / "scan.tif", "--mask", tmp_path / "mask.png", "--dilate", 0, *EXACT
    )
    assert done.code == 0
    assert page.result(job) == (tmp_path / "scan_inpaint.tif").read_bytes()
    filled = tifffile.imread(tmp_path / "scan_inpaint.tif")
    assert np.array_equal(filled[painted == 0], samples[painted == 0])
    assert not np.array_equal(filled[painted > 0], samples[painted > 0])
    again = page.ask("POST", f"/api/files/{job['made'][0]['result']['id']}/copy").json
    assert again["name"] == "scan_inpaint.tif"


def test_a_mask_painted_on_the_reduced_view_comes_to_full_size(page: Page, tmp_path: Path) -> None:
    photo = page.send(write_photo(tmp_path / "wide.png", 4096, 32))
    painted = np.zeros((16, 2048), np.uint8)
    painted[4:8, 100:200] = 255
    PIL.Image.fromarray(painted).save(tmp_path / "painted.png")
    body = (tmp_path / "painted.png").read_bytes()
    mask = page.ask("POST", f"/api/masks?photo={photo['id']}", body).json
    assert (mask["width"], mask["height"]) == (4096, 32)
    (tmp_path / "mask.png").write_bytes(page.ask("GET", f"/api/files/{mask['id']}").body)
    marked = pixels(tmp_path / "mask.png") >= 128
    assert marked[8:16, 200:400].all()
    assert marked.sum() == 8 * 200
    small = page.ask("GET", f"/api/masks/{mask['id']}/on/{photo['id']}").body
    (tmp_path / "small.png").write_bytes(small)
    back = pixels(tmp_path / "small.png")
    assert back.shape == painted.shape
    assert np.abs(back.astype(int) - painted).mean() < 1
    PIL.Image.fromarray(painted[:, :77]).save(tmp_path / "other.png")
    refused = page.ask(
        "POST", f"/api/masks?photo={photo['id']}", (tmp_path / "other.png").read_bytes()
    )
    assert (refused.status, "2048×16" in refused.told) == (400, True)


def test_a_new_row_is_done_without_a_line_for_it(page: Page, tmp_path: Path) -> None:
    photo, other = (page.send(write_photo(tmp_path / name)) for name in ("a.png", "b.png"))
    inputs = {"photo": [photo["id"]], "style": [other["id"]]}
    assert page.finished(task="blend", inputs=inputs)["state"] == "done"
    drawn = page.finished(task="draw", options={"count": 3})
    names = [made["result"]["name"] for made in drawn["made"]]
    assert sorted(names) == ["000.png", "001.png", "002.png", "draw_sheet.png"] or len(names) == 4


def test_a_picture_is_shown_whole_in_tiles_of_its_own_pixels(page: Page, tmp_path: Path) -> None:
    sent = page.send(write_photo(tmp_path / "photo.png", 700, 600))
    base = f"/api/files/{sent['id']}"
    (tmp_path / "tile.png").write_bytes(page.ask("GET", f"{base}/tile/0/1/1").body)
    tile = pixels(tmp_path / "tile.png")
    assert np.array_equal(tile, pixels(tmp_path / "photo.png")[510:, 510:])
    (tmp_path / "half.png").write_bytes(page.ask("GET", f"{base}/tile/1/0/0").body)
    assert pixels(tmp_path / "half.png").shape[:2] == (300, 350)
    assert page.ask("GET", f"{base}/tile/0/9/9").status == 404
    view = page.ask("GET", f"{base}/view?side=100")
    assert (view.headers["content-type"], view.status) == ("image/jpeg", 200)


# --- the line -------------------------------------------------------------------------------------


def test_jobs_wait_in_line_and_a_stop_takes_less_than_a_second(page: Page, tmp_path: Path) -> None:
    photo = [page.send(write_photo(tmp_path / "photo.png"))["id"]]
    first = page.add(task="sleep", inputs={"photo": photo}, options={"seconds": 500})
    second = page.add(task="sleep", inputs={"photo": photo}, options={"seconds": 500})
    third = page.add(task="sleep", inputs={"photo": photo}, options={"seconds": 0})
    page.until(first["id"], "running")
    while not page.job(first["id"])["share"]:
        time.sleep(0.02)
    assert page.job(second["id"])["state"] == "waiting"
    begun = time.monotonic()
    assert page.ask("POST", f"/api/jobs/{first['id']}/stop").json["state"] == "stopped"
    assert time.monotonic() - begun < a_second()
    assert page.ask("POST", f"/api/jobs/{second['id']}/stop").json["state"] == "stopped"
    assert page.until(third["id"], "done", "failed")["state"] == "done"
    listed = {job["id"]: job["state"] for job in page.ask("GET", "/api/jobs").json["jobs"]}
    assert [listed[job["id"]] for job in (first, second, third)] == ["stopped", "stopped", "done"]
    assert page.ask("DELETE", f"/api/jobs/{third['id']}").status == 204
    assert page.ask("GET", f"/api/jobs/{third['id']}").status == 404


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_jobs_are_done_where_no_process_to_fork_from_can_be_started(tmp_path: Path) -> None:
    too_long = OSError("AF_UNIX path too long")
    (tmp_path / "chosen").mkdir()
    start = mock.patch("multiprocessing.forkserver.ensure_running", side_effect=too_long)
    with start, served(tmp_path / "chosen") as page:
        photo = page.send(write_photo(tmp_path / "photo.png"))["id"]
        assert page.finished(task="fade", inputs={"photo": [photo]})["state"] == "done"


def test_a_process_that_dies_takes_one_job_with_it(page: Page, tmp_path: Path) -> None:
    photo = [page.send(write_photo(tmp_path / "photo.png"))["id"]]
    job = page.add(task="sleep", inputs={"photo": photo}, options={"seconds": 500})
    while not page.job(job["id"])["share"]:
        time.sleep(0.02)
    (worker,) = _workers()
    worker.send_signal(signal.SIGKILL)
    failed = page.until(job["id"], "failed", "done")
    assert "ended by itself" in failed["errors"][0]
    assert page.finished(task="sleep", inputs={"photo": photo})["state"] == "done"
    assert not _workers()


def _workers() -> list[psutil.Process]:
    """The processes that the one forked from which all jobs are has now."""
    ours = psutil.Process().children(recursive=True)
    forks = [each for each in ours if "forkserver" in " ".join(each.cmdline())]
    parents = {each.pid for each in ours}
    return [each for each in forks if each.ppid() in parents]


def test_what_is_wrong_is_told_in_a_line_without_our_folders(page: Page, tmp_path: Path) -> None:
    photo = page.send(write_photo(tmp_path / "photo.png"))["id"]
    failed = page.finished(task="inpaint", inputs={"photo": [photo]})
    assert (failed["state"], failed["made"]) == ("failed", [])
    assert failed["errors"] == [
        "photo.png: the picture has no transparent part to fill; give a painted mask, “Mask color” "
        "or “Box”"
    ]
    wide = page.ask(
        "POST", "/api/size", {"task": "upscale", "file": photo, "options": {"scale": 99}}
    )
    assert wide.told == "“Scale” 99: use a number from 1 to 16"


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ({"task": "nothing"}, 404, "no task"),
        ({"task": "upscale"}, 400, "give the photo"),
        ({"task": "upscale", "inputs": {"photo": ["x"]}}, 404, "no such picture"),
        ({"task": "upscale", "inputs": {"photo": "x"}}, 400, "list"),
        ({"task": "upscale", "inputs": {"film": []}}, 404, "film"),
        ({"task": "upscale", "options": {"scale": 99}}, 400, "from 1 to 16"),
        ({"task": "upscale", "options": {"scale": "2"}}, 400, "number"),
        ({"task": "upscale", "options": {"scale": [2]}}, 400, "number"),
        ({"task": "upscale", "options": {"model": {}}}, 400, "photo or clean"),
        ({"task": "upscale", "options": {"format": "exe"}}, 400, "“Format”"),
        ({"task": "upscale", "options": {"quality": 101}}, 400, "100"),
        ({"task": "upscale", "options": []}, 400, "give the photo"),
        ({"task": "upscale", "options": "x"}, 400, "not an object"),
        ({"task": "upscale", "options": {"weights": "/etc/passwd"}}, 400, "no option"),
        ({"task": "upscale", "options": {"output": "/etc"}}, 400, "no option"),
        ({"task": "upscale", "options": {"max_output_pixels": 10**12}}, 400, "no option"),
        ({"task": "stylize", "options": {"save_style": "/etc/x"}}, 400, "no option"),
        ({"task": "stylize", "inputs": {"style": ["@../../x"]}}, 400, "no such style"),
        ({"task": "translate", "options": {"to": "../../etc"}}, 400, ""),
        ({"task": "generate", "options": {"like": "/etc/passwd"}}, 404, "no such picture"),
    ],
)  # fmt: skip
def test_requests_that_cannot_be_meant_are_refused(
    page: Page, asked: dict[str, object], status: int, told: str
) -> None:
    answer = page.ask("POST", "/api/jobs", asked)
    assert answer.status == status, answer.body
    assert told in answer.told


def test_a_damaged_picture_is_told_when_it_is_sent(page: Page, tmp_path: Path) -> None:
    whole = write_photo(tmp_path / "photo.jpg", 200, 200)
    assert page.send(whole)["notes"] == []
    (tmp_path / "cut.jpg").write_bytes(whole.read_bytes()[:-800])
    (note,) = page.send(tmp_path / "cut.jpg")["notes"]
    assert "truncated" in note


def test_results_are_packed_as_they_are_but_for_those_in_folders_of_the_user(
    page: Page, chosen: Path, tmp_path: Path
) -> None:
    sent = [page.send(write_photo(tmp_path / str(n) / "a.png", seed=n))["id"] for n in range(2)]
    jobs = [page.finished(task="fade", inputs={"photo": [each]}) for each in sent]
    write_photo(chosen / "in" / "b.png")
    jobs.append(page.finished(task="fade", folder=str(chosen / "in"), output=str(chosen / "out")))
    asked = "&".join(f"job={job['id']}" for job in jobs)
    answer = page.ask("GET", f"/api/results.zip?{asked}")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert files == {
        "a_faded.png": page.result(jobs[0]), "a_faded (2).png": page.result(jobs[1])
    }  # fmt: skip
    assert not list(page.kept.glob("*/*.zip"))
    assert page.ask("GET", "/api/results.zip?job=x").status == 404


def test_results_that_are_not_shown_any_more_are_packed_all_the_same(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganedit.web.queue.SHOWN", 2)
    drawn = page.finished(task="draw", options={"count": 4})
    assert (len(drawn["made"]), drawn["count"]) == (2, 5)
    answer = page.ask("GET", f"/api/results.zip?job={drawn['id']}")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert len(archive.namelist()) == 5
    kept = len(list(page.kept.glob("*/results/*/*.png")))
    page.ask("DELETE", f"/api/jobs/{drawn['id']}")
    assert len(list(page.kept.glob("*/results/*/*.png"))) == kept - 5


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(page: Page, body: bytes) -> None:
    assert page.ask("POST", "/api/jobs", body).status == 400


# --- folders --------------------------------------------------------------------------------------


def test_a_folder_run_is_stopped_goes_on_and_is_the_command_lines(page: Page, chosen: Path) -> None:
    for number in range(4):
        write_photo(chosen / "in" / f"{number}.png", seed=number)
    folders = {"folder": str(chosen / "in"), "output": str(chosen / "out")}
    job = page.add(task="sleep", options={"seconds": 0.6}, **folders)
    while not page.job(job["id"])["count"]:
        time.sleep(0.02)
    begun = time.monotonic()
    stopped = page.ask("POST", f"/api/jobs/{job['id']}/stop").json
    assert time.monotonic() - begun < a_second()
    made = len(list((chosen / "out").glob("*.png")))
    assert (stopped["state"], 0 < made < 4) == ("stopped", True)
    assert not (chosen / "out" / ".ganedit" / "partial").exists()
    done = page.finished(task="sleep", options={"seconds": 0.6}, **folders)
    assert (done["state"], done["count"], done["before"]) == ("done", 4 - made, made)
    shown = page.ask("GET", f"/api/files/{done['made'][0]['source']['id']}/view?side=64")
    assert shown.status == 200
    assert done["report"]
    report = page.ask("GET", f"/api/jobs/{done['id']}/report")
    assert "sleep-report.jsonl" in report.headers["content-disposition"]
    lines = [json.loads(line) for line in report.body.splitlines()]
    assert [line["status"] for line in lines].count("done") == 4 - made
    assert len(lines) == 4
    reports = list(page.kept.glob("*/reports/*"))
    for each in (job, done):
        page.ask("DELETE", f"/api/jobs/{each['id']}")
    assert len(list(page.kept.glob("*/reports/*"))) == len(reports) - 2
    assert page.ask("GET", f"/api/jobs/{done['id']}/report").status == 404


def test_a_run_through_a_folder_takes_no_place_from_what_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganedit.web.queue.SHOWN", 2)
    monkeypatch.setattr("ganedit.web.store.MOST_FILES", 2)
    (tmp_path / "chosen").mkdir()
    for number in range(5):
        write_photo(tmp_path / "chosen" / "in" / f"{number}.png", seed=number)
    dropping = mock.patch.object(Store, "drop", autospec=True, side_effect=Store.drop)
    with served(tmp_path / "chosen") as page, dropping as drop:
        sent = page.send(write_photo(tmp_path / "photo.png"))["id"]
        done = page.finished(task="fade", folder=str(tmp_path / "chosen" / "in"),
                             output=str(tmp_path / "chosen" / "out"))  # fmt: skip
        assert (len(done["made"]), done["count"]) == (2, 5)
        assert drop.call_count == 2 * (5 - 2)  # results and sources that are not shown any more
        assert len(list((tmp_path / "chosen" / "out").glob("*.png"))) == 5
        assert page.ask("GET", f"/api/files/{sent}").status == 200
        for number in range(2):
            page.send(write_photo(tmp_path / f"{number}.png"))
        assert page.ask("GET", f"/api/files/{sent}").status == 404  # the oldest of its own


def test_pictures_of_a_folder_may_have_no_more_pixels_than_those_that_are_sent(
    page: Page, chosen: Path
) -> None:
    write_photo(chosen / "in" / "large.png", 2001, 2001)
    job = page.finished(task="fade", folder=str(chosen / "in"), output=str(chosen / "out"))
    assert job["state"] == "failed"
    assert "4,000,000" in job["errors"][0]


def test_the_command_line_goes_on_with_a_run_of_the_page(page: Page, chosen: Path) -> None:
    for number in range(2):
        write_photo(chosen / "in" / f"{number}.png", seed=number)
    told = page.finished(task="upscale", options={"scale": 1.5}, folder=str(chosen / "in"),
                         output=str(chosen / "out"), estimate=True)  # fmt: skip
    assert told["notes"][0].startswith("2 pictures to do")
    assert not (chosen / "out").exists()
    page.finished(task="upscale", options={"scale": 1.5}, folder=str(chosen / "in"),
                  output=str(chosen / "out"))  # fmt: skip
    again = run("upscale", chosen / "in", "-o", chosen / "out", "--scale", 1.5, *EXACT)
    assert (again.code, "2 finished before" in again.out) == (0, True)


def test_folders_are_listed_below_the_chosen_one_only(
    page: Page, chosen: Path, tmp_path: Path
) -> None:
    (chosen / "holiday").mkdir()
    (chosen / ".hidden").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (chosen / "link").symlink_to(tmp_path / "elsewhere")
    write_photo(chosen / "photo.png")
    (chosen / "linked.png").symlink_to(write_photo(tmp_path / "elsewhere" / "other.png"))
    answer = page.ask("GET", f"/api/folders?path={chosen}").json
    assert (answer["folders"], answer["pictures"], answer["above"]) == (["holiday"], 1, None)
    others = [tmp_path, "/", "/etc", "relative", ""]
    others += [chosen / name for name in ("link", "..", ".hidden", "holiday/../..", "photo.png")]
    for path in others:
        assert page.ask("GET", f"/api/folders?path={path}").status == 404, path
    assert page.ask("GET", f"/api/folders?path={chosen}/a%00b").status == 404


@pytest.mark.parametrize("place", ["folder", "output"])
def test_runs_neither_begin_nor_end_outside_of_the_chosen_folder(
    page: Page, chosen: Path, tmp_path: Path, place: str
) -> None:
    write_photo(chosen / "in" / "a.png")
    write_photo(tmp_path / "secret" / "b.png")
    (chosen / "link").symlink_to(tmp_path / "secret")
    paths = [str(tmp_path / "secret"), str(chosen / "link"), f"{chosen}/../x", f"{chosen}/*"]
    for path in (*paths, "/etc", "-", "@/etc/passwd", 7, None, ["x"]):
        asked = {"folder": str(chosen / "in"), "output": str(chosen / "out"), place: path}
        answer = page.ask("POST", "/api/jobs", {"task": "fade", **asked})
        if answer.status == 201 and place == "output":  # a new folder of a strange name in it
            assert path == f"{chosen}/*"
            page.until(answer.json["id"], "done", "failed")
        else:
            assert answer.status == 404, (path, answer.body)
    assert listing(tmp_path / "secret") == ["b.png"]


def test_links_in_a_folder_lead_nowhere_else(page: Page, chosen: Path, tmp_path: Path) -> None:
    secret = write_photo(tmp_path / "secret" / "b.png")
    write_photo(chosen / "in" / "a.png")
    write_photo(chosen / "in" / "sub" / "c.png")
    (chosen / "in" / "file.png").symlink_to(secret)
    (chosen / "in" / "folder").symlink_to(secret.parent)
    (chosen / "out").mkdir()
    (chosen / "out" / "sub").symlink_to(secret.parent)
    job = page.finished(task="fade", folder=str(chosen / "in"), output=str(chosen / "out"))
    assert [made["result"]["name"] for made in job["made"]] == ["a.png"]
    assert any("3 outside of the chosen folders" in note for note in job["notes"])
    assert listing(secret.parent) == ["b.png"]
    (chosen / "other").mkdir()
    (chosen / "other" / ".ganedit").symlink_to(secret.parent)
    job = page.finished(task="fade", folder=str(chosen / "in"), output=str(chosen / "other"))
    assert job["state"] == "failed"
    assert listing(secret.parent) == ["b.png"]


# --- what is sent and asked for -------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/page/../../pyproject.toml", "/page/..%2f..%2foptions.py", "/page//etc/passwd",
        "/page/%2e%2e/options.py", "/api/files/..%2f..%2fetc%2fpasswd", "/api/files//etc/passwd",
        "/api/files/%00", "/api/gallery/stylize/style/..%2f..%2fx", "/api/gallery/x/y/z",
        "/api/jobs/..", "/api/masks/x/on/y", "/gradio/gradio_api/file=/etc/passwd",
        "/gradio/gradio_api/file=http://127.0.0.1:1/", "/gradio/gradio_api/proxy=http://a/",
        "/gradio/gradio_api/vibe-code", "/gradio/", "/gradio/gradio_api/file=", "/docs",
    ],
)  # fmt: skip
def test_no_address_leads_to_other_files(page: Page, path: str) -> None:
    assert page.ask("GET", path).status in (400, 404, 405)


def test_uploads_are_limited_whether_or_not_they_say_their_size(page: Page) -> None:
    kept = list(page.kept.rglob("*"))
    declared = page.ask("POST", "/api/files?name=a.png", b"", content_length=str(1 << 40))
    assert declared.status == 413
    with socket.create_connection(("127.0.0.1", page.port), timeout=10) as raw:
        raw.sendall(b"POST /api/files?name=a.png HTTP/1.1\r\nHost: localhost\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n")  # fmt: skip
        chunk = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
        answer = b""
        try:
            for _ in range(64):
                raw.sendall(chunk)
            answer = raw.recv(100)
        except (BrokenPipeError, ConnectionResetError):
            answer = answer or b"HTTP/1.1 413"  # it did not even listen to the end
    assert b" 413 " in answer[:20] + b" "
    assert page.ask("POST", "/api/jobs", b"x" * (2 << 20)).status == 413
    assert list(page.kept.rglob("*")) == kept


def bomb(width: int, height: int) -> bytes:
    """A PNG of zeros, a thousandth of what it unpacks to."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(3 * width + 1)) for _ in range(min(height, 500)))
    body = png_chunk(b"IDAT", rows + packer.flush())
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + body + png_chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(50_000, 50_000), (2_000_000_000, 1), (2001, 2001)])
def test_a_png_that_unpacks_to_gigabytes_is_refused_unread(
    page: Page, size: tuple[int, int]
) -> None:
    content = bomb(*size) if size[0] < 10**6 else bomb(100, 1).replace(
        struct.pack(">I", 100), struct.pack(">I", size[0]), 1)  # fmt: skip
    before = psutil.Process().memory_info().rss
    answer = page.ask("POST", "/api/files?name=bomb.png", content)
    assert answer.status in (400, 413), answer.body
    assert psutil.Process().memory_info().rss - before < 200 << 20


@pytest.mark.parametrize(
    "content", [b"", b"<svg onload=alert(1)>", b"#!/bin/sh\nrm -rf /", bytes(999)]
)
def test_what_is_no_picture_is_not_kept(page: Page, content: bytes) -> None:
    answer = page.ask("POST", "/api/files?name=x.png", content)
    assert answer.status == 400
    assert "/" not in answer.told.replace("and/or", "")


def test_fifty_requests_at_once_are_all_answered(page: Page, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photo.png", 64, 48)

    def one(number: int) -> int:
        if number % 2:
            return page.ask("GET", "/api/tasks").status
        sent = page.send(photo)
        return page.ask("GET", f"/api/files/{sent['id']}/view").status

    with ThreadPoolExecutor(50) as crowd:
        assert list(crowd.map(one, range(50))) == [200] * 50


# --- who may ask ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example"},
        {"host": ""},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://[x"},
        {"host": "[x"},
        {"origin": "http://127.0.0.1:1"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "sec_fetch_mode": "no-cors"},
    ],
)
def test_other_pages_cannot_use_this_one(page: Page, headers: dict[str, str]) -> None:
    assert page.ask("GET", "/api/tasks", **headers).status == 403
    assert page.ask("POST", "/api/jobs", {}, **headers).status == 403


def test_answers_forbid_scripts_and_frames_from_elsewhere(page: Page) -> None:
    headers = page.ask("GET", "/").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers


def test_a_password_is_asked_for_once_it_is_set(tmp_path: Path) -> None:
    with served(tmp_path, host="0.0.0.0", password="sésame") as page:
        assert page.ask("GET", "/api/tasks").status == 401
        assert page.ask("GET", "/page/app.js").status == 401
        form = page.ask("GET", "/", accept="text/html")
        assert (form.status, b'type="password"' in form.body) == (401, True)
        begun = time.monotonic()
        wrong = page.ask("POST", "/login", b"password=x")
        assert (wrong.status, time.monotonic() - begun > 0.3) == (401, True)
        assert page.ask("GET", "/api/tasks", authorization="Basic %%%").status == 401
        right = page.ask("POST", "/login", b"password=s%C3%A9same")
        cookie = right.headers["set-cookie"]
        assert (right.status, "HttpOnly" in cookie, "samesite=strict" in cookie.lower()) == (
            303, True, True)  # fmt: skip
        assert page.ask("GET", "/api/tasks", cookie=cookie.partition(";")[0]).status == 200
        for others in ('prefs={"a": 1}', "a[0]=1", "seen", "a/b=1", "ganedit-1=x"):
            both = f"{others}; {cookie.partition(';')[0]}"
            assert page.ask("GET", "/api/tasks", cookie=both).status == 200, others
        name = cookie.partition("=")[0]
        assert str(page.port) in name  # one of another port does not take its place
        for wrong_one in (f"{name}=x", f"{name}=\xe9", name, "ganedit=x"):
            assert page.ask("GET", "/api/tasks", cookie=wrong_one).status == 401
        basic = "Basic " + base64.b64encode("me:sésame".encode()).decode()
        assert (
            page.ask("GET", "/api/tasks", authorization=basic, host="house.example").status == 200
        )


def test_what_a_killed_page_kept_goes_at_the_next_start_and_what_one_uses_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("ganedit.web.server.YOUNG", -1)
    for name in ("killed", "running", "unknown"):
        write_photo(tmp_path / f"ganedit-web-{name}" / "photo.png")
    for name in ("killed", "running"):
        (tmp_path / f"ganedit-web-{name}" / "lock").touch()
    write_photo(tmp_path / "elsewhere" / "photo.png")
    (tmp_path / "elsewhere" / "lock").touch()
    (tmp_path / "ganedit-web-link").symlink_to(tmp_path / "elsewhere")
    with FileLock(tmp_path / "ganedit-web-running" / "lock"):
        clear_abandoned()
    left = {path.parent.name for path in tmp_path.glob("*/photo.png")}
    assert left == {"ganedit-web-running", "ganedit-web-unknown", "ganedit-web-link", "elsewhere"}


def test_other_hosts_need_a_password_and_reach_no_folder_that_was_not_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GANEDIT_PASSWORD", raising=False)
    for host in ("0.0.0.0", "::", "192.168.1.2", "house"):
        with pytest.raises(UsageError, match="password"):
            WebOptions(host=host)
    assert WebOptions(host="0.0.0.0", password="x").roots == ()
    assert WebOptions().roots == (Path.home().resolve(),)
    with pytest.raises(UsageError, match="empty"):
        WebOptions(password="")
    monkeypatch.setenv("GANEDIT_PASSWORD", "word")
    assert WebOptions(host="0.0.0.0").password == "word"
