"""How generators are trained: against critics that see what VGG19 sees, and one of pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses
from ganedit.data.pictures import EVERYTHING, Folder, Part
from ganedit.nets import backbone
from ganedit.nets.vgg import VGG19Features
from ganedit.tasks.generate.architectures import new_generator
from ganedit.tasks.generate.data import GenerateBatches, classes_in
from ganedit.tasks.generate.growth import Stage, resized, shrunk, stage_at
from ganedit.tasks.generate.judging import PIXELS, Jury
from ganedit.tasks.generate.matching import Matching
from ganedit.tasks.generate.mixing import mixed, noise_pair
from ganedit.tasks.generate.network import Generator, ShallowMapping
from ganedit.tasks.generate.recognising import Recogniser
from ganedit.tasks.generate.reconstruction import drawn_again, missed, noise_to_draw_again
from ganedit.tasks.generate.regularizers import PATH_EVERY, PathLength, half
from ganedit.tasks.generate.scoring import Scores
from ganedit.tasks.generate.teaching import Teacher
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

READER, PATHS = "reader", "paths"
# Held-out pictures, and drawn ones, that a score is of; a distance of few says little.
SCORED = 256
SHEET_COLUMNS = 8


class GenerateTask:
    """A generator against a jury of critics, and perhaps beside a reader of codes or classes.

    What critics see of generated pictures is computed once a step: the generator's phase comes
    first, and the critics' takes over its pictures, their features with them.
    """

    name, pool = "generate", 0

    def __init__(self, training: GenerateTraining) -> None:
        for folder in training.data:  # one that is missing is told before VGG19 is fetched
            Folder.parse(folder)
        network = replace(training.network, classes=classes_in(training))
        self.training, self.network_options = training, network
        other = self._of_timm()  # a name that is none is told before VGG19 is fetched
        layers = tuple(backbone.VGG_SCALES)
        self.vgg = VGG19Features(training.vgg, layers) if training.feature_weight else None
        self.read_classes = training.conditioning == "auxiliary" and len(network.classes) > 0
        known = 0 if self.read_classes else len(network.classes)
        seeing = other or (None if self.vgg is None else backbone.of_vgg19(self.vgg))
        self.jury = Jury(training, known, seeing)
        self.teacher = None if training.teacher is None else Teacher(training.teacher, network)
        self._matching = Matching()
        self._scores = Scores(self.vgg)
        self._real: tuple[Batch, Mapping[str, Tensor]] | None = None
        self._part = EVERYTHING

    @property
    def options(self) -> Mapping[str, Any]:
        return {**self.training.plain(), "network": self.network}

    @property
    def network(self) -> Mapping[str, Any]:
        return asdict(self.network_options)

    def build(self) -> Networks:
        options = self.network_options
        generator, critics = new_generator(options), self.jury.build()
        if self.teacher is not None:
            assert isinstance(generator.mapping, ShallowMapping)
            generator.mapping.become(*self.teacher.mapping)
        if self.read_classes or generator.dials:
            classes = len(options.classes) if self.read_classes else 0
            critics[READER] = Recogniser(options.size, classes, generator.dials)
        if self.training.path_weight:
            critics[PATHS] = PathLength()
        return Networks({GENERATOR: generator}, critics, self.jury.frozen())

    def phases(self, networks: Networks) -> Sequence[Phase]:
        drawing = Phase((GENERATOR,), self.generator_loss, every=self.training.critic_steps)
        if not self.jury.judges:
            return [drawing]
        judging = [*self.jury.names, *([READER] if READER in networks.critics else [])]
        return [
            drawing,
            Phase(tuple(judging), self.critic_loss),
        ]

    def batches(self, seed: int, held_out: float) -> GenerateBatches:
        self._part = Part(held_out)
        classes = self.network_options.classes
        batches = GenerateBatches(self.training, classes, seed, self._part, self.teacher)
        batches.warn_of_few()
        if self.training.reconstruction_weight and self.teacher is None:
            batches.pair(self.network_options.latent)
        return batches

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
        """Pictures for a batch's classes as critics see them, by the name of the critic.

        For a reader also `picture` itself, and of its dials `values` `(N, D)`. Where pictures
        are drawn again, they are the last half: of the batch's own, or of a teacher's.
        """
        found = None
        if self.training.reconstruction_weight:
            found = noise_to_draw_again(step.batch, self.jury.judges)
        pictures, noise = self._drawn(step, found)
        fakes = self.jury.seen(step, pictures)
        if READER in step.networks.critics:
            fakes["picture"] = pictures
            fakes["values"] = self._values(step, noise)
        return fakes

    def generator_loss(self, step: Step) -> Losses:
        options, fakes, stage = self.training, step.fakes, self._stage(step)
        real: Mapping[str, Tensor] = {}
        result: Losses = {}
        if options.adversarial == "relativistic":
            with torch.no_grad():
                real = self.jury.verdicts(step, self._seen_real(step), stage)
        if options.adversarial != "none":
            result = {
                f"generator_{name}": self.jury.weigh(name)
                * losses.generator_loss(options.adversarial, scores, real.get(name))
                for name, scores in self.jury.verdicts(step, fakes, stage).items()
            }
        if "picture" in fakes:
            told = self._read(step, fakes["picture"], fakes["values"], classes=True)
            weight = options.information_weight
            result |= {f"generator_{name}": weight * missed for name, missed in told.items()}
        if options.reconstruction_weight:
            result["reconstruction"] = options.reconstruction_weight * self._unlike(step, fakes)
        if options.matching_weight and self.jury.scales and self.jury.judges:
            result["matching"] = options.matching_weight * self._unlike_as_a_set(step, fakes)
        if options.path_weight and step.due(PATH_EVERY * options.critic_steps):
            result["paths"] = options.path_weight * PATH_EVERY * self._path_length(step)
        return result

    def critic_loss(self, step: Step) -> Losses:
        fakes = step.fakes
        result = self.jury.loss(step, self._seen_real(step), fakes, self._stage(step))
        if "picture" in fakes:
            # Classes are learned from real pictures, which are what they are called.
            result |= self._read(step, fakes["picture"], fakes["values"], classes=False)
            if self.read_classes:
                real = step.batch["picture"]
                result |= self._read(step, real, fakes["values"], classes=True, dials=False)
        return result

    def score(self, steps: Sequence[Step]) -> HeldOutScores:
        drawn = [self._whole(step) for step in steps]
        return self._scores(drawn, [step.batch["picture"] for step in steps])

    def sample(self, step: Step) -> list[Tensor]:
        return [self._whole(step) for _ in range(SHEET_COLUMNS)]

    def _of_timm(self) -> backbone.Backbone | None:
        """What feature critics see with, where it is not VGG19."""
        training = self.training
        if not training.feature_weight:
            return None
        return backbone.other_than_vgg19(training.backbone, training.backbone_file)

    def _stage(self, step: Step) -> Stage:
        size = self.network_options.size
        return stage_at(step.done, size) if self.training.progressive else Stage(size)

    def _seen_real(self, step: Step) -> Mapping[str, Tensor]:
        """The batch as critics see it, which is looked at once for all phases of a step."""
        if self._real is None or self._real[0] is not step.batch:
            with torch.no_grad():
                pictures = shrunk(step.batch["picture"], self._stage(step))
                self._real = step.batch, self.jury.seen(step, pictures)
        return self._real[1]

    def _unlike(self, step: Step, fakes: Fakes) -> Tensor:
        """How unlike pictures drawn again, which come last, are."""
        batch = step.batch["picture"]
        if "taught" in step.batch:
            taught = step.batch["taught"]
            # In the places of a batch, since each of them is augmented by a draw of its own.
            pictures = torch.cat([batch[: len(batch) - len(taught)], taught])
            with torch.no_grad():
                shown = shrunk(pictures, self._stage(step))
                real = self.jury.seen(step, shown, len(taught))
        else:
            count = drawn_again(len(batch), self.jury.judges)
            real = {n: each[-count:] for n, each in self._seen_real(step).items()}
        again = {name: fakes[name][-len(real[name]) :] for name in self.jury.names}
        return missed(again, real, PIXELS)

    def _unlike_as_a_set(self, step: Step, fakes: Fakes) -> Tensor:
        """How unlike drawn pictures are to real ones, by features and as they are."""
        real, drawn = (
            {name: seen[name] for name in self.jury.matched}
            for seen in (self._seen_real(step), fakes)
        )
        return self._matching(real, drawn, step.batch.get("label"))

    def _whole(self, step: Step) -> Tensor:
        """Drawn pictures at their final size, however far a network has grown."""
        pictures, _ = self._drawn(step)
        return resized(pictures, self.network_options.size)

    def _drawn(self, step: Step, found: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """A picture of the class of each of the batch, `(N, 3, side, side)`, and its noise.

        The last of them from noise `(M, latent)` that was found, if any was.
        """
        codes, noise, generator = self._codes(step, len(step.batch["picture"]), found)
        stage, device = self._stage(step), codes.device
        drawn = [each.to(device) for each in generator.draw_noise(len(codes))]
        pictures = as_written(generator(codes, drawn, stage.side, stage.fade))
        return pictures.contiguous(memory_format=torch.channels_last), noise

    def _codes(
        self, step: Step, count: int, found: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Generator]:
        """Codes `(N, layers, latent)`, the noise that they are made of, and the generator."""
        generator, labels = self._generator(step), step.batch.get("label")
        labels = None if labels is None else labels[:count]
        coarse, fine = noise_pair(generator, count).to(step.batch["picture"].device)
        if found is not None:
            coarse, fine = (torch.cat([e[: count - len(found)], found]) for e in (coarse, fine))
        first, second = (generator.codes(noise, labels) for noise in (coarse, fine))
        share = (self.training.mixing or 0.0) if generator.training else 0.0
        return mixed(first, second, generator, share), coarse, generator

    def _values(self, step: Step, noise: Tensor) -> Tensor:
        """Where the dials of noise are, `(N, D)`."""
        dials = self._generator(step).dials
        return torch.cat([noise[:, :0], *(dial.read(noise) for dial in dials)], dim=1)

    def _read(
        self, step: Step, pictures: Tensor, values: Tensor, *, classes: bool, dials: bool = True
    ) -> Losses:
        """How far a reader is from the classes and dials of pictures."""
        reader = step.networks[READER]
        assert isinstance(reader, Recogniser)
        logits, read = reader(resized(pictures, self.network_options.size))
        missed = {}
        if classes and self.read_classes:
            missed["class"] = F.cross_entropy(logits, step.batch["label"])
        if dials and reader.dials:
            missed["codes"] = reader.missed(read, values)
        return missed

    def _path_length(self, step: Step) -> Tensor:
        codes, _, generator = self._codes(step, half(len(step.batch["picture"])))
        noise = [each.to(codes.device) for each in generator.draw_noise(len(codes))]
        paths: nn.Module = step.networks[PATHS]
        length: Tensor = paths(generator, codes, noise)
        return length

    def _generator(self, step: Step) -> Generator:
        generator = step.networks[GENERATOR]
        assert isinstance(generator, Generator)
        return generator


class AsWritten(torch.autograd.Function):
    """Pictures as a file has them, in [0, 1].

    White is 1 and nothing beyond: a network that has to hit it everywhere leaves a haze on it,
    by which critics tell its pictures, and look at nothing else. What lies outside comes back at
    the full slope where that is wanted, and is not driven farther out.
    """

    @staticmethod
    def forward(context: Any, pictures: Tensor) -> Tensor:
        context.save_for_backward(pictures)
        return pictures.clamp(0, 1)

    @staticmethod
    def backward(context: Any, slope: Tensor) -> Tensor:
        (pictures,) = context.saved_tensors
        outwards = ((pictures > 1) & (slope < 0)) | ((pictures < 0) & (slope > 0))
        return slope.masked_fill(outwards, 0)


def as_written(pictures: Tensor) -> Tensor:
    """Pictures `(N, 3, S, S)` in [0, 1]; see `AsWritten`."""
    result: Tensor = AsWritten.apply(pictures)
    return result
