"""Videos that strangers bring: what is in them is kept, or a line says what is not."""

import errno
import itertools
import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import PIL.Image
import pytest
from av.sidedata.sidedata import Type
from clips import HEIGHT, TICKS, WIDTH, contents, moving, write_clip
from command_line import listing, run
from filelock import FileLock

from ganedit.errors import OutputError
from ganedit.image import publish
from ganedit.video.joining import join

# One hairline is filled by diffusion: quick, and the rest of a frame stays as it is.
FILL = ("--box", "3,3,6,1", "--method", "ns", "--device", "cpu")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def notes(*arguments: object) -> str:
    """What is said of a command that succeeds."""
    done = run("inpaint", *arguments, *FILL)
    assert done.code == 0, done.err
    return done.err


# --- files that are not whole ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", {"movflags": "+faststart"}),
        ("a.mp4", {"movflags": "frag_keyframe+empty_moov"}),
        ("a.mkv", {}),
        ("a.avi", {}),
    ],
)
def test_an_end_that_is_missing(home: Path, name: str, options: dict[str, str]) -> None:
    """A second of sound, and none of the frames: only the length of the file tells."""
    sound = "mp3" if name == "a.avi" else "aac"
    write_clip(home / name, moving(4), container=options, sound=sound, options={"bf": "0"})
    data = (home / name).read_bytes()
    assert "truncated" not in notes(name, "-o", f"whole/{name}")
    (home / "cut").mkdir()
    (home / "cut" / name).write_bytes(data[:-700])
    done = run("inpaint", f"cut/{name}", *FILL)
    assert done.code == 1
    assert f"cut/{name} is damaged, truncated or still being written: its last " in done.complaint
    assert "bytes are missing; get another copy, or take what" in done.complaint
    assert "truncated: " in notes(f"cut/{name}", "--allow-truncated")


# --- AVI ------------------------------------------------------------------------------------------


def test_avi_is_written_with_start_codes_throughout(home: Path) -> None:
    write_clip(home / "a.mp4", moving(4), sound=None)
    notes("a.mp4", "-o", "a.avi")
    with av.open("a.avi") as container:
        stream = container.streams.video[0]
        assert stream.codec_context.extradata.startswith(b"\x00\x00\x00\x01")
        packets = [bytes(packet) for packet in container.demux(stream) if packet.size]
    assert len(packets) == 4
    assert all(packet.startswith(b"\x00\x00") for packet in packets)


@pytest.mark.parametrize("codec", ["mpeg4", "libx264", "mjpeg"])
def test_frames_of_avi_begin_with_its_sound(home: Path, codec: str) -> None:
    """Whatever a decoder holds back: AVI says when frames are decoded, not when they are shown."""
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    options = {"bf": "0"} if codec == "libx264" else {}
    write_clip(home / "a.avi", moving(6), codec=codec, pixel_format=pixels, sound="mp3",
               options=options)  # fmt: skip
    notes("a.avi", "-o", "b.mkv")
    times = [float(time) for time in contents(home / "b.mkv").times]
    assert times == pytest.approx([number / 25 for number in range(6)], abs=0.001)
    notes("a.avi", "-o", "b.avi")
    with av.open("b.avi") as container:
        assert container.streams.video[0].average_rate == 25
        assert container.streams.video[0].frames == 6


# --- what else is in a file -----------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_cover_is_kept(home: Path, suffix: str) -> None:
    PIL.Image.fromarray(moving(1)[0]).save("cover.png")
    cover = (home / "cover.png").read_bytes()
    write_clip(home / "plain.mp4", moving(3))
    with av.open("plain.mp4") as given, av.open("a.mp4", "w") as output:
        copies = {each: output.add_stream_from_template(each) for each in given.streams}
        picture = output.add_stream("png")
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "rgb24"
        picture.disposition = 1024  # attached_pic
        packet = av.Packet(cover)
        packet.stream, packet.pts, packet.dts = picture, 0, 0
        packet.is_keyframe = True
        output.mux(packet)
        for each in given.demux():
            if each.size:
                each.stream = copies[each.stream]
                output.mux(each)
    assert "left out" not in notes("a.mp4", "-o", f"b.{suffix}")
    assert cover in (home / f"b.{suffix}").read_bytes()


def test_a_time_code_is_kept_and_not_told_to_be_left_out(home: Path) -> None:
    write_clip(home / "a.mov", moving(3), metadata={"timecode": "01:00:00:00"})
    with av.open("a.mov") as container:
        assert container.streams.data
    assert "left out" not in notes("a.mov", "-o", "b.mov")
    with av.open("b.mov") as container:
        assert container.streams.data[0].metadata["timecode"] == "01:00:00:00"


def test_sound_that_pictures_have_no_place_for(home: Path) -> None:
    write_clip(home / "a.mp4", moving(3))
    assert "a.mp4: left out: its sound" in notes("a.mp4", "-o", "a.gif")
    assert "a.mp4: left out: its sound" in notes("a.mp4", "-o", "f/%d.png")


def test_alpha_that_is_not_read_is_told(home: Path) -> None:
    write_clip(home / "a.webm", moving(3), codec="libvpx-vp9", pixel_format="yuva420p", sound=None)
    assert "transparency left out" in notes("a.webm")


def test_opaque_animations_have_no_transparency(home: Path) -> None:
    frames = [PIL.Image.fromarray(frame) for frame in moving(3, speed=3)]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:])
    assert "transparency" not in notes("a.gif", "-o", "a.mp4")
    for number, frame in enumerate(frames):
        frame.putalpha(60 * number + 60)
    frames[0].save("b.webp", save_all=True, append_images=frames[1:], lossless=True)
    assert "transparency left out" in notes("b.webp", "-o", "b.mp4")


def test_a_late_beginning_is_exact(home: Path) -> None:
    """A fifteenth of a second is no whole number of milliseconds."""
    start = 1024 * TICKS // 15360
    write_clip(home / "a.mov", moving(4), options={"bf": "0"}, sound=None,
               times=[start + 512 * number for number in range(4)],
               container={"movie_timescale": "90000"})  # fmt: skip
    before = contents(home / "a.mov").times
    assert before[0] > 0
    notes("a.mov", "-o", "b.mp4")
    assert contents(home / "b.mp4").times == pytest.approx(before, abs=1e-4)


def test_sound_that_goes_on_is_no_damage(home: Path) -> None:
    """A second of it beside frames for a sixth of one."""
    write_clip(home / "a.mkv", moving(4), options={"bf": "0"})
    notes("a.mkv")


# --- HDR ------------------------------------------------------------------------------------------

DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"


def write_hdr(path: Path) -> None:
    deep = [frame.astype(np.uint16) * 257 for frame in moving(3)]
    told = f"log-level=none:master-display={DISPLAY}:max-cll=1000,400"
    write_clip(path, deep, codec="libx265", pixel_format="yuv420p10le", color=(1, 9, 16, 9),
               sound=None, options={"x265-params": told})  # fmt: skip


def mastering(path: Path) -> dict[str, bytes]:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return {
            kind.name: bytes(frame.side_data[kind])
            for kind in (Type.MASTERING_DISPLAY_METADATA, Type.CONTENT_LIGHT_LEVEL)
        }


@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_what_hdr_was_mastered_on_is_carried(home: Path, codec: str) -> None:
    write_hdr(home / "a.mkv")
    assert "left out" not in notes("a.mkv", "-o", "b.mp4", "--codec", codec)
    before, after = mastering(home / "a.mkv"), mastering(home / "b.mp4")
    assert after["CONTENT_LIGHT_LEVEL"] == before["CONTENT_LIGHT_LEVEL"]
    one, other = (np.frombuffer(each["MASTERING_DISPLAY_METADATA"], "<i4")[:20] for each in
                  (before, after))  # fmt: skip
    shares = [each[::2] / each[1::2] for each in (one, other)]
    np.testing.assert_allclose(*shares, atol=2e-4)


def test_what_hdr_was_mastered_on_is_told_where_it_is_left_out(home: Path) -> None:
    write_hdr(home / "a.mkv")
    told = notes("a.mkv", "-o", "b.mkv", "--codec", "ffv1")
    assert "left out: what HDR was mastered on, which ffv1 is not told" in told


# --- sizes, numbers, words ------------------------------------------------------------------------


def test_the_size_that_is_told_is_the_files(home: Path) -> None:
    frames = [frame[:47, :63].copy() for frame in moving(3)]
    write_clip(home / "a.mkv", frames, codec="ffv1", pixel_format="bgr0", sound=None)
    done = run("inpaint", "a.mkv", "-o", "b.mp4", "--json", *FILL)
    assert json.loads(done.out)["output_size"] == [64, 48]


def test_bits_that_are_lost_are_told(home: Path) -> None:
    deep = [frame.astype(np.uint16) * 257 for frame in moving(3)]
    write_clip(home / "a.mkv", deep, codec="ffv1", pixel_format="yuv420p12le", sound=None)
    assert "reduced from 12 to 10 bits: libx265 is given yuv420p10le" in notes("a.mkv")
    assert "reduced" not in notes("a.mkv", "-o", "b.mkv", "--codec", "ffv1")


def test_frames_keep_their_numbers(home: Path) -> None:
    for number, frame in enumerate(moving(3), start=97):
        PIL.Image.fromarray(frame).save(f"{number}.png")
    notes("%d.png", "-o", "out/f_%03d.png")
    assert listing(home / "out") == ["f_097.png", "f_098.png", "f_099.png"]
    done = run("inpaint", "%d.png", "-o", "out/f_%03d.png", *FILL)
    assert (done.code, "out/f_097.png: exists already" in done.complaint) == (1, True)


def test_animated_png_keeps_fractions_of_milliseconds(home: Path) -> None:
    frames = [PIL.Image.fromarray(frame) for frame in moving(4)]
    frames[0].save("a.png", save_all=True, append_images=frames[1:], duration=1000 / 30)
    notes("a.png", "-o", "b.png")
    with PIL.Image.open("b.png") as picture:
        assert picture.info["duration"] == pytest.approx(1000 / 30, abs=0.001)
    notes("a.png", "-o", "b.mkv")
    assert contents(home / "b.mkv").times[3] == pytest.approx(Fraction(1, 10), abs=0.001)


def test_videos_are_known_by_what_is_in_them(home: Path) -> None:
    write_clip(home / "a.mp4", moving(3))
    (home / "a.mp4").rename("clip")
    notes("clip", "-o", "b.mp4")
    assert len(contents(home / "b.mp4").frames) == 3
    sound_alone(home)
    (home / "a.mp4").rename("song.m4a")
    done = run("inpaint", "song.m4a", *FILL)
    assert (done.code, done.complaint) == (1, "song.m4a has no video stream; name another file")


def test_words_that_say_nothing_of_videos(home: Path) -> None:
    write_clip(home / "a.mp4", moving(3))
    done = run("inpaint", "a.mp4", "--format", "nonsense", *FILL)
    assert (done.code, "nonsense" in done.complaint) == (2, True)
    assert "--quality: not for MP4; it has --crf" in notes("a.mp4", "--quality", "50")


def test_masks_in_a_folder_are_one_for_each_frame(home: Path) -> None:
    write_clip(home / "a.mp4", moving(3))
    (home / "masks").mkdir()
    for number in range(2):
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[3, 3:9] = 255
        PIL.Image.fromarray(mask).save(f"masks/{number}.png")
    masks = ("inpaint", "a.mp4", "--masks", "masks", "--method", "ns", "--device", "cpu")
    done = run(*masks)
    assert done.code == 1
    assert "2 pictures for the mask of 3 frames; there has to be one for each" in done.complaint
    # Those that are named after the video are for all of it.
    for number in range(2):
        (home / f"masks/{number}.png").rename(f"masks/a_mask{number}.png")
    assert run(*masks).code == 0


def test_frames_of_all_kinds_have_a_limit(home: Path) -> None:
    first, *others = (PIL.Image.fromarray(frame) for frame in moving(3))
    for suffix in ("gif", "webp", "png"):
        first.save(f"a.{suffix}", save_all=True, append_images=others, duration=40)
    write_clip(home / "a.mp4", moving(3))
    for number, frame in enumerate(moving(3)):
        PIL.Image.fromarray(frame).save(f"f_{number}.png")
    pixels = HEIGHT * WIDTH
    for name in ("a.gif", "a.webp", "a.png", "a.mp4", "f_%d.png"):
        words = ("inpaint", name, "--suffix", "_out", *FILL)
        done = run(*words, "--max-pixels", pixels - 1)
        assert (done.code, "raise it with --max-pixels" in done.complaint) == (1, True), name
        assert run(*words, "--max-pixels", pixels).code == 0, name


# --- what is left behind --------------------------------------------------------------------------


def broken(home: Path) -> None:
    (home / "a.mp4").write_bytes(b"\x00" * 3000)


def sound_alone(home: Path) -> None:
    with av.open(str(home / "a.mp4"), "w") as output:
        audio = output.add_stream("aac", rate=44100)
        audio.layout = "mono"
        from clips import _add_sound

        _add_sound(output, audio)


def unfit(home: Path) -> None:
    write_clip(home / "a.mp4", moving(3))
    (home / "a.mp4").rename(home / "a.mov")


@pytest.mark.parametrize(("make", "words"), [
    (broken, ("a.mp4",)), (sound_alone, ("a.mp4",)), (unfit, ("a.mov", "-o", "x.webm")),
    (unfit, ("a.mov", "--start", "9")),
])  # fmt: skip
def test_a_failed_run_leaves_nothing(
    home: Path, make: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    make(home)
    before = sorted(home.rglob("*"))
    assert run("inpaint", *words, *FILL).code in (1, 2)
    assert sorted(home.rglob("*")) == before


def test_one_run_at_a_time_makes_a_result(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the other has other options: one of the two would be in vain."""
    write_clip(home / "a.mp4", moving(3))
    with monkeypatch.context() as patch:
        # What was finished of a video outlives that it could not be joined.
        patch.setattr("ganedit.runs.video_work.join", half)
        for name in ("x.mp4", "x.mp4-1.mp4"):
            assert run("inpaint", "a.mp4", "-o", name, *FILL).code == 1
    (other,) = (home / ".ganedit/video").glob("x.mp4-1.mp4-*")
    (own,) = set((home / ".ganedit/video").iterdir()) - {other}
    assert sorted(path.name for path in own.iterdir()) == ["000000.mkv", "lock", "photo.json"]
    for more in ((), ("--crf", "30")):
        with FileLock(own / "lock"):
            done = run("inpaint", "a.mp4", "-o", "x.mp4", *more, *FILL)
        assert (done.code, done.complaint) == (
            1, "x.mp4: another run is making it; wait for it, or choose another -o",
        )  # fmt: skip
    notes("a.mp4", "-o", "x.mp4", "--crf", "30")
    assert list((home / ".ganedit/video").iterdir()) == [other], "another result's stays"


def test_copies_of_one_video_in_several_folders(home: Path) -> None:
    write_clip(home / "in/1/a.mp4", moving(3))
    shutil.copytree(home / "in/1", home / "in/2")
    notes("in", "-o", "out")
    assert listing(home / "out") == ["1/a.mp4", "2/a.mp4"]


def half(segments: object, joined: object, target: Path, label: Path) -> None:
    target.write_bytes(b"as far as it went")
    full()


def full(*arguments: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_segment_that_fails_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clip(home / "a.mp4", moving(3))
    before = sorted(home.rglob("*"))

    monkeypatch.setattr("ganedit.video.encoding.SegmentWriter.add", full)
    assert run("inpaint", "a.mp4", *FILL).code == 1
    assert sorted(home.rglob("*")) == before


def test_frames_that_are_in_the_way_are_told_before_any_work(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, frame in enumerate(moving(4)):
        PIL.Image.fromarray(frame).save(f"{number}.png")
    (home / "out").mkdir()
    (home / "out/2.png").write_bytes(b"somebody else's")
    monkeypatch.setattr("ganedit.runs.segment.stage", full)
    done = run("inpaint", "%d.png", "-o", "out/%d.png", *FILL)
    assert (done.code, done.complaint) == (
        1, "out/2.png: exists already; add --overwrite to replace it",
    )  # fmt: skip
    assert listing(home / "out") == ["2.png"]


@pytest.mark.parametrize("links", [True, False])
def test_frames_go_on_where_they_were_moved_into_place(
    home: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    for number, frame in enumerate(moving(4)):
        PIL.Image.fromarray(frame).save(f"{number}.png")
    command = ("inpaint", "%d.png", "-o", "out/%d.png", *FILL)
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", without_links)
    calls = itertools.count()

    def third(*arguments: Any, **more: Any) -> None:
        if next(calls) == 2:
            raise OutputError("in between")
        publish(*arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr("ganedit.runs.run.publish", third)
        assert run(*command).code == 1
    assert listing(home / "out")[-2:] == ["2.png", "3.png"]
    assert len(listing(home / "out")) > 6, "what is finished is kept"
    with monkeypatch.context() as patch:
        patch.setattr("ganedit.runs.segment.stage", full)  # nothing is made again
        assert run(*command).code == 0
    assert listing(home / "out") == [f"{number}.png" for number in range(4)]


def test_numbered_frames_of_a_folder_run_are_skipped_once_they_are_finished(home: Path) -> None:
    for name in ("a", "b"):
        (home / name).mkdir()
        for number, frame in enumerate(moving(40)):
            PIL.Image.fromarray(frame[:12, :12]).save(f"{name}/{number}.png")
    command = ("inpaint", "a/%d.png", "b/%d.png", "-o", "out", *FILL)
    first = run(*command, "--preview")
    assert first.code == 0
    assert "--preview: not for numbered frames" in first.err + first.out
    assert (home / "out/.ganedit/journal.jsonl").stat().st_size < 60_000, "no square"
    for more in ((), ("--preview",)):
        done = run(*command, *more)
        assert (done.code, "2 finished before" in done.out) == (0, True)
    PIL.Image.fromarray(moving(40)[0][:12, :12]).save("a/5.png")
    done = run(*command)
    assert (done.code, "out/a/0.png: exists already" in done.err) == (1, True)


def without_links(self: Path, target: Path) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def refused(partial: Path, path: Path, *, overwrite: bool) -> None:
    raise OutputError(f"{path}: exists already")


def test_a_segment_that_lost_pictures_is_made_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, frame in enumerate(moving(4)):
        PIL.Image.fromarray(frame).save(f"{number}.png")
    command = ("inpaint", "%d.png", "-o", "out/%d.png", *FILL)
    with monkeypatch.context() as patch:
        patch.setattr("ganedit.runs.run.publish", refused)
        assert run(*command).code == 1
    (lost,) = (home / "out").rglob("000000/000002")
    lost.unlink()
    assert run(*command).code == 0
    assert listing(home / "out") == [f"{number}.png" for number in range(4)]


def test_a_result_that_somebody_else_made_meanwhile_costs_no_work(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_clip(home / "a.mp4", moving(3))

    def made_meanwhile(*arguments: Any) -> None:
        (home / "b.mp4").write_bytes(b"somebody else's")
        join(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr("ganedit.runs.video_work.join", made_meanwhile)
        done = run("inpaint", "a.mp4", "-o", "b.mp4", *FILL)
    assert (done.code, "b.mp4: exists already" in done.complaint) == (1, True)
    (home / "b.mp4").unlink()
    monkeypatch.setattr("ganedit.video.encoding.SegmentWriter.add", full)
    assert run("inpaint", "a.mp4", "-o", "b.mp4", *FILL).code == 0
