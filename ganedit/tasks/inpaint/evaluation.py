"""Scores of fills on pictures whose truth is known."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from ganedit import losses, metrics
from ganedit.data.masks import MASK_KINDS, MaskKind, measuring_mask
from ganedit.data.pictures import list_pictures, load_rgb, square
from ganedit.data.seeding import generator_at
from ganedit.editing import to_tensor
from ganedit.errors import GaneditError
from ganedit.image import Image
from ganedit.nets.vgg import VGG19Features
from ganedit.scores import Scores, ScoreTable, mean_scores
from ganedit.task import Measuring
from ganedit.tasks.inpaint.edit import InpaintEdit
from ganedit.tasks.inpaint.options import METHODS, InpaintEvaluation, InpaintOptions

Filler = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Case:
    """One picture, `(S, S, 3)` uint8 RGB, and one hole in it, `(S, S)` bool."""

    name: str
    kind: MaskKind
    picture: np.ndarray
    hole: np.ndarray


def read_cases(folder: Path, side: int, seed: int) -> Iterator[Case]:
    """Every picture of a folder with a hole of each kind.

    The shorter side is brought to `side`, and the middle square taken.

    Raises:
        GaneditError: no pictures.
    """
    files = list_pictures(folder)
    if not files:
        raise GaneditError(f"{folder}: no pictures in this folder")
    for number, path in enumerate(files):
        picture = square(load_rgb(path), side)
        for index, kind in enumerate(MASK_KINDS):
            rng = generator_at(seed, number * len(MASK_KINDS) + index)
            name = path.relative_to(folder).with_suffix("").as_posix()
            yield Case(name, kind, picture, measuring_mask(kind, side, rng))


def through(edit: InpaintEdit) -> Filler:
    """Filling by the loaded task, the same path that files take."""
    return lambda picture, hole: edit.apply(Image(picture), hole, lambda done: None).samples


def score(output: np.ndarray, case: Case, vgg: VGG19Features | None) -> Scores:
    """L1 in percent of the range, PSNR and SSIM inside the hole, and PD of the whole picture."""
    inside = case.hole
    error = (output.astype(float) - case.picture)[inside]
    cpu = torch.device("cpu")
    ours, truth = to_tensor(output, cpu), to_tensor(case.picture, cpu)
    hole = torch.from_numpy(inside)[None, None]
    result = {
        "L1 %": float(np.abs(error).mean() / 2.55),
        "PSNR": metrics.psnr(torch.from_numpy(error), torch.zeros(())),
        "SSIM": metrics.ssim(metrics.luma(ours), metrics.luma(truth), inside=hole),
    }
    if vgg is not None:
        with torch.inference_mode():
            result["PD"] = float(losses.perceptual(vgg(ours), vgg(truth)))
    return result


def measure(options: InpaintEvaluation, measuring: Measuring) -> ScoreTable:
    """Measure fillers on every picture of a folder, with holes of three kinds.

    Raises:
        GaneditError: there are no pictures.
        WeightsError: weights or the feature network cannot be read.
    """
    cases = list(read_cases(options.data, options.size, options.seed))
    features = measuring.vgg()
    edits: dict[str, InpaintEdit] = {}
    for method in options.method or METHODS:
        chosen = InpaintOptions(
            method=method, dilate=options.dilate, feather=options.feather, weights=options.weights
        )
        edits[method] = InpaintEdit(chosen, measuring.runtime)
    scores: dict[str, list[Scores]] = {}
    rows: list[dict[str, Any]] = []
    for case in tqdm(cases, unit="hole", leave=False, disable=None):
        for name, edit in edits.items():
            output = through(edit)(case.picture, case.hole)
            row = f"{case.kind}: {name}"
            scores.setdefault(row, []).append(score(output, case, features))
            rows.append({"picture": case.name, "method": row, **scores[row][-1]})
            if measuring.save is not None:
                target = measuring.save / f"{case.name}_{case.kind}_{name}.png"
                Image(output).save(target, overwrite=True)
    protocol = (
        f"{len(cases) // len(MASK_KINDS)} pictures of {options.data.name} at "
        f"{options.size}×{options.size}, seed {options.seed}; L1, PSNR and SSIM inside the hole"
        + (f"; PD of the whole with VGG19 {features.sha256[:8]}" if features else "")
    )
    means = {f"{kind}: {name}": mean_scores(scores[f"{kind}: {name}"])
             for kind in MASK_KINDS for name in edits}  # fmt: skip
    return ScoreTable(protocol, rows, means)
