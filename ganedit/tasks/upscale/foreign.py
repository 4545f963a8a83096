"""Upscalers that others have trained, in whatever architecture, behind the interface of ours.

spandrel knows the architectures and tells them by their tensors' names. What tiles need to know
of a network, how far it looks, it does not know: that is measured.
"""

import contextlib
import hashlib
import json
import os
import pickle
import warnings
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.data.cache import cache_folder
from ganedit.errors import WeightsError
from ganedit.tasks.upscale import ncnn

SUFFIXES = (".safetensors", ".pth", ".pt", ".ckpt", ".param")
# A pixel further away than the halo changes an output by less than this: half a level of 8 bits.
NEGLIGIBLE = 0.5 / 255
# Sides of the pictures in which the halo is looked for, one after the other. Most networks are
# done with the first one, in which the largest take as long as for a small picture.
SIDES = (128, 256)
# Activations that a network holds at a time, in units of its largest.
HELD = 4


class ForeignNetwork(nn.Module):
    """One of spandrel's networks, for pictures of any size.

    `(N, 3, H, W)` RGB in [0, 1] → float32 `(N, 3, scale·H, scale·W)`, not clamped.

    Args:
        descriptor: spandrel's description of an image model with three channels in and out.
    """

    def __init__(self, descriptor: Any) -> None:
        super().__init__()
        self.network: nn.Module = descriptor.model
        self.architecture: str = descriptor.architecture.name
        self.scale: int = descriptor.scale
        needs = descriptor.size_requirements
        self.multiple: int = max(1, needs.multiple_of)
        self.minimum: int = needs.minimum
        self.square: bool = needs.square

    @property
    def halo(self) -> int:
        """Input pixels around an output pixel's source that can be seen to influence it."""
        return self._measured[0]

    @property
    def bytes_per_pixel(self) -> int:
        """Memory that one input pixel takes while the network runs (fp32)."""
        return self._measured[1]

    @cached_property
    def _measured(self) -> tuple[int, int]:
        """As `measure` finds it, which takes a minute for the largest: remembered from then on."""
        path = cache_folder() / "networks" / f"{self._digest()}.json"
        with contextlib.suppress(OSError, ValueError):
            halo, bytes_per_pixel = json.loads(path.read_text(encoding="utf-8"))
            return int(halo), int(bytes_per_pixel)
        found = measure(self)
        with contextlib.suppress(OSError):  # a cache that cannot be written costs time only
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(f".{os.getpid()}")
            partial.write_text(json.dumps(found), encoding="utf-8")
            partial.replace(path)
        return found

    def _digest(self) -> str:
        """Of the architecture and every tensor, as they are now."""
        digest = hashlib.sha256(self.architecture.encode())
        for name, tensor in self.network.state_dict().items():
            digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
            digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()

    def forward(self, pictures: Tensor) -> Tensor:
        height, width = pictures.shape[2:]
        parameter = next(self.parameters())
        padded = self._padded(pictures.to(parameter.dtype))
        padded = padded.contiguous(memory_format=torch.channels_last)
        enlarged: Tensor = self.network(padded)
        return enlarged[..., : height * self.scale, : width * self.scale].float()

    def phases(self, pictures: Tensor) -> Tensor:
        """As ours does: the enlarged picture before its pixels are put in place."""
        return F.pixel_unshuffle(self(pictures), self.scale)

    def _padded(self, pictures: Tensor) -> Tensor:
        sides = [
            -(-max(side, self.minimum) // self.multiple) * self.multiple
            for side in pictures.shape[2:]
        ]
        if self.square:
            sides = [max(sides)] * 2
        down, across = (new - old for new, old in zip(sides, pictures.shape[2:], strict=True))
        return F.pad(pictures, (0, across, 0, down), mode="replicate")


def is_foreign(path: Path) -> bool:
    """Whether a file is a network that was not saved by ganedit, as far as can be seen."""
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return False
    if path.suffix.lower() != ".safetensors":
        return True
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return "task" not in (file.metadata() or {})
    except (OSError, SafetensorError):
        return False  # whoever reads it will say what is wrong


def load(path: Path) -> ForeignNetwork:
    """The network of a safetensors, PyTorch or ncnn file, on the CPU in float32.

    Raises:
        WeightsError: the file cannot be read, holds more than tensors, is of no architecture that
            is known, or of one that does something else.
    """
    from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError

    try:
        with warnings.catch_warnings():  # of how files and architectures are written: not ours
            warnings.simplefilter("ignore")
            descriptor = ModelLoader("cpu").load_from_state_dict(_state(path))
    except (UnsupportedModelError, RuntimeError, KeyError, ValueError, AssertionError) as error:
        raise WeightsError(f"{path}: of no architecture that is known here") from error
    if not isinstance(descriptor, ImageModelDescriptor):
        raise WeightsError(f"{path}: a {descriptor.architecture.name} network needs more than one "
                           "picture; give one that enlarges or restores single ones")  # fmt: skip
    channels = (descriptor.input_channels, descriptor.output_channels)
    if channels != (3, 3):
        raise WeightsError(
            f"{path}: takes {channels[0]} channels and gives {channels[1]}; only networks of RGB "
            "pictures are used"
        )
    network = ForeignNetwork(descriptor).eval().requires_grad_(False)
    return network.float().to(memory_format=torch.channels_last)


def _is_saved_by_torch(path: Path) -> bool:
    """Whether a file is a ZIP archive or a pickle, as those of `torch.save` are."""
    with path.open("rb") as file:
        return file.read(2).startswith((b"PK", b"\x80"))


def _state(path: Path) -> dict[str, Tensor]:
    suffix = path.suffix.lower()
    if suffix == ".param":
        return ncnn.read(path)
    try:
        if suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if not _is_saved_by_torch(path):  # a page of a download that failed, mostly
            raise WeightsError(f"{path}: is no file of weights; get it again") from error
        raise WeightsError(
            f"{path}: holds more than tensors, and reading it could run anything; it is refused: "
            "get the network as .safetensors"
        ) from error
    except Exception as error:  # safetensors and torch raise many kinds for a bad file
        raise WeightsError(f"{path}: cannot be read as a network: {error}") from error
    # Trainers store the weights under a name, the averaged ones beside them.
    for name in ("params_ema", "params-ema", "params", "state_dict", "model_state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(name), dict):
            state = state[name]
            break
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise WeightsError(f"{path}: holds no network's tensors")
    return state


@torch.inference_mode()
def measure(network: ForeignNetwork) -> tuple[int, int]:
    """How far a network looks, and the memory it takes.

    A pixel in the middle of a picture is changed as much as it can be; outputs that answer to it
    show the reach. What is felt less than `NEGLIGIBLE` does not count: of many deep networks the
    theoretical reach is hundreds of pixels of which nothing is seen.

    Returns:
        The halo in input pixels, a multiple of the network's `multiple`, and bytes per input
        pixel in fp32.

    Raises:
        WeightsError: it looks at the whole picture, and cannot work in tiles.
    """
    largest = 0

    def note(module: nn.Module, inputs: Any, output: Any) -> None:
        nonlocal largest
        if isinstance(output, Tensor):
            largest = max(largest, output.numel())

    for side in SIDES:
        side = max(side, network.minimum)
        hooks = [m.register_forward_hook(note) for m in network.network.modules()]
        reach = _reach(network, side)
        for hook in hooks:
            hook.remove()
        # Two pictures at a time, four bytes a value.
        bytes_per_pixel = HELD * largest * 4 // (2 * side * side)
        if reach < side // 2 - 1:
            return -(-(reach + 1) // network.multiple) * network.multiple, bytes_per_pixel
    raise WeightsError(
        f"a {network.architecture} network that looks at the whole picture at once; it cannot "
        "work in tiles"
    )


def _reach(network: ForeignNetwork, side: int) -> int:
    """Input pixels from a changed one to the furthest output that answers."""
    draw = torch.Generator().manual_seed(0)
    soft = F.interpolate(torch.rand(1, 3, 8, 8, generator=draw), (side, side), mode="bicubic")
    grain = 0.1 * torch.randn(1, 3, side, side, generator=draw)
    picture = (soft + grain).clamp(0, 1)
    middle = side // 2
    changed = picture.clone()
    changed[..., middle, middle] = (changed[..., middle, middle] < 0.5).float()
    parameter = next(network.parameters())
    before, after = network(torch.cat([picture, changed]).to(parameter.device))
    felt = ((before - after).abs().amax(dim=0) > NEGLIGIBLE).nonzero() // network.scale
    if not len(felt):
        return 0
    return int((felt - middle).abs().max())
