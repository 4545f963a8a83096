"""A video on a Ray cluster of two nodes, one of which is taken away in the middle."""

import threading
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
from clips import contents, moving, write_clip
from command_line import listing, run

from ganedit.runs.inputs import JOURNAL_FOLDER

pytest.importorskip("ray")

FRAMES, SEGMENTS = 48, 12
FILL = ("--box", "20,10,24,24", "--method", "telea", "--device", "cpu")


def test_segments_are_spread_and_those_of_a_node_that_dies_redone(
    tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ganedit.video.segments.SEGMENT_FRAMES", FRAMES // SEGMENTS)
    write_clip(tmp_path / "a.mp4", moving(FRAMES))
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    kept = tmp_path / JOURNAL_FOLDER
    found = []

    def remove_one() -> None:
        limit = time.monotonic() + 120
        while not found and time.monotonic() < limit:
            time.sleep(0.01)
            found.extend(kept.glob("video/*/??????.mkv"))
        cluster.remove_node(nodes[0], allow_graceful=False)

    remover = threading.Thread(target=remove_one)
    remover.start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Ray's own
        done = run("inpaint", "a.mp4", "-o", "ray.mp4", *FILL, "--engine", "ray", "--address",
                   cluster.address)  # fmt: skip
    remover.join()
    assert done.code == 0, done.err
    assert 0 < len(found) < SEGMENTS, "the node died in the middle"
    assert run("inpaint", "a.mp4", "-o", "local.mp4", *FILL).code == 0
    ray, local = contents(tmp_path / "ray.mp4"), contents(tmp_path / "local.mp4")
    assert len(ray.frames) == FRAMES
    assert all((a == b).all() for a, b in zip(ray.frames, local.frames, strict=True))
    assert (ray.times, ray.copies) == (local.times, local.copies)
    assert listing(tmp_path) == ["a.mp4", "local.mp4", "ray.mp4"]
