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
PAINTINGS: dict[str, str] = {}


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
