"""Pieces copied beside each other, brought to one light (Pérez et al. 2003)."""

import torch
import torch.nn.functional as F
from torch import Tensor

# Jumps between two pieces up to about this are light, and go; larger ones are edges, and stay.
LARGEST_JUMP = 0.15


def joined(colors: Tensor, ahead: tuple[Tensor, Tensor], inside: Tensor) -> Tensor:
    """What to add to copied pixels so that no step is left between pieces, `(C, h, w)`.

    Poisson's equation, with the gradients that pieces have in themselves; 0 beyond the window.

    Args:
        colors: `(C, h, w)`, what was copied.
        ahead: for the pixel below and the one to the right, `(C, h, w)` each, by how much the
            pieces themselves say that it differs.
        inside: `(h, w)` bool, what was copied; the rest gets no say.
    """
    force = torch.zeros_like(colors)
    for axis, expected in enumerate(ahead):
        length = colors.shape[axis + 1] - 1
        first = (slice(None),) * (axis + 1) + (slice(0, length),)
        last = (slice(None),) * (axis + 1) + (slice(1, length + 1),)
        jump = colors[last] - colors[first] - expected[first]
        jump = jump * (1 - (jump / LARGEST_JUMP).square()).clamp_min(0)
        jump = jump * (inside[first[1:]] & inside[last[1:]])
        force[first] += jump
        force[last] -= jump
    return _solved(force)


def _solved(force: Tensor) -> Tensor:
    """The solution of Poisson's equation, 0 around the window, by sine transforms."""
    height, width = force.shape[-2:]
    rows, columns = (
        2 - 2 * torch.cos(torch.pi * torch.arange(1, side + 1) / (side + 1))
        for side in (height, width)
    )
    spectrum = _sines(_sines(force, -1), -2) / (rows[:, None] + columns[None])
    return _sines(_sines(spectrum, -1), -2) * (4 / ((height + 1) * (width + 1)))


def _sines(x: Tensor, axis: int) -> Tensor:
    """The discrete sine transform (DST-I) along an axis."""
    x = x.transpose(axis, -1)
    odd = torch.cat([F.pad(x, (1, 1)), -x.flip(-1)], dim=-1)
    found: Tensor = -0.5 * torch.fft.rfft(odd).imag[..., 1 : x.shape[-1] + 1]
    return found.transpose(axis, -1)
