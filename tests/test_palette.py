"""Palettes: the colours of a thing from dark to light, without the paper it lies on."""

import pytest
import torch

from ganedit.tasks.translate.paired.palette import LUMA, Palette

RED, BLUE, YELLOW = (0.6, 0.1, 0.1), (0.1, 0.1, 0.5), (0.9, 0.8, 0.2)


def striped(*colors: tuple[float, float, float], side: int = 48) -> torch.Tensor:
    """A thing of stripes, equally wide each, in the middle of a white page, `(1, 3, S, S)`."""
    picture = torch.ones(1, 3, 64, 64)
    stripes = torch.tensor(colors).repeat_interleave(side // len(colors), dim=0)
    picture[..., 8 : 8 + side, 8 : 8 + side] = stripes.T[:, None]
    return picture


def test_colours_are_read_from_dark_to_light_wherever_they_are() -> None:
    palette = Palette(3)
    for order in ((RED, YELLOW, BLUE), (BLUE, RED, YELLOW)):
        found = palette.colors(palette.read(striped(*order)))[0]
        assert torch.allclose(found, torch.tensor([BLUE, RED, YELLOW]), atol=0.02)


def test_paper_does_not_count_and_a_white_page_has_a_palette() -> None:
    palette = Palette(3)
    small = palette.colors(palette.read(striped(RED, side=24)))
    assert torch.allclose(small, torch.tensor(RED), atol=0.02)
    white = palette.colors(palette.read(torch.ones(1, 3, 32, 32)))
    assert torch.allclose(white, torch.ones(()), atol=1e-3)


def test_grain_tells_fine_from_plain() -> None:
    palette = Palette(3)
    plain = striped(RED)
    generator = torch.Generator().manual_seed(0)
    noise = 0.1 * torch.randn(plain.shape, generator=generator)
    fine = torch.where(plain < 1, (plain + noise).clamp(0, 0.9), 1)
    assert palette.read(fine)[0, -1] > palette.read(plain)[0, -1] + 0.2


def test_those_drawn_are_like_those_read() -> None:
    palette = Palette(2).train()
    generator = torch.Generator().manual_seed(0)
    for _ in range(60):
        reds = torch.rand(8, generator=generator) * 0.6 + 0.2
        palette(torch.cat([striped((float(red), 0.2, 0.2)) for red in reds]))
    drawn = palette.draw(torch.randn(500, 7, generator=generator))
    assert drawn[:, 0].mean() == pytest.approx(0.5, abs=0.05)
    assert drawn[:, 0].std() == pytest.approx(0.6 / 12**0.5, abs=0.04)
    assert torch.allclose(drawn[:, 1:3], torch.tensor(0.2), atol=0.03)
    both = torch.corrcoef(torch.stack([drawn[:, 0], drawn[:, 3]]))[0, 1]
    assert both > 0.95, "dark and light places are red together"


def test_a_palette_can_be_learned_to_be_had() -> None:
    palette = Palette(3)
    picture = torch.full((1, 3, 32, 32), 0.5, requires_grad=True)
    wanted = palette.read(striped(RED))
    (palette.read(picture) - wanted).abs().sum().backward()
    assert picture.grad is not None
    assert (picture.grad[:, 0] < 0).any()
    assert (picture.grad[:, 2] > 0).any()


@pytest.mark.parametrize("color", [RED, BLUE, YELLOW, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)])
def test_a_tinted_one_has_shades_of_the_colour_as_far_apart_as_they_were(
    color: tuple[float, float, float],
) -> None:
    palette = Palette(3)
    before = torch.tensor([[0.2, 0.25, 0.2, 0.3, 0.3, 0.3, 0.3, 0.5, 0.3, 0.4]])
    after = palette.tinted(before, color)
    dark, middle, light = palette.colors(after)[0]
    assert torch.allclose(middle, torch.tensor(color), atol=1e-5)
    assert after[0, -1] == before[0, -1], "grain is no colour"
    luma = torch.tensor(LUMA)
    steps = (palette.colors(before)[0] @ luma).diff()
    found = (palette.colors(after)[0] @ luma).diff()
    room = torch.tensor([middle @ luma, 1 - middle @ luma])
    assert torch.allclose(found, steps.minimum(room), atol=1e-4)
    # Mixed with black, and with white: the hue stays.
    assert torch.allclose(dark * middle.amax(), middle * dark.amax(), atol=1e-4)
    assert torch.allclose((1 - light) * (1 - middle.amin()), (1 - middle) * (1 - light.amin()),
                          atol=1e-4)  # fmt: skip
