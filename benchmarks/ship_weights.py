"""Copy the weights of a run into weights/ and write their row of the manifest.

    python benchmarks/ship_weights.py RUN --label model=clean --label scale=x4 \\
        --label end=faithful --trained-on "…" --command "…" --score "…"
"""

import hashlib
import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import click

from ganedit import weights

FOLDER = Path(__file__).parent.parent / "weights"
LICENCE = "MIT; see trained_on for the pictures' own terms"


@click.command(help=__doc__)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--label", "labels", multiple=True, required=True, metavar="NAME=VALUE")
@click.option("--trained-on", required=True)
@click.option("--command", required=True)
@click.option("--score", required=True)
def main(run: Path, labels: tuple[str, ...], trained_on: str, command: str, score: str) -> None:
    source = weights.locate(str(run))
    task = weights.read(source).task
    named = dict(label.split("=", 1) for label in labels)
    target = FOLDER / f"{task}_{'_'.join(named.values())}.safetensors"
    shutil.copyfile(source, target)
    content = target.read_bytes()
    row = {
        "file": target.name, "task": task, "labels": named, "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(), "licence": LICENCE,
        "trained_on": trained_on, "command": command, "score": score,
    }  # fmt: skip
    manifest = FOLDER / weights.MANIFEST
    rows = tomllib.loads(manifest.read_text()).get("weights", [])
    rows = sorted([r for r in rows if r["file"] != target.name] + [row], key=lambda r: r["file"])
    head = "# One row a file: what it is, whether it is whole, where it comes from.\n"
    manifest.write_text(head + "".join(_toml(r) for r in rows))
    click.echo(f"{target}: {len(content) / 1e6:.2f} MB")


def _toml(row: dict[str, Any]) -> str:
    lines = [f"{name} = {_value(value)}" for name, value in row.items()]
    return "\n[[weights]]\n" + "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)  # a JSON string or number is a TOML one too


if __name__ == "__main__":
    main()
