"""Losses as pure functions: tensors in, a scalar out, no state and no weights.

Scores (`real`, `fake`) are a critic's raw outputs of any shape, without a sigmoid. Pictures are
`(N, C, H, W)` in [0, 1]. Every function returns a float32 scalar that can be differentiated.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit import metrics

Adversarial = Literal["non-saturating", "least-squares", "hinge", "wasserstein", "relativistic"]
Critic = Callable[[Tensor], Tensor]

# What colours apart from luma weigh in `log_squared_error`, and an error (45 dB) under which a
# picture has nothing more to gain in it.
COLOR_SHARE, NEGLIGIBLE_ERROR = 0.1, 3e-5


def critic_loss(kind: Adversarial, real: Tensor, fake: Tensor) -> Tensor:
    """What the critic minimises; `fake` must come from detached pictures.

    Non-saturating (Goodfellow et al. 2014), least squares (Mao et al. 2017), hinge (Lim and Ye
    2017), Wasserstein (Arjovsky et al. 2017; give it a gradient penalty), relativistic pairing
    (Jolicoeur-Martineau 2019; R3GAN, Huang et al. 2024: with R1 and R2).
    """
    real, fake = real.float(), fake.float()
    match kind:
        case "non-saturating":
            return F.softplus(-real).mean() + F.softplus(fake).mean()
        case "least-squares":
            return 0.5 * ((real - 1).square().mean() + fake.square().mean())
        case "hinge":
            return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
        case "wasserstein":
            return fake.mean() - real.mean()
        case "relativistic":
            return F.softplus(fake - real).mean()


def generator_loss(kind: Adversarial, fake: Tensor, real: Tensor | None = None) -> Tensor:
    """What the generator minimises against the critic of the same `kind`.

    Raises:
        ValueError: `relativistic` compares with the critic's scores of real pictures; without
            them it is undefined.
    """
    fake = fake.float()
    match kind:
        case "non-saturating":
            return F.softplus(-fake).mean()
        case "least-squares":
            return 0.5 * (fake - 1).square().mean()
        case "hinge" | "wasserstein":
            return -fake.mean()
        case "relativistic":
            if real is None:
                raise ValueError("the relativistic loss needs the scores of real pictures too")
            return F.softplus(real.float() - fake).mean()


def gradient_norm_penalty(critic: Critic, pictures: Tensor) -> Tensor:
    """Half the squared gradient norm of the critic at `pictures`, per score.

    At real pictures it is R1, at generated ones R2 (Mescheder et al. 2018); dividing by the
    number of scores makes one weight serve critics with one score and with a map of them.
    Computed in float32: the squares of bf16 gradients are mostly rounding.
    """
    pictures = pictures.detach().float().requires_grad_()
    with torch.autocast(pictures.device.type, enabled=False):
        scores = critic(pictures)
        (gradient,) = torch.autograd.grad(scores.sum(), pictures, create_graph=True)
    return 0.5 * gradient.square().sum() / scores.numel()


def gradient_penalty(critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
    """How far the critic's slope is from 1 on lines between real and fake pictures.

    WGAN-GP (Gulrajani et al. 2017); both batches `(N, C, H, W)`, equal in shape.
    """
    mix = torch.rand(real.shape[0], 1, 1, 1, device=real.device)
    between = torch.lerp(fake.detach().float(), real.detach().float(), mix).requires_grad_()
    with torch.autocast(real.device.type, enabled=False):
        # Of a map of scores, the mean: it is what the Wasserstein loss looks at.
        scores = critic(between).reshape(len(between), -1).mean(dim=1)
        (gradient,) = torch.autograd.grad(scores.sum(), between, create_graph=True)
    slope: Tensor = gradient.flatten(1).norm(dim=1)
    return (slope - 1).square().mean()


def perceptual(output: Sequence[Tensor], target: Sequence[Tensor]) -> Tensor:
    """Mean over layers of the mean squared difference of channel-normalised features.

    Each element is one layer's `(N, C, H, W)` features. Every position's feature vector is
    brought to unit length first (as in LPIPS, Zhang et al. 2018), so layers weigh the same
    whatever their scale, and the distance lies in [0, 4]. With VGG19 relu1_2 … relu5_4 this is
    the perceptual distance (PD) that `ganedit evaluate` prints.
    """
    layers = [_unit_distance(a.float(), b.float()) for a, b in zip(output, target, strict=True)]
    return torch.stack(layers).mean()


def log_squared_error(output: Tensor, target: Tensor) -> Tensor:
    """Mean over pictures of the logarithm of each one's squared error, mostly of luma.

    It is what mean PSNR-Y measures (NAFNet, Chen et al. 2022, trains on PSNR). A squared error
    alone leaves plain pictures to the few with hard edges.

    Args:
        output: `(N, 3, H, W)` RGB in [0, 1].
        target: the same.
    """
    output, target = output.float(), target.float()
    luma = (metrics.luma(output) - metrics.luma(target)) / metrics.LUMA_RANGE
    of_luma, of_colors = (x.square().mean(dim=(1, 2, 3)) for x in (luma, output - target))
    squared = torch.lerp(of_luma, of_colors, COLOR_SHARE)
    return (squared + NEGLIGIBLE_ERROR).log().mean()


def patch_contrast(
    output: Sequence[Tensor], source: Sequence[Tensor], *, places: int = 256, heat: float = 0.07
) -> Tensor:
    """How much a place of the output resembles other places of its source more than its own.

    PatchNCE (CUT, Park et al. 2020) on features of a frozen network, which needs no projection to
    be trained beside. Each element is one layer's `(N, C, H, W)` features; the mean over layers of
    the cross entropy, in nats: 0 where every place knows itself, `log(places)` where none does.

    Args:
        output: features of the generated pictures; gradients flow.
        source: of the pictures they were made from.
        places: drawn at random from each picture, torch's random numbers.
        heat: temperature of the softmax.
    """
    terms = []
    for ours, theirs in zip(output, source, strict=True):
        ours, theirs = (F.normalize(x.float().flatten(2), dim=1) for x in (ours, theirs))
        chosen = torch.randperm(ours.shape[2], device=ours.device)[:places]
        # Of each place of the output, how like it is to every place of the source.
        likeness = theirs[..., chosen].transpose(1, 2) @ ours[..., chosen] / heat
        own = torch.arange(len(chosen), device=ours.device).expand(len(ours), -1)
        terms.append(F.cross_entropy(likeness, own))
    return torch.stack(terms).mean()


def phase_drift(output: Tensor, target: Tensor, scale: int) -> Tensor:
    """How far the local mean of each sub-pixel phase is from the target's.

    A sub-pixel convolution fills the `scale²` phases of its output with channels of their own,
    and can lay a pattern of period `scale` over a picture. In texture other losses hardly see it:
    their gradients point every way there, while a mean over many periods shows it alone.

    Args:
        output: `(N, C, H, W)`, sides multiples of `scale` and at least `8·scale`.
        target: the same.
        scale: the period.
    """
    phases = F.pixel_unshuffle(output.float() - target.float(), scale)
    return F.avg_pool2d(phases, kernel_size=8, stride=4).abs().mean()


def feature_matching(output: Sequence[Tensor], target: Sequence[Tensor]) -> Tensor:
    """Mean over layers of the L1 distance of a critic's activations, relative to the target's.

    As in pix2pixHD (Wang et al. 2018); relative, since layers differ in scale.
    """
    terms = [
        (a.float() - b.float()).abs().mean() / (b.float().abs().mean() + 1e-6)
        for a, b in zip(output, target, strict=True)
    ]
    return torch.stack(terms).mean()


def opponent_distance(output: Tensor, target: Tensor) -> Tensor:
    """L1 distance of light and of the differences of colours, `(N, 1, H, W)` for each place.

    In RGB the sign of an error is mostly that of its light, and colours are learned last, if at
    all. Of a grey error it is the L1 distance in RGB.

    Args:
        output: `(N, 3, H, W)` RGB.
        target: the same.
    """
    red, green, blue = (output.float() - target.float()).unbind(dim=1)
    light, reds, blues = (red + green + blue) / 3, red - green, (red + green) / 2 - blue
    distance: Tensor = light.abs() + (reds.abs() + blues.abs()) / 2
    return distance[:, None]


def edge_distance(output: Tensor, target: Tensor, steep: float = 0.08) -> Tensor:
    """How far the edges of pictures are from those of others, whatever the colours on both sides.

    Slopes are brought to [0, 1), half way at `steep`, and looked at within a pixel's reach.

    Args:
        output: `(N, 3, H, W)` RGB in [0, 1].
        target: the same.
        steep: change from one pixel to the next that is half an edge.
    """
    return F.l1_loss(_soft_edges(output.float(), steep), _soft_edges(target.float(), steep))


def _soft_edges(pictures: Tensor, steep: float) -> Tensor:
    across = pictures[..., 1:-1, 2:] - pictures[..., 1:-1, :-2]
    down = pictures[..., 2:, 1:-1] - pictures[..., :-2, 1:-1]
    slope = (across.square() + down.square()).mean(dim=1, keepdim=True)
    slope = (slope / 4 + 1e-6).sqrt()
    return F.avg_pool2d(slope / (slope + steep), 3, 1, 1)


def _unit_distance(a: Tensor, b: Tensor) -> Tensor:
    # |a/|a| - b/|b||² summed over channels = 2 - 2 a·b / (|a| |b|), without normalised copies.
    product = (a * b).sum(dim=1)
    norms = a.square().sum(dim=1) * b.square().sum(dim=1)
    return (2 - 2 * product * torch.rsqrt(norms.clamp_min(1e-16))).mean()
