"""Write the style files that ship, weights/styles/NAME.png: the codes of paintings.

    python benchmarks/ship_styles.py DATA

DATA holds the folders that the paintings below are named in. What a file shows is
`examples/lake.jpg` in that style; of the painting it holds the statistics only. To be run again
whenever the weights of stylize are.
"""

import shutil
from pathlib import Path

import click

from ganedit import runtime
from ganedit.image import decode
from ganedit.tasks.stylize.edit import StylizeEdit
from ganedit.tasks.stylize.options import StylizeOptions

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "weights" / "styles"
PHOTO = ROOT / "examples" / "lake.jpg"
# All by painters who died seventy years ago or earlier.
PAINTINGS = {
    "boccioni": "paintings/umberto-boccioni_riot-in-the-galleria-1909.jpg",
    "canaletto": "paintings/canaletto_a-regatta-on-the-grand-canal.jpg",
    "cross": "paintings/henri-edmond-cross_a-pine-tree.jpg",
    "hiroshige": "paintings/hiroshige_amanohashidate-peninsula-in-tango-province.jpg",
    "hokusai": "paintings/katsushika-hokusai_a-colored-version-of-the-big-wave.jpg",
    "kirchner": "paintings/ernst-ludwig-kirchner_lovers-the-kiss.jpg",
    "klee": "paintings/paul-klee_city-of-churches-1918(1).jpg",
    "macke": "paintings/august-macke_gartentor.jpg",
    "malevich": "paintings/kazimir-malevich_aviator.jpg",
    "marc": "paintings/franz-marc_horse-asleep.jpg",
    "monet": "monet/00449.jpg",
    "rousseau": "paintings/henri-rousseau_exotic-landscape-1908.jpg",
    "seurat": "paintings/georges-seurat_courbevoie-landscape-with-turret-1884.jpg",
    "vangogh": "vangogh/0613.jpg",
    "woodcut": "paintings/ernst-ludwig-kirchner_mask-dance.jpg",
}


@click.command(help=__doc__)
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(data: Path) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    photo = decode(PHOTO)
    for name, painting in PAINTINGS.items():
        options = StylizeOptions(save_style=FOLDER / f"{name}.png")
        edit = StylizeEdit(options, runtime.choose("cpu", "fp32"))
        pictures = {"photo": (photo,), "style": (decode(data / painting),), "mask": ()}
        edit(pictures, "", lambda done: None)
        click.echo(f"@{name}: {(FOLDER / f'{name}.png').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
