"""Options of files, folders and machines, the same for every task. Light: help needs them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ganedit.errors import UsageError
from ganedit.options import Options, option
from ganedit.runtime import parse_bytes
from ganedit.video.options import VideoOptions

STREAM = Path("-")
"""Standard input as the name of a picture, standard output as that of a result."""


@dataclass(frozen=True)
class FileOptions(Options):
    """How pictures are read and written."""

    output: Path | None = option(
        None, "Result file, folder for several, or - for standard output; beside the original "
        "without it.", short="-o", group="files", recorded=False,
    )  # fmt: skip
    suffix: str | None = option(
        None, "Append this to the names of results.", metavar="TEXT", group="files", recorded=False
    )
    format: str | None = option(
        None, "Format of the result (png, jpeg, webp, tiff, avif; mp4, mkv, gif and so on of "
        "videos); its own by default.",
        metavar="NAME", group="files", recorded=False,
    )  # fmt: skip
    quality: int | None = option(
        None, "Of JPEG, WebP and AVIF.", least=1, most=100, metavar="1-100", group="files"
    )
    overwrite: bool = option(
        False, "Replace results that exist, and do again what is finished.",
        group="files", recorded=False,
    )  # fmt: skip
    preview: bool = option(
        False,
        "Write a before/after PNG beside each result; of a video five seconds too.",
        group="files",
        recorded=False,
    )
    strip_metadata: bool = option(
        False, "Drop EXIF, XMP and DPI. The colour profile stays.", group="files"
    )
    max_pixels: int | None = option(
        None, "Refuse larger inputs.", least=1, metavar="N", absent="500 million pixels",
        group="files", recorded=False,
    )  # fmt: skip
    allow_truncated: bool = option(False, "Edit what there is of a damaged file.", group="files")


@dataclass(frozen=True)
class FolderOptions(Options):
    """How many pictures are gone through."""

    include: tuple[str, ...] = option(
        (), "Of folders take only these, like '*.jpg'; may be repeated.",
        metavar="PATTERN", group="folders", recorded=False,
    )  # fmt: skip
    exclude: tuple[str, ...] = option(
        (), "Of folders leave these out, like drafts; may be repeated.",
        metavar="PATTERN", group="folders", recorded=False,
    )  # fmt: skip
    jobs: int | None = option(
        None, "Pictures of a folder in work at once.", least=1, metavar="N",
        absent="as many as cores", group="folders", recorded=False,
    )  # fmt: skip
    fail_fast: bool = option(
        False, "Stop at the first picture that fails.", group="folders", recorded=False
    )
    dry_run: bool = option(
        False, "Only say how many pictures there are, how large, and how long they take.",
        group="folders", recorded=False,
    )  # fmt: skip
    report: Path | None = option(
        None, "Append a line of JSON for each picture.", metavar="FILE",
        group="folders", recorded=False,
    )  # fmt: skip
    engine: Literal["local", "ray"] = option(
        "local", "This machine, or a Ray cluster that shares the folders.",
        group="folders", recorded=False,
    )  # fmt: skip
    address: str = option(
        "auto", "Of the Ray cluster.", metavar="HOST", group="folders", recorded=False
    )


@dataclass(frozen=True)
class Placement(Options):
    """Where networks are to run, as the user asked for it."""

    device: str = option(
        "auto", "auto, cpu, mps or cuda[:N], several as cuda:0,1.",
        metavar="NAME", group="machine", recorded=False,
    )  # fmt: skip
    precision: Literal["auto", "fp32", "bf16", "fp16"] = option(
        "auto", "Arithmetic of the network.", group="machine", recorded=False
    )
    memory: int | None = option(
        None, "Budget for working memory, like 2G.", metavar="SIZE", parse=parse_bytes,
        group="machine", recorded=False,
    )  # fmt: skip

    @property
    def devices(self) -> list[str]:
        """Each device by its whole name: `cuda:0,1` is `cuda:0` and `cuda:1`."""
        names: list[str] = []
        for part in self.device.split(","):
            names.append(f"{names[0].partition(':')[0]}:{part}" if part.isdigit() and names
                         else part)  # fmt: skip
        return names


@dataclass(frozen=True)
class RunOptions(Options):
    """How a run goes, whatever is done to the pictures."""

    files: FileOptions = field(default_factory=FileOptions)
    video: VideoOptions = field(default_factory=VideoOptions)
    folders: FolderOptions = field(default_factory=FolderOptions)
    placement: Placement = field(default_factory=Placement)
    json: bool = option(
        False, "Print one JSON object per picture; with -o - to standard error.",
        group="machine", recorded=False,
    )  # fmt: skip
    quiet: bool = option(False, "Print errors only.", short="-q", group="machine", recorded=False)
    verbose: bool = option(
        False, "Say what device and precision are used, and a line for each picture.",
        short="-v", group="machine", recorded=False,
    )  # fmt: skip

    def __post_init__(self) -> None:
        """Check that it is said how much is to be said.

        Raises:
            UsageError: nothing and more.
        """
        super().__post_init__()
        if self.quiet and self.verbose:
            raise UsageError("give one of --quiet and --verbose")
