"""3×3 convolutions by a frozen kernel in 2.25 multiplications a pixel instead of nine.

Winograd's F(4×4, 3×3) (Lavin and Gray 2016): pictures are taken apart into windows of 6×6 that
overlap by two, a linear map turns convolution into a product at each of the 36 places, and these
are matrix products over all windows. oneDNN has no such convolution for float32; on CPUs without
matrix units the networks that losses look through take half the time by this one.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Fewer channels leave the time to the maps, not to the products.
LEAST_CHANNELS = 64
TILE, WINDOW = 4, 6

_KERNEL = torch.tensor(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    dtype=torch.float64,
)
_INPUT = torch.tensor(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    dtype=torch.float32,
)
_OUTPUT = torch.tensor(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
    dtype=torch.float32,
)
# Both sides of a window at once: one product of matrices instead of two and a turn between.
_FROM_WINDOW, _TO_TILE = torch.kron(_INPUT, _INPUT), torch.kron(_OUTPUT, _OUTPUT)


class FrozenConv(nn.Module):
    """What a 3×3 convolution with padding 1 does, its weights fixed. Float32 on a CPU.

    `(N, C, H, W)` → `(N, K, H, W)`, channels_last; gradients flow through to the input.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        weight = conv.weight.detach()
        assert conv.bias is not None
        self.bias = conv.bias.detach()
        self.there = transformed(weight)
        # The gradient's way back is a convolution by the turned kernel, channels exchanged.
        self.back = transformed(weight.flip(2, 3).transpose(0, 1))

    @staticmethod
    def pays(conv: nn.Module) -> bool:
        """Whether a convolution is of this kind and large enough."""
        return (
            isinstance(conv, nn.Conv2d)
            and conv.kernel_size == (3, 3)
            and min(conv.in_channels, conv.out_channels) >= LEAST_CHANNELS
            and conv.in_channels + conv.out_channels > 2 * LEAST_CHANNELS
        )

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = _Convolution.apply(x, self.there, self.back)
        return result + self.bias[:, None, None]


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor, there: Tensor, back: Tensor) -> Tensor:
        context.back = back
        return convolve(x, there)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return convolve(gradients[0], context.back), None, None


def transformed(weight: Tensor) -> Tensor:
    """A kernel `(K, C, 3, 3)` as the 36 matrices `(36, C, K)` that `convolve` multiplies by."""
    left = _KERNEL.to(weight.device)
    product = torch.einsum("ia,kcab,jb->ijck", left, weight.double(), left)
    return product.reshape(WINDOW**2, *product.shape[2:]).float().contiguous()


def convolve(x: Tensor, kernel: Tensor) -> Tensor:
    """A 3×3 convolution with padding 1 of `(N, C, H, W)` by a `transformed` kernel."""
    count, channels, height, width = x.shape
    down, across = -(-height // TILE), -(-width // TILE)
    missing = (0, 0, 1, across * TILE + 1 - width, 1, down * TILE + 1 - height)
    padded = F.pad(x.permute(0, 2, 3, 1), missing)
    rows = padded.stride(1)
    windows = padded.as_strided(
        (WINDOW, WINDOW, count, down, across, channels),
        (rows, padded.stride(2), padded.stride(0), TILE * rows, TILE * padded.stride(2), 1),
    )
    mapped = torch.mm(_FROM_WINDOW, windows.reshape(WINDOW**2, -1))
    product = torch.bmm(mapped.view(WINDOW**2, -1, channels), kernel)
    tiles = torch.mm(_TO_TILE, product.view(WINDOW**2, -1))
    outputs = kernel.shape[2]
    result = x.new_empty(count, down * TILE, across * TILE, outputs)
    tiles = tiles.view(TILE, TILE, count, down, across, outputs)
    result.view(count, down, TILE, across, TILE, outputs).copy_(tiles.permute(2, 3, 0, 4, 1, 5))
    return result[:, :height, :width].permute(0, 3, 1, 2)
