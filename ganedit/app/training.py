"""Training from the command line: a run with its progress shown, and recipes of several runs."""

import re
import shlex
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import click
from tqdm import tqdm

from ganedit import weights
from ganedit.errors import UsageError
from ganedit.options import Options, build
from ganedit.task import Training
from ganedit.tasks import TASKS
from ganedit.training import distributed
from ganedit.training.config import TrainingConfig
from ganedit.training.loop import train
from ganedit.training.recipe import Recipe, RunStep, WeightStep, read_recipe, sources, taught_by
from ganedit.training.report import REPORT
from ganedit.training.state import CHECKPOINT, State, load_critics, read_checkpoint
from ganedit.training.task import GENERATOR, Networks, TrainableTask

# Options that name folders of pictures.
_FOLDERS = ("data", "others", "teacher_data", "a", "b", "pairs", "content", "style", "examples")
# Before a folder that more is made of than is in it.
_PREFIX = re.compile(r"\w+:(?=.)")


def run_training(
    task: TrainableTask, config: TrainingConfig, start: str | None, stop_at: int | None = None
) -> None:
    """Train, beginning from the weights `start` if given, and show a bar with the time left.

    Args:
        task: what is trained.
        config: how.
        start: what `weights.locate` takes.
        stop_at: leave off after this step.

    Raises:
        GaneditError: as `train`.
        WeightsError: `start` cannot be read, or fits by half at most.
    """

    def load(networks: Networks) -> None:
        if start is not None:
            path = weights.locate(start)
            state = weights.read(path, task.name).state
            if missing := weights.load_matching(networks[GENERATOR], state, path):
                click.echo(f"ganedit: {path}: {missing} tensors begin anew", err=True)
            load_critics(networks, Path(start))

    command = shlex.join(["ganedit", *sys.argv[1:]])
    bar = _Bar()
    with warnings_in_one_line():
        try:
            train(task, config, start=load, progress=bar, command=command, stop_at=stop_at)
        finally:
            told = bar.close()
    if told:
        command = _usage(task.name, config.out)
        click.echo(f"done; see {config.out / REPORT}; use it with: {command}", err=True)


def _usage(name: str, run: Path) -> str:
    """The command that edits pictures, or draws some, with what a run of a task has made."""
    picture, flags = " PICTURE", "--weights"
    for row in TASKS:
        if row.name == name and row.training is not None:
            picture, flags = picture if row.edited is not None else "", row.training.used_by
    return f"ganedit {name}{picture} {flags} {run}"


def run_recipe(path: Path, *, data: Path, out: Path, vgg: Path | None, **machine: Any) -> Path:
    """Go through the steps of a recipe, those that are done already left out.

    Args:
        path: of the recipe.
        data: folder of the folders that it names.
        out: each step gets a folder OUT/RECIPE/STEP.
        vgg: VGG19 features; torchvision's are downloaded without.
        machine: device, precision and workers of the runs, if not the default ones.

    Returns:
        The folder of the last step, whose weights are the recipe's.

    Raises:
        UsageError: the recipe is none, or has options that its task does not have.
        GaneditError: as `run_training`.
    """
    recipe = read_recipe(path)
    given = {**machine, "vgg": vgg}
    for step in recipe.steps:  # all of them before the first of them takes its hours
        if isinstance(step, RunStep):
            options_of(recipe, step, data, out, given)
    with distributed.joined():
        return [_done(recipe, step.name, data, out, given) for step in recipe.steps][-1]


def _done(recipe: Recipe, name: str, data: Path, out: Path, given: Mapping[str, Any]) -> Path:
    """The folder of a step, made now unless it is there."""
    folder, step = _folder(recipe, name, out), recipe.step(name)

    def of(source: str) -> Path:
        """Another step's folder, perhaps of another recipe beside this one."""
        other, _, last = source.rpartition("/")
        origin = read_recipe(recipe.path.with_name(f"{other}.toml")) if other else recipe
        return _done(origin, last, data, out, given)

    if isinstance(step, WeightStep):
        origins = {source: of(source) for source in step.mix}
        with distributed.joined() as ranks:
            if ranks.first and not (folder / weights.RUN_WEIGHTS).exists():
                _mix(step, folder, origins)
            distributed.wait(ranks)
        return folder
    resume = (folder / CHECKPOINT).exists()
    if resume and _is_over(read_checkpoint(folder), step.stop_at):
        return folder
    training, config = options_of(recipe, step, data, out, given, resume=resume)
    needed = {source: of(source) for source in sources(step)}
    start = None if step.start is None else str(needed[step.start])
    click.echo(f"{recipe.path.stem}/{name}", err=True)
    run_training(_training(recipe, step).task(training), config, start, step.stop_at)
    return folder


def options_of(
    recipe: Recipe,
    step: RunStep,
    data: Path,
    out: Path,
    given: Mapping[str, Any],
    *,
    resume: bool = False,
) -> tuple[Options, TrainingConfig]:
    """The options of a step's task and run.

    Raises:
        UsageError: the task is unknown, or an option is unknown or out of bounds.
    """
    training = _training(recipe, step)
    kind = training.options
    values: dict[str, Any] = {**step.options, **given}
    for unknown in step.options.keys() - (_names(kind) | _names(TrainingConfig)):
        raise UsageError(f"{recipe.path}: step {step.name!r}: there is no option {unknown!r}")
    for name in _FOLDERS:
        if name in values:
            values[name] = tuple(_below(data, each) for each in values[name])
    if (teacher := taught_by(step)) is not None:
        values["teacher"] = str(_folder(recipe, teacher, out))
    elif "teacher" in values:
        values["teacher"] = str(data / values["teacher"])
    if "labels" in values:
        values["labels"] = data / values["labels"]
    if "weights" in values:
        values["weights"] = str(_folder(recipe, values["weights"], out))
    if "teacher_folder" in values:
        values["teacher_folder"] = _folder(recipe, values["teacher_folder"], out)
    if resume:
        values |= {"resume": True, "steps": None, "minutes": None}
    values["out"] = _folder(recipe, step.name, out)
    try:
        return build(kind, values), build(TrainingConfig, {**training.run, **values})
    except UsageError as error:
        raise UsageError(f"{recipe.path}: step {step.name!r}: {error}") from error
    except TypeError as error:
        raise UsageError(
            f"{recipe.path}: step {step.name!r}: a value is of a wrong kind ({error})"
        ) from error


def _below(data: Path, text: str) -> str:
    """A folder as a recipe names it, below that of all data."""
    prefix = found.group() if (found := _PREFIX.match(text)) else ""
    return prefix + str(data / text.removeprefix(prefix))


def _training(recipe: Recipe, step: RunStep) -> Training[Any]:
    known = {task.name: task.training for task in TASKS if task.training is not None}
    name = step.task or recipe.task
    if name not in known:
        raise UsageError(f"{recipe.path}: no task {name!r}; use {', '.join(known)}")
    return known[name]


def _folder(recipe: Recipe, name: str, out: Path) -> Path:
    return out / name if "/" in name else out / recipe.path.stem / name


def _is_over(checkpoint: Mapping[str, Any], stop_at: int | None) -> bool:
    if checkpoint["minutes"] is not None:
        return bool(checkpoint["seconds"] >= 60 * checkpoint["minutes"])
    return bool(checkpoint["step"] >= (stop_at or checkpoint["steps"]))


def _mix(step: WeightStep, folder: Path, sources: Mapping[str, Path]) -> None:
    found = {n: weights.read(path / weights.RUN_WEIGHTS) for n, path in sources.items()}
    first = next(iter(found.values()))
    state = step.apply({name: contents.state for name, contents in found.items()})
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / weights.RUN_WEIGHTS
    weights.save_state(state, target, task=first.task, options=first.options)


def _names(kind: type[Any]) -> set[str]:
    """Of all fields of a dataclass, those of nested ones included."""
    hints = get_type_hints(kind)
    nested = [hints[each.name] for each in fields(kind) if is_dataclass(hints[each.name])]
    return {each.name for each in fields(kind)}.union(*map(_names, nested))


class _Bar:
    """Images of the run that are done, and the time left."""

    def __init__(self) -> None:
        self.bar: tqdm[Any] | None = None

    def __call__(self, state: State, line: str | None) -> None:
        if self.bar is None:  # only now is it known where the run stands
            self.bar = tqdm(initial=state.images, unit="image", unit_scale=True, dynamic_ncols=True)
        self.bar.total = round(state.images / max(state.done, 1e-9))
        self.bar.update(state.images - self.bar.n)
        if line is not None:
            self.bar.set_postfix_str(line, refresh=False)

    def close(self) -> bool:
        """Whether it was told anything: only the first of several processes is."""
        if self.bar is not None:
            self.bar.close()
        return self.bar is not None


@contextmanager
def warnings_in_one_line() -> Iterator[None]:
    """In which line of the code a warning arose helps nobody."""

    def tell(message: Warning | str, *place: object, **more: object) -> None:
        click.echo(f"ganedit: {message}", err=True)

    with warnings.catch_warnings():
        warnings.showwarning = tell
        yield
