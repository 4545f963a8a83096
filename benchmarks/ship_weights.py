"""Copy the weights of a run into weights/ and write their row of the manifest.

    python benchmarks/ship_weights.py RUN --label model=clean --label scale=x4 \\
        --label end=faithful --trained-on "…" --recipe NAME.toml --score "…" --figure "…"

Of a translation, only the generator to the domain of `--label to=…` is copied. One network for
several domains is labelled with all of them: `--label to=bag,shoe`.
"""

import shutil
from dataclasses import asdict, replace
from pathlib import Path

import click

from ganedit import manifest, weights
from ganedit.tasks.translate.network import Translator
from ganedit.tasks.translate.options import NetworkOptions
from ganedit.tasks.translate.paired.options import is_paired

FOLDER = Path(__file__).parent.parent / "weights"
# Up to the semicolon it is what `ganedit models` lists as terms.
LICENCE = "MIT; see trained_on for the pictures' own terms"


@click.command(help=__doc__)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE")
@click.option("--trained-on", required=True)
@click.option("--recipe", required=True, help="File in weights/recipes.")
@click.option("--score", required=True)
@click.option("--figure", required=True, help="The score in one figure, for a table.")
@click.option(
    "--licence", default=LICENCE, show_default=True,
    help="Other terms, where those of the pictures bind: 'non-commercial research; as CelebA, …'.",
)  # fmt: skip
def main(
    run: Path, labels: tuple[str, ...], trained_on: str, recipe: str, score: str, figure: str,
    licence: str,
) -> None:  # fmt: skip
    source = weights.locate(str(run))
    contents = weights.read(source)
    task = contents.task
    named = dict(label.split("=", 1) for label in labels)
    words = [word for value in named.values() for word in value.split(",")]
    target = FOLDER / f"{'_'.join([task, *words])}.safetensors"
    if task == "translate" and not is_paired(contents.options):
        network = Translator(NetworkOptions(**contents.options))
        weights.load(network, contents.state, source)
        for other in set(network.to_domain) - {named["to"]}:
            del network.to_domain[other]
        options = replace(network.options, to=(named["to"],))
        weights.save(network, target, task=task, options=asdict(options))
    else:
        shutil.copyfile(source, target)
    row = manifest.add_row(
        target, task=task, labels=named, licence=licence, trained_on=trained_on, recipe=recipe,
        score=score, figure=figure,
    )  # fmt: skip
    click.echo(f"{target}: {row.bytes / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
