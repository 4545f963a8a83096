"""What was measured, and how: a table of scores."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Scores = dict[str, float]


@dataclass(frozen=True)
class ScoreTable:
    """The scores of several methods on several pictures."""

    protocol: str
    """What was measured, on what, in one sentence."""
    rows: list[dict[str, Any]]
    """The scores of each picture."""
    means: dict[str, Scores]
    """Those of all of them, by method."""

    def text(self) -> str:
        """The means as text, a row a method."""
        names = list(dict.fromkeys(name for scores in self.means.values() for name in scores))
        width = max(len(method) for method in self.means)
        columns = [max(12, len(name) + 2) for name in names]
        heads = zip(names, columns, strict=True)
        lines = [self.protocol, " " * width + "".join(f"{name:>{w}}" for name, w in heads)]
        for method, scores in self.means.items():
            values = zip((_shown(name, scores.get(name)) for name in names), columns, strict=True)
            lines.append(f"{method:<{width}}" + "".join(f"{value:>{w}}" for value, w in values))
        return "\n".join(lines)

    def plain(self) -> dict[str, Any]:
        """As data for JSON, which has no infinity: the PSNR of equal pictures becomes null."""
        means = {method: _finite(scores) for method, scores in self.means.items()}
        rows = [_finite(row) for row in self.rows]
        return {"protocol": self.protocol, "means": means, "pictures": rows}


def mean_scores(rows: list[Scores]) -> Scores:
    """The mean of each score over the pictures."""
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}


def _shown(name: str, score: float | None) -> str:
    if score is None:
        return "–"
    return f"{score:.{2 if 'PSNR' in name or '%' in name else 4}f}"


def _finite(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if value == math.inf else value for name, value in row.items()}
