"""The tasks in the space of codes: along directions, and from code to code."""

from collections.abc import Mapping
from typing import Any

from ganedit import weights
from ganedit.errors import UsageError
from ganedit.runtime import Runtime
from ganedit.task import Apply, Enlarge, Input, Size, Task, Training
from ganedit.tasks.generate.latent_options import (
    DirectionsOptions,
    TraitTraining,
    VaryOptions,
    WalkOptions,
)
from ganedit.tasks.generate.models import direction_names, find_model
from ganedit.tasks.generate.recipes import PLACES, parse_directions, strip_places

# What is appended to the names of pictures that were varied.
VARIED = "varied"


def _load_varying(options: VaryOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    from ganedit.tasks.generate.drawing import Varying

    return Varying(options, runtime, enlarge).apply


def _weights_of_all(options: VaryOptions) -> Mapping[str, str]:
    """Which of them is used depends on the picture."""
    return weights.checksums("generate", options.weights)


def _check_varying(options: VaryOptions, given: Mapping[str, int]) -> None:
    if not options.direction and options.strip is None:
        raise UsageError("say what to change: --direction smile=2, or --strip smile")
    parse_directions(options.direction)


def _varied_label(options: VaryOptions) -> str:
    return VARIED


def _varied_labels(options: VaryOptions | None) -> str:
    return rf"{VARIED}(?:_[+-]\d)?"


def _load_walking(options: WalkOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    from ganedit.tasks.generate.walking import Walking

    walking = Walking(options, runtime, enlarge)
    return lambda pictures, variant, progress: walking.apply(variant, progress)


def _model_weights(options: WalkOptions | DirectionsOptions) -> Mapping[str, str]:
    model = find_model(options.model, options.weights)
    return {model.path.name: model.sha256}


def _frames(options: WalkOptions) -> tuple[str, ...]:
    return tuple(f"{number:05d}" for number in range(options.frames))


def _frame_size(options: WalkOptions, size: Size) -> Size:
    side = options.size or find_model(options.model, options.weights).network.size
    return side, side


def _no_sheet(options: Any) -> bool:
    return False


def _load_showing(options: DirectionsOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    from ganedit.tasks.generate.drawing import Showing

    showing = Showing(options, runtime)
    return lambda pictures, variant, progress: showing.apply(variant, progress)


def _shown_size(options: DirectionsOptions, size: Size) -> Size:
    side = find_model(options.model, options.weights).network.size
    return len(PLACES) * side, options.count * side


def _direction_names(options: DirectionsOptions) -> tuple[str, ...]:
    return tuple(direction_names(find_model(options.model, options.weights).network))


def _trait_training(options: TraitTraining) -> Any:
    from ganedit.tasks.generate.traits import TraitTask

    return TraitTask(options)


VARY = Task(
    name="vary",
    weights_of="generate",
    summary="Change one trait of pictures that ganedit generate drew.",
    examples="""
Along the directions that were found without labels, by their numbers:
    ganedit vary faces/0007.png --direction 1=2 --direction 3=-1.5
A strip of seven, from -3 to 3 standard deviations, and a sheet of them:
    ganedit vary faces/0007.png --strip 1 -o strip/""",
    options=VaryOptions,
    load=_load_varying,
    weights=_weights_of_all,
    inputs=(Input("picture", "Pictures that ganedit generate drew, folders of them."),),
    label=_varied_label,
    labels=_varied_labels,
    variants=strip_places,
    check=_check_varying,
    enlarges=True,
)

WALK = Task(
    name="walk",
    weights_of="generate",
    summary="Frames on the way from one drawn picture to others.",
    examples="""
Ten seconds past three faces and back, as walk/00000.png to walk/00299.png:
    ganedit walk --model faces --seeds 3,8,21 --loop -o walk/
and a film of them, by ffmpeg:
    ffmpeg -framerate 30 -i walk/%05d.png walk.mp4""",
    options=WalkOptions,
    load=_load_walking,
    weights=_model_weights,
    inputs=(),
    size=_frame_size,
    variants=_frames,
    sheet=_no_sheet,
    enlarges=True,
)

DIRECTIONS = Task(
    name="directions",
    weights_of="generate",
    summary="Show what changes along the directions of a generator, or train named ones.",
    examples="""
A picture for each direction, of strips from -3 to 3:
    ganedit directions --model faces -o directions/
Numbers are those that were found without labels; ganedit train directions makes named ones.""",
    options=DirectionsOptions,
    load=_load_showing,
    weights=_model_weights,
    inputs=(),
    size=_shown_size,
    variants=_direction_names,
    sheet=_no_sheet,
    training=Training(
        TraitTraining,
        _trait_training,
        """
From a table of labels; what comes out is the generator with its directions:
    ganedit train directions --model faces --data faces/ --labels faces.csv --window 80@0.56 \\
        --names Eyeglasses=glasses,Smiling=smile --out runs/named --steps 1500
    ganedit generate --weights runs/named --direction glasses=2""",
        run={
            "learning_rate": 1e-2,
            "critic_learning_rate": 1e-3,
            "critic_lead": 200,
            "optimizer": "adam",
            "clip": 0.0,
            "warmup": 50,
            "ema": 0.99,
            "evaluate_every": 250,
            "sample_every": 250,
        },
    ),
)
