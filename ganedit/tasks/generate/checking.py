"""Whether drawn pictures help: a small classifier is trained with them and without."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.data.pictures import Entry, Folder, Part, entries_in, load_rgb, square
from ganedit.errors import GaneditError

# Side at which pictures are told apart.
SIDE = 32
BATCH = 32
RATE = 2e-3
# Held-out pictures of each class at least, for a share of them to say anything.
FEWEST = 2
# The 97.5 % points of Student's distribution, by degrees of freedom from 1 on.
STUDENT = (
    12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13,
    2.12, 2.11, 2.10, 2.09,
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What became of the classifiers, as shares of held-out pictures that were told right.

    Every class counts the same, whatever number of pictures it has.

    Attributes:
        without: those trained on real pictures alone, by seed.
        together: those trained on drawn pictures too.
        held_out: how many pictures that is of.
    """

    without: Sequence[float]
    together: Sequence[float]
    held_out: int

    @property
    def gain(self) -> tuple[float, float]:
        """The mean difference and half of its 95 % confidence interval, over seeds."""
        gains = np.array(self.together) - np.array(self.without)
        deviation = float(gains.std(ddof=1)) / math.sqrt(len(gains))
        return float(gains.mean()), STUDENT[len(gains) - 2] * deviation

    def text(self) -> str:
        """It in two lines."""
        gain, half = self.gain
        said = "made no difference that these seeds show"
        if gain - half > 0:
            said = "helped"
        elif gain + half < 0:
            said = "did harm: leave them out, or train the generator for longer"
        without, together = (100 * float(np.mean(each)) for each in (self.without, self.together))
        return (
            f"told right of {self.held_out} held-out pictures: {without:.1f} % without and "
            f"{together:.1f} % with drawn pictures, over {len(self.without)} seeds\n"
            f"they {said}: {100 * gain:+.1f} points, 95 % confidence from "
            f"{100 * (gain - half):+.1f} to {100 * (gain + half):+.1f}"
        )


def require_held_out(data: Path, classes: Sequence[str], held_out: float) -> None:
    """See to it that there are pictures of each class to check with.

    Raises:
        GaneditError: too few of them are held out.
    """
    held = Part(held_out, training=False).of(entries_in(Folder(data)))
    kept = [entry.name.partition("/")[0] for entry in held]
    for name in classes:
        if kept.count(name) < FEWEST:
            raise GaneditError(
                f"{data}: of {name} fewer than {FEWEST} pictures are held out; raise --held-out"
            )


def check(
    data: Path, drawn: Path, classes: Sequence[str], *, held_out: float, seeds: int, steps: int
) -> Verdict:
    """Train classifiers on the part of a data set that its generator learned, with and without
    what it drew, and try them on the part that was held out.

    Args:
        data: a folder for each class.
        drawn: likewise.
        classes: their names.
        held_out: share of the data set, as the generator's training had it.
        seeds: pairs of classifiers.
        steps: of each training.
    """
    entries = entries_in(Folder(data))
    kept = _read(Part(held_out, training=False).of(entries), classes)
    real = _read(Part(held_out).of(entries), classes)
    more = _read(entries_in(Folder(drawn)), classes)
    scores: Mapping[bool, list[float]] = {False: [], True: []}
    for seed in range(seeds):
        for with_drawn in scores:
            sets = [real, more] if with_drawn else [real]
            classifier = _trained(sets, len(classes), seed, steps)
            scores[with_drawn].append(_told_right(classifier, kept, len(classes)))
    return Verdict(scores[False], scores[True], len(kept[0]))


def _read(entries: Sequence[Entry], classes: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Pictures `(N, 3, SIDE, SIDE)` uint8 and labels `(N,)` of those that are of a class."""
    kinds = [entry.name.partition("/")[0] for entry in entries]
    chosen = [(entry, classes.index(k)) for entry, k in zip(entries, kinds, strict=True)
              if k in classes]  # fmt: skip
    if not chosen:
        return torch.zeros(0, 3, SIDE, SIDE, dtype=torch.uint8), torch.zeros(0, dtype=torch.long)
    pictures = np.stack([square(load_rgb(entry.path), SIDE) for entry, _ in chosen])
    return (
        torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous(),
        torch.tensor([label for _, label in chosen]),
    )


def _classifier(classes: int) -> nn.Module:
    layers: list[nn.Module] = []
    for inputs, outputs in ((3, 24), (24, 48), (48, 96)):
        layers += [
            nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(),
            nn.MaxPool2d(2),
        ]  # fmt: skip
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(96 * 16, classes))


def _trained(
    sets: Sequence[tuple[Tensor, Tensor]], classes: int, seed: int, steps: int
) -> nn.Module:
    """A classifier; each batch is of all sets and classes in equal parts."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        classifier = _classifier(classes)
        optimizer = torch.optim.AdamW(classifier.parameters(), RATE, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        by_class = [
            [pictures[labels == label] for label in range(classes)] for pictures, labels in sets
        ]
        for step in range(steps):
            labels = torch.arange(BATCH).add(step) % classes
            x = torch.stack([
                _any_of(by_class[place // classes % len(sets)][int(label)])
                for place, label in enumerate(labels)
            ])  # fmt: skip
            loss = F.cross_entropy(classifier(x), labels)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
    return classifier.eval()


def _any_of(pictures: Tensor) -> Tensor:
    """One of them, a little moved and perhaps mirrored, as float32 in [0, 1]."""
    picture = pictures[int(torch.randint(len(pictures), ()))].float() / 255
    if torch.rand(()) < 0.5:
        picture = picture.flip(2)
    dy, dx = (int(v) for v in torch.randint(-2, 3, (2,)))
    padded = F.pad(picture[None], (2, 2, 2, 2), mode="replicate")[0]
    return padded[:, 2 + dy : 2 + dy + SIDE, 2 + dx : 2 + dx + SIDE]


@torch.no_grad()
def _told_right(classifier: nn.Module, kept: tuple[Tensor, Tensor], classes: int) -> float:
    pictures, labels = kept
    told = torch.cat([
        classifier(pictures[start : start + 256].float() / 255).argmax(dim=1)
        for start in range(0, len(pictures), 256)
    ])  # fmt: skip
    shares = [float((told[labels == k] == k).float().mean()) for k in range(classes)]
    return sum(shares) / classes
