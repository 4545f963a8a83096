"""Networks of ncnn's two files, the form that desktop upscalers take them in, as PyTorch tensors.

`NAME.param` lists the layers in text, `NAME.bin` holds their weights one after another. What is
read are chains of convolutions and PReLUs: ESRGAN (Wang et al. 2018) and the compact networks of
Real-ESRGAN. The order tells which layer is which; names in these files mean nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganedit.errors import WeightsError

MAGIC = "7767517"
HALF, FLOAT = 0x01306B47, 0
# ESRGAN: three dense blocks of five convolutions in each block, six convolutions around them.
IN_A_BLOCK, AROUND = 15, 6


@dataclass(frozen=True)
class Layer:
    """A layer with weights: of kind Convolution or PReLU, with ncnn's numbered settings."""

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
        tensors = list(_tensors(layers, weights))
    except (ValueError, IndexError, KeyError) as error:
        raise WeightsError(f"{param}: not an ncnn network that can be read: {error}") from error
    names = _names(layers)
    if names is None:
        raise WeightsError(
            f"{param}: neither ESRGAN nor a compact network; of ncnn's files these two are read"
        )
    state: dict[str, Tensor] = {}
    for name, (weight, bias) in zip(names, tensors, strict=True):
        state[f"{name}.weight"] = weight
        if bias is not None:
            state[f"{name}.bias"] = bias
    return state


def _layers(text: str) -> Iterator[Layer]:
    lines = text.splitlines()
    if not lines or lines[0].strip() != MAGIC:
        raise ValueError(f"its first line is not {MAGIC}")
    for line in lines[2:]:
        if not (fields := line.split()):
            continue
        inputs, outputs = int(fields[2]), int(fields[3])
        settings = dict(field.split("=", 1) for field in fields[4 + inputs + outputs :])
        if fields[0] in ("Convolution", "PReLU"):
            yield Layer(fields[0], settings)
        elif fields[0] in ("InnerProduct", "BatchNorm", "Scale", "MemoryData", "Deconvolution"):
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
        outputs = layer.number(0)
        if layer.kind == "PReLU":
            yield take(outputs), None
            continue
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
    if any(layer.kind == "PReLU" for layer in layers):
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
