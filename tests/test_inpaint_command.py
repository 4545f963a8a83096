"""`ganedit inpaint` and `ganedit.inpaint`: marks of every kind, and bad ones told in one line."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tiny
import torch
from command_line import EXACT, Outcome, listing, run

import ganedit
from ganedit import weights
from ganedit.errors import ImageError
from ganedit.image import Image, Metadata
from ganedit.tasks.inpaint.network import Inpainter
from ganedit.tasks.inpaint.options import NetworkOptions

Inpaint = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a photo, a mask for it, and tiny weights beside."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    PIL.Image.fromarray(tiny.photo(0, 60, 80)).save("a.png")
    hole = np.zeros((60, 80), np.uint8)
    hole[20:40, 30:50] = 255
    PIL.Image.fromarray(hole).save("mask.png")
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path, options = tmp_path / "filler.safetensors", NetworkOptions(8, 32, 2)
    torch.manual_seed(0)
    weights.save(Inpainter(options), path, task="inpaint", options=asdict(options))
    return path


@pytest.fixture
def inpaint(home: Path, own: Path) -> Inpaint:
    return lambda *arguments: run("inpaint", "--weights", own, *EXACT, *arguments)


def read(name: str) -> np.ndarray:
    with PIL.Image.open(name) as picture:
        return np.asarray(picture)


def changed(name: str = "a_inpaint.png") -> np.ndarray:
    return (read(name)[..., :3] != read("a.png")[..., :3]).any(axis=2)


def test_mask_is_filled_and_nothing_else_changes(inpaint: Inpaint) -> None:
    done = inpaint("a.png", "--mask", "mask.png")
    assert done.code == 0
    assert done.out.startswith("a_inpaint.png  80×60")
    assert "holes filled: 1 by the network" in done.err
    hole = read("mask.png") > 0
    assert not changed()[~hole].any()
    assert changed()[hole].mean() > 0.5


def test_inverted(inpaint: Inpaint) -> None:
    PIL.Image.fromarray(255 - read("mask.png")).save("inverse.png")
    assert inpaint("a.png", "--mask", "inverse.png", "--invert-mask").code == 0
    inpaint("a.png", "--mask", "mask.png", "-o", "b.png")
    assert np.array_equal(read("a_inpaint.png"), read("b.png"))


def test_box_and_painted_colour(inpaint: Inpaint) -> None:
    assert inpaint("a.png", "--box", "30,20,20,10").code == 0
    y, x = np.nonzero(changed())
    assert (y.min(), y.max(), x.min(), x.max()) == (20, 29, 30, 49)
    painted = read("a.png").copy()
    painted[5:15, 5:25] = (255, 0, 255)
    PIL.Image.fromarray(painted).save("painted.png")
    assert inpaint("painted.png", "--mask-color", "#ff00ff").code == 0
    assert not (read("painted_inpaint.png") == (255, 0, 255)).all(axis=2).any()


def test_own_transparency_is_filled_and_becomes_visible(inpaint: Inpaint) -> None:
    alpha = np.full((60, 80), 255, np.uint8)
    alpha[20:40, 30:50] = 0
    PIL.Image.fromarray(np.dstack([read("a.png"), alpha])).save("holed.png")
    assert inpaint("holed.png").code == 0
    assert (read("holed_inpaint.png")[..., 3] == 255).all()
    assert "no transparent part" in inpaint("a.png").complaint


def test_folder_of_masks_by_name(inpaint: Inpaint, home: Path) -> None:
    for name in ("photos", "masks"):
        (home / name).mkdir()
    for name in ("one", "two", "three", "four"):
        PIL.Image.fromarray(tiny.photo(1, 60, 80)).save(f"photos/{name}.png")
    for name in ("one", "two_mask", "three_mask1", "three_mask2"):
        hole = np.zeros((60, 80), np.uint8)
        left = 50 if name.endswith("2") else 10
        hole[10:20, left : left + 10] = 255
        PIL.Image.fromarray(hole).save(f"masks/{name}.png")
    done = inpaint("photos", "--masks", "masks", "-o", "out")
    assert done.code == 1, "one photo has no mask"
    assert "photos/four.png: masks has no mask for it (four_mask.png)" in done.err
    assert listing(home / "out") == ["one.png", "three.png", "two.png"]
    both = (read("out/three.png") != read("photos/three.png")).any(axis=2)
    assert both[10:20, 10:20].any()
    assert both[10:20, 50:60].any()


def test_mask_that_marks_nothing_is_an_error(inpaint: Inpaint) -> None:
    PIL.Image.new("L", (80, 60)).save("black.png")
    done = inpaint("a.png", "--mask", "black.png")
    assert done.code == 1
    assert done.complaint.startswith("a.png: black.png: the mask marks nothing")


def test_candidates_differ_and_come_with_a_sheet(inpaint: Inpaint, home: Path) -> None:
    assert inpaint("a.png", "--mask", "mask.png", "--candidates", 3).code == 0
    names = [f"a_inpaint_{number}.png" for number in (1, 2, 3)]
    assert listing(home) == ["a.png", *names, "a_inpaint_sheet.png", "mask.png"]
    fills = [read(name)[read("mask.png") > 0].astype(int) for name in names]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(fills[one] - fills[other]).mean() > 0.1
    assert read("a_inpaint_sheet.png").shape == (60, 3 * 80, 3)


def test_json_carries_the_notes(inpaint: Inpaint) -> None:
    result = json.loads(inpaint("a.png", "--mask", "mask.png", "--json").out)
    assert result["notes"] == ["holes filled: 1 by the network"]


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["--mask", "missing.png"], 1, "a.png: missing.png does not exist"),
        (["--mask", "empty.png"], 1, "a.png: empty.png is empty"),
        (["--mask", "white.png"], 1, "a.png: white.png: the mask marks the whole picture"),
        (
            ["--mask", "mask.png", "--mask-color", "lime"],
            1,
            "a.png: mask.png: no pixel has the colour lime",
        ),
        (["--mask", "mask.png", "--dilate", "99"], 1, "use a smaller --dilate"),
        (["--mask", "large.png", "--strict"], 1, "a.png: large.png: the mask has 160×120"),
        (["--box", "500,500,9,9"], 2, "outside the picture of 80×60"),
        (["--box", "here"], 2, "write it as x,y,width,height"),
        (["--mask", "mask.png", "--box", "1,1,5,5"], 2, "one of --mask, --masks and --box"),
        (["--mask", "mask.png", "--dilate", "-1"], 2, "--dilate -1: use a whole number, 0 or more"),
        (["--expand", "up=5"], 2, "write it like left=200,top=100"),
        (["--expand", "left=0"], 2, "at least one side has to grow"),
        (["--mask", "mask.png", "--restore-scan"], 2, "leave the mask out"),
        (["--remove-text", "--box", "1,1,5,5"], 2, "find the hole themselves"),
        (["--masks", "nowhere"], 2, "--masks nowhere: no such folder"),
    ],
)
def test_bad_marks(inpaint: Inpaint, arguments: list[str], code: int, complaint: str) -> None:
    PIL.Image.new("L", (80, 60), 255).save("white.png")
    PIL.Image.new("L", (160, 120), 0).save("large.png")
    Path("empty.png").touch()
    done = inpaint("a.png", *arguments)
    assert complaint in done.complaint
    assert done.code in (code, 1)
    assert not Path("a_inpaint.png").exists()


def test_one_mask_is_for_one_photo(inpaint: Inpaint) -> None:
    PIL.Image.fromarray(tiny.photo(2, 60, 80)).save("b.png")
    done = inpaint("a.png", "b.png", "--mask", "mask.png")
    assert (done.code, "for several give --masks DIR" in done.complaint) == (2, True)


def test_from_python(home: Path, own: Path) -> None:
    hole = read("mask.png") > 0
    fill = ganedit.Editor.inpaint(weights=own, dilate=0, device="cpu", precision="fp32")
    result = fill("a.png", hole)
    assert np.array_equal(result.samples[~hole], read("a.png")[~hole])
    again = ganedit.inpaint(
        "a.png", "mask.png", weights=own, dilate=0, device="cpu", precision="fp32"
    )
    assert np.array_equal(result.samples, again.samples)
    with pytest.raises(ImageError, match="no transparent part"):
        fill("a.png")


# --- a larger canvas, and holes that are found ---------------------------------------------------


def test_canvas_grows_and_the_photo_stays(inpaint: Inpaint) -> None:
    done = inpaint("a.png", "--expand", "left=12,top=8")
    assert done.code == 0, done.err
    grown, photo = read("a_inpaint.png"), read("a.png")
    assert grown.shape == (68, 92, 3)
    assert (grown[8:, 12:] == photo).all()
    assert np.ptp(grown[:8].astype(int)) > 0


def test_canvas_of_sixteen_bits_with_alpha_and_metadata(home: Path, own: Path) -> None:
    samples = tiny.photo(0, 40, 50).astype(np.uint16) * 257
    alpha = np.full((40, 50), 30000, np.uint16)
    photo = Image(samples, alpha, Metadata(icc=None, exif=None, xmp=b"<x/>"))
    result = ganedit.inpaint(photo, expand="right=16", weights=str(own))
    assert result.samples.dtype == np.uint16
    assert (result.samples[:, :50] == samples).all()
    assert (result.alpha[:, :50] == 30000).all()
    assert (result.alpha[:, 50:] == 65535).all()
    assert result.metadata.xmp == b"<x/>"


def test_canvas_and_mask_together(inpaint: Inpaint) -> None:
    done = inpaint("a.png", "--mask", "mask.png", "--expand", "bottom=10", "--mask-out", "all.png")
    assert done.code == 0, done.err
    marked = read("all.png") > 0
    assert marked[60:].all()
    assert marked[20:40, 30:50].all()
    assert marked.sum() == 10 * 80 + 20 * 20
    grown = read("a_inpaint.png")
    assert (grown[:60][~marked[:60]] == read("a.png")[~marked[:60]]).all()


def test_a_mask_grows_beside_a_canvas_too(inpaint: Inpaint, home: Path) -> None:
    photo = np.random.default_rng(0).integers(60, 200, (500, 500, 3), np.uint8)
    mask = np.zeros((500, 500), np.uint8)
    mask[240:244, 240:244] = 255
    PIL.Image.fromarray(photo).save("large.png")
    PIL.Image.fromarray(mask).save("small_hole.png")
    given = "large.png", "--mask", "small_hole.png", "--method", "ns"
    for extra in ((), ("--expand", "right=10")):
        assert inpaint(*given, *extra, "--overwrite").code == 0
        changed = (read("large_inpaint.png")[:, :500] != photo).any(2)
        assert changed[239, 240:244].all(), extra  # what lies beside it, too
        assert not changed[:, 480:].any()


def test_one_mask_file_is_not_for_a_folder(inpaint: Inpaint, home: Path) -> None:
    for name in ("one", "two"):
        Path("scans").mkdir(exist_ok=True)
        PIL.Image.fromarray(np.full((64, 64, 3), 90, np.uint8)).save(f"scans/{name}.png")
    done = inpaint("scans", "--restore-scan", "--mask-out", "found.png")
    assert done.code == 2
    assert "--mask-out found.png: is one file" in done.err
    assert inpaint("scans", "--restore-scan", "--mask-out", "found").code == 0
    assert sorted(path.name for path in Path("found").iterdir()) == ["one_mask.png", "two_mask.png"]


def test_masks_of_a_tree_are_all_there_and_made_once(inpaint: Inpaint, home: Path) -> None:
    for name in ("a/x.png", "b/x.png", "b/x.bmp"):
        Path("tree", name).parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(np.full((48, 48, 3), 90, np.uint8)).save(f"tree/{name}")
    words = "tree", "--box", "5,5,9,1", "--method", "ns", "-o", "clean", "--mask-out", "masks"
    assert inpaint(*words).code == 0
    masks = ["a/x_mask.png", "b/x.bmp_mask.png", "b/x.png_mask.png"]
    assert [p.relative_to("masks").as_posix() for p in sorted(Path("masks").rglob("*.*"))] == masks
    again = inpaint(*words)
    assert again.code == 0
    assert "3 finished before" in again.out
    Path("masks/a/x_mask.png").unlink()
    assert "2 finished before" in inpaint(*words).out
    assert read("masks/a/x_mask.png")[5, 5:14].all()


@pytest.mark.parametrize("target", ["a.png", "mask.png", "a_inpaint.png", "a.png/m.png"])
def test_a_mask_replaces_nothing(inpaint: Inpaint, target: str) -> None:
    before = {name: Path(name).read_bytes() for name in ("a.png", "mask.png")}
    done = inpaint("a.png", "--mask", "mask.png", "--mask-out", target, "--overwrite")
    assert done.code == 2
    assert f"{target}: " in done.err
    assert "choose another name" in done.err
    assert {name: Path(name).read_bytes() for name in before} == before
    assert not Path("a_inpaint.png").exists()


def test_a_mask_that_exists_stays(inpaint: Inpaint) -> None:
    Path("m.png").write_bytes(b"mine")
    words = "a.png", "--mask", "mask.png", "--mask-out", "m.png"
    done = inpaint(*words)
    assert done.code == 1
    assert "m.png: exists already; add --overwrite" in done.err
    assert Path("m.png").read_bytes() == b"mine"
    assert not Path("a_inpaint.png").exists()
    assert inpaint(*words, "--overwrite").code == 0
    assert (read("m.png") > 0).sum() == 400


def test_no_masks_of_what_moves(inpaint: Inpaint) -> None:
    frames = [PIL.Image.fromarray(np.full((40, 40), 20 * n, np.uint8)) for n in range(3)]
    frames[0].save("moving.gif", save_all=True, append_images=frames[1:])
    done = inpaint("moving.gif", "--box", "5,5,9,1", "--mask-out", "masks")
    assert done.code == 2
    assert "--mask-out: is of pictures; moving.gif moves" in done.err


def test_a_candidate_replaces_no_other_input(inpaint: Inpaint) -> None:
    original = Path("a.png").read_bytes()
    Path("p_1.png").write_bytes(original)
    done = inpaint("p_1.png", "--box", "5,5,9,9", "--candidates", "2", "-o", "p.png", "--overwrite")
    assert done.code == 2
    assert "p_1.png: the output is the input itself" in done.err
    assert Path("p_1.png").read_bytes() == original


def test_mask_out_from_python(inpaint: Inpaint) -> None:
    box = {"box": "5,5,9,1", "method": "ns"}
    filled = ganedit.inpaint("a.png", mask_out="here.png", **box)
    assert (read("here.png") > 0).sum() == 9
    assert ganedit.inpaint(filled, **box).beside is None
    ganedit.inpaint("a.png", mask_out="there", **box)
    assert Path("there/a_mask.png").is_file()
    with pytest.raises(ganedit.GaneditError, match=r"here.png: exists already"):
        ganedit.inpaint("a.png", mask_out="here.png", **box)
    with pytest.raises(ganedit.GaneditError, match="the picture has no name"):
        ganedit.inpaint(read("a.png"), mask_out="there", **box)


def test_nothing_of_the_hole_lends_its_colour_to_what_is_transparent(inpaint: Inpaint) -> None:
    """Hidden pixels beside a hole take colours of what is known, not of what is to go."""
    rng = np.random.default_rng(0)
    photo = rng.integers(60, 120, (60, 60, 4), np.uint8)
    photo[..., 3], photo[:, :26, 3] = 255, 0
    mask = np.zeros((60, 60), bool)
    mask[20:40, 26:46] = True
    fills = []
    for color in ((255, 0, 0), (0, 0, 255)):
        photo[mask, :3] = color
        fills.append(ganedit.inpaint(photo, mask, dilate=0, method="ns").samples)
    assert (fills[0] == fills[1]).all()
    photo[:, :26, :3] = (255, 0, 0)
    grown = ganedit.inpaint(photo, expand="left=20", method="ns").samples
    assert grown[:, :20, 0].max() < 130


def test_a_hole_that_is_all_that_can_be_seen(inpaint: Inpaint) -> None:
    photo = np.zeros((40, 40, 4), np.uint8)
    photo[10:20, 10:20] = 255
    mask = photo[..., 3] > 0
    with pytest.raises(ganedit.GaneditError, match="all that is visible lies in the hole"):
        ganedit.inpaint(photo, mask)


def test_few_visible_pixels_are_enough(inpaint: Inpaint) -> None:
    photo = np.zeros((20, 20, 4), np.uint8)
    photo[10, 10] = (90, 120, 30, 255)
    done = ganedit.inpaint(photo, dilate=0, method="gan")
    assert (done.alpha == 255).all()
    assert np.abs(done.samples.astype(int) - (90, 120, 30)).max() < 60


def test_soft_edges_of_a_cutout_become_opaque(inpaint: Inpaint) -> None:
    away = np.hypot(*(np.indices((60, 60)) - 30))
    photo = np.full((60, 60, 4), 120, np.uint8)
    photo[..., 3] = np.clip((away - 8) * 32, 0, 255)
    assert (ganedit.inpaint(photo).alpha == 255).all()


@pytest.mark.parametrize("words", [
    ("--mask", "mask.png", "--mask-color", "magenta"), ("--mask-color", "magenta"), (),
])  # fmt: skip
def test_nothing_marked_is_allowed_however_it_is_marked(
    inpaint: Inpaint, words: tuple[str, ...]
) -> None:
    assert inpaint("a.png", *words).code == 1
    done = inpaint("a.png", *words, "--allow-empty")
    assert done.code == 0, done.err
    assert "nothing is marked: left as it was" in done.err
    assert (read("a_inpaint.png") == read("a.png")).all()


def test_there_has_to_be_a_mask_to_invert(inpaint: Inpaint) -> None:
    done = inpaint("a.png", "--invert-mask")
    assert done.code == 2
    assert "--invert-mask: there is no mask; give --mask" in done.err


def test_candidates_that_diffusion_makes_are_said_to_be_the_same(inpaint: Inpaint) -> None:
    done = inpaint("a.png", "--box", "5,0,9,1", "--candidates", "2")
    assert done.code == 0, done.err
    assert "which gives every candidate the same fill" in done.err + done.out


def test_scratch_is_found_filled_and_shown(inpaint: Inpaint, home: Path) -> None:
    plain = np.full((200, 300, 3), 90, np.uint8)
    plain[:, :, 0] += np.arange(200, dtype=np.uint8)[:, None] // 4
    plain[40:160, 150:152] = 250
    PIL.Image.fromarray(plain).save("scan.png")
    done = inpaint("scan.png", "--restore-scan", "--mask-out", "found", "--method", "ns")
    assert done.code == 0, done.err
    assert read("found/scan_mask.png")[50:150, 150:152].all()
    assert "dust and scratches found" in done.err + done.out
    assert np.abs(read("scan_inpaint.png").astype(int)[60:140, 150:152, 1] - 90).max() < 4


def test_nothing_found_leaves_the_photo(inpaint: Inpaint, home: Path) -> None:
    PIL.Image.fromarray(np.full((64, 64, 3), 90, np.uint8)).save("plain.png")
    done = inpaint("plain.png", "--remove-text")
    assert done.code == 0, done.err
    assert (read("plain_inpaint.png") == 90).all()
    assert "nothing was found" in done.err + done.out


def test_candidates_are_judged(inpaint: Inpaint) -> None:
    done = inpaint("a.png", "--mask", "mask.png", "--candidates", "2", "--json")
    assert done.out.count("fits what is around it: ") == 2
