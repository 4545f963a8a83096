"""How translators are trained: two generators, two critics, and the way there and back."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses, metrics
from ganedit.data.augment import Augment, draw_augmentation, draw_look
from ganedit.data.pictures import Part
from ganedit.grain import grained
from ganedit.nets.critics import FeatureCritic, PatchCritic
from ganedit.nets.vgg import CHANNELS, VGG19Features
from ganedit.scores import Scores, mean_scores
from ganedit.tasks.translate.data import TranslateBatches
from ganedit.tasks.translate.network import Translator
from ganedit.tasks.translate.options import TranslateTraining
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

# What the critics of features look at: strokes, things made of them, and scenes.
LAYERS = ("relu2_2", "relu3_4", "relu4_4", "relu5_4")


class TranslateTask:
    """CycleGAN (Zhu et al. 2017) with a second pair of critics that look at VGG19's features.

    One-sided, there is one direction, and no way back that would show what was lost: as in CUT
    (Park et al. 2020) each patch of the result has to resemble its own place in the picture more
    than any other place.
    """

    name = "translate"

    def __init__(self, training: TranslateTraining) -> None:
        self.training = training
        self.to_domains = training.network.to
        self.pool = training.pool
        needed = training.feature_weight or training.one_sided
        self.vgg = VGG19Features(training.vgg, LAYERS) if needed else None

    @property
    def options(self) -> Mapping[str, Any]:
        return self.training.plain()

    @property
    def network(self) -> Mapping[str, Any]:
        return asdict(self.training.network)

    def build(self) -> Networks:
        critics: dict[str, nn.Module] = {
            f"{name}_patches": PatchCritic() for name in self.to_domains
        }
        if self.training.feature_weight:
            channels = [CHANNELS[layer] for layer in LAYERS]
            critics |= {f"{name}_features": FeatureCritic(channels) for name in self.to_domains}
        frozen = {} if self.vgg is None else {"vgg": self.vgg}
        return Networks({GENERATOR: Translator(self.training.network)}, critics, frozen)

    def phases(self, networks: Networks) -> Sequence[Phase]:
        return [
            Phase((GENERATOR,), self.generator_loss),
            Phase(tuple(networks.critics), self.critic_loss),
        ]

    def batches(self, seed: int, held_out: float) -> TranslateBatches:
        return TranslateBatches(self.training, seed, Part(held_out))

    def held_out(self, share: float) -> Sequence[Batch]:
        batches = TranslateBatches(self.training, 0, Part(share, training=False))
        if not all(len(pictures) for pictures in batches.domains.values()):
            return []
        return scored_batches(batches, self.training.batch)

    def generate(self, step: Step) -> Fakes:
        """What the pictures become in each domain that is led to, by its name."""
        return {name: self._paint(step, self._source(step, name), name) for name in self.to_domains}

    def generator_loss(self, step: Step) -> Losses:
        options, fakes = self.training, step.fakes
        augment = self._augmentation(step)
        zero = next(iter(fakes.values())).new_zeros(())
        result: dict[str, Tensor] = defaultdict(lambda: zero)
        look = draw_look(options.crop)
        for name, fake in fakes.items():
            seen = None if self.vgg is None else self.vgg(look(fake))
            for kind, scores in self._verdicts(step, name, augment(fake), seen).items():
                verdict = losses.generator_loss("least-squares", scores)
                result[kind] = result[kind] + self._weight_of(kind) * verdict
            real, source = step.batch[name], self._source(step, name)
            if options.identity_weight:
                same = F.l1_loss(self._paint(step, real, name), real)
                result["identity"] = result["identity"] + options.identity_weight * same
            if not options.one_sided:
                there_and_back = F.l1_loss(self._paint(step, fake, self._other(name)), source)
                result["cycle"] = result["cycle"] + options.cycle_weight * there_and_back
            elif self.vgg is not None and seen is not None:
                with torch.no_grad():
                    wanted = self.vgg(look(source))
                contrast = losses.patch_contrast(seen, wanted)
                result["contrast"] = result["contrast"] + options.contrast_weight * contrast
        return dict(result)

    def critic_loss(self, step: Step) -> Losses:
        options, fakes = self.training, step.fakes
        augment = self._augmentation(step)
        result: Losses = {}
        for name, fake in fakes.items():
            real, look = step.batch[name], draw_look(options.crop)
            vgg = self.vgg if options.feature_weight else None
            seen = [None if vgg is None else vgg(look(x)) for x in (real, fake)]
            real, fake = augment(real), augment(fake)
            theirs = self._verdicts(step, name, fake, seen[1])
            for kind, scores in self._verdicts(step, name, real, seen[0]).items():
                loss = losses.critic_loss("least-squares", scores, theirs[kind])
                result[f"critic_{name}_{kind}"] = loss
            if options.penalty_weight and step.due(options.penalty_every):
                critic = step.networks[f"{name}_patches"]
                penalty = losses.gradient_norm_penalty(critic, real)
                result[f"penalty_{name}"] = options.penalty_weight * options.penalty_every * penalty
        return result

    def score(self, steps: Sequence[Step]) -> HeldOutScores:
        """Kernel distance to the domain, which decides, and PD to the source, by VGG19.

        Means over the directions. Without VGG19: how far pictures are from themselves there and
        back.
        """
        if self.vgg is None:
            backs = [self._there_and_back(step, name) for step in steps for name in self.to_domains]
            error = sum(backs) / len(backs)
            return HeldOutScores({"cycle L1": error}, -error)
        rows: list[Scores] = []
        for name in self.to_domains:
            wanted = [self.vgg(step.batch[name]) for step in steps]
            before = [self.vgg(self._source(step, name)) for step in steps]
            after = [self.vgg(step.fakes[name]) for step in steps]
            ours, theirs = (
                torch.cat([seen[-1].float().mean((2, 3)) for seen in each])
                for each in (after, wanted)
            )
            change = [
                losses.perceptual([x[-2]], [y[-2]]) for x, y in zip(before, after, strict=True)
            ]
            distance = metrics.kernel_distance(ours, theirs)
            rows.append({"kernel distance": distance, "PD": float(torch.stack(change).mean())})
        values = mean_scores(rows)
        return HeldOutScores(values, -values["kernel distance"])

    def sample(self, step: Step) -> list[Tensor]:
        return [x for name, fake in step.fakes.items() for x in (self._source(step, name), fake)]

    def _other(self, name: str) -> str:
        first, second = self.training.network.names
        return second if name == first else first

    def _source(self, step: Step, name: str) -> Tensor:
        """The pictures that are translated to a domain."""
        return step.batch[self._other(name)]

    def _paint(self, step: Step, pictures: Tensor, name: str) -> Tensor:
        grain = self.training.network.grain
        result: Tensor = step.networks[GENERATOR](grained(pictures, grain), name)
        return result

    def _there_and_back(self, step: Step, name: str) -> float:
        back = self._paint(step, step.fakes[name], self._other(name))
        return float(F.l1_loss(back, self._source(step, name)))

    def _verdicts(
        self, step: Step, name: str, pictures: Tensor, seen: list[Tensor] | None
    ) -> dict[str, Tensor]:
        """What the critics of a domain say of pictures, and of what VGG19 sees in them."""
        result = {"patches": step.networks[f"{name}_patches"](pictures)}
        if seen is not None and self.training.feature_weight:
            result["features"] = step.networks[f"{name}_features"](seen)
        return result

    def _weight_of(self, kind: str) -> float:
        weight = self.training.adversarial_weight
        return weight * (self.training.feature_weight if kind == "features" else 1)

    def _augmentation(self, step: Step) -> Augment:
        if not self.training.augment:
            return lambda unchanged: unchanged
        pictures = next(iter(step.batch.values()))
        return draw_augmentation(self.training.crop, pictures.device)
