"""The filling task in one description. Nothing here imports torch before it has to."""

from collections.abc import Mapping
from typing import Any

from ganedit import weights
from ganedit.errors import UsageError
from ganedit.runtime import Runtime
from ganedit.scores import ScoreTable
from ganedit.task import (
    PHOTO,
    Apply,
    Enlarge,
    Evaluation,
    Input,
    Measuring,
    Size,
    Task,
    Training,
)
from ganedit.tasks.inpaint.options import InpaintEvaluation, InpaintOptions, InpaintTraining


def _label(options: InpaintOptions) -> str:
    return "inpaint"


def _labels(options: InpaintOptions | None) -> str:
    return r"inpaint(?:_\d+)?"


def _check(options: InpaintOptions, given: Mapping[str, int]) -> None:
    if "mask" in given and options.box is not None:
        raise UsageError("give one of --mask, --masks and --box")
    if options.invert_mask and "mask" not in given and options.mask_color is None:
        raise UsageError("--invert-mask: there is no mask; give --mask, --masks or --mask-color")
    if "mask" in given and options.finds:
        raise UsageError("--restore-scan and --remove-text find the hole themselves: leave the "
                         "mask out")  # fmt: skip
    # What is wrong with them is told once, not for each photo.
    if options.expand is not None:
        from ganedit.tasks.inpaint.expanding import parse_margins

        parse_margins(options.expand)
    if options.mask_color is None and options.box is None:
        return
    from ganedit.colors import parse_color
    from ganedit.tasks.inpaint.holes import parse_box

    if options.mask_color is not None:
        parse_color(options.mask_color, "--mask-color")
    if options.box is not None:
        parse_box(options.box)


def _size(options: InpaintOptions, size: Size) -> Size:
    if options.expand is None:
        return size
    from ganedit.tasks.inpaint.expanding import parse_margins

    return parse_margins(options.expand).size(size)


def _variants(options: InpaintOptions) -> tuple[str, ...]:
    if options.candidates == 1:
        return ("",)
    return tuple(str(number + 1) for number in range(options.candidates))


def _load(options: InpaintOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    from ganedit.tasks.inpaint.filling import Filling

    return Filling(options, runtime)


def _weights(options: InpaintOptions) -> Mapping[str, str]:
    return weights.checksums("inpaint", options.weights)


def _training(options: InpaintTraining) -> Any:
    from ganedit.tasks.inpaint.training import InpaintTask

    return InpaintTask(options)


def _measure(options: InpaintEvaluation, measuring: Measuring) -> ScoreTable:
    if options.scenes:
        from ganedit.tasks.inpaint.scene_evaluation import measure_scenes

        return measure_scenes(options, measuring)
    from ganedit.tasks.inpaint.evaluation import measure

    return measure(options, measuring)


INPAINT = Task(
    name="inpaint",
    title="Fill",
    summary="Fill what a mask marks; nothing else changes.",
    examples="""
White in mask.png is to go; the result is photo_inpaint.jpg:
    ganedit inpaint photo.jpg --mask mask.png
A date stamp in the corner:
    ganedit inpaint photo.jpg --box 1480,1100,420,90
What was painted over in pink:
    ganedit inpaint painted.png --mask-color '#ff00ff'
The photo's own transparent parts:
    ganedit inpaint cutout.png
More sky above and more beach to the left:
    ganedit inpaint photo.jpg --expand top=300,left=200
Dust and scratches of a scan, and a date stamp, found by themselves; mask.png has what was found:
    ganedit inpaint scan.tif --restore-scan --remove-text --mask-out mask.png
A folder, with a mask for each photo:
    ganedit inpaint photos/ --masks masks/ -o clean/""",
    options=InpaintOptions,
    inputs=(
        PHOTO,
        Input(
            "mask",
            "Picture that marks the hole: white, or transparent where it has alpha.",
            given="paired",
            most=16,
        ),
    ),
    label=_label,
    labels=_labels,
    size=_size,
    variants=_variants,
    check=_check,
    load=_load,
    local=True,
    weights=_weights,
    training=Training(
        InpaintTraining,
        _training,
        """
The holes are drawn:
    ganedit train inpaint --data photos/ --out runs/smooth --minutes 120
    ganedit train inpaint --data photos/ --out runs/fill --minutes 60 \\
        --phase adversarial --start runs/smooth --learning-rate 1e-4
    ganedit inpaint photo.jpg --mask mask.png --weights runs/fill""",
    ),
    evaluation=Evaluation(
        InpaintEvaluation,
        _measure,
        "Scores of fills beside OpenCV's: L1, PSNR and SSIM in the hole, PD of the whole.",
        """
    ganedit evaluate inpaint --data streets --vgg vgg19.safetensors
What people see, at full size, and a sheet to look at:
    ganedit evaluate inpaint --data photos --scenes --save looks""",
    ),
)
