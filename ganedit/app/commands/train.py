"""`ganedit train`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ganedit.tasks.inpaint.options import InpaintTraining
from ganedit.tasks.inpaint.options import NetworkOptions as InpaintNetwork
from ganedit.tasks.translate.options import NetworkOptions as TranslateNetwork
from ganedit.tasks.translate.options import TranslateTraining
from ganedit.tasks.upscale.options import MODELS, PHASES, UpscaleTraining
from ganedit.tasks.upscale.options import NetworkOptions as UpscaleNetwork
from ganedit.training.config import TrainingConfig

_CONFIG_NAMES = frozenset(TrainingConfig.__dataclass_fields__)

_RUN = (
    click.option("--out", required=True, type=click.Path(path_type=Path),
                 help="Folder of the run: checkpoint, weights, log, samples."),
    click.option("--minutes", type=float, help="Train for about this long."),
    click.option("--steps", type=int, help="Train for this many steps."),
    click.option("--resume", is_flag=True, help="Go on from the checkpoint in --out."),
    click.option("--learning-rate", type=float, default=TrainingConfig.learning_rate,
                 show_default=True, help="Peak rate of the generator."),
    click.option("--critic-learning-rate", type=float, default=TrainingConfig.critic_learning_rate,
                 show_default=True, help="Rate of the critic."),
    click.option("--critic-lead", type=click.IntRange(0), default=TrainingConfig.critic_lead,
                 show_default=True, help="First steps, in which only the critic learns."),
    click.option("--warmup", type=click.IntRange(0), default=TrainingConfig.warmup,
                 show_default=True, help="Steps over which the rates rise."),
    click.option("--ema", type=float, default=TrainingConfig.ema, show_default=True,
                 help="Decay of the moving average that becomes the weights."),
    click.option("--accumulate", type=int, default=1, show_default=True,
                 help="Batches per step, gradients averaged."),
    click.option("--precision", type=click.Choice(["auto", "fp32", "bf16"]), default="auto",
                 show_default=True, help="Arithmetic of the forward pass."),
    click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N."),
    click.option("--seed", type=click.IntRange(0), default=0, show_default=True,
                 help="Of everything random."),
    click.option("--workers", type=click.IntRange(0), default=1, show_default=True,
                 help="Processes that prepare batches."),
    click.option("--save-every", type=float, default=TrainingConfig.save_every, show_default=True,
                 help="Seconds between checkpoints."),
    click.option("--sample-every", type=int, default=TrainingConfig.sample_every, show_default=True,
                 help="Steps between sample sheets."),
    click.option("--tensorboard", is_flag=True, help="Write TensorBoard events too."),
)  # fmt: skip


_START = click.option("--start", metavar="FILE|RUN", help="Weights to begin from.")
_PHASES = (
    click.option("--data", multiple=True, required=True, metavar="DIR[@FACTOR]",
                 help="Folder of pictures, perhaps reduced first; may be repeated."),
    click.option("--phase", type=click.Choice(PHASES), default="fidelity", show_default=True,
                 help="fidelity first; adversarial from its weights."),
)  # fmt: skip
_VGG = click.option("--vgg", type=click.Path(path_type=Path, exists=True, dir_okay=False),
                    help="VGG19 features; torchvision's are downloaded without it.")  # fmt: skip
# What each term of an objective weighs; a task has those that its options name.
_WEIGHTS = {
    "pixel_weight": "Of the mean absolute error.",
    "grid_weight": "Against a pattern of the period of the scale.",
    "perceptual_weight": "Of the distance of VGG19 features.",
    "cycle_weight": "Of the way there and back.",
    "contrast_weight": "Of each place resembling itself most, where there is no way back.",
    "identity_weight": "Of leaving alone what is in the domain already.",
    "matching_weight": "Of the distance of the critic's features.",
    "adversarial_weight": "Of the critics' verdict; 0 trains upscalers and fillers without.",
    "feature_weight": "Of critics that see VGG19's features; 0 trains without them.",
    "penalty_weight": "Of the critic's gradient penalty (R1, R2) [default: by loss].",
}


def training_options(options: Any) -> Callable[[Any], Any]:
    """Add the options that every task's training has, with the defaults of `options`."""

    def number(name: str, least: int, text: str) -> Any:
        return click.option(f"--{name}", type=click.IntRange(least), show_default=True, help=text,
                            default=getattr(options, name))  # fmt: skip

    added = [
        *(_PHASES if hasattr(options, "phase") else ()),
        _VGG,
        _START,
        number("crop", 1, "Side of the training crops in the result's pixels."),
        number("batch", 1, "Crops per batch."),
        click.option("--reduce", type=float, default=options.reduce, show_default=True,
                     help="Crops are reduced at random by factors down to this; 1: never."),
        *(
            click.option(f"--{name.replace('_', '-')}", type=float, show_default=True, help=text,
                         default=getattr(options, name))
            for name, text in _WEIGHTS.items()
            if hasattr(options, name)
        ),
        *_RUN,
    ]  # fmt: skip

    def add(function: Any) -> Any:
        for option in reversed(added):
            function = option(function)
        return function

    return add


@click.group()
def train() -> None:
    """Train a network on your own pictures.

    A run is a folder with a checkpoint, the loss table and its plot, and sample sheets. Ctrl-C
    saves; --resume goes on as if nothing had happened. Several GPUs:

    \b
        torchrun --nproc-per-node 2 -m ganedit train upscale …
    """


@train.command("upscale")
@click.option(
    "--model",
    type=click.Choice(MODELS),
    default="photo",
    show_default=True,
    help="Train against damage (photo) or bicubic reduction only (clean).",
)
@click.option(
    "--scale",
    type=click.Choice(["2", "4"]),
    default="4",
    show_default=True,
    help="Enlargement per side.",
)
@click.option(
    "--width",
    type=click.IntRange(1),
    default=UpscaleNetwork.width,
    show_default=True,
    help="Channels between layers.",
)
@click.option(
    "--blocks",
    type=click.IntRange(1),
    default=UpscaleNetwork.blocks,
    show_default=True,
    help="Residual blocks.",
)
@click.option(
    "--pixel-loss",
    type=click.Choice(["l1", "l2", "psnr"]),
    default="l1",
    show_default=True,
    help="Of the fidelity phase; l2 or psnr may end it.",
)
@click.option(
    "--teacher",
    metavar="FILE|RUN",
    help="Weights to learn from as well: --start of the same ones makes them surer of themselves.",
)
@click.option(
    "--adversarial",
    default="relativistic",
    show_default=True,
    type=click.Choice(["non-saturating", "least-squares", "hinge", "wasserstein", "relativistic"]),
    help="What generator and critic play for.",
)
@click.option(
    "--critic",
    type=click.Choice(["unet", "patch"]),
    default="unet",
    show_default=True,
    help="unet scores every pixel, patch overlapping patches.",
)
@click.option("--augment", is_flag=True, help="Shift and cut out what the critic sees.")
@training_options(UpscaleTraining)
def train_upscale(start: str | None, scale: str, width: int, blocks: int, **given: Any) -> None:
    """Train an upscaler: fidelity first, then adversarial from its weights.

    \b
        ganedit train upscale --data photos/ --out runs/faithful --minutes 120
        ganedit train upscale --data photos/ --out runs/crisp --minutes 60 \\
            --phase adversarial --start runs/faithful --learning-rate 1e-4
        ganedit upscale photo.jpg --weights runs/crisp
    """  # fmt: skip
    config = _config(given)
    network = UpscaleNetwork(int(scale), width, blocks)

    from ganedit.app.training import run_training
    from ganedit.tasks.upscale.training import UpscaleTask

    run_training(UpscaleTask(UpscaleTraining(network=network, **given)), config, start)


@train.command("inpaint")
@click.option(
    "--width",
    type=click.IntRange(1),
    default=InpaintNetwork.width,
    show_default=True,
    help="Channels at a quarter of the resolution.",
)
@click.option(
    "--deep-width",
    type=click.IntRange(32),
    default=InpaintNetwork.deep_width,
    show_default=True,
    help="Channels at an eighth; a multiple of 32.",
)
@click.option(
    "--blocks",
    type=click.IntRange(2),
    default=InpaintNetwork.blocks,
    show_default=True,
    help="Residual blocks at an eighth.",
)
@training_options(InpaintTraining)
def train_inpaint(
    start: str | None, width: int, deep_width: int, blocks: int, **given: Any
) -> None:
    """Train a filler on pictures; the holes are drawn.

    \b
        ganedit train inpaint --data photos/ --out runs/smooth --minutes 120
        ganedit train inpaint --data photos/ --out runs/fill --minutes 60 \\
            --phase adversarial --start runs/smooth --learning-rate 1e-4
        ganedit inpaint photo.jpg --mask mask.png --weights runs/fill
    """  # fmt: skip
    config = _config(given)
    network = InpaintNetwork(width, deep_width, blocks)

    from ganedit.app.training import run_training
    from ganedit.tasks.inpaint.training import InpaintTask

    run_training(InpaintTask(InpaintTraining(network=network, **given)), config, start)


@train.command("translate")
@click.option(
    "--a",
    multiple=True,
    required=True,
    metavar="DIR[@FACTOR]",
    help="Folder of the first domain; may be repeated.",
)
@click.option(
    "--b", multiple=True, required=True, metavar="DIR[@FACTOR]", help="Folder of the second."
)
@click.option("--names", default="a,b", show_default=True, help="Of the domains: photo,monet.")
@click.option(
    "--width",
    type=click.IntRange(1),
    default=TranslateNetwork.width,
    show_default=True,
    help="Channels at the picture's resolution.",
)
@click.option(
    "--deep-width",
    type=click.IntRange(1),
    default=TranslateNetwork.deep_width,
    show_default=True,
    help="Channels at a quarter of it.",
)
@click.option(
    "--blocks",
    type=click.IntRange(0),
    default=TranslateNetwork.blocks,
    show_default=True,
    help="Residual blocks at a quarter of the resolution.",
)
@click.option(
    "--grain",
    type=float,
    default=TranslateNetwork.grain,
    show_default=True,
    help="Grain that pictures get first, as a share of full scale (0.016): it gives painters "
    "something to make strokes of in a plain sky.",
)
@click.option(
    "--pool",
    type=click.IntRange(0),
    default=TranslateTraining.pool,
    show_default=True,
    help="Generated pictures kept for the critics to look back at.",
)
@click.option("--augment", is_flag=True, help="Shift and cut out what the critics see.")
@click.option(
    "--one-sided",
    is_flag=True,
    help="Train the direction to the second domain only: quicker, and less tied to the source.",
)
@training_options(TranslateTraining)
def train_translate(
    start: str | None,
    names: str,
    width: int,
    deep_width: int,
    blocks: int,
    grain: float,
    **given: Any,
) -> None:
    """Train translators between two folders of pictures that do not correspond.

    \b
        ganedit train translate --a photos/ --b paintings/ --names photo,painting \\
            --out runs/painting --minutes 300
    """  # fmt: skip
    config = _config(given)
    domains = tuple(name.strip() for name in names.split(","))
    to = domains[1:] if given["one_sided"] else domains[::-1]
    network = TranslateNetwork(domains, to, width, deep_width, blocks, grain)

    from ganedit.app.training import run_training
    from ganedit.tasks.translate.training import TranslateTask

    run_training(TranslateTask(TranslateTraining(network=network, **given)), config, start)


def _config(given: dict[str, Any]) -> TrainingConfig:
    """Take the options of the run out of those given; the task's stay."""
    return TrainingConfig(**{key: given.pop(key) for key in list(given) if key in _CONFIG_NAMES})
