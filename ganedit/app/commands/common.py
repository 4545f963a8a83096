"""Options that all editing commands share, and how such a command runs."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ganedit import runtime
from ganedit.app.options import ENGINES, FileOptions, Placement, RunOptions

if TYPE_CHECKING:
    from ganedit.app.jobs import Plan

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
    click.option("--suffix", metavar="TEXT", help="Append this to the names of results."),
    click.option("--format", "format_name", metavar="NAME",
                 help="Format of the result (png, jpeg, webp, tiff, avif); its own by default."),
    click.option("--quality", type=click.IntRange(1, 100), help="Of JPEG, WebP and AVIF."),
    click.option("--overwrite", is_flag=True, help="Replace results that exist."),
    click.option("--strip-metadata", is_flag=True,
                 help="Drop EXIF, XMP and DPI. The colour profile stays."),
    click.option("--preview", is_flag=True, help="Write a before/after PNG beside each result."),
    click.option("--include", multiple=True, metavar="PATTERN",
                 help="Of folders take only these, like '*.jpg'; may be repeated."),
    click.option("--exclude", multiple=True, metavar="PATTERN",
                 help="Of folders leave these out, like drafts; may be repeated."),
    click.option("--device", default="auto", show_default=True,
                 help="auto, cpu, mps or cuda[:N], several as cuda:0,1."),
    click.option("--precision", default="auto", show_default=True, help="auto, fp32, bf16, fp16."),
    click.option("--memory", metavar="SIZE", help="Budget for working memory, like 2G."),
    click.option("--jobs", type=click.IntRange(1), metavar="N",
                 help="Pictures of a folder in work at once [default: as many as cores]."),
    click.option("--engine", type=click.Choice(ENGINES), default="local", show_default=True,
                 help="This machine, or a Ray cluster that shares the folders."),
    click.option("--address", default="auto", show_default=True, metavar="HOST",
                 help="Of the Ray cluster."),
    click.option("--max-pixels", type=click.IntRange(1), metavar="N",
                 help="Refuse larger inputs [default: 500 million pixels]."),
    click.option("--allow-truncated", is_flag=True, help="Edit what there is of a damaged file."),
    click.option("--fail-fast", is_flag=True, help="Stop at the first picture that fails."),
    click.option("--dry-run", is_flag=True,
                 help="Only say how many pictures there are, how large, and how long they take."),
    click.option("--report", type=FilePath(), metavar="FILE",
                 help="Append a line of JSON for each picture."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object per picture."),
    click.option("-q", "--quiet", is_flag=True, help="Print errors only."),
    click.option("-v", "--verbose", is_flag=True,
                 help="Say what device and precision are used, and a line for each picture."),
)  # fmt: skip


def edit_options(function: Function) -> Function:
    """Add the shared options to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def run_options(given: dict[str, Any]) -> RunOptions:
    """The shared options as the user gave them.

    Raises:
        UsageError: an amount of memory that is none.
    """
    memory = runtime.parse_bytes(given["memory"]) if given["memory"] else None
    files = ("quality", "strip_metadata", "preview", "max_pixels", "allow_truncated")
    run = ("overwrite", "engine", "address", "fail_fast", "dry_run", "report")
    return RunOptions(
        files=FileOptions(**{key: given[key] for key in files}),
        placement=Placement(given["device"], given["precision"], memory, given["jobs"]),
        **{key: given[key] for key in run},
        json=given["as_json"],
        verbosity=-1 if given["quiet"] else int(given["verbose"]),
    )


def plan_for(photos: tuple[Path, ...], given: dict[str, Any], label: str) -> "Plan":
    """Which picture becomes which, by the shared options.

    Args:
        photos: the inputs.
        given: the shared options.
        label: what is appended to the name of a result beside its original.

    Raises:
        UsageError: as `plan_jobs` does.
    """
    from ganedit.app.folders.inputs import Selection
    from ganedit.app.jobs import plan_jobs

    selection = Selection(given["include"], given["exclude"])
    return plan_jobs(
        photos, given["output"], label, given["format_name"], given["suffix"], selection
    )
