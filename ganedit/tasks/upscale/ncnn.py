"""Networks of ncnn's two files, the form that desktop upscalers take them in, as PyTorch tensors.

`NAME.param` lists the layers in text, `NAME.bin` holds their weights one after another. What is
read are ESRGAN (Wang et al. 2018), the compact networks of Real-ESRGAN, and SPAN (Wan et al. 2023).
The order tells which layer is which; names in these files mean nothing.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganedit.errors import WeightsError

MAGIC = "7767517"
HALF, FLOAT = 0x01306B47, 0
# ESRGAN: three dense blocks of five convolutions in each block, six convolutions around them.
IN_A_BLOCK, AROUND = 15, 6
# SPAN: six blocks of three convolutions, and four around them. It takes pictures less a mean, times
# 255.
SPAN_LAYERS = (
    "conv_1", *(f"block_{block}.c{number}_r" for block in range(1, 7) for number in (1, 2, 3)),
    "conv_2", "conv_cat", "upsampler.0",
)  # fmt: skip
SPAN_RANGE, SPAN_MEAN = 255, (0.4488, 0.4371, 0.4040)
# Of what is read, in ncnn's words; the last has no weights.
KINDS = ("Convolution", "PReLU", "MemoryData", "BinaryOp")


@dataclass(frozen=True)
class Layer:
    """A layer, of one of `KINDS`, with ncnn's numbered settings."""

    kind: str
    settings: dict[str, str]

    def number(self, key: int, default: int = 0) -> int:
        """The setting of that number."""
        return int(self.settings.get(str(key), default))


def read(param: Path) -> dict[str, Tensor]:
    """The tensors of `NAME.param` and the `NAME.bin` beside it, under PyTorch's usual names.

    Raises:
        WeightsError: a file is missing or damaged, or the network is of another kind.
    """
    data = param.with_suffix(".bin")
    try:
        text, weights = param.read_text(encoding="utf-8"), data.read_bytes()
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{param}: cannot be read together with {data.name}: {error}") from error
    try:
        layers = list(_layers(text))
        weighted = [layer for layer in layers if layer.kind != "BinaryOp"]
        tensors = list(_tensors(weighted, weights))
    except (ValueError, IndexError, KeyError) as error:
        raise WeightsError(f"{param}: not an ncnn network that can be read: {error}") from error
    names = _names(weighted)
    if names is None:
        raise WeightsError(
            f"{param}: neither ESRGAN, SPAN nor a compact network; of ncnn's files these are read"
        )
    state: dict[str, Tensor] = {}
    for name, (weight, bias) in zip(names, tensors, strict=True):
        state[f"{name}.weight"] = weight
        if bias is not None:
            state[f"{name}.bias"] = bias
    if "conv_cat.weight" not in state:
        return state
    try:
        return _span(state, layers)
    except ValueError as error:
        raise WeightsError(f"{param}: {error}") from error


def _layers(text: str) -> Iterator[Layer]:
    lines = text.splitlines()
    if not lines or lines[0].strip() != MAGIC:
        raise ValueError(f"its first line is not {MAGIC}")
    for line in lines[2:]:
        if not (fields := line.split()):
            continue
        inputs, outputs = int(fields[2]), int(fields[3])
        settings = dict(field.split("=", 1) for field in fields[4 + inputs + outputs :])
        if fields[0] in KINDS:
            yield Layer(fields[0], settings)
        elif fields[0] in ("InnerProduct", "BatchNorm", "Scale", "Deconvolution"):
            raise ValueError(f"it has a layer of the kind {fields[0]}")


def _tensors(layers: list[Layer], data: bytes) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Weight and bias of each layer, float32."""
    at = 0

    def take(count: int, kind: str = "<f4") -> Tensor:
        nonlocal at
        values = np.frombuffer(data, kind, count, at).astype(np.float32)
        at += -(-values.size * np.dtype(kind).itemsize // 4) * 4  # in steps of four bytes
        return torch.from_numpy(values)

    for layer in layers:
        if layer.kind != "Convolution":  # as many values as its sides say, one side for slopes
            yield take(math.prod(max(1, layer.number(side)) for side in range(3))), None
            continue
        outputs = layer.number(0)
        flag = int.from_bytes(data[at : at + 4], "little")
        at += 4
        if flag not in (HALF, FLOAT):
            raise ValueError(f"its weights are in a form ({flag:#x}) other than fp32 and fp16")
        side = layer.number(1, 1)
        weight = take(layer.number(6), "<f2" if flag == HALF else "<f4")
        bias = take(outputs) if layer.number(5) else None
        yield weight.view(outputs, -1, side, side), bias
    if at != len(data):
        raise ValueError(f"its layers need {at} bytes of weights, the file has {len(data)}")


def _names(layers: list[Layer]) -> list[str] | None:
    """What PyTorch's implementations call the layers, in order."""
    count = len(layers)
    kinds = [layer.kind for layer in layers]
    # What SPAN subtracts stands first; its convolution of 1×1 is the last but one.
    constants = ["mean"] if kinds[:1] == ["MemoryData"] else []
    if "MemoryData" in kinds[len(constants) :]:
        return None
    if count == len(constants) + len(SPAN_LAYERS) and layers[-2].number(1) == 1:
        return [*constants, *SPAN_LAYERS]
    if constants:
        return None
    if "PReLU" in kinds:
        return [f"body.{number}" for number in range(count)]
    blocks, rest = divmod(count - AROUND, IN_A_BLOCK)
    if rest or blocks < 1:
        return None
    inside = (
        f"body.{block}.rdb{dense}.conv{number}"
        for block in range(blocks)
        for dense in (1, 2, 3)
        for number in range(1, 6)
    )
    return ["conv_first", *inside, "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"]


def _span(read: dict[str, Tensor], layers: list[Layer]) -> dict[str, Tensor]:
    """SPAN's tensors as it is trained, each convolution of its body three and a skip.

    In ncnn's files these are one. One as a chain of three is the identity on either side of it.

    Raises:
        ValueError: what it subtracts from pictures is not SPAN's mean.
    """
    state: dict[str, Tensor] = {}
    mean = read.pop("mean.weight", None)
    if mean is None:
        state["no_norm"] = torch.zeros(1)
    elif len(mean) != 3 or not torch.allclose(mean, torch.tensor(SPAN_MEAN)):
        values = ", ".join(f"{value:.4g}" for value in mean.tolist())
        raise ValueError(f"a SPAN network that subtracts {values} and not SPAN's own mean")
    # Multiplied before the first convolution, by a number that is SPAN's if there is a mean.
    before = [
        x for x in takewhile(lambda x: x.kind != "Convolution", layers) if x.kind == "BinaryOp"
    ]
    factors = [float(x.settings["2"]) for x in before if x.number(0) == 2 and "2" in x.settings]
    read["conv_1.weight"] *= (factors or [1.0])[0] / (1 if mean is None else SPAN_RANGE)
    for name, tensor in read.items():
        layer, kind = name.rsplit(".", 1)
        if layer in ("conv_cat", "upsampler.0"):
            state[name] = tensor
        elif kind == "weight":
            state |= _as_three(layer, tensor, read[f"{layer}.bias"])
    return state


def _as_three(layer: str, weight: Tensor, bias: Tensor) -> dict[str, Tensor]:
    """A convolution as SPAN trains it: of twice the channels, between two of 1×1, beside a skip."""
    outputs, inputs = weight.shape[:2]
    wide = weight.new_zeros(2 * outputs, 2 * inputs, *weight.shape[2:])
    wide[:outputs, :inputs] = weight
    return {
        f"{layer}.sk.weight": weight.new_zeros(outputs, inputs, 1, 1),
        f"{layer}.sk.bias": torch.zeros_like(bias),
        f"{layer}.conv.0.weight": torch.eye(2 * inputs, inputs)[:, :, None, None],
        f"{layer}.conv.0.bias": bias.new_zeros(2 * inputs),
        f"{layer}.conv.1.weight": wide,
        f"{layer}.conv.1.bias": torch.cat([bias, torch.zeros_like(bias)]),
        f"{layer}.conv.2.weight": torch.eye(outputs, 2 * outputs)[:, :, None, None],
        f"{layer}.conv.2.bias": torch.zeros_like(bias),
        f"{layer}.eval_conv.weight": weight,
        f"{layer}.eval_conv.bias": bias,
    }
