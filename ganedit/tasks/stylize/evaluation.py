"""Scores of painted pictures: how much of the style there is in them, and how much of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ganedit.data.pictures import squares_in
from ganedit.editing import to_tensor
from ganedit.errors import GaneditError, UsageError
from ganedit.image import Image
from ganedit.nets.vgg import VGG19Features
from ganedit.scores import Scores, ScoreTable, mean_scores
from ganedit.task import Measuring
from ganedit.tasks.stylize.edit import StylizeEdit
from ganedit.tasks.stylize.options import StylizeEvaluation, StylizeOptions
from ganedit.tasks.stylize.seen import LAYERS, Style, content_distance, content_of

SHEET = "sheet.png"
# Side of each picture on the sheet.
SHEET_SIDE = 192
_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Described:
    """What VGG19 sees in one picture."""

    content: Tensor
    style: Style

    def against(self, content: "Described", style: "Described") -> Scores:
        """Both distances of a result."""
        return {
            "style distance": float(self.style.distance(style.style)),
            "content distance": float(content_distance(self.content, content.content)),
        }


def described(picture: np.ndarray, vgg: VGG19Features) -> Described:
    """Of `(H, W, 3)` uint8 RGB."""
    with torch.inference_mode():
        features = vgg(to_tensor(picture, _CPU))
    return Described(content_of(features), Style.of(features))


def pairs_of(contents: Sequence[str], styles: Sequence[str], count: int) -> list[tuple[str, str]]:
    """As many pairs as are asked for, if there are: contents in turn, with the next style each."""
    return [
        (content, styles[(place + turn) % len(styles)])
        for turn in range(len(styles))
        for place, content in enumerate(contents)
    ][:count]


def measure(options: StylizeEvaluation, measuring: Measuring) -> ScoreTable:
    """Measure pairs of contents and styles, and the contents painted as themselves.

    Raises:
        GaneditError: pictures are missing.
        WeightsError: weights or the feature network cannot be read.
        UsageError: nothing is to be measured.
    """
    vgg = measuring.vgg(*LAYERS)
    if vgg is None:
        raise UsageError("--no-pd: nothing would be left to measure")
    contents, styles = (_read(folder, options.size) for folder in (options.content, options.style))
    edit = StylizeEdit(
        StylizeOptions(weights=options.weights), measuring.runtime, measuring.enlarge
    )
    seen = {name: described(picture, vgg) for name, picture in contents.items()}
    wanted = {name: described(picture, vgg) for name, picture in styles.items()}

    def painted(picture: np.ndarray, style: np.ndarray) -> np.ndarray:
        return edit.apply(Image(picture), [Image(style)], lambda done: None).samples

    rows, untouched, results = (
        list[dict[str, object]](),
        list[Scores](),
        dict[tuple[str, str], np.ndarray](),
    )
    pairs = pairs_of(list(contents), list(styles), options.pairs)
    for content, style in tqdm(pairs, unit="pair", leave=False, disable=None):
        result = painted(contents[content], styles[style])
        scores = described(result, vgg).against(seen[content], wanted[style])
        rows.append({"picture": content, "style": style, **scores})
        untouched.append(seen[content].against(seen[content], wanted[style]))
        results[content, style] = result
    itself = []
    for name, picture in contents.items():
        again = described(painted(picture, picture), vgg)
        itself.append(float(content_distance(again.content, seen[name].content)))
    if measuring.save is not None:
        _save(measuring.save, contents, styles, results)
    ours = mean_scores([{k: v for k, v in row.items() if isinstance(v, float)} for row in rows])
    means = {
        "the pictures untouched": mean_scores(untouched) | {"itself": 0.0},
        "stylize": ours | {"itself": sum(itself) / len(itself)},
    }
    protocol = (
        f"{len(pairs)} pairs of {len(contents)} pictures of {options.content.name} and "
        f"{len(styles)} styles of {options.style.name} at {options.size}×{options.size}; "
        f"VGG19 {vgg.sha256[:8]}"
    )
    return ScoreTable(protocol, rows, means)


def _read(folder: Path, side: int) -> dict[str, np.ndarray]:
    found = squares_in(folder, side)
    if not found:
        raise GaneditError(f"{folder}: no pictures in this folder")
    return found


def _save(
    folder: Path,
    contents: dict[str, np.ndarray],
    styles: dict[str, np.ndarray],
    results: dict[tuple[str, str], np.ndarray],
) -> None:
    """Each result, and a sheet: contents down the side, styles along the top."""
    for (content, style), result in results.items():
        path = folder / f"{content}_as_{style}.png".replace("/", "_")
        Image(result).save(path, overwrite=True)
    blank = np.full((SHEET_SIDE, SHEET_SIDE, 3), 255, np.uint8)

    def cell(picture: np.ndarray | None) -> np.ndarray:
        if picture is None:
            return blank
        return cv2.resize(picture, (SHEET_SIDE, SHEET_SIDE), interpolation=cv2.INTER_AREA)

    table = [[None, *styles.values()]] + [
        [picture, *(results.get((content, style)) for style in styles)]
        for content, picture in contents.items()
    ]
    sheet = np.vstack([np.hstack([cell(picture) for picture in row]) for row in table])
    Image(sheet).save(folder / SHEET, overwrite=True)
