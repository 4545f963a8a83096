"""`ganedit generate`: pictures, their names, and the recipes that they carry."""

import json
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import tiny
import torch
from command_line import EXACT, listing, run
from drawing import draw, generators, samples, save_generator

import ganedit
from ganedit import weights
from ganedit.errors import UsageError
from ganedit.tasks.generate import evaluation
from ganedit.tasks.generate.recipes import read_recipe


@pytest.fixture(autouse=True)
def _shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Generators of blobs and of things, and an empty folder to draw in."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    with generators(tmp_path / "shipped"):
        yield


def test_pictures_are_named_by_their_seeds() -> None:
    words = ("--model", "blobs", "-o", "drawn")
    names = draw(*words, "-n", 3, "--seed", 7, "--sheet")
    assert names == [f"drawn/{name}.png" for name in ("0007", "0008", "0009", "sheet")]
    first = samples("drawn/0008.png")
    assert first.shape == (16, 16, 3)
    assert not np.array_equal(first, samples("drawn/0007.png"))
    # Others beside them, and none twice.
    done = run("generate", *words, "-n", 4, "--seed", 8, *EXACT)
    assert "2 finished before" in done.out
    assert draw("--model", "blobs", "--seed", 8, "-o", "one.png")[-1] == "one.png"
    assert np.array_equal(samples("one.png"), first)


def test_a_report_says_which_picture_is_of_which_seed() -> None:
    done = run(
        "generate", "--model", "blobs", "-n", 2, "--seed", 5, "-o", "drawn", "--json", *EXACT
    )
    told = [json.loads(line) for line in done.out.splitlines()]
    assert {each["variant"]: each["output"] for each in told} == {
        "0005": "drawn/0005.png", "0006": "drawn/0006.png"
    }  # fmt: skip


def test_names_without_a_folder() -> None:
    words = ("--model", "blobs", "-n", 2)
    assert draw(*words, "-o", "x.png", "--sheet") == ["x_0000.png", "x_0001.png", "x_sheet.png"]
    for name in listing(Path()):
        Path(name).unlink()
    assert draw(*words, "--format", "webp") == ["blobs_0000.webp", "blobs_0001.webp"]
    done = run("generate", *words, "-o", "-", *EXACT)
    assert "several pictures cannot go to standard output" in done.complaint


def test_where_pictures_are_is_told() -> None:
    assert run("generate", "--model", "blobs", *EXACT).out.endswith("a second: blobs_0000.png\n")
    done = run("generate", "--model", "blobs", "-n", 3, "-o", "drawn", *EXACT)
    assert done.out.endswith(": drawn/0000.png to drawn/0002.png\n")


def test_an_estimate_of_what_is_drawn() -> None:
    done = run("generate", "--model", "blobs", "-n", 2000, "-o", "drawn", "--dry-run", *EXACT)
    assert done.out.startswith("2,000 pictures to draw: 0.5 megapixels\n")
    megabytes = float(done.out.split("results of about ")[1].split()[0].replace(",", ""))
    one = len(Path(draw("--model", "blobs", "-o", "one.png")[0]).read_bytes())
    assert megabytes == pytest.approx(2000 * one / 1e6, rel=0.3)


def test_a_picture_is_the_same_in_python_whoever_draws_it() -> None:
    draw("--model", "blobs", "--seed", 5, "-o", "five.png")
    placed = {"device": "cpu", "precision": "fp32"}
    ours = ganedit.generate("blobs", seed=5, **placed)
    assert np.array_equal(ours.samples, samples("five.png"))
    editor = ganedit.Editor.generate(model="blobs", seed=3, count=4, **placed)
    assert editor.variants == ("0003", "0004", "0005", "0006")
    assert np.array_equal(editor(variant="0005").samples, ours.samples)


@pytest.mark.parametrize("suffix", ["png", "webp", "tiff", "jpg", "avif"])
def test_a_picture_is_drawn_again_from_its_file(suffix: str) -> None:
    draw("--model", "things", "--class", "hats", "--seed", 9, "--truncation", 0.4,
         "-o", f"a.{suffix}")  # fmt: skip
    draw("--like", f"a.{suffix}", "-o", f"b.{suffix}")
    assert Path(f"a.{suffix}").read_bytes() == Path(f"b.{suffix}").read_bytes()
    recipe, precision = read_recipe(Path(f"a.{suffix}"))
    assert (recipe.model, recipe.class_, recipe.seed) == ("things", "hats", 9)
    assert (recipe.truncation, recipe.size, precision) == (0.4, 16, "fp32")


def test_another_picture_of_the_same_name_is_not_finished_before() -> None:
    again = ("--like", "like.png", "-o", "again/")
    draw("--model", "blobs", "--truncation", 0.2, "-o", "like.png")
    draw(*again)
    assert "1 finished before" in run("generate", *again, *EXACT).out
    draw("--model", "blobs", "--truncation", 1, "-o", "like.png", "--overwrite")
    done = run("generate", *again, *EXACT)
    assert "exists already; add --overwrite" in done.complaint
    draw(*again, "--overwrite")
    assert np.array_equal(samples("again/0000.png"), samples("like.png"))


def test_classes_come_in_turn_or_as_they_are_asked_for() -> None:
    names = draw("--model", "things", "--class", "shoes=1,bags", "-n", 2, "-o", "some")
    assert names == ["some/bags_0000.png", "some/bags_0001.png", "some/shoes_0000.png"]
    draw("--model", "things", "-n", 4, "-o", "all")
    kinds = [read_recipe(Path(f"all/{seed:04d}.png"))[0].class_ for seed in range(4)]
    assert kinds == ["bags", "hats", "shoes", "bags"]
    assert np.array_equal(samples("all/0000.png"), samples("some/bags_0000.png"))


def test_no_truncation_draws_what_the_mean_does_not() -> None:
    for share in (0, 1):
        draw("--model", "blobs", "-n", 2, "--truncation", share, "-o", f"at_{share}")
    # At the mean, only the noise of the layers differs.
    changes = [
        np.abs(samples(f"at_{share}/0000.png") - samples(f"at_{share}/0001.png").astype(float))
        for share in (0, 1)
    ]
    assert changes[0].mean() < changes[1].mean()


def test_pictures_of_another_size_come_from_the_upscaler() -> None:
    draw("--model", "blobs", "-o", "small.png")
    draw("--model", "blobs", "--size", 64, "-o", "large.png")
    assert samples("large.png").shape == (64, 64, 3)
    reduced = PIL.Image.open("large.png").resize((16, 16), PIL.Image.Resampling.BOX)
    assert np.abs(np.asarray(reduced) - samples("small.png").astype(float)).mean() < 12
    draw("--like", "large.png", "-o", "again.png")
    assert np.array_equal(samples("again.png"), samples("large.png"))


def test_ones_own_network_draws_and_is_asked_for_again(tmp_path: Path) -> None:
    own = save_generator(tmp_path / "mine.safetensors", seed=3)
    draw("--weights", own, "-o", "a.png")
    done = run("generate", "--like", "a.png", "-o", "b.png", *EXACT)
    assert (done.code, "drawn by mine, which is not here" in done.complaint) == (2, True)
    draw("--like", "a.png", "--weights", own, "-o", "b.png")
    assert np.array_equal(samples("a.png"), samples("b.png"))
    (tmp_path / "more").mkdir()
    other = save_generator(tmp_path / "more" / "mine.safetensors", seed=4)
    done = run("generate", "--like", "a.png", "--weights", other, "-o", "c.png", *EXACT)
    assert "drawn by other weights of mine" in done.complaint


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "say with --model what is to be drawn; there are: blobs, things"),
        (("--model", "blob"), "--model blob: there is none; did you mean blobs? There are: blobs,"),
        (("--model", "things", "--class", "shoe"), "did you mean shoes? There are: bags, hats"),
        (("--model", "blobs", "--class", "hats"), "--class hats: blobs has no classes; leave it"),
        (("--model", "things", "--class", "hats=0"), "write it like shoes, or shoes=3,bags=2"),
        (("--model", "blobs", "--truncation", 2), "--truncation 2: use a number from 0 to 1"),
        (("--model", "things", "--class", "hats,hats=2"), "--class hats,hats=2: hats is given tw"),
        (("--model", "things", "--class", "hats=2", "-n", 3), "says how many of each; leave --cou"),
        (("--model", "blobs", "-n", 10**8), "--count 100000000: use a whole number from 1 to 100"),
        (("--model", "blobs", "--mean", "a=1", "--mean", "a=2", "--code", "a"), "a is given twice"),
        (("--like", "p.png", "--seed", 3), "draws the same picture again; leave --seed out"),
        (("--like", "p.png"), "p.png: does not say what it was drawn from"),
    ],
)
def test_what_cannot_be_drawn_is_told_in_a_line(words: tuple[str, ...], complaint: str) -> None:
    PIL.Image.new("RGB", (8, 8)).save("p.png")
    done = run("generate", *words, "-o", "x.png", *EXACT)
    assert done.code != 0
    assert complaint in done.complaint
    assert not Path("x.png").exists()


def test_altered_weights_draw_nothing() -> None:
    path = weights.find("generate", model="blobs").path
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    done = run("generate", "--model", "blobs", "-n", 2, "-o", "drawn", *EXACT)
    assert (done.code, "weights were altered or damaged" in done.complaint) == (1, True)


def test_a_recipe_that_someone_made_up() -> None:
    draw("--model", "blobs", "-o", "a.png")
    content = Path("a.png").read_bytes()
    (length,) = struct.unpack(">I", content[33:37])  # the first chunk after the header
    assert b"size=16" in content[33 : 33 + length]
    for size in (b"size=99999999", b"size=x"):
        chunk = content[37 : 41 + length].replace(b"size=16", size)
        crc = struct.pack(">I", zlib.crc32(chunk))
        rest = content[45 + length :]
        Path("b.png").write_bytes(
            content[:33] + struct.pack(">I", len(chunk) - 4) + chunk + crc + rest
        )
        done = run("generate", "--like", "b.png", "-o", "c.png", *EXACT)
        assert "b.png: does not say what it was drawn from" in done.complaint


def test_another_arithmetic_than_before_is_told() -> None:
    draw("--model", "blobs", "-o", "a.png")
    done = run("generate", "--like", "a.png", "-o", "b.png", "--device", "cpu",
               "--precision", "bf16")  # fmt: skip
    assert "before in fp32: add --precision fp32 for the same bits" in done.out + done.err


def test_a_generator_in_python() -> None:
    blobs = ganedit.Generator("blobs", device="cpu", precision="fp32")
    draw("--model", "blobs", "--seed", 5, "--direction", "2=1", "-o", "five.png")
    assert np.array_equal(blobs(5, directions={"2": 1}).samples, samples("five.png"))
    assert np.array_equal(blobs.vary("five.png", {"2": -1}).samples, blobs(5).samples)
    assert blobs.tensor([5, 6]).shape == (2, 3, 16, 16)
    assert blobs.directions[:2] == ["1", "2"]
    frames = list(blobs.walk([5, 6], frames=4, truncation=0.7))
    assert len(frames) == 4
    assert len(list(blobs.walk("5,6", seconds=0.2, rate=10))) == 2
    assert np.array_equal(blobs.vary(5, {"2": 1}).samples, samples("five.png"))
    far = blobs.tensor([5], directions={"2": 1})[0].permute(1, 2, 0) * 255
    assert np.array_equal(far.round().byte().numpy(), samples("five.png"))
    for wrong in ({"truncation": 3.0}, {"seed": "x"}, {"seed": -1}):
        with pytest.raises(UsageError):
            blobs(**wrong)
    assert np.abs(frames[0].samples - blobs(5).samples.astype(float)).max() <= 1
    me = blobs.invert(blobs(5).samples, steps=2, force=True)
    assert "nothing tells whether it is of the kind of blobs" in me.notes[0]
    assert me.notes[1].startswith("drawn again at PSNR")
    assert np.array_equal(blobs.vary(me, {"1": 0}).samples, me.samples)
    things = ganedit.Generator("things", device="cpu", precision="fp32")
    with pytest.raises(UsageError, match="drawn by blobs, not by things"):
        things.vary(me, {"1": 1})


def test_python_says_what_it_cannot_do() -> None:
    with pytest.raises(UsageError, match="make 2 results"):
        ganedit.generate("blobs", count=2)
    blobs = ganedit.Generator("blobs")
    with pytest.raises(UsageError, match="--seed None: use a whole number"):
        blobs(None)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="--truncation None: use a number from 0 to 1"):
        blobs(1, truncation=None)  # type: ignore[arg-type]


# --- directions -------------------------------------------------------------------------------


def test_a_direction_changes_the_picture_and_is_in_its_recipe() -> None:
    words = ("--model", "blobs", "--truncation", 1)
    draw(*words, "-o", "plain.png")
    draw(*words, "--direction", "1=2", "--direction", "3=-1.5", "-o", "far.png")
    assert not np.array_equal(samples("far.png"), samples("plain.png"))
    assert read_recipe(Path("far.png"))[0].amounts == {"1": 2, "3": -1.5}
    draw("--like", "far.png", "-o", "again.png")
    assert Path("again.png").read_bytes() == Path("far.png").read_bytes()
    # And there is a way back.
    done = run("vary", "far.png", "--direction", "1=-2", "--direction", "3=1.5", *EXACT)
    assert done.code == 0, done.err
    assert np.array_equal(samples("far_varied.png"), samples("plain.png"))


def test_dials_are_turned_alike_by_the_command_and_in_python(tmp_path: Path) -> None:
    own = ("--weights", str(save_generator(tmp_path / "own.safetensors", codes="1x3,1")))
    before = ("--direction", "code1=2", "--direction", "code2=0.5", "--direction", "1=1")
    draw(*own, *before, "-o", "p.png")
    done = run("vary", "p.png", "--direction", "code1=1", "--direction", "1=1", *own, *EXACT)
    assert done.code == 0, done.err
    generator = ganedit.Generator(weights=own[1], device="cpu", precision="fp32")
    varied = generator.vary("p.png", {"code1": 1, "1": 1})
    assert np.array_equal(varied.samples, samples("p_varied.png"))
    recipe, _ = read_recipe(Path("p_varied.png"))
    assert recipe.amounts == {"code1": 1, "code2": 0.5, "1": 2}


def test_a_strip_goes_from_one_end_to_the_other() -> None:
    draw("--model", "things", "--class", "hats", "--truncation", 1, "-o", "hat.png")
    done = run("vary", "hat.png", "--strip", "1", "-o", "strip", *EXACT)
    assert done.code == 0, done.err
    names = [f"strip/hat_{place:+d}.png" for place in range(-3, 4)]
    assert listing(Path("strip")) == sorted([*(Path(name).name for name in names), "hat_sheet.png"])
    assert samples("strip/hat_sheet.png").shape == (16, 7 * 16, 3)
    assert np.array_equal(samples(names[3]), samples("hat.png"))
    steps = [np.abs(samples(name) - samples("hat.png").astype(float)).mean() for name in names]
    assert steps[0] > steps[2] < steps[6]
    assert read_recipe(Path(names[0]))[0].class_ == "hats"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "say what to change: --direction smile=2, or --strip smile"),
        (("--direction", "smile"), "--direction smile: write it like glasses=2 or 3=-1.5"),
        (("--direction", "smile=1"), "--direction smile: no generator has it. There are: 1, 2, 3"),
        (("--strip", "99"), "--strip 99: no generator has it. There are: 1, 2, 3"),
        (("--direction", "1=1", "--direction", "1=2"), "--direction 1=2: 1 is given twice"),
        (("--direction", "1=1", "--seed", 7), "give pictures or a seed"),
        (("--direction", "1=1", "--class", "hats"), "a picture says itself what it was drawn from"),
    ],
)
def test_what_cannot_be_varied_is_told_in_a_line(words: tuple[str, ...], complaint: str) -> None:
    draw("--model", "blobs", "-o", "p.png")
    done = run("vary", "p.png", *words, "-o", "out.png", *EXACT)
    assert done.code == 2
    assert complaint in done.complaint


def test_a_seed_is_varied_without_a_file_of_it() -> None:
    draw("--model", "blobs", "--seed", 7, "--direction", "1=2", "-o", "far.png")
    done = run("vary", 7, "--model", "blobs", "--direction", "1=2", *EXACT)
    assert done.code == 0, done.err
    assert np.array_equal(samples("0007_varied.png"), samples("far.png"))
    done = run("vary", 7, "--model", "things", "--class", "hats", "--strip", 1, "-o", "s", *EXACT)
    assert done.code == 0, done.err
    assert listing(Path("s"))[0] == "+0.png"
    assert read_recipe(Path("s/+2.png"))[0].class_ == "hats"
    # From Python too; and a file of that name is a picture.
    placed = {"device": "cpu", "precision": "fp32"}
    ours = ganedit.vary(seed=7, model="blobs", direction=["1=2"], **placed)
    assert np.array_equal(ours.samples, samples("far.png"))
    Path("far.png").rename("9")
    done = run("vary", "9", "--direction", "1=-2", "-o", "back.png", *EXACT)
    assert done.code == 0, done.err
    assert read_recipe(Path("back.png"))[0].seed == 7
    assert "give a picture that ganedit drew" in run("vary", "--strip", "1", *EXACT).complaint
    assert run("vary", 7, "--strip", "1", *EXACT).complaint.startswith("say with --model what")
    wrong = run("vary", 7, "--model", "things", "--class", "hut", "--strip", "1", *EXACT)
    assert wrong.complaint.startswith("--class hut: there is none")


def test_a_folder_of_drawn_pictures_is_varied() -> None:
    draw("--model", "blobs", "-n", 3, "-o", "drawn", "--sheet")
    for _ in range(2):
        done = run("vary", "drawn", "--direction", "1=2", *EXACT)
        assert done.code == 0, done.err
    assert "3 finished before; left out: 4 results of earlier runs" in done.out
    names = [f"000{seed}{label}.png" for seed in range(3) for label in ("", "_varied")]
    assert listing(Path("drawn")) == sorted([*names, "sheet.png"])


def test_a_picture_of_something_else_cannot_be_varied() -> None:
    PIL.Image.new("RGB", (8, 8)).save("p.png")
    done = run("vary", "p.png", "--direction", "1=1", *EXACT)
    assert (done.code, done.complaint.startswith("p.png: does not say what it was")) == (1, True)


# --- how good ---------------------------------------------------------------------------------


def draw_training_pictures(folder: Path) -> None:
    """Half of what the generator draws later, and as much noise."""
    draw("--model", "blobs", "-n", 30, "--truncation", 1, "-o", folder)
    rng = np.random.default_rng(0)
    for number in range(30):
        noise = rng.integers(0, 256, (16, 16, 3), np.uint8)
        PIL.Image.fromarray(noise).save(folder / f"noise_{number}.png")


def test_samples_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganedit.nets.vgg.VGG19Features", tiny.Features)
    draw_training_pictures(Path("real"))
    done = run("evaluate", "generate", "--model", "blobs", "--data", "real", "--held-out", 0.25,
               "-n", 30, "--save", "seen", "--csv", "all.csv", *EXACT)  # fmt: skip
    assert done.code == 0, done.err
    protocol, heads, drawn, floor, held_out = done.out.splitlines()
    assert "30 pictures of blobs at truncation 1 against 15 that were not trained on" in protocol
    assert "precision" in heads
    assert (drawn.split()[0], floor.split()[0], held_out.split()[0]) == ("drawn", "trained", "held")
    # The generator was caught: what it draws is what it "was trained on".
    rows = [line.split(",") for line in Path("all.csv").read_text().splitlines()]
    assert rows[0] == ["seed", "nearest", "distance"]
    learned = [row for row in rows[1:] if row[1] == f"{int(row[0]):04d}.png"]
    assert len(learned) > 15
    assert all(float(row[2]) < 1e-3 for row in learned)
    assert samples("seen/nearest.png").shape == (32, 256, 3)


def test_the_nearest_is_looked_for_among_as_many_as_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ganedit.nets.vgg.VGG19Features", tiny.Features)
    draw_training_pictures(Path("real"))
    read: list[int] = []
    original = evaluation._read

    def counted(entries: Sequence[Any], *others: Any) -> Any:
        read.append(len(entries))
        return original(entries, *others)

    monkeypatch.setattr(evaluation, "_read", counted)
    done = run("evaluate", "generate", "--model", "blobs", "--data", "real", "--held-out", 0.25,
               "-n", 8, "--nearest-of", 30, *EXACT)  # fmt: skip
    assert done.code == 0, done.err
    assert read == [15, 30]


@pytest.mark.filterwarnings("ignore:.*jit.*:FutureWarning")
def test_samples_are_measured_by_another_network() -> None:
    draw_training_pictures(Path("real"))
    network = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(4), torch.nn.Flatten())
    torch.jit.trace(network, torch.rand(2, 3, 16, 16)).save("own.pt")
    torch.jit.trace(torch.nn.ReLU(), torch.rand(2, 3, 16, 16)).save("maps.pt")
    Path("text.pt").write_text("none")
    words = ("evaluate", "generate", "--model", "blobs", "--data", "real", "--held-out", 0.25)
    done = run(*words, "-n", 30, "--features", "own.pt", *EXACT)
    assert done.code == 0, done.err
    assert re.search(r"at 16×16; own\.pt [0-9a-f]{8}; SWD", done.out)
    for name, complaint in (("text", "not a network that torch.jit"), ("maps", "to make (N, D)")):
        done = run(*words, "-n", 30, "--features", f"{name}.pt", *EXACT)
        assert complaint in done.complaint


def test_too_few_pictures_to_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganedit.nets.vgg.VGG19Features", tiny.Features)
    draw("--model", "blobs", "-n", 20, "-o", "real")
    done = run("evaluate", "generate", "--model", "blobs", "--data", "real", *EXACT)
    assert "2.0% of its 20 pictures are 0; at least 8 are needed" in done.complaint
    assert done.complaint.endswith("a larger --held-out, 0.41")


def test_seeds_are_as_many_as_there_are_draws() -> None:
    done = run("generate", "--model", "faces", "--seed", 2**32, "-o", "x.png", *EXACT)
    assert done.code != 0
    assert "--seed 4294967296: use a whole number from 0 to 4294967295" in done.complaint
    done = run("walk", "--model", "faces", "--seeds", f"3,{2**32}", "-o", "x.gif", *EXACT)
    assert "seeds are at most 4294967295" in done.complaint
    last = ("--model", "things", "--seed", 2**32 - 1, "-o", "x", *EXACT)
    for words in (
        ("generate", "-n", 2),
        ("generate", "--class", "hats=2"),
        ("directions", "-n", 2),
    ):
        told = run(*words, *last)
        assert "the last has seed 4294967296, and 4294967295 is the largest" in told.complaint
        assert not Path("x").exists()


def test_what_is_drawn_has_no_before_and_what_moves_no_code(tmp_path: Path) -> None:
    for words in (("generate", "--model", "blobs"), ("vary", 3, "--model", "blobs", "--strip", 1)):
        done = run(*words, "-o", tmp_path / "x.png", "--preview", *EXACT)
        assert done.complaint == "--preview: a picture that is drawn has no before; leave it out"
    frames = [PIL.Image.fromarray(tiny.photo(n, 32, 32)) for n in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    for words in (("vary", "--direction", "1=1"), ("invert", "--model", "blobs")):
        done = run(words[0], tmp_path / "a.gif", *words[1:], "-o", tmp_path / "y.gif", *EXACT)
        assert done.complaint.endswith(f"a.gif: {words[0]} takes pictures, and no animations")
    assert (
        "7: give one seed at a time, or pictures"
        in run("vary", 7, 8, "--model", "blobs", "--strip", 1, *EXACT).complaint
    )
