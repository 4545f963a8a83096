"""What users draw, scan and photograph, cleaned into lines; what is no drawing is refused."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
import tiny

from ganedit.errors import ImageError
from ganedit.image import Image
from ganedit.lines import agreement, draw_lines, thinned
from ganedit.tasks.translate.paired.drawing import cleaned

SIZE = 128
# A shoe, in a square of 100 a side.
OUTLINE = [(15, 40), (18, 65), (20, 72), (55, 74), (85, 72), (88, 66), (80, 58), (62, 50), (50, 42),
           (45, 34), (38, 38), (28, 40), (22, 36), (15, 40)]  # fmt: skip
SOLE = [(18, 66), (50, 68), (87, 66)]
Page = Callable[[], np.ndarray]


def shoe(side: int, pen: int, ink: int = 0, paper: int = 255) -> np.ndarray:
    """It on a page `(side, side, 3)` uint8."""
    page = np.full((side, side, 3), paper, np.uint8)
    for stroke in (OUTLINE, SOLE):
        points = (np.array(stroke) * side / 100).round().astype(np.int32)
        cv2.polylines(page, [points], False, (ink,) * 3, pen, cv2.LINE_AA)
    return page


def whiteboard() -> np.ndarray:
    """In marker, on a board that is darker on the left, with a camera's noise and cast."""
    page = shoe(700, 7, 40).astype(float)
    across = np.linspace(0.4, 0.9, 700)[None, :, None]
    noise = np.random.default_rng(0).normal(0, 6, page.shape)
    return (page * across * [0.95, 1, 0.9] + noise).clip(0, 255).astype(np.uint8)


def pencil() -> np.ndarray:
    """Pale and soft, on rough paper."""
    page = cv2.GaussianBlur(shoe(900, 4, 120, 235), (0, 0), 1.2).astype(float)
    return (page + np.random.default_rng(0).normal(0, 6, page.shape)).clip(0, 255).astype(np.uint8)


def broken() -> np.ndarray:
    """Every third piece of the lines is missing."""
    page = shoe(400, 2)
    for row in range(0, 400, 24):
        page[row : row + 7] = 255
    return page


def transparent() -> np.ndarray:
    """Black lines on nothing."""
    alpha = 255 - shoe(300, 3)[..., 0]
    return np.dstack([np.zeros((300, 300, 3), np.uint8), alpha])


PAGES: dict[str, Page] = {
    "mouse": lambda: shoe(400, 2),
    "thick": lambda: shoe(400, 11),
    "thin": lambda: shoe(1200, 1, 70),
    "small": lambda: shoe(96, 1),
    "chalk": lambda: shoe(400, 3, 230, 20),
    "whiteboard": whiteboard,
    "pencil": pencil,
    "broken": broken,
    "transparent": transparent,
}


@pytest.mark.parametrize("kind", PAGES)
def test_any_drawing_becomes_the_same_lines(kind: str) -> None:
    drawing = cleaned(Image.from_array(PAGES[kind]()), SIZE)[0]
    known = shoe(SIZE, 1)[..., 0] < 128
    lines = drawing.ink > 0.5
    assert drawing.ink.shape == (SIZE, SIZE)
    assert agreement(lines, known, 2.5) > (0.85 if kind == "broken" else 0.97)
    # One pen: the lines of no drawing are thicker than those of another.
    assert lines.sum() < 3.2 * thinned(lines).sum()
    assert not drawing.hints.any()


def test_a_drawing_in_a_corner_is_looked_at_closely() -> None:
    page = np.full((800, 1200, 3), 255, np.uint8)
    page[500:750, 100:350] = shoe(250, 2)
    drawing = cleaned(Image.from_array(page), SIZE)[0]
    assert 250 < drawing.window.side < 300
    rows, columns = np.nonzero(drawing.ink > 0.5)
    assert np.ptp(columns) == pytest.approx(0.68 * SIZE, abs=4)
    assert rows.mean() == pytest.approx(SIZE / 2, abs=12)


def test_strokes_of_colour_are_hints_and_no_lines() -> None:
    page = shoe(400, 2)
    cv2.line(page, (130, 220), (180, 240), (200, 30, 30), 10)
    drawing = cleaned(Image.from_array(page), SIZE)[0]
    there = drawing.hints[..., 3] == 255
    assert there[73:75, 49:51].all()
    assert np.abs(drawing.hints[there][:, :3].astype(int) - (200, 30, 30)).max() < 30
    assert not (drawing.ink > 0.5)[73:75, 49:51].any()
    # But where all is in blue pen, those are the lines.
    blue = shoe(400, 2)
    blue[blue[..., 0] < 128] = (30, 40, 200)
    drawing = cleaned(Image.from_array(blue), SIZE)[0]
    assert not drawing.hints.any()
    assert agreement(drawing.ink > 0.5, shoe(SIZE, 1)[..., 0] < 128, 2.5) > 0.95


def test_black_areas_become_outlines() -> None:
    page = np.full((400, 400, 3), 255, np.uint8)
    cv2.circle(page, (200, 200), 120, (0, 0, 0), -1)
    lines = cleaned(Image.from_array(page), SIZE)[0].ink > 0.5
    assert not lines[54:74, 54:74].any()
    assert lines.any()


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_empty_pages_are_refused(depth: type) -> None:
    page = np.full((200, 200, 3), np.iinfo(depth).max, depth)
    with pytest.raises(ImageError, match="no lines"):
        cleaned(Image.from_array(page), SIZE)
    page[100, 100] = 0  # dirt
    with pytest.raises(ImageError, match="no lines"):
        cleaned(Image.from_array(page), SIZE)


@pytest.mark.parametrize("seed", range(4))
def test_photos_are_refused_and_sketch_is_suggested(seed: int) -> None:
    with pytest.raises(ImageError, match="ganedit sketch"):
        cleaned(Image.from_array(tiny.photo(seed, 200, 240)), SIZE)


@pytest.mark.parametrize("kind", ["canny", "outline", "threshold", "dog"])
def test_lines_drawn_of_photos_are_drawings(kind: str) -> None:
    picture = np.full((128, 128, 3), 255, np.uint8)
    cv2.ellipse(picture, (64, 64), (42, 24), 0, 0, 360, (120, 60, 30), -1, cv2.LINE_AA)
    ink = draw_lines(picture, kind)  # type: ignore[arg-type]
    cleaned(Image.from_array(np.rint(255 - 255 * ink).astype(np.uint8)), SIZE)


def framed() -> np.ndarray:
    """On a page whose scanner saw beyond its edges."""
    page = shoe(400, 3)
    for edge in (page[:14], page[-14:], page[:, :14], page[:, -14:]):
        edge[:] = 20
    return page


def board() -> np.ndarray:
    """In blue marker, on a whiteboard with a dark frame above and below."""
    page = whiteboard()
    pen = shoe(700, 7)[..., 0] < 128
    page[pen] = page[pen] // 3 + (10, 20, 110)
    page[:24], page[-30:] = 60, 70
    return cv2.GaussianBlur(page, (0, 0), 1)


@pytest.mark.parametrize("page", [framed, board])
def test_what_lies_around_a_page_is_not_drawn(page: Page) -> None:
    (drawing,) = cleaned(Image.from_array(page()), SIZE)
    assert agreement(drawing.ink > 0.5, shoe(SIZE, 1)[..., 0] < 128, 2.5) > 0.95
    assert not drawing.hints.any(), "the marker is the pen"
    assert any("edges" in note for note in drawing.notes)


def test_a_drawing_cut_out_at_its_outline_keeps_it() -> None:
    page = np.full((200, 300, 3), 255, np.uint8)
    cv2.rectangle(page, (1, 1), (298, 198), (0, 0, 0), 4)
    cv2.line(page, (0, 80), (299, 80), (0, 0, 0), 4)
    (drawing,) = cleaned(Image.from_array(page), SIZE)
    assert drawing.window.side > 300
    assert not drawing.notes


def test_what_is_coloured_in_is_a_hint_and_its_lines_stay() -> None:
    page = np.full((400, 400, 3), 255, np.uint8)
    points = (np.array(OUTLINE) * 4).astype(np.int32)
    cv2.fillPoly(page, [points], (190, 40, 40))
    page = np.minimum(page, shoe(400, 4))
    (drawing,) = cleaned(Image.from_array(page), SIZE)
    there = drawing.hints[..., 3] == 255
    assert there.sum() > 0.5 * cv2.contourArea(points) * (SIZE / 400) ** 2
    assert np.abs(drawing.hints[there][:, :3].astype(int) - (190, 40, 40)).max() < 40
    assert agreement(drawing.ink > 0.5, shoe(SIZE, 1)[..., 0] < 128, 2.5) > 0.95


@pytest.mark.parametrize("color", [(190, 40, 40), (120, 120, 120)])
def test_areas_of_one_colour_become_outlines(color: tuple[int, int, int]) -> None:
    page = np.full((400, 400, 3), 255, np.uint8)
    cv2.circle(page, (200, 200), 120, color, -1)
    (drawing,) = cleaned(Image.from_array(page), SIZE)
    assert not (drawing.ink > 0.5)[54:74, 54:74].any()
    assert drawing.ink.max() == 1
    assert not drawing.hints.any()


def test_two_things_on_a_page_are_two() -> None:
    page = np.full((600, 900, 3), 255, np.uint8)
    page[20:320, 20:320] = shoe(300, 3)
    page[280:580, 560:860] = shoe(300, 3)
    one, other = cleaned(Image.from_array(page), SIZE)
    assert {one.window.left < 200, other.window.left < 200} == {True, False}
    for drawing in (one, other):
        _, columns = np.nonzero(drawing.ink > 0.5)
        assert np.ptp(columns) == pytest.approx(0.68 * SIZE, abs=4)
    # What lies beside a thing is a part of it: a lace, a strap.
    cv2.circle(page, (370, 100), 12, (0, 0, 0), 2)
    both = cleaned(Image.from_array(page), SIZE)
    assert len(both) == 2
    longer = min(both, key=lambda drawing: drawing.window.left)
    assert longer.window.side > 1.15 * min(each.window.side for each in both)


def test_a_handle_over_its_bag_is_no_thing_of_its_own() -> None:
    page = np.full((600, 600, 3), 255, np.uint8)
    cv2.rectangle(page, (100, 260), (500, 500), (0, 0, 0), 4)
    cv2.ellipse(page, (300, 235), (150, 100), 0, 190, 350, (0, 0, 0), 4)
    assert len(cleaned(Image.from_array(page), SIZE)) == 1
