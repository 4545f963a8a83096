"""Videos from Python."""

from pathlib import Path

import pytest
from clips import contents, moving, write_clip
from command_line import listing, run

import ganedit

NS = {"method": "ns", "device": "cpu"}


def test_a_video_is_edited_as_the_command_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "a.mp4", moving(6))
    done: list[float] = []
    made = ganedit.edit_video(
        "inpaint", "a.mp4", "b.mp4", box="3,3,6,1", crf=10, progress=done.append, **NS
    )
    assert (made.path, made.size) == (Path("b.mp4"), (64, 48))
    assert made.notes == ("holes filled: 1 by diffusion (ns)",)
    assert done == sorted(done)
    assert done[-1] == 1
    assert run("inpaint", "a.mp4", "-o", "c.mp4", "--box", "3,3,6,1", "--crf", "10", "--method",
               "ns", "--device", "cpu").code == 0  # fmt: skip
    one, other = contents(tmp_path / "b.mp4"), contents(tmp_path / "c.mp4")
    assert all((a == b).all() for a, b in zip(one.frames, other.frames, strict=True))
    assert capsys.readouterr().err == ""
    assert listing(tmp_path) == ["a.mp4", "b.mp4", "c.mp4"]


def test_what_is_wrong_is_raised_and_not_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "a.mp4", moving(3))
    for words, message in (
        (("inpaint", "none.mp4", "b.mp4"), "none.mp4 does not exist; check the name"),
        (("inpaint", "a.mp4", "b.webm"), "its sound is aac, which WEBM cannot hold"),
        (("paint", "a.mp4", "b.mp4"), "paint: no such task; there are "),
    ):
        with pytest.raises(ganedit.GaneditError, match=message):
            ganedit.edit_video(*words, box="3,3,6,1", **NS)
    with pytest.raises(TypeError, match="inpaint has no option 'boxes'"):
        ganedit.edit_video("inpaint", "a.mp4", "b.mp4", boxes=1)
    assert capsys.readouterr().err == ""
    assert listing(tmp_path) == ["a.mp4"]
