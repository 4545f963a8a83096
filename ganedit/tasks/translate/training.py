"""How translators are trained: two generators, two critics, and the way there and back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses
from ganedit.data.augment import Augment, draw_augmentation
from ganedit.nets.critics import PatchCritic
from ganedit.task import Batch, Losses, Pair
from ganedit.tasks.translate.data import TranslateBatches
from ganedit.tasks.translate.network import Translator
from ganedit.tasks.translate.options import TranslateTraining


class TranslateTask:
    """CycleGAN (Zhu et al. 2017): least squares, cycle and identity losses."""

    name = "translate"

    def __init__(self, training: TranslateTraining) -> None:
        self.training = training
        self.names = training.network.names
        self.pool = training.pool

    @property
    def options(self) -> Mapping[str, Any]:
        return self.training.plain()

    @property
    def network(self) -> Mapping[str, Any]:
        return asdict(self.training.network)

    def to(self, device: torch.device) -> Self:
        return self

    def build(self) -> Pair:
        critics = nn.ModuleDict({name: PatchCritic() for name in self.names})
        return Pair(Translator(self.training.network), critics)

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
        critics: Any = pair.critic
        augment = self._augmentation(a)
        verdicts = [
            losses.generator_loss("least-squares", critics[name](augment(fake)))
            for name, fake in ((second, fake_b), (first, fake_a))
        ]
        cycle = F.l1_loss(pair.generator(fake_b, first), a)
        cycle = cycle + F.l1_loss(pair.generator(fake_a, second), b)
        result = {
            "adversarial": options.adversarial_weight * torch.stack(verdicts).sum(),
            "cycle": options.cycle_weight * cycle,
        }
        if options.identity_weight:
            same = F.l1_loss(pair.generator(b, second), b) + F.l1_loss(pair.generator(a, first), a)
            result["identity"] = options.identity_weight * same
        return result

    def critic_loss(self, pair: Pair, batch: Batch, fakes: Tensor, step: int) -> Losses:
        options, (first, second) = self.training, self.names
        critics: Any = pair.critic
        fake_b, fake_a = fakes.chunk(2, dim=1)
        augment = self._augmentation(fakes)
        result: Losses = {}
        for name, real, fake in ((first, batch["a"], fake_a), (second, batch["b"], fake_b)):
            critic, real, fake = critics[name], augment(real), augment(fake)
            loss = losses.critic_loss("least-squares", critic(real), critic(fake))
            result[f"critic_{name}"] = loss
            if options.penalty_weight and step % options.penalty_every == 0:
                penalty = losses.gradient_norm_penalty(critic, real)
                result[f"penalty_{name}"] = options.penalty_weight * options.penalty_every * penalty
        return result

    def sample(self, pair: Pair, batch: Batch, fakes: Tensor) -> list[Tensor]:
        fake_b, fake_a = fakes.chunk(2, dim=1)
        return [batch["a"], fake_b, batch["b"], fake_a]

    def _augmentation(self, pictures: Tensor) -> Augment:
        if not self.training.augment:
            return lambda unchanged: unchanged
        return draw_augmentation(pictures.shape[-1], pictures.device)
