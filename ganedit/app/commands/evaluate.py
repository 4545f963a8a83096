"""`ganedit evaluate`."""

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganedit import runtime
from ganedit.errors import UsageError
from ganedit.tasks.inpaint.options import METHODS, InpaintOptions, Method
from ganedit.tasks.translate.options import TranslateOptions
from ganedit.tasks.upscale.options import (
    DEFAULT_DETAIL,
    MODELS,
    NATIVE_SCALES,
    Model,
    Target,
    UpscaleOptions,
)

if TYPE_CHECKING:
    from ganedit.app.evaluation import Report

_DIRECTORY = click.Path(path_type=Path, exists=True, file_okay=False)


_SHARED = (
    click.option("--vgg", type=click.Path(path_type=Path, exists=True, dir_okay=False),
                 help="VGG19 features for PD; torchvision's are downloaded without it."),
    click.option("--no-pd", is_flag=True, help="Leave the perceptual distance out."),
    click.option("--csv", "csv_path", type=click.Path(path_type=Path),
                 help="Write each picture's scores."),
    click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write everything."),
    click.option("--save", type=click.Path(path_type=Path), help="Folder for the results."),
    click.option("--device", default="auto", show_default=True, help="auto, cpu, mps, cuda[:N]."),
    click.option("--precision", default="auto", show_default=True, help="auto, fp32, bf16, fp16."),
)  # fmt: skip


def shared_options(function: Any) -> Any:
    """Add the options that every task's evaluation has."""
    for option in reversed(_SHARED):
        function = option(function)
    return function


@click.group()
def evaluate() -> None:
    """Measure networks on pictures whose truth is known."""


@evaluate.command("upscale")
@click.option("--hr", required=True, type=_DIRECTORY, help="Folder of large pictures, the truth.")
@click.option("--lr", type=_DIRECTORY, help="Folder of small ones; made by bicubic without it.")
@click.option("--scale", type=click.Choice(["2", "4"]), default="4", show_default=True)
@click.option("--model", type=click.Choice(MODELS),
              help="[default: clean for x4, photo for x2, which has no clean network]")  # fmt: skip
@click.option("--detail", type=float, multiple=True,
              help=f"May be repeated [default: 0 and {DEFAULT_DETAIL:g}].")  # fmt: skip
@click.option("--weights", metavar="FILE|RUN", help="Weights of your own.")
@click.option("--damage", is_flag=True, help="Blur the small pictures and save them as JPEG 60.")
@click.option("--lpips", is_flag=True, help="LPIPS too (needs ganedit[lpips] and its weights).")
@shared_options
def evaluate_upscale(
    hr: Path,
    lr: Path | None,
    scale: str,
    model: Model | None,
    detail: tuple[float, ...],
    weights: str | None,
    damage: bool,
    vgg: Path | None,
    no_pd: bool,
    lpips: bool,
    csv_path: Path | None,
    json_path: Path | None,
    save: Path | None,
    device: str,
    precision: str,
) -> None:
    """Scores of an upscaler beside bicubic: PSNR and SSIM on luma, PD, and more.

    \b
        ganedit evaluate upscale --hr Set5 --lr Set5 --vgg vgg19.safetensors
    """
    from ganedit.app.evaluation import evaluate_upscaler
    from ganedit.tasks.upscale.edit import UpscaleEdit

    where = runtime.choose(device, precision)
    factor = int(scale)
    target = Target(scale=factor)
    if weights is not None and (model or detail):
        raise UsageError("--model and --detail choose among the shipped weights; with --weights "
                         "leave them out")  # fmt: skip
    model = model or ("clean" if factor in NATIVE_SCALES["clean"] else "photo")
    if weights is not None:
        options = {f"ganedit {Path(weights).stem}": UpscaleOptions(target, weights=weights)}
    else:
        options = {
            f"ganedit {model} detail {value:g}": UpscaleOptions(target, model, value)
            for value in (detail or (0.0, DEFAULT_DETAIL))
        }
    edits = {name: UpscaleEdit(chosen, where) for name, chosen in options.items()}
    report = evaluate_upscaler(
        edits, hr, lr, factor, damage=damage, vgg=vgg, pd=not no_pd, lpips=lpips, save_to=save
    )
    _show(report, csv_path, json_path)


@evaluate.command("inpaint")
@click.option("--data", required=True, type=_DIRECTORY, help="Folder of pictures, the truth.")
@click.option(
    "--size",
    type=click.IntRange(32),
    default=256,
    show_default=True,
    help="Side that pictures are brought to.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the holes.")
@click.option(
    "--method",
    "methods",
    type=click.Choice(METHODS),
    multiple=True,
    help="May be repeated [default: all].",
)
@click.option("--weights", metavar="FILE|RUN", help="Weights of your own.")
@click.option(
    "--dilate",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Pixels by which holes grow first.",
)
@click.option(
    "--feather",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Pixels over which fill and picture mix.",
)
@shared_options
def evaluate_inpaint(
    data: Path,
    size: int,
    seed: int,
    methods: tuple[Method, ...],
    weights: str | None,
    dilate: int,
    feather: int,
    vgg: Path | None,
    no_pd: bool,
    csv_path: Path | None,
    json_path: Path | None,
    save: Path | None,
    device: str,
    precision: str,
) -> None:
    """Scores of fills beside OpenCV's: L1, PSNR and SSIM in the hole, PD of the whole.

    \b
        ganedit evaluate inpaint --data streets --vgg vgg19.safetensors
    """  # fmt: skip
    from ganedit.app.evaluation import evaluate_filler
    from ganedit.tasks.inpaint.edit import InpaintEdit

    where = runtime.choose(device, precision)
    edits: dict[str, InpaintEdit] = {
        method: InpaintEdit(InpaintOptions(method, dilate, feather, weights), where)
        for method in (methods or METHODS)
    }
    report = evaluate_filler(edits, data, side=size, seed=seed, vgg=vgg, pd=not no_pd, save_to=save)
    _show(report, csv_path, json_path)


@evaluate.command("translate")
@click.option("--a", required=True, type=_DIRECTORY, help="Pictures to translate.")
@click.option("--b", required=True, type=_DIRECTORY, help="Pictures of the domain they go to.")
@click.option("--to", required=True, metavar="DOMAIN", help="That domain, like monet.")
@click.option("--back", metavar="DOMAIN", help="The first domain: the way back is measured too.")
@click.option("--more", type=_DIRECTORY, help="More pictures like --b: how near sets can come.")
@click.option("--size", type=click.IntRange(32), default=256, show_default=True,
              help="Side that pictures are brought to.")  # fmt: skip
@click.option("--weights", metavar="FILE|RUN", help="Weights of your own.")
@shared_options
def evaluate_translate(
    a: Path,
    b: Path,
    to: str,
    back: str | None,
    more: Path | None,
    size: int,
    weights: str | None,
    vgg: Path | None,
    no_pd: bool,
    csv_path: Path | None,
    json_path: Path | None,
    save: Path | None,
    device: str,
    precision: str,
) -> None:
    """How near translations come to pictures of the domain, and what they keep of their own.

    \b
        ganedit evaluate translate --a photos/ --b paintings/ --to monet --back photo

    The kernel distance (unbiased, cubic kernel) and the Fréchet distance are those of VGG19's
    relu5_4, averaged over each picture; they are not KID and FID, which use Inception.
    """
    if no_pd:
        raise UsageError("--no-pd: nothing would be left to measure")
    from ganedit.app.evaluation import evaluate_translator
    from ganedit.app.translating import translators

    where = runtime.choose(device, precision)
    names = [domain for domain in (to, back) if domain is not None]
    there, *again = translators(TranslateOptions(to, weights=weights), names, where)
    report = evaluate_translator(
        there,
        again[0] if again else None,
        (back or a.name, to),
        (a, b),
        more,
        side=size,
        vgg=vgg,
        save_to=save,
    )
    _show(report, csv_path, json_path)


def _show(report: "Report", csv_path: Path | None, json_path: Path | None) -> None:
    click.echo(report.table())
    for path in filter(None, (csv_path, json_path)):
        path.parent.mkdir(parents=True, exist_ok=True)
    if csv_path is not None:
        with csv_path.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(report.rows[0]))
            writer.writeheader()
            writer.writerows(report.rows)
    if json_path is not None:
        json_path.write_text(json.dumps(report.plain(), indent=2) + "\n")
