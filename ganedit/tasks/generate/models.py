"""Which generators there are, and what they draw. Nothing here imports torch before it reads."""

import difflib
import hashlib
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from ganedit import weights
from ganedit.errors import UsageError, WeightsError
from ganedit.tasks.generate.dials import dials_of
from ganedit.tasks.generate.options import NetworkOptions

# Directions of each kind that are found without labels: called by their numbers from 1 on, and
# principal components pc1, pc2 and so on.
FOUND = 12
COMPONENT = "pc"


@dataclass(frozen=True)
class Model:
    """A generator's weight file.

    Attributes:
        name: that it is asked for by; of one's own file, the file's or the run's.
        path: of the file.
        sha256: of its content.
        network: what builds it.
        fingerprint: of its tensors but for named directions: the same code is the same picture.
        row: of the manifest; None for one's own file.
    """

    name: str
    path: Path
    sha256: str
    network: NetworkOptions
    fingerprint: str
    row: weights.WeightFile | None = field(default=None, compare=False)

    @property
    def checksums(self) -> Mapping[str, str]:
        """SHA-256 by the name of the file, as `Task.weights` tells it."""
        return {self.path.name: self.sha256}

    def class_in_turn(self, seed: int) -> str:
        """The class of a seed where none is asked for; empty without classes."""
        classes = self.network.classes
        return classes[seed % len(classes)] if classes else ""

    def contents(self) -> weights.Contents:
        """Its tensors, and what the file says of them; the checksum is verified.

        Raises:
            WeightsError: the file is missing or altered.
        """
        if self.row is None:
            return weights.read(self.path, "generate")
        return weights.read_shipped(self.row)


def find_model(name: str | None, own: str | None) -> Model:
    """The generator of that name, or of one's own weights.

    Raises:
        UsageError: neither is given, or there is none of that name; the message lists those
            there are.
        WeightsError: the weights are missing, or of another task.
    """
    if own is not None:
        path = weights.locate(own)
        ((_, sha256),) = weights.checksums("generate", own).items()
        named = path.parent.name if path.name == weights.RUN_WEIGHTS else path.stem
        return _read(path, sha256, named)
    known = {row.labels["model"]: row for row in weights.of_task("generate")}
    if name is None or name not in known:
        raise UsageError(_unknown("--model", name, list(known)))
    row = known[name]
    return replace(_read(row.path, row.sha256, name), row=row)


def found_names(network: NetworkOptions) -> dict[str, list[str]]:
    """Names of the directions that are found without labels, by the method that finds them."""
    numbers = [str(number) for number in range(1, min(FOUND, network.latent) + 1)]
    return {"sefa": numbers, "ganspace": [f"{COMPONENT}{number}" for number in numbers]}


def direction_names(network: NetworkOptions) -> list[str]:
    """Those that were given, dials, then those that are found without labels."""
    dials = [dial.name for dial in dials_of(network.codes)]
    return [*network.directions, *dials, *itertools.chain(*found_names(network).values())]


def directions_of_kind(network: NetworkOptions, kind: str) -> list[str]:
    """Names of all directions, or of the named ones, the dials, or what a method finds."""
    dials = [dial.name for dial in dials_of(network.codes)]
    kinds = {"all": direction_names(network), "named": list(network.directions), "dials": dials}
    return {**kinds, **found_names(network)}[kind]


def layers_of(network: NetworkOptions) -> int:
    """Codes that a picture takes."""
    return 2 * int(math.log2(network.size)) - 2 if network.architecture == "stylegan" else 1


def label_of(model: Model, name: str | None) -> int | None:
    """The label of a class; None for a generator without classes, if none is asked for.

    Raises:
        UsageError: there is no such class.
    """
    classes = model.network.classes
    if name is None and not classes:
        return None
    if name not in classes:
        if not classes:
            raise UsageError(f"--class {name}: {model.name} has no classes; leave it out")
        raise UsageError(_unknown("--class", name, list(classes)))
    return classes.index(name)


@lru_cache
def _read(path: Path, sha256: str, name: str) -> Model:
    contents = weights.read(path, "generate")
    try:
        network = NetworkOptions(**contents.options)
    except (TypeError, UsageError) as error:
        raise WeightsError(
            f"{path}: made by another version of ganedit, whose networks have other options"
        ) from error
    tensors = hashlib.sha256()
    for part in sorted(contents.state.keys() - {"directions"}):
        tensors.update(part.encode())
        tensors.update(contents.state[part].float().numpy().tobytes())
    return Model(name, path, sha256, network, tensors.hexdigest()[:16])


def _unknown(flag: str, name: str | None, known: list[str]) -> str:
    listed = ", ".join(known)
    if name is None:
        return f"say with {flag} what is to be drawn; there are: {listed}"
    return f"{flag} {name}: there is none{nearest_name(name, known)}"


def nearest_name(name: str, known: list[str]) -> str:
    """What follows the message that there is nothing of a name: the nearest, and all there are."""
    near = difflib.get_close_matches(name, known, 1)
    meant = f"; did you mean {near[0]}?" if near else "."
    return f"{meant} There are: {', '.join(known)}"
