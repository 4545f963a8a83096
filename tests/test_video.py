"""Videos through the command line: real containers in, played back, and compared."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import PIL.Image
import pytest
import tiny
from clips import (
    HEIGHT,
    WIDTH,
    Contents,
    assert_near,
    contents,
    moving,
    write_clip,
)
from command_line import listing, run

# One hairline is filled by diffusion: quick, and the rest of a frame stays as it is.
FILL = ("--box", "3,3,6,1", "--method", "ns", "--device", "cpu")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def edited(*arguments: object, result: str) -> Contents:
    done = run("inpaint", *arguments, *FILL)
    assert done.code == 0, done.err
    return contents(Path(result))


# --- what is kept -----------------------------------------------------------------------------


def test_frames_times_sound_and_facts_are_kept(home: Path) -> None:
    times = [0, 400, 1100, 1300, 2500, 2900, 3000, 5000, 5400, 6000, 6600, 7777]
    chapters = [
        {"id": 1, "start": 0, "end": 300, "time_base": Fraction(1, 1000),
         "metadata": {"title": "one"}},
        {"id": 2, "start": 300, "end": 700, "time_base": Fraction(1, 1000),
         "metadata": {"title": "two"}},
    ]  # fmt: skip
    write_clip(
        home / "a.mp4", moving(12), times=times, aspect=Fraction(4, 3), chapters=chapters,
        metadata={"title": "A pan", "comment": "ü"}, color=(2, 5, 6, 5),
    )  # fmt: skip
    before = contents(home / "a.mp4")
    done = run("inpaint", "a.mp4", *FILL)
    assert (done.code, "left out" in done.err) == (0, False), done.err
    after = contents(home / "a_inpaint.mp4")
    assert after.times == before.times
    assert after.copies == before.copies
    assert len(after.copies) == 1
    assert after.color == before.color == (2, 5, 6, 5)
    assert after.aspect == Fraction(4, 3)
    assert after.chapters == before.chapters
    assert {key: after.metadata[key] for key in ("title", "comment")} == {
        "title": "A pan", "comment": "ü",
    }  # fmt: skip
    assert after.languages[:2] == ["deu", "eng"]
    assert (after.codec, after.pixel_format) in (("h264", "yuv420p"), ("h264", "yuvj420p"))
    assert_near(after.frames, before.frames)
    assert listing(home) == ["a.mp4", "a_inpaint.mp4"]


@pytest.mark.parametrize("name", ["b.mkv", "b.mov", "b.webm", "b.avi", "b.m4v"])
def test_from_container_to_container(home: Path, name: str) -> None:
    sound = {"b.webm": None, "b.avi": "mp3"}.get(name, "aac")
    codec = "libvpx-vp9" if name == "b.webm" else "libx264"
    options = {"bf": "0"} if name == "b.avi" else {}  # of others AVI does not know when
    write_clip(home / name, moving(6), sound=sound, codec=codec, options=options)
    before = contents(home / name)
    after = edited(name, "-o", f"out/{name}", result=f"out/{name}")
    assert after.copies == before.copies
    start = after.times[0]
    if name != "b.avi":  # which is read as if decoding took a frame's time
        assert float(start) == pytest.approx(0, abs=0.0011)
    assert [float(time - start) for time in after.times] == pytest.approx(
        [number / 25 for number in range(6)], abs=0.0011
    )
    assert_near(after.frames, before.frames)


def test_ten_bits_stay_ten_bits_and_hdr_is_carried(home: Path) -> None:
    deep = [(frame.astype(np.uint16) * 257) for frame in moving(4)]
    write_clip(
        home / "a.mkv", deep, codec="libx265", pixel_format="yuv420p10le", color=(1, 9, 16, 9),
        options={"x265-params": "log-level=none"},
    )  # fmt: skip
    before, after = contents(home / "a.mkv"), edited("a.mkv", result="a_inpaint.mkv")
    assert (after.codec, after.pixel_format) == ("hevc", "yuv420p10le")
    assert after.color == before.color == (1, 9, 16, 9)
    done = run("inpaint", "a.mkv", "-o", "c.mp4", "--codec", "h264", "--pixel-format", "yuv420p",
               *FILL)  # fmt: skip
    assert (done.code, "8 bits are too few for HDR" in done.complaint) == (2, True)


def test_rotation_is_applied(home: Path) -> None:
    write_clip(home / "a.mp4", moving(3), sound=None)
    turn(home / "a.mp4", home / "turned.mp4")
    upright = [np.rot90(frame, -1) for frame in contents(home / "a.mp4").frames]
    after = edited("turned.mp4", result="turned_inpaint.mp4")
    assert after.frames[0].shape == (WIDTH, HEIGHT, 3)
    assert_near(after.frames, upright)
    with av.open("turned_inpaint.mp4") as container:
        assert next(container.decode(video=0)).rotation == 0


def turn(path: Path, target: Path) -> None:
    """Write a display matrix of a quarter turn into an MP4, where its track header has one."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4
    matrix = np.array([0, 0x10000, 0, -0x10000, 0, 0, HEIGHT << 16, 0, 0x40000000], ">i4")
    start = at + 4 + 20 + 16
    data[start : start + 36] = matrix.tobytes()
    target.write_bytes(data)


def test_odd_sides_are_padded_and_told(home: Path) -> None:
    frames = [frame[:47, :63].copy() for frame in moving(3)]
    write_clip(home / "a.mkv", frames, codec="ffv1", pixel_format="bgr0", sound=None)
    done = run("inpaint", "a.mkv", "-o", "b.mp4", *FILL)
    assert done.code == 0
    assert "padded to 64×48" in done.err
    assert contents(home / "b.mp4").frames[0].shape == (48, 64, 3)
    after = edited("a.mkv", "-o", "c.mp4", "--pixel-format", "yuv444p", result="c.mp4")
    assert_near(after.frames, frames)


def test_part_at_another_rate(home: Path) -> None:
    write_clip(home / "a.mp4", moving(25))
    part = ("--start", "0.2", "--end", "0:00.8", "--fps", "10")
    after = edited("a.mp4", *part, result="a_inpaint.mp4")
    assert after.times == [Fraction(n, 10) for n in range(6)]
    before = contents(home / "a.mp4")
    numbers = [5, 7, 10, 12, 15, 17]
    assert_near(after.frames, [before.frames[number] for number in numbers])
    ((_, sound),) = after.copies
    assert sound
    assert sound in before.copies[0][1]


# --- animations and numbered frames ---------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "apng"])
def test_animations_stay_animations(home: Path, suffix: str) -> None:
    frames = [PIL.Image.fromarray(frame) for frame in moving(4, speed=3)]
    durations = [40, 100, 60, 200]
    options = {"lossless": True} if suffix == "webp" else {}
    frames[0].save(
        f"a.{suffix}", None if suffix != "apng" else "PNG", save_all=True, append_images=frames[1:],
        duration=durations, loop=3, **options,
    )  # fmt: skip
    done = run("inpaint", f"a.{suffix}", *FILL)
    assert done.code == 0, done.err
    with PIL.Image.open(f"a_inpaint.{suffix}") as picture:
        assert picture.n_frames == 4
        assert picture.info["loop"] == 3
        shown = []
        for number in range(4):
            picture.seek(number)
            picture.load()
            assert picture.info["duration"] == durations[number]
            shown.append(np.asarray(picture.convert("RGB")))
    with PIL.Image.open(f"a.{suffix}") as picture:
        for number in range(4):
            picture.seek(number)
            wanted = np.asarray(picture.convert("RGB")).astype(float)
            assert np.abs(shown[number] - wanted).mean() < 6
    # Where the result holds one picture, it is the first, and that is said.
    done = run("inpaint", f"a.{suffix}", "-o", "still.jpg", *FILL)
    assert done.code == 0
    assert "first of 4 frames" in done.err


def test_gif_to_video_and_back(home: Path) -> None:
    frames = [PIL.Image.fromarray(frame) for frame in moving(4, speed=3)]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:], duration=[40, 100, 60, 200])
    after = edited("a.gif", "-o", "a.mp4", result="a.mp4")
    assert after.times == [Fraction(n, 1000) for n in (0, 40, 140, 200)]
    assert run("inpaint", "a.mp4", "-o", "b.gif", *FILL).code == 0
    with PIL.Image.open("b.gif") as picture:
        assert picture.n_frames == 4


def test_numbered_frames_in_and_out(home: Path) -> None:
    for number, frame in enumerate(moving(5)):
        (home / "in").mkdir(exist_ok=True)
        PIL.Image.fromarray(frame).save(f"in/{number:03d}.png")
    assert run("inpaint", "in/%03d.png", "-o", "out/f_%04d.png", *FILL).code == 0
    assert listing(home / "out") == [f"f_{number:04d}.png" for number in range(5)]
    one = np.asarray(PIL.Image.open("in/002.png"))
    other = np.asarray(PIL.Image.open("out/f_0002.png"))
    assert (one != other).any(axis=2).sum() <= 60, "nothing but the hole has changed"
    done = run("inpaint", "in/%03d.png", "-o", "out/f_%04d.png", *FILL)
    assert (done.code, "exists already" in done.complaint) == (1, True)
    after = edited("in/%03d.png", "-o", "a.mp4", "--fps", "50", result="a.mp4")
    assert after.times == [Fraction(n, 50) for n in range(5)]
    (home / "in/003.png").unlink()
    done = run("inpaint", "in/%03d.png", "-o", "b.mp4", *FILL)
    assert (done.code, done.complaint) == (
        1, "in/003.png: is missing between others of its kind",
    )  # fmt: skip


# --- masks ----------------------------------------------------------------------------------------


def test_one_mask_a_mask_video_and_a_folder_of_masks(home: Path) -> None:
    frames = [np.full((HEIGHT, WIDTH, 3), 90, np.uint8) for _ in range(3)]
    for number, frame in enumerate(frames):
        frame[10:20, 10 * number + 5 : 10 * number + 12] = 240
    write_clip(home / "a.mp4", frames, sound=None, options={"crf": "5"})
    masks = []
    for number in range(3):
        mask = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        mask[8:22, 10 * number + 3 : 10 * number + 14] = 255
        masks.append(mask)
        (home / "masks").mkdir(exist_ok=True)
        PIL.Image.fromarray(mask).save(f"masks/{number}.png")
    write_clip(home / "m.mkv", masks, codec="ffv1", pixel_format="bgr0", sound=None)
    whole = np.zeros((HEIGHT, WIDTH), np.uint8)
    whole[8:22, 3:34] = 255
    PIL.Image.fromarray(whole).save("whole.png")
    ns = ("--method", "ns", "--device", "cpu", "--overwrite")
    for given in (("--mask", "m.mkv"), ("--masks", "masks"), ("--mask", "masks/%d.png"),
                  ("--mask", "whole.png")):  # fmt: skip
        done = run("inpaint", "a.mp4", *given, *ns)
        assert done.code == 0, done.err
        for frame in contents(home / "a_inpaint.mp4").frames:
            assert np.abs(frame.astype(int) - 90).max() < 12, given
    (home / "masks/2.png").unlink()
    done = run("inpaint", "a.mp4", "--mask", "masks/%d.png", *ns)
    assert (done.code, done.complaint) == (
        1, "a.mp4: the mask has 2 frames, the photo 3; there has to be one for each",
    )  # fmt: skip


# --- folders --------------------------------------------------------------------------------------


def test_videos_and_pictures_in_one_folder(home: Path) -> None:
    write_clip(home / "in/deep/a.mp4", moving(4))
    (home / "in/b.png").parent.mkdir(exist_ok=True)
    PIL.Image.fromarray(tiny.photo(1, 40, 60)).save("in/b.png")
    done = run("inpaint", "in", "-o", "out", "--preview", *FILL)
    assert done.code == 0, done.err
    assert listing(home / "out") == [
        "b.png", "b.png.preview.png", "deep/a.mp4", "deep/a.mp4.preview.mp4",
        "deep/a.mp4.preview.png",
    ]  # fmt: skip
    assert len(contents(home / "out/deep/a.mp4.preview.mp4").frames) == 4
    again = run("inpaint", "in", "-o", "out", "--preview", *FILL)
    assert "2 finished before" in again.out
    other = run("inpaint", "in", "-o", "out", "--preview", "--crf", "30", *FILL)
    assert (other.code, other.err.count("exists already")) == (1, 1)


# --- bad input ------------------------------------------------------------------------------------


def test_bad_input_is_one_line(home: Path) -> None:
    write_clip(home / "a.mp4", moving(12), options={"g": "6"})
    (home / "empty.mp4").touch()
    (home / "text.mp4").write_text("no video at all")
    data = (home / "a.mp4").read_bytes()
    (home / "growing.mp4").write_bytes(data[: len(data) // 2])
    with av.open("sound.mp4", "w") as output:
        from clips import _add_sound

        audio = output.add_stream("aac", rate=44100)
        audio.layout = "mono"
        _add_sound(output, audio)
    expected = {
        "missing.mp4": "missing.mp4 does not exist; check the name",
        "empty.mp4": "empty.mp4 is empty; get another copy",
        "text.mp4": "text.mp4 is damaged, truncated or still being written; get another copy, or "
        "take what is there with --allow-truncated",
        "growing.mp4": "growing.mp4 is damaged, truncated or still being written; get another "
        "copy, or take what is there with --allow-truncated",
        "sound.mp4": "sound.mp4 has no video stream; name another file",
        "none/%d.png": "none/%d.png: there are no such files",
    }
    for name, complaint in expected.items():
        done = run("inpaint", name, "-o", "out/x.mp4", *FILL)
        assert (done.code, done.complaint) == (1, complaint)
    for words, complaint in (
        (("-o", "x.png"), "-o x.png: a.mp4 is a video, which becomes one of "),
        (("--codec", "divx9"), "--codec divx9: is no encoder that PyAV was built with; use one of"),
        (("-o", "x.webm"), "a.mp4: its sound is aac, which WEBM cannot hold; write MP4 or"),
        (("-o", "x.webm", "--codec", "h264"), "--codec h264: WEBM cannot hold it; write MP4 or"),
        (("--pixel-format", "yuv9"), "--pixel-format yuv9: libx264 takes yuv420p, "),
        (("--start", "9"), "--start 9: nothing is left; the video lasts 0.5 seconds"),
        (("--start", "soon"), "--start: 'soon' is not a time; write it like 90, 1:30 or 0:01:30.5"),
        (("--end", "1", "--start", "2"), "--end 1: is not after --start 2"),
        (("-o", "-"), "-o -: a.mp4 is a video, which needs a file; name it with -o"),
    ):
        done = run("inpaint", "a.mp4", *words, *FILL)
        assert done.code in (1, 2)
        assert done.complaint.startswith(complaint)
    left = [name for name in listing(home) if name.startswith((".", "out", "x", "a_"))]
    assert [name for name in left if "lock" not in name and ".json" not in name] == []


def test_truncated_video_is_taken_only_when_asked(home: Path) -> None:
    write_clip(home / "a.mkv", moving(40), options={"g": "5"}, sound=None)
    data = (home / "a.mkv").read_bytes()
    (home / "cut.mkv").write_bytes(data[: len(data) * 2 // 3])
    done = run("inpaint", "cut.mkv", *FILL)
    assert done.code == 1
    assert "is damaged, truncated or still being written from frame " in done.complaint
    done = run("inpaint", "cut.mkv", "--allow-truncated", *FILL)
    assert done.code == 0, done.err
    assert "truncated: " in done.err
    assert 10 < len(contents(home / "cut_inpaint.mkv").frames) < 40


def test_frames_of_two_sizes(home: Path) -> None:
    for number, size in enumerate([(48, 32), (48, 32), (32, 48)]):
        (home / "in").mkdir(exist_ok=True)
        PIL.Image.new("RGB", size).save(f"in/{number}.png")
    done = run("inpaint", "in/%d.png", "-o", "a.mp4", *FILL)
    assert done.code == 1
    assert done.complaint == ("in/2.png has 32×48 pixels, in/0.png 48×32; frames are of one size")


def test_variable_rates_do_not_fit_into_avi(home: Path) -> None:
    write_clip(home / "a.mp4", moving(3), times=[0, 500, 2000], sound=None)
    done = run("inpaint", "a.mp4", "-o", "a.avi", *FILL)
    assert done.code == 1
    assert "AVI cannot hold frames of different durations" in done.complaint


# --- shipped weights ------------------------------------------------------------------------------


def test_upscaling_and_painting_a_clip(home: Path) -> None:
    """What stands still stands still, in the statistics of one frame of the scene."""
    frames = [frame[:32, :48].copy() for frame in moving(4, speed=0)]
    write_clip(home / "a.mkv", frames, codec="ffv1", pixel_format="bgr0", sound=None)
    exact = ("--codec", "ffv1", "--pixel-format", "bgr0", "--device", "cpu")
    assert run("upscale", "a.mkv", "--scale", "2", *exact).code == 0
    large = contents(home / "a_x2.mkv").frames
    assert [frame.shape for frame in large] == [(64, 96, 3)] * 4
    # A cloud passes: brighter, but the same scene.
    frames[2] = np.minimum(frames[2].astype(int) + 12, 255).astype(np.uint8)
    write_clip(home / "b.mkv", frames, codec="ffv1", pixel_format="bgr0", sound=None)
    assert run("translate", "b.mkv", "--to", "monet", "--no-steady", *exact).code == 0
    painted = contents(home / "b_as_monet.mkv").frames
    for number in (1, 3):
        np.testing.assert_array_equal(large[number], large[0])
        np.testing.assert_array_equal(painted[number], painted[0])
    assert (painted[2] != painted[0]).any()


def test_playlists_are_no_videos(home: Path) -> None:
    """A file from a stranger must not have others read."""
    write_clip(home / "clip.mp4", moving(2))
    (home / "list.mp4").write_text("ffconcat version 1.0\nfile clip.mp4\n")
    done = run("inpaint", "list.mp4", "-o", "out.mp4", *FILL)
    assert done.code == 1
    assert "list.mp4 cannot be read" in done.err
    assert not (home / "out.mp4").exists()
