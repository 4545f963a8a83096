"""More pictures for a data set: a generator is trained on it, draws, and is checked."""

from pathlib import Path

from ganedit import weights
from ganedit.app.augment_options import AugmentOptions
from ganedit.app.training import run_training
from ganedit.errors import UsageError
from ganedit.options import build
from ganedit.runs.options import FileOptions, RunOptions
from ganedit.runs.planning import Given
from ganedit.runs.run import run_task
from ganedit.runs.saying import say
from ganedit.tasks.generate.models import find_model
from ganedit.tasks.generate.options import GenerateOptions, NetworkOptions
from ganedit.tasks.generate.task import GENERATE
from ganedit.tasks.generate.training_options import GenerateTraining
from ganedit.training.config import TrainingConfig
from ganedit.training.state import CHECKPOINT


def augment(data: Path, options: AugmentOptions) -> int:
    """Make more pictures of each class, and say with `check` whether they help.

    Args:
        data: a folder for each class.
        options: how many, by which generator, where to.

    Returns:
        The shell's exit code.

    Raises:
        GaneditError: the data set has no classes, or a step cannot be done.
    """
    if data.resolve() in (options.output.resolve(), *options.output.resolve().parents):
        raise UsageError(
            f"-o {options.output}: drawn pictures would be taken for the data set's own; choose a "
            f"folder outside {data}"
        )
    training = None if options.weights else _training(data, options)
    classes = _classes(data, options, training)
    if options.check:
        from ganedit.tasks.generate.checking import require_held_out

        require_held_out(data, classes, options.held_out)
    own = options.weights if training is None else str(_train(training, options))
    for name in classes:
        drawing = GenerateOptions(
            count=options.per_class, seed=options.seed, truncation=options.truncation,
            class_=name, weights=own,
        )  # fmt: skip
        files = FileOptions(output=options.output / name, overwrite=options.overwrite)
        run = RunOptions(files=files, placement=options.placement, quiet=options.quiet)
        if code := run_task(GENERATE, drawing, Given(), run).code:
            return code
    if options.check:
        from ganedit.tasks.generate.checking import check

        verdict = check(
            data, options.output, classes, held_out=options.held_out, seeds=options.check_seeds,
            steps=options.check_steps,
        )  # fmt: skip
        say(verdict.text(), error=False)
    return 0


def _classes(
    data: Path, options: AugmentOptions, training: GenerateTraining | None
) -> tuple[str, ...]:
    """Those of the generator that is given, which have folders; or those to train it on."""
    if training is not None:
        from ganedit.tasks.generate.data import classes_in

        return classes_in(training)
    classes = find_model(None, options.weights).network.classes
    if not classes:
        raise UsageError(f"{options.weights}: a generator without classes; train one with them")
    if missing := [name for name in classes if not (data / name).is_dir()]:
        raise UsageError(f"{data}: has no folder {missing[0]}, a class of {options.weights}")
    return classes


def _training(data: Path, options: AugmentOptions) -> GenerateTraining:
    return GenerateTraining(
        data=(str(data),),
        classes_from_folders=True,
        network=NetworkOptions(size=options.size, width=options.width),
        feature_weight=options.feature_weight,
        vgg=options.vgg,
    )


def _train(training: GenerateTraining, options: AugmentOptions) -> Path:
    """The folder of a run that trained a generator of all classes, perhaps an earlier one."""
    folder = options.run or options.output.with_name(f"{options.output.name}.run")
    resume = (folder / CHECKPOINT).exists()
    assert GENERATE.training is not None
    config = build(TrainingConfig, {
        **GENERATE.training.run,
        "out": folder,
        "resume": resume,
        "minutes": None if resume else options.minutes,
        "held_out": options.held_out,
        "device": options.placement.device,
        "precision": options.precision,
    })  # fmt: skip
    run_training(GENERATE.training.task(training), config, None)
    return folder / weights.RUN_WEIGHTS
