"""Scores of translations, for which there is no truth: two sets of pictures are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ganedit import losses, metrics
from ganedit.data.pictures import squares_in
from ganedit.editing import to_tensor
from ganedit.errors import GaneditError, UsageError
from ganedit.image import Image
from ganedit.nets.vgg import VGG19Features
from ganedit.scores import Scores, ScoreTable, mean_scores
from ganedit.task import Measuring
from ganedit.tasks.translate.domains import check_domains, takes_drawings
from ganedit.tasks.translate.edit import TranslateEdit
from ganedit.tasks.translate.options import TranslateEvaluation, TranslateOptions

# Of VGG19: where contents are compared, and where sets are.
LAYERS = ("relu4_4", "relu5_4")
# Mean change, of 255, under which nobody would call a picture translated.
LEFT_ALONE = 5
_CPU = torch.device("cpu")


def read_set(folder: Path, side: int) -> dict[str, np.ndarray]:
    """Every picture of a folder as `(side, side, 3)` uint8, by name.

    Raises:
        GaneditError: fewer than two pictures, which have no distribution.
    """
    found = squares_in(folder, side)
    if len(found) < 2:
        raise GaneditError(f"{folder}: holds {len(found)} pictures; a set needs at least 2")
    return found


@dataclass(frozen=True)
class Described:
    """What VGG19 sees in one picture.

    Attributes:
        content: `(1, 512, h, w)`, relu4_4: what is where.
        pooled: `(512,)`, relu5_4 averaged over the picture: what kind of picture it is.
    """

    content: Tensor
    pooled: Tensor


def features_of(picture: np.ndarray, vgg: VGG19Features) -> Described:
    """Features of `(H, W, 3)` uint8 RGB; `vgg` gives those of `LAYERS`."""
    with torch.inference_mode():
        content, deepest = vgg(to_tensor(picture, _CPU))
    return Described(content, deepest.mean((0, 2, 3)))


def distances(ours: Sequence[Described], theirs: Sequence[Described]) -> Scores:
    """Kernel distance and Fréchet distance of two sets of pooled features."""
    one, other = (torch.stack([each.pooled for each in part]) for part in (ours, theirs))
    return metrics.set_distances(one, other)


@dataclass(frozen=True)
class Translated:
    """A picture of a set and what became of it.

    Attributes:
        output: `(S, S, 3)` uint8.
        before: what VGG19 sees in the picture; `after`: in the output.
        after: see `before`.
        kept: how much of the picture is left: PD at relu4_4, 100 where nearly nothing has changed
            (of a set, the mean is the percentage of such pictures) and, where there is a way back,
            the PSNR of the picture that comes back.
    """

    output: np.ndarray
    before: Described
    after: Described
    kept: Scores


def translated(
    picture: np.ndarray, edit: TranslateEdit, back: TranslateEdit | None, vgg: VGG19Features
) -> Translated:
    """Translate one picture by the loaded task, the same path that files take, and look at it."""
    output = _through(edit, picture)
    before, after = features_of(picture, vgg), features_of(output, vgg)
    change = float(np.abs(output.astype(np.float32) - picture).mean())
    kept = {
        "PD relu4_4": float(losses.perceptual([before.content], [after.content])),
        "% left alone": 100.0 * (change < LEFT_ALONE),
    }
    if back is not None:
        returned = torch.from_numpy(_through(back, output))
        kept["cycle PSNR"] = metrics.psnr(returned, torch.from_numpy(picture))
    return Translated(output, before, after, kept)


def _through(edit: TranslateEdit, picture: np.ndarray) -> np.ndarray:
    return edit.apply(Image(picture), lambda done: None).samples


def measure(options: TranslateEvaluation, measuring: Measuring) -> ScoreTable:
    """Measure how near translations come to the pictures of their domain.

    Raises:
        GaneditError: pictures are missing.
        WeightsError: weights or the feature network cannot be read.
        UsageError: no generator leads to a domain, it takes drawings, or nothing is to be measured.
    """
    assert options.b is not None
    check_domains([options.to, *([options.back] if options.back else [])], options.weights)
    if takes_drawings(options.to, options.weights):
        raise UsageError(f"--to {options.to}: makes photos of drawings; add --paired")
    if options.back and takes_drawings(options.back, options.weights):
        raise UsageError(f"--back {options.back}: makes photos of drawings; leave it out")
    first, second = Path(options.a), options.b
    source, target = read_set(first, options.size), read_set(second, options.size)
    features = measuring.vgg(*LAYERS)
    if features is None:
        raise UsageError("--no-pd: nothing would be left to measure")

    def load(name: str) -> TranslateEdit:
        chosen = TranslateOptions(name, weights=options.weights)
        return TranslateEdit(chosen, measuring.runtime, measuring.enlarge)

    there, back = load(options.to), load(options.back) if options.back else None
    wanted = [features_of(picture, features) for picture in target.values()]
    done: dict[str, Translated] = {}
    for name, picture in tqdm(source.items(), unit="picture", leave=False, disable=None):
        done[name] = translated(picture, there, back, features)
        if measuring.save is not None:
            path = measuring.save / f"{name}_as_{options.to}.png"
            Image(done[name].output).save(path, overwrite=True)
    gap = distances([each.before for each in done.values()], wanted)
    left = distances([each.after for each in done.values()], wanted)
    share = {"% of gap left": 100 * left["kernel distance"] / gap["kernel distance"]}
    kept = mean_scores([each.kept for each in done.values()])
    named = options.back or first.name
    means = {f"{named} (the gap)": gap, f"{named} as {options.to}": left | share | kept}
    if options.more is not None:
        others = read_set(options.more, options.size).values()
        known = [features_of(picture, features) for picture in others]
        means[f"more {options.to} (the floor)"] = distances(known, wanted)
    protocol = (
        f"{len(source)} pictures of {first.name} against {len(target)} of {second.name} at "
        f"{options.size}×{options.size}; distances of pooled VGG19 {features.sha256[:8]} relu5_4"
    )
    rows = [{"picture": name, **each.kept} for name, each in done.items()]
    return ScoreTable(protocol, rows, means)
