"""Click's parameters from options as their dataclasses declare them, and commands that show them
in groups."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import click
from click.core import ParameterSource

from ganedit.errors import UsageError
from ganedit.options import Declared, Group, Options, build, declared

# Headings of the help, in the order in which they stand.
HEADINGS: dict[Group, str] = {
    "main": "Options",
    "files": "Files",
    "video": "Video",
    "folders": "Folders",
    "pairs": "Pairs",
    "model": "Network",
    "losses": "Losses",
    "run": "Run",
    "machine": "Machine",
}
_PLAIN: dict[type, click.ParamType[Any]] = {int: click.INT, float: click.FLOAT, str: click.STRING}


class FilePath(click.Path):
    """A path; the empty name, which a shell's unset variable gives, is not the current folder."""

    def __init__(self, must_be: Literal["file", "folder"] | None = None) -> None:
        super().__init__(
            path_type=Path,
            exists=must_be is not None,
            file_okay=must_be != "folder",
            dir_okay=must_be != "file",
        )

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("the name is empty.", param, ctx)
        return super().convert(value, param, ctx)


class Parsed(click.ParamType[Any]):
    """What a function makes of a text; it says what is wrong with one, this for which option."""

    name = "text"

    def __init__(self, parse: Callable[[str], Any]) -> None:
        self.parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self.parse(value) if isinstance(value, str) else value
        except UsageError as error:
            raise UsageError(f"{param.opts[0]}: {error}" if param else str(error)) from error


class GroupedOption(click.Option):
    """An option that knows under which heading it stands."""

    def __init__(self, *names: str, group: Group = "main", **facts: Any) -> None:
        super().__init__(list(names), **facts)
        self.group = group


class GroupedCommand(click.Command):
    """A command whose help lists its options under headings, the first of them its own."""

    def __init__(self, *arguments: Any, heading: str = HEADINGS["main"], **facts: Any) -> None:
        super().__init__(*arguments, **facts)
        self.heading = heading

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a section for each group of options, `--help` in the last one."""
        headings = HEADINGS | {"main": self.heading}
        for group, heading in headings.items():
            rows = [
                row
                for param in self.get_params(ctx)
                if isinstance(param, click.Option)  # Click tells of arguments itself
                and group_of(param) == group
                and (row := param.get_help_record(ctx)) is not None
            ]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)


def group_of(param: click.Parameter) -> Group:
    """Under which heading a parameter stands."""
    if isinstance(param, GroupedOption):
        return param.group
    return "machine"  # --help, which every command has


def parameters(
    kind: type[Options],
    *,
    required: bool = True,
    defaults: Mapping[str, Any] = MappingProxyType({}),
) -> list[click.Parameter]:
    """The options of a dataclass, those of nested ones among them.

    Args:
        kind: the dataclass.
        required: whether those without a default have to be given.
        defaults: other ones than the dataclass has.
    """
    options = [
        replace(each, default=defaults.get(each.name, each.default)) for each in declared(kind)
    ]
    return [_parameter(each, required=required) for each in options]


def _parameter(each: Declared, *, required: bool) -> click.Option:
    known = each.option
    names = [name for name in (known.short, each.flag) if name is not None]
    if each.type is bool:
        return GroupedOption(
            *names, each.name, is_flag=True, default=each.default, help=known.help,
            group=known.group,
        )  # fmt: skip
    told = each.default not in (None, MISSING, ())
    # To click, a default of None is one: what it is given to is never missing.
    default = {} if each.default is MISSING else {"default": each.default}
    absent = f" [default: {known.absent}]" if known.absent else ""
    return GroupedOption(
        *names,
        each.name,
        type=_type(each),
        # Click turns the default of a repeated option into a list of its own.
        **default,
        multiple=each.many,
        required=required and each.default is MISSING,
        metavar=known.metavar,
        show_default=told,
        help=known.help + absent,
        group=known.group,
    )


def _type(each: Declared) -> click.ParamType[Any]:
    if each.option.parse is not None:
        return Parsed(each.option.parse)
    if each.choices:
        return click.Choice(each.choices)
    return FilePath(each.option.must_be) if each.type is Path else _PLAIN[each.type]


def taken(
    kind: type[Options],
    given: dict[str, Any],
    defaults: Mapping[str, Any] = MappingProxyType({}),
) -> Any:
    """The options of a dataclass, taken out of all that were given; `defaults` for the others."""
    names = [each.name for each in declared(kind)]
    values = {name: given.pop(name) for name in names if name in given}
    return build(kind, {**defaults, **values})


def given_names() -> frozenset[str]:
    """Names of the parameters that the user gave to the command that runs."""
    context = click.get_current_context()
    return frozenset(
        name
        for name in context.params
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    )


def help_text(summary: str, examples: str) -> str:
    """The text of a command's help: a sentence, then paragraphs that are shown as they are."""
    paragraphs = [part.strip("\n") for part in examples.strip("\n").split("\n\n")]
    return "\n\n".join([summary, *(f"\b\n{part}" for part in paragraphs)])


def command(
    name: str,
    callback: Callable[..., Any],
    params: Sequence[click.Parameter],
    summary: str,
    examples: str,
    heading: str = HEADINGS["main"],
) -> click.Command:
    """A command made of data; `heading` stands above its own options."""
    return GroupedCommand(
        name,
        heading=heading, callback=callback, params=list(params), help=help_text(summary, examples),
        short_help=summary,
    )  # fmt: skip
