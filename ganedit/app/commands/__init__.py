"""The command line. Nothing here imports torch before work starts, so that help is quick."""

import io
import os
import signal
import sys
import threading
from typing import Any

import click

from ganedit import __version__
from ganedit.app.commands.augment import augment_command
from ganedit.app.commands.edit import edit_command
from ganedit.app.commands.evaluate import evaluate_group
from ganedit.app.commands.import_weights import import_command
from ganedit.app.commands.info import completion, doctor, models
from ganedit.app.commands.mistakes import told
from ganedit.app.commands.train import train_group
from ganedit.app.commands.web import web_command
from ganedit.errors import GaneditError
from ganedit.runs.saying import say
from ganedit.runs.stopping import CREW
from ganedit.task import Task
from ganedit.tasks import TASKS

# What the shell shows of tools that end by the signal of a closed pipe.
NOBODY_READS = 141
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def make_cli(tasks: tuple[Task[Any], ...] = TASKS) -> click.Group:
    """The command line for these tasks."""
    examples = "\n".join(f"{task.summary}\n    ganedit {task.name} --help" for task in tasks)
    return click.Group(
        "ganedit",
        commands=[
            *map(edit_command, tasks),
            train_group(tasks),
            evaluate_group(tasks),
            import_command(tasks),
            augment_command(),
            web_command(tasks),
            models,
            doctor,
            completion,
        ],
        params=[click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False,
                             callback=_version, help="Show the version and exit.")],
        context_settings=_SETTINGS,
        help=f"Edit pictures with generative adversarial networks.\n\n\b\n{examples}",
    )  # fmt: skip


def _version(context: click.Context, parameter: click.Parameter, asked: bool) -> None:
    if asked:
        click.echo(f"ganedit, version {__version__}")
        context.exit()


def _interrupt(number: int, frame: object) -> None:
    """A polite kill is a Ctrl-C: what is half-written is removed on the way out."""
    raise KeyboardInterrupt


def main(tasks: tuple[Task[Any], ...] = TASKS) -> None:
    """Run the command line; every foreseen failure is one line and an exit code.

    0: all done. 1: something failed. 2: wrong use. 130: interrupted. 141: nobody reads on.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None where whoever started us closed it
            # A terminal that knows fewer letters must not end the work.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(_code(tasks))


def _code(tasks: tuple[Task[Any], ...]) -> int:
    try:
        # Named here, since completion looks for a variable made of this name.
        code = make_cli(tasks).main(prog_name="ganedit", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except GaneditError as error:
        say(f"ganedit: {error}")
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        say(f"ganedit: {told(error)}")
        return error.exit_code
    except SystemExit as left:
        if left.code != 1:
            raise
        return NOBODY_READS  # click has seen it, and asks for 1, as if something had failed
    except OSError as error:  # a disk that is full, a folder that may not be written
        place = f"{error.filename}: " if error.filename else ""
        say(f"ganedit: {place}{error.strerror or error}")
        return 1
    except (KeyboardInterrupt, click.Abort):
        say("ganedit: interrupted")
        if any(thread.name == CREW for thread in threading.enumerate()):
            # An orderly end would wait for the threads that still edit pictures, or pull the
            # interpreter from under them. What they had staged is cleared.
            os._exit(130)
        return 130
