"""Weight files: what they are, whether they are whole, and how they are loaded and saved.

A weight file is a safetensors file whose header names its task and the options that rebuild its
network. The ones that ship have a row each in `manifest.toml` beside them: checksum, licence,
training data, the recipe that trained them, scores.
"""

import hashlib
import json
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ganedit.errors import UsageError, WeightsError

if TYPE_CHECKING:
    from torch import Tensor, nn

Module = TypeVar("Module", bound="nn.Module")

MANIFEST = "manifest.toml"
# What a training run calls its weights.
RUN_WEIGHTS = "generator.safetensors"
_REINSTALL = "install ganedit again from its folder: pip install --force-reinstall --no-deps ."
_REIMPORT = "import its weights again"


@dataclass(frozen=True)
class WeightFile:
    """One row of a manifest."""

    path: Path
    """Where the file is."""
    task: str
    """The task whose network it fills."""
    labels: Mapping[str, str]
    """What tells it from the task's other files, such as model, scale and end; several values of
    one that serves for each of them have commas between: `bag,shoe`."""
    sha256: str
    """Of the whole file."""
    bytes: int
    """Size of the file."""
    licence: str
    """Terms of the weights."""
    trained_on: str
    """The pictures it was trained on, and their terms."""
    recipe: str
    """The file in `recipes/` that trains it again; of imported ones, what they were made of."""
    score: str
    """What `ganedit evaluate` measured with it."""
    figure: str = ""
    """The score in one figure, for a table."""

    def values(self, label: str) -> list[str]:
        """Those of a label; none where the file does not have it."""
        return [value for value in self.labels.get(label, "").split(",") if value]

    def suits(self, labels: Mapping[str, str]) -> bool:
        """Whether it serves for these labels."""
        return all(value in self.values(label) for label, value in labels.items())


@dataclass(frozen=True)
class Contents:
    """A weight file in memory: tensors by name, and what the header said."""

    task: str
    options: Mapping[str, Any]
    state: Mapping[str, "Tensor"] = field(repr=False)


def shipped_folder() -> Path:
    """The folder of the weights that came with ganedit: inside the wheel, or the checkout's."""
    inside = Path(__file__).parent / "_weights"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "weights"


def user_folder() -> Path:
    """The folder searched for weights that the user trained or imported."""
    if "GANEDIT_WEIGHTS" in os.environ:
        return Path(os.environ["GANEDIT_WEIGHTS"])
    import click

    return Path(click.get_app_dir("ganedit")) / "weights"


@cache
def shipped() -> tuple[WeightFile, ...]:
    """All rows of the manifest that came with ganedit.

    Raises:
        WeightsError: the manifest is missing or damaged.
    """
    return _rows_of(shipped_folder(), _REINSTALL)


def imported() -> tuple[WeightFile, ...]:
    """All rows of the manifest in the user's folder, which `ganedit import-weights` writes.

    Raises:
        WeightsError: the manifest is damaged.
    """
    folder = user_folder()
    if not (folder / MANIFEST).exists():
        return ()
    return _rows_of(folder, f"remove it, and {_REIMPORT}")


def _rows_of(folder: Path, remedy: str) -> tuple[WeightFile, ...]:
    try:
        with (folder / MANIFEST).open("rb") as file:
            rows = tomllib.load(file).get("weights", [])
        return tuple(WeightFile(path=folder / row.pop("file"), **row) for row in rows)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise WeightsError(f"{folder / MANIFEST}: cannot be read ({error}); {remedy}") from error


def of_task(task: str) -> list[WeightFile]:
    """The files of a task: those that came with ganedit, then those that were imported."""
    return [entry for entry in (*shipped(), *imported()) if entry.task == task]


def stored_options(path: Path) -> Mapping[str, Any]:
    """What rebuilds the network of a weight file, read without its tensors; nothing where the file
    is none."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            options: Mapping[str, Any] = json.loads((file.metadata() or {})["options"])
    except (OSError, SafetensorError, KeyError, ValueError):
        return {}
    return options


def labelled(task: str, label: str) -> list[str]:
    """What there are files of a task for: the domains of translate, the models of generate."""
    return sorted({value for entry in of_task(task) for value in entry.values(label)})


def find(task: str, **labels: str) -> WeightFile:
    """The shipped or imported file of a task with these labels.

    Raises:
        WeightsError: there is none; the message lists what there is.
    """
    candidates = of_task(task)
    for entry in candidates:
        if entry.suits(labels):
            return entry
    if not candidates:
        raise WeightsError(
            f"no weights for {task} ship yet; train your own (ganedit train {task} --help) and "
            "give them with --weights"
        )
    wanted = " ".join(labels.values())
    known = "; ".join(" ".join(entry.labels.values()) for entry in candidates)
    raise WeightsError(f"no {task} weights for {wanted}; there are: {known}")


def read_shipped(entry: WeightFile) -> Contents:
    """The contents of a shipped file, its checksum verified.

    Raises:
        WeightsError: the file is missing or altered.
    """
    remedy = _REIMPORT if entry.path.parent == user_folder() else _REINSTALL
    try:
        digest = hashlib.sha256(entry.path.read_bytes()).hexdigest()
    except OSError as error:
        raise WeightsError(f"{entry.path}: weights are missing; {remedy}") from error
    if digest != entry.sha256:
        raise WeightsError(
            f"{entry.path}: weights were altered or damaged (checksum differs); {remedy}"
        )
    return read(entry.path)


def locate(name: str) -> Path:
    """The weight file meant by a path, a training run's folder, or a name in the user's folder.

    Raises:
        WeightsError: there is no such file.
    """
    for path in (Path(name), user_folder() / name, user_folder() / f"{name}.safetensors"):
        if path.is_dir() and (path / RUN_WEIGHTS).is_file():
            return path / RUN_WEIGHTS
        if path.is_file():
            return path
    raise WeightsError(
        f"{name}: no weight file, no training run with a {RUN_WEIGHTS}, and no such name in "
        f"{user_folder()}"
    )


def chosen(task: str, own: str | None, **labels: str) -> tuple[Contents, Path]:
    """The contents of a task's weights, and their file: of the user's own, or the shipped ones.

    Args:
        task: the task.
        own: what `locate` takes, or None for the shipped ones.
        labels: which of those.

    Raises:
        WeightsError: weights are missing, altered or of another task.
    """
    if own is None:
        entry = find(task, **labels)
        return read_shipped(entry), entry.path
    path = locate(own)
    return read(path, task), path


def checksums(task: str, own: str | None = None, **labels: str) -> dict[str, str]:
    """SHA-256 of weight files by their names: of the user's own, or of those shipped for a task.

    Args:
        task: the task.
        own: what `locate` takes, or None for the shipped ones.
        labels: what the shipped ones have in common.

    Raises:
        WeightsError: the file is missing or cannot be read.
    """
    if own is None:
        fitting = [entry for entry in of_task(task) if entry.suits(labels)]
        return {entry.path.name: entry.sha256 for entry in fitting}
    path = locate(own)
    # Of an ncnn network the one file has the layers, the other their numbers.
    files = [path, path.with_suffix(".bin")] if path.suffix.lower() == ".param" else [path]
    return {file.name: _sha256(file) for file in files}


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{path}: the weights cannot be read: {error.strerror}") from error


def read(path: Path, task: str | None = None) -> Contents:
    """Read a weight file.

    Args:
        path: a safetensors file written by `save`.
        task: the task it has to be of.

    Raises:
        WeightsError: not such a file, or of another task.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        contents = Contents(header["task"], json.loads(header["options"]), state)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (SafetensorError, KeyError, ValueError) as error:
        raise WeightsError(
            f"{path}: no weights of ganedit, which are .safetensors files or folders of its runs"
        ) from error
    if task is not None and contents.task != task:
        raise WeightsError(f"{path}: weights of {contents.task}, not of {task}")
    return contents


def load(module: "nn.Module", state: Mapping[str, "Tensor"], origin: Path) -> None:
    """Fill a module, every name and shape matching.

    Raises:
        WeightsError: they do not match.
    """
    try:
        module.load_state_dict({name: value.float() for name, value in state.items()})
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise WeightsError(f"{origin}: does not fit this network: {first}") from error


def rebuild(
    make: Callable[..., Module],
    options: Mapping[str, Any],
    state: Mapping[str, "Tensor"],
    origin: Path,
) -> Module:
    """A network as its file describes it.

    Args:
        make: builds the network from the options that were stored with it.
        options: those.
        state: its tensors, perhaps mixed of several files'.
        origin: the file, for messages.

    Raises:
        WeightsError: the options or tensors do not fit.
    """
    try:
        network = make(**options)
    except (TypeError, UsageError) as error:
        raise WeightsError(
            f"{origin}: made by another version of ganedit, whose networks have other options"
        ) from error
    load(network, state, origin)
    return network


def load_matching(module: "nn.Module", state: Mapping[str, "Tensor"], origin: Path) -> int:
    """Fill what fits by name and shape, to train on from another network.

    It may be of another scale, or smaller: what a network has been given since begins anew.

    Returns:
        How many of the module's tensors were not in it.

    Raises:
        WeightsError: less than half of the file's tensors fit: weights of another network.
    """
    own = module.state_dict()
    fitting = {n: t.float() for n, t in state.items() if n in own and own[n].shape == t.shape}
    if 2 * len(fitting) < len(state):
        raise WeightsError(
            f"{origin}: only {len(fitting)} of its {len(state)} tensors fit this network; "
            "check --width and --blocks"
        )
    module.load_state_dict({**own, **fitting})
    return len(own) - len(fitting)


def save(
    module: "nn.Module",
    path: Path,
    *,
    task: str,
    options: Mapping[str, Any],
    exact: bool = False,
) -> None:
    """Write a module's parameters and buffers, with what rebuilds it.

    In half precision, or, if `exact`, as they are.

    Raises:
        WeightsError: the disk refuses.
    """
    save_state(module.state_dict(), path, task=task, options=options, exact=exact)


def save_state(
    state: Mapping[str, "Tensor"],
    path: Path,
    *,
    task: str,
    options: Mapping[str, Any],
    exact: bool = False,
) -> None:
    """As `save`, of tensors by name.

    Raises:
        WeightsError: the disk refuses.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    # safetensors takes neither channels_last nor shared tensors.
    kept = {
        name: value.detach().to("cpu", None if exact else torch.float16).contiguous().clone()
        for name, value in state.items()
    }
    partial = path.with_name(f".{path.name}.part")
    try:
        save_file(kept, partial, metadata={"task": task, "options": json.dumps(dict(options))})
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        partial.unlink(missing_ok=True)
        raise WeightsError(f"{path}: the weights cannot be written: {error}") from error


def interpolate(
    start: Mapping[str, "Tensor"], end: Mapping[str, "Tensor"], share: float
) -> dict[str, "Tensor"]:
    """Network interpolation (ESRGAN, Wang et al. 2018): each tensor `share` of the way to `end`.

    Makes sense where `end` was trained on from `start`.

    Raises:
        WeightsError: the two do not have the same names and shapes.
    """
    if {n: t.shape for n, t in start.items()} != {n: t.shape for n, t in end.items()}:
        raise WeightsError("the two ends of --detail are of different networks")
    return {name: start[name].float().lerp(end[name].float(), share) for name in start}
