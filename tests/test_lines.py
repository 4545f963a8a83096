"""Line drawings of photos: detectors, an unsteady hand, strokes of colour, `ganedit sketch`."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
from command_line import EXACT, run
from pictures import SRGB

import ganedit
from ganedit.data.strokes import TRAINED, color_strokes, drawing_of
from ganedit.image import Metadata
from ganedit.line_kinds import KINDS, Kind
from ganedit.lines import agreement, draw_lines, silhouette, thinned, without_specks

SIDE = 96
RED = (190, 30, 40)


def disc(side: int = SIDE) -> np.ndarray:
    """A red disc on white, `(side, side, 3)` uint8."""
    picture = np.full((side, side, 3), 255, np.uint8)
    return cv2.circle(picture, (side // 2, side // 2), 28 * side // SIDE, RED, -1, cv2.LINE_AA)


def ring(radius: int = 28) -> np.ndarray:
    """Its outline, `(SIDE, SIDE)` bool."""
    lines = np.zeros((SIDE, SIDE), np.uint8)
    return cv2.circle(lines, (SIDE // 2, SIDE // 2), radius, 1, 1) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_every_detector_finds_an_outline_and_leaves_paper_white(kind: Kind) -> None:
    ink = draw_lines(disc(), kind)
    assert ink.dtype == np.float32
    assert 0 <= ink.min() <= ink.max() <= 1
    assert agreement(ink > 0.3, ring(), 3) > 0.9
    assert not draw_lines(np.full((SIDE, SIDE, 3), 255, np.uint8), kind).any()


@pytest.mark.parametrize("kind", KINDS)
def test_more_detail_is_more_ink(kind: Kind) -> None:
    rng = np.random.default_rng(0)
    texture = (
        disc().astype(int)
        + cv2.GaussianBlur(rng.normal(0, 60, (SIDE, SIDE, 1)), (0, 0), 2)[..., None]
    )
    picture = texture.clip(0, 255).astype(np.uint8)
    few, many = (draw_lines(picture, kind, detail=detail).sum() for detail in (0.1, 0.9))
    assert few < many


def test_thinned_lines_are_one_pixel_wide_and_where_they_were() -> None:
    thick = cv2.dilate(ring().astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    thin = thinned(thick)
    assert thin.sum() < 0.35 * thick.sum()
    assert agreement(thin, ring(), 1.5) > 0.95
    _, count = np.unique(cv2.connectedComponents(thin.astype(np.uint8))[1], return_counts=True)
    assert len(count) == 2, "it is one ring still"


def test_agreement_falls_with_what_is_missing_and_what_is_too_much() -> None:
    half = ring().copy()
    half[:, SIDE // 2 :] = False
    assert agreement(ring(), ring()) == 1
    assert agreement(half, ring()) == pytest.approx(agreement(ring(), half))
    assert 0.5 < agreement(half, ring()) < 0.8
    assert agreement(ring(20), ring(28)) == 0
    assert agreement(np.zeros_like(half), half) == 0


def test_specks_go_and_the_silhouette_needs_a_plain_ground() -> None:
    lines = ring()
    lines[2, 2] = True
    assert not without_specks(lines, 3)[2, 2]
    assert agreement(silhouette(disc()), ring(), 3) > 0.95
    noise = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    assert not silhouette(noise).any()


def test_a_hand_is_the_same_for_a_seed_and_seldom_for_another() -> None:
    one, again, other = (drawing_of(disc(), np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert one.dtype == np.uint8
    assert (one == again).all()
    assert (one != other).any()
    # However unsteady, it is that thing which was drawn.
    near = [
        agreement(drawing_of(disc(), np.random.default_rng(n)) > 90, ring(), 5) for n in range(40)
    ]
    assert np.median(near) > 0.9
    assert "zero" not in TRAINED, "it is kept back to measure with"


def test_strokes_have_the_colours_below_them() -> None:
    hints = color_strokes(disc(), np.random.default_rng(0))
    there = hints[..., 3] == 255
    assert 10 < there.sum() < 0.3 * SIDE * SIDE
    assert np.abs(hints[there][:, :3].astype(int) - RED).max() < 60
    assert not hints[~there].any()
    assert not color_strokes(
        np.full((SIDE, SIDE, 3), 255, np.uint8), np.random.default_rng(0)
    ).any()


def test_sketch_draws_beside_the_original(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    PIL.Image.fromarray(disc()).save("a.png")
    done = run("sketch", "a.png", "--lines", "canny", *EXACT)
    assert done.code == 0, done.err
    with PIL.Image.open("a_sketch.png") as drawing:
        assert (drawing.mode, drawing.size) == ("L", (SIDE, SIDE))
        assert agreement(np.asarray(drawing) < 128, ring(), 2) > 0.9
    # It is no input of the folder any more.
    again = run("sketch", ".", "--overwrite", *EXACT)
    assert again.code == 0
    assert not Path("a_sketch_sketch.png").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_lines_grow_with_the_picture_and_depth_and_alpha_stay(kind: Kind) -> None:
    large = disc(1152).astype(np.uint16) * 257
    alpha = np.full(large.shape[:2], 65535, np.uint16)
    alpha[:100] = 0
    drawn = ganedit.sketch(np.dstack([large, alpha]), kind)
    assert (drawn.samples.shape, drawn.samples.dtype) == ((1152, 1152, 1), np.uint16)
    assert drawn.alpha is not None
    assert (drawn.alpha == alpha).all()
    small = ganedit.sketch(disc(576), kind)
    shares = [1 - each.samples.mean() / np.iinfo(each.samples.dtype).max for each in (small, drawn)]
    assert 0 < shares[1] < 1.5 * shares[0] < 3 * shares[1], "as much ink of a larger page"
    white = ganedit.sketch(disc(576), kind, inverted=True)
    assert np.abs(white.samples.astype(int) - (255 - small.samples)).max() <= 1


def test_a_drawing_says_that_its_colour_profile_was_left_out() -> None:
    chunks = ((b"gAMA", (100_000).to_bytes(4, "big")),)
    metadata = Metadata(icc=SRGB, dpi=(300, 300), color_chunks=chunks)
    drawn = ganedit.sketch(replace(ganedit.Image.from_array(disc()), metadata=metadata), "canny")
    assert drawn.metadata == Metadata(dpi=(300, 300))
    assert drawn.notes == ("drawn in grey: its colour profile was left out",)
