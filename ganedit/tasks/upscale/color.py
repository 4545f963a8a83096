"""What an enlargement must not change: the colour of areas."""

import torch
import torch.nn.functional as F
from torch import Tensor

# Half the side of the window, in input pixels, over which mean colour is held.
RADIUS = 4


def hold_color(phases: Tensor, low: Tensor) -> Tensor:
    """Shift an enlargement's low frequencies to the input's, and clamp it to [0, 1].

    A network trained on crops drifts by a level or two in flat areas, and more with adversarial
    losses. Where the enlargement's local mean differs from the input's, the smooth difference is
    added: detail stays, colour is exact.

    Args:
        phases: `(N, C·scale², H, W)`, an enlargement before `pixel_shuffle`; changed in place.
        low: `(N, C, H, W)` in [0, 1], what was enlarged.
    """
    channels = low.shape[1]
    count = phases.shape[1] // channels
    # Overshoots are cut off first: cutting them later would shift the mean again.
    phases.clamp_(0, 1)
    # A 1×1 convolution is the fastest mean over channels that lie side by side.
    average = torch.eye(channels, device=low.device).repeat_interleave(count, dim=1) / count
    mean = F.conv2d(phases, average[:, :, None, None])
    by_color = phases.view(len(phases), channels, count, *phases.shape[2:])
    by_color.add_(_smooth(low - mean)[:, :, None])
    return phases.clamp_(0, 1)


def _smooth(picture: Tensor) -> Tensor:
    """Mean over a window, the picture's border repeated; rows and columns apart for speed."""
    channels, side = picture.shape[1], 2 * RADIUS + 1
    picture = F.pad(picture, (RADIUS,) * 4, mode="replicate")
    picture = picture.contiguous(memory_format=torch.channels_last)
    for shape in ((side, 1), (1, side)):
        kernel = picture.new_full((channels, 1, *shape), 1 / side)
        picture = F.conv2d(picture, kernel, groups=channels)
    return picture
