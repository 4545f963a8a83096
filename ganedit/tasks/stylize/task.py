"""The style transfer task in one description. Nothing here imports torch before it has to."""

from collections.abc import Mapping
from typing import Any

from ganedit import weights
from ganedit.errors import UsageError
from ganedit.runtime import Runtime
from ganedit.scores import ScoreTable
from ganedit.task import PHOTO, Apply, Enlarge, Evaluation, Input, Measuring, Task, Training, always
from ganedit.tasks.stylize.options import (
    StylizeEvaluation,
    StylizeOptions,
    StylizeTraining,
    parse_mix,
)
from ganedit.tasks.stylize.styles import named_style, shipped_styles


def _label(options: StylizeOptions) -> str:
    return "stylized"


def _labels(options: StylizeOptions | None) -> str:
    return r"stylized(?:_.+)?"


def _check(options: StylizeOptions, given: Mapping[str, int]) -> None:
    if options.mix is None:
        return
    shares, styles = len(parse_mix(options.mix)), given.get("style", 0)
    if shares != styles:
        raise UsageError(f"--mix {options.mix}: has {shares} shares; give one for each style")


def _load(options: StylizeOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    from ganedit.tasks.stylize.edit import StylizeEdit

    return StylizeEdit(options, runtime, enlarge)


def _weights(options: StylizeOptions) -> Mapping[str, str]:
    return weights.checksums("stylize", options.weights)


def _training(options: StylizeTraining) -> Any:
    from ganedit.tasks.stylize.training import StylizeTask

    return StylizeTask(options)


def _measure(options: StylizeEvaluation, measuring: Measuring) -> ScoreTable:
    from ganedit.tasks.stylize.evaluation import measure

    return measure(options, measuring)


STYLIZE = Task(
    name="stylize",
    title="Style",
    summary="Paint photos in the style of any picture; folders too.",
    examples="""
In the manner of a painting, beside the original as photo_stylized.jpg:
    ganedit stylize photo.jpg --style painting.jpg
Between two styles, in the photo's own colours:
    ganedit stylize photo.jpg --style painting.jpg --style print.png --mix 0.7,0.3 --keep-color
Only where a mask is white:
    ganedit stylize photo.jpg --style painting.jpg --mask sky.png
One result for each style of a folder, and a contact sheet:
    ganedit stylize photo.jpg --styles paintings/ -o painted/""",
    options=StylizeOptions,
    inputs=(
        PHOTO,
        Input(
            "style",
            "Picture in whose style to paint, a file of --save-style, or @NAME of ganedit models.",
            given="shared",
            required=True,
            most=8,
            named=named_style,
            gallery=shipped_styles,
        ),
        Input(
            "mask",
            "Picture that marks where: white, or transparent where it has alpha. Of two styles "
            "without --mix the second is painted outside of it.",
            given="paired",
        ),
    ),
    label=_label,
    labels=_labels,
    check=_check,
    load=_load,
    weights=_weights,
    enlarges=always,
    training=Training(
        StylizeTraining,
        _training,
        """
From two folders; any photos and any paintings will do:
    ganedit train stylize --content photos/ --style paintings/ --out runs/style --minutes 120
    ganedit stylize photo.jpg --style painting.jpg --weights runs/style""",
    ),
    evaluation=Evaluation(
        StylizeEvaluation,
        _measure,
        "How much of the style there is in painted pictures, and how much of the picture.",
        """
    ganedit evaluate stylize --content photos/ --style paintings/

Content distance: PD at VGG19's relu4_4 between picture and result. Style distance: mean over
relu1_2 to relu4_4 of the squared difference of channel means and deviations, relative to the
style's own. Itself: the content distance of a picture in its own style.""",
    ),
)
