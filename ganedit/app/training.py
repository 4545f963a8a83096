"""A training run from the command line, with its progress shown."""

import shlex
import sys
import warnings
from typing import Any

import click
from tqdm import tqdm

from ganedit import weights
from ganedit.training.config import TrainingConfig
from ganedit.training.loop import train
from ganedit.training.state import State
from ganedit.training.task import GENERATOR, Networks, TrainableTask


def run_training(
    task: TrainableTask, config: TrainingConfig, start: str | None, stop_at: int | None = None
) -> None:
    """Train, beginning from the weights `start` if given, and show a bar with the time left."""
    bar: tqdm[Any] | None = None

    def load(networks: Networks) -> None:
        if start is not None:
            path = weights.locate(start)
            state = weights.read(path, task.name).state
            if missing := weights.load_matching(networks[GENERATOR], state, path):
                click.echo(f"ganedit: {path}: {missing} tensors begin anew", err=True)

    def progress(state: State, line: str | None) -> None:
        nonlocal bar
        if bar is None:  # only now is it known where the run stands
            bar = tqdm(initial=state.images, unit="image", unit_scale=True, dynamic_ncols=True)
        bar.total = round(state.images / max(state.done, 1e-9))
        bar.update(state.images - bar.n)
        if line is not None:
            bar.set_postfix_str(line, refresh=False)

    with warnings.catch_warnings():
        warnings.showwarning = _tell
        try:
            train(
                task, config, start=load, progress=progress, stop_at=stop_at,
                command=shlex.join(["ganedit", *sys.argv[1:]]),
            )  # fmt: skip
        finally:
            if bar is not None:
                bar.close()
    if bar is not None:  # only the first of several processes was told anything
        click.echo(
            f"done; see {config.out / 'report.md'}; use it with: ganedit {task.name} PICTURE "
            f"--weights {config.out}",
            err=True,
        )


def _tell(message: Warning | str, *place: object, **more: object) -> None:
    """A warning in one line: in which line of the code it arose helps nobody."""
    click.echo(f"ganedit: {message}", err=True)
