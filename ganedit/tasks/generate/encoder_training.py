"""How encoders are trained: on drawn pictures, whose codes are known, and on real ones."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses, metrics
from ganedit.data.pictures import Folder, Part
from ganedit.nets.vgg import VGG19Features
from ganedit.tasks.generate.architectures import load_generator
from ganedit.tasks.generate.data import GenerateBatches
from ganedit.tasks.generate.encoder import Encoder, unexplained
from ganedit.tasks.generate.invert_options import EncoderOptions, EncoderTraining
from ganedit.tasks.generate.kinds import KindBatches, roughly
from ganedit.tasks.generate.models import find_model
from ganedit.tasks.generate.network import Generator
from ganedit.tasks.generate.training_options import GenerateTraining
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

DRAWING = "drawing"
LAYERS = ("relu1_2", "relu2_2", "relu3_4", "relu4_4")
# Held-out pictures that scores are of.
SCORED = 64


class EncoderTask:
    """An encoder for one generator, which stays as it is.

    Of drawn pictures it learns the codes, and of real ones to have them drawn again. What it
    leaves under the name of a generator is the encoder.
    """

    name, pool = "invert", 0

    def __init__(self, training: EncoderTraining) -> None:
        self.training = training
        self.model = find_model(training.model, training.weights)
        self.drawing = load_generator(self.model)
        self.vgg = VGG19Features(training.vgg, LAYERS) if training.perceptual_weight else None
        self.pictures = GenerateTraining(
            data=training.data, window=training.window, batch=training.batch,
            network=self.model.network, feature_weight=0.0, no_mirror=training.no_mirror,
        )  # fmt: skip

    @property
    def options(self) -> Mapping[str, Any]:
        return {**self.training.plain(), "sha256": self.model.sha256}

    @property
    def encoder_options(self) -> EncoderOptions:
        """What builds the encoder."""
        network = self.model.network
        return EncoderOptions(
            self.training.width, network.size, self.drawing.layers, network.latent,
            self.model.fingerprint, self.training.kind_weight > 0,
        )  # fmt: skip

    @property
    def network(self) -> Mapping[str, Any]:
        return asdict(self.encoder_options)

    def build(self) -> Networks:
        frozen: dict[str, nn.Module] = {DRAWING: self.drawing}
        if self.vgg is not None:
            frozen["vgg"] = self.vgg
        return Networks({GENERATOR: Encoder(self.encoder_options)}, frozen=frozen)

    def phases(self, networks: Networks) -> Sequence[Phase]:
        return [Phase((GENERATOR,), self.loss)]

    def batches(self, seed: int, held_out: float) -> KindBatches:
        return self._batches(seed, Part(held_out))

    def held_out(self, share: float) -> Sequence[Batch]:
        batches = self._batches(0, Part(share, training=False))
        count = max(1, min(len(batches), SCORED) // self.training.batch)
        return [batches[number] for number in range(count)] if len(batches) else []

    def generate(self, step: Step) -> Fakes:
        """Real pictures drawn again from the codes that the encoder finds."""
        return {"again": self._draw(step, self._codes(step, step.batch["picture"]))}

    def loss(self, step: Step) -> Losses:
        options, generator, real = self.training, self._generator(step), step.batch["picture"]
        with torch.no_grad():
            wanted = self._random_codes(len(real), generator, real.device)
            drawn = self._draw(step, wanted).clamp(0, 1)
        found = self._codes(step, drawn)
        again = step.fakes["again"]
        spread = (wanted - self._center(generator)).square().mean()
        result = {
            "codes": options.code_weight * F.mse_loss(found, wanted) / spread,
            "pixels": options.pixel_weight * F.l1_loss(again, real),
        }
        if self.vgg is not None:
            seen = losses.perceptual(self.vgg(again), self.vgg(real))
            result["perceptual"] = options.perceptual_weight * seen
        if options.kind_weight:
            pictures, kinds = _both(torch.cat([real, drawn]), step.batch["other"])
            logits = self._encoder(step).is_kind(roughly(pictures))
            missed = F.binary_cross_entropy_with_logits(logits, kinds)
            result["kind"] = options.kind_weight * missed
        return result

    def score(self, steps: Sequence[Step]) -> HeldOutScores:
        """How much of held-out pictures is drawn again, which decides; how many kinds are told."""
        pairs = [(step.fakes["again"].clamp(0, 1), step.batch["picture"]) for step in steps]
        again, real = (torch.cat(each) for each in zip(*pairs, strict=True))
        errors = unexplained(again, real)
        values = {
            "unexplained": float(errors.mean()),
            "PSNR": metrics.psnr(again, real, peak=1),
        }
        if self.vgg is not None:
            seen = [losses.perceptual(self.vgg(one), self.vgg(other)) for one, other in pairs]
            values["PD"] = float(torch.stack(seen).mean())
        if self.training.kind_weight:
            both = (_both(step.batch["picture"], step.batch["other"]) for step in steps)
            told = [
                (self._encoder(steps[0]).is_kind(seen) > 0) == (kinds > 0) for seen, kinds in both
            ]
            values["kinds told"] = float(torch.cat(told).float().mean())
        return HeldOutScores(values, -values.get("PD", values["unexplained"]))

    def sample(self, step: Step) -> list[Tensor]:
        return [step.batch["picture"], step.fakes["again"].clamp(0, 1)]

    def _batches(self, seed: int, part: Part) -> KindBatches:
        pictures = GenerateBatches(self.pictures, (), seed, part)
        return KindBatches(pictures, [Folder.parse(text) for text in self.training.others], seed)

    def _encoder(self, step: Step) -> Encoder:
        encoder = step.networks[GENERATOR]
        assert isinstance(encoder, Encoder)
        return encoder

    def _generator(self, step: Step) -> Generator:
        generator = step.networks[DRAWING]
        assert isinstance(generator, Generator)
        return generator

    def _center(self, generator: Generator) -> Tensor:
        return generator.mean.mean(dim=0)

    def _codes(self, step: Step, pictures: Tensor) -> Tensor:
        found: Tensor = step.networks[GENERATOR](pictures)
        return found.float() + self._center(self._generator(step))

    def _random_codes(self, count: int, generator: Generator, device: torch.device) -> Tensor:
        """Codes `(N, layers, latent)`: of half of the pictures, two mixed at some layer."""
        classes = len(generator.options.classes)
        labels = torch.randint(classes, (count,)).to(device) if classes else None
        coarse, fine = (
            generator.spread(
                generator.codes(torch.randn(count, generator.options.latent).to(device), labels)
            )
            for _ in range(2)
        )
        turn = torch.randint(1, 2 * generator.layers, (count, 1)).to(device)
        swapped = torch.arange(generator.layers, device=device) >= turn
        return torch.where(swapped[:, :, None], fine, coarse)

    def _draw(self, step: Step, codes: Tensor) -> Tensor:
        generator = self._generator(step)
        noise = [each.to(codes.device) for each in generator.draw_noise(len(codes))]
        pictures: Tensor = generator(codes, noise)
        return pictures.contiguous(memory_format=torch.channels_last)


def _both(own: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures of the generator's kind and others, `(N, 3, S, S)`, and which is which, `(N,)`."""
    kinds = torch.cat([torch.ones(len(own)), torch.zeros(len(other))])
    return torch.cat([own, other]), kinds.to(own)
