"""Principal components as codes: what pictures differ in, known from the start."""

import torch

from ganedit.tasks.generate.architectures import new_generator
from ganedit.tasks.generate.options import NetworkOptions
from ganedit.tasks.generate.principal import Principal, resized


def pictures(count: int, seed: int = 0, *, light: float = 0.5) -> torch.Tensor:
    """Grey ones of any light, with a brighter left half of any contrast, `(N, 3, 16, 16)`."""
    source = torch.Generator().manual_seed(seed)
    lighter, contrast = 0.1 * torch.randn(2, count, 1, 1, 1, generator=source)
    halves = torch.ones(16).masked_fill(torch.arange(16) >= 8, -1.0)
    return (light + lighter + contrast * halves).expand(-1, 3, 16, 16)


def fitted(latent: int, given: torch.Tensor, labels: torch.Tensor | None = None) -> Principal:
    principal = Principal(latent, 8, 1 if labels is None else int(labels.max()) + 1)
    principal.fit(given, labels)
    return principal


def test_noise_of_pictures_has_variance_1_and_says_what_they_differ_in() -> None:
    principal, others = fitted(6, pictures(400)), pictures(400, seed=1)
    torch.manual_seed(0)
    noise = principal.noise(others)
    assert noise.shape == (400, 6)
    assert torch.allclose(noise.std(dim=0), torch.ones(6), atol=0.12)
    assert torch.allclose(noise.mean(dim=0), torch.zeros(6), atol=0.15)
    light = others.mean(dim=(1, 2, 3))
    alike = torch.corrcoef(torch.cat([light[None], noise.T]))[0, 1:].abs()
    assert alike[:2].square().sum() > 0.8, "two components hold the light"
    assert alike[2:].max() < 0.2, "the rest, of which the pictures have none, is chance"


def test_codes_draw_the_pictures_that_they_are_of() -> None:
    principal, others = fitted(6, pictures(400)), pictures(20, seed=1)
    drawn = principal(principal.codes(principal.noise(others)))
    assert torch.allclose(drawn, others[:, :, ::2, ::2], atol=1e-4)


def test_a_class_is_where_its_pictures_are() -> None:
    dark, bright = pictures(300, light=0.2), pictures(300, seed=1, light=0.8)
    labels = torch.arange(2).repeat_interleave(300)
    principal = fitted(5, torch.cat([dark, bright]), labels)
    torch.manual_seed(0)
    drawn = principal(principal.codes(torch.randn(600, 5), labels)).mean(dim=(1, 2, 3))
    assert torch.allclose(drawn[:300].mean(), torch.tensor(0.2), atol=0.03)
    assert torch.allclose(drawn[300:].mean(), torch.tensor(0.8), atol=0.03)
    assert torch.allclose(drawn[:300].std(), torch.tensor(0.1), atol=0.02)
    again = principal(principal.codes(principal.noise(bright, labels[300:]), labels[300:]))
    small = bright[:, :, ::2, ::2]
    within = ((small >= 0) & (small <= 1)).flatten(1).all(dim=1)
    assert within.sum() > 100
    assert torch.allclose(again[within], small[within], atol=1e-4)
    assert torch.allclose(again, small.clamp(0, 1), atol=0.02)


def test_noise_stands_for_pictures_within_black_and_white() -> None:
    principal = fitted(6, pictures(400, light=0.9).clamp(0, 1))
    noise = torch.randn(200, 6, generator=torch.Generator().manual_seed(0))
    beyond = (principal(noise) - 1).clamp(min=0).mean()
    assert beyond > 0.005
    assert (principal(principal.codes(noise)) - 1).clamp(min=0).mean() < 0.2 * beyond


def test_fewer_pictures_than_numbers_leave_the_rest_to_chance() -> None:
    principal = fitted(16, pictures(3))
    assert torch.isfinite(principal.noise(pictures(3))).all()
    assert (principal.basis[2:] == 0).all()


def test_an_untrained_generator_draws_a_layout_of_the_components() -> None:
    generator = new_generator(NetworkOptions(size=16, width=16, latent=6, principal=16)).eval()
    assert generator.principal is not None
    generator.principal.fit(pictures(400))
    noise = torch.randn(3, 6)
    drawn = generator(generator.spread(generator.codes(noise)), generator.draw_noise(3))
    layout = resized(generator.principal(noise), 8)
    assert torch.allclose(drawn, resized(layout, 16), atol=1e-5)
