"""What an enlargement must not change: the colour of areas."""

import torch.nn.functional as F
from torch import Tensor

# Half the side of the window, in input pixels, over which mean colour is held.
RADIUS = 4
# The first round corrects what the network drifts; overshoots that clamping cuts off shift the
# mean again, which the second one sees.
ROUNDS = 2


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
    # A 1×1 convolution is the fastest mean over channels that lie side by side.
    average = phases.new_full((channels, count, 1, 1), 1 / count)
    for _ in range(ROUNDS):
        mean = F.conv2d(phases.clamp(0, 1), average, groups=channels)
        by_color = phases.view(phases.shape[0], channels, count, *phases.shape[2:])
        by_color.add_(_smooth(low - mean)[:, :, None])
    return phases.clamp_(0, 1)


def _smooth(picture: Tensor) -> Tensor:
    """Mean over a window, cut off at the picture's border; rows and columns apart for speed."""
    side = 2 * RADIUS + 1
    for kernel, padding in (((side, 1), (RADIUS, 0)), ((1, side), (0, RADIUS))):
        picture = F.avg_pool2d(picture, kernel, 1, padding, count_include_pad=False)
    return picture
