"""Frozen networks that feature critics see pictures with."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ganedit.errors import UsageError, WeightsError
from ganedit.nets.vgg import CHANNELS, VGG19Features, read_state

# What critics look at of VGG19: texture, parts, and things as a whole.
VGG_SCALES = {"relu2_2": 2, "relu3_4": 4, "relu4_4": 8, "relu5_4": 16}
# Critics of pixels see what is finer.
FINEST = 4
QUICK = "tf_efficientnet_lite0"


class Scale(NamedTuple):
    """Features that a backbone has of pictures at one scale."""

    name: str
    channels: int
    reduction: int
    """How many pixels of the picture a position is apart from the next."""


class Backbone(NamedTuple):
    """A frozen network through which gradients flow to what it sees, and its scales.

    The network maps `(N, 3, H, W)` RGB in [0, 1] → a `(N, channels, H/reduction, W/reduction)`
    for each scale, fine to coarse.
    """

    network: nn.Module
    scales: Sequence[Scale]


def of_vgg19(vgg: VGG19Features) -> Backbone:
    """The one that knows most, and takes longest; `vgg` has the layers of `VGG_SCALES`."""
    scales = [Scale(name, CHANNELS[name], size) for name, size in VGG_SCALES.items()]
    return Backbone(vgg, scales)


def other_than_vgg19(name: str, path: Path | None) -> Backbone | None:
    """What `--backbone` asks for; None for VGG19, which losses may look through too."""
    return None if name == "vgg19" else of_timm(name, path)


def of_timm(name: str, path: Path | None = None) -> Backbone:
    """One of the networks of timm (PyTorch Image Models, Wightman 2019).

    Args:
        name: of the network there.
        path: a safetensors or `torch.save` file of its weights; None downloads timm's own.

    Raises:
        UsageError: timm is missing, or has no such network.
        WeightsError: the file is of another network, or nothing could be downloaded.
    """
    try:
        import timm  # a slow import that only training needs
    except ImportError:
        raise UsageError(
            f"--backbone {name}: install it with pip install 'ganedit[timm]'"
        ) from None
    if not timm.is_model(name):
        raise UsageError(
            f"--backbone {name}: neither vgg19 nor a network of timm; {QUICK} is a quick one"
        )
    # It would tell of the classifier, which nobody asked for.
    logging.getLogger("timm").setLevel(logging.ERROR)
    try:
        network: Any = timm.create_model(name, pretrained=path is None, features_only=True)
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"--backbone {name}: cannot be downloaded ({error}); give a file with --backbone-file"
        ) from error
    if path is not None:
        _fill(network, path, name)
    info = network.feature_info
    scales = [
        Scale(f"stride{reduction}", channels, reduction)
        for channels, reduction in zip(info.channels(), info.reduction(), strict=True)
    ]
    kept = [each for each in scales if each.reduction >= FINEST]
    return Backbone(_Timm(network, len(kept)), kept)


def _fill(network: nn.Module, path: Path, name: str) -> None:
    """Take the weights of a file, in which those of a classifier may follow."""
    try:
        result = network.load_state_dict(read_state(path, name), strict=False)
    except RuntimeError as error:
        raise WeightsError(f"{path}: not weights of timm's {name}") from error
    if any(not key.endswith("num_batches_tracked") for key in result.missing_keys):
        raise WeightsError(f"{path}: not weights of timm's {name}")


class _Timm(nn.Module):
    """A network of timm's that takes pictures in [0, 1]; its coarsest so many scales."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: Any, kept: int) -> None:
        super().__init__()
        self.network, self.kept = network, kept
        for name in ("mean", "std"):
            wanted = network.pretrained_cfg[name]
            self.register_buffer(name, torch.tensor(wanted).view(1, 3, 1, 1))
        self.requires_grad_(False).eval()

    def forward(self, pictures: Tensor) -> list[Tensor]:
        seen: list[Tensor] = self.network((pictures - self.mean) / self.std)
        return seen[-self.kept :]
