"""Writing the rows of a manifest, by which weight files are known."""

import hashlib
import tomllib
from dataclasses import asdict
from pathlib import Path

import tomli_w

from ganedit.weights import MANIFEST, WeightFile

_HEAD = "# One row a file: what it is, whether it is whole, where it comes from.\n\n"


def add_row(
    path: Path,
    *,
    task: str,
    labels: dict[str, str],
    licence: str,
    trained_on: str,
    recipe: str,
    score: str,
) -> WeightFile:
    """Enter a weight file into the manifest beside it, in the place of its earlier row if any."""
    content = path.read_bytes()
    entry = WeightFile(
        path, task, labels, hashlib.sha256(content).hexdigest(), len(content), licence,
        trained_on, recipe, score,
    )  # fmt: skip
    row = {"file": path.name, **{k: v for k, v in asdict(entry).items() if k != "path"}}
    manifest = path.parent / MANIFEST
    text = manifest.read_text(encoding="utf-8") if manifest.exists() else ""
    kept = [other for other in tomllib.loads(text).get("weights", []) if other["file"] != path.name]
    rows = sorted([*kept, row], key=lambda each: str(each["file"]))
    partial = manifest.with_name(f".{MANIFEST}.part")
    partial.write_text(_HEAD + tomli_w.dumps({"weights": rows}), encoding="utf-8")
    partial.replace(manifest)
    return entry
