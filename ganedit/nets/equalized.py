"""Layers with an equalised learning rate (Karras et al. 2018).

Weights are of unit variance and scaled where they are used, so that one rate serves all layers.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Equalized(nn.Module):
    """A layer whose `weight` is of unit variance, and `scale` times that where it is used."""

    weight: nn.Parameter
    scale: float


class Dense(Equalized):
    """A linear layer; `rate` slows it down."""

    def __init__(self, inputs: int, outputs: int, *, rate: float = 1.0, bias: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.scale, self.rate = rate / math.sqrt(inputs), rate

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.scale, self.bias * self.rate)


class Conv(Equalized):
    """A convolution that keeps the size, or, transposed, doubles it.

    `(N, inputs, H, W)` → `(N, outputs, H, W)`, or `(N, outputs, 2H, 2W)`.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, *, transposed: bool = False) -> None:
        super().__init__()
        shape = (inputs, outputs) if transposed else (outputs, inputs)
        self.weight = nn.Parameter(torch.randn(*shape, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        # Of a transposed kernel, each pixel meets a quarter.
        self.scale = 1 / math.sqrt(inputs * kernel**2 / (4 if transposed else 1))
        self.transposed = transposed

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight * self.scale
        if self.transposed:
            return F.conv_transpose2d(x, weight, self.bias, stride=2, padding=1)
        return F.conv2d(x, weight, self.bias, padding=weight.shape[2] // 2)
