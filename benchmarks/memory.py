"""The memory that enlarging takes, from a small picture to one of 24 megapixels.

\b
    python benchmarks/memory.py                                # minutes on 2 cores
    python benchmarks/memory.py --size 256x256 --size 1MP      # a quick look

Runs `ganedit upscale X.jpg -o out.png` (by 4) in a fresh process for each size and reads the
largest resident memory that the kernel saw (VmHWM, so on Linux). The goal: 24 megapixels, whose
result alone is 1.15 GB, under 4 GB.
"""

import tempfile
from pathlib import Path

import click
from common import Row, Size, apart, run_ganedit, show, weights_options, write_picture

SIZES = ("256x256", "1MP", "12MP", "24MP")


def measure(size: tuple[int, int], folder: Path, options: list[str]) -> Row:
    """One row of the table."""
    source, target = folder / "X.jpg", folder / "out.png"
    apart(write_picture, source, *size)
    arguments = ["upscale", str(source), "-o", str(target), "--overwrite", "--quiet", *options]
    target.unlink(missing_ok=True)
    seconds, peak = apart(run_ganedit, arguments)
    if not target.exists():
        raise click.ClickException("ganedit failed; its message is above")
    width, height = size
    megapixels = width * height / 1e6
    return {
        "picture": f"{width}×{height}",
        "megapixels": megapixels,
        "result, MB": 16 * 3 * megapixels,
        "peak memory, MB": peak / 1e6,
        "seconds": seconds,
        "s per megapixel": seconds / megapixels,
    }


@click.command(help=__doc__)
@click.option("--size", "sizes", type=Size(), multiple=True, default=SIZES, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def main(sizes: tuple[tuple[int, int], ...], as_json: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        options, kind = weights_options(Path(name))
        rows = []
        for size in sizes:
            click.echo(f"{size[0]}×{size[1]}", err=True)
            rows.append(measure(size, Path(name), options))
    show(rows, [kind], as_json=as_json)


if __name__ == "__main__":
    main()
