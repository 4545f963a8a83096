"""How translators are trained: two generators, two critics, and the way there and back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses
from ganedit.data.augment import Augment, draw_augmentation
from ganedit.nets.critics import FeatureCritic, PatchCritic
from ganedit.nets.vgg import CHANNELS, VGG19Features
from ganedit.task import Batch, Losses, Pair
from ganedit.tasks.translate.data import TranslateBatches
from ganedit.tasks.translate.network import Translator
from ganedit.tasks.translate.options import TranslateTraining

# What the critics of features look at: strokes, things made of them, and scenes.
LAYERS = ("relu2_2", "relu3_4", "relu4_4")


class TranslateTask:
    """CycleGAN (Zhu et al. 2017) with a second pair of critics that look at VGG19's features."""

    name = "translate"

    def __init__(self, training: TranslateTraining) -> None:
        self.training = training
        self.names = training.network.names
        self.pool = training.pool
        self.vgg = VGG19Features(training.vgg, LAYERS) if training.feature_weight else None

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
        critics: dict[str, nn.Module] = {f"{name}_patches": PatchCritic() for name in self.names}
        if self.vgg is not None:
            channels = [CHANNELS[layer] for layer in LAYERS]
            critics |= {f"{name}_features": FeatureCritic(channels) for name in self.names}
        return Pair(Translator(self.training.network), nn.ModuleDict(critics))

    def batches(self, seed: int) -> TranslateBatches:
        return TranslateBatches(self.training, seed)

    def generate(self, pair: Pair, batch: Batch) -> Tensor:
        """`(N, 6, H, W)`: what each picture of a becomes in b, and of b in a."""
        first, second = self.names
        fakes = pair.generator(batch["a"], second), pair.generator(batch["b"], first)
        return torch.cat(fakes, dim=1)

    def generator_loss(self, pair: Pair, batch: Batch, fakes: Tensor) -> Losses:
        options, (first, second) = self.training, self.names
        a, b, (fake_b, fake_a) = batch["a"], batch["b"], fakes.chunk(2, dim=1)
        augment = self._augmentation(a)
        result: Losses = {}
        for name, fake in ((second, fake_b), (first, fake_a)):
            for kind, scores in self._scores(pair, name, augment(fake)).items():
                verdict = losses.generator_loss("least-squares", scores)
                verdict = verdict * self._weight_of(kind)
                result[kind] = result[kind] + verdict if kind in result else verdict
        cycle = F.l1_loss(pair.generator(fake_b, first), a)
        cycle = cycle + F.l1_loss(pair.generator(fake_a, second), b)
        result["cycle"] = options.cycle_weight * cycle
        if options.identity_weight:
            same = F.l1_loss(pair.generator(b, second), b) + F.l1_loss(pair.generator(a, first), a)
            result["identity"] = options.identity_weight * same
        return result

    def critic_loss(self, pair: Pair, batch: Batch, fakes: Tensor, step: int) -> Losses:
        options, (first, second) = self.training, self.names
        fake_b, fake_a = fakes.chunk(2, dim=1)
        augment = self._augmentation(fakes)
        result: Losses = {}
        for name, real, fake in ((first, batch["a"], fake_a), (second, batch["b"], fake_b)):
            real, fake = augment(real), augment(fake)
            scores = self._scores(pair, name, real), self._scores(pair, name, fake)
            for kind in scores[0]:
                loss = losses.critic_loss("least-squares", scores[0][kind], scores[1][kind])
                result[f"critic_{name}_{kind}"] = loss
            if options.penalty_weight and step % options.penalty_every == 0:
                critic = self._critics(pair)[f"{name}_patches"]
                penalty = losses.gradient_norm_penalty(critic, real)
                result[f"penalty_{name}"] = options.penalty_weight * options.penalty_every * penalty
        return result

    def sample(self, pair: Pair, batch: Batch, fakes: Tensor) -> list[Tensor]:
        fake_b, fake_a = fakes.chunk(2, dim=1)
        return [batch["a"], fake_b, batch["b"], fake_a]

    def _critics(self, pair: Pair) -> nn.ModuleDict:
        assert isinstance(pair.critic, nn.ModuleDict)
        return pair.critic

    def _scores(self, pair: Pair, name: str, pictures: Tensor) -> dict[str, Tensor]:
        """What the critics of a domain say, by what they look at."""
        critics = self._critics(pair)
        result = {"patches": critics[f"{name}_patches"](pictures)}
        if self.vgg is not None:
            result["features"] = critics[f"{name}_features"](self.vgg(pictures))
        return result

    def _weight_of(self, kind: str) -> float:
        weight = self.training.adversarial_weight
        return weight * (self.training.feature_weight if kind == "features" else 1)

    def _augmentation(self, pictures: Tensor) -> Augment:
        if not self.training.augment:
            return lambda unchanged: unchanged
        return draw_augmentation(pictures.shape[-1], pictures.device)
