"""`ganedit models`, `ganedit doctor`, `ganedit completion`."""

import json
import platform
import textwrap
from collections.abc import Sequence
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from ganedit import __version__, runtime, weights
from ganedit.app.commands.parameters import FilePath
from ganedit.errors import UsageError
from ganedit.task import NAME_MARK
from ganedit.tasks.stylize.styles import shipped_styles

# Columns of a terminal that a list is broken at.
WIDTH = 98


@click.command()
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option(
    "--sheet", type=FilePath(), metavar="FILE", help="Write a picture that shows the styles."
)
def models(names: tuple[str, ...], as_json: bool, sheet: Path | None) -> None:
    """List the weights and styles that there are; with NAMES, tell all that is known of those.

    \b
        ganedit models
        ganedit models translate_monet
        ganedit models --sheet styles.png
    """
    if sheet is not None:
        from ganedit.runs.sheets import contact_sheet

        styles = shipped_styles()
        if not styles:
            raise UsageError("--sheet: no styles ship yet; ganedit stylize takes any picture")
        contact_sheet(styles).save(sheet)
        return
    rows, folder = (*weights.shipped(), *weights.imported()), weights.user_folder()
    named = {row.path for row in rows}
    own = sorted(set(folder.glob("*.safetensors")) - named) if folder.is_dir() else []
    if names:
        known = {row.path.stem: row for row in rows}
        for name in names:
            if name not in known:
                raise UsageError(f"{name}: no such weights. There are: {', '.join(known)}")
        rows = tuple(known[name] for name in names)
    if as_json:
        plain = [
            {"file": str(w.path), "task": w.task, **w.labels, "bytes": w.bytes, "figure": w.figure,
             "licence": w.licence, "trained_on": w.trained_on, "recipe": w.recipe,
             "score": w.score}
            for w in rows
        ]  # fmt: skip
        if not names:
            plain += [{"file": str(path), "yours": path.stem} for path in own]
        click.echo(json.dumps(plain, indent=2))
    elif names:
        for row in rows:
            _tell_all(row)
    else:
        _tell_table(rows)
        for path in own:
            click.echo(f"yours: {path.stem}  (--weights {path.stem})")
        if styles := shipped_styles():
            told = " ".join(f"{NAME_MARK}{name}" for name in styles)
            told = f"styles (ganedit stylize --style): {told}"
            click.echo("\n" + textwrap.fill(told, WIDTH, subsequent_indent="  "))
        click.echo(f"\nAll about one: ganedit models NAME. Your own are looked for in {folder}")


def _tell_table(rows: Sequence[weights.WeightFile]) -> None:
    """A row for each file, in columns that fit a terminal."""
    heads = ("name", "task", "scale", "MB", "score", "terms")
    lines = [heads] + [
        (row.path.stem, row.task, row.labels.get("scale", "–"), f"{row.bytes / 1e6:.1f}",
         row.figure or "–", row.licence.split(";")[0])
        for row in rows
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _tell_all(row: weights.WeightFile) -> None:
    labels = " ".join((row.task, *row.labels.values()))
    click.echo(f"{row.path.stem}: {labels}, {row.bytes / 1e6:.1f} MB")
    for title, text in (("file", row.path), ("scores", row.score), ("trained on", row.trained_on),
                        ("licence", row.licence), ("recipe", row.recipe),
                        ("sha256", row.sha256)):  # fmt: skip
        click.echo(f"    {title}: {text}")


@click.command()
@click.option("--device", default="auto", show_default=True, help="auto, cpu, mps, cuda or cuda:N.")
@click.option("--precision", default="auto", show_default=True, help="auto, fp32, bf16 or fp16.")
def doctor(device: str, precision: str) -> None:
    """Say what device, precision and memory will be used, and why; measure the speed for 2 s."""
    import torch

    where = runtime.choose(device, precision)
    click.echo(
        f"ganedit    {__version__}, Python {platform.python_version()}, torch {torch.__version__}"
    )
    click.echo(f"device     {where.device}")
    click.echo(f"precision  {str(where.dtype).removeprefix('torch.')}")
    click.echo(f"why        {where.reason}")
    click.echo(f"memory     {where.memory / 2**30:.1f} GiB for tiles (change it with --memory)")
    click.echo(f"cores      {runtime.threads()}, torch uses {torch.get_num_threads()}")
    speed = runtime.measure_speed(where)
    click.echo(f"speed      {speed / 1e9:,.0f} GFLOP/s in 3×3 convolutions of width 64")
    for entry in weights.shipped():
        weights.read_shipped(entry)
    count, folder = len(weights.shipped()), weights.shipped_folder()
    found = f"{count} files in {folder}, all whole" if count else f"none in {folder}"
    click.echo(f"weights    {found}")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
        ganedit completion bash >> ~/.bashrc
    """
    found = get_completion_class(shell)
    assert found is not None  # the choices above are the ones Click has
    click.echo(
        found(
            click.get_current_context().find_root().command, {}, "ganedit", "_GANEDIT_COMPLETE"
        ).source()
    )
