"""Generators trained elsewhere: those of pytorch-CycleGAN-and-pix2pix, and CUT's."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit.errors import WeightsError, reason_of
from ganedit.tasks.translate.normalization import HeldNorm

Wiring = Literal["cyclegan", "cut", "unet", "unet-affine"]
LEVELS = 2
_CUT_ONLY = ".filt"
# What the skips of a U-Net are nested in, however deep.
_UNET_ONLY = "model.model."
# A network that sees all of a picture at its deepest has no halo that would be worth a window.
EVERYTHING = 1 << 20


class ResnetGenerator(nn.Module):
    """The generator of CycleGAN (Zhu et al. 2017), or CUT's (Park et al. 2020), which blurs.

    The first goes down by strided and up by transposed convolutions; the other blurs before each
    step down and interpolates with a smooth kernel on the way up (Zhang 2019).

    `(N, 3, H, W)` RGB in [0, 1], sides multiples of 4 and at least 16 → float32, within [0, 1].
    """

    multiple = 2**LEVELS
    working_size = 512

    def __init__(self, width: int, blocks: int, wiring: Wiring) -> None:
        super().__init__()
        self.width, self.blocks, self.smooth = width, blocks, wiring == "cut"
        widths = [width * 2**level for level in range(LEVELS + 1)]
        stride = 1 if self.smooth else 2
        self.head = _reflected(3, width, 7)
        self.down = nn.ModuleList(
            nn.Conv2d(n, 2 * n, 3, stride, padding=1) for n in widths[:LEVELS]
        )
        deepest = widths[LEVELS]
        self.body = nn.ModuleList(_reflected(deepest, deepest, 3) for _ in range(2 * blocks))
        self.up = nn.ModuleList(
            nn.Conv2d(n, n // 2, 3, padding=1)
            if self.smooth
            else nn.ConvTranspose2d(n, n // 2, 3, 2, padding=1, output_padding=1)
            for n in reversed(widths[1:])
        )
        self.tail = _reflected(width, 3, 7)
        count = 1 + LEVELS + 2 * blocks + LEVELS
        self.norms = nn.ModuleList(HeldNorm() for _ in range(count))

    @property
    def halo(self) -> int:
        """Pixels around an output pixel that can influence it, statistics aside."""
        reach, more = 3, int(self.smooth)
        for _ in range(LEVELS):
            reach = -(-(reach + more) // 2) + 1 + more
        reach += len(self.body)
        for _ in range(LEVELS):
            reach = 2 * reach + 1 + more
        return reach + 3

    def forward(self, pictures: Tensor) -> Tensor:
        norms = iter(self.norms)
        x = (pictures * 2 - 1).to(self.head.weight.dtype)
        x = F.relu(next(norms)(self.head(x)))
        for conv in self.down:
            x = F.relu(next(norms)(conv(x)))
            x = _blurred_half(x) if self.smooth else x
        for first, second in zip(self.body[::2], self.body[1::2], strict=True):
            change = F.relu(next(norms)(first(x)))
            x = x + next(norms)(second(change))
        for conv in self.up:
            x = F.relu(next(norms)(conv(_smooth_double(x) if self.smooth else x)))
        return torch.tanh(self.tail(x).float()) / 2 + 0.5


class UNetGenerator(nn.Module):
    """The U-Net of pix2pix (Isola et al. 2017): halved down to a pixel, and back with skips.

    Norms take the statistics of the picture, as its authors do where pictures come one by one;
    dropout is left out.

    `(N, 3, H, W)` RGB in [0, 1], sides multiples of 2^levels → float32, within [0, 1].

    Args:
        width: channels of the first level; the next ones have twice, four and eight times as many.
        levels: 7 or 8 of those that were trained at 128 or 256 pixels.
        wiring: whether its norms have scales and shifts, as batch norm has.
    """

    halo = EVERYTHING

    def __init__(self, width: int, levels: int, wiring: Wiring) -> None:
        super().__init__()
        self.width, self.blocks = width, levels
        outputs = [width * 2 ** min(level, 3) for level in range(levels)]
        steps = list(zip([3, *outputs], outputs, strict=False))
        self.down = nn.ModuleList(nn.Conv2d(n, m, 4, 2, padding=1) for n, m in steps)
        deepest, *others = reversed(steps)
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(inputs, n, 4, 2, padding=1)
            for n, inputs in [(deepest[0], deepest[1]), *((n, 2 * m) for n, m in others)]
        )
        affine = wiring == "unet-affine"
        self.down_norms = nn.ModuleList(HeldNorm(m if affine else None) for m in outputs[1:-1])
        self.up_norms = nn.ModuleList(HeldNorm(n if affine else None) for n, _ in steps[:0:-1])

    @property
    def multiple(self) -> int:
        """What sides have to be multiples of."""
        return int(2**self.blocks)

    @property
    def working_size(self) -> int:
        """Side of the pictures that it was trained on: of others it has no idea."""
        return self.multiple

    def forward(self, pictures: Tensor) -> Tensor:
        x = self.down[0]((pictures * 2 - 1).to(self.up[-1].get_parameter("weight").dtype))
        skips = [x]
        for conv, norm in zip(self.down[1:], [*self.down_norms, nn.Identity()], strict=True):
            x = norm(conv(F.leaky_relu(x, 0.2)))
            skips.append(x)
        x = skips.pop()
        for conv, norm in zip(self.up, self.up_norms, strict=False):
            x = torch.cat([skips.pop(), norm(conv(F.relu(x)))], dim=1)
        return torch.tanh(self.up[-1](F.relu(x)).float()) / 2 + 0.5


def _reflected(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, padding_mode="reflect")


def _binomial(x: Tensor, taps: tuple[int, ...]) -> Tensor:
    """A smooth kernel for every channel of `x`, `(C, 1, k, k)`, of sum 1."""
    line = torch.tensor(taps, dtype=torch.float32, device=x.device)
    kernel = (line[:, None] * line[None]) / line.sum() ** 2
    return kernel.to(x.dtype).expand(x.shape[1], 1, -1, -1)


def _blurred_half(x: Tensor) -> Tensor:
    padded = F.pad(x, (1, 1, 1, 1), mode="reflect")
    return F.conv2d(padded, _binomial(x, (1, 2, 1)), stride=2, groups=x.shape[1])


def _smooth_double(x: Tensor) -> Tensor:
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    kernel = _binomial(x, (1, 3, 3, 1)) * 4
    enlarged = F.conv_transpose2d(padded, kernel, stride=2, padding=2, groups=x.shape[1])
    return enlarged[:, :, 1:-1, 1:-1]


def read_foreign(path: Path) -> tuple[ResnetGenerator | UNetGenerator, Wiring]:
    """A generator from a `latest_net_G*.pth` of those projects.

    Raises:
        WeightsError: not such a file.
    """
    state = _read(path)
    if any(_UNET_ONLY in name for name in state):
        return _read_unet(path, state)
    return _read_resnet(path, state)


def _read_unet(path: Path, state: Mapping[str, Tensor]) -> tuple[UNetGenerator, Wiring]:
    """Its blocks are nested: the way down lies before the next one, the way up behind it."""
    names = sorted((n for n in state if state[n].ndim == 4), key=_nesting)
    levels, odd = divmod(len(names), 2)
    if levels < 5 or odd:
        raise WeightsError(f"{path}: {len(names)} convolutions; a U-Net of pix2pix has 14 or 16")
    norms = sorted((n for n in state if n.endswith("weight") and state[n].ndim == 1), key=_nesting)
    wiring: Wiring = "unet-affine" if norms else "unet"
    network = UNetGenerator(int(state[names[0]].shape[0]), levels, wiring)
    own: list[nn.Module] = [*network.down, *network.up]
    if norms:
        own += [*network.down_norms, *network.up_norms]
    _fill(own, [*names, *norms], state, path, "U-Net generator")
    return network, wiring


def _nesting(name: str) -> tuple[int, int]:
    """Order in which a U-Net uses its layers: inwards those before the next block, then outwards.

    In all kinds of its blocks the former are among the first three children.
    """
    *_, number, _ = name.split(".")
    depth = name.count("model.")
    return (0, depth) if int(number) <= 2 else (1, -depth)


def _read_resnet(path: Path, state: Mapping[str, Tensor]) -> tuple[ResnetGenerator, Wiring]:
    """Its layers are numbered children of one sequence, so the kernels in the order of their
    numbers are ours in the order they are used. Statistics that old instance norms kept are not
    used."""
    wiring: Wiring = "cut" if any(name.endswith(_CUT_ONLY) for name in state) else "cyclegan"
    names = sorted((n for n in state if n.endswith("weight")), key=_numbers)
    kernels = [state[name] for name in names]
    if any(kernel.ndim != 4 for kernel in kernels):
        raise WeightsError(f"{path}: a generator with batch norm; only instance norm is read")
    blocks, odd = divmod(len(kernels) - 2 - 2 * LEVELS, 2)
    if blocks < 1 or odd:
        raise WeightsError(
            f"{path}: {len(kernels)} convolutions; a resnet generator of 6 or 9 blocks has 18 or 24"
        )
    network = ResnetGenerator(int(kernels[0].shape[0]), blocks, wiring)
    own = [network.head, *network.down, *network.body, *network.up, network.tail]
    _fill(own, names, state, path, "resnet generator")
    return network, wiring


def _fill(
    layers: Sequence[nn.Module],
    names: Sequence[str],
    state: Mapping[str, Tensor],
    path: Path,
    kind: str,
) -> None:
    """Copy weights by name into layers, and biases, which convolutions before batch norm lack."""
    name = names[0]
    try:
        with torch.no_grad():
            for layer, name in zip(layers, names, strict=True):
                bias = state.get(name.removesuffix("weight") + "bias")
                own = dict(layer.named_parameters())
                own["weight"].copy_(state[name])
                own["bias"].copy_(torch.zeros_like(own["bias"]) if bias is None else bias)
    except (RuntimeError, KeyError, ValueError) as error:
        raise WeightsError(f"{path}: {name} is not a {kind}'s: {error}") from error


def _read(path: Path) -> Mapping[str, Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise WeightsError(
            f"{path}: no checkpoint that can be read safely ({reason_of(error)}); give a whole "
            "latest_net_G*.pth"
        ) from error
    if not isinstance(state, Mapping) or not all(isinstance(v, Tensor) for v in state.values()):
        raise WeightsError(f"{path}: not a generator's parameters; give a latest_net_G*.pth")
    # Written by DataParallel, names begin with its own.
    return {str(name).removeprefix("module."): value for name, value in state.items()}


def _numbers(name: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", name)]
