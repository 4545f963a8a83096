"""The command line. Nothing here imports torch before work starts, so that help is quick."""

import signal
import sys

import click

from ganedit import __version__
from ganedit.app.commands.evaluate import evaluate
from ganedit.app.commands.import_weights import import_weights
from ganedit.app.commands.info import completion, doctor, models
from ganedit.app.commands.inpaint import inpaint
from ganedit.app.commands.train import train
from ganedit.app.commands.translate import translate
from ganedit.app.commands.upscale import upscale
from ganedit.errors import GaneditError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ganedit")
def cli() -> None:
    """Edit pictures with generative adversarial networks.

    \b
    Enlarge a photo four times:
        ganedit upscale photo.jpg
    Fill what a mask marks:
        ganedit inpaint photo.jpg --mask mask.png
    Turn it into a painting:
        ganedit translate photo.jpg --to monet
    See what each command can do:
        ganedit upscale --help
    """


for command in (
    upscale, inpaint, translate, train, evaluate, import_weights, models, doctor, completion,
):  # fmt: skip
    cli.add_command(command)


def _interrupt(number: int, frame: object) -> None:
    """A polite kill is a Ctrl-C: what is half-written is removed on the way out."""
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line; every foreseen failure is one line and an exit code.

    0: all done. 1: something failed. 2: wrong use. 130: interrupted.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        # Named here, since completion looks for a variable made of this name.
        code = cli.main(prog_name="ganedit", standalone_mode=False)
    except GaneditError as error:
        click.echo(f"ganedit: {error}", err=True)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except OSError as error:  # a disk that is full, a folder that may not be written
        place = f"{error.filename}: " if error.filename else ""
        click.echo(f"ganedit: {place}{error.strerror or error}", err=True)
        code = 1
    except (KeyboardInterrupt, click.Abort):
        click.echo("ganedit: interrupted", err=True)
        code = 130
    sys.exit(code or 0)
