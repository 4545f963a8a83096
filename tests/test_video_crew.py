"""Several frames of one video at once: none is edited twice, and they are the same frames."""

import time
from pathlib import Path

import numpy as np
import pytest
from clips import contents, moving, write_clip
from command_line import run

from ganedit.image import Image
from ganedit.runs.crew import FrameCrew
from ganedit.tasks.upscale.edit import UpscaleEdit


def picture(value: int) -> Image:
    return Image(np.full((2, 2, 1), value, np.uint8))


@pytest.mark.parametrize("at_once", [1, 3])
def test_each_frame_is_what_was_asked_for(at_once: int) -> None:
    def edit(value: int) -> Image:
        time.sleep(0.02 * (value % 2))
        return picture(value)

    crew = FrameCrew(at_once)
    begun = [crew.begin(lambda value=value: edit(value)) for value in range(6)]
    assert [int(each.result().samples[0, 0, 0]) for each in begun] == list(range(6))

    def fail() -> Image:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        crew.begin(fail).result()
    assert crew.begin(lambda: picture(7)).result().samples.max() == 7
    crew.close()


def test_frames_at_the_ends_of_segments_are_edited_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(
        tmp_path / "a.mkv", [frame[:24, :24].copy() for frame in moving(12)],
        codec="ffv1", pixel_format="bgr0", sound=None,
    )  # fmt: skip
    edited, apply = [], UpscaleEdit.apply

    def counted(self: UpscaleEdit, *given: object) -> Image:
        edited.append(1)
        return apply(self, *given)

    monkeypatch.setattr(UpscaleEdit, "apply", counted)
    monkeypatch.setattr("ganedit.video.segments.SEGMENT_FRAMES", 4)
    larger = ("upscale", "a.mkv", "--scale", "2", "--codec", "ffv1", "--device", "cpu")
    for cores, jobs, most in ((3, (), 12), (1, (), 12), (3, ("--jobs", "3"), 12 + 4 + 4)):
        monkeypatch.setattr("ganedit.runs.threads.threads", lambda cores=cores: cores)
        edited.clear()
        name = f"{cores}{len(jobs)}.mkv"
        assert run(*larger, *jobs, "-o", name).code == 0
        assert 12 <= len(edited) <= most
    one, *others = (contents(tmp_path / name) for name in ("30.mkv", "10.mkv", "32.mkv"))
    for other in others:
        assert all((a == b).all() for a, b in zip(one.frames, other.frames, strict=True))
