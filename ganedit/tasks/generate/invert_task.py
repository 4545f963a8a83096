"""The inversion task in one description. Nothing here imports torch before it has to."""

import hashlib
from collections.abc import Mapping
from typing import Any

from ganedit import weights
from ganedit.errors import UsageError
from ganedit.runtime import Runtime
from ganedit.task import Apply, Enlarge, Input, Size, Task, Training
from ganedit.tasks.generate.invert_options import EncoderTraining, InvertOptions
from ganedit.tasks.generate.models import find_model

# What is appended to the names of photos that were drawn again.
INVERTED = "inverted"


def _load(options: InvertOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    from ganedit.tasks.generate.inversion import Inverting

    return Inverting(options, runtime, enlarge).apply


def _weights(options: InvertOptions) -> Mapping[str, str]:
    model = find_model(options.model, options.weights)
    encoder = (
        weights.checksums("invert", options.encoder)
        if options.encoder is not None
        else weights.checksums("invert", model=model.name)
    )
    vgg = {}
    if options.vgg is not None:
        vgg = {options.vgg.name: hashlib.sha256(options.vgg.read_bytes()).hexdigest()}
    return {**model.checksums, **encoder, **vgg}


def _check(options: InvertOptions, given: Mapping[str, int]) -> None:
    if options.tune and given.get("photo", 0) > 1:
        raise UsageError("--tune makes a generator of one photo; give one")


def _label(options: InvertOptions) -> str:
    return INVERTED


def _labels(options: InvertOptions | None) -> str:
    return INVERTED


def _size(options: InvertOptions, size: Size) -> Size:
    side = find_model(options.model, options.weights).network.size
    return side, side


def _training(options: EncoderTraining) -> Any:
    from ganedit.tasks.generate.encoder_training import EncoderTask

    return EncoderTask(options)


INVERT = Task(
    name="invert",
    weights_of="generate",
    summary="Find the code of a photo of your own, to vary it and to walk from it.",
    examples="""
The photo as the generator draws it; the picture carries its code:
    ganedit invert photo.jpg --model faces --vgg vgg19.safetensors -o me.png
    ganedit vary me.png --direction smile=2
    ganedit walk --model faces --seeds me.png,8 -o me.mp4
More like the photo by a generator that learns it too, which then has to be given:
    ganedit invert photo.jpg --model faces --tune 200 --tuned me.safetensors -o me.png
    ganedit vary me.png --weights me.safetensors --direction smile=2""",
    options=InvertOptions,
    load=_load,
    weights=_weights,
    inputs=(
        Input(
            "photo", "Photos, folders, globs or @lists of them; - is standard input.", moving=False
        ),
    ),
    label=_label,
    labels=_labels,
    size=_size,
    check=_check,
    training=Training(
        EncoderTraining,
        _training,
        """
An encoder, whose first guess saves most of the optimisation, finds the square of a photo that is
meant, and knows which pictures are of the kind:
    ganedit train invert --weights runs/faces --data faces/ --out runs/encoder --minutes 60
    ganedit invert photo.jpg --weights runs/faces --encoder runs/encoder -o me.png""",
        run={
            "learning_rate": 5e-4,
            "optimizer": "adam",
            "betas": (0.9, 0.99),
            "warmup": 50,
            "evaluate_every": 500,
        },
        used_by="--weights GENERATOR --encoder",
    ),
)
