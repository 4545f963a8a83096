"""What a command does to pictures, as data that travels to other processes and into records."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganedit import runtime
from ganedit.app.jobs import Job
from ganedit.app.options import FileOptions, Placement
from ganedit.image import Image
from ganedit.runtime import Runtime
from ganedit.task import Progress

# What is done to a picture; its job says what came with it, such as a mask.
Apply = Callable[[Job, Image, Progress], Image]


def no_companions(job: Job) -> list[Path]:
    """The companions of a picture that comes alone."""
    return []


@dataclass(frozen=True)
class Recipe:
    """A task with its options. Everything in it can be pickled: functions are a module's own."""

    task: str
    """Name of the task."""
    load: Callable[[Runtime], Apply]
    """Loads the task with its options; called once in every process that edits pictures."""
    size_for: Callable[[int, int], tuple[int, int]]
    """Width and height of the result for those of an input."""
    settings: Mapping[str, Any]
    """The options that a result depends on, as plain data, for records and reports."""
    weights: Mapping[str, str]
    """SHA-256 of each weight file by its name; see `weights.checksums`."""
    companions: Callable[[Job], list[Path]] = no_companions
    """Files beside the picture that its result depends on, such as its masks."""


@dataclass(frozen=True)
class Work:
    """All that an engine needs to know of a run, as data that can be pickled."""

    recipe: Recipe
    files: FileOptions
    placement: Placement
    pictures: int
    """How many there are at most."""
    budget: int
    """Bytes that the pictures in work may take together."""

    def runtime(self) -> Runtime:
        """Where and how networks run here, of the one device that was asked for.

        Raises:
            DeviceError: the device is not there, or cannot do the precision.
            UsageError: an unknown device or precision.
        """
        asked = self.placement
        return runtime.choose(asked.device, asked.precision, asked.memory)

    def made_with(self) -> dict[str, Any]:
        """What a result depends on beside its sources, as plain data."""
        return {
            "task": self.recipe.task,
            "options": {
                **self.recipe.settings,
                "quality": self.files.quality,
                "strip_metadata": self.files.strip_metadata,
                "allow_truncated": self.files.allow_truncated,
            },
            "weights": dict(self.recipe.weights),
        }


def digest(made_with: Mapping[str, Any]) -> str:
    """A short name for plain data: the same for the same data, on every machine."""
    text = json.dumps(made_with, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
