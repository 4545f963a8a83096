"""What is told of a task in the words of the page: `--scale` is the field “Scale” there."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ganedit.errors import GaneditError
from ganedit.options import Declared, declared
from ganedit.runs.options import FileOptions
from ganedit.task import Task

_FLAG = re.compile(r"--[a-z][a-z-]*")
# A sentence, with the space after it.
_SENTENCE = re.compile(r"[^.]+(?:\.(?=\S)[^.]*)*(?:\.\s*|$)")
# Commands, and names that are written out, help nobody who has no command line.
_OF_THE_SHELL = re.compile(r"`|\bganedit [a-z]+|@[A-Z]")


def title_of(each: Declared) -> str:
    """What the page calls an option: `strip_metadata` is Strip metadata."""
    words = each.name.strip("_").replace("_", " ")
    return words[:1].upper() + words[1:]


def told(task: Task[Any], text: str) -> str:
    """A message of the command line with the fields of the page in place of its flags."""
    names = _names(task)
    return _FLAG.sub(lambda found: names.get(found[0], found[0]), text)


def helped(task: Task[Any], text: str) -> str:
    """A help text likewise, without the sentences that are about the command line."""
    kept = (each for each in _SENTENCE.findall(text) if not _OF_THE_SHELL.search(each))
    return told(task, "".join(kept).strip())


@contextmanager
def in_words(task: Task[Any]) -> Iterator[None]:
    """What is refused inside is told in the words of the page.

    Raises:
        GaneditError: of the same class.
    """
    try:
        yield
    except GaneditError as error:
        raise type(error)(told(task, str(error))) from error


def _names(task: Task[Any]) -> Mapping[str, str]:
    options = (*declared(task.options), *declared(FileOptions))
    names = {each.flag: f"“{title_of(each)}”" for each in options}
    for each in task.inputs:
        names[f"--{each.name}"] = f"a painted {each.name}" if each.given == "paired" else each.name
    return names
