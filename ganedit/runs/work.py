"""What a run does to its pictures, as data that travels to other processes and into records."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ganedit import runtime
from ganedit.image import Image, resize
from ganedit.options import Options
from ganedit.runs.options import RunOptions
from ganedit.runtime import Runtime
from ganedit.task import Apply, Enlarge, Size, Task
from ganedit.tasks.upscale.options import UpscaleOptions
from ganedit.tasks.upscale.task import UPSCALE

# Below this factor interpolation is as good as the upscaler, and quicker.
LEAST_FACTOR = 1.5


@dataclass(frozen=True)
class Work:
    """All that an engine needs to know of a run. Everything in it can be pickled."""

    task: Task[Any]
    options: Options
    """Those of the task."""
    run: RunOptions
    weights: Mapping[str, str]
    """SHA-256 of each weight file that results depend on, by its name."""
    pictures: int
    """How many results there are at most."""
    budget: int
    """Bytes that the pictures in work may take together."""
    segments: bool = False
    """Whether all of them are segments of one video."""

    def runtime(self) -> Runtime:
        """Where and how networks run here, of the one device that was asked for.

        Raises:
            DeviceError: the device is not there, or cannot do the precision.
            UsageError: an unknown device or precision.
        """
        asked = self.run.placement
        return runtime.choose(asked.device, asked.precision, asked.memory)

    def load(self, runtime: Runtime) -> Apply:
        """The loaded task.

        Raises:
            WeightsError: weights are missing, altered or of another task.
        """
        return self.task.load(self.options, runtime, enlarger(runtime))

    def size_for(self, size: Size) -> Size:
        """Width and height of the result for those of the picture that is edited."""
        return self.task.size(self.options, size)

    def provenance(self, *, video: bool = False) -> dict[str, Any]:
        """What a result depends on beside its sources, as plain data.

        Args:
            video: whether the result is a video, on which more options bear.
        """
        more = self.run.video.recorded() if video else {}
        return {
            "task": self.task.name,
            "options": {**self.options.recorded(), **self.run.files.recorded(), **more},
            "weights": dict(self.weights),
        }


def used_weights(task: Task[Any], options: Any) -> dict[str, str]:
    """SHA-256 of each weight file that results depend on, by its name.

    Raises:
        WeightsError: weights of the user's own that are missing.
        UsageError: no weights do what the options ask for.
    """
    own = dict(task.weights(options))
    return {**own, **UPSCALE.weights(UpscaleOptions())} if task.enlarges(options) else own


def enlarger(runtime: Runtime) -> Enlarge:
    """The upscaler as other tasks use it: what they made small is brought to size.

    Its network is loaded when it is first needed.
    """
    from ganedit.tasks.upscale.edit import UpscaleEdit

    upscaler = UpscaleEdit(UpscaleOptions(), runtime)

    def enlarge(picture: Image, width: int, height: int) -> Image:
        if width / picture.width < LEAST_FACTOR:
            return resize(picture, width, height)
        return upscaler.enlarge(picture, width, height, lambda done: None)

    return enlarge


def digest(provenance: Mapping[str, Any]) -> str:
    """A short name for plain data: the same for the same data, on every machine."""
    text = json.dumps(provenance, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
