"""Options of files and runs, as plain data. Light: `--help` must not wait for its imports."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Engine = Literal["local", "ray"]
ENGINES: tuple[Engine, ...] = ("local", "ray")


@dataclass(frozen=True)
class FileOptions:
    """How pictures are read and written, the same for every task."""

    quality: int | None = None
    strip_metadata: bool = False
    preview: bool = False
    max_pixels: int | None = None
    allow_truncated: bool = False


@dataclass(frozen=True)
class Placement:
    """Where networks are to run, as the user asked for it."""

    device: str = "auto"
    """auto, cpu, mps, cuda or cuda:N; several with commas."""
    precision: str = "auto"
    """auto, fp32, bf16 or fp16."""
    memory: int | None = None
    """Bytes that tiles may take, and all the pictures of a folder that are in work."""
    jobs: int | None = None
    """Pictures in work at once; None for what keeps the machine busy."""

    @property
    def devices(self) -> list[str]:
        """Each device by its whole name: `cuda:0,1` is `cuda:0` and `cuda:1`."""
        names: list[str] = []
        for part in self.device.split(","):
            names.append(f"{names[0].partition(':')[0]}:{part}" if part.isdigit() and names
                         else part)  # fmt: skip
        return names


@dataclass(frozen=True)
class RunOptions:
    """How a run goes, whatever is done to the pictures."""

    files: FileOptions = FileOptions()
    placement: Placement = Placement()
    overwrite: bool = False
    """Do again what is finished, and replace files that no record tells of."""
    engine: Engine = "local"
    """This machine, or a Ray cluster."""
    address: str = "auto"
    """Of the cluster."""
    fail_fast: bool = False
    """Stop at the first picture that fails."""
    dry_run: bool = False
    """Say what there is to do, and do nothing."""
    report: Path | None = None
    """A file that gets a line of JSON for every picture."""
    json: bool = False
    """The same lines, printed."""
    verbosity: int = 0
    """-1 quiet, 0 as usual, 1 a line a picture, and what was used."""
