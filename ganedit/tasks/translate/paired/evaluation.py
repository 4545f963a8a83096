"""Scores of translations of pairs: how near their partners, how true to the lines, how varied."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from ganedit import losses, metrics
from ganedit.data.pictures import EVERYTHING, Folder, Part, Pictures, square
from ganedit.editing import to_tensor
from ganedit.errors import GaneditError, UsageError
from ganedit.image import Image
from ganedit.line_kinds import Kind
from ganedit.lines import agreement, draw_lines, silhouette
from ganedit.nets.vgg import VGG19Features
from ganedit.scores import Scores, ScoreTable, mean_scores
from ganedit.task import Measuring
from ganedit.tasks.translate.edit import load_edit
from ganedit.tasks.translate.options import TranslateEvaluation, TranslateOptions
from ganedit.tasks.translate.paired.data import told_of
from ganedit.tasks.translate.paired.options import DRAWN
from ganedit.tasks.translate.paired.predictor import Look

# The detector that no network was trained with, and how much of what it finds is drawn.
UNSEEN: Kind = "zero"
DETAIL = 0.5
# Reach within which edges lie on lines, in pixels.
REACH = 2.0
# Results of each input that are told apart.
SEEDS = 2
_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Example:
    """A pair that is measured: both `(S, S, 3)` uint8."""

    name: str
    given: np.ndarray
    wanted: np.ndarray

    @property
    def object(self) -> np.ndarray:
        """`(S, S)` float32, 1 on the thing before a plain ground, or everywhere without such."""
        edge = silhouette(self.wanted).astype(np.uint8)
        contours, _ = cv2.findContours(edge, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        filled = np.zeros(edge.shape, np.float32)
        cv2.drawContours(filled, contours, -1, 1.0, cv2.FILLED)
        return filled if filled.any() else np.ones_like(filled)


def edges_of(picture: np.ndarray) -> np.ndarray:
    """Edges `(H, W)` bool by the detector that no network was trained with."""
    return draw_lines(picture, UNSEEN, detail=DETAIL) > 0


def examples(options: TranslateEvaluation) -> list[Example]:
    """The pairs to measure.

    Raises:
        GaneditError: fewer than two; with `strict`, pictures without partner or of another size.
    """
    found = list(_drawn(options) if options.b is None else _named(options, options.b))
    if len(found) < 2:
        raise GaneditError(f"{options.a}: {len(found)} pairs; distances of sets need at least 2")
    return found


def _drawn(options: TranslateEvaluation) -> Iterator[Example]:
    for name, photo in _pictures(options.a.removeprefix(DRAWN), options).items():
        wanted = square(photo, options.size)
        drawing = np.where(edges_of(wanted), 0, 255).astype(np.uint8)
        yield Example(name, np.repeat(drawing[..., None], 3, axis=2), wanted)


def _named(options: TranslateEvaluation, b: Path) -> Iterator[Example]:
    wanted, given = _pictures(str(b), options), _pictures(options.a, options, every=True)
    alone = (wanted.keys() - given.keys()) if options.held_out else wanted.keys() ^ given.keys()
    odd = [f"{name} is in one of them only" for name in sorted(alone)]
    for name in sorted(wanted.keys() & given.keys()):
        if wanted[name].shape == given[name].shape:
            yield Example(
                name, square(given[name], options.size), square(wanted[name], options.size)
            )
        else:
            odd.append(f"{name} is of another size in the other")
    told_of(odd, f"{options.a} and {b}", strict=options.strict)


def _pictures(
    text: str, options: TranslateEvaluation, *, every: bool = False
) -> dict[str, np.ndarray]:
    part = Part(options.held_out, training=False) if options.held_out and not every else EVERYTHING
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what training would leave out
        pictures = Pictures([Folder.parse(text)], minimum=1, part=part)
    names = {int(i): pictures.entries[i].name.rpartition(".")[0] for i in pictures.usable}
    return {name: pictures.load(index) for index, name in names.items()}


def measure_pairs(options: TranslateEvaluation, measuring: Measuring) -> ScoreTable:
    """Measure results of two seeds each against their partners, and the two against each other.

    Raises:
        GaneditError: pictures are missing.
        WeightsError: weights or the feature network cannot be read.
        UsageError: no generator leads to the domain, or nothing is to be measured.
    """
    vgg = measuring.vgg()
    if vgg is None:
        raise UsageError("--no-pd: nothing would be left to measure")
    chosen = TranslateOptions(options.to, weights=options.weights)
    edit = load_edit(chosen, measuring.runtime, measuring.enlarge)
    rows: list[dict[str, object]] = []
    scores: list[Scores] = []
    before, after, wanted = list[Tensor](), list[Tensor](), list[Tensor]()
    for number, each in enumerate(tqdm(examples(options), unit="pair", leave=False, disable=None)):
        # Of one seed all would be of one colour, and partners are of many.
        seeds = range(SEEDS * number, SEEDS * (number + 1))
        results = [
            edit.apply(Image(each.given), lambda done: None, Look(seed)).samples for seed in seeds
        ]
        if measuring.save is not None:
            _save(measuring.save, each, results)
        seen, theirs = [_features(x, vgg) for x in results], _features(each.wanted, vgg)
        before.append(_pooled(_features(each.given, vgg)))
        wanted.append(_pooled(theirs))
        after.append(_pooled(seen[0]))
        scores.append(_scores(each, results, seen, theirs))
        rows.append({"picture": each.name, **scores[-1]})
    gap, left = (
        metrics.set_distances(torch.stack(each), torch.stack(wanted)) for each in (before, after)
    )
    share = {"% of gap left": 100 * left["kernel distance"] / gap["kernel distance"]}
    source = Path(options.a.removeprefix(DRAWN)).name
    means = {
        f"{source} drawn (the gap)": gap,
        f"as {options.to}": left | share | mean_scores(scores),
    }
    protocol = (
        f"{len(rows)} pairs of {source} at {options.size}×{options.size}, edges by {UNSEEN} "
        f"crossings; distances of pooled VGG19 {vgg.sha256[:8]} relu5_4"
    )
    return ScoreTable(protocol, rows, means)


def _scores(
    each: Example,
    results: Sequence[np.ndarray],
    seen: Sequence[list[Tensor]],
    theirs: list[Tensor],
) -> Scores:
    """Of one pair: L1 in percent, PD, lines obeyed by the worse seed, and how far seeds differ."""
    lines = edges_of(each.wanted)
    obeyed = [agreement(edges_of(result), lines, REACH) for result in results]
    difference = np.abs(results[0].astype(np.float32) - each.wanted)
    return {
        "L1 %": float(difference.mean()) / 2.55,
        "PD": float(losses.perceptual(seen[0], theirs)),
        "lines F1": min(obeyed),
        "seeds PD": _inside(seen[0], seen[1], each.object),
    }


def _inside(ours: Sequence[Tensor], theirs: Sequence[Tensor], mask: np.ndarray) -> float:
    """PD over the places of a mask `(S, S)` only."""
    shares = torch.from_numpy(mask)[None, None]
    apart = []
    for a, b in zip(ours, theirs, strict=True):
        a, b = F.normalize(a.float(), dim=1), F.normalize(b.float(), dim=1)
        weights = F.interpolate(shares, size=a.shape[2:], mode="area")
        apart.append(float(((a - b).square().sum(1) * weights[:, 0]).sum() / weights.sum()))
    return sum(apart) / len(apart)


def _features(picture: np.ndarray, vgg: VGG19Features) -> list[Tensor]:
    with torch.inference_mode():
        found: list[Tensor] = vgg(to_tensor(picture, _CPU))
    return found


def _pooled(features: Sequence[Tensor]) -> Tensor:
    return features[-1].float().mean((0, 2, 3))


def _save(folder: Path, each: Example, results: Sequence[np.ndarray]) -> None:
    """Input, results and partner side by side."""
    row = np.hstack([each.given, *results, each.wanted])
    Image(row).save(folder / f"{each.name.replace('/', '_')}.png", overwrite=True)
