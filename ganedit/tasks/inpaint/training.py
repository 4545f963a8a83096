"""How a filler is trained: pixels first, then features and a critic."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit import losses
from ganedit.nets.critics import PatchCritic
from ganedit.nets.vgg import VGG19Features
from ganedit.tasks.inpaint.data import InpaintBatches
from ganedit.tasks.inpaint.network import Inpainter
from ganedit.tasks.inpaint.options import InpaintTraining
from ganedit.training.task import Batch, Losses, Pair


class InpaintTask:
    """Context encoders' recipe (Pathak et al. 2016) with LaMa's losses (Suvorov et al. 2022)."""

    name = "inpaint"
    pool = 0

    def __init__(self, training: InpaintTraining) -> None:
        self.training = training
        self.adversarial_phase = training.phase == "adversarial"
        self.vgg = VGG19Features(training.vgg) if self.adversarial_phase else None

    @property
    def options(self) -> Mapping[str, Any]:
        return self.training.plain()

    @property
    def network(self) -> Mapping[str, Any]:
        return asdict(self.training.network)

    def to(self, device: torch.device) -> Self:
        if self.vgg is not None:
            self.vgg.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self

    def build(self) -> Pair:
        critic = None
        if self.adversarial_phase and self.training.adversarial_weight:
            critic = PatchCritic(channels=4)
        return Pair(Inpainter(self.training.network), critic)

    def batches(self, seed: int) -> InpaintBatches:
        return InpaintBatches(self.training, seed)

    def generate(self, pair: Pair, batch: Batch) -> Tensor:
        fakes: Tensor = pair.generator(batch["picture"], batch["hole"])
        return fakes

    def generator_loss(self, pair: Pair, batch: Batch, fakes: Tensor) -> Losses:
        options, real, hole = self.training, batch["picture"], batch["hole"]
        # Known pixels are copied: the mean over the hole alone is the mean over all, enlarged.
        pixel = F.l1_loss(fakes, real) / hole.mean()
        result = {"pixel": options.pixel_weight * pixel}
        if self.vgg is not None:
            with torch.no_grad():
                target = self.vgg(real)
            distance = losses.perceptual(self.vgg(fakes), target)
            result["perceptual"] = options.perceptual_weight * distance
        if not isinstance(pair.critic, PatchCritic):
            return result
        seen = pair.critic.activations(torch.cat([fakes, hole], dim=1))
        with torch.no_grad():
            wanted = pair.critic.activations(torch.cat([real, hole], dim=1))
        scores = seen[-1][_inside(hole, seen[-1])]
        adversarial = losses.generator_loss("non-saturating", scores)
        matching = torch.stack(
            [F.l1_loss(a.float(), b.float()) for a, b in zip(seen[:-1], wanted[:-1], strict=True)]
        )
        return {
            **result,
            "adversarial": options.adversarial_weight * adversarial,
            "matching": options.matching_weight * matching.mean(),
        }

    def critic_loss(self, pair: Pair, batch: Batch, fakes: Tensor, step: int) -> Losses:
        assert pair.critic is not None
        options, critic, hole = self.training, pair.critic, batch["hole"]
        real = torch.cat([batch["picture"], hole], dim=1)
        real_scores, fake_scores = critic(real), critic(torch.cat([fakes, hole], dim=1))
        # Patches without a hole are the same in both.
        inside = _inside(hole, real_scores)
        loss = losses.critic_loss("non-saturating", real_scores[inside], fake_scores[inside])
        result = {"critic": loss}
        if options.penalty_weight and step % options.penalty_every == 0:
            penalty = losses.gradient_norm_penalty(critic, real)
            result["penalty"] = options.penalty_weight * options.penalty_every * penalty
        return result

    def sample(self, pair: Pair, batch: Batch, fakes: Tensor) -> list[Tensor]:
        grey = torch.full_like(batch["picture"], 0.5)
        holed = torch.where(batch["hole"] > 0, grey, batch["picture"])
        return [holed, fakes, batch["picture"]]


def _inside(hole: Tensor, scores: Tensor) -> Tensor:
    """Which scores have some of the hole in the middle of their patch."""
    return F.adaptive_max_pool2d(hole, list(scores.shape[-2:])) > 0
