"""The generation task in one description. Nothing here imports torch before it has to."""

import hashlib
from collections.abc import Mapping
from typing import Any

from ganedit.errors import UsageError
from ganedit.runtime import Runtime
from ganedit.scores import ScoreTable
from ganedit.task import (
    Apply,
    Enlarge,
    Evaluation,
    Measuring,
    Size,
    Task,
    Training,
)
from ganedit.tasks.generate.options import (
    GenerateEvaluation,
    GenerateOptions,
)
from ganedit.tasks.generate.recipes import read_recipe
from ganedit.tasks.generate.training_options import GenerateTraining
from ganedit.tasks.generate.wishes import model_of, recipes

# What a picture that is drawn again says itself.
_SAID_BY_LIKE = {
    "model", "count", "seed", "truncation", "class_", "size", "direction", "code", "mean", "fine",
    "split",
}  # fmt: skip


def _label(options: GenerateOptions) -> str:
    return model_of(options).name


def _variants(options: GenerateOptions) -> tuple[str, ...]:
    return tuple(recipes(options))


def _sheet(options: GenerateOptions) -> bool:
    return options.sheet


def _size(options: GenerateOptions, size: Size) -> Size:
    if options.like is not None:
        side = read_recipe(options.like)[0].size
    else:
        side = options.size or model_of(options).network.size
    return side, side


def _check(options: GenerateOptions, given: Mapping[str, int]) -> None:
    said = sorted(_SAID_BY_LIKE & given.keys())
    if options.like is not None and said:
        flag = said[0].strip("_")
        raise UsageError(f"--like draws the same picture again; leave --{flag} out")
    kinds = (options.class_ or "").split(",")
    if "count" in given and all("=" in kind for kind in kinds):
        raise UsageError(f"--class {options.class_} says how many of each; leave --count out")
    if options.mean and options.code is None:
        raise UsageError("--mean names what --code adds up; say that too")
    if options.split is not None and options.fine is None:
        raise UsageError("--split says where the layers of --fine begin; give that seed too")


def _load(options: GenerateOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    from ganedit.tasks.generate.drawing import Drawing

    drawing = Drawing(options, runtime, enlarge)
    return lambda pictures, variant, progress: drawing.apply(variant, progress)


def _weights(options: GenerateOptions) -> Mapping[str, str]:
    """Those of the generator, and the picture that is drawn again, whose recipe it follows."""
    like = {}
    if options.like is not None:
        like = {options.like.name: hashlib.sha256(options.like.read_bytes()).hexdigest()}
    return {**model_of(options).checksums, **like}


def _enlarges(options: GenerateOptions) -> bool:
    """A picture that is drawn again may have had a size of its own."""
    return options.size is not None or options.like is not None


def _measure(options: GenerateEvaluation, measuring: Measuring) -> ScoreTable:
    from ganedit.tasks.generate.evaluation import measure

    return measure(options, measuring)


def _training(options: GenerateTraining) -> Any:
    from ganedit.tasks.generate.training import GenerateTask

    return GenerateTask(options)


GENERATE = Task(
    name="generate",
    summary="Draw new pictures of what a network has learned, from noise.",
    examples="""
Twenty-four faces, as faces/0007.png to faces/0030.png, and a sheet of them:
    ganedit generate --model faces -n 24 --seed 7 -o faces/ --sheet
Three shoes and two bags, brought to 256 pixels:
    ganedit generate --model products --class shoes=3,bags=2 --size 256 -o more/
One of them again, bit for bit: each file carries its recipe:
    ganedit generate --like faces/0007.png -o again.png""",
    options=GenerateOptions,
    load=_load,
    weights=_weights,
    inputs=(),
    label=_label,
    size=_size,
    variants=_variants,
    sheet=_sheet,
    check=_check,
    enlarges=_enlarges,
    training=Training(
        GenerateTraining,
        _training,
        """
Pictures of one kind, some hundred at least, in the order of hours:
    ganedit train generate --data faces/ --window 80@0.56 --out runs/faces --minutes 300
A folder for each class:
    ganedit train generate --data products/ --classes-from-folders --out runs/products \\
        --minutes 300""",
        run={
            "learning_rate": 2e-3,
            "critic_learning_rate": 4e-4,
            "optimizer": "adam",
            "betas": (0.0, 0.99),
            "clip": 0.0,
            "warmup": 50,
            "evaluate_every": 1000,
        },
    ),
    evaluation=Evaluation(
        GenerateEvaluation,
        _measure,
        "How like the pictures of its kind those are that a generator draws, and how varied.",
        """
    ganedit evaluate generate --model faces --data faces/ --window 80@0.56 --held-out 0.125

Distances, precision and recall (Kynkäänniemi et al. 2019) are of VGG19's relu5_4, averaged over
each picture at twice its size; they are not FID and KID, which use Inception. MS-SSIM is
between samples: the higher, the more alike they are. SWD (Karras et al. 2018) compares patches
at each resolution; it falls with the number of pictures, so compare it with the floor. The
nearest training picture of a generator that learned by heart is nearer to its samples than to
held-out pictures: in more than half of all pairs (nearer %), and hardly by chance (a small
number); --save shows the nearest.""",
    ),
)
