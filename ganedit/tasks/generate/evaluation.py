"""Scores of a generator: a set of samples is compared to pictures that it did not see."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ganedit import metrics
from ganedit.data.pictures import Entry, Folder, Part, entries_in, load_rgb
from ganedit.errors import GaneditError, ImageError
from ganedit.image import Image
from ganedit.scores import Scores, ScoreTable
from ganedit.task import Measuring
from ganedit.tasks.generate.data import windowed
from ganedit.tasks.generate.describing import Describer, describer
from ganedit.tasks.generate.drawing import Painter
from ganedit.tasks.generate.models import find_model
from ganedit.tasks.generate.options import GenerateEvaluation, Window
from ganedit.tasks.generate.recipes import Recipe

# At least so many pictures make a set whose members have neighbours.
FEWEST = 8
BATCH = 16
# Samples on the sheet of those that are nearest to a training picture.
SHOWN = 16


@dataclass(frozen=True)
class Set:
    """Pictures and what a network sees in them.

    Attributes:
        names: of the pictures, below their folder, or their seeds.
        pictures: `(S, S, 3)` uint8 each.
        features: `(N, D)`.
    """

    names: Sequence[str]
    pictures: Sequence[np.ndarray]
    features: Tensor


def measure(options: GenerateEvaluation, measuring: Measuring) -> ScoreTable:
    """Measure how near samples come to held-out pictures, beside pictures that were trained on.

    Raises:
        GaneditError: pictures are missing.
        UsageError: no generator of that name, or nothing is to be measured.
        WeightsError: weights or the feature network cannot be read.
    """
    painter = Painter(find_model(options.model, options.weights), measuring.runtime)
    size = painter.model.network.size
    held_out, trained_on = _parts(options)
    network = describer(measuring, options.features)  # last: it may have to be fetched
    truth = _read(held_out, options, size, network)
    drawn = _draw(painter, options, truth.names, network)
    means = {"drawn": _scores(drawn, truth)}
    rows = [{"seed": name} for name in drawn.names]
    if len(trained_on) >= FEWEST and options.nearest_of:
        # From all over the folder, which may begin with those of one class.
        count = min(options.nearest_of, len(trained_on))
        chosen = [trained_on[i * len(trained_on) // count] for i in range(count)]
        known = _read(chosen, options, size, network)
        means["trained on (the floor)"] = _scores(known, truth)
        distances, places = _nearest(drawn, known)
        others, _ = _nearest(truth, known)
        share, chance = metrics.nearer(distances, others)
        means["drawn"] |= {
            "nearest": float(distances.median()), "nearer %": 100 * share, "by chance": chance
        }  # fmt: skip
        means["held out"] = {"nearest": float(others.median())}
        found = zip(rows, places.tolist(), distances.tolist(), strict=True)
        rows = [{**row, "nearest": known.names[i], "distance": d} for row, i, d in found]
        if measuring.save is not None:
            _sheet(drawn, known, distances, places).save(
                measuring.save / "nearest.png", overwrite=True
            )
    protocol = (
        f"{len(drawn.names)} pictures of {painter.model.name} at truncation "
        f"{options.truncation:g} against {len(truth.names)} that were not trained on, at "
        f"{size}×{size}; {network.name}; SWD: sliced "
        "Wasserstein distance ×1000; nearest: median distance to the nearest training picture; "
        "nearer %: how often that of a drawn one is less than that of a held-out one"
    )
    return ScoreTable(protocol, rows, means)


def _parts(options: GenerateEvaluation) -> tuple[list[Entry], list[Entry]]:
    """The pictures that training held out, and the others, as its own division has them."""
    entries = entries_in(Folder(options.data))
    if not entries:
        raise GaneditError(f"{options.data}: no pictures in it")
    held_out = Part(options.held_out, training=False).of(entries)
    if len(held_out) < FEWEST:
        raise GaneditError(
            f"{options.data}: {options.held_out:.1%} of its {len(entries)} pictures are "
            f"{len(held_out)}; at least {FEWEST} are needed: train and measure with a larger "
            f"--held-out{_enough(len(entries))}"
        )
    return held_out, Part(options.held_out).of(entries)


def _enough(pictures: int) -> str:
    """Which share is enough, if one is."""
    share = math.ceil(100 * FEWEST / pictures + 1) / 100
    return f", {share:g}" if share < 0.5 else ", and more pictures"


def _read(
    entries: Sequence[Entry], options: GenerateEvaluation, size: int, network: Describer
) -> Set:
    window = None if options.window is None else Window.parse(options.window)
    read, unreadable = {}, []
    for entry in entries:
        try:
            read[entry.name] = windowed(load_rgb(entry.path), window, size)
        except ImageError:
            unreadable.append(entry.path)
    if unreadable:
        warnings.warn(
            f"{len(unreadable)} of {len(entries)} pictures are unreadable, like {unreadable[0]}",
            stacklevel=3,
        )
    if len(read) < FEWEST:
        raise GaneditError(
            f"{options.data}: {len(read)} readable pictures; at least {FEWEST} are needed"
        )
    pictures = list(read.values())
    return Set(list(read), pictures, _features(pictures, network))


def _draw(
    painter: Painter, options: GenerateEvaluation, like: Sequence[str], network: Describer
) -> Set:
    """Samples; with classes each of the class of a held-out picture, the folder it is in."""
    model, seeds = painter.model, range(options.seed, options.seed + options.count)
    classes = [name.partition("/")[0] if model.network.classes else "" for name in like]
    pictures = [
        painter.draw(
            Recipe.of(model, seed, options.truncation, classes[number % len(classes)])
        )
        for number, seed in enumerate(tqdm(seeds, unit="picture", leave=False, disable=None))
    ]  # fmt: skip
    return Set([str(seed) for seed in seeds], pictures, _features(pictures, network))


def _features(pictures: Sequence[np.ndarray], network: Describer) -> Tensor:
    starts = tqdm(range(0, len(pictures), BATCH), unit="batch", leave=False, disable=None)
    with torch.inference_mode():
        return torch.cat([
            network.describe(_tensor(pictures[start : start + BATCH])) for start in starts
        ])  # fmt: skip


def _tensor(pictures: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def _scores(ours: Set, theirs: Set) -> Scores:
    precision, recall = metrics.precision_recall(ours.features, theirs.features)
    pictures = _tensor(ours.pictures)
    lumas = metrics.luma(pictures) / 255
    slices = metrics.sliced_wasserstein(pictures, _tensor(theirs.pictures))
    return {
        **metrics.set_distances(ours.features, theirs.features),
        "precision": precision,
        "recall": recall,
        # Each with the next one, of its own class where there are classes.
        "MS-SSIM": metrics.ms_ssim(lumas[:-1], lumas[1:]),
        **{f"SWD {side}": distance for side, distance in slices.items()},
    }


def _nearest(ours: Set, known: Set) -> tuple[Tensor, Tensor]:
    """Distance of each to the nearest of the known pictures, and which that is."""
    nearest = torch.cdist(ours.features, known.features).min(dim=1)
    return nearest.values, nearest.indices


def _sheet(drawn: Set, known: Set, distances: Tensor, places: Tensor) -> Image:
    """The samples that are nearest to a training picture, each above that picture."""
    chosen = distances.argsort()[:SHOWN].tolist()
    above = np.hstack([drawn.pictures[i] for i in chosen])
    below = np.hstack([known.pictures[int(places[i])] for i in chosen])
    return Image(np.ascontiguousarray(np.vstack([above, below])))
