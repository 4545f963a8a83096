"""Before/after pictures: both halves show the same place at the same size."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tiny

from ganedit.app import preview
from ganedit.image import Image, resize
from ganedit.runs.preview import GAP, preview_of


def halves(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """What is left and right of the white gap."""
    with PIL.Image.open(path) as picture:
        assert picture.mode == "RGB"
        samples = np.asarray(picture).astype(int)
    side = samples.shape[0]
    assert samples.shape == (side, 2 * side + GAP, 3)
    assert (samples[:, side : side + GAP] == 255).all()
    return samples[:, :side], samples[:, side + GAP :]


def shown(before: Image, after: Image, path: Path) -> tuple[np.ndarray, np.ndarray]:
    preview_of(before, after).save(path, overwrite=True)
    return halves(path)


@pytest.mark.parametrize("scale", [1, 2.5, 4, 7.3])
@pytest.mark.parametrize("place", [(0, 0), (31, 22), (80, 57)])
def test_halves_show_the_same_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scale: float, place: tuple[int, int]
) -> None:
    """An enlargement that adds nothing: no shift of a half makes them more alike."""
    monkeypatch.setattr(preview, "SIDE", 96)
    left, top = place
    samples = np.full((81, 112, 3), 128, np.uint8)
    detail = resize(Image(tiny.photo(1, 6, 6)), 24, 24).samples
    samples[top : top + 24, left : left + 24] = detail
    before = Image(samples)
    after = resize(before, round(112 * scale), round(81 * scale))
    one, other = shown(before, after, tmp_path / "p.png")
    edge = round(4 * scale)  # pixels that see the end of the crop
    inner = (slice(edge, -edge), slice(edge, -edge))
    assert one[inner].std() > 10, "the detail is in the picture"
    errors = {
        (dy, dx): np.abs(one - np.roll(other, (dy, dx), axis=(0, 1)))[inner].mean()
        for dy in range(-3, 4)
        for dx in range(-3, 4)
    }
    # Of a factor that is not whole, half a pixel remains.
    best = min(errors, key=lambda shift: errors[shift])
    assert max(map(abs, best)) <= (0 if scale == int(scale) else 1)


def test_the_most_detailed_part_is_shown(tmp_path: Path) -> None:
    samples = np.full((1400, 1600, 1), 90, np.uint8)
    samples[700:1300, 900:1500] = tiny.photo(1, 600, 600)[..., :1]
    small = resize(Image(samples), 400, 350)
    _, after = shown(small, Image(samples), tmp_path / "p.png")
    assert after.shape == (640, 640, 3)
    assert (after == 90).mean() < 0.15


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 9), (9, 1), (2000, 1)])
def test_narrowest_pictures(tmp_path: Path, width: int, height: int) -> None:
    before = Image(np.full((height, width, 3), 70, np.uint8))
    after = Image(np.full((4 * height, 4 * width, 3), 90, np.uint8))
    one, other = shown(before, after, tmp_path / "p.png")
    assert (one == 70).all()
    assert (other == 90).all()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("alpha", [False, True])
def test_every_kind_of_picture_is_shown_in_8_bits(
    tmp_path: Path, channels: int, alpha: bool
) -> None:
    before = Image(
        np.full((3, 5, channels), 40_000, np.uint16),
        np.zeros((3, 5), np.uint16) if alpha else None,
    )
    one, other = shown(before, resize(before, 20, 12), tmp_path / "p.png")
    assert (one == 40_000 >> 8).all()
    assert (other == 40_000 >> 8).all()


def test_what_was_filled_is_shown(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(0, 256, (1400, 1600, 3)).astype(np.uint8)
    after = samples.copy()
    after[1200:1300, 1400:1500] = 128
    one, other = shown(Image(samples), Image(after), tmp_path / "p.png")
    assert (other == 128).all(axis=2).sum() == 100 * 100
    assert not np.array_equal(one, other)
