"""Losses against values computed by hand."""

import math

import pytest
import torch
from torch import Tensor

from ganedit import losses
from ganedit.losses import critic_loss, generator_loss

REAL, FAKE = torch.tensor([2.0, 0.5]), torch.tensor([-1.0, 3.0])
KINDS = ("non-saturating", "least-squares", "hinge", "wasserstein", "relativistic")


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("non-saturating", (sum(map(softplus, (-2, -0.5))) + sum(map(softplus, (-1, 3)))) / 2),
        ("least-squares", 0.5 * ((1 + 0.25) / 2 + (1 + 9) / 2)),
        ("hinge", (0 + 0.5) / 2 + (0 + 4) / 2),
        ("wasserstein", 1.0 - 1.25),
        ("relativistic", (softplus(-3) + softplus(2.5)) / 2),
    ],
)
def test_critic_loss_is_the_formula(kind: losses.Adversarial, expected: float) -> None:
    assert float(critic_loss(kind, REAL, FAKE)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("non-saturating", (softplus(1) + softplus(-3)) / 2),
        ("least-squares", 0.5 * (4 + 4) / 2),
        ("hinge", -1.0),
        ("wasserstein", -1.0),
        ("relativistic", (softplus(3) + softplus(-2.5)) / 2),
    ],
)
def test_generator_loss_is_the_formula(kind: losses.Adversarial, expected: float) -> None:
    assert float(generator_loss(kind, FAKE, REAL)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_critic_raises_real_and_lowers_fake_and_the_generator_raises_fake(
    kind: losses.Adversarial,
) -> None:
    real, fake = torch.zeros(4, requires_grad=True), torch.zeros(4, requires_grad=True)
    up, down = torch.autograd.grad(critic_loss(kind, real, fake), (real, fake))
    # Least squares is content with a fake that scores 0; the others push it lower.
    assert (up < 0).all()
    assert (down == 0).all() if kind == "least-squares" else (down > 0).all()
    (wanted,) = torch.autograd.grad(generator_loss(kind, fake, real.detach()), fake)
    assert (wanted < 0).all()


def test_relativistic_generator_needs_real_scores() -> None:
    with pytest.raises(ValueError, match="real"):
        generator_loss("relativistic", FAKE)


@pytest.mark.parametrize("kind", KINDS)
def test_losses_of_half_precision_scores_are_float32(kind: losses.Adversarial) -> None:
    real, fake = REAL.bfloat16(), FAKE.bfloat16()
    assert critic_loss(kind, real, fake).dtype == torch.float32
    assert generator_loss(kind, fake, real).dtype == torch.float32


def test_r1_of_a_linear_critic_is_half_the_squared_norm_of_its_weights() -> None:
    weights = torch.linspace(-1, 2, 3 * 4 * 4).view(1, 3, 4, 4)
    penalty = losses.gradient_norm_penalty(
        lambda x: (x * weights).flatten(1).sum(1), torch.rand(5, 3, 4, 4)
    )
    assert float(penalty) == pytest.approx(0.5 * float(weights.square().sum()), rel=1e-5)


def test_r1_of_a_map_of_scores_is_that_of_one_score() -> None:
    def one(x: Tensor) -> Tensor:
        return 3 * x

    small, large = torch.rand(1, 1, 2, 2), torch.rand(2, 1, 16, 16)
    assert float(losses.gradient_norm_penalty(one, small)) == pytest.approx(4.5)
    assert float(losses.gradient_norm_penalty(one, large)) == pytest.approx(4.5)


def test_r1_reaches_the_critics_weights_and_not_the_pictures() -> None:
    slope, pictures = torch.tensor(3.0, requires_grad=True), torch.rand(2, 3, 4, 4)
    pictures.requires_grad_()
    losses.gradient_norm_penalty(lambda x: slope * x.square(), pictures).backward()
    assert slope.grad is not None
    assert float(slope.grad) > 0
    assert pictures.grad is None


@pytest.mark.parametrize(("slope", "expected"), [(1.0, 0.0), (3.0, 4.0), (0.25, 0.5625)])
def test_gradient_penalty_measures_the_slope_from_one(slope: float, expected: float) -> None:
    direction = torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(0))
    direction *= slope / direction.norm()
    penalty = losses.gradient_penalty(
        lambda x: (x * direction).flatten(1).sum(1), torch.rand(6, 3, 4, 4), torch.rand(6, 3, 4, 4)
    )
    assert float(penalty) == pytest.approx(expected, abs=1e-5)


def test_gradient_penalty_looks_between_real_and_fake() -> None:
    seen: list[Tensor] = []

    def critic(x: Tensor) -> Tensor:
        seen.append(x.detach())
        return x

    losses.gradient_penalty(critic, torch.ones(64, 1, 2, 2), torch.zeros(64, 1, 2, 2))
    (between,) = seen
    assert between.min() >= 0
    assert between.max() <= 1
    assert between[:, 0, 0, 0].std() > 0.1, "each picture lies elsewhere on its line"
    assert (between.flatten(1).std(dim=1) < 1e-6).all(), "all of a picture lies at one place"


def features(*vector: float) -> Tensor:
    return torch.tensor(vector).float().view(1, -1, 1, 1).expand(2, -1, 3, 3)


@pytest.mark.parametrize(
    ("other", "expected"),
    [((3, 4), 0.0), ((30, 40), 0.0), ((5, 0), 0.8), ((-4, 3), 2.0), ((-3, -4), 4.0)],
    ids=["equal", "longer", "aslant", "orthogonal", "opposite"],
)
def test_perceptual_distance_is_of_directions(other: tuple[float, ...], expected: float) -> None:
    distance = losses.perceptual([features(3, 4)], [features(*other)])
    assert float(distance) == pytest.approx(expected, abs=1e-5)


def test_perceptual_weighs_layers_alike() -> None:
    large, small = features(3, 4).repeat(1, 1, 4, 4), features(3, 4)
    assert float(losses.perceptual([large, small], [large, -small])) == pytest.approx(2.0)


@pytest.mark.parametrize("scale", [2, 4])
def test_phase_drift_sees_a_grid_through_noise(scale: int) -> None:
    noise = torch.rand(1, 3, 16 * scale, 16 * scale, generator=torch.Generator().manual_seed(0))
    grid = torch.zeros_like(noise)
    grid[..., ::scale, ::scale] = 0.1
    drift = losses.phase_drift(noise + grid, noise, scale).item()
    assert drift == pytest.approx(0.1 / scale**2, rel=1e-3)  # one phase of scale² is 0.1 off
    assert losses.phase_drift(noise, noise, scale) == 0
    unrelated = losses.phase_drift(noise, noise.flip(-1), scale).item()
    assert unrelated < 0.2 * (noise - noise.flip(-1)).abs().mean()


def test_layers_must_pair() -> None:
    with pytest.raises(ValueError, match="zip"):
        losses.perceptual([features(1)], [features(1), features(1)])


def test_patch_contrast_knows_a_place_by_itself() -> None:
    torch.manual_seed(0)
    seen = [torch.randn(2, 32, 12, 12)]
    assert losses.patch_contrast(seen, seen) < 0.05
    shuffled = [seen[0].flip(3)]
    assert losses.patch_contrast(shuffled, seen) > 5
    # Contrast within a layer is what counts, not its scale.
    torch.manual_seed(1)
    one = losses.patch_contrast([3 * seen[0]], seen, places=20)
    torch.manual_seed(1)
    torch.testing.assert_close(one, losses.patch_contrast(seen, seen, places=20))


def test_log_squared_error_counts_pictures_alike_and_luma_most() -> None:
    target = torch.full((2, 3, 8, 8), 0.5)
    error = torch.tensor([0.02, 0.2]).view(2, 1, 1, 1)

    def loss(of_plain: float, of_hard: float) -> float:
        factors = torch.tensor([of_plain, of_hard]).view(2, 1, 1, 1)
        return float(losses.log_squared_error(target + error * factors, target))

    # Halving either error gains nearly the same, though one is a hundredth of the other squared.
    assert loss(1, 1) - loss(1, 0.5) == pytest.approx(math.log(4) / 2, abs=0.01)
    assert loss(1, 1) - loss(0.5, 1) == pytest.approx(math.log(4) / 2, abs=0.15)
    assert loss(0, 0) == pytest.approx(math.log(losses.NEGLIGIBLE_ERROR), abs=1e-3)
    grey = target + 0.1
    tinted = target + torch.tensor([0.2, -0.1, -0.0]).view(1, 3, 1, 1)
    assert losses.log_squared_error(grey, target) > losses.log_squared_error(tinted, target) + 1
