"""How generators are trained: against critics that see what VGG19 sees, and one of pixels."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses, metrics
from ganedit.data.augment import augmented
from ganedit.data.pictures import Part
from ganedit.nets.critics import FeatureCritic, PatchCritic
from ganedit.nets.vgg import CHANNELS, VGG19Features
from ganedit.tasks.generate.data import GenerateBatches, classes_in
from ganedit.tasks.generate.network import Generator
from ganedit.tasks.generate.options import GenerateTraining
from ganedit.training.task import (
    GENERATOR,
    Batch,
    Fakes,
    HeldOutScores,
    Losses,
    Networks,
    Phase,
    Step,
)

# What critics look at: texture, parts, and things as a whole; the last one scores too.
LAYERS = ("relu2_2", "relu3_4", "relu4_4", "relu5_4")
PIXELS = "pixels"
# Channels that each layer's features are mixed down to.
PROJECTED = 128
# Held-out pictures, and drawn ones, that a score is of; a distance of few says little.
SCORED = 256
# From so many on, precision and recall say something.
ENOUGH = 32
# A recall from which on a generator is varied, and to which share of its best it falls where it
# collapses.
VARIED, COLLAPSED = 0.15, 1 / 3
SHEET_COLUMNS = 8


def pooled_features(vgg: VGG19Features, pictures: Tensor) -> Tensor:
    """What pictures `(N, 3, S, S)` are of: the deepest features of them at twice the size.

    Averaged over each picture, `(N, C)`. Enlarged, since things fill too little of what VGG19
    was trained on.
    """
    large = F.interpolate(pictures, scale_factor=2, mode="bilinear", align_corners=False)
    deepest: Tensor = vgg(large)[-1]
    return deepest.float().mean((2, 3))


class Projections(nn.Module):
    """Fixed random mixtures of each layer's channels (Projected GANs, Sauer et al. 2021).

    A critic that may choose among features soon looks at a few that give generated pictures away;
    of mixtures it has to look at all. The same in every run.
    """

    def __init__(self) -> None:
        super().__init__()
        source = torch.Generator().manual_seed(0)
        for layer in LAYERS:
            mixture = torch.randn(PROJECTED, CHANNELS[layer], 1, 1, generator=source)
            self.register_buffer(layer, mixture / CHANNELS[layer] ** 0.5)

    def forward(self, features: Sequence[Tensor]) -> dict[str, Tensor]:
        mixed = zip(LAYERS, features, strict=True)
        return {layer: F.conv2d(seen, self.get_buffer(layer)) for layer, seen in mixed}


class GenerateTask:
    """A style-based generator against projected critics.

    What critics see of generated pictures is computed once a step: the generator's phase comes
    first, and the critics' takes over its pictures, their features with them.
    """

    name, pool = "generate", 0

    def __init__(self, training: GenerateTraining) -> None:
        network = replace(training.network, classes=classes_in(training))
        self.training, self.network_options = training, network
        self.vgg = VGG19Features(training.vgg, LAYERS) if training.feature_weight else None
        self._wanted: Tensor | None = None
        self._best_recall = 0.0

    @property
    def options(self) -> Mapping[str, Any]:
        return {**self.training.plain(), "network": self.network}

    @property
    def network(self) -> Mapping[str, Any]:
        return asdict(self.network_options)

    def build(self) -> Networks:
        critics: dict[str, nn.Module] = {}
        classes = len(self.network_options.classes)
        if self.training.pixel_weight:
            # Each score is of most of the picture.
            layers = 3 if self.network_options.size >= 32 else 2
            critics[PIXELS] = PatchCritic(width=32, layers=layers, classes=classes)
        if self.vgg is None:
            return Networks({GENERATOR: Generator(self.network_options)}, critics)
        critics |= {layer: FeatureCritic([PROJECTED], classes=classes) for layer in LAYERS}
        frozen = {"vgg": self.vgg, "projections": Projections()}
        return Networks({GENERATOR: Generator(self.network_options)}, critics, frozen)

    def phases(self, networks: Networks) -> Sequence[Phase]:
        return [
            Phase((GENERATOR,), self.generator_loss, every=self.training.critic_steps),
            Phase(tuple(networks.critics), self.critic_loss),
        ]

    def batches(self, seed: int, held_out: float) -> GenerateBatches:
        return GenerateBatches(self.training, self.network_options.classes, seed, Part(held_out))

    def held_out(self, share: float) -> Sequence[Batch]:
        part, classes = Part(share, training=False), self.network_options.classes
        batches = GenerateBatches(self.training, classes, 0, part)
        if len(batches) < 2:
            return []
        # No picture twice, as far as they make a batch.
        return [
            batches[number]
            for number in range(max(1, min(len(batches), SCORED) // self.training.batch))
        ]

    def generate(self, step: Step) -> Fakes:
        """Pictures for a batch's classes, as critics see them, by the name of the critic."""
        return self._seen(step, self._drawn(step))

    def generator_loss(self, step: Step) -> Losses:
        options, fakes = self.training, step.fakes
        real: Mapping[str, Tensor] = {}
        if options.adversarial == "relativistic":
            with torch.no_grad():
                real = self._verdicts(step, self._seen(step, step.batch["picture"]))
        return {
            f"generator_{name}": self._weight_of(name)
            * losses.generator_loss(options.adversarial, scores, real.get(name))
            for name, scores in self._verdicts(step, fakes).items()
        }

    def critic_loss(self, step: Step) -> Losses:
        options = self.training
        seen = self._seen(step, step.batch["picture"])
        real, fake = self._verdicts(step, seen), self._verdicts(step, step.fakes)
        result = {
            f"critic_{name}": losses.critic_loss(options.adversarial, real[name], fake[name])
            for name in real
        }
        # Without its penalty a Wasserstein critic is none: it has it in every step.
        every = 1 if options.adversarial == "wasserstein" else options.penalty_every
        if options.penalty_weight and PIXELS in seen and step.due(every):
            penalty = self._penalty(step, seen[PIXELS], step.fakes[PIXELS])
            result["penalty"] = options.penalty_weight * every * penalty
        return result

    def score(self, steps: Sequence[Step]) -> HeldOutScores:
        """Kernel distance to the held-out pictures, which decides; precision and recall.

        Of VGG19's relu5_4, at twice the size; without VGG19 of thumbnails of 8×8 pixels.
        """
        if self._wanted is None:
            self._wanted = torch.cat([self._described(s.batch["picture"]) for s in steps])
        ours = torch.cat([self._described(self._drawn(step).clamp(0, 1)) for step in steps])
        distance = metrics.kernel_distance(ours, self._wanted)
        values = {"kernel distance": distance}
        if len(ours) >= ENOUGH:
            precision, recall = metrics.precision_recall(ours, self._wanted)
            values |= {"precision": precision, "recall": recall}
            self._watch(recall)
        return HeldOutScores(values, -distance)

    def sample(self, step: Step) -> list[Tensor]:
        return [self._drawn(step) for _ in range(SHEET_COLUMNS)]

    def _watch(self, recall: float) -> None:
        """Tell, once, that a generator that drew many kinds of pictures draws few of them now."""
        self._best_recall = max(self._best_recall, recall)
        if self._best_recall > VARIED and recall < self._best_recall * COLLAPSED:
            self._best_recall = 0.0
            warnings.warn(
                f"samples grow alike: recall fell to {recall:.2f}. If it stays there, begin again "
                "from best.safetensors (--start) with a lower --learning-rate, or with more "
                "pictures",
                stacklevel=2,
            )

    def _drawn(self, step: Step) -> Tensor:
        """A picture of the class of each of the batch, `(N, 3, size, size)`."""
        real, labels = step.batch["picture"], step.batch.get("label")
        generator = step.networks[GENERATOR]
        assert isinstance(generator, Generator)
        count, latent = len(real), generator.options.latent
        first, second = (
            generator.codes(torch.randn(count, latent).to(real.device), labels) for _ in range(2)
        )
        noise = [each.to(real.device) for each in generator.draw_noise(count)]
        pictures: Tensor = generator(self._mixed(first, second, generator), noise)
        return pictures.contiguous(memory_format=torch.channels_last)

    def _mixed(self, coarse: Tensor, fine: Tensor, generator: Generator) -> Tensor:
        """Codes for every layer, those of some pictures from two codes while training."""
        layers = torch.arange(generator.layers)
        # Past the last layer nothing is mixed in.
        turn = torch.randint(1, generator.layers, (len(coarse),))
        alone = torch.rand(len(coarse)) >= (self.training.mixing if generator.training else 0)
        turn[alone] = generator.layers
        swapped = (layers >= turn[:, None]).to(coarse.device)
        return torch.where(swapped[:, :, None], fine[:, None], coarse[:, None])

    def _seen(self, step: Step, pictures: Tensor) -> dict[str, Tensor]:
        """Pictures as critics see them: augmented, and VGG19's features of that."""
        if not self.training.no_augmentation:
            pictures = augmented(pictures)
        seen = {PIXELS: pictures} if self.training.pixel_weight else {}
        if self.vgg is not None:
            seen |= step.networks["projections"](self.vgg(pictures))
        return seen

    def _verdicts(self, step: Step, seen: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Scores by the name of the critic."""
        labels = step.batch.get("label")
        return {
            name: step.networks[name](x if name == PIXELS else [x], labels)
            for name, x in seen.items()
        }

    def _weight_of(self, name: str) -> float:
        options = self.training
        return options.pixel_weight if name == PIXELS else options.feature_weight

    def _penalty(self, step: Step, real: Tensor, fake: Tensor) -> Tensor:
        critic = partial(step.networks[PIXELS], labels=step.batch.get("label"))
        match self.training.adversarial:
            case "wasserstein":
                return losses.gradient_penalty(critic, real, fake)
            case "relativistic":
                at_fake = losses.gradient_norm_penalty(critic, fake)
                return losses.gradient_norm_penalty(critic, real) + at_fake
        return losses.gradient_norm_penalty(critic, real)

    def _described(self, pictures: Tensor) -> Tensor:
        """What a picture is of: features `(N, D)`."""
        if self.vgg is None:
            return F.adaptive_avg_pool2d(pictures, 8).flatten(1)
        return pooled_features(self.vgg, pictures)
