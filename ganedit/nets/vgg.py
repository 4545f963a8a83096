"""VGG19 features for perceptual losses and scores (Simonyan and Zisserman 2014)."""

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ganedit.errors import WeightsError
from ganedit.nets.winograd import FrozenConv

# Index of the ReLU in torchvision's `vgg19().features` that each name stands for.
CHANNELS = {"relu1_2": 64, "relu2_2": 128, "relu3_4": 256, "relu4_4": 512, "relu5_4": 512}
LAYERS = {"relu1_2": 3, "relu2_2": 8, "relu3_4": 17, "relu4_4": 26, "relu5_4": 35}


class VGG19Features(nn.Module):
    """The outputs of VGG19's named ReLUs; frozen, but gradients flow through to the input.

    `(N, 3, H, W)` RGB in [0, 1], H and W at least 16 → one `(N, C, H', W')` tensor per layer.

    Args:
        path: a safetensors or `torch.save` file in the layout of torchvision's
            `vgg19().features`. None downloads torchvision's own weights. Losses and scores made
            with different weights do not compare: `sha256` names the ones in use.
        layers: which of `LAYERS` to return, shallow to deep.

    Attributes:
        channels: of each layer that is returned, by its name.

    Raises:
        WeightsError: the file is missing or of another layout.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, path: Path | None = None, layers: tuple[str, ...] = tuple(LAYERS)) -> None:
        super().__init__()
        from torchvision.models import vgg19  # a slow import that only training needs

        with torch.device("meta"):  # nothing to fill: its classifier alone has 124 million weights
            features = vgg19().features
        state, self.sha256 = _load(path)
        try:
            full = {name: value.float() for name, value in state.items()}
            features.load_state_dict(full, assign=True)
        except RuntimeError as error:
            raise WeightsError(
                f"{path}: not VGG19 features in torchvision's layout; give a file saved from "
                "torchvision.models.vgg19().features.state_dict()"
            ) from error
        self.channels = {name: CHANNELS[name] for name in layers}
        self.taps = {LAYERS[name] for name in layers}
        self.features = features[: max(self.taps) + 1]
        # Made when first needed, and not parts of the module: they are on the CPU alone.
        self._quick: dict[int, FrozenConv] = {}
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.requires_grad_(False).eval()

    def forward(self, pictures: Tensor) -> list[Tensor]:
        x = (pictures - self.mean) / self.std
        outputs: list[Tensor] = []
        for index, layer in enumerate(self.features):
            x = self._quicker(index, layer, x)(x)
            if index in self.taps:
                outputs.append(x)
        return outputs

    def _quicker(self, index: int, layer: nn.Module, x: Tensor) -> nn.Module:
        """The layer, or for float32 on a CPU what does the same in less time."""
        plain = x.device.type == "cpu" and x.dtype == torch.float32
        if not plain or torch.is_autocast_enabled("cpu") or not FrozenConv.pays(layer):
            return layer
        assert isinstance(layer, nn.Conv2d)
        if index not in self._quick:
            self._quick[index] = FrozenConv(layer)
        return self._quick[index]


def _load(path: Path | None) -> tuple[dict[str, Tensor], str]:
    if path is None:
        from torchvision.models import VGG19_Weights

        weights = VGG19_Weights.IMAGENET1K_V1
        try:
            state = weights.get_state_dict(progress=True, check_hash=True)
        except OSError as error:
            raise WeightsError(
                f"VGG19 features cannot be downloaded ({error}); give a file with --vgg"
            ) from error
        prefix = "features."
        kept = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        return kept, weights.url.rsplit("-", 1)[-1].removesuffix(".pth")
    state = read_state(path, "VGG19")
    return state, hashlib.sha256(path.read_bytes()).hexdigest()


def read_state(path: Path, network: str) -> dict[str, Tensor]:
    """The tensors of a safetensors or `torch.save` file.

    Raises:
        WeightsError: it cannot be read; says which network's weights it was to hold.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
        return state
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # safetensors and torch raise many kinds for a bad file
        raise WeightsError(
            f"{path}: no weights of {network}: neither safetensors nor what torch.save writes"
        ) from error
