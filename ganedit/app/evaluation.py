"""Evaluation from the command line: every method on every picture, then a table."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ganedit.data.masks import MASK_KINDS
from ganedit.errors import UsageError
from ganedit.image import Image
from ganedit.nets.vgg import VGG19Features
from ganedit.task import Edit
from ganedit.tasks.inpaint import evaluation as filling
from ganedit.tasks.inpaint.edit import InpaintEdit
from ganedit.tasks.translate import evaluation as translation
from ganedit.tasks.translate.evaluation import Translated
from ganedit.tasks.upscale.evaluation import (
    DAMAGE_BLUR,
    DAMAGE_QUALITY,
    Method,
    Scores,
    bicubic,
    mean_scores,
    read_pairs,
    score,
    through,
)


@dataclass(frozen=True)
class Report:
    """What was measured, and how."""

    protocol: str
    rows: list[dict[str, Any]]
    means: dict[str, Scores]

    def table(self) -> str:
        """The means as text, a row a method."""
        names = list(dict.fromkeys(name for scores in self.means.values() for name in scores))
        width = max(len(method) for method in self.means)
        columns = [max(12, len(name) + 2) for name in names]
        heads = zip(names, columns, strict=True)
        lines = [self.protocol, " " * width + "".join(f"{name:>{w}}" for name, w in heads)]
        for method, scores in self.means.items():
            values = zip((_shown(name, scores.get(name)) for name in names), columns, strict=True)
            lines.append(f"{method:<{width}}" + "".join(f"{value:>{w}}" for value, w in values))
        return "\n".join(lines)

    def plain(self) -> dict[str, Any]:
        """As data for JSON, which has no infinity: the PSNR of equal pictures becomes null."""
        means = {method: _finite(scores) for method, scores in self.means.items()}
        rows = [_finite(row) for row in self.rows]
        return {"protocol": self.protocol, "means": means, "pictures": rows}


def evaluate_upscaler(
    edits: Mapping[str, Edit],
    high: Path,
    low: Path | None,
    scale: int,
    *,
    damage: bool,
    vgg: Path | None,
    pd: bool,
    lpips: bool,
    save_to: Path | None,
) -> Report:
    """Measure each loaded task, and bicubic, on all pairs of a folder.

    Raises:
        GaneditError: pictures are missing.
        WeightsError: the feature network cannot be read.
        UsageError: LPIPS is asked for but not installed.
    """
    features = VGG19Features(vgg) if pd else None
    metric = _lpips() if lpips else None
    methods: dict[str, Method] = {"bicubic": bicubic(scale)}
    methods |= {name: through(edit) for name, edit in edits.items()}
    pairs = list(read_pairs(high, low, scale, damage=damage))
    scores: dict[str, list[Scores]] = {name: [] for name in methods}
    rows: list[dict[str, Any]] = []
    for pair in tqdm(pairs, unit="picture", leave=False, disable=None):
        for name, method in methods.items():
            output = method(pair.low)
            scores[name].append(score(output, pair.high, scale, features, metric))
            rows.append({"picture": pair.name, "method": name, **scores[name][-1]})
            if save_to is not None:
                target = save_to / f"{pair.name}_{name.replace(' ', '_')}.png"
                Image(output).save(target, overwrite=True)
    made = "given small pictures" if low else "small pictures by antialiased bicubic reduction"
    protocol = (
        f"x{scale}, {len(pairs)} pictures of {high.name}, {made}"
        + (f", blurred (sigma {DAMAGE_BLUR}) and JPEG {DAMAGE_QUALITY}" if damage else "")
        + f"; 8-bit results, {scale} pixels shaved, PSNR and SSIM on BT.601 luma"
        + (f"; PD with VGG19 {features.sha256[:8]}" if features else "")
    )
    return Report(protocol, rows, {name: mean_scores(rows) for name, rows in scores.items()})


def evaluate_filler(
    edits: Mapping[str, InpaintEdit],
    folder: Path,
    *,
    side: int,
    seed: int,
    vgg: Path | None,
    pd: bool,
    save_to: Path | None,
) -> Report:
    """Measure loaded fillers on every picture of a folder, with holes of three kinds.

    Raises:
        GaneditError: there are no pictures.
        WeightsError: the feature network cannot be read.
    """
    features = VGG19Features(vgg) if pd else None
    cases = list(filling.read_cases(folder, side, seed))
    scores: dict[str, list[Scores]] = {}
    rows: list[dict[str, Any]] = []
    for case in tqdm(cases, unit="hole", leave=False, disable=None):
        for name, edit in edits.items():
            output = filling.through(edit)(case.picture, case.hole)
            method = f"{case.kind}: {name}"
            scores.setdefault(method, []).append(filling.score(output, case, features))
            rows.append({"picture": case.name, "method": method, **scores[method][-1]})
            if save_to is not None:
                target = save_to / f"{case.name}_{case.kind}_{name.replace(' ', '_')}.png"
                Image(output).save(target, overwrite=True)
    protocol = (
        f"{len(cases) // len(MASK_KINDS)} pictures of {folder.name} at {side}×{side}, seed {seed}; "
        "L1, PSNR and SSIM inside the hole"
        + (f"; PD of the whole with VGG19 {features.sha256[:8]}" if features else "")
    )
    means = {f"{kind}: {name}": mean_scores(scores[f"{kind}: {name}"])
             for kind in MASK_KINDS for name in edits}  # fmt: skip
    return Report(protocol, rows, means)


def evaluate_translator(
    edit: Edit,
    back: Edit | None,
    names: tuple[str, str],
    folders: tuple[Path, Path],
    more: Path | None,
    *,
    side: int,
    vgg: Path | None,
    save_to: Path | None,
) -> Report:
    """Measure how near translations come to the pictures of their domain.

    Args:
        edit: the loaded translation from the first domain to the second.
        back: the one from the second to the first, if there is one.
        names: of the two domains.
        folders: pictures of each, not trained on.
        more: other pictures of the second domain, whose distance to the second folder is as
            small as it can be.
        side: of the squares that pictures are brought to.
        vgg: feature network.
        save_to: folder for the results.

    Raises:
        GaneditError: pictures are missing.
        WeightsError: the feature network cannot be read.
    """
    features = VGG19Features(vgg, translation.LAYERS)
    source, target = (translation.read_set(folder, side) for folder in folders)
    wanted = [translation.describe(picture, features) for picture in target.values()]
    done: dict[str, Translated] = {}
    for name, picture in tqdm(source.items(), unit="picture", leave=False, disable=None):
        done[name] = translation.translated(picture, edit, back, features)
        if save_to is not None:
            path = save_to / f"{name}_as_{names[1]}.png"
            Image(done[name].output).save(path, overwrite=True)
    gap = translation.distances([each.before for each in done.values()], wanted)
    left = translation.distances([each.after for each in done.values()], wanted)
    share = {"% of gap left": 100 * left["kernel distance"] / gap["kernel distance"]}
    kept = mean_scores([each.kept for each in done.values()])
    means = {f"{names[0]} (the gap)": gap, f"{names[0]} as {names[1]}": left | share | kept}
    if more is not None:
        others = translation.read_set(more, side).values()
        known = [translation.describe(picture, features) for picture in others]
        means[f"more {names[1]} (the floor)"] = translation.distances(known, wanted)
    protocol = (
        f"{len(source)} pictures of {folders[0].name} against {len(target)} of {folders[1].name} "
        f"at {side}×{side}; distances of pooled VGG19 {features.sha256[:8]} relu5_4"
    )
    return Report(protocol, [{"picture": name, **each.kept} for name, each in done.items()], means)


def _shown(name: str, score: float | None) -> str:
    if score is None:
        return "–"
    return f"{score:.{2 if 'PSNR' in name or '%' in name else 4}f}"


def _finite(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if value == math.inf else value for name, value in row.items()}


def _lpips() -> object:
    try:
        import lpips
    except ImportError:
        raise UsageError("--lpips: install it with pip install 'ganedit[lpips]'") from None
    return lpips.LPIPS(net="alex", verbose=False).eval()
