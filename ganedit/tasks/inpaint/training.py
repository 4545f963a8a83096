"""How a filler is trained: pixels first, then features and a critic."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses
from ganedit.data.pictures import Part
from ganedit.nets.critics import PatchCritic
from ganedit.nets.vgg import VGG19Features
from ganedit.scores import Scores, mean_scores
from ganedit.tasks.inpaint.data import InpaintBatches
from ganedit.tasks.inpaint.network import Inpainter
from ganedit.tasks.inpaint.options import InpaintTraining
from ganedit.training.task import (
    GENERATOR,
    Batch,
    Fakes,
    HeldOutScores,
    Losses,
    Networks,
    Phase,
    Step,
    scored_batches,
)


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

    def build(self) -> Networks:
        critics: dict[str, nn.Module] = {}
        if self.adversarial_phase and self.training.adversarial_weight:
            critics["critic"] = PatchCritic(channels=4)
        frozen = {} if self.vgg is None else {"vgg": self.vgg}
        return Networks({GENERATOR: Inpainter(self.training.network)}, critics, frozen)

    def phases(self, networks: Networks) -> Sequence[Phase]:
        learning = Phase((GENERATOR,), self.generator_loss)
        return [learning, Phase(("critic",), self.critic_loss)] if networks.critics else [learning]

    def batches(self, seed: int, held_out: float) -> InpaintBatches:
        return InpaintBatches(self.training, seed, Part(held_out))

    def held_out(self, share: float) -> Sequence[Batch]:
        batches = InpaintBatches(self.training, 0, Part(share, training=False))
        return scored_batches(batches, self.training.batch) if len(batches.pictures) else []

    def generate(self, step: Step) -> Fakes:
        return {"picture": step.networks[GENERATOR](step.batch["picture"], step.batch["hole"])}

    def generator_loss(self, step: Step) -> Losses:
        options, real, hole = self.training, step.batch["picture"], step.batch["hole"]
        fakes = step.fakes["picture"]
        # Known pixels are copied: the mean over the hole alone is the mean over all, enlarged.
        pixel = F.l1_loss(fakes, real) / hole.mean()
        result = {"pixel": options.pixel_weight * pixel}
        if self.vgg is not None:
            with torch.no_grad():
                target = self.vgg(real)
            distance = losses.perceptual(self.vgg(fakes), target)
            result["perceptual"] = options.perceptual_weight * distance
        if not step.networks.critics:
            return result
        critic = step.networks["critic"]
        assert isinstance(critic, PatchCritic)
        seen = critic.activations(torch.cat([fakes, hole], dim=1))
        with torch.no_grad():
            wanted = critic.activations(torch.cat([real, hole], dim=1))
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

    def critic_loss(self, step: Step) -> Losses:
        options, critic, hole = self.training, step.networks["critic"], step.batch["hole"]
        real = torch.cat([step.batch["picture"], hole], dim=1)
        fakes = torch.cat([step.fakes["picture"], hole], dim=1)
        real_scores, fake_scores = critic(real), critic(fakes)
        # Patches without a hole are the same in both.
        inside = _inside(hole, real_scores)
        loss = losses.critic_loss("non-saturating", real_scores[inside], fake_scores[inside])
        result = {"critic": loss}
        if options.penalty_weight and step.due(options.penalty_every):
            penalty = losses.gradient_norm_penalty(critic, real)
            result["penalty"] = options.penalty_weight * options.penalty_every * penalty
        return result

    def score(self, steps: Sequence[Step]) -> HeldOutScores:
        """L1 in the hole in percent and, where VGG19 is there anyway, PD, which then decides."""
        rows: list[Scores] = []
        for step in steps:
            real, hole = step.batch["picture"], step.batch["hole"]
            fakes = step.fakes["picture"].float().clamp(0, 1)
            rows.append({"L1 %": 100 * float(F.l1_loss(fakes, real) / hole.mean())})
            if self.vgg is not None:
                rows[-1]["PD"] = float(losses.perceptual(self.vgg(fakes), self.vgg(real)))
        values = mean_scores(rows)
        return HeldOutScores(values, -values["PD" if self.adversarial_phase else "L1 %"])

    def sample(self, step: Step) -> list[Tensor]:
        real, hole = step.batch["picture"], step.batch["hole"]
        holed = torch.where(hole > 0, torch.full_like(real, 0.5), real)
        return [holed, step.fakes["picture"], real]


def _inside(hole: Tensor, scores: Tensor) -> Tensor:
    """Which scores have some of the hole in the middle of their patch."""
    return F.adaptive_max_pool2d(hole, list(scores.shape[-2:])) > 0
