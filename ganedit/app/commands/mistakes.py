"""What is said of a command line that click cannot make sense of: one line."""

import sys
from pathlib import Path

import click


def told(error: click.ClickException) -> str:
    """Which word is wrong, what is wrong with it, and where help is."""
    sentence = _sentence(error)
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        return sentence
    end = "" if sentence.endswith("?") else "."
    return f"{sentence}{end} See {context.command_path} --help"


def _sentence(error: click.ClickException) -> str:
    message = " ".join(error.format_message().split()).rstrip(".")
    match error:
        case click.NoSuchOption():
            if any(Path(word).exists() for word in sys.argv[1:] if word.startswith("-")):
                return (
                    f"{error.option_name}: no such option; if the name of a file is meant, "
                    "put -- before the names of files"
                )
            return f"{error.option_name}: no such option{_guess(error.possibilities)}"
        case click.NoSuchCommand():
            return f"{error.command_name}: no such command{_guess(error.possibilities)}"
        case click.MissingParameter() if error.param is not None:
            return f"{_name(error.param)} is missing"
        case click.BadParameter() if error.param is not None:
            return f"{_name(error.param)}: {error.message.rstrip('.')}"
        case click.BadOptionUsage():
            return message.replace(f"Option {error.option_name!r}", error.option_name)
    return message[:1].lower() + message[1:]


def _guess(possibilities: list[str] | None) -> str:
    return f"; did you mean {' or '.join(possibilities)}?" if possibilities else ""


def _name(param: click.Parameter) -> str:
    """What the user calls it: `--output`, `PHOTO...`."""
    return param.opts[-1] if isinstance(param, click.Option) else param.human_readable_name
