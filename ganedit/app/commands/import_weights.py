"""`ganedit import-weights`."""

from dataclasses import asdict
from pathlib import Path

import click

from ganedit import weights
from ganedit.errors import UsageError
from ganedit.tasks.translate.options import NetworkOptions, check_name


@click.command("import-weights")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--as", "task", type=click.Choice(["translate"]), required=True,
              help="The task that the weights are for.")  # fmt: skip
@click.option("--to", required=True, metavar="DOMAIN", help="What the generator makes: monet.")
@click.option("--licence", default="unknown", show_default=True, help="Terms of the weights.")
@click.option("--overwrite", is_flag=True, help="Replace weights imported under that name.")
def import_weights(file: Path, task: str, to: str, licence: str, overwrite: bool) -> None:
    """Take over a generator trained elsewhere, for `ganedit translate --to DOMAIN`.

    \b
    The generator of pytorch-CycleGAN-and-pix2pix, or of CUT (resnet, 6 or 9 blocks):
        ganedit import-weights latest_net_G_A.pth --as translate --to winter
        ganedit translate photo.jpg --to winter

    Nothing in the file is executed: it is read as tensors only.
    """
    folder = weights.user_folder()
    check_name(to)
    taken = {entry.labels["to"] for entry in weights.of_task(task) if entry.path.parent != folder}
    if to in taken:
        raise UsageError(f"--to {to}: weights of that name came with ganedit; choose another name")
    target = folder / f"{task}_{to}.safetensors"
    if target.exists() and not overwrite:
        raise UsageError(f"{target}: exists already; add --overwrite to replace it")

    import torch

    from ganedit.manifest import add_row
    from ganedit.tasks.translate.foreign import read_foreign
    from ganedit.tasks.translate.network import Translator

    generator, wiring = read_foreign(file)
    blocks = len(generator.body) // 2
    options = NetworkOptions(("origin", to), (to,), generator.width, blocks=blocks, wiring=wiring)
    with torch.device("meta"):
        network = Translator(options)
    network.to_domain[to] = generator
    folder.mkdir(parents=True, exist_ok=True)
    weights.save(network, target, task=task, options=asdict(options), exact=True)
    row = add_row(
        target, task=task, labels={"to": to}, licence=licence, trained_on="unknown",
        recipe=f"imported from {file.name}", score="not measured",
    )  # fmt: skip
    click.echo(f"{target}  {row.bytes / 1e6:.1f} MB  use it with: ganedit translate PICTURE "
               f"--to {to}")  # fmt: skip
