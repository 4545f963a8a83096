"""The editing command of a task, made from its description."""

from pathlib import Path
from typing import Any

import click

from ganedit.app.commands.parameters import (
    FilePath,
    GroupedOption,
    command,
    given_names,
    group_of,
    parameters,
    taken,
)
from ganedit.errors import UsageError
from ganedit.runs.options import RunOptions
from ganedit.task import Input, Task


def edit_command(task: Task[Any]) -> click.Command:
    """`ganedit TASK`."""

    def run(**given: Any) -> int:
        named = given_names()
        if number := _number(task, given):
            if twice := named & number.keys() - {each.name for each in task.inputs}:
                raise UsageError(f"give the number once: {number[min(twice)]}, or --{min(twice)}")
            given |= number
            named = (named | number.keys()) - {each.name for each in task.inputs}
        options, shared = taken(task.options, given), taken(RunOptions, given)

        from ganedit.runs.planning import Given
        from ganedit.runs.run import run_task

        return run_task(task, options, Given(*_given(task, given), named), shared).code

    params = [param for each in task.inputs for param in _params_of(each)]
    shared = parameters(RunOptions)
    if task.edited is None:  # what is drawn is no video
        shared = [each for each in shared if group_of(each) != "video"]
    params += [*parameters(task.options), *shared]
    return command(task.name, run, params, task.summary, task.examples, "What to make")


def _params_of(each: Input) -> list[click.Parameter]:
    name, help = each.name, each.help
    if each.given == "each":
        metavar = f"{name.upper()}..."
        return [click.Argument(
            [name], nargs=-1, required=not each.number, type=FilePath(), metavar=metavar, help=help
        )]  # fmt: skip
    many = each.given == "shared" and each.most > 1
    folder = (
        f"Folder with NAME.png or NAME_{name}.png for each picture."
        if each.given == "paired"
        else "Folder of them: a result for each, and a contact sheet."
    )
    again = "; may be repeated." if many else ""
    return [
        GroupedOption(f"--{name}", name, type=FilePath(), multiple=many, metavar="FILE",
                      help=help.rstrip(".") + again if many else help),
        GroupedOption(f"--{name}s", f"{name}s", type=FilePath(), metavar="DIR", help=folder),
    ]  # fmt: skip


def _number(task: Task[Any], values: dict[str, Any]) -> dict[str, Any]:
    """What a whole number in the place of a picture stands for; nothing where there is none."""
    each = task.edited
    if each is None or not each.number:
        return {}
    given = values[each.name]
    numbers = [path for path in given if str(path).isdecimal() and not path.exists()]
    if not numbers:
        return {}
    if len(given) > 1:
        raise UsageError(f"{numbers[0]}: give one {each.number} at a time, or pictures")
    return {each.name: (), each.number: int(str(numbers[0]))}


def _given(task: Task[Any], values: dict[str, Any]) -> tuple[dict[str, tuple[Path, ...]],
                                                               dict[str, Path]]:  # fmt: skip
    """What was given for each input: files, and folders of them."""
    files: dict[str, tuple[Path, ...]] = {}
    folders: dict[str, Path] = {}
    for each in task.inputs:
        value = values[each.name]
        files[each.name] = value if isinstance(value, tuple) else (value,) if value else ()
        if values.get(f"{each.name}s") is not None:
            folders[each.name] = values[f"{each.name}s"]
    return files, folders
