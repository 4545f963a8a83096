"""`ganedit models`, `ganedit doctor`, `ganedit completion`."""

import json
import platform

import click
from click.shell_completion import get_completion_class

from ganedit import __version__, runtime, weights


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def models(as_json: bool) -> None:
    """List the weights: task, scale, licence, training data, scores."""
    rows, folder = (*weights.shipped(), *weights.imported()), weights.user_folder()
    named = {row.path for row in rows}
    own = sorted(set(folder.glob("*.safetensors")) - named) if folder.is_dir() else []
    if as_json:
        plain = [
            {"file": str(w.path), "task": w.task, **w.labels, "bytes": w.bytes,
             "licence": w.licence, "trained_on": w.trained_on, "score": w.score}
            for w in rows
        ]  # fmt: skip
        plain += [{"file": str(path), "yours": path.stem} for path in own]
        click.echo(json.dumps(plain, indent=2))
        return
    for row in rows:
        labels = " ".join((row.task, *row.labels.values()))
        click.echo(f"{labels}  ({row.bytes / 1e6:.1f} MB)")
        for title, text in (("scores", row.score), ("trained on", row.trained_on),
                            ("licence", row.licence), ("train again", row.recipe)):  # fmt: skip
            click.echo(f"    {title}: {text}")
    for path in own:
        click.echo(f"yours: {path.stem}  (--weights {path.stem})")
    click.echo(f"Your own weights are looked for in {folder}")


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
    from ganedit.app.commands import make_cli

    found = get_completion_class(shell)
    assert found is not None  # the choices above are the ones Click has
    click.echo(found(make_cli(), {}, "ganedit", "_GANEDIT_COMPLETE").source())
