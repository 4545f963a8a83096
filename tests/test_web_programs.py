"""`ganedit web` as a user starts it, and its tasks called by gradio's client."""

import base64
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from unittest import mock
from urllib.request import Request, urlopen

import pytest
from command_line import EXACT, run, write_photo
from web_page import command

needs_extra = pytest.mark.skipif(
    find_spec("gradio") is None, reason="gradio is not installed: pip install '.[web]'"
)
# In a process of its own: what gradio leaves open is not ours.
CLIENT = """
import json, sys
from gradio_client import Client, handle_file
url, authorization, photo, folder = sys.argv[1:]
client = Client(url + "gradio/", headers={"Authorization": authorization},
                httpx_kwargs={"timeout": 100}, download_files=folder, verbose=False)
told = []
for scale in (2, 99):
    try:
        told.append(client.predict(photo=handle_file(photo), scale=scale, api_name="/upscale"))
    except Exception as error:
        told.append(str(error))
print(json.dumps(told))
"""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The command as a process, and the address that it says."""
    (tmp_path / "chosen").mkdir()
    (tmp_path / "kept").mkdir()
    environment = {"GANEDIT_PASSWORD": "sesame", "TMPDIR": str(tmp_path / "kept")}
    with command("--folder", tmp_path / "chosen", **environment) as (url, process):
        yield url, process


@needs_extra
def test_a_program_gets_the_command_lines_file_and_one_line_for_what_is_wrong(
    tmp_path: Path, started: tuple[str, subprocess.Popen[str]]
) -> None:
    url, server = started
    photo = write_photo(tmp_path / "photo.png")
    word = "Basic " + base64.b64encode(b"me:sesame").decode()
    called = subprocess.run(
        [sys.executable, "-c", CLIENT, url, word, photo, tmp_path / "got"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert called.returncode == 0, called.stderr
    (file,), wrong = json.loads(called.stdout)
    assert run("upscale", photo, "--scale", 2, *EXACT).code == 0
    assert Path(file).read_bytes() == (tmp_path / "photo_x2.png").read_bytes()
    assert "use a number from 1 to 16" in wrong
    for path in (str(photo), "http://127.0.0.1:9/x.png"):
        assert "event: error" in call(url, word, {"path": path})
    server.send_signal(signal.SIGINT)
    server.communicate(timeout=60)
    assert server.returncode == 0
    assert not list((tmp_path / "kept").glob("ganedit-web-*"))


def call(url: str, authorization: str, picture: dict[str, str]) -> str:
    """What the server says to a picture that was not sent, as its client would never ask."""
    sent = {**picture, "meta": {"_type": "gradio.FileData"}}
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    place, body = f"{url}gradio/gradio_api/call/upscale", json.dumps({"data": [sent, 2]})
    with urlopen(Request(place, body.encode(), headers), timeout=60) as answer:
        event = json.load(answer)["event_id"]
    with urlopen(Request(f"{place}/{event}", headers=headers), timeout=60) as answer:
        return answer.read().decode()


def test_without_the_extra_one_line_says_how_to_get_it() -> None:
    with mock.patch("ganedit.app.commands.web.find_spec", return_value=None):
        told = run("web", "--no-open")
    assert (told.code, "pip install 'ganedit[web]'" in told.complaint) == (1, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--host", "0.0.0.0"], "give a --password"),
        (["--password", ""], "empty"),
        (["--folder", "/no/such/folder"], "/no/such/folder"),
        (["--max-upload", "lots"], "lots"),
    ],
)
def test_wrong_use_is_told_in_one_line(words: list[str], told: str) -> None:
    refused = run("web", "--no-open", *words)
    assert (refused.code, told in refused.complaint) == (2, True)


@needs_extra
def test_an_address_that_is_not_there_is_told_in_one_line() -> None:
    refused = run("web", "--no-open", "--host", "192.0.2.1", "--password", "x", "--port", "0")
    assert (refused.code, "192.0.2.1" in refused.complaint) == (2, True)


@needs_extra
def test_a_device_that_is_not_there_is_told_before_there_are_jobs_for_it() -> None:
    refused = run("web", "--no-open", "--device", "cuda:77")
    assert (refused.code, "--device cuda" in refused.complaint) == (1, True)
