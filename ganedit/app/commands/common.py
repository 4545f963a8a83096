"""Options that all editing commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ganedit import runtime
from ganedit.app.options import FileOptions
from ganedit.runtime import Runtime

Function = TypeVar("Function", bound=Callable[..., Any])


class FilePath(click.Path):
    """A path; the empty name, which a shell's unset variable gives, is not the current folder."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("the name is empty.", param, ctx)
        return super().convert(value, param, ctx)


_OPTIONS = (
    click.option("-o", "--output", type=FilePath(),
                 help="Result file, or folder for several; beside the original without it."),
    click.option("--format", "format_name", metavar="NAME",
                 help="Format of the result (png, jpeg, webp, tiff, avif); its own by default."),
    click.option("--quality", type=click.IntRange(1, 100), help="Of JPEG, WebP and AVIF."),
    click.option("--overwrite", is_flag=True, help="Replace results that exist."),
    click.option("--strip-metadata", is_flag=True,
                 help="Drop EXIF, XMP and DPI. The colour profile stays."),
    click.option("--preview", is_flag=True, help="Write a before/after PNG beside each result."),
    click.option("--device", default="auto", show_default=True, help="auto, cpu, mps or cuda[:N]."),
    click.option("--precision", default="auto", show_default=True, help="auto, fp32, bf16, fp16."),
    click.option("--memory", metavar="SIZE", help="Budget for working memory, like 2G."),
    click.option("--max-pixels", type=click.IntRange(1), metavar="N",
                 help="Refuse larger inputs [default: 500 million pixels]."),
    click.option("--allow-truncated", is_flag=True, help="Edit what there is of a damaged file."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object per picture."),
    click.option("-q", "--quiet", is_flag=True, help="Print errors only."),
    click.option("-v", "--verbose", is_flag=True, help="Say what device and precision are used."),
)  # fmt: skip
FILE_KEYS = ("quality", "overwrite", "strip_metadata", "preview", "max_pixels", "allow_truncated")


def edit_options(function: Function) -> Function:
    """Add the shared options to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def runtime_for(shared: dict[str, Any], files: FileOptions) -> Runtime:
    """Where the work is to run, told if the user wants to know."""
    budget = runtime.parse_bytes(shared["memory"]) if shared["memory"] else None
    where = runtime.choose(shared["device"], shared["precision"], budget)
    if files.verbosity > 0:
        click.echo(f"{where.device}: {where.reason}", err=True)
    return where


def file_options(given: dict[str, Any]) -> FileOptions:
    """The part of the shared options that is about files."""
    return FileOptions(
        **{key: given[key] for key in FILE_KEYS},
        json=given["as_json"],
        verbosity=-1 if given["quiet"] else int(given["verbose"]),
    )
