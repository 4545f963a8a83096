"""The domains that generators lead to. Nothing here imports torch before a file is read."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from ganedit import weights
from ganedit.errors import UsageError


def domains(own: str | None = None) -> list[str]:
    """The domains that shipped and imported generators, or those of a weight file, lead to."""
    if own is not None:
        return sorted(weights.read(weights.locate(own), "translate").options.get("to", ()))
    return weights.labelled("translate", "to")


def pictures_only(names: Sequence[str], own: str | None = None) -> list[str]:
    """Those of the domains whose generators take pictures of any kind, and not drawings."""
    return [name for name in names if not takes_drawings(name, own)]


def takes_drawings(name: str, own: str | None = None) -> bool:
    """Whether a domain's generator makes photos of drawings."""
    return stored(name, own).get("source") == "drawing"


def stored(name: str, own: str | None = None) -> Mapping[str, Any]:
    """What rebuilds the generator of a domain, without its tensors; nothing where there is none."""
    if own is not None:
        return weights.stored_options(weights.locate(own))
    if name not in domains():
        return {}
    return weights.stored_options(weights.find("translate", to=name).path)


def check_domains(names: Sequence[str], own: str | None) -> None:
    """Raise a UsageError for a name that no generator leads to; it tells the nearest."""
    known = domains(own)
    for name in names:
        if name not in known and (known or own is not None):
            near = difflib.get_close_matches(name, known, 1)
            meant = f"; did you mean {near[0]}?" if near else "."
            raise UsageError(f"{name}: no such domain{meant} There are: {', '.join(known)}")
