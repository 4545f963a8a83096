"""What an enlargement must not change: the colour of areas."""

import torch.nn.functional as F
from torch import Tensor

# Half the side of the window, in input pixels, over which mean colour is held.
RADIUS = 6
# Once before clamping would do, but clipped overshoots shift the mean again: so once more after.
ROUNDS = 2


def hold_color(output: Tensor, low: Tensor, scale: int) -> Tensor:
    """Shift an enlargement's low frequencies to the input's, and clamp it to [0, 1].

    A network trained on crops drifts by a level or two in flat areas, and more with adversarial
    losses. Where the enlargement's local mean differs from the input's, the smooth difference is
    added: detail stays, colour is exact.

    Args:
        output: `(N, C, scale·H, scale·W)`.
        low: `(N, C, H, W)` in [0, 1].
        scale: the enlargement.
    """
    for _ in range(ROUNDS):
        output = output.clamp(0, 1)
        drift = _smooth(low - F.avg_pool2d(output, scale))
        output = output + F.interpolate(drift, scale_factor=scale, mode="nearest")
    return output.clamp(0, 1)


def _smooth(picture: Tensor) -> Tensor:
    """Mean over a window, cut off at the picture's border; rows and columns apart for speed."""
    side = 2 * RADIUS + 1
    for kernel, padding in (((side, 1), (RADIUS, 0)), ((1, side), (0, RADIUS))):
        picture = F.avg_pool2d(picture, kernel, 1, padding, count_include_pad=False)
    return picture
