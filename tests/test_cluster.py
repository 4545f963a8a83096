"""A Ray cluster of two nodes on this machine, one of which is taken away in the middle."""

import json
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
from command_line import EXACT, listing, run, run_process, save_network, write_photo

pytest.importorskip("ray")

PICTURES = 30


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in listing(folder)}


def test_node_that_dies_has_its_pictures_redone(
    tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = save_network(tmp_path / "own.safetensors")
    for number in range(PICTURES):
        write_photo(tmp_path / f"in/{number % 3}/{number:02}.png", 120, 90, seed=number)
    (tmp_path / "in/bad.png").touch()
    command = ["upscale", "in", "--weights", own, *EXACT, "--report", "report.jsonl", "-o"]
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]

    def remove_one() -> None:
        limit = time.monotonic() + 60
        while len(list((tmp_path / "out").glob("*/*.png"))) < 4 and time.monotonic() < limit:
            time.sleep(0.01)
        cluster.remove_node(nodes[0], allow_graceful=False)

    remover = threading.Thread(target=remove_one)
    remover.start()
    ray = ("--engine", "ray", "--address", cluster.address)
    done = run_process(*command, "out", *ray, folder=tmp_path)
    remover.join()
    assert done.code == 1
    # A slow machine tells in between how far it is.
    failed = "ganedit: in/bad.png is empty; get another copy\n1 of 31 pictures failed\n"
    assert done.err.endswith(failed)
    lines = [json.loads(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]
    assert [line["status"] for line in lines].count("done") == PICTURES
    again = run(*command, "out")
    assert again.code == 1, "what is left is gone on with anywhere"
    assert f"{PICTURES} finished before" in again.out
    assert run(*command, "one").code == 1
    assert contents(tmp_path / "out") == contents(tmp_path / "one")
    assert len(contents(tmp_path / "one")) == PICTURES


def test_cluster_that_is_not_there(
    alone: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photo(tmp_path / "in/a.png")
    own = save_network(tmp_path / "own.safetensors")
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Ray's own
        done = run("upscale", "in", "-o", "out", "--weights", own, *EXACT, "--engine", "ray")
    assert (done.code, done.complaint) == (
        1, "--address auto: no Ray cluster answers; start one with: ray start --head",
    )  # fmt: skip
