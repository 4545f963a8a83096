"""Weight initialisation."""

from torch import nn


def kaiming_(module: nn.Module, negative_slope: float = 0.0) -> None:
    """Initialise every convolution inside `module` for leaky ReLUs of the given slope.

    PyTorch's default shrinks the signal at each layer; a deep plain chain then outputs nothing.
    He et al. 2015.
    """
    for child in module.modules():
        if isinstance(child, nn.Conv2d):
            nn.init.kaiming_normal_(child.weight, a=negative_slope)
            if child.bias is not None:
                nn.init.zeros_(child.bias)
