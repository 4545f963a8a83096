"""What is written of codes: sums over means of seeds, steps along directions, mixtures."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ganedit.errors import UsageError
from ganedit.options import MOST_SEED
from ganedit.tasks.generate.models import nearest_name


@dataclass(frozen=True)
class Term:
    """A mean over the codes of seeds, added or taken away."""

    sign: int
    seeds: tuple[int, ...]


def parse_means(wishes: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Seeds by the name that their mean has: `man=3,8,21`.

    Raises:
        UsageError: not written like that.
    """
    found = {}
    for wish in wishes:
        name, _, listed = wish.partition("=")
        seeds = _seeds(listed)
        if seeds is None or not name.strip() or " " in name.strip():
            raise UsageError(f"--mean {wish}: write it like man=3,8,21, a name without spaces")
        if name.strip() in found:
            raise UsageError(f"--mean {wish}: {name.strip()} is given twice")
        found[name.strip()] = seeds
    return found


def parse_code(text: str, means: Mapping[str, tuple[int, ...]]) -> list[Term]:
    """The terms of `man+glasses - man + woman`: spaces are around what adds and takes away.

    A term is the name of a mean, or seeds: `5,9 - 3,8 + 1,4`.

    Raises:
        UsageError: not such a sum, or a name that is unknown.
    """
    words = text.split()
    if len(words) % 2 == 0 or any(sign not in ("+", "-") for sign in words[1::2]):
        raise UsageError(
            f"--code {text!r}: write names with spaces around + and -, like 'a - b + c'"
        )
    signs = [1, *(1 if sign == "+" else -1 for sign in words[1::2])]
    return [Term(sign, _term(word, means)) for sign, word in zip(signs, words[::2], strict=True)]


def code_as_text(terms: Sequence[Term]) -> str:
    """What `parse_code` reads without names."""
    parts = [f"{'+' if term.sign > 0 else '-'} {','.join(map(str, term.seeds))}" for term in terms]
    return " ".join(parts).removeprefix("+ ")


def _term(word: str, means: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    seeds = means.get(word) or _seeds(word)
    if seeds is None:
        known = nearest_name(word, list(means)) if means else "; give it with --mean NAME=SEEDS"
        raise UsageError(f"--code: there is no mean called {word}{known}")
    return seeds


def _seeds(text: str) -> tuple[int, ...] | None:
    parts = [part.strip() for part in text.split(",")]
    fitting = all(
        part.isascii() and part.isdecimal() and len(part) < 19 and int(part) <= MOST_SEED
        for part in parts
    )
    return tuple(map(int, parts)) if fitting else None


def parse_directions(wishes: Iterable[str]) -> dict[str, float]:
    """How far to go along which directions: `glasses=2`, from -3 to 3.

    Raises:
        UsageError: not such a wish.
    """
    found: dict[str, float] = {}
    for wish in wishes:
        name, _, amount = wish.partition("=")
        if name.strip() in found:
            raise UsageError(f"--direction {wish}: {name.strip()} is given twice")
        try:
            found[name.strip()] = float(amount)
            if not math.isfinite(found[name.strip()]):
                raise ValueError
        except ValueError:
            raise UsageError(f"--direction {wish}: write it like glasses=2 or 3=-1.5") from None
    return found


def directions_as_text(amounts: Mapping[str, float]) -> str:
    """What `parse_directions` reads, with commas between."""
    return ",".join(f"{name}={amount:g}" for name, amount in amounts.items())
