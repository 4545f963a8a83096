"""How directions get names: a reader of traits learns from labels, directions from the reader."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses
from ganedit.data.pictures import EVERYTHING, Folder, Part, Pictures
from ganedit.data.seeding import generator_at
from ganedit.errors import TrainingError, UsageError
from ganedit.nets.vgg import CHANNELS, VGG19Features
from ganedit.tasks.generate.architectures import load_generator
from ganedit.tasks.generate.data import windowed
from ganedit.tasks.generate.latent_options import TraitTraining
from ganedit.tasks.generate.models import find_model
from ganedit.tasks.generate.network import Generator
from ganedit.tasks.generate.options import Window
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

LAYERS = ("relu3_4", "relu4_4")
READER = "reader"
# As far as directions are meant to be gone along, and the least that is learned from.
FARTHEST, LEAST = 3.0, 0.5
# Held-out pictures that scores are of.
SCORED = 128
# Weight of the length of directions: where codes get rare, pictures break.
LENGTH_WEIGHT = 0.05


def read_labels(options: TraitTraining) -> dict[str, np.ndarray]:
    """The wanted columns of the table `(K,)` float32 of 0 and 1, by the name of the picture.

    Raises:
        UsageError: the table cannot be read, or has no such column.
    """
    table = options.labels
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{table}: cannot be read as a CSV table ({error})") from error
    columns = list(rows[0]) if rows else []
    for column in options.columns:
        if column not in columns:
            known = ", ".join(columns[1:]) or "none"
            raise UsageError(f"{table}: has no column {column!r}; there are: {known}")
    try:
        return {
            row[columns[0]]: np.array([float(row[c]) > 0 for c in options.columns], np.float32)
            for row in rows
        }
    except (TypeError, ValueError) as error:
        raise UsageError(f"{table}: columns of labels hold 0 and 1 ({error})") from error


class TraitBatches:
    """`picture`: `(N, 3, S, S)` uint8 RGB; `traits`: `(N, K)` float32 of 0 and 1.

    Of each trait in turn, as many pictures that have it are drawn as pictures that have not.
    """

    def __init__(self, options: TraitTraining, size: int, seed: int, part: Part) -> None:
        self.options, self.size, self.seed = options, size, seed
        self.window = None if options.window is None else Window.parse(options.window)
        folders = [Folder.parse(text) for text in options.data]
        self.pictures = Pictures(folders, minimum=1, part=part)
        labels = read_labels(options)
        names = {int(i): self.pictures.entries[i].name for i in self.pictures.usable}
        self.labels = {i: labels[name] for i, name in names.items() if name in labels}
        if part.training and not self.labels:
            raise TrainingError(f"{options.labels}: names none of the pictures in --data")
        self.sides = [self._sides(k) for k in range(len(options.columns))]
        for column, sides in zip(options.columns, self.sides, strict=True):
            if part.training and not all(map(len, sides)):
                raise TrainingError(f"{options.labels}: {column} is the same for all pictures")

    def __getitem__(self, step: int) -> Batch:
        rng = generator_at(self.seed, step)
        chosen = [
            int(rng.choice(self.sides[place // 2 % len(self.sides)][place % 2]))
            for place in range(self.options.batch)
        ]
        pictures = [windowed(self.pictures.load(i), self.window, self.size) for i in chosen]
        if not self.options.no_mirror:
            pictures = [p[:, ::-1] if rng.random() < 0.5 else p for p in pictures]
        return {
            "picture": torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous(),
            "traits": torch.from_numpy(np.stack([self.labels[i] for i in chosen])),
        }

    def _sides(self, trait: int) -> tuple[list[int], list[int]]:
        """Indices of pictures without the trait and with it."""
        return (
            [i for i, label in self.labels.items() if not label[trait]],
            [i for i, label in self.labels.items() if label[trait]],
        )


class Reader(nn.Module):
    """Reads traits off what VGG19 sees: `(N, K)` logits of features of `LAYERS`."""

    def __init__(self, traits: int, width: int = 24, side: int = 8) -> None:
        super().__init__()
        self.side = side
        self.mixed = nn.ModuleList(nn.Conv2d(CHANNELS[layer], width, 1) for layer in LAYERS)
        self.head = nn.Linear(len(LAYERS) * width * side**2, traits)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        parts = []
        for layer, seen in zip(self.mixed, features, strict=True):
            pooled = F.adaptive_avg_pool2d(F.normalize(seen, dim=1), self.side)
            parts.append(F.leaky_relu(layer(pooled), 0.2).flatten(1))
        result: Tensor = self.head(F.dropout(torch.cat(parts, dim=1), 0.5, self.training))
        return result


class TraitTask:
    """Directions of a trained generator along which a reader of labels finds one trait change.

    The generator stays as it is. A direction learns to have its trait read off where it is added
    to a code, and not where it is taken off, to leave all other traits and what VGG19 sees, and
    not to be longer than it has to.
    """

    name, pool = "generate", 0

    def __init__(self, training: TraitTraining) -> None:
        self.training = training
        self.model = find_model(training.model, training.weights)
        read_labels(training)  # mistakes in it are told before VGG19 is fetched
        self.vgg = VGG19Features(training.vgg, LAYERS)
        self.labels = len(self.model.network.classes)
        self._part = EVERYTHING

    @property
    def options(self) -> Mapping[str, Any]:
        return {**self.training.plain(), "sha256": self.model.sha256}

    @property
    def network(self) -> Mapping[str, Any]:
        return asdict(replace(self.model.network, directions=self.training.directions))

    def build(self) -> Networks:
        generator = only_directions(load_generator(self.model), len(self.training.directions))
        reader = Reader(len(self.training.columns))
        return Networks({GENERATOR: generator}, {READER: reader}, {"vgg": self.vgg})

    def phases(self, networks: Networks) -> Sequence[Phase]:
        return [Phase((READER,), self.reader_loss), Phase((GENERATOR,), self.direction_loss)]

    def batches(self, seed: int, held_out: float) -> TraitBatches:
        self._part = Part(held_out)
        return TraitBatches(self.training, self.model.network.size, seed, self._part)

    def held_out(self, share: float) -> Sequence[Batch]:
        part = Part(share, training=False)
        batches = TraitBatches(self.training, self.model.network.size, 0, part)
        if not all(all(map(len, sides)) for sides in batches.sides):
            return []
        return [batches[number] for number in range(-(-SCORED // self.training.batch))]

    def generate(self, step: Step) -> Fakes:
        """Pictures `before` and `after` going so far (`amount`) along a direction (`trait`)."""
        count = len(step.batch["picture"])
        trait = torch.arange(count) % len(self.training.directions)
        amount = torch.empty(count).uniform_(LEAST, FARTHEST) * (torch.rand(count) - 0.5).sign()
        before, after = self._pictures(step, trait, amount)
        return {"before": before, "after": after, "trait": trait, "amount": amount}

    def reader_loss(self, step: Step) -> Losses:
        read = step.networks[READER](self.vgg(step.batch["picture"]))
        loss = F.binary_cross_entropy_with_logits(read.float(), step.batch["traits"])
        return {"reading": loss}

    def direction_loss(self, step: Step) -> Losses:
        fakes, device = step.fakes, step.batch["picture"].device
        with torch.no_grad():
            seen_before = self.vgg(fakes["before"])
            before = step.networks[READER](seen_before).float()
        seen_after = self.vgg(fakes["after"])
        after = step.networks[READER](seen_after).float()
        own = F.one_hot(fakes["trait"], after.shape[1]).to(device)
        amount = fakes["amount"].to(device)
        read = (after * own).sum(dim=1)
        found = F.binary_cross_entropy_with_logits(
            read, (amount > 0).float(), weight=amount.abs() / FARTHEST
        )
        others = ((after.sigmoid() - before.sigmoid()).square() * (1 - own)).sum(dim=1).mean()
        kept = others + losses.perceptual(seen_after, seen_before)
        directions = self._generator(step).directions
        length = directions.square().sum(dim=1).mean()
        return {
            "found": found,
            "kept": self.training.keep_weight * kept,
            "length": LENGTH_WEIGHT * length,
        }

    def score(self, steps: Sequence[Step]) -> HeldOutScores:
        """How often traits are read right, and how often at both ends of their directions.

        The distance between the ends, less what else changes on the way, decides.
        """
        reader = steps[0].networks[READER].eval()
        right = [
            ((reader(self.vgg(s.batch["picture"])) > 0) == (s.batch["traits"] > 0)).float().mean()
            for s in steps
        ]
        scores = {"read right %": 100 * float(torch.stack(right).mean())}
        gaps = []
        for number, name in enumerate(self.training.directions):
            for end in (FARTHEST, -FARTHEST):
                share = torch.cat([self._read_at(step, number, end) for step in steps[:4]]).mean()
                scores[f"{name} at {end:+g} %"] = 100 * float(share)
                gaps.append(float(share) if end > 0 else -float(share))
        reader.train()
        return HeldOutScores(scores, sum(gaps))

    def sample(self, step: Step) -> list[Tensor]:
        """Each picture as it is, then at both ends of every direction."""
        columns: list[Tensor] = []
        for number in range(len(self.training.directions)):
            for end in (-FARTHEST, FARTHEST):
                torch.manual_seed(0)
                before, after = self._at(step, number, end)
                columns += [after] if columns else [before, after]
        return columns

    def _read_at(self, step: Step, trait: int, amount: float) -> Tensor:
        _, after = self._at(step, trait, amount)
        read: Tensor = step.networks[READER](self.vgg(after))[:, trait] > 0
        return read.float()

    def _at(self, step: Step, trait: int, amount: float) -> tuple[Tensor, Tensor]:
        count = len(step.batch["picture"])
        return self._pictures(step, torch.full((count,), trait), torch.full((count,), amount))

    def _pictures(self, step: Step, trait: Tensor, amount: Tensor) -> tuple[Tensor, Tensor]:
        """Random pictures, and the same so far along directions."""
        generator, device = self._generator(step), step.batch["picture"].device
        labels = torch.randint(self.labels, (len(trait),)).to(device) if self.labels else None
        latent = torch.randn(len(trait), generator.options.latent).to(device)
        noise = [each.to(device) for each in generator.draw_noise(len(trait))]
        codes = generator.truncated(generator.codes(latent, labels), labels, 0.7)
        shift = generator.directions[trait.to(device)] * amount[:, None].to(device)
        before, after = (
            generator(generator.spread(each), noise).clamp(0, 1) for each in (codes, codes + shift)
        )
        return before, after

    def _generator(self, step: Step) -> Generator:
        generator = step.networks[GENERATOR]
        assert isinstance(generator, Generator)
        return generator


def only_directions(generator: Generator, count: int) -> Generator:
    """A generator of which nothing but that many new directions is a parameter."""
    for module in generator.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            delattr(module, name)
            module.register_buffer(name, parameter.detach())
    del generator.directions
    directions = nn.Parameter(torch.zeros(count, generator.options.latent))
    generator.register_parameter("directions", directions)
    return generator
