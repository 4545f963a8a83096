"""Printing that cannot end the work. Light: the command line begins with it."""

import sys
from contextlib import suppress

import click


def say(text: str, *, error: bool = True) -> bool:
    """Print a line, to standard error unless told otherwise. No terminal can end the work: what
    it cannot show is replaced, and where nobody listens nothing is said.

    Returns:
        Whether it was printed, or nobody wanted it; not if the disk that it goes to is full.
    """
    stream = sys.stderr if error else sys.stdout
    if stream is None:
        return True
    try:
        with suppress(BrokenPipeError, ValueError):  # a closed pipe, a closed stream
            click.echo(shown(text, stream.encoding), file=stream)
    except OSError:
        return False
    return True


def shown(text: str, encoding: str | None = None) -> str:
    """A text that a terminal takes: file names may hold bytes that are no UTF-8, and terminals
    may know fewer letters."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
