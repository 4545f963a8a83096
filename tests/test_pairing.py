"""Which noise pictures of a set are drawn of."""

import torch

from ganedit.tasks.generate.pairing import COMPONENTS, noise_of

LATENT = 12


def pictures(count: int) -> torch.Tensor:
    """Grey ones `(N, 3, 8, 8)`, of which few are vivid: red far above all else, in one in ten."""
    chance = torch.Generator().manual_seed(0)
    ramps = torch.stack([torch.linspace(-1, 1, 8).repeat(8, 1), torch.ones(8, 8)])
    amounts = 0.1 * torch.randn(count, 2, generator=chance)
    grey = 0.5 + (amounts @ ramps.flatten(1)).view(-1, 1, 8, 8).repeat(1, 3, 1, 1)
    grey[: count // 10, 0] += 2
    return grey


def test_noise_is_spread_as_noise_that_is_drawn_from() -> None:
    noise = noise_of(pictures(400), torch.zeros(400, dtype=torch.int64), LATENT)
    assert noise.shape == (400, 3), "directions that they differ in"
    assert noise.mean(dim=0).abs().max() < 0.15
    assert (torch.cov(noise.T) - torch.eye(3)).abs().max() < 0.25
    turned, _ = torch.linalg.qr(torch.randn(3, 3))
    for along in (noise, noise @ turned):  # normal: a vivid few are no tail of their own
        kurtosis = (along / along.std(dim=0)).pow(4).mean(dim=0)
        assert (kurtosis - 3).abs().max() < 1.5


def test_near_noise_is_of_pictures_that_are_alike() -> None:
    each = pictures(400)
    noise = noise_of(each, torch.zeros(400, dtype=torch.int64), LATENT)
    apart = torch.cdist(noise, noise).fill_diagonal_(torch.inf)
    unlike = torch.cdist(each.flatten(1), each.flatten(1))
    near = unlike[torch.arange(400), apart.argmin(dim=1)].mean()
    assert near < 0.5 * unlike.mean()


def test_classes_are_spread_by_themselves() -> None:
    each, labels = pictures(400), torch.arange(400) % 2
    each[labels == 1] += 0.3
    noise = noise_of(each, labels, LATENT)
    for label in (0, 1):
        assert noise[labels == label].mean(dim=0).abs().max() < 0.2


def test_few_pictures_leave_the_rest_to_chance() -> None:
    noise = noise_of(torch.rand(5, 3, 8, 8), torch.zeros(5, dtype=torch.int64), COMPONENTS)
    assert noise.shape == (5, 4), "directions that five pictures differ in"
    assert noise.isfinite().all()
