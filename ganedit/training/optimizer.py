"""The optimizers of a network: Muon for convolution kernels, Adam for everything else."""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from ganedit.nets.equalized import Equalized

# Muon's updates are matrices of singular values near 1: their entries are far larger than
# Adam's at the same rate. This factor lets one learning rate serve both.
KERNEL_RATE = 20.0
MOMENTUM = 0.95
# Channels in and out from which on a kernel is Muon's.
SMALLEST_SIDE = 16


def optimizers_for(
    module: nn.Module,
    lr: float,
    betas: tuple[float, float],
    kind: Literal["muon", "adam"] = "muon",
) -> list[torch.optim.Optimizer]:
    """One or two optimizers that share out the parameters of a network.

    Args:
        module: whose parameters are optimized.
        lr: learning rate of Adam; kernels move at `KERNEL_RATE` times it.
        betas: Adam's moment decays.
        kind: `adam` leaves kernels to Adam too.
    """
    kernels = hidden_kernels(module) if kind == "muon" else []
    chosen = {id(kernel) for kernel in kernels}
    scales = {m.weight: m.scale for m in module.modules() if isinstance(m, Equalized)}
    others = [p for p in module.parameters() if id(p) not in chosen]
    result: list[torch.optim.Optimizer] = []
    if kernels:
        result.append(Muon(kernels, lr, scales))
    if others:
        result.append(torch.optim.Adam(others, lr, betas))
    return result


def hidden_kernels(module: nn.Module) -> list[nn.Parameter]:
    """The kernels that Muon takes: 4-dimensional, with at least 16 channels in and 16 out.

    The shape alone decides, not the place. What reads or writes the 3, 4 or 12 channels of
    pictures is left to Adam, since so thin a matrix is hardly more than a few directions; an
    output that is shuffled from 48 channels is a layer like any other. So are spectrally
    normalised kernels: Adam leaves a critic of those at chance where Muon has it tell real from
    generated pictures within some hundred steps.
    """
    return [
        parameter
        for parameter in module.parameters()
        if parameter.ndim == 4 and min(parameter.shape[:2]) >= SMALLEST_SIDE
    ]


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised by Newton–Schulz iteration (Jordan et al. 2024).

    A kernel `(out, in, h, w)` is treated as a matrix `(out, in·h·w)`, which `torch.optim.Muon`
    refuses to. On a plain chain of convolutions it reaches in a given time what Adam needs about
    twice the steps for.

    Args:
        kernels: 4-dimensional parameters.
        lr: the learning rate that Adam has beside it.
        scales: what some are multiplied by where they are used (an equalised learning rate).
            Steps of Muon are of one length however large a kernel is: one that is larger than it
            is used would hardly move.
    """

    def __init__(
        self, kernels: Iterable[nn.Parameter], lr: float, scales: Mapping[nn.Parameter, float]
    ) -> None:
        super().__init__(kernels, {"lr": lr})
        # Beside the groups, which a checkpoint holds: it is the network that says them.
        self.scales = scales

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update every kernel that has a gradient."""
        for group in self.param_groups:
            for kernel in group["params"]:
                if kernel.grad is None:
                    continue
                state = self.state[kernel]
                if not state:
                    state["momentum"] = torch.zeros_like(kernel)
                state["momentum"].lerp_(kernel.grad, 1 - MOMENTUM)
                nesterov = kernel.grad.lerp(state["momentum"], MOMENTUM)
                update = orthogonalise(nesterov.reshape(kernel.shape[0], -1))
                rate = group["lr"] * KERNEL_RATE / self.scales.get(kernel, 1.0)
                kernel.add_(update.view(kernel.shape), alpha=-rate)


def orthogonalise(matrix: Tensor) -> Tensor:
    """Bring the singular values of `(m, n)` near 1 by five quintic Newton–Schulz steps.

    Every step multiplies the matrix by a polynomial of its Gram matrix `(m, m)`, which the step
    turns into another such polynomial: all five are gathered there, and the wide matrix is
    multiplied twice instead of ten times. Scaled so that tall matrices keep their reach.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    rows, columns = matrix.shape
    x = matrix / (matrix.norm() + 1e-7)
    if rows > columns:
        x = x.T
    gram, gathered = x @ x.T, torch.eye(len(x), device=x.device, dtype=x.dtype)
    for _ in range(5):
        factor = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        factor.diagonal().add_(a)
        gathered = factor @ gathered
        gram = factor @ gram @ factor
    x = gathered @ x
    if rows > columns:
        x = x.T
    reach: float = max(1.0, rows / columns) ** 0.5
    result: Tensor = x * reach
    return result
