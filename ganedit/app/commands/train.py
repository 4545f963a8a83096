"""`ganedit train`: a command for each task that can be trained, made from its description."""

from typing import Any

import click

from ganedit.app.commands.parameters import GroupedOption, command, parameters, taken
from ganedit.task import Task
from ganedit.training.config import TrainingConfig


def train_group(tasks: tuple[Task[Any], ...]) -> click.Group:
    """The group of these tasks' commands."""
    commands = [_command(task) for task in tasks if task.training is not None]
    return click.Group(
        "train",
        commands=commands,
        help="""Train a network on your own pictures.

        A run is a folder with a checkpoint, the loss table and its plot, and sample sheets. Ctrl-C
        saves; --resume goes on as if nothing had happened. Several GPUs:

        \b
            torchrun --nproc-per-node 2 -m ganedit train upscale …
        """,
    )


def _command(task: Task[Any]) -> click.Command:
    training = task.training
    assert training is not None

    def run(start: str | None, **given: Any) -> None:
        config = taken(TrainingConfig, given)
        options = taken(training.options, given)

        from ganedit.app.training import run_training

        run_training(training.task(options), config, start)

    start = GroupedOption("--start", metavar="FILE|RUN", help="Weights to begin from.", group="run")
    params = [*parameters(training.options), start, *parameters(TrainingConfig)]
    summary = f"Train {task.name}: {task.summary[0].lower()}{task.summary[1:]}"
    return command(task.name, run, params, summary, training.examples)
