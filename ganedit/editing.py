"""From samples to samples through a network: tiles, precision and memory, for every task."""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ganedit.errors import DeviceError, NonFiniteError, UsageError
from ganedit.image import Image, bands_within, resize
from ganedit.runtime import Runtime
from ganedit.task import Predictor, Progress
from ganedit.tiling import Footprint, Rows, plan, smallest_window, window_side

Module = TypeVar("Module", bound=nn.Module)

# Pixels of a band of rows where a step would take many bytes for each, and rows around it that
# decide what is in it: farther than any network sees.
BAND_PIXELS, REACH = 1 << 21, 64
# Larger windows waste less on halos; beyond these sides, or so many halos, little is left to gain.
LARGEST_WINDOW, HALOS = {"cpu": 512, "mps": 768, "cuda": 1536}, 7
# Statistics of a picture are gathered on at most so many pixels, and kept for all of a larger one.
STATISTICS_PIXELS = 1 << 20


def predict_samples(
    samples: np.ndarray, predictor: Predictor, runtime: Runtime, progress: Progress
) -> np.ndarray:
    """Run a picture of any size through a network, tile by tile; see `predict_rows`.

    Args:
        samples: `(H, W, 1 or 3)` uint8 or uint16.
        predictor: the network; its footprint says how tiles must overlap.
        runtime: device, precision and memory budget.
        progress: told after each tile.

    Returns:
        `(scale·H, scale·W, C)` of the same dtype. The same as from one tile, within rounding.

    Raises:
        NonFiniteError: the network gives NaN even in float32.
        DeviceError: the device's memory does not hold the smallest tile.
    """
    return predict_rows(Rows.of(samples), predictor, runtime, progress).whole()


def predict_rows(rows: Rows, predictor: Predictor, runtime: Runtime, progress: Progress) -> Rows:
    """What a network makes of a picture of any size, its rows made as they are taken.

    Greyscale goes through the network as grey RGB and comes back as one channel. Whatever
    `predict_samples` raises, taking a row may.
    """
    element = torch.finfo(runtime.dtype).bits // 8
    largest = max(LARGEST_WINDOW[runtime.device.type], HALOS * predictor.footprint.halo)
    side = min(largest, window_side(predictor.footprint, runtime.memory, element))
    return _tiled(rows, predictor, runtime, side, progress)


def _tiled(
    rows: Rows, predictor: Predictor, runtime: Runtime, side: int, progress: Progress
) -> Rows:
    height, width, channels = rows.shape
    scale = predictor.footprint.scale

    def bands() -> Iterator[np.ndarray]:
        windows = plan(height, width, predictor.footprint, side)
        done = 0
        for span, beside in groupby(windows, key=lambda window: window.rows):
            source = rows.take(span.outer_start, span.outer_stop)
            band = np.empty(((span.stop - span.start) * scale, width * scale, channels), rows.dtype)
            for window in beside:
                columns = window.columns
                tile = source[:, columns.outer_start : columns.outer_stop]
                core = span.core_in_output(scale), columns.core_in_output(scale)
                place = slice(columns.start * scale, columns.stop * scale)
                band[:, place] = _predicted(tile, core, predictor, runtime, side)
                done += 1
                progress(done / len(windows))
            yield band

    return Rows((height * scale, width * scale, channels), rows.dtype, bands())


def _predicted(
    tile: np.ndarray,
    core: tuple[slice, slice],
    predictor: Predictor,
    runtime: Runtime,
    side: int,
) -> np.ndarray:
    """The core of what the network makes of a window no larger than `side`.

    Of smaller windows, where the device cannot hold this one.
    """
    try:
        with torch.inference_mode():
            result = _predict(predictor, to_tensor(tile, runtime.device))
            return to_samples(result[:, :, *core], tile.dtype, tile.shape[2])
    except RuntimeError as error:
        if not _out_of_memory(error):
            raise
    smallest = smallest_window(predictor.footprint)
    if side <= smallest:
        raise DeviceError(
            f"{runtime.device}: its memory does not hold a window of {side} pixels; "
            "close other programs or use --device cpu"
        )
    torch.cuda.empty_cache()
    smaller = max(smallest, side // 2)
    return _tiled(Rows.of(tile), predictor, runtime, smaller, lambda done: None).whole()[core]


def _out_of_memory(error: RuntimeError) -> bool:
    """Whether a device, or the CPU's allocator, which has no error of its own, is exhausted."""
    told = ("can't allocate memory", "not enough memory", "out of memory")  # Linux, Windows, MPS
    return isinstance(error, torch.OutOfMemoryError) or any(text in str(error) for text in told)


def _predict(predictor: Predictor, tile: Tensor) -> Tensor:
    """Predict, and once more in float32 if the result is NaN or infinite."""
    result = predictor.predict(tile)
    if not is_finite(result):
        result = predictor.predict(tile, safe=True)
        if not is_finite(result):
            raise NonFiniteError("the network gives NaN even in fp32; report this")
    return result


def is_finite(result: Tensor) -> bool:
    """Whether no value is NaN or infinite."""
    # The mean is NaN or infinite with a single one of them: one pass, and no copy.
    return bool(result.mean().isfinite())


def placed(network: Module, device: torch.device, dtype: torch.dtype) -> Module:
    """The network itself, as it is used: on a device, in a precision, no gradients."""
    network = network.eval().requires_grad_(False).to(device, dtype)
    return network.to(memory_format=torch.channels_last)


def to_tensor(samples: np.ndarray, device: torch.device) -> Tensor:
    """`(H, W, 1 or 3)` integer samples to float32 `(1, 3, H, W)` in [0, 1], channels_last."""
    # Arrays from Pillow may be read-only, of which torch warns.
    tensor = torch.from_numpy(np.require(samples, requirements=["C", "W"])).to(device)
    # (H, W, C) seen as (1, C, H, W) is channels_last already.
    tensor = tensor.permute(2, 0, 1)[None].float().div_(np.iinfo(samples.dtype).max)
    return tensor.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def to_samples(picture: Tensor, dtype: np.dtype, channels: int) -> np.ndarray:
    """float `(1, 3, H, W)` to `(H, W, channels)` integer samples, rounded, clamped to [0, 1].

    `picture` is overwritten: a copy of each tile for every step would take longer than the steps.
    """
    if channels == 1:
        picture = picture.mean(dim=1, keepdim=True)
    top = int(np.iinfo(dtype).max)
    rounded = picture[0].mul_(top).add_(0.5).clamp_(0, top).permute(1, 2, 0)
    integer = rounded.to(torch.uint8 if top == 255 else torch.uint16)
    result: np.ndarray = integer.cpu().numpy()
    return result


def fill_transparent(image: Image, unknown: np.ndarray | None = None) -> np.ndarray:
    """The picture's samples, colours of fully transparent pixels taken from the nearest visible.

    Whatever colour hides under transparency (black, mostly) would otherwise be mixed into the
    visible edge by anything that looks at neighbours, and show as a fringe. Of a large picture
    only pixels within `REACH` rows of what is visible take the very nearest.

    Args:
        image: the picture.
        unknown: `(H, W)` bool, pixels that give no colour to others though they are visible.
    """
    alpha, samples = image.alpha, image.samples
    if alpha is None or alpha.all():
        return samples
    giving = alpha > 0
    if unknown is not None:
        giving &= ~unknown
    if not giving.any():
        return samples
    result = np.empty_like(samples)
    first: int | None = None
    for rows, outer, core in bands_within(alpha.shape, REACH, BAND_PIXELS):
        if giving[outer].any():
            result[rows] = _filled_by_nearest(samples[outer], giving[outer])[core]
            first = rows.start if first is None else first
        elif first is not None:
            result[rows] = result[rows.start - 1]
    if first:
        result[:first] = result[first]
    if unknown is not None:  # what is visible there was filled with the rest
        np.copyto(result, samples, where=(alpha > 0)[:, :, None])
    return result


def on_white(image: Image) -> Image:
    """A picture in colour without alpha, white where it was transparent."""
    samples = fill_transparent(image)
    if image.alpha is not None:
        most = np.iinfo(samples.dtype).max
        share = image.alpha[..., None].astype(np.float32) / np.iinfo(image.alpha.dtype).max
        samples = np.rint(samples * share + most * (1 - share)).astype(samples.dtype)
    return Image(np.repeat(samples, 3, axis=2) if samples.shape[2] == 1 else samples)


def _filled_by_nearest(samples: np.ndarray, giving: np.ndarray) -> np.ndarray:
    """`samples` `(H, W, C)`, those that are not `giving` taken from the nearest that are."""
    import cv2

    hidden = (~giving).astype(np.uint8)
    _, nearest = cv2.distanceTransformWithLabels(
        hidden, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    # Labels number the visible pixels; find where each number lies, then look colours up.
    flat = np.zeros(int(nearest.max()) + 1, np.int64)
    visible = np.flatnonzero(hidden.reshape(-1) == 0)
    flat[nearest.reshape(-1)[visible]] = visible
    filled: np.ndarray = samples.reshape(-1, samples.shape[2])[flat[nearest]]
    return filled


def padded(samples: np.ndarray, multiple: int, least: int) -> np.ndarray:
    """`(H, W, C)` mirrored to the right and below: sides multiples of `multiple`, `least` or more.

    A network that halves its input needs that; cut off the rest of what it makes.
    """
    high, wide = (max(least, -(-side // multiple) * multiple) for side in samples.shape[:2])
    missing = (0, high - samples.shape[0]), (0, wide - samples.shape[1]), (0, 0)
    return np.pad(samples, missing, mode="symmetric")


def overview(
    samples: np.ndarray, footprint: Footprint, runtime: Runtime, least: int, option: str
) -> Tensor:
    """A picture, or a large one reduced, for a network that gathers statistics of all of it.

    They decide the colours of every tile: at whatever size the memory holds, they would make
    another picture for every budget.

    Args:
        samples: `(H, W, 3)`, sides multiples of what the network takes.
        footprint: of the network.
        runtime: device and memory budget.
        least: smallest side that it takes.
        option: what to lower where the memory is too small.

    Returns:
        float32 `(1, 3, h, w)` in [0, 1] on the device.

    Raises:
        UsageError: the memory budget does not hold what the network makes of it.
    """
    height, width = samples.shape[:2]
    reduce = math.sqrt(height * width / STATISTICS_PIXELS)
    if reduce > 1:
        multiple = footprint.multiple
        height, width = (
            max(least, multiple * round(side / reduce / multiple)) for side in (height, width)
        )
        samples = resize(Image(samples), width, height).samples
    element = torch.finfo(runtime.dtype).bits // 8
    needed = height * width * footprint.bytes_per_pixel * element // 4
    if needed > runtime.memory:
        raise UsageError(
            f"--memory is too small for it: {-(-needed >> 20)}M are needed; give more, or a "
            f"smaller {option}"
        )
    return to_tensor(samples, runtime.device)


def in_color(image: Image, done: str) -> Image:
    """The picture in RGB, colours under transparency taken from what is visible, alpha left out.

    Args:
        image: any picture.
        done: what becomes of it, for the note on a grey profile that was left out: `painted`.
    """
    samples, notes, metadata = fill_transparent(image), image.notes, image.metadata
    if image.channels == 1:
        samples = np.repeat(samples, 3, axis=2)
        if metadata.icc is not None:
            metadata = replace(metadata, icc=None)
            notes = (*notes, f"{done} in colour: its grey profile was left out")
    return replace(image, samples=samples, alpha=None, metadata=metadata, notes=notes)
