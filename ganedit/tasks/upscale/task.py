"""The upscaling task in one description. Nothing here imports torch before it has to."""

from collections.abc import Mapping
from typing import Any

from ganedit import weights
from ganedit.errors import UsageError
from ganedit.runtime import Runtime
from ganedit.scores import ScoreTable
from ganedit.task import Apply, Enlarge, Evaluation, Measuring, Size, Task, Training
from ganedit.tasks.upscale.options import UpscaleEvaluation, UpscaleOptions, UpscaleTraining


def _label(options: UpscaleOptions) -> str:
    target = options.target
    if target.scale is not None:
        return f"x{target.scale:g}"
    if target.width is not None:
        return f"w{target.width}"
    return f"h{target.height}" if target.height is not None else f"long{target.long_side}"


def _labels(options: UpscaleOptions | None) -> str:
    return r"x[\d.]+|[wh]\d+|long\d+"


def _check(options: UpscaleOptions, given: Mapping[str, int]) -> None:
    if options.weights is not None and given.keys() & {"model", "detail"}:
        raise UsageError(
            "--model and --detail choose among the shipped weights; with --weights leave them out"
        )


def _load(options: UpscaleOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    from ganedit.tasks.upscale.edit import UpscaleEdit

    edit = UpscaleEdit(options, runtime)
    return lambda pictures, variant, progress: edit.apply(pictures["photo"][0], progress)


def _weights(options: UpscaleOptions) -> Mapping[str, str]:
    return weights.checksums("upscale", options.weights, model=options.model)


def _size(options: UpscaleOptions, size: Size) -> Size:
    return options.target.size_for(*size)


def _training(options: UpscaleTraining) -> Any:
    from ganedit.tasks.upscale.training import UpscaleTask

    return UpscaleTask(options)


def _measure(options: UpscaleEvaluation, measuring: Measuring) -> ScoreTable:
    from ganedit.tasks.upscale.evaluation import measure

    return measure(options, measuring)


UPSCALE = Task(
    name="upscale",
    summary="Enlarge photos; folders are enlarged whole.",
    examples="""
Four times larger, beside the original as photo_x4.jpg:
    ganedit upscale photo.jpg
At its own size, JPEG marks and noise taken away:
    ganedit upscale old.jpg --scale 1
A folder, to fit a 4K screen, as PNG:
    ganedit upscale holiday/ -o large/ --long-side 3840 --format png
From a pristine scan:
    ganedit upscale scan.tif --model clean""",
    options=UpscaleOptions,
    label=_label,
    labels=_labels,
    check=_check,
    load=_load,
    weights=_weights,
    size=_size,
    training=Training(
        UpscaleTraining,
        _training,
        """
Fidelity first, then adversarial from its weights:
    ganedit train upscale --data photos/ --out runs/faithful --minutes 120
    ganedit train upscale --data photos/ --out runs/crisp --minutes 60 \\
        --phase adversarial --start runs/faithful --learning-rate 1e-4
    ganedit upscale photo.jpg --weights runs/crisp""",
    ),
    evaluation=Evaluation(
        UpscaleEvaluation,
        _measure,
        "Scores of an upscaler beside bicubic: PSNR and SSIM on luma, PD, and more.",
        """
    ganedit evaluate upscale --hr Set5 --lr Set5 --vgg vgg19.safetensors""",
    ),
)
