"""Frozen networks that critics see pictures with."""

from pathlib import Path

import pytest
import timm
import torch

from ganedit.errors import UsageError, WeightsError
from ganedit.nets.backbone import of_timm
from ganedit.nets.critics import WholeCritic
from ganedit.tasks.generate.training_options import GenerateTraining

# The smallest network of timm's, made for tests.
TINY = "test_efficientnet"


@pytest.fixture
def tiny_weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    torch.save(timm.create_model(TINY).state_dict(), tmp_path / "tiny.pth")
    return tmp_path / "tiny.pth"


def test_a_network_of_timm_sees_every_scale_from_a_quarter_on(tiny_weights: Path) -> None:
    network, scales = of_timm(TINY, tiny_weights)
    pictures = torch.rand(2, 3, 64, 64, requires_grad=True)
    seen = network(pictures)
    assert [scale.reduction for scale in scales] == [4, 8, 16, 32]
    for scale, each in zip(scales, seen, strict=True):
        assert each.shape == (2, scale.channels, *(2 * [64 // scale.reduction]))
    seen[-1].sum().backward()
    assert pictures.grad is not None
    assert pictures.grad.abs().sum() > 0
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_a_network_of_timm_is_that_of_the_file(tiny_weights: Path) -> None:
    network, _ = of_timm(TINY, tiny_weights)
    pictures = torch.rand(1, 3, 32, 32)
    whole = timm.create_model(TINY).eval()
    whole.load_state_dict(torch.load(tiny_weights, weights_only=True))
    mean, std = (
        torch.tensor(whole.pretrained_cfg[name]).view(1, 3, 1, 1) for name in ("mean", "std")
    )
    wanted = whole.forward_intermediates((pictures - mean) / std, intermediates_only=True)
    torch.testing.assert_close(network(pictures)[-1], wanted[-1])


def test_backbones_that_there_are_none_of(tiny_weights: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--backbone vgg16x: neither vgg19 nor"):
        of_timm("vgg16x")
    torch.save({"a": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"other\.pth: not weights of timm's test_efficientnet"):
        of_timm(TINY, tmp_path / "other.pth")
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(WeightsError, match=r"text\.pth: no weights of test_efficientnet"):
        of_timm(TINY, tmp_path / "text.pth")
    with pytest.raises(UsageError, match="--backbone-file is of a network of timm"):
        GenerateTraining(data=("x",), backbone_file=tiny_weights)


@pytest.mark.parametrize("side", [3, 6, 24, 48])
def test_a_critic_sees_a_picture_as_a_whole(side: int) -> None:
    torch.manual_seed(0)
    critic, seen = WholeCritic(5, side, width=8).eval(), torch.randn(1, 5, side, side)
    seen.requires_grad_()
    scores = critic(seen)
    assert scores.shape[:2] == (1, 1)
    assert scores.shape[2] <= 16
    (slope,) = torch.autograd.grad(scores[0, 0, 0], seen)
    share = (slope.abs().sum(dim=1) > 0).float().mean()
    assert share > (0.25 if side > 4 else 0.99), "from the corner it sees far"


def test_a_critic_holds_the_whole_against_the_class() -> None:
    torch.manual_seed(0)
    critic, seen = WholeCritic(6, 8, classes=2), torch.randn(1, 6, 8, 8)
    one, other = (critic(seen, torch.tensor([label])) for label in range(2))
    assert one.shape == other.shape
    assert not torch.allclose(one, other)
