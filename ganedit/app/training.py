"""A training run from the command line, with its progress shown."""

import warnings
from typing import Any

import click
from tqdm import tqdm

from ganedit import weights
from ganedit.training.config import TrainingConfig
from ganedit.training.loop import train
from ganedit.training.task import Pair, TrainableTask


def run_training(task: TrainableTask, config: TrainingConfig, start: str | None) -> None:
    """Train, beginning from the weights `start` if given, and show a bar with the time left."""
    bar: tqdm[Any] | None = None

    def load(pair: Pair) -> None:
        if start is not None:
            path = weights.locate(start)
            state = weights.read(path, task.name).state
            if missing := weights.load_matching(pair.generator, state, path):
                click.echo(f"ganedit: {path}: {missing} tensors begin anew", err=True)

    def progress(step: int, total: int, line: str | None) -> None:
        nonlocal bar
        if bar is None:  # only now is it known how long the run is and where it stands
            bar = tqdm(initial=step - 1, total=total, unit="step", dynamic_ncols=True)
        bar.update(step - bar.n)
        if line is not None:
            bar.set_postfix_str(line, refresh=False)

    with warnings.catch_warnings():
        warnings.showwarning = _tell
        try:
            train(task, config, start=load, progress=progress)
        finally:
            if bar is not None:
                bar.close()
    if bar is not None:  # only the first of several processes was told anything
        click.echo(
            f"done; use it with: ganedit {task.name} PICTURE --weights {config.out}", err=True
        )


def _tell(message: Warning | str, *place: object, **more: object) -> None:
    """A warning in one line: in which line of the code it arose helps nobody."""
    click.echo(f"ganedit: {message}", err=True)
