"""How weights came to be, as a file: runs in order, and what was done to their weights.

::

    task = "upscale"
    about = "Faithful x2 network for everyday photographs."

    [data]
    photos_hd = "37 photographs: CC0, Unsplash licence or similar"

    [options]                  # of every run
    data = ["photos_hd@0.5"]

    [[steps]]
    name = "first"
    steps = 4000
    stop_at = 1850             # left off there

    [[steps]]
    name = "second"
    start = "first"            # or NAME/STEP of another recipe beside this one
    learning_rate = 1e-4
    steps = 1500

    [[steps]]
    name = "ship"
    mix = { first = 0.4, second = 0.6 }
    multiply = { tail = 1.3 }  # tensors whose names hold the word

The last step's weights are the ones that ship. A remark that nothing can act on is a `note`.
A `teacher` is a step too, or a file beside the folders of pictures; so are the `weights` that a run
of another `task` learns something about.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganedit.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class RunStep:
    """One training run."""

    name: str
    options: Mapping[str, Any]
    """Of the task and the run, by name."""
    start: str | None = None
    """The step whose weights it begins from."""
    stop_at: int | None = None
    """The optimizer step at which it was left off."""
    task: str | None = None
    """Another task than the recipe's, that makes weights of it too."""
    note: str = ""


@dataclass(frozen=True)
class WeightStep:
    """Weights made of others'."""

    name: str
    mix: Mapping[str, float]
    """Steps and their shares."""
    multiply: Mapping[str, float] = field(default_factory=dict)
    """Factors for the tensors whose names hold a part of this name."""
    rename: Mapping[str, str] = field(default_factory=dict)
    """What takes the place of the beginnings of tensors' names."""
    note: str = ""

    def apply(self, states: Mapping[str, Mapping[str, "Tensor"]]) -> dict[str, "Tensor"]:
        """The tensors, from those of the steps in `mix`."""
        result: dict[str, Tensor] = {}
        for name, tensor in next(iter(states.values())).items():
            mixed = tensor.float() * 0
            for step, share in self.mix.items():
                mixed = mixed + share * states[step][name].float()
            for part, factor in self.multiply.items():
                mixed = mixed * factor if part in name.split(".") else mixed
            new = name
            for old, other in self.rename.items():
                new = other + new.removeprefix(old) if new.startswith(old) else new
            result[new] = mixed
        return result


@dataclass(frozen=True)
class Recipe:
    """A file of steps."""

    path: Path
    task: str
    about: str
    data: Mapping[str, str]
    """The folders of pictures that its options name, and what is in them."""
    steps: tuple[RunStep | WeightStep, ...]

    def step(self, name: str) -> RunStep | WeightStep:
        """The step of that name.

        Raises:
            UsageError: there is none.
        """
        for step in self.steps:
            if step.name == name:
                return step
        raise UsageError(f"{self.path}: has no step {name!r}")


def read_recipe(path: Path) -> Recipe:
    """Read a recipe and see that its steps are in order; their options are the task's to check.

    Raises:
        UsageError: it cannot be read, or a step needs one that does not come before it.
    """
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
        shared = content.get("options", {})
        steps = tuple(_step(dict(step), shared) for step in content["steps"])
        recipe = Recipe(path, content["task"], content.get("about", ""), content["data"], steps)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: the recipe cannot be read: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: not a recipe ({error}); see those in weights/recipes") from error
    seen: set[str] = set()
    for step in steps:
        for source in sources(step):
            if "/" not in source and source not in seen:
                raise UsageError(
                    f"{path}: step {step.name!r} needs {source!r}, which is not before"
                )
        if step.name in seen:
            raise UsageError(f"{path}: two steps are called {step.name!r}")
        seen.add(step.name)
    return recipe


def sources(step: RunStep | WeightStep) -> list[str]:
    """The steps whose weights a step needs."""
    if isinstance(step, WeightStep):
        return list(step.mix)
    needed = (step.start, taught_by(step), step.options.get("weights"))
    return [name for name in needed if name is not None]


def taught_by(step: RunStep) -> str | None:
    """The step whose weights are the teacher; None also where it is a file, like other.pth."""
    teacher: str | None = step.options.get("teacher")
    return None if teacher is None or Path(teacher).suffix else teacher


def _step(values: dict[str, Any], shared: Mapping[str, Any]) -> RunStep | WeightStep:
    name, note = values.pop("name"), values.pop("note", "")
    if "mix" in values:
        return WeightStep(name, note=note, **values)
    start, stop_at = values.pop("start", None), values.pop("stop_at", None)
    task = values.pop("task", None)
    return RunStep(name, {**shared, **values}, start, stop_at, task, note)
