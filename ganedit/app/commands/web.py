"""`ganedit web`."""

from importlib.util import find_spec
from typing import Any

import click

from ganedit.app.commands.parameters import command, parameters, taken
from ganedit.errors import GaneditError
from ganedit.task import Task
from ganedit.web.options import WebOptions

# What the extra of this name installs.
NEEDED = ("gradio", "starlette", "uvicorn")
_EXAMPLES = """
On this computer only, with your pictures in reach of the tab for folders:
    ganedit web --folder ~/Pictures
For everyone in the house who knows the password; nothing is encrypted on the way:
    ganedit web --host 0.0.0.0 --password correct-horse --folder /srv/pictures"""


def web_command(tasks: tuple[Task[Any], ...]) -> click.Command:
    """The command for a page of these tasks."""

    def run(**given: Any) -> None:
        options = taken(WebOptions, given)
        if any(find_spec(name) is None for name in NEEDED):
            raise GaneditError("the page needs more packages: pip install 'ganedit[web]'")

        from ganedit.web.server import serve

        serve(tasks, options)

    summary = "Open a page in the browser where all of this works with the mouse."
    return command("web", run, parameters(WebOptions), summary, _EXAMPLES)
