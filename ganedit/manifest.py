"""Writing the rows of a manifest, by which weight files are known."""

import hashlib
import json
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ganedit.weights import MANIFEST, WeightFile

_HEAD = "# One row a file: what it is, whether it is whole, where it comes from.\n"


def add_row(
    path: Path,
    *,
    task: str,
    labels: dict[str, str],
    licence: str,
    trained_on: str,
    command: str,
    score: str,
) -> WeightFile:
    """Enter a weight file into the manifest beside it, in the place of its earlier row if any."""
    content = path.read_bytes()
    entry = WeightFile(
        path, task, labels, hashlib.sha256(content).hexdigest(), len(content), licence,
        trained_on, command, score,
    )  # fmt: skip
    row = {"file": path.name, **{k: v for k, v in asdict(entry).items() if k != "path"}}
    manifest = path.parent / MANIFEST
    text = manifest.read_text() if manifest.exists() else ""
    kept = [other for other in tomllib.loads(text).get("weights", []) if other["file"] != path.name]
    partial = manifest.with_name(f".{MANIFEST}.part")
    rows = sorted([*kept, row], key=lambda each: str(each["file"]))
    partial.write_text(_HEAD + "".join(_toml(each) for each in rows))
    partial.replace(manifest)
    return entry


def _toml(row: dict[str, Any]) -> str:
    lines = [f"{name} = {_value(value)}" for name, value in row.items()]
    return "\n[[weights]]\n" + "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)  # a JSON string or number is a TOML one too
