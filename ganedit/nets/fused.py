"""Convolutions fused with what follows them, where oneDNN offers it.

After a convolution PyTorch runs an activation or a sum as one more pass over memory, which on a
CPU with matrix units takes half as long as the convolution itself. oneDNN does both before the
result leaves the registers. PyTorch has operators for it, made for its compiler and without a
public name: they are looked for, used in inference on CPUs, and done without where missing.
"""

from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def conv_leaky_relu(conv: nn.Conv2d, x: Tensor, slope: float) -> Tensor:
    """`leaky_relu(conv(x))` for a plain `conv` (zero padding, one group)."""
    if (fused := _fused(x)) is None:
        return F.leaky_relu_(conv(x), slope)
    result: Tensor = fused[0](x, *_arguments(conv), "leaky_relu", [slope], "")
    return result


def conv_add(conv: nn.Conv2d, x: Tensor, skip: Tensor) -> Tensor:
    """`conv(x) + skip` for a plain `conv`; in inference `skip` may be overwritten by it."""
    if (fused := _fused(x)) is None:
        total: Tensor = conv(x)
        return total.add_(skip)
    result: Tensor = fused[1](skip, x, *_arguments(conv), "add", 1.0, None, [], None)
    return result


def _arguments(conv: nn.Conv2d) -> tuple[Any, ...]:
    return conv.weight, conv.bias, conv.padding, conv.stride, conv.dilation, conv.groups


def _fused(x: Tensor) -> tuple[Any, Any] | None:
    if x.device.type != "cpu" or not torch.is_inference_mode_enabled():
        return None
    if not x.is_contiguous(memory_format=torch.channels_last):
        return None  # a sum is accumulated in place, and would not have the layout of `skip`
    return _operators(x.dtype)


@cache
def _operators(dtype: torch.dtype) -> tuple[Any, Any] | None:
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return None
    try:
        # Without bf16 in hardware the usual operators fall back on fp32, these refuse.
        if dtype == torch.bfloat16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
            return None
        return torch.ops.mkldnn._convolution_pointwise, torch.ops.mkldnn._convolution_pointwise_
    except AttributeError:
        return None
