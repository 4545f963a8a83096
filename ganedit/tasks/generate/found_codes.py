"""Codes that were found for a photo, as text that a recipe can hold."""

import base64

import numpy as np
import torch
from torch import Tensor

from ganedit.errors import UsageError


def packed(codes: Tensor) -> str:
    """Codes `(1, layers, latent)` in half precision, in base 64."""
    return base64.urlsafe_b64encode(codes.half().cpu().numpy().astype("<f2").tobytes()).decode()


def unpacked(text: str, layers: int, latent: int) -> Tensor:
    """What `packed` made: `(1, layers, latent)` float32.

    Raises:
        UsageError: codes of another generator.
    """
    try:
        numbers = np.frombuffer(base64.urlsafe_b64decode(text), "<f2")
        codes = torch.from_numpy(numbers.reshape(1, layers, latent).astype(np.float32))
    except ValueError as error:
        raise UsageError("holds a code of another generator") from error
    if not codes.isfinite().all():
        raise UsageError("holds a code that is damaged")
    return codes
