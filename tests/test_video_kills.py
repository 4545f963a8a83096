"""Videos that are killed again and again: the same command goes on, and makes the same frames."""

import filecmp
import signal
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import PIL.Image
import pytest
import tiny
from clips import contents, moving, write_clip
from command_line import listing, run

from ganedit.image import Image
from ganedit.runs.inputs import JOURNAL_FOLDER
from ganedit.video.encoding import SegmentWriter, choose_encoding
from ganedit.video.kinds import container_named
from ganedit.video.options import VideoOptions
from ganedit.video.track import Track

FRAMES = 125
FILL = ("--box", "3,3,6,1", "--method", "ns", "--device", "cpu")
# Changes of files at which runs are killed, one after another: locks, tracks, segments, joining.
KILLS = (9, 8, 10, 6, 6, 6, 5, 5, 4, 3)
Start = Callable[..., int]


@pytest.fixture
def start(forking_server: "subprocess.Popen[str]", tmp_path: Path) -> Start:
    """Run a command in `tmp_path` to its end, or kill it before a change of files."""

    def started(*arguments: object, killed_at: int = 0) -> int:
        words = [tmp_path, tmp_path / "log.txt", killed_at, *arguments]
        assert forking_server.stdin is not None
        assert forking_server.stdout is not None
        print(*words, sep="\t", file=forking_server.stdin, flush=True)
        forking_server.stdout.readline()
        return int(forking_server.stdout.readline())

    return started


def test_killed_ten_times(tmp_path: Path, start: Start) -> None:
    write_clip(tmp_path / "a.mp4", [frame[:32, :32].copy() for frame in moving(FRAMES)])
    assert start("inpaint", "a.mp4", "-o", "whole.mp4", *FILL) == 0
    segments = 0
    for change in KILLS:
        code = start("inpaint", "a.mp4", "-o", "out.mp4", *FILL, killed_at=change)
        assert code == -signal.SIGKILL
        assert not (tmp_path / "out.mp4").exists()
        now = len(list((tmp_path / JOURNAL_FOLDER).glob("video/*/??????.mkv")))
        assert now >= segments, "nothing is lost"
        segments = now
    assert segments > 0, "something was done before the last run"
    assert start("inpaint", "a.mp4", "-o", "out.mp4", *FILL) == 0, (
        tmp_path / "log.txt"
    ).read_text()
    whole, out = contents(tmp_path / "whole.mp4"), contents(tmp_path / "out.mp4")
    assert len(out.frames) == FRAMES
    assert out.times == whole.times
    assert all((a == b).all() for a, b in zip(out.frames, whole.frames, strict=True))
    assert out.copies == whole.copies
    assert listing(tmp_path) == ["a.mp4", "log.txt", "out.mp4", "whole.mp4"]


def test_numbered_frames_killed_while_they_are_moved(tmp_path: Path, start: Start) -> None:
    for number, frame in enumerate(moving(4)):
        PIL.Image.fromarray(frame).save(tmp_path / f"{number}.png")
    assert start("inpaint", "%d.png", "-o", "whole/%d.png", *FILL) == 0
    command = ("inpaint", "%d.png", "-o", "out/%d.png", *FILL)
    moved = []
    for change in (25, 14, 13):
        assert start(*command, killed_at=change) == -signal.SIGKILL
        assert len(list((tmp_path / "out").rglob("000000/*"))) == 4, "nothing is lost"
        moved.append(len([*(tmp_path / "out").glob("*.png")]))
    assert moved == [0, 1, 2], "the first frame is the last that is moved"
    assert start(*command) == 0
    assert listing(tmp_path / "out") == [f"{number}.png" for number in range(4)]
    for number in range(4):
        assert filecmp.cmp(tmp_path / f"whole/{number}.png", tmp_path / f"out/{number}.png")


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9"])
def test_an_encoder_repeats_itself(tmp_path: Path, codec: str) -> None:
    """Whatever its thread computed before."""
    wide = cv2.GaussianBlur(tiny.photo(0, 96, 96 + 45), (0, 0), 1.2)
    frames = [wide[:, number : number + 96].copy() for number in range(45)]
    track = Track("pictures", tuple(range(45)), tuple(range(45)), 45, Fraction(1, 25), 96, 96)
    encoding = choose_encoding(track, (96, 96), container_named("MKV"), VideoOptions(codec=codec))

    def encoded(name: str, sigma: float) -> list[bytes]:
        with SegmentWriter(tmp_path / name, encoding) as writer:
            for frame in frames:
                if sigma:
                    cv2.GaussianBlur(frame.astype(np.float32), (0, 0), sigma)
                writer.add(Image(frame))
        with av.open(str(tmp_path / name)) as container:
            return [bytes(packet) for packet in container.demux(video=0)]

    once = encoded("0.mkv", 0)
    assert encoded("1.mkv", 1.3) == once
    assert encoded("2.mkv", 2.5) == once


def test_segments_are_no_seams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a frame becomes does not depend on where segments begin."""
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "a.mkv", moving(14), codec="ffv1", pixel_format="bgr0", sound=None)
    fade = ("inpaint", "a.mkv", "--box", "20,10,24,24", "--method", "telea", "--device", "cpu")
    assert run(*fade, "-o", "one.mkv", "--codec", "ffv1").code == 0
    monkeypatch.setattr("ganedit.video.segments.SEGMENT_FRAMES", 5)
    assert run(*fade, "-o", "three.mkv", "--codec", "ffv1").code == 0
    one, three = contents(tmp_path / "one.mkv"), contents(tmp_path / "three.mkv")
    assert all((a == b).all() for a, b in zip(one.frames, three.frames, strict=True))


def test_segments_are_no_seams_where_frames_settle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More frames are read at a segment's ends than are edited, and all of them of one scene."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    still = [frame[:40, :56] for seed in (1, 2) for frame in moving(10, seed=seed, speed=0)]
    noisy = [(f + rng.choice([-1, 0, 1], f.shape)).clip(0, 255).astype(np.uint8) for f in still]
    write_clip(tmp_path / "a.mkv", noisy, codec="ffv1", pixel_format="bgr0", sound=None)
    larger = ("upscale", "a.mkv", "--scale", "2", "--codec", "ffv1", "--device", "cpu")
    assert run(*larger, "-o", "one.mkv").code == 0
    monkeypatch.setattr("ganedit.video.segments.SEGMENT_FRAMES", 7)
    assert run(*larger, "-o", "three.mkv").code == 0
    one, three = contents(tmp_path / "one.mkv"), contents(tmp_path / "three.mkv")
    assert all((a == b).all() for a, b in zip(one.frames, three.frames, strict=True))


def test_disk_that_is_full_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "a.mp4", moving(5))

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ganedit.video.encoding.SegmentWriter.add", full)
    done = run("inpaint", "a.mp4", *FILL)
    assert done.code == 1
    assert "No space left on device" in done.err or "disk full" in done.err
    assert not (tmp_path / "a_inpaint.mp4").exists()
