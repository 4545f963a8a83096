"""Holes: what users mark them with, sizes, dilation, feathering; and the random ones."""

import io

import cv2
import numpy as np
import PIL.Image
import pytest
import tiny

from ganedit.colors import parse_color
from ganedit.data.masks import MASK_KINDS, measuring_mask, training_mask
from ganedit.errors import ImageError, UsageError
from ganedit.image import Image, orient
from ganedit.image._reading import Reading
from ganedit.tasks.inpaint import holes
from ganedit.tasks.inpaint.holes import Hole, checked, dilated, feathered, fit

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


@pytest.mark.parametrize("paint", [(255, 255, 255), (255, 0, 0), (90, 200, 40)])
def test_paint_on_a_transparent_layer_is_the_hole(
    block: np.ndarray, paint: tuple[int, int, int]
) -> None:
    layer = np.where(block[..., None], np.array(paint, np.uint8), np.uint8(0))
    alpha = np.where(block, 255, 0).astype(np.uint8)
    hole = holes.from_mask(Image(layer, alpha))
    assert np.array_equal(hole.mask, block)
    assert hole.notes == ("what is painted on the mask's transparent layer is the hole",)
    assert np.array_equal(holes.from_mask(Image(layer, alpha), invert=True).mask, ~block)


def test_of_a_photo_with_transparent_parts_they_are_the_hole(block: np.ndarray) -> None:
    alpha = np.where(block, 0, 255).astype(np.uint8)
    assert np.array_equal(holes.from_mask(Image(PHOTO.samples, alpha)).mask, block)


@pytest.mark.parametrize(("near", "wanted"), [(0x03, "#070707"), (90, "#646464")])
def test_of_labels_that_are_near_each_other_one_is_taken(
    block: np.ndarray, near: int, wanted: str
) -> None:
    labels = np.full((40, 60, 3), near, np.uint8)
    labels[block] = int(wanted[1:3], 16)
    assert np.array_equal(holes.from_color(Image(labels), wanted, labels=True).mask, block)


def test_a_soft_brush_in_a_mask_is_no_label(block: np.ndarray) -> None:
    soft = cv2.GaussianBlur(np.where(block, 255, 0).astype(np.uint8), (0, 0), 3)
    mask = Image(np.stack([soft, soft * 0, soft * 0], axis=2))
    hole = holes.from_color(mask, "red", labels=True).mask
    assert hole[soft > 215].all()


def test_alpha_counts_where_it_varies(block: np.ndarray) -> None:
    white = np.repeat(np.where(block, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
    for level in (255, 0, 128):
        hole = holes.from_mask(Image(white, np.full((40, 60), level, np.uint8)))
        assert np.array_equal(hole.mask, block)
        assert hole.notes == ()


@pytest.mark.parametrize("label", [1, 2, 100])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_labels_are_a_mask(block: np.ndarray, label: int, channels: int, dtype: type) -> None:
    mask = Image(np.repeat((block * label).astype(dtype)[..., None], channels, axis=2))
    hole = holes.from_mask(mask)
    assert np.array_equal(hole.mask, block)
    assert hole.notes == (f"the mask has no white, only 0 and {label}: {label} is the hole",)
    assert np.array_equal(holes.from_mask(mask, invert=True).mask, ~block)


def test_a_dark_picture_is_no_map_of_labels() -> None:
    dark = np.random.default_rng(0).integers(0, 90, (40, 60, 1)).astype(np.uint8)
    with pytest.raises(ImageError, match=r"^the mask marks nothing: no pixel is white"):
        checked(holes.from_mask(Image(dark)))


def test_nothing_marked_is_an_error_unless_allowed() -> None:
    nothing = Hole(np.zeros((40, 60), bool))
    with pytest.raises(ImageError, match=r"^the mask marks nothing"):
        checked(nothing)
    assert not checked(nothing, allow_empty=True).mask.any()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("factor", [1, 2])
def test_mask_of_the_unturned_photo_is_turned_with_it(orientation: int, factor: int) -> None:
    """As a viewer shows it, or as it lies in the file: where its shape tells, both are right."""
    lying = np.zeros((40, 60), np.uint8)
    lying[10:20, 15:30] = 255
    photo = Image.upright(Reading(tiny.photo(0, 40, 60), orientation=orientation))
    upright = orient(lying, orientation) > 0
    large = upright.repeat(factor, 0).repeat(factor, 1)
    assert np.array_equal(fit(Hole(large), photo).mask, upright)
    fitted = fit(Hole((lying > 0).repeat(factor, 0).repeat(factor, 1)), photo)
    if orientation >= 5:
        assert np.array_equal(fitted.mask, upright)
        assert "turned like the photo" in fitted.notes[0]


def test_key_colour_with_the_tolerance_that_jpeg_needs(block: np.ndarray) -> None:
    painted = np.full((40, 60, 3), 90, np.uint8)
    painted[block] = (250, 6, 240)
    assert np.array_equal(holes.from_color(Image(painted), "#ff00ff").mask, block)
    for invert in (False, True):
        absent = holes.from_color(Image(painted), "#00ff00", invert=invert)
        assert not checked(absent, allow_empty=True).mask.any()
        with pytest.raises(ImageError, match="no pixel has the colour #00ff00"):
            checked(absent)
    with pytest.raises(UsageError, match="'pinkish': write it like '#ff00ff', '#f0f' or magenta"):
        holes.from_color(Image(painted), "pinkish")


@pytest.mark.parametrize("key", ["#ff00ff", "#00ff00", "#ff0000"])
@pytest.mark.parametrize("quality", [75, 85])
def test_no_paint_is_left_of_a_jpeg(key: str, quality: int) -> None:
    """Where JPEG smeared the paint over its edge, that is hole too, and lines are whole."""
    # As muted as photographs are.
    clean = (cv2.GaussianBlur(tiny.photo(0, 160, 200), (0, 0), 2) * 0.4 + 70).astype(np.uint8)
    paint = np.zeros((160, 200), np.uint8)
    cv2.circle(paint, (60, 60), 30, 1, -1)
    cv2.line(paint, (100, 20), (180, 140), 1, 4)
    painted = clean.copy()
    painted[paint > 0] = parse_color(key, "--mask-color")
    seen, unpainted = (through_jpeg(picture, quality) for picture in (painted, clean))
    hole = holes.from_color(Image(seen), key).mask
    assert hole[paint > 0].all()
    assert hole.sum() < 1.5 * paint.sum(), "and little else"
    chroma = [
        cv2.cvtColor(p, cv2.COLOR_RGB2YCrCb)[..., 1:].astype(float) for p in (seen, unpainted)
    ]
    assert np.abs(chroma[0] - chroma[1])[~hole].max() < 0.25 * 127


def through_jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    PIL.Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(PIL.Image.open(file))


def test_own_transparency_is_the_hole(block: np.ndarray) -> None:
    alpha = np.where(block, 0, 255).astype(np.uint8)
    assert np.array_equal(holes.from_alpha(Image(PHOTO.samples, alpha)).mask, block)
    for opaque in (PHOTO, Image(PHOTO.samples, np.full((40, 60), 255, np.uint8))):
        with pytest.raises(ImageError, match="no transparent part"):
            checked(holes.from_alpha(opaque))


def test_soft_edges_of_what_was_filled_become_opaque_and_other_glass_stays() -> None:
    alpha = np.full((40, 60), 255, np.uint8)
    alpha[10:20, 10:20], alpha[12:18, 12:18] = 200, 0
    alpha[30:35, 40:50] = 90
    hole = np.zeros((40, 60), bool)
    hole[12:18, 12:18] = True
    filled = holes.made_opaque(alpha, hole)
    assert (filled[:30] == 255).all()
    assert (filled[30:35, 40:50] == 90).all()


def test_box(block: np.ndarray) -> None:
    assert np.array_equal(holes.from_box(PHOTO, "15,10,15,10").mask, block)
    cut = holes.from_box(PHOTO, "-5, 30, 20, 100")
    assert cut.mask.sum() == 15 * 10
    assert cut.notes == ("the box was cut off at the picture's border",)


@pytest.mark.parametrize("box", ["60,0,5,5", "0,40,5,5", "-9,0,9,9"])
def test_box_outside_the_picture(box: str) -> None:
    with pytest.raises(UsageError, match="outside the picture of 60×40"):
        holes.from_box(PHOTO, box)


@pytest.mark.parametrize("box", ["", "1,2,3", "a,b,c,d", "1;2;3;4", "1,2,-3,4"])
def test_not_a_box(box: str) -> None:
    with pytest.raises(UsageError, match="write it as x,y,width,height"):
        holes.from_box(PHOTO, box)


@pytest.mark.parametrize("box", ["0,0,0,5", "5,5,5,0"])
def test_a_box_of_nothing(box: str) -> None:
    with pytest.raises(UsageError, match="width and height are at least 1"):
        holes.from_box(PHOTO, box)


def test_mask_of_another_size_is_resized_or_refused(block: np.ndarray) -> None:
    large = Hole(block.repeat(2, 0).repeat(2, 1))
    fitted = fit(large, PHOTO)
    assert np.array_equal(fitted.mask, block)
    assert fitted.notes == ("the mask was resized: it has 120×80, the photo 60×40",)
    with pytest.raises(ImageError, match="leave out --strict"):
        fit(large, PHOTO, strict=True)
    assert "another shape" in fit(Hole(block[:, :30]), PHOTO).notes[0]


@pytest.mark.parametrize("shape", [(160, 240), (40, 240), (160, 60)])
def test_thin_lines_of_a_larger_mask_stay(shape: tuple[int, int]) -> None:
    mask = np.zeros(shape, bool)
    mask[shape[0] // 2, shape[1] // 8 : -shape[1] // 8] = True
    mask[shape[0] // 8 : -shape[0] // 8, shape[1] // 3] = True
    fitted = fit(Hole(mask), PHOTO).mask
    assert fitted[20, 10:50].all()
    assert fitted[8:32, 20].all()
    assert fitted.mean() < 0.06


def test_masks_that_look_wrong() -> None:
    with pytest.raises(ImageError, match=r"^the mask marks the whole picture.*--invert-mask"):
        checked(Hole(np.ones((40, 60), bool)))
    with pytest.raises(ImageError, match=r"^--box marks the whole picture, .* from$"):
        checked(holes.from_box(PHOTO, "0,0,60,40"))
    mostly = np.ones((40, 60), bool)
    mostly[:10] = False
    (note,) = checked(Hole(mostly)).notes
    assert "75% of the picture" in note
    assert "add --invert-mask" in note
    alpha = np.where(mostly, 0, 255).astype(np.uint8)
    assert checked(holes.from_alpha(Image(PHOTO.samples, alpha))).notes == ()


def test_what_is_said_of_a_mask_that_was_inverted() -> None:
    white = grey(np.ones((40, 60)))
    with pytest.raises(ImageError, match="inverted, marks nothing: no pixel is black"):
        checked(holes.from_mask(white, invert=True))
    (note,) = checked(holes.from_mask(grey(np.eye(40, 60)), invert=True)).notes
    assert "leave out --invert-mask" in note


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
