"""Scores of fills on pictures whose truth is known."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ganedit import losses, metrics
from ganedit.data.masks import MASK_KINDS, MaskKind, measuring_mask
from ganedit.data.pictures import list_pictures, load_rgb, square
from ganedit.data.seeding import generator_at
from ganedit.editing import to_tensor
from ganedit.errors import GaneditError
from ganedit.image import Image
from ganedit.nets.vgg import VGG19Features
from ganedit.tasks.inpaint.edit import InpaintEdit

Scores = dict[str, float]
Method = Callable[[np.ndarray, np.ndarray], np.ndarray]


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


def through(edit: InpaintEdit) -> Method:
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
