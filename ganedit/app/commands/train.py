"""`ganedit train`."""

from pathlib import Path
from typing import Any

import click

from ganedit.tasks.upscale.options import MODELS, PHASES, NetworkOptions, UpscaleTraining
from ganedit.training.config import TrainingConfig

_RUN = (
    click.option("--out", required=True, type=click.Path(path_type=Path),
                 help="Folder of the run: checkpoint, weights, log, samples."),
    click.option("--minutes", type=float, help="Train for about this long."),
    click.option("--steps", type=int, help="Train for this many steps."),
    click.option("--resume", is_flag=True, help="Go on from the checkpoint in --out."),
    click.option("--learning-rate", type=float, default=TrainingConfig.learning_rate,
                 show_default=True, help="Peak rate of the generator."),
    click.option("--critic-learning-rate", type=float, default=TrainingConfig.critic_learning_rate,
                 show_default=True, help="Peak rate of the critic."),
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


def run_options(function: Any) -> Any:
    """Add the options of a run that do not depend on the task."""
    for option in reversed(_RUN):
        function = option(function)
    return function


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
    "--data",
    multiple=True,
    required=True,
    metavar="DIR[@FACTOR]",
    help="Folder of sharp pictures, perhaps reduced first; may be repeated.",
)
@click.option(
    "--model",
    type=click.Choice(MODELS),
    default="photo",
    show_default=True,
    help="Train against damage (photo) or bicubic reduction only (clean).",
)
@click.option(
    "--phase",
    type=click.Choice(PHASES),
    default="fidelity",
    show_default=True,
    help="fidelity first; adversarial from its weights.",
)
@click.option("--start", metavar="FILE|RUN", help="Weights to begin from.")
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
    default=NetworkOptions.width,
    show_default=True,
    help="Channels between layers.",
)
@click.option(
    "--blocks",
    type=click.IntRange(1),
    default=NetworkOptions.blocks,
    show_default=True,
    help="Residual blocks.",
)
@click.option(
    "--crop",
    type=int,
    default=UpscaleTraining.crop,
    show_default=True,
    help="Side of the training crops in output pixels.",
)
@click.option(
    "--batch",
    type=click.IntRange(1),
    default=UpscaleTraining.batch,
    show_default=True,
    help="Crops per batch.",
)
@click.option(
    "--pixel-loss",
    type=click.Choice(["l1", "l2"]),
    default="l1",
    show_default=True,
    help="Of the fidelity phase.",
)
@click.option(
    "--vgg",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="VGG19 features; torchvision's are downloaded without it.",
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
@click.option(
    "--pixel-weight",
    type=float,
    default=UpscaleTraining.pixel_weight,
    show_default=True,
    help="Of the mean absolute error.",
)
@click.option(
    "--grid-weight",
    type=float,
    default=UpscaleTraining.grid_weight,
    show_default=True,
    help="Against a pattern of the period of the scale.",
)
@click.option(
    "--perceptual-weight",
    type=float,
    default=UpscaleTraining.perceptual_weight,
    show_default=True,
    help="Of the distance of VGG19 features.",
)
@click.option(
    "--adversarial-weight",
    type=float,
    default=UpscaleTraining.adversarial_weight,
    show_default=True,
    help="Of the critic's verdict; 0 trains without a critic.",
)
@click.option(
    "--penalty-weight",
    type=float,
    default=UpscaleTraining.penalty_weight,
    show_default=True,
    help="Of R1 and R2; gradient penalty for wasserstein.",
)
@click.option("--augment", is_flag=True, help="Shift and cut out what the critic sees.")
@run_options
def train_upscale(
    start: str | None, scale: str, width: int, blocks: int, **given: Any
) -> None:  # fmt: skip
    """Train an upscaler: fidelity first, then adversarial from its weights.

    \b
        ganedit train upscale --data photos/ --out runs/faithful --minutes 120
        ganedit train upscale --data photos/ --out runs/crisp --minutes 60 \\
            --phase adversarial --start runs/faithful --learning-rate 1e-4
        ganedit upscale photo.jpg --weights runs/crisp
    """
    config = TrainingConfig(**{k: given.pop(k) for k in list(given) if k in _CONFIG_NAMES})
    network = NetworkOptions(int(scale), width, blocks)

    from ganedit.app.training import run_training
    from ganedit.tasks.upscale.training import UpscaleTask

    task = UpscaleTask(UpscaleTraining(network=network, **given))
    run_training(task, config, start)


_CONFIG_NAMES = frozenset(TrainingConfig.__dataclass_fields__)
