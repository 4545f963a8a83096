"""Scores of an upscaler on pairs of small and large pictures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from ganedit import losses, metrics
from ganedit.data.degradations import jpeg, to_bytes
from ganedit.data.pictures import list_pictures, load_rgb
from ganedit.editing import to_samples, to_tensor
from ganedit.errors import GaneditError, UsageError
from ganedit.image import Image
from ganedit.nets.vgg import VGG19Features
from ganedit.scores import Scores, ScoreTable, mean_scores
from ganedit.task import Measuring
from ganedit.tasks.upscale.data import reduce_bicubic
from ganedit.tasks.upscale.edit import UpscaleEdit
from ganedit.tasks.upscale.options import (
    DEFAULT_DETAIL,
    NATIVE_SCALES,
    Target,
    UpscaleEvaluation,
    UpscaleOptions,
)

# The fixed damage of `--damage`: what a phone and a messenger do to a photograph.
DAMAGE_BLUR, DAMAGE_QUALITY = 0.8, 60
# Pixels a side that SSIM's window needs after shaving.
SMALLEST = 11

Enlarger = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Pair:
    """One test picture: `(h, w, 3)` and `(scale·h, scale·w, 3)` uint8 RGB."""

    name: str
    low: np.ndarray
    high: np.ndarray


def read_pairs(high: Path, low: Path | None, scale: int, *, damage: bool) -> Iterator[Pair]:
    """Test pictures of a folder, the small ones read from `low` or made by bicubic reduction.

    Files pair by name, endings `_HR` and `_LR` left out; both may lie in one folder.

    Args:
        high: folder of large pictures.
        low: folder of small ones, or None.
        scale: large over small.
        damage: blur the small picture and put it through JPEG.

    Raises:
        GaneditError: no pictures, a large one without its small one, or sizes that do not fit.
    """
    files = [p for p in list_pictures(high) if not p.stem.endswith("_LR")]
    if not files:
        raise GaneditError(f"{high}: no pictures in this folder")
    smaller: dict[str, Path] = {}
    if low is not None:
        candidates = [p for p in list_pictures(low) if not p.stem.endswith("_HR")]
        smaller = {_key(p, low): p for p in candidates}
    for path in files:
        large, key = load_rgb(path), _key(path, high)
        if low is None:
            height, width = (side // scale * scale for side in large.shape[:2])
            if not (height and width):
                _refuse_small(path, large)
            large = large[:height, :width]
            tensor = reduce_bicubic(to_tensor(large, torch.device("cpu")), scale)
            small = to_samples(tensor, large.dtype, 3)
        elif key in smaller:
            small = load_rgb(smaller[key])
        else:
            raise GaneditError(f"{path}: no small picture of this name in {low}")
        _check_sizes(path, small, large, scale)
        yield Pair(key, _damaged(small) if damage else small, large)


def _check_sizes(path: Path, small: np.ndarray, large: np.ndarray, scale: int) -> None:
    (low_h, low_w), (high_h, high_w) = small.shape[:2], large.shape[:2]
    # A side that the scale does not divide may have been rounded either way.
    if abs(low_h * scale - high_h) >= scale or abs(low_w * scale - high_w) >= scale:
        raise GaneditError(
            f"{path}: {high_w}×{high_h} is not {scale} times the {low_w}×{low_h} of its small "
            "picture; check --scale"
        )
    if min(high_h, high_w, low_h * scale, low_w * scale) - 2 * scale < SMALLEST:
        _refuse_small(path, large)


def _refuse_small(path: Path, large: np.ndarray) -> NoReturn:
    height, width = large.shape[:2]
    raise GaneditError(f"{path}: {width}×{height} is too small to be scored; leave it out")


def _key(path: Path, root: Path) -> str:
    """What a large picture and its small one have in common: folder and name."""
    stem = path.stem.removesuffix("_HR").removesuffix("_LR")
    return path.relative_to(root).with_name(stem).as_posix()


def _damaged(small: np.ndarray) -> np.ndarray:
    blurred = cv2.GaussianBlur(small.astype(np.float32) / 255, (0, 0), DAMAGE_BLUR)
    return to_bytes(jpeg(blurred, DAMAGE_QUALITY))


def bicubic(scale: int) -> Enlarger:
    """Plain bicubic enlargement, the yardstick.

    The antialiased kind is MATLAB's kernel (a = -0.5); PyTorch's other one is a sharper a = -0.75.
    """

    def enlarge(low: np.ndarray) -> np.ndarray:
        tensor = to_tensor(low, torch.device("cpu"))
        large = F.interpolate(tensor, scale_factor=scale, mode="bicubic", antialias=True)
        return to_samples(large, low.dtype, 3)

    return enlarge


def through(edit: UpscaleEdit) -> Enlarger:
    """Enlargement by the loaded task, the same path that files take."""
    return lambda low: edit.apply(Image(low), lambda done: None).samples


def score(
    output: np.ndarray, truth: np.ndarray, shave: int, vgg: VGG19Features | None, lpips: object
) -> Scores:
    """All scores of one picture, both cropped to the common top left, `shave` pixels cut off."""
    height, width = (min(a, b) for a, b in zip(output.shape[:2], truth.shape[:2], strict=True))
    inner = (slice(shave, height - shave), slice(shave, width - shave))
    cpu = torch.device("cpu")
    ours, theirs = to_tensor(output[inner], cpu), to_tensor(truth[inner], cpu)
    y, y_true = metrics.luma(ours), metrics.luma(theirs)
    result = {
        "PSNR-Y": metrics.psnr(y, y_true),
        "SSIM-Y": metrics.ssim(y, y_true),
        "spectrum": metrics.spectrum_error(y, y_true),
        "flat noise": metrics.flat_noise_error(y, y_true),
    }
    if vgg is not None:
        result["PD"] = perceptual_distance(vgg, ours, theirs)
    if callable(lpips):
        result["LPIPS"] = float(lpips(ours * 2 - 1, theirs * 2 - 1))
    return result


def perceptual_distance(vgg: VGG19Features, ours: Tensor, theirs: Tensor) -> float:
    """PD of two `(1, 3, H, W)` pictures in [0, 1]."""
    with torch.inference_mode():
        return float(losses.perceptual(vgg(ours), vgg(theirs)))


def measure(options: UpscaleEvaluation, measuring: Measuring) -> ScoreTable:
    """Measure the networks asked for, and bicubic, on all pairs of a folder.

    At scale 1 there is nothing to enlarge: beside what is restored stands the picture as it is.

    Raises:
        GaneditError: pictures are missing.
        WeightsError: weights or the feature network cannot be read.
        UsageError: LPIPS is asked for but not installed.
    """
    scale = int(options.scale)
    pairs = list(read_pairs(options.hr, options.lr, scale, damage=options.damage))
    features = measuring.vgg()
    lpips = _lpips() if options.lpips else None
    yardstick = "as it is" if scale == 1 else "bicubic"
    methods: dict[str, Enlarger] = {yardstick: bicubic(scale)}
    for name, chosen in _networks(options).items():
        edit = UpscaleEdit(chosen, measuring.runtime)
        if edit.own_scale not in (None, scale):
            raise UsageError(
                f"--scale {scale}: the network of {options.weights} enlarges by {edit.own_scale}; "
                f"give --scale {edit.own_scale}"
            )
        methods[name] = through(edit)
    scores: dict[str, list[Scores]] = {name: [] for name in methods}
    rows: list[dict[str, Any]] = []
    for pair in tqdm(pairs, unit="picture", leave=False, disable=None):
        for name, method in methods.items():
            output = method(pair.low)
            scores[name].append(score(output, pair.high, scale, features, lpips))
            rows.append({"picture": pair.name, "method": name, **scores[name][-1]})
            if measuring.save is not None:
                target = measuring.save / f"{pair.name}_{name.replace(' ', '_')}.png"
                Image(output).save(target, overwrite=True)
    if options.lr:
        made = "given small pictures"
    elif scale > 1:
        made = "small pictures by antialiased bicubic reduction"
    else:
        made = "their own size"
    protocol = (
        f"x{scale}, {len(pairs)} pictures of {options.hr.name}, {made}"
        + (f", blurred (sigma {DAMAGE_BLUR}) and JPEG {DAMAGE_QUALITY}" if options.damage else "")
        + f"; 8-bit results, {scale} pixels shaved, PSNR and SSIM on BT.601 luma"
        + (f"; PD with VGG19 {features.sha256[:8]}" if features else "")
    )
    return ScoreTable(protocol, rows, {name: mean_scores(rows) for name, rows in scores.items()})


def _networks(options: UpscaleEvaluation) -> dict[str, UpscaleOptions]:
    """What is to be measured, by the name that its row gets."""
    scale = int(options.scale)
    target = Target(scale=scale)
    if options.weights is not None:
        own = UpscaleOptions(target, weights=options.weights)
        return {f"ganedit {Path(options.weights).stem}": own}
    model = options.model or ("clean" if scale in NATIVE_SCALES["clean"] else "photo")
    return {
        f"ganedit {model} detail {value:g}": UpscaleOptions(target, model, value)
        for value in (options.detail or (0.0, DEFAULT_DETAIL))
    }


def _lpips() -> object:
    try:
        import lpips
    except ImportError:
        raise UsageError("--lpips: install it with pip install 'ganedit[lpips]'") from None
    return lpips.LPIPS(net="alex", verbose=False).eval()
