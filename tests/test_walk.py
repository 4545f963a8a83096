"""`ganedit walk`, mixed layers and sums of codes: ways through the space of codes."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import PIL.Image
import pytest
import torch
from command_line import EXACT, listing, run
from drawing import draw, generators, samples

from ganedit.runs.jobs import Job, Plan
from ganedit.runs.options import RunOptions
from ganedit.runs.result import Result, tell
from ganedit.tasks.generate.recipes import read_recipe
from ganedit.tasks.generate.walking import spherical


@pytest.fixture(autouse=True)
def _shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Generators of blobs and of things, and an empty folder to draw in."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    with generators(tmp_path / "shipped"):
        yield


@pytest.mark.parametrize("through", ["z", "w"])
def test_a_walk_passes_the_pictures_of_its_seeds(through: str) -> None:
    words = ("walk", "--model", "things", "--class", "hats", "--truncation", 1)
    done = run(*words, "--seeds", "3,8,21", "--seconds", 0.5, "--rate", 18, "--through", through,
               "-o", "walk", *EXACT)  # fmt: skip
    assert done.code == 0, done.err
    assert listing(Path("walk")) == [f"{number:05d}.png" for number in range(9)]
    frames = [samples(f"walk/{number:05d}.png").astype(float) for number in range(9)]
    draw("--model", "things", "--class", "hats", "--truncation", 1, "--seed", 3, "-o", "first.png")
    assert np.abs(frames[0] - samples("first.png")).max() <= 1
    steps = [np.abs(one - other).mean() for one, other in pairwise(frames)]
    assert min(steps) > 0
    draw("--like", "walk/00004.png", "-o", "again.png")
    assert np.array_equal(samples("again.png"), frames[4])
    if through == "w":  # straight on: no step is a jump
        assert max(steps) < 0.6 * np.abs(frames[0] - frames[4]).mean()


def test_an_arc_is_gone_along_at_even_speed() -> None:
    start, end = torch.randn(2, 1, 64, generator=torch.Generator().manual_seed(0))
    ways = [spherical(start, end, share) for share in (0, 0.25, 0.5, 0.75, 1)]
    angles = [float(torch.cosine_similarity(one, other).acos()) for one, other in pairwise(ways)]
    assert max(angles) - min(angles) < 1e-3
    # None is shorter than the codes that the network knows.
    assert torch.allclose(ways[0], start, atol=1e-5)
    assert torch.allclose(ways[4], end, atol=1e-5)
    lengths = [float(way.norm()) for way in ways]
    assert lengths == pytest.approx(np.linspace(lengths[0], lengths[4], 5))


def test_a_loop_ends_one_step_before_its_beginning() -> None:
    done = run("walk", "--model", "blobs", "--seeds", "1,2", "--seconds", 1, "--rate", 8, "--loop",
               "--truncation", 1, "-o", "walk", *EXACT)  # fmt: skip
    assert done.code == 0, done.err
    frames = [samples(f"walk/{number:05d}.png").astype(float) for number in range(8)]
    # There and back on one way.
    assert np.abs(frames[1] - frames[7]).max() <= 1
    assert np.abs(frames[3] - frames[5]).max() <= 1
    assert np.abs(frames[0] - frames[7]).max() > 1


@pytest.mark.parametrize("seeds", ["3", "3,x", "", "3,,4"])
def test_seeds_that_are_no_way(seeds: str) -> None:
    done = run("walk", "--model", "blobs", "--seeds", seeds, "-o", "walk", *EXACT)
    assert "give two or more, like 3,8,21" in done.complaint


def film_of(path: str) -> list[np.ndarray]:
    with av.open(path) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


@pytest.mark.parametrize("suffix", ["gif", "webp", "mp4"])
def test_a_walk_in_one_file(suffix: str) -> None:
    words = ("walk", "--model", "blobs", "--seeds", "3,8", "--seconds", 0.5, "--rate", 24, *EXACT)
    target = f"walk.{suffix}"
    done = run(*words, "-o", target)
    assert done.code == 0, done.err
    assert listing(Path()) == [target]  # no frames are left
    assert run(*words, "-o", "frames").code == 0
    if suffix == "mp4":
        frames = film_of(target)
        assert len(frames) == 12
    else:
        with PIL.Image.open(target) as film:
            assert film.n_frames == 12
            shown = [(film.seek(n), film.convert("RGB"), film.info["duration"]) for n in range(12)]
        frames = [np.asarray(picture) for _, picture, _ in shown]
        assert sum(duration for *_, duration in shown) == 500
    for number in (0, 11):
        wanted = samples(f"frames/{number:05d}.png").astype(float)
        assert np.abs(frames[number] - wanted).mean() < 12
    done = run(*words, "-o", target)
    assert "exists; add --overwrite" in done.complaint
    assert run(*words, "-o", target, "--overwrite", "-q").code == 0
    done = run(*words, "-o", target, "--overwrite", "--json", "--report", "report.jsonl")
    told = json.loads(done.out)
    assert (told["output"], told["status"], told["output_size"]) == (target, "done", [16, 16])
    assert told["output_bytes"] == Path(target).stat().st_size
    assert Path("report.jsonl").read_text() == done.out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "give -o a name that ends in .mp4, .gif or .webp, or a folder for the frames"),
        (("-o", "-"), "standard output takes no film"),
        (("-o", "w.mkv"), "-o w.mkv: a film ends in .mp4, .gif or .webp; its frames go into a fol"),
    ],
)
def test_where_no_walk_can_go(words: tuple[str, ...], complaint: str) -> None:
    done = run("walk", "--model", "blobs", "--seeds", "3,8", *words, *EXACT)
    assert (done.code, listing(Path())) == (2, [])
    assert complaint in done.complaint


def test_a_film_that_was_not_finished_is_not_said_to_go_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    job = Job({}, Path("frames/00000.png"), "PNG", journal_folder=Path("frames"))
    stopped = Result(done=[job], left=3, interrupted=True)
    tell(stopped, Plan([job]), RunOptions(), 1.0, "interrupted", Path("walk.mp4"))
    told = capsys.readouterr()
    assert told.err == "stopped (interrupted): walk.mp4 is not written\n"


def test_frames_of_two_walks_are_not_mixed() -> None:
    words = ("walk", "--model", "blobs", "--rate", 4, "-o", "frames", *EXACT)
    assert run(*words, "--seeds", "3,8", "--seconds", 1).code == 0
    before = {name: samples(f"frames/{name}") for name in listing(Path("frames"))}
    done = run(*words, "--seeds", "5,6", "--seconds", 2)
    assert "frames: holds frames of another film; add --overwrite" in done.complaint
    after = {name: samples(f"frames/{name}") for name in listing(Path("frames"))}
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert "4 finished before" in run(*words, "--seeds", "3,8", "--seconds", 1).out


def test_layers_are_mixed() -> None:
    words = ("--model", "blobs", "--truncation", 1)
    for name, more in (("3", ("--seed", 3)), ("8", ("--seed", 8)),
                       ("mixed", ("--seed", 3, "--fine", 8, "--split", 4))):  # fmt: skip
        draw(*words, *more, "-o", f"{name}.png")
    draw("--like", "mixed.png", "-o", "again.png")
    assert np.array_equal(samples("again.png"), samples("mixed.png"))
    for name in "38":
        assert not np.array_equal(samples("mixed.png"), samples(f"{name}.png"))
    # Along a walk the coarse layers go, and the fine ones stay.
    done = run("walk", *words, "--seeds", "3,1", "--fine", 8, "--split", 4, "--seconds", 0.5,
               "--rate", 4, "-o", "walk", *EXACT)  # fmt: skip
    assert done.code == 0, done.err
    assert np.abs(samples("walk/00000.png") - samples("mixed.png").astype(float)).max() <= 1


@pytest.mark.parametrize("held", ["--fine", "--coarse"])
def test_layers_are_held_on_the_way_from_an_inverted_photo(held: str) -> None:
    draw("--model", "things", "--seed", 3, "-o", "thing.png")
    inverting = ("invert", "thing.png", "--model", "things", "--steps", 2, "--force")
    assert run(*inverting, "-o", "me.png", *EXACT).code == 0
    done = run("walk", "--seeds", "me.png,8", held, 5, "--class", "hats", "--seconds", 0.5,
               "--rate", 4, "-o", "walk", *EXACT)  # fmt: skip
    assert done.code == 0, done.err
    assert listing(Path("walk")) == ["00000.png", "00001.png"]


def test_codes_are_added_up() -> None:
    words = ("--model", "blobs", "--truncation", 1)
    draw(*words, "--seed", 4, "-o", "four.png")
    means = ("--mean", "man=3,8", "--mean", "woman=5", "--mean", "man+glasses=4")
    draw(*words, "--seed", 4, *means, "--code", "man+glasses - man + man", "-o", "back.png")
    assert np.abs(samples("back.png") - samples("four.png").astype(float)).max() <= 1
    draw(*words, *means, "--code", "man+glasses - man + woman", "-o", "sum.png")
    draw(*words, "--code", "4 - 3,8 + 5", "-o", "same.png")
    assert np.array_equal(samples("sum.png"), samples("same.png"))
    assert read_recipe(Path("sum.png"))[0].code == "4 - 3,8 + 5"
    draw("--like", "sum.png", "-o", "again.png")
    assert np.array_equal(samples("sum.png"), samples("again.png"))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--code", "man -"), "write names with spaces around + and -"),
        (("--code", "man"), "there is no mean called man; give it with --mean NAME=SEEDS"),
        (("--code", "men", "--mean", "man=1"), "called men; did you mean man? There are: man"),
        (("--code", "man", "--mean", "man=x"), "--mean man=x: write it like man=3,8,21"),
        (("--mean", "man=1"), "--mean names what --code adds up"),
        (("--split", 2), "--split says where the layers of --fine begin"),
        (("--fine", 2, "--split", 6), "--split 6: blobs has 6 layers; use 1 to 5"),
    ],
)
def test_sums_and_mixtures_that_are_none(words: tuple[object, ...], complaint: str) -> None:
    done = run("generate", "--model", "blobs", *words, "-o", "x.png", *EXACT)
    assert done.code == 2
    assert complaint in done.complaint


def test_pictures_say_who_walks_between_them() -> None:
    draw("--model", "blobs", "-n", 2, "-o", "drawn")
    seeds, words = "drawn/0000.png,drawn/0001.png", ("--seconds", 0.5, "--rate", 4, *EXACT)
    assert run("walk", "--seeds", seeds, *words, "-o", "said").code == 0
    assert run("walk", "--model", "blobs", "--seeds", seeds, *words, "-o", "asked").code == 0
    assert np.array_equal(samples("said/00001.png"), samples("asked/00001.png"))
    PIL.Image.new("RGB", (8, 8)).save("p.png")
    done = run("walk", "--seeds", "p.png,8", *words, "-o", "no")
    assert done.complaint.startswith("p.png: does not say what it was drawn from")


def test_a_walk_from_pictures() -> None:
    draw("--model", "blobs", "--seed", 3, "--direction", "1=2", "-o", "far.png")
    words = ("walk", "--model", "blobs", "--seconds", 0.5, "--rate", 4, "-o", "walk", *EXACT)
    done = run(*words, "--seeds", "far.png,8")
    assert done.code == 0, done.err
    assert np.abs(samples("walk/00000.png") - samples("far.png").astype(float)).max() <= 1
    done = run(*words, "--seeds", "far.png,8", "--through", "z")
    assert "only seeds have noise" in done.complaint
    done = run(*words, "--seeds", "near.png,8")
    assert "there is no picture near.png" in done.complaint
    draw("--model", "things", "-o", "thing.png")
    done = run(*words, "--seeds", "thing.png,8", "--overwrite")
    assert "thing.png: drawn by things, not by blobs" in done.complaint


def test_frames_of_a_longer_walk_do_not_stay() -> None:
    words = ("walk", "--model", "blobs", "--rate", 4, "-o", "frames", "--overwrite", *EXACT)
    assert run(*words, "--seeds", "3,8", "--seconds", 2).code == 0
    before = {name: samples(f"frames/{name}") for name in listing(Path("frames"))}
    done = run(*words, "--seeds", "5,6", "--seconds", 1)
    assert "frames of a longer film, like 0000" in done.complaint
    assert listing(Path("frames")) == list(before)
    assert all(np.array_equal(samples(f"frames/{name}"), old) for name, old in before.items())
    assert run(*words, "--seeds", "5,6", "--seconds", 2).code == 0


def test_quality_is_of_films_that_have_one() -> None:
    words = ("walk", "--model", "blobs", "--seeds", "3,8", "--seconds", 1, "--rate", 4, *EXACT)
    done = run(*words, "--quality", 5, "-o", "a.webp")
    assert done.code == 0, done.err
    assert "quality" not in done.out + done.err
    assert run(*words, "--quality", 95, "-o", "b.webp").code == 0
    assert Path("a.webp").stat().st_size < Path("b.webp").stat().st_size
    assert "--quality is of .webp" in run(*words, "--quality", 5, "-o", "c.gif").complaint
