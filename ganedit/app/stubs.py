"""The public interface as a stub file, for editors and type checkers.

`python -m ganedit.app.stubs` writes `ganedit/__init__.pyi` from the tasks' descriptions; a test
compares the two.
"""

import inspect
import textwrap
from pathlib import Path

import ganedit
from ganedit.app.api import Editor, docstring_of, signature_of
from ganedit.tasks import TASKS

FILE = Path(ganedit.__file__).with_suffix(".pyi")
_HEAD = """\
# Written by `python -m ganedit.app.stubs` from the tasks' descriptions; not to be edited.
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from ganedit.app.api import Picture
from ganedit.app.generator import Generator as Generator
from ganedit.app.videos import edit_video as edit_video
from ganedit.errors import GaneditError as GaneditError
from ganedit.image import Image as Image
from ganedit.task import Progress, Task

__version__: str
__all__: list[str]
"""


def stub() -> str:
    """The content of the file, before it is formatted."""
    parts = [_HEAD, "class Editor:", _docstring(inspect.getdoc(Editor) or "")]
    parts.append("    task: Task[Any]\n    variants: tuple[str, ...]")
    parts.append("    def __init__(self, task: Task[Any], **options: Any) -> None: ...")
    parts.append(
        "    def __call__(self, *pictures: Picture | Sequence[Picture] | None, variant: str | None "
        "= None, progress: Progress = ..., **named: Picture | Sequence[Picture] | None) -> Image: "
        "..."
    )
    for task in TASKS:
        given = _parameters(signature_of(task, pictures=False))
        parts.append(f"    @classmethod\n    def {task.name}(cls, {given}) -> Editor: ...")
    for task in TASKS:
        given = _parameters(signature_of(task))
        parts.append(f"def {task.name}({given}) -> Image:\n{_docstring(docstring_of(task))}")
    return "\n".join(parts) + "\n"


def _docstring(text: str) -> str:
    return textwrap.indent(f'"""{text}\n"""', "    ")


def _parameters(signature: inspect.Signature) -> str:
    """As source: annotations are kept as text."""
    parts, keywords = [], False
    for each in signature.parameters.values():
        if each.kind is inspect.Parameter.KEYWORD_ONLY and not keywords:
            keywords = True
            parts.append("*")
        default = "" if each.default is inspect.Parameter.empty else f" = {each.default!r}"
        parts.append(f"{each.name}: {each.annotation}{default}")
    return ", ".join(parts)


if __name__ == "__main__":
    FILE.write_text(stub(), encoding="utf-8")
