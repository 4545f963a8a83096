"""Scores of fills as a stranger sees them: large photographs, holes of removed things."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ganedit import losses, metrics
from ganedit.data.seeding import generator_at
from ganedit.editing import to_tensor
from ganedit.image import Image, resize
from ganedit.nets.vgg import VGG19Features
from ganedit.scores import Scores, ScoreTable, mean_scores
from ganedit.task import Measuring
from ganedit.tasks.inpaint import appearance
from ganedit.tasks.inpaint.edit import InpaintEdit
from ganedit.tasks.inpaint.exemplar import synthesize
from ganedit.tasks.inpaint.holes import Box, surroundings
from ganedit.tasks.inpaint.network import canvas
from ganedit.tasks.inpaint.options import InpaintEvaluation, InpaintOptions, Method
from ganedit.tasks.inpaint.scene_sheet import Sheet
from ganedit.tasks.inpaint.scenes import Scene, read_scenes

TRUTH, PATCHES = "the photo itself", "patches alone"
SCENE_METHODS: tuple[Method, ...] = ("auto", "telea", "ns")
# Crops for the distances of sets: their side, how many of each hole, and how much hole they have.
CROP, CROPS, LEAST_HOLE = 96, 8, 0.5
# The hole and its surroundings are seen whole by VGG19 at this longer side at most.
SEEN_SIDE = 384
DEEP = 4  # relu5_4 among the usual layers
LAYERS = {2: "relu3_4", DEEP: "relu5_4"}
RELU4_4 = 3


@dataclass
class _Sets:
    """Features of crops, `(1, C)` each, by layer."""

    crops: dict[int, list[Tensor]] = field(default_factory=lambda: {layer: [] for layer in LAYERS})

    def add(self, picture: np.ndarray, boxes: list[Box], vgg: VGG19Features) -> None:
        for box in boxes:
            maps = vgg(to_tensor(picture[box], torch.device("cpu")))
            for layer, kept in self.crops.items():
                kept.append(maps[layer].mean((2, 3)))

    def distances_from(self, others: "_Sets") -> Scores:
        found: Scores = {}
        for layer, name in LAYERS.items():
            ours, theirs = (torch.cat(each.crops[layer]) for each in (self, others))
            if min(len(ours), len(theirs)) > 1:
                # In units of their own mean square: layers differ by orders of magnitude.
                unit = theirs.square().mean().sqrt().clamp_min(1e-8)
                found[f"KD {name}"] = metrics.kernel_distance(ours / unit, theirs / unit)
                found[f"FD {name}"] = metrics.frechet_distance(ours / unit, theirs / unit)
        return found


class SceneScores:
    """Gathers the scores of fills, method by method, and of the photographs themselves.

    Args:
        vgg: the feature network, of the usual layers; without it there are no distances, no
            strangers and no PD.
        seed: decides where crops are taken.
    """

    def __init__(self, vgg: VGG19Features | None, seed: int) -> None:
        self._vgg, self._seed = vgg, seed
        self._untouched, self._filled = _Sets(), dict[str, _Sets]()
        self._scores: dict[str, list[Scores]] = {}
        self.rows: list[dict[str, Any]] = []
        self._count = 0

    def add(self, scene: Scene, fills: Mapping[str, np.ndarray]) -> None:
        """Score what methods, by name, made of one scene: `(H, W, 3)` uint8 each."""
        inside, outside = crop_boxes(scene.hole, generator_at(self._seed, self._count))
        self._count += 1
        facts = {
            "picture": scene.name,
            "hole": scene.thing,
            "cover %": 100 * float(scene.hole.mean()),
        }
        with torch.inference_mode():
            if self._vgg is not None:
                self._untouched.add(scene.picture, outside, self._vgg)
            for name, output in ((TRUTH, scene.picture), *fills.items()):
                found = score_scene(output, scene, self._vgg)
                self._scores.setdefault(name, []).append(found)
                self.rows.append({**facts, "method": name, **found})
                if self._vgg is not None:
                    self._filled.setdefault(name, _Sets()).add(output, inside, self._vgg)

    def means(self) -> dict[str, Scores]:
        """The mean of each score over all scenes, and the distances of sets, by method."""
        found = {}
        for name, rows in self._scores.items():
            found[name] = mean_scores([_magnitudes(row) for row in rows])
            if self._vgg is not None:
                filled = self._filled[name]
                found[name] |= filled.distances_from(self._untouched)
                own = filled.distances_from(self._filled[TRUTH])
                found[name] |= {f"{each} own": own[each] for each in own if each.startswith("KD")}
        return found


def measure_scenes(options: InpaintEvaluation, measuring: Measuring) -> ScoreTable:
    """Measure fillers on photographs with holes of removed things.

    Scores of each fill are those of `ganedit.tasks.inpaint.appearance`, beside L1 in the hole and
    PD of the hole's surroundings at `SEEN_SIDE` pixels. KD and FD are the kernel and the Fréchet
    distance of crops with fill in them from untouched crops of the same photographs, in VGG19's
    features averaged over each crop, which are divided by the root of the untouched ones' mean
    square. Few crops have a distance by chance, and what is copied from the photograph is never far
    from it: they tell of blur and fog more than of sense. The row of the photographs themselves,
    cropped at the same places, is what a perfect fill would have.

    Raises:
        GaneditError: there are no pictures.
        WeightsError: weights or the feature network cannot be read.
    """
    scenes = list(
        read_scenes(
            options.data,
            megapixels=options.megapixels,
            every=options.every,
            holes=options.holes,
            seed=options.seed,
        )
    )
    vgg, fillers = measuring.vgg(), _fillers(options, measuring)
    scores, sheet = SceneScores(vgg, options.seed), Sheet()
    for scene in tqdm(scenes, unit="hole", leave=False, disable=None):
        fills = {name: fill(scene) for name, fill in fillers.items()}
        scores.add(scene, fills)
        if measuring.save is not None:
            _save(measuring.save, scene, fills, sheet)
    return ScoreTable(_protocol(options, scenes, vgg), scores.rows, scores.means())


def _save(folder: Path, scene: Scene, fills: Mapping[str, np.ndarray], sheet: Sheet) -> None:
    """Each fill as a file, and the sheet of all scenes by now."""
    for name, output in fills.items():
        target = folder / f"{scene.name}_{scene.thing}_{name.replace(' ', '_')}.png"
        Image(output).save(target, overwrite=True)
    sheet.add(scene, {TRUTH: scene.picture, **fills})
    sheet.picture().save(folder / "sheet.png", overwrite=True)


def _protocol(options: InpaintEvaluation, scenes: list[Scene], vgg: VGG19Features | None) -> str:
    return (
        f"{len(scenes)} holes in photographs of {options.data.name} (every {options.every}), "
        f"at most {options.megapixels:g} megapixels, seed {options.seed}; sharpness and noise in "
        "octaves away from the ring" + (f"; VGG19 {vgg.sha256[:8]}" if vgg else "")
    )


def _magnitudes(scores: Scores) -> Scores:
    """Too sharp and too soft are as far from the ring: they must not cancel each other."""
    return {name: abs(score) for name, score in scores.items()}


def _fillers(options: InpaintEvaluation, measuring: Measuring) -> Mapping[str, Any]:
    fillers: dict[str, Any] = {}
    for method in options.method or SCENE_METHODS:
        chosen = InpaintOptions(
            method=method, dilate=options.dilate, feather=options.feather, weights=options.weights
        )
        fillers[method] = partial(_through, InpaintEdit(chosen, measuring.runtime))
    if not options.method:
        fillers[PATCHES] = _patches_alone
    return fillers


def _through(edit: InpaintEdit, scene: Scene) -> np.ndarray:
    """Filled by the loaded task, the same path that files take."""
    return edit.apply(Image(scene.picture), scene.hole, lambda done: None).samples


def _patches_alone(scene: Scene) -> np.ndarray:
    """Image completion with PatchMatch, without a network: Wexler 2007 with Barnes 2009."""
    window = surroundings(scene.hole)
    picture = to_tensor(scene.picture[window], torch.device("cpu"))[0].contiguous()
    hole = torch.from_numpy(scene.hole[window].copy())
    with torch.inference_mode():
        guide = canvas(picture[None], hole[None, None].float())[0]
        filled = synthesize(picture, hole, guide, torch.Generator().manual_seed(0))
    result = scene.picture.copy()
    result[window] = filled.mul(255).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    return result


def crop_boxes(hole: np.ndarray, rng: np.random.Generator) -> tuple[list[Box], list[Box]]:
    """Squares that are mostly hole, and as many without any; fewer where there is no room."""
    side = min(CROP, *hole.shape)
    sums = np.zeros((hole.shape[0] + 1, hole.shape[1] + 1))
    sums[1:, 1:] = hole.cumsum(0).cumsum(1)
    covered = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    share = covered / side**2
    most = min(LEAST_HOLE, float(share.max()))
    inside, outside = (np.argwhere(where) for where in (share >= most, share == 0))
    count = min(CROPS, len(inside), len(outside))

    def boxes(corners: np.ndarray) -> list[Box]:
        chosen = corners[rng.choice(len(corners), count, replace=False)] if count else corners[:0]
        return [(slice(y, y + side), slice(x, x + side)) for y, x in chosen.tolist()]

    return boxes(inside), boxes(outside)


def score_scene(output: np.ndarray, scene: Scene, vgg: VGG19Features | None) -> Scores:
    """What one fill is worth; see `measure_scenes`."""
    window = surroundings(scene.hole)
    picture, truth, hole = (each[window] for each in (output, scene.picture, scene.hole))
    luma = appearance.luma_of(picture)
    result = {
        "seam": appearance.seam(luma, hole),
        "step %": appearance.step(picture, hole),
        "sharpness": appearance.sharpness(luma, hole),
        "noise": appearance.noise(luma, hole),
        "repeats %": appearance.repeats(luma, hole, np.random.default_rng(0)),
        "L1 %": float(np.abs(picture[hole].astype(float) - truth[hole]).mean() / 2.55),
    }
    if vgg is None:
        return result
    masks = [torch.from_numpy(mask.astype(np.float32))[None, None]
             for mask in (hole, appearance.ring_around(hole))]  # fmt: skip
    with torch.inference_mode():
        ours, theirs = (vgg(_seen(each)) for each in (picture, truth))
        result["strangers %"] = appearance.strangers(ours[RELU4_4], *masks)
        result["PD"] = float(losses.perceptual(ours, theirs))
    return result


def _seen(picture: np.ndarray) -> Tensor:
    height, width = picture.shape[:2]
    scale = min(1.0, SEEN_SIDE / max(height, width))
    small = resize(Image(np.ascontiguousarray(picture)), round(width * scale),
                   round(height * scale)).samples  # fmt: skip
    return to_tensor(small, torch.device("cpu"))
