"""The tasks in the space of codes: along directions, and from code to code."""

import hashlib
from collections.abc import Mapping
from typing import Any

from ganedit import weights
from ganedit.errors import UsageError
from ganedit.runtime import Runtime
from ganedit.task import Apply, Enlarge, Input, Size, Task, Training, always
from ganedit.tasks.generate.arithmetic import parse_directions
from ganedit.tasks.generate.latent_options import (
    DirectionsOptions,
    TraitTraining,
    VaryOptions,
    WalkOptions,
)
from ganedit.tasks.generate.models import directions_of_kind, find_model
from ganedit.tasks.generate.wishes import (
    PLACES,
    check_directions,
    drawn_first,
    strip_places,
    walked_model,
)

# What is appended to the names of pictures that were varied.
VARIED = "varied"


def _load_varying(options: VaryOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    from ganedit.tasks.generate.drawing import Varying

    return Varying(options, runtime, enlarge).apply


def _weights_of_all(options: VaryOptions) -> Mapping[str, str]:
    """Which of them is used depends on the picture."""
    return weights.checksums("generate", options.weights)


def _check_varying(options: VaryOptions, given: Mapping[str, int]) -> None:
    if options.seed is not None and "picture" in given:
        raise UsageError("give pictures or a seed")
    if options.seed is None and "picture" not in given:
        raise UsageError("give a picture that ganedit drew, or a seed: ganedit vary 7")
    if options.seed is None and (said := sorted({"model", "truncation", "class_"} & given.keys())):
        flag = said[0].strip("_")
        raise UsageError(f"a picture says itself what it was drawn from; leave --{flag} out")
    if not options.direction and options.strip is None:
        raise UsageError("say what to change: --direction smile=2, or --strip smile")
    if options.strip in parse_directions(options.direction):
        raise UsageError(f"--strip {options.strip} goes from -3 to 3; leave that --direction out")
    if options.seed is not None:
        drawn_first(options)  # which says what is wrong with it
    check_directions(options)


def _varied_label(options: VaryOptions) -> str:
    return VARIED if options.seed is None else f"{options.seed:04d}_{VARIED}"


def _varied_labels(options: VaryOptions | None) -> str:
    return rf"{VARIED}(?:_(?:[+-]\d|sheet))?"


def _varied_size(options: VaryOptions, size: Size) -> Size:
    if options.seed is None:
        return size
    side = find_model(options.model, options.weights).network.size
    return side, side


def _load_walking(options: WalkOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    from ganedit.tasks.generate.walking import Walking

    walking = Walking(options, runtime, enlarge)
    return lambda pictures, variant, progress: walking.apply(variant, progress)


def _shown_weights(options: DirectionsOptions) -> Mapping[str, str]:
    return find_model(options.model, options.weights).checksums


def _walked_weights(options: WalkOptions) -> Mapping[str, str]:
    """Those of the generator, and the pictures that are walked between."""
    pictures = {
        f"{number} {path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for number, path in enumerate(options.pictures)
    }
    return {**walked_model(options).checksums, **pictures}


def _walk_enlarges(options: WalkOptions) -> bool:
    return options.size is not None


def _frames(options: WalkOptions) -> tuple[str, ...]:
    return tuple(f"{number:05d}" for number in range(options.frames))


def _frame_size(options: WalkOptions, size: Size) -> Size:
    side = options.size or walked_model(options).network.size
    return side, side


def _no_sheet(options: Any) -> bool:
    return False


def _rate(options: WalkOptions) -> int:
    return options.rate


def _load_showing(options: DirectionsOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    from ganedit.tasks.generate.drawing import Showing

    showing = Showing(options, runtime)
    return lambda pictures, variant, progress: showing.apply(variant, progress)


def _shown_size(options: DirectionsOptions, size: Size) -> Size:
    side = find_model(options.model, options.weights).network.size
    return len(PLACES) * side, options.count * side


def _direction_names(options: DirectionsOptions) -> tuple[str, ...]:
    network = find_model(options.model, options.weights).network
    names = directions_of_kind(network, options.kind)
    if not names:
        raise UsageError(f"--kind {options.kind}: this generator has none")
    return tuple(names)


def _shown_sheet(options: DirectionsOptions) -> bool:
    return options.sheet


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
    ganedit vary faces/0007.png --strip 1 -o strip/
The picture of a seed, without a file of it:
    ganedit vary 7 --model faces --direction 1=2""",
    options=VaryOptions,
    load=_load_varying,
    weights=_weights_of_all,
    inputs=(
        Input(
            "picture",
            "Pictures that ganedit drew, folders of them; or a seed.",
            number="seed",
            moving=False,
        ),
    ),
    size=_varied_size,
    label=_varied_label,
    labels=_varied_labels,
    variants=strip_places,
    check=_check_varying,
    enlarges=always,
)

WALK = Task(
    name="walk",
    weights_of="generate",
    summary="Draw a film on the way from one drawn picture to others.",
    examples="""
Ten seconds past three faces and back, as a film (.mp4, .gif, .webp), or its frames in a folder:
    ganedit walk --model faces --seeds 3,8,21 --loop -o walk.mp4
    ganedit walk --model faces --seeds 3,8,21 --loop -o walk/
Faces change while light and colours stay those of the fifth:
    ganedit walk --model faces --seeds 3,8,21 --fine 5 -o walk.webp
From a photo that ganedit invert found a code for, to a drawn one:
    ganedit walk --model faces --seeds me.png,8 -o me.gif""",
    options=WalkOptions,
    load=_load_walking,
    weights=_walked_weights,
    inputs=(),
    size=_frame_size,
    variants=_frames,
    sheet=_no_sheet,
    rate=_rate,
    enlarges=_walk_enlarges,
)

DIRECTIONS = Task(
    name="directions",
    weights_of="generate",
    summary="Show what changes along the directions of a generator, or train named ones.",
    examples="""
A picture for each direction, of strips from -3 to 3, and a sheet of all:
    ganedit directions --model faces -o directions/ --sheet
Numbers are directions that factorised weights gave (SeFa), pc1, pc2 … principal components of
codes (GANSpace); ganedit train directions makes named ones.""",
    options=DirectionsOptions,
    load=_load_showing,
    weights=_shown_weights,
    inputs=(),
    size=_shown_size,
    variants=_direction_names,
    sheet=_shown_sheet,
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
