"""What pictures are of, in numbers: by VGG19, or by another network that is given."""

import hashlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ganedit.errors import GaneditError, UsageError, WeightsError
from ganedit.task import Measuring
from ganedit.tasks.generate.scoring import pooled_features


@dataclass(frozen=True)
class Describer:
    """A network whose features sets of pictures are compared by.

    Attributes:
        name: it and its file's hash, as a protocol says it.
        describe: `(N, 3, S, S)` in [0, 1] to `(N, D)`.
    """

    name: str
    describe: Callable[[Tensor], Tensor]


def describer(measuring: Measuring, own: Path | None) -> Describer:
    """VGG19, or the network in a file of one's own.

    Raises:
        UsageError: nothing is to be measured.
        WeightsError: the network cannot be read.
    """
    if own is not None:
        return _scripted(own)
    vgg = measuring.vgg("relu5_4")
    if vgg is None:
        raise UsageError("--no-pd: nothing would be left to measure")
    name = f"pooled VGG19 {vgg.sha256[:8]} relu5_4 at twice the size"
    return Describer(name, partial(pooled_features, vgg))


def _scripted(path: Path) -> Describer:
    try:
        with warnings.catch_warnings():
            # Older than torch.export, and what published feature networks are saved as.
            warnings.simplefilter("ignore", FutureWarning)
            network = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, OSError) as error:
        raise WeightsError(f"{path}: not a network that torch.jit.save wrote") from error

    network.eval()

    def describe(pictures: Tensor) -> Tensor:
        try:
            features = network(pictures)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise GaneditError(f"{path}: does not take pictures (N, 3, S, S): {reason}") from error
        if not isinstance(features, Tensor) or features.dim() != 2:
            raise GaneditError(f"{path}: has to make (N, D) features of pictures (N, 3, S, S)")
        return features.float()

    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Describer(f"{path.name} {sha256[:8]}", describe)
