"""How paired translators are trained: in the partner's palette, and in any other."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses, metrics
from ganedit.data.augment import Augment, draw_augmentation, draw_look
from ganedit.data.pictures import Part
from ganedit.nets.critics import FeatureCritic, PatchCritic
from ganedit.nets.vgg import CHANNELS, VGG19Features
from ganedit.tasks.translate.options import TranslateTraining
from ganedit.tasks.translate.paired.data import PairedBatches
from ganedit.tasks.translate.paired.network import PairedGenerator
from ganedit.training.task import (
    GENERATOR,
    Batch,
    Fakes,
    HeldOutScores,
    Losses,
    Networks,
    Phase,
    Step,
    by_layer,
    layers_of,
    scored_batches,
)

# Where pictures are compared with their partners, and where the critics of features look.
LAYERS = ("relu1_2", "relu2_2", "relu3_4", "relu4_4", "relu5_4")
FIRST_JUDGED = 1
# VGG19 looks at crops so much reduced, by chance: most of a step's time is its.
SMALLEST_LOOK, LARGEST_LOOK = 0.5, 0.85
# The conditional critics, by how often what they see is halved.
SCALES = {"patches": 0, "patches_half": 1}
CRITIC_WIDTH = 32
SAMPLES = 3


class PairedTask:
    """pix2pix (Isola et al. 2017) with a palette for what the input leaves open.

    The first half of a batch gets the palettes of the partners, and has to equal them; the rest
    gets palettes at random, as BicycleGAN's codes (Zhu et al. 2017). All have to have the palettes
    that they were given, and to convince critics that see input and picture together, at two
    scales, and critics of VGG19's features.
    """

    name = "translate"
    pool = 0

    def __init__(self, training: TranslateTraining) -> None:
        self.training, self.pairing = training, training.pairing
        self.options_of_network = training.pairing.paired_network
        needed = self.pairing.perceptual_weight or training.feature_weight
        self.vgg = VGG19Features(training.vgg, LAYERS) if needed else None

    @property
    def options(self) -> Mapping[str, Any]:
        return self.training.plain()

    @property
    def network(self) -> Mapping[str, Any]:
        return asdict(self.options_of_network)

    def build(self) -> Networks:
        options = self.options_of_network
        classes = len(options.to) if len(options.to) > 1 else 0
        seen = self._given_channels + 3
        critics: dict[str, nn.Module] = {
            name: PatchCritic(seen, CRITIC_WIDTH, classes=classes) for name in SCALES
        }
        if self.training.feature_weight:
            channels = [CHANNELS[layer] for layer in LAYERS[FIRST_JUDGED:]]
            critics["features"] = FeatureCritic(channels, classes=classes)
        frozen = {} if self.vgg is None else {"vgg": self.vgg}
        return Networks({GENERATOR: PairedGenerator(options)}, critics, frozen)

    def phases(self, networks: Networks) -> Sequence[Phase]:
        return [
            Phase((GENERATOR,), self.generator_loss),
            Phase(tuple(networks.critics), self.critic_loss),
        ]

    def batches(self, seed: int, held_out: float) -> PairedBatches:
        return PairedBatches(self.training, seed, Part(held_out))

    def held_out(self, share: float) -> Sequence[Batch]:
        batches = PairedBatches(self.training, 0, Part(share, training=False))
        enough = all(len(pairs) for pairs in batches.pairs)
        return scored_batches(batches, self.training.batch) if enough else []

    def generate(self, step: Step) -> Fakes:
        """`picture` `(N, 3, S, S)` and the `palettes` it was made with; what VGG19 sees in some of
        the pictures, and in their partners."""
        batch, generator = step.batch, _generator(step)
        noise = torch.randn(len(batch["label"]), generator.palette_size).to(batch["label"].device)
        palettes = torch.zeros_like(noise)
        if generator.palette is not None:
            with torch.no_grad():
                # All are read, whichever are used: what is drawn at random is to be like them.
                read, drawn = generator.palette(batch["picture"]), generator.palette.draw(noise)
            palettes = torch.cat([read[: self._read], drawn[self._read :]])
        picture = generator(batch["input"], batch["label"], palettes)
        return {"picture": picture, "palettes": palettes, **self._looked_at(step, picture)}

    def generator_loss(self, step: Step) -> Losses:
        options, batch, fakes = self.pairing, step.batch, step.fakes
        read, fake, real = slice(self._read), fakes["picture"], batch["picture"]
        result = {
            "l1": options.l1_weight * losses.opponent_distance(fake[read], real[read]).mean(),
            "lines": options.line_weight * losses.edge_distance(fake, real),
        }
        result |= self._verdict(step, fake)
        seen, wanted = layers_of(fakes, "seen"), layers_of(fakes, "wanted")
        if seen and options.perceptual_weight:
            compared = slice(self._compared)
            distance = losses.perceptual([x[compared] for x in seen], [x[compared] for x in wanted])
            result["perceptual"] = options.perceptual_weight * distance
        if seen and self.training.feature_weight:
            scores = step.networks["features"](seen[FIRST_JUDGED:], batch["label"][self._looks])
            weight = self.training.adversarial_weight * self.training.feature_weight
            result["features"] = weight * losses.generator_loss("hinge", scores)
        if self.options_of_network.hints:
            result["hints"] = options.hint_weight * _hint_distance(fake, batch["input"])
        palette = _generator(step).palette
        if palette is not None:
            apart = F.l1_loss(palette.read(fake), fakes["palettes"])
            result["palette"] = options.palette_weight * apart
        return result

    def critic_loss(self, step: Step) -> Losses:
        batch, fakes = step.batch, step.fakes
        augment = self._augmentation(step)
        result: Losses = {}
        for name, halved in SCALES.items():
            critic = step.networks[name]
            real, fake = (
                critic(_halved(augment(self._together(step, x)), halved), batch["label"])
                for x in (batch["picture"], fakes["picture"])
            )
            result[f"critic_{name}"] = losses.critic_loss("hinge", real, fake)
        if self.training.feature_weight:
            critic, labels = step.networks["features"], batch["label"][self._looks]
            real, fake = (
                critic(layers_of(fakes, name)[FIRST_JUDGED:], labels) for name in ("wanted", "seen")
            )
            result["critic_features"] = losses.critic_loss("hinge", real, fake)
        return result

    def score(self, steps: Sequence[Step]) -> HeldOutScores:
        """L1 and PD to partners whose palettes were read; kernel distance of results of any
        palette, which decides. Without VGG19 L1 decides."""
        read = slice(self._read)
        apart = [
            F.l1_loss(step.fakes["picture"][read], step.batch["picture"][read]) for step in steps
        ]
        values = {"L1": float(torch.stack(apart).mean())}
        if self.vgg is None:
            return HeldOutScores(values, -values["L1"])
        wanted = [self.vgg(step.batch["picture"]) for step in steps]
        after = [self.vgg(step.fakes["picture"].clamp(0, 1)) for step in steps]
        compared = [
            losses.perceptual([x[read] for x in seen], [x[read] for x in others])
            for seen, others in zip(after, wanted, strict=True)
        ]
        ours, theirs = (
            torch.cat([seen[-1].float().mean((2, 3)) for seen in each]) for each in (after, wanted)
        )
        distance = metrics.kernel_distance(ours, theirs)
        values |= {"PD": float(torch.stack(compared).mean()), "kernel distance": distance}
        return HeldOutScores(values, -distance)

    def sample(self, step: Step) -> list[Tensor]:
        """Input, partner, the result of the palettes of the batch, and of some at random."""
        batch, generator = step.batch, _generator(step)
        columns = [_shown(batch["input"], self._given_channels), batch["picture"]]
        columns.append(step.fakes["picture"].clamp(0, 1))
        for _ in range(SAMPLES if generator.palette is not None else 0):
            assert generator.palette is not None
            drawn = generator.palette.draw(torch.randn_like(step.fakes["palettes"]))
            columns.append(generator(batch["input"], batch["label"], drawn).clamp(0, 1))
        return columns

    @property
    def _given_channels(self) -> int:
        """Of an input, those that are no hints."""
        return self.options_of_network.channels - 4 * self.options_of_network.hints

    @property
    def _read(self) -> int:
        """How many of a batch have the palettes of their partners."""
        batch = self.training.batch
        return -(-batch // 2) if self.options_of_network.palette else batch

    @property
    def _compared(self) -> int:
        """How many of those VGG19 looks at."""
        return min(self._read, -(-min(self.pairing.looks, self.training.batch) // 2))

    @property
    def _looks(self) -> list[int]:
        """Which of a batch VGG19 looks at: of both halves."""
        more = min(self.pairing.looks, self.training.batch) - self._compared
        return [*range(self._compared), *range(self._read, self._read + more)]

    def _looked_at(self, step: Step, picture: Tensor) -> Fakes:
        if self.vgg is None:
            return {}
        look = draw_look(self.training.crop, SMALLEST_LOOK, LARGEST_LOOK)
        seen = self.vgg(look(picture[self._looks]))
        with torch.no_grad():
            wanted = self.vgg(look(step.batch["picture"][self._looks]))
        return by_layer("seen", seen) | by_layer("wanted", wanted)

    def _verdict(self, step: Step, fake: Tensor) -> Losses:
        """What the conditional critics say, and how far their activations are from the partners'"""
        augment, labels = self._augmentation(step), step.batch["label"]
        scores, apart = [], []
        read = slice(self._read)
        for name, halved in SCALES.items():
            critic = step.networks[name]
            assert isinstance(critic, PatchCritic)
            found = critic.activations(_halved(augment(self._together(step, fake)), halved))
            scores.append(losses.generator_loss("hinge", critic.verdict(found, labels)))
            with torch.no_grad():
                real = self._together(step, step.batch["picture"])[read]
                wanted = critic.activations(_halved(augment(real), halved))
            apart.append(losses.feature_matching([x[read] for x in found[:-1]], wanted[:-1]))
        return {
            "patches": self.training.adversarial_weight * torch.stack(scores).mean(),
            "matching": self.pairing.matching_weight * torch.stack(apart).mean(),
        }

    def _together(self, step: Step, pictures: Tensor) -> Tensor:
        """Inputs and pictures on top of one another, as the conditional critics see them."""
        return torch.cat([step.batch["input"][:, : self._given_channels], pictures], dim=1)

    def _augmentation(self, step: Step) -> Augment:
        if not self.training.augment:
            return lambda unchanged: unchanged
        return draw_augmentation(self.training.crop, step.batch["picture"].device)


def _generator(step: Step) -> PairedGenerator:
    generator = step.networks[GENERATOR]
    assert isinstance(generator, PairedGenerator)
    return generator


def _halved(pictures: Tensor, times: int) -> Tensor:
    return F.avg_pool2d(pictures, 2**times) if times else pictures


def _hint_distance(pictures: Tensor, inputs: Tensor) -> Tensor:
    """L1 distance of pictures to the strokes of colour of their inputs, below those."""
    colors, places = inputs[:, -4:-1], inputs[:, -1:]
    return (losses.opponent_distance(pictures, colors) * places).sum() / (places.sum() + 1)


def _shown(inputs: Tensor, given: int) -> Tensor:
    """Inputs as pictures: ink black on white, strokes of colour over it."""
    picture = 1 - inputs[:, :1].expand(-1, 3, -1, -1) if given == 1 else inputs[:, :3]
    if inputs.shape[1] > given:
        picture = torch.where(inputs[:, -1:] > 0, inputs[:, -4:-1], picture)
    return picture
