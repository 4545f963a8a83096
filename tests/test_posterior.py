"""What noise a set's own pictures are drawn of."""

import pytest
import torch
import torch.nn.functional as F

from ganedit.tasks.generate.posterior import (
    NATS,
    NUMBERS,
    Posterior,
    drawn_from,
    told_too_much,
)


def test_what_is_of_a_picture_comes_first_and_the_rest_is_chance() -> None:
    mean, sharp = torch.full((500, NUMBERS), 2.0), torch.full((500, NUMBERS), -5.0)
    noise = drawn_from(mean, sharp, NUMBERS + 40)
    assert (noise[:, :NUMBERS] - 2).abs().max() < 0.1
    assert noise[:, NUMBERS:].mean().abs() < 0.05
    assert (noise[:, NUMBERS:].std() - 1).abs() < 0.05


def test_noise_like_any_other_tells_nothing() -> None:
    nothing = told_too_much(torch.zeros(3, NUMBERS), torch.zeros(3, NUMBERS))
    assert nothing == NATS * NUMBERS, "and that is too little"
    # A mean that far off tells half its square, in nats.
    mean = torch.zeros(3, NUMBERS)
    mean[:, 0] = (2 * NATS * NUMBERS) ** 0.5
    assert told_too_much(mean, torch.zeros(3, NUMBERS)) < 1e-3


@pytest.mark.parametrize("classes", [0, 2])
def test_pictures_are_spread_as_noise_that_is_drawn_from(classes: int) -> None:
    torch.manual_seed(0)
    factors = torch.rand(256, 8, 1, 1)
    pictures = torch.cat([factors[:, :3], factors[:, 3:6]], dim=1).view(256, 3, 2, 1)
    pictures = F.interpolate(pictures, size=(16, 16))
    labels = torch.arange(256) % 2 if classes else None
    posterior, again = Posterior(16, classes, NUMBERS), torch.nn.Linear(NUMBERS, 6)
    optimizer = torch.optim.Adam([*posterior.parameters(), *again.parameters()], 3e-3)
    for _ in range(300):
        mean, spread = posterior(pictures, labels)
        missed = F.mse_loss(again(drawn_from(mean, spread, NUMBERS)), factors[:, :6].flatten(1))
        loss = 10 * missed + 0.01 * told_too_much(mean, spread)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert missed < 0.02
    with torch.no_grad():
        noise = drawn_from(*posterior(pictures, labels), NUMBERS)
    assert noise.mean(dim=0).abs().mean() < 0.3
    assert 0.6 < noise.std() < 1.5
