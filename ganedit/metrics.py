"""Scores of a picture against the truth, as published benchmarks compute them."""

import math

import numpy as np
import torch
from torch import Tensor

# BT.601 studio-range luma, as MATLAB's rgb2ycbcr and every super-resolution table use it.
_LUMA = (65.481, 128.553, 24.966)
# From black to white.
LUMA_RANGE = 219.0


def luma(picture: Tensor) -> Tensor:
    """`(N, 3, H, W)` RGB in [0, 1] → `(N, 1, H, W)` Y in [16, 235]."""
    weights = picture.new_tensor(_LUMA).view(1, 3, 1, 1)
    return (picture * weights).sum(dim=1, keepdim=True) + 16


def psnr(output: Tensor, truth: Tensor, peak: float = 255.0) -> float:
    """Peak signal-to-noise ratio in dB of two equally shaped tensors; infinite when equal."""
    error = (output.double() - truth.double()).square().mean().item()
    return math.inf if error == 0 else 10 * math.log10(peak**2 / error)


def ssim(output: Tensor, truth: Tensor, peak: float = 255.0, inside: Tensor | None = None) -> float:
    """Structural similarity (Wang et al. 2004) of `(N, 1, H, W)`: 11×11 Gaussian.

    Its mean over the valid part, or, with `inside` (`(N, 1, H, W)` bool), over those pixels.
    """
    from kornia.metrics import ssim as ssim_map  # slow to import

    padding = "valid" if inside is None else "same"
    similar = ssim_map(output.double(), truth.double(), 11, max_val=peak, padding=padding)
    return float((similar if inside is None else similar[inside]).mean())


def spectrum_error(output: Tensor, truth: Tensor) -> float:
    """How far the radial power spectrum is from the truth's, in dB, averaged over frequencies.

    Low when a picture has as much fine texture as the truth, wherever it lies: blur and added
    grain both raise it. Independent of any network. `(1, 1, H, W)` each.
    """
    difference = _radial_spectrum(output) - _radial_spectrum(truth)
    return float(np.abs(difference).mean())


def _radial_spectrum(picture: Tensor) -> np.ndarray:
    """Mean power in dB over rings of the spectrum's upper three quarters."""
    y = picture[0, 0].double().numpy()
    # A window, or the jump from one border to the other would fill the high frequencies.
    window = np.hanning(y.shape[0])[:, None] * np.hanning(y.shape[1])[None]
    power = np.abs(np.fft.fft2((y - y.mean()) * window)) ** 2
    rows, columns = np.fft.fftfreq(y.shape[0])[:, None], np.fft.fftfreq(y.shape[1])[None]
    ring = np.round(np.hypot(rows, columns) * 64).astype(int)
    wanted = (ring >= 8) & (ring <= 32)
    total = np.bincount(ring[wanted], power[wanted], minlength=33)
    count = np.bincount(ring[wanted], minlength=33)
    return 10 * np.log10(total[8:] / np.maximum(count[8:], 1) + 1e-3)


def flat_noise_error(output: Tensor, truth: Tensor, block: int = 8) -> float:
    """Difference of noise in flat areas, in levels of 255: output's minus truth's, absolute.

    Flat areas are the tenth of the truth's blocks with the least variation; noise is the standard
    deviation there. `(1, 1, H, W)` each.
    """
    ours, theirs = _block_deviations(output, block), _block_deviations(truth, block)
    flat = theirs <= torch.quantile(theirs, 0.1)
    return float((ours[flat].mean() - theirs[flat].mean()).abs())


def lattice_share(picture: Tensor, period: int = 8) -> float:
    """How much of a picture's fine detail repeats every `period` pixels, as a share of its power.

    About one over the number of periods for a photograph (1 to 2 % of 64² pixels); a network that
    works at an eighth of the resolution may leave far more. `(1, 1, H, W)`, which is cropped to
    whole periods.
    """
    y = picture.double()
    detail = y - torch.nn.functional.avg_pool2d(y, 9, 1, 4, count_include_pad=False)
    height, width = (side // period * period for side in y.shape[2:])
    places = torch.nn.functional.pixel_unshuffle(detail[..., :height, :width], period)
    power = places.square().mean()
    return float(places.mean((2, 3)).square().mean() / power) if power else 0.0


def _block_deviations(picture: Tensor, block: int) -> Tensor:
    blocks = torch.nn.functional.unfold(picture.double(), block, stride=block)
    return blocks.std(dim=1).flatten()


def kernel_distance(ours: Tensor, theirs: Tensor) -> float:
    """Squared maximum mean discrepancy of two sets of features, unbiased (KID, Binkowski 2018).

    With the cubic polynomial kernel `(x·y / D + 1)³`. About 0 for two samples of one
    distribution; it may come out a little below.

    Args:
        ours: `(N, D)`, N at least 2.
        theirs: `(M, D)`, M at least 2.
    """
    ours, theirs = ours.double(), theirs.double()

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return (x @ y.T / x.shape[1] + 1) ** 3

    def within(x: Tensor) -> Tensor:
        gram, count = kernel(x, x), len(x)
        return (gram.sum() - gram.trace()) / (count * (count - 1))

    return float(within(ours) + within(theirs) - 2 * kernel(ours, theirs).mean())


def frechet_distance(ours: Tensor, theirs: Tensor) -> float:
    """Fréchet distance of two sets of features as if each were Gaussian (Heusel et al. 2017).

    Args:
        ours: `(N, D)`, N at least 2.
        theirs: `(M, D)`, M at least 2.
    """
    ours, theirs = ours.double(), theirs.double()
    shift = (ours.mean(0) - theirs.mean(0)).square().sum()
    one, other = torch.cov(ours.T), torch.cov(theirs.T)
    values, vectors = torch.linalg.eigh(one)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    # The trace of the root of a product is that of the root of its symmetric form.
    cross = torch.linalg.eigvalsh(root @ other @ root).clamp_min(0).sqrt().sum()
    return float(shift + one.trace() + other.trace() - 2 * cross)
