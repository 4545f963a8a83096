"""Instance normalisation whose statistics can be held, so that tiles fit together."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-5
# Too little to be seen once normalised, and more than float32 loses in a convolution.
LEAST_VARIANCE = 1e-8


class HeldNorm(nn.Module):
    """Instance normalisation (Ulyanov et al. 2016) whose statistics can be kept.

    Normalised tile by tile, tiles of one picture would differ in colour. After a pass over the
    whole picture, or a reduced one, under `gather`, `hold` makes every tile use those statistics.

    Args:
        channels: each gets a scale and a shift to learn; None for norms that have none.
    """

    def __init__(self, channels: int | None = None) -> None:
        super().__init__()
        self.weight: nn.Parameter | None = None
        self.bias: nn.Parameter | None = None
        if channels is not None:
            self.weight = nn.Parameter(torch.ones(channels))
            self.bias = nn.Parameter(torch.zeros(channels))
        self.held: tuple[Tensor, Tensor] | None = None
        self.gathering = False

    def forward(self, x: Tensor) -> Tensor:
        # In float32, and the mean first: a sum over a large picture outgrows what bf16 can add, and
        # in a plain one the variance is so small that rounding alone would be blown up.
        if self.held is not None:
            mean, variance = self.held
            weight, bias = (
                None if p is None else p.to(mean.dtype) for p in (self.weight, self.bias)
            )
            return F.batch_norm(x, mean, variance, weight, bias, eps=EPSILON)
        values = x.to(torch.promote_types(x.dtype, torch.float32))
        variance, mean = torch.var_mean(values, dim=(2, 3), correction=0, keepdim=True)
        if self.gathering:
            # What varies less than by rounding is plain, and differs between tiles by rounding
            # alone; norm after norm would blow that up to a pattern. Divided by infinity it is 0.
            rounding = (torch.finfo(x.dtype).eps * mean).square() + LEAST_VARIANCE
            plain = variance < rounding
            variance = variance.masked_fill(plain, math.inf)
            self.held = (mean.detach().flatten(), variance.detach().flatten())
        normal = (values - mean) * torch.rsqrt(variance + EPSILON)
        if self.weight is not None and self.bias is not None:
            normal = torch.addcmul(
                self.bias.view(1, -1, 1, 1), normal, self.weight.view(1, -1, 1, 1)
            )
        return normal.to(x.dtype)


def gather(generator: nn.Module, pictures: Tensor) -> None:
    """Run a generator on `(1, 3, H, W)`, and have it keep the statistics found."""
    norms = [module for module in generator.modules() if isinstance(module, HeldNorm)]
    for norm in norms:
        norm.held, norm.gathering = None, True
    generator(pictures)
    for norm in norms:
        norm.gathering = False
