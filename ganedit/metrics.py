"""Scores of a picture against the truth, as published benchmarks compute them."""

import math

import numpy as np
import torch
from torch import Tensor

# BT.601 studio-range luma, as MATLAB's rgb2ycbcr and every super-resolution table use it.
_LUMA = (65.481, 128.553, 24.966)
# From black to white.
LUMA_RANGE = 219.0
# Directions along which patches of all pictures are held in memory together.
PROJECTED_AT_ONCE = 64


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


def precision_recall(ours: Tensor, theirs: Tensor, neighbours: int = 3) -> tuple[float, float]:
    """How many of ours look like theirs, and how many of theirs like ours, as shares.

    A feature vector is like a set if it is no farther from one of its members than that one's
    `neighbours`-th nearest other member (Kynkäänniemi et al. 2019). Precision falls where
    pictures are bad, recall where kinds of pictures are missing.

    Args:
        ours: `(N, D)`, N over `neighbours`.
        theirs: `(M, D)`, M over `neighbours`.
        neighbours: how many of a member's own kind its reach covers.
    """

    def share(members: Tensor, others: Tensor) -> float:
        # The nearest of all is the member itself.
        reach = torch.cdist(members, members).kthvalue(neighbours + 1, dim=1).values
        within = torch.cdist(others, members) <= reach
        return float(within.any(dim=1).double().mean())

    return share(theirs, ours), share(ours, theirs)


# Pairs that are compared at once.
MS_SSIM_PAIRS = 64


def ms_ssim(ours: Tensor, theirs: Tensor) -> float:
    """Structural similarity at several scales (Wang et al. 2003), the mean over pairs.

    Between pictures that a generator draws, it tells how alike they are (Odena et al. 2017). Of
    five scales, as many as hold the 11×11 window: three at 64 pixels.

    Args:
        ours: `(N, 1, H, W)` in [0, 1], sides at least 11.
        theirs: the same.
    """
    # In double precision a convolution takes a hundred times the memory of what it looks at.
    pairs = zip(*(torch.split(each, MS_SSIM_PAIRS) for each in (ours, theirs)), strict=True)
    return float(torch.cat([_ms_ssim_of_each(*pair) for pair in pairs]).mean())


def _ms_ssim_of_each(ours: Tensor, theirs: Tensor) -> Tensor:
    weights = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
    count = min(len(weights), int(math.log2(min(ours.shape[2:]) / 11)) + 1)
    offsets = torch.arange(11, dtype=torch.float64) - 5
    line = torch.exp(-offsets.square() / (2 * 1.5**2))
    window = torch.outer(line, line)[None, None] / line.sum() ** 2
    x, y, total = ours.double(), theirs.double(), torch.ones(len(ours), dtype=torch.float64)
    for scale, weight in enumerate(weights[:count]):
        stack = torch.stack([x, y, x * x, y * y, x * y], dim=1).flatten(0, 1)
        means = torch.nn.functional.conv2d(stack, window)
        mx, my, xx, yy, xy = means.view(len(x), 5, *means.shape[2:]).unbind(1)
        structure = (2 * (xy - mx * my) + 9e-4) / (xx - mx**2 + yy - my**2 + 9e-4)
        if scale == count - 1:
            structure = structure * (2 * mx * my + 1e-4) / (mx**2 + my**2 + 1e-4)
        of_pairs = structure.mean((1, 2)).clamp_min(0)
        total = total * of_pairs ** (weight / sum(weights[:count]))
        x, y = (torch.nn.functional.avg_pool2d(each, 2) for each in (x, y))
    return total


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


def set_distances(ours: Tensor, theirs: Tensor) -> dict[str, float]:
    """Kernel and Fréchet distance of two sets of features `(N, D)`, by their names.

    Of VGG19's features, not Inception's, they are not KID and FID, and do not compare with them.
    """
    return {
        "kernel distance": kernel_distance(ours, theirs),
        "Fréchet distance": frechet_distance(ours, theirs),
    }


def sliced_wasserstein(
    ours: Tensor, theirs: Tensor, *, patches: int = 128, projections: int = 512
) -> dict[int, float]:
    """Sliced Wasserstein distance of patches at every resolution, times 1000 (Karras et al. 2018).

    Of a Laplacian pyramid, 7×7 patches at random places, normalised per channel, along random
    directions: at the finest resolution it tells of texture, at 16 pixels of the whole. Comparable
    with published figures for as many pictures (8192) and the same size only: few pictures have
    a distance by chance.

    Args:
        ours: `(N, 3, S, S)`, S a power of two from 16 on.
        theirs: `(M, 3, S, S)`; of the larger set, as many as of the smaller are looked at.
        patches: of each picture and resolution.
        projections: directions.

    Returns:
        The distance by the side of the resolution, finest first.
    """
    count, source = min(len(ours), len(theirs)), torch.Generator().manual_seed(0)
    sets = [_laplacian_pyramid(each[:count].float()) for each in (ours, theirs)]
    found = {}
    for mine, other in zip(*sets, strict=True):
        described = [_descriptors(level, patches, source) for level in (mine, other)]
        directions = torch.randn(described[0].shape[1], projections, generator=source)
        directions = directions / directions.norm(dim=0)
        apart = []
        for some in directions.split(PROJECTED_AT_ONCE, dim=1):
            one, another = ((each @ some).sort(dim=0).values for each in described)
            apart.append((one - another).abs().mean(dim=0))
        found[mine.shape[-1]] = 1000 * float(torch.cat(apart).mean())
    return found


def _laplacian_pyramid(pictures: Tensor) -> list[Tensor]:
    """What each resolution adds to the next coarser one, down to 16 pixels, which are whole."""
    line = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    kernel = torch.outer(line, line).expand(3, 1, 5, 5)

    def blurred(x: Tensor) -> Tensor:
        padded = torch.nn.functional.pad(x, (2, 2, 2, 2), mode="reflect")
        return torch.nn.functional.conv2d(padded, kernel, groups=3)

    levels, x = [], pictures
    while x.shape[-1] > 16:
        smaller = blurred(x)[:, :, ::2, ::2]
        spread = torch.zeros_like(x)
        spread[:, :, ::2, ::2] = smaller
        levels.append(x - 4 * blurred(spread))
        x = smaller
    return [*levels, x]


def _descriptors(level: Tensor, patches: int, source: torch.Generator) -> Tensor:
    """7×7 patches of every picture, `(N·patches, 147)`, of mean 0 and deviation 1 per channel."""
    side = level.shape[-1] - 6
    every = level.unfold(2, 7, 1).unfold(3, 7, 1)  # (N, 3, side, side, 7, 7)
    picture = torch.arange(len(level)).repeat_interleave(patches)
    top, left = torch.randint(side, (2, len(picture)), generator=source)
    chosen = every[picture, :, top, left]
    chosen = chosen - chosen.mean((0, 2, 3), keepdim=True)
    chosen = chosen / chosen.std((0, 2, 3), keepdim=True).clamp_min(1e-8)
    return chosen.flatten(1)


def nearer(ours: Tensor, theirs: Tensor) -> tuple[float, float]:
    """How often one of ours is smaller than one of theirs, and how likely that is by chance.

    The rank test of Mann and Whitney (1947): a share of all pairs, .5 where both are alike, and
    the probability of so large a share (one-sided, by the normal approximation).

    Args:
        ours: `(N,)`.
        theirs: `(M,)`.
    """
    difference = theirs[None].double() - ours[:, None].double()
    share = float(((difference > 0).double() + 0.5 * (difference == 0)).mean())
    count, other = len(ours), len(theirs)
    deviation = math.sqrt((count + other + 1) / (12 * count * other))
    return share, 0.5 * math.erfc((share - 0.5) / deviation / math.sqrt(2))
