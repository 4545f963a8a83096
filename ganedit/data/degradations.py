"""How photographs go bad: blur, resizing, sharpening, noise and compression, in a random chain.

The second-order model of Real-ESRGAN (Wang et al. 2021), at milder strengths: most photographs
that people want enlarged are good ones, and a network that expects ruins smooths them.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[Any]  # (H, W, 3) float32 RGB in [0, 1]

_RESIZES = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)
# Of what is compressed, this share is WebP; of the JPEG files, so many keep chroma whole.
WEBP_SHARE, WHOLE_CHROMA_SHARE = 0.15, 0.25


@dataclass(frozen=True)
class Stage:
    """One pass of the chain: the chance of each step and the range of its strength."""

    blur: float
    sigma: tuple[float, float]  # pixels
    resize: float
    factor: tuple[float, float]
    noise: float
    noise_sigma: tuple[float, float]  # of 255
    sharpen: float
    amount: tuple[float, float]
    compress: float
    quality: tuple[int, int]


@dataclass(frozen=True)
class Damage:
    """What happens in the camera and at its owner's, then on the way through the web.

    Or only what nearly every picture goes through: a lens a little soft, a messenger's JPEG.
    """

    first: Stage
    second: Stage
    softness: tuple[float, float]  # pixels
    messenger: tuple[int, int]


ENLARGED = Damage(
    Stage(0.6, (0.2, 2.0), 0.4, (0.6, 1.2), 0.5, (1, 12), 0.15, (0.3, 1.5), 0.5, (50, 95)),
    Stage(0.35, (0.2, 1.0), 0.3, (0.75, 1.2), 0.35, (1, 7), 0.1, (0.2, 0.8), 0.8, (35, 95)),
    softness=(0.3, 1.2), messenger=(40, 85),
)  # fmt: skip
# What is restored at its own size is sharp enough, but noisier and compressed harder.
RESTORED = Damage(
    Stage(0.3, (0.2, 1.6), 0.2, (0.8, 1.2), 0.5, (1, 25), 0.15, (0.3, 1.0), 0.4, (30, 95)),
    Stage(0.2, (0.2, 0.7), 0.1, (0.9, 1.1), 0.3, (1, 25), 0.1, (0.2, 0.8), 0.7, (8, 95)),
    softness=(0.1, 0.6), messenger=(8, 90),
)  # fmt: skip
# This share of the pictures stays pristine but for the reduction itself; this share goes through
# what nearly every picture does, and nothing else.
UNTOUCHED, EVERYDAY = 0.1, 0.3


def degrade(picture: Picture, scale: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Reduce a picture by `scale` through a random chain of damage.

    `(H, W, 3)` float32 in [0, 1], H and W multiples of `scale`, to `(H/scale, W/scale, 3)` of 8
    bits, as a file has. A `scale` of 1 does what a picture is to be restored from.
    """
    damage = RESTORED if scale == 1 else ENLARGED
    height, width = picture.shape[0] // scale, picture.shape[1] // scale
    fate = rng.random()
    if fate < UNTOUCHED + EVERYDAY:
        reduced = _reduce(picture, width, height, rng)
        if fate >= UNTOUCHED:
            reduced = blur(reduced, rng.uniform(*damage.softness), rng)
            reduced = jpeg(reduced, _quality(damage.messenger, rng))
        return to_bytes(reduced)
    damaged = _pass(picture, damage.first, scale, rng)
    # The second pass works at the final size: its noise and JPEG blocks are what the network sees.
    damaged = _reduce(damaged, width, height, rng)
    damaged = _pass(damaged, damage.second, 1, rng)
    if damaged.shape[:2] != (height, width):
        damaged = _reduce(damaged, width, height, rng)
    return to_bytes(damaged)


def _pass(picture: Picture, stage: Stage, scale: int, rng: np.random.Generator) -> Picture:
    """One stage; `scale` stretches the blur, which is meant in pixels of the result."""
    if rng.random() < stage.blur:
        picture = blur(picture, rng.uniform(*stage.sigma) * scale / 2, rng)
    if rng.random() < stage.resize:
        factor = rng.uniform(*stage.factor)
        height, width = picture.shape[:2]
        picture = _reduce(
            picture, max(8, round(width * factor)), max(8, round(height * factor)), rng
        )
    if rng.random() < stage.noise:
        picture = noise(picture, rng.uniform(*stage.noise_sigma) / 255, rng)
    if rng.random() < stage.sharpen:
        picture = sharpen(picture, rng.uniform(*stage.amount), scale)
    if rng.random() < stage.compress:
        quality = _quality(stage.quality, rng)
        if rng.random() < WEBP_SHARE:
            picture = webp(picture, quality)
        else:
            picture = jpeg(picture, quality, whole_chroma=rng.random() < WHOLE_CHROMA_SHARE)
    return picture


def _quality(bounds: tuple[int, int], rng: np.random.Generator) -> int:
    return int(rng.integers(*bounds, endpoint=True))


def blur(picture: Picture, sigma: float, rng: np.random.Generator) -> Picture:
    """A Gaussian blur, round or drawn out in a random direction."""
    other = sigma * rng.uniform(0.4, 1.0) if rng.random() < 0.4 else sigma
    radius = max(1, min(15, int(np.ceil(2.5 * sigma))))
    angle = rng.uniform(0, np.pi)
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    kernel = np.exp(-0.5 * ((along / max(sigma, 0.1)) ** 2 + (across / max(other, 0.1)) ** 2))
    return cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101)


def noise(picture: Picture, sigma: float, rng: np.random.Generator) -> Picture:
    """Sensor noise of standard deviation `sigma`: even or growing with light, grey or coloured."""
    channels = 1 if rng.random() < 0.4 else 3
    shape = (*picture.shape[:2], channels)
    grain = rng.standard_normal(shape, dtype=np.float32) * np.float32(sigma)
    if rng.random() < 0.5:  # shot noise: the variance follows the light
        grain = grain * np.sqrt(np.clip(picture, 0.02, 1) * 2)
    noisy: Picture = np.clip(picture + grain, 0, 1)
    return noisy


def sharpen(picture: Picture, amount: float, sigma: float) -> Picture:
    """Unsharp masking: edges get a bright and a dark side some `sigma` pixels wide."""
    soft = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    sharper: Picture = np.clip(picture + amount * (picture - soft), 0, 1)
    return sharper


def jpeg(picture: Picture, quality: int, *, whole_chroma: bool = False) -> Picture:
    """The picture after JPEG at that quality (1…100), chroma at half resolution or whole."""
    sampling = (
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
        if whole_chroma
        else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    )
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    return _encoded(picture, ".jpg", settings)


def webp(picture: Picture, quality: int) -> Picture:
    """The picture after lossy WebP at that quality (1…100)."""
    return _encoded(picture, ".webp", [cv2.IMWRITE_WEBP_QUALITY, quality])


def _encoded(picture: Picture, suffix: str, settings: list[int]) -> Picture:
    bgr = np.ascontiguousarray(to_bytes(picture)[:, :, ::-1])
    _, encoded = cv2.imencode(suffix, bgr, settings)
    decoded: Picture = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))
    rgb: Picture = decoded[:, :, ::-1].astype(np.float32) / 255
    return rgb


def _reduce(picture: Picture, width: int, height: int, rng: np.random.Generator) -> Picture:
    method = _RESIZES[int(rng.integers(len(_RESIZES)))]
    if method != cv2.INTER_AREA and width < picture.shape[1]:
        # OpenCV's linear and cubic do not antialias: blur to the new pixel's size first.
        sigma = 0.4 * picture.shape[1] / width
        picture = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    reduced = cv2.resize(picture, (width, height), interpolation=method)
    clipped: Picture = np.clip(reduced, 0, 1)
    return clipped


def to_bytes(picture: Picture) -> npt.NDArray[np.uint8]:
    """Samples of 8 bits, rounded, clamped to [0, 1]."""
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
