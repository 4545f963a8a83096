"""Holes: what users mark them with, sizes, dilation, feathering; and the random ones."""

import numpy as np
import pytest
import tiny

from ganedit.data.masks import MASK_KINDS, measuring_mask, training_mask
from ganedit.errors import ImageError, UsageError
from ganedit.image import Image
from ganedit.tasks.inpaint import holes
from ganedit.tasks.inpaint.holes import Hole, dilated, feathered, fit

PHOTO = Image(tiny.photo(0, 40, 60))


def grey(values: np.ndarray, top: int = 255) -> Image:
    """A greyscale mask from shares of white."""
    dtype = np.uint8 if top == 255 else np.uint16
    return Image((values * top).astype(dtype)[..., None])


@pytest.fixture
def block() -> np.ndarray:
    mask = np.zeros((40, 60), bool)
    mask[10:20, 15:30] = True
    return mask


@pytest.mark.parametrize("top", [255, 65535])
@pytest.mark.parametrize("level", [0.51, 1.0])
def test_white_is_the_hole_from_half_on(block: np.ndarray, top: int, level: float) -> None:
    values = np.where(block, level, 0.49)
    assert np.array_equal(holes.from_mask(grey(values, top)).mask, block)
    assert np.array_equal(holes.from_mask(grey(values, top), invert=True).mask, ~block)


def test_transparent_is_the_hole_where_a_mask_has_alpha(block: np.ndarray) -> None:
    alpha = np.where(block, 0, 255).astype(np.uint8)
    hole = holes.from_mask(Image(np.zeros((40, 60, 3), np.uint8), alpha))
    assert np.array_equal(hole.mask, block)
    assert hole.notes == ("the mask's transparent parts are the hole",)


def test_key_colour_with_the_tolerance_that_jpeg_needs(block: np.ndarray) -> None:
    painted = np.full((40, 60, 3), 90, np.uint8)
    painted[block] = (250, 6, 240)
    assert np.array_equal(holes.from_color(Image(painted), "#ff00ff").mask, block)
    with pytest.raises(ImageError, match="no pixel has the colour #00ff00"):
        holes.from_color(Image(painted), "#00ff00")
    with pytest.raises(UsageError, match="write it like '#ff00ff'"):
        holes.from_color(Image(painted), "pink")


def test_own_transparency_is_the_hole(block: np.ndarray) -> None:
    alpha = np.where(block, 0, 255).astype(np.uint8)
    assert np.array_equal(holes.from_alpha(Image(PHOTO.samples, alpha)).mask, block)
    for opaque in (PHOTO, Image(PHOTO.samples, np.full((40, 60), 255, np.uint8))):
        with pytest.raises(ImageError, match="no transparent part"):
            holes.from_alpha(opaque)


def test_box(block: np.ndarray) -> None:
    assert np.array_equal(holes.from_box(PHOTO, "15,10,15,10").mask, block)
    cut = holes.from_box(PHOTO, "-5, 30, 20, 100")
    assert cut.mask.sum() == 15 * 10
    assert cut.notes == ("the box was cut off at the picture's border",)


@pytest.mark.parametrize("box", ["60,0,5,5", "0,40,5,5", "-9,0,9,9", "0,0,0,5"])
def test_box_outside_the_picture(box: str) -> None:
    with pytest.raises(UsageError, match="outside the picture of 60×40"):
        holes.from_box(PHOTO, box)


@pytest.mark.parametrize("box", ["", "1,2,3", "a,b,c,d", "1;2;3;4", "1,2,-3,4"])
def test_not_a_box(box: str) -> None:
    with pytest.raises(UsageError, match="write it as x,y,width,height"):
        holes.from_box(PHOTO, box)


def test_mask_of_another_size_is_resized_or_refused(block: np.ndarray) -> None:
    large = Hole(block.repeat(2, 0).repeat(2, 1))
    fitted = fit(large, PHOTO)
    assert np.array_equal(fitted.mask, block)
    assert fitted.notes == ("the mask was resized: it has 120×80, the photo 60×40",)
    with pytest.raises(ImageError, match="leave out --strict"):
        fit(large, PHOTO, strict=True)
    assert "another shape" in fit(Hole(block[:, :30]), PHOTO).notes[0]


def test_masks_that_look_wrong() -> None:
    with pytest.raises(ImageError, match="marks the whole picture"):
        fit(Hole(np.ones((40, 60), bool)), PHOTO)
    mostly = np.ones((40, 60), bool)
    mostly[:10] = False
    assert "75% of the picture" in fit(Hole(mostly), PHOTO).notes[0]
    assert "--invert-mask" in fit(Hole(mostly), PHOTO).notes[0]
    assert fit(Hole(mostly), PHOTO, own=False).notes == ()


@pytest.mark.parametrize("pixels", [0, 1, 3])
def test_dilation_is_a_disc(pixels: int) -> None:
    mask = np.zeros((21, 21), bool)
    mask[10, 10] = True
    y, x = np.mgrid[:21, :21] - 10
    assert np.array_equal(dilated(mask, pixels), np.hypot(x, y) <= pixels)


def test_default_dilation_grows_with_the_picture() -> None:
    small, large = np.zeros((40, 60), bool), np.zeros((400, 2000), bool)
    small[20, 30] = large[200, 300] = True
    assert dilated(small, None).sum() == 1
    assert dilated(large, None)[200].sum() == 2 * 8 + 1
    assert not dilated(np.zeros((40, 60), bool), 5).any()


def test_feather_mixes_in_the_ring_only(block: np.ndarray) -> None:
    grown = dilated(block, 4)
    shown = feathered(block, grown, 4)
    assert (shown[block] == 1).all()
    assert (shown[~grown] == 0).all()
    ring = shown[10:20, 30:34].mean(axis=0)
    assert (np.diff(ring) < 0).all()
    assert 0 < ring[-1] < ring[0] < 1
    assert np.array_equal(feathered(block, grown, 0), grown.astype(np.float32))


@pytest.mark.parametrize("kind", MASK_KINDS)
def test_measuring_masks_are_what_scores_say(kind: str) -> None:
    one, same, other = (measuring_mask(kind, 128, np.random.default_rng(s)) for s in (0, 0, 1))
    assert np.array_equal(one, same)
    assert one.shape == (128, 128)
    expected = {"square": 0.25, "strokes": 0.21, "scratches": 0.08}[kind]
    assert expected - 1e-9 <= one.mean() <= expected + 0.05
    assert np.array_equal(one, other) == (kind == "square")


def test_training_masks_vary_and_leave_something() -> None:
    rng = np.random.default_rng(0)
    covers = [training_mask(96, rng).mean() for _ in range(60)]
    assert 0 < min(covers) < 0.1
    assert 0.25 < max(covers) < 0.7
