"""How a filler is trained: pixels first, then features and critics."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses
from ganedit.data.augment import draw_look
from ganedit.data.pictures import Part
from ganedit.nets.critics import PatchCritic
from ganedit.scores import Scores, mean_scores
from ganedit.tasks.inpaint.data import InpaintBatches
from ganedit.tasks.inpaint.network import Inpainter
from ganedit.tasks.inpaint.options import InpaintTraining
from ganedit.training.sight import FAKE, REAL, SEEN, WANTED, Sight
from ganedit.training.task import (
    GENERATOR,
    Batch,
    Fakes,
    HeldOutScores,
    Losses,
    Networks,
    Phase,
    Step,
    layers_of,
    scored_batches,
)

# What feature critics see of VGG19: what is finer is noise to them.
JUDGED = ("relu2_2", "relu3_4", "relu4_4", "relu5_4")
PATCHES, FEATURES = "critic", "features"


class InpaintTask:
    """Context encoders' recipe (Pathak et al. 2016) with LaMa's losses (Suvorov et al. 2022).

    Beside a critic of patches there are some that see what a frozen network does (Projected GANs,
    Sauer et al. 2021), in the hole alone.
    """

    name = "inpaint"
    pool = 0

    def __init__(self, training: InpaintTraining) -> None:
        self.training = training
        self.adversarial_phase = training.phase == "adversarial"
        self.critics = self._critics_wanted()
        judged = JUDGED if FEATURES in self.critics else ()
        self.sight = Sight.of(training, judged) if self.adversarial_phase else None

    @property
    def options(self) -> Mapping[str, Any]:
        return self.training.plain()

    @property
    def network(self) -> Mapping[str, Any]:
        return asdict(self.training.network)

    def build(self) -> Networks:
        critics: dict[str, nn.Module] = {}
        if PATCHES in self.critics:
            critics[PATCHES] = PatchCritic(channels=4)
        if FEATURES in self.critics:
            assert self.sight is not None
            critics[FEATURES] = self.sight.critic()
        frozen = {} if self.sight is None else self.sight.frozen
        return Networks({GENERATOR: Inpainter(self.training.network)}, critics, frozen)

    def phases(self, networks: Networks) -> Sequence[Phase]:
        learning = Phase((GENERATOR,), self.generator_loss)
        judging = Phase(tuple(networks.critics), self.critic_loss)
        return [learning, judging] if networks.critics else [learning]

    def batches(self, seed: int, held_out: float) -> InpaintBatches:
        return InpaintBatches(self.training, seed, Part(held_out))

    def held_out(self, share: float) -> Sequence[Batch]:
        batches = InpaintBatches(self.training, 0, Part(share, training=False))
        return scored_batches(batches, self.training.batch) if len(batches.pictures) else []

    def generate(self, step: Step) -> Fakes:
        """`picture`, what frozen networks see in it, and the `hole` as it lies there."""
        real, hole = step.batch["picture"], step.batch["hole"]
        picture = step.networks[GENERATOR](real, hole)
        if self.sight is None:
            return {"picture": picture}
        look = draw_look(self.training.crop)
        return {"picture": picture, "hole": look(hole), **self.sight.see(picture, real, look)}

    def generator_loss(self, step: Step) -> Losses:
        options, real, hole = self.training, step.batch["picture"], step.batch["hole"]
        fakes = step.fakes["picture"]
        # Known pixels are copied: the mean over the hole alone is the mean over all, enlarged.
        pixel = F.l1_loss(fakes, real) / hole.mean()
        result = {"pixel": options.pixel_weight * pixel}
        if self.sight is not None:
            seen, wanted = layers_of(step.fakes, SEEN), layers_of(step.fakes, WANTED)
            result["perceptual"] = options.perceptual_weight * losses.perceptual(seen, wanted)
        if PATCHES in self.critics:
            result |= self._judged_by_patches(step)
        if FEATURES in self.critics:
            scores = self._scores_of_features(step, FAKE)
            verdict = losses.generator_loss("hinge", scores)
            result["features"] = options.feature_weight * verdict
        return result

    def critic_loss(self, step: Step) -> Losses:
        options, hole = self.training, step.batch["hole"]
        result: Losses = {}
        if PATCHES in self.critics:
            critic = step.networks[PATCHES]
            real = torch.cat([step.batch["picture"], hole], dim=1)
            fakes = torch.cat([step.fakes["picture"], hole], dim=1)
            real_scores, fake_scores = critic(real), critic(fakes)
            # Patches without a hole are the same in both.
            inside = _inside(hole, real_scores)
            result["critic"] = losses.critic_loss(
                "non-saturating", real_scores[inside], fake_scores[inside]
            )
            if options.penalty_weight and step.due(options.penalty_every):
                penalty = losses.gradient_norm_penalty(critic, real)
                result["penalty"] = options.penalty_weight * options.penalty_every * penalty
        if FEATURES in self.critics:
            of_real, of_fakes = (self._scores_of_features(step, kind) for kind in (REAL, FAKE))
            result["critic_features"] = losses.critic_loss("hinge", of_real, of_fakes)
        return result

    def score(self, steps: Sequence[Step]) -> HeldOutScores:
        """L1 in the hole in percent and, where VGG19 is there anyway, PD, which then decides."""
        rows: list[Scores] = []
        for step in steps:
            real, hole = step.batch["picture"], step.batch["hole"]
            fakes = step.fakes["picture"].float().clamp(0, 1)
            rows.append({"L1 %": 100 * float(F.l1_loss(fakes, real) / hole.mean())})
            if self.sight is not None:
                seen, wanted = self.sight.vgg(fakes), self.sight.vgg(real)
                rows[-1]["PD"] = float(losses.perceptual(seen, wanted))
        values = mean_scores(rows)
        return HeldOutScores(values, -values["PD" if self.adversarial_phase else "L1 %"])

    def sample(self, step: Step) -> list[Tensor]:
        real, hole = step.batch["picture"], step.batch["hole"]
        holed = torch.where(hole > 0, torch.full_like(real, 0.5), real)
        return [holed, step.fakes["picture"], real]

    def _critics_wanted(self) -> frozenset[str]:
        weights = {
            PATCHES: self.training.adversarial_weight,
            FEATURES: self.training.feature_weight,
        }
        return frozenset(n for n, weight in weights.items() if self.adversarial_phase and weight)

    def _scores_of_features(self, step: Step, kind: str) -> Tensor:
        """Scores of the places that lie in the hole."""
        features = layers_of(step.fakes, kind)
        hole = step.fakes["hole"][: len(features[0])]
        scores: Tensor = step.networks[FEATURES](features)
        inside = [_inside(hole, layer[:, :1]).flatten(2) for layer in features]
        return scores[torch.cat(inside, dim=2)]

    def _judged_by_patches(self, step: Step) -> Losses:
        """What the critic of patches says, and how far its activations are from the real ones."""
        options, hole, critic = self.training, step.batch["hole"], step.networks[PATCHES]
        assert isinstance(critic, PatchCritic)
        seen = critic.activations(torch.cat([step.fakes["picture"], hole], dim=1))
        with torch.no_grad():
            wanted = critic.activations(torch.cat([step.batch["picture"], hole], dim=1))
        scores = seen[-1][_inside(hole, seen[-1])]
        matching = [
            F.l1_loss(a.float(), b.float()) for a, b in zip(seen[:-1], wanted[:-1], strict=True)
        ]
        verdict = losses.generator_loss("non-saturating", scores)
        return {
            "adversarial": options.adversarial_weight * verdict,
            "matching": options.matching_weight * torch.stack(matching).mean(),
        }


def _inside(hole: Tensor, scores: Tensor) -> Tensor:
    """Which scores have some of the hole in the middle of their patch."""
    return F.adaptive_max_pool2d(hole, list(scores.shape[-2:])) > 0
