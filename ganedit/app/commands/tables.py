"""Showing a table of scores, and keeping it."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import click

from ganedit.errors import UsageError
from ganedit.image import output_errors
from ganedit.options import Options, option
from ganedit.scores import ScoreTable


@dataclass(frozen=True)
class TableOptions(Options):
    """Where scores are kept."""

    csv: Path | None = option(None, "Write each one's scores.", metavar="FILE", group="files")
    json: Path | None = option(None, "Write everything.", metavar="FILE", group="files")

    def __post_init__(self) -> None:
        super().__post_init__()
        for path, suffix in ((self.csv, ".csv"), (self.json, ".json")):
            if path is not None and path.suffix.lower() != suffix and path.exists():
                raise UsageError(
                    f"--{suffix[1:]} {path}: exists already, and is no table; give another name"
                )
            if path is not None:  # told before the hours that a table may take
                if path.is_dir():
                    raise UsageError(f"--{suffix[1:]} {path}: is a folder; name a file in it")
                with output_errors(path):
                    path.parent.mkdir(parents=True, exist_ok=True)


def show_table(table: ScoreTable, options: TableOptions) -> None:
    """Print the means, and write the files that were asked for."""
    click.echo(table.text())
    if options.csv is not None:
        with (
            output_errors(options.csv),
            options.csv.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, fieldnames=list(table.rows[0]))
            writer.writeheader()
            writer.writerows(table.rows)
    if options.json is not None:
        with output_errors(options.json):
            options.json.write_text(json.dumps(table.plain(), indent=2) + "\n", encoding="utf-8")
