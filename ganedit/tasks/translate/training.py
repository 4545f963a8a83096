"""How translators are trained: two generators, two critics, and the way there and back."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses
from ganedit.data.augment import Augment, draw_augmentation, draw_look
from ganedit.nets.critics import FeatureCritic, PatchCritic
from ganedit.nets.vgg import CHANNELS, VGG19Features
from ganedit.tasks.translate.data import TranslateBatches
from ganedit.tasks.translate.grain import grained
from ganedit.tasks.translate.network import Translator
from ganedit.tasks.translate.options import TranslateTraining
from ganedit.training.task import Batch, Losses, Pair

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

    def to(self, device: torch.device) -> Self:
        if self.vgg is not None:
            self.vgg.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self

    def build(self) -> Pair:
        critics: dict[str, nn.Module] = {
            f"{name}_patches": PatchCritic() for name in self.to_domains
        }
        if self.training.feature_weight:
            channels = [CHANNELS[layer] for layer in LAYERS]
            critics |= {f"{name}_features": FeatureCritic(channels) for name in self.to_domains}
        return Pair(Translator(self.training.network), nn.ModuleDict(critics))

    def batches(self, seed: int) -> TranslateBatches:
        return TranslateBatches(self.training, seed)

    def generate(self, pair: Pair, batch: Batch) -> Tensor:
        """`(N, 3 or 6, H, W)`: what the pictures become in each domain that is led to."""
        fakes = [self._paint(pair, batch[self._other(name)], name) for name in self.to_domains]
        return torch.cat(fakes, dim=1)

    def generator_loss(self, pair: Pair, batch: Batch, fakes: Tensor) -> Losses:
        options = self.training
        made = self._by_domain(fakes)
        augment = self._augmentation(fakes)
        result: dict[str, Tensor] = defaultdict(lambda: fakes.new_zeros(()))
        look = draw_look(fakes.shape[-1])
        for name, fake in made.items():
            seen = None if self.vgg is None else self.vgg(look(fake))
            for kind, scores in self._scores(pair, name, augment(fake), seen).items():
                verdict = losses.generator_loss("least-squares", scores)
                result[kind] += self._weight_of(kind) * verdict
            real, source = batch[name], batch[self._other(name)]
            if options.identity_weight:
                same = F.l1_loss(self._paint(pair, real, name), real)
                result["identity"] += options.identity_weight * same
            if not options.one_sided:
                there_and_back = self._paint(pair, fake, self._other(name))
                result["cycle"] += options.cycle_weight * F.l1_loss(there_and_back, source)
            elif self.vgg is not None and seen is not None:
                with torch.no_grad():
                    wanted = self.vgg(look(source))
                contrast = losses.patch_contrast(seen, wanted)
                result["contrast"] += options.contrast_weight * contrast
        return dict(result)

    def critic_loss(self, pair: Pair, batch: Batch, fakes: Tensor, step: int) -> Losses:
        options, augment = self.training, self._augmentation(fakes)
        result: Losses = {}
        for name, fake in self._by_domain(fakes).items():
            real, look = batch[name], draw_look(fakes.shape[-1])
            vgg = self.vgg if options.feature_weight else None
            seen = [None if vgg is None else vgg(look(x)) for x in (real, fake)]
            real, fake = augment(real), augment(fake)
            theirs = self._scores(pair, name, fake, seen[1])
            for kind, scores in self._scores(pair, name, real, seen[0]).items():
                loss = losses.critic_loss("least-squares", scores, theirs[kind])
                result[f"critic_{name}_{kind}"] = loss
            if options.penalty_weight and step % options.penalty_every == 0:
                critic = self._critics(pair)[f"{name}_patches"]
                penalty = losses.gradient_norm_penalty(critic, real)
                result[f"penalty_{name}"] = options.penalty_weight * options.penalty_every * penalty
        return result

    def sample(self, pair: Pair, batch: Batch, fakes: Tensor) -> list[Tensor]:
        columns: list[Tensor] = []
        for name, fake in self._by_domain(fakes).items():
            columns += [batch[self._other(name)], fake]
        return columns

    def _other(self, name: str) -> str:
        first, second = self.training.network.names
        return second if name == first else first

    def _paint(self, pair: Pair, pictures: Tensor, name: str) -> Tensor:
        result: Tensor = pair.generator(grained(pictures, self.training.network.grain), name)
        return result

    def _by_domain(self, fakes: Tensor) -> dict[str, Tensor]:
        """What `generate` made, taken apart."""
        return dict(zip(self.to_domains, fakes.chunk(len(self.to_domains), dim=1), strict=True))

    def _critics(self, pair: Pair) -> nn.ModuleDict:
        assert isinstance(pair.critic, nn.ModuleDict)
        return pair.critic

    def _scores(
        self, pair: Pair, name: str, pictures: Tensor, seen: list[Tensor] | None
    ) -> dict[str, Tensor]:
        """What the critics of a domain say of pictures, and of what VGG19 sees in them."""
        critics = self._critics(pair)
        result = {"patches": critics[f"{name}_patches"](pictures)}
        if seen is not None and self.training.feature_weight:
            result["features"] = critics[f"{name}_features"](seen)
        return result

    def _weight_of(self, kind: str) -> float:
        weight = self.training.adversarial_weight
        return weight * (self.training.feature_weight if kind == "features" else 1)

    def _augmentation(self, pictures: Tensor) -> Augment:
        if not self.training.augment:
            return lambda unchanged: unchanged
        return draw_augmentation(pictures.shape[-1], pictures.device)
