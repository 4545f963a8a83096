"""`ganedit import-weights`."""

from pathlib import Path
from typing import Any

import click

from ganedit import weights
from ganedit.app.commands.parameters import (
    FilePath,
    GroupedOption,
    command,
    parameters,
    taken,
)
from ganedit.errors import UsageError
from ganedit.task import Task


def import_command(tasks: tuple[Task[Any], ...]) -> click.Command:
    """The command for those of these tasks that take over weights."""
    rows = {task.name: task.importing for task in tasks if task.importing is not None}

    def run(file: Path, task: str, licence: str, overwrite: bool, **given: Any) -> None:
        importing = rows[task]
        missing = [name for name, value in given.items() if value is None]
        if missing:
            raise UsageError(f"give --{missing[0].replace('_', '-')}")
        options = taken(importing.options, given)
        imported = importing.convert(file, options)
        target, row = _save(imported, task, file, licence, overwrite=overwrite)
        click.echo(f"{target}  {row.bytes / 1e6:.1f} MB  use it with: ganedit {task} "
                   f"{imported.usage}")  # fmt: skip

    params: list[click.Parameter] = [
        click.Argument(["file"], type=FilePath(), help="What was trained elsewhere."),
        GroupedOption("--as", "task", type=click.Choice(list(rows)), required=True,
                      help="The task that the weights are for."),
        *(param for row in rows.values() for param in parameters(row.options, required=False)),
        GroupedOption("--licence", default="unknown", show_default=True,
                      help="Terms of the weights."),
        GroupedOption("--overwrite", is_flag=True,
                      help="Replace weights imported under that name."),
    ]  # fmt: skip
    examples = "\n\n".join(row.examples for row in rows.values())
    examples += "\n\nNothing in the file is executed: it is read as tensors only."
    summary = "Take over a network that was trained elsewhere."
    return command("import-weights", run, params, summary, examples)


def _save(
    imported: Any, task: str, file: Path, licence: str, *, overwrite: bool
) -> tuple[Path, weights.WeightFile]:
    from ganedit.manifest import add_row

    folder = weights.user_folder()
    name = "_".join([task, *imported.labels.values()])
    target = folder / f"{name}.safetensors"
    for entry in weights.of_task(task):
        if entry.path.parent != folder and entry.suits(imported.labels):
            told = " ".join(f"--{key} {value}" for key, value in imported.labels.items())
            raise UsageError(f"{told}: weights of that name came with ganedit; choose another name")
    if target.exists() and not overwrite:
        raise UsageError(f"{target}: exists already; add --overwrite to replace it")
    folder.mkdir(parents=True, exist_ok=True)
    weights.save(imported.network, target, task=task, options=imported.options, exact=True)
    row = add_row(
        target, task=task, labels=dict(imported.labels), licence=licence, trained_on="unknown",
        recipe=f"imported from {file.name}", score="not measured",
    )  # fmt: skip
    return target, row
