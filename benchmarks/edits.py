"""Time and memory of filling and of translating, from a small picture to 12 megapixels.

\b
    python benchmarks/edits.py                      # both, a few minutes on 2 cores
    python benchmarks/edits.py --task inpaint

Each row is one command in a fresh process, from the JPEG to the written PNG, imports included; its
memory is the largest that the kernel saw resident (VmHWM, so on Linux). Pictures are synthetic
unless one is given, which is then resized. Holes are squares in the middle; with their side given
as a share of the shorter side, so are the goals of how large a hole has to work.
"""

import tempfile
from pathlib import Path

import click
import PIL.Image
from common import Row, Size, apart, run_ganedit, show, write_picture

SIZES = ("256x256", "1MP", "12MP")
# Sides of the hole as shares of the picture's shorter side: a spot, and half of it.
HOLES = (0.1, 0.5)


def write(given: Path | None, target: Path, size: tuple[int, int]) -> None:
    """The picture to edit."""
    if given is None:
        write_picture(target, *size)
    else:
        PIL.Image.open(given).convert("RGB").resize(size).save(target, quality=92)


def commands(task: str, size: tuple[int, int]) -> dict[str, list[str]]:
    """What is measured, by its name in the table."""
    if task == "translate":
        return {"--to monet": ["--to", "monet"]}
    rows = {}
    for share in HOLES:
        side = round(min(size) * share)
        left, top = (size[0] - side) // 2, (size[1] - side) // 2
        rows[f"hole of {side}×{side}"] = ["--box", f"{left},{top},{side},{side}"]
    return rows


@click.command(help=__doc__)
@click.option("--task", "tasks", type=click.Choice(["inpaint", "translate"]), multiple=True,
              default=("inpaint", "translate"), show_default=True)  # fmt: skip
@click.option("--size", "sizes", type=Size(), multiple=True, default=SIZES, show_default=True)
@click.option("--picture", "given", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--weights", help="Weights of your own.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def main(
    tasks: tuple[str, ...],
    sizes: tuple[tuple[int, int], ...],
    given: Path | None,
    weights: str | None,
    as_json: bool,
) -> None:
    rows: list[Row] = []
    own = ["--weights", weights] if weights else []
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name) / "X.jpg", Path(name) / "out.png"
        for size in sizes:
            apart(write, given, source, size)
            for task in tasks:
                for told, options in commands(task, size).items():
                    click.echo(f"{task} {size[0]}×{size[1]} {told}", err=True)
                    target.unlink(missing_ok=True)
                    seconds, peak = apart(
                        run_ganedit, [task, str(source), "-o", str(target), "-q", *own, *options]
                    )
                    if not target.exists():
                        raise click.ClickException("ganedit failed; its message is above")
                    rows.append({
                        "picture": f"{size[0]}×{size[1]}", "task": task, "what": told,
                        "seconds": seconds, "peak memory, MB": peak / 1e6,
                    })  # fmt: skip
    show(rows, ["a synthetic picture" if given is None else given.name], as_json=as_json)


if __name__ == "__main__":
    main()
