"""Noise that pictures stand for: their principal components, of variance 1."""

import torch

from ganedit.tasks.generate.reconstruction import VARIED, PrincipalCodes


def pictures(count: int, seed: int = 0) -> torch.Tensor:
    """Grey ones of any light, with a brighter left half of any contrast, `(N, 3, 16, 16)`."""
    source = torch.Generator().manual_seed(seed)
    light, contrast = 0.1 * torch.randn(2, count, 1, 1, 1, generator=source)
    halves = torch.ones(16).masked_fill(torch.arange(16) >= 8, -1.0)
    return (0.5 + light + contrast * halves).expand(-1, 3, 16, 16)


def test_codes_are_as_far_apart_as_noise_and_say_what_pictures_differ_in() -> None:
    principal = PrincipalCodes(6, side=8)
    principal.fit(pictures(400))
    others = pictures(400, seed=1)
    torch.manual_seed(0)
    codes = principal(others)
    assert codes.shape == (400, 6)
    assert torch.allclose(codes.std(dim=0), torch.ones(6), atol=0.12)
    assert torch.allclose(codes.mean(dim=0), torch.zeros(6), atol=0.15)
    light = others.mean(dim=(1, 2, 3))
    alike = torch.corrcoef(torch.cat([light[None], codes.T]))[0, 1:].abs()
    assert alike[:2].square().sum() > 0.8, "two components hold the light"
    assert alike[2:].max() < 0.2, "the rest, of which the pictures have none, is chance"


def test_codes_of_a_picture_vary_a_little() -> None:
    principal = PrincipalCodes(2, side=8)
    principal.fit(pictures(400))
    torch.manual_seed(0)
    again = torch.stack([principal(pictures(50, seed=2)) for _ in range(40)])
    assert torch.allclose(again.std(dim=0), torch.full((50, 2), VARIED), atol=0.12)


def test_fewer_pictures_than_numbers_leave_the_rest_to_chance() -> None:
    principal = PrincipalCodes(16, side=8)
    principal.fit(pictures(3))
    assert torch.isfinite(principal(pictures(3))).all()
    assert (principal.components[2:] == 0).all()
