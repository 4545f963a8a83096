"""Instance normalisation whose statistics can be held, so that tiles fit together."""

import torch
from torch import Tensor, nn

EPSILON = 1e-5


class HeldNorm(nn.Module):
    """Instance normalisation (Ulyanov et al. 2016) whose statistics can be kept.

    Normalised tile by tile, tiles of one picture would differ in colour. After a pass over the
    whole picture, or a reduced one, under `gather`, `hold` makes every tile use those statistics.

    Args:
        channels: each gets a scale and a shift to learn; None for norms that have none.
    """

    def __init__(self, channels: int | None = None) -> None:
        super().__init__()
        self.affine = channels is not None
        if channels is not None:
            self.weight = nn.Parameter(torch.ones(channels))
            self.bias = nn.Parameter(torch.zeros(channels))
        self.held: tuple[Tensor, Tensor] | None = None
        self.gathering = False

    def forward(self, x: Tensor) -> Tensor:
        if self.held is None:
            # In float32: a sum over a large picture outgrows what bf16 can add.
            variance, mean = torch.var_mean(x.float(), dim=(2, 3), correction=0, keepdim=True)
            if self.gathering:
                self.held = (mean, variance)
        else:
            mean, variance = self.held
        scale = torch.rsqrt(variance + EPSILON)
        if self.affine:
            scale = scale * self.weight.view(1, -1, 1, 1)
        shift = -mean * scale
        if self.affine:
            shift = shift + self.bias.view(1, -1, 1, 1)
        return torch.addcmul(shift.to(x.dtype), x, scale.to(x.dtype))


def gather(generator: nn.Module, pictures: Tensor) -> None:
    """Run a generator on `(1, 3, H, W)`, and have it keep the statistics found."""
    norms = [module for module in generator.modules() if isinstance(module, HeldNorm)]
    for norm in norms:
        norm.held, norm.gathering = None, True
    generator(pictures)
    for norm in norms:
        norm.gathering = False
