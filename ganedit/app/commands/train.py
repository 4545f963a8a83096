"""`ganedit train`: a command for each task that can be trained, made from its description."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click

from ganedit.app.commands.parameters import (
    GroupedOption,
    command,
    given_names,
    parameters,
    taken,
)
from ganedit.errors import UsageError
from ganedit.options import Options, option
from ganedit.task import Task
from ganedit.training.config import TrainingConfig


@dataclass(frozen=True)
class RecipeOptions(Options):
    """How a recipe is gone through."""

    recipe: Path | None = option(
        None, "Train shipped weights again: a file of weights/recipes/.", metavar="FILE",
        must_be="file",
    )  # fmt: skip
    data: Path = option(
        Path(), "Folder of the folders that the recipe names.", metavar="DIR", must_be="folder"
    )
    out: Path = option(
        Path("runs"), "Each of its runs gets a folder OUT/RECIPE/RUN.", metavar="DIR"
    )
    vgg: Path | None = option(
        None, "File of VGG19's features.", metavar="FILE", must_be="file",
        absent="torchvision's, downloaded",
    )  # fmt: skip
    device: str = option("auto", "auto, cpu, cuda or cuda:N.", metavar="NAME")
    precision: Literal["auto", "fp32", "bf16"] = option("auto", "Arithmetic of the forward pass.")
    workers: int = option(1, "Processes that prepare batches.", least=0, metavar="N")


def train_group(tasks: tuple[Task[Any], ...]) -> click.Group:
    """The group of these tasks' commands, and of recipes."""

    def run(**given: Any) -> None:
        task = click.get_current_context().invoked_subcommand
        options = taken(RecipeOptions, given)
        if options.recipe is None:
            if task is None:
                raise UsageError("name a task, or give --recipe; see ganedit train --help")
            for name in sorted(given_names()):
                raise UsageError(f"--{name}: options of a task follow it: ganedit train {task} …")
            return
        if task is not None:
            raise UsageError("--recipe says itself what is trained; leave the task out")

        from ganedit.app.training import run_recipe

        machine = {name: getattr(options, name) for name in ("device", "precision", "workers")}
        run_recipe(options.recipe, data=options.data, out=options.out, vgg=options.vgg, **machine)

    commands = [_command(task) for task in tasks if task.training is not None]
    return click.Group(
        "train",
        callback=run,
        commands=commands,
        params=parameters(RecipeOptions),
        invoke_without_command=True,
        short_help="Train a network on your own pictures.",
        help="""Train a network on your own pictures.

        A run is a folder with a checkpoint, the loss table and its plot, sample sheets, the last
        and the best weights, and a report of it all. Ctrl-C saves; --resume goes on as if nothing
        had happened. Several GPUs:

        \b
            torchrun --nproc-per-node 2 -m ganedit train upscale …

        How shipped weights were trained is a recipe that can be run:

        \b
            ganedit train --recipe weights/recipes/inpaint.toml --data pictures/
        """,
    )


def _command(task: Task[Any]) -> click.Command:
    training = task.training
    assert training is not None

    def run(start: str | None, **given: Any) -> None:
        config = taken(TrainingConfig, given, training.run)
        options = taken(training.options, given)

        from ganedit.app.training import run_training

        run_training(training.task(options), config, start)

    start = GroupedOption(
        "--start", metavar="FILE|RUN", group="run",
        help="Weights to begin from; of a run its critics too, where they fit.",
    )  # fmt: skip
    shared = parameters(TrainingConfig, defaults=training.run)
    params = [*parameters(training.options), start, *shared]
    summary = f"Train {task.name}: {task.summary[0].lower()}{task.summary[1:]}"
    return command(task.name, run, params, summary, training.examples, "What to train")
