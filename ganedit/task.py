"""What a task is to editing: the protocols of a loaded network and of a loaded task."""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from ganedit.image import Image
from ganedit.tiling import Footprint


class Predictor(Protocol):
    """A loaded network as `editing` sees it: tensors only, nothing of files, tiles or alpha."""

    @property
    def footprint(self) -> Footprint:
        """What the network needs around each pixel, and what it makes of it."""
        ...

    def predict(self, pictures: Tensor, *, safe: bool = False) -> Tensor:
        """float32 RGB `(N, 3, H, W)` in [0, 1] to the edited picture, likewise.

        `safe` asks for float32 arithmetic throughout: the second try after a non-finite result.
        """
        ...


# Told after each piece of work how much of the whole is done, in [0, 1].
Progress = Callable[[float], None]


class Edit(Protocol):
    """A task loaded with its options and networks, ready for any number of pictures."""

    def apply(self, image: Image, progress: Progress) -> Image:
        """The edited picture, its metadata and alpha carried along."""
        ...
