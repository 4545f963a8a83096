"""Which file becomes which: inputs to outputs, decided before any work starts."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ganedit.errors import UsageError
from ganedit.image import READABLE_SUFFIXES, WRITABLE_FORMATS, format_for, preferred_suffix


@dataclass(frozen=True)
class Job:
    """One picture to edit."""

    source: Path
    target: Path
    format: str


def plan_jobs(
    inputs: Iterable[Path], output: Path | None, label: str, format: str | None = None
) -> list[Job]:
    """Pair every input with its output.

    Args:
        inputs: pictures and folders; of a folder, every picture below it is taken.
        output: a file (for one input picture), a folder, or None for beside the original.
        label: what is appended to the name of a result beside its original, like `x4`.
        format: of the results; by default each keeps its own where that can be written.

    Raises:
        UsageError: a missing input, two inputs to one output, an output equal to its input,
            several inputs into one file, or an output suffix that contradicts `format`.
    """
    inputs = list(inputs)
    if output is not None and _means_file(output):
        if len(inputs) != 1 or inputs[0].is_dir():
            raise UsageError(
                f"-o {output}: several pictures cannot go into one file; give a folder"
            )
        name = format_for(output, None)
        if format is not None and format_for(Path("x"), format) != name:
            raise UsageError(f"-o {output}: its suffix means {name}, but --format says {format}")
        jobs = [Job(inputs[0], output, name)]
    else:
        jobs = [
            _job(source, root, output, label, format)
            for path in inputs
            for source, root in _expand(path, output)
        ]
    _check(jobs)
    return jobs


def _means_file(path: Path) -> bool:
    return not path.is_dir() and path.suffix != ""


def _expand(path: Path, output: Path | None) -> list[tuple[Path, Path]]:
    """The pictures that an input stands for, each with the folder its place is relative to."""
    if not path.is_dir():
        return [(path, path.parent)]
    skipped = output.resolve() if output is not None else None
    found = [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file()
        and file.suffix.lower() in READABLE_SUFFIXES
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        # What an earlier run wrote into an output folder inside the input is not an input.
        and (skipped is None or skipped == path.resolve() or skipped not in file.resolve().parents)
    ]
    if not found:
        raise UsageError(f"{path}: no pictures in this folder")
    return [(file, path) for file in found]


def _job(source: Path, root: Path, output: Path | None, label: str, format: str | None) -> Job:
    name = format_for(Path("x"), format) if format else _own_format(source)
    keep = not format and source.suffix.lower() in READABLE_SUFFIXES and _own_format(source) == name
    suffix = source.suffix if keep and _writable(source) else preferred_suffix(name)
    if output is None:
        return Job(source, source.with_name(f"{source.stem}_{label}{suffix}"), name)
    return Job(source, (output / source.relative_to(root)).with_suffix(suffix), name)


def _own_format(source: Path) -> str:
    return format_for(source, None) if _writable(source) else "PNG"


def _writable(source: Path) -> bool:
    try:
        return format_for(source, None) in WRITABLE_FORMATS
    except UsageError:  # no suffix, or one of something else: decoding will tell
        return False


def _check(jobs: list[Job]) -> None:
    targets: dict[Path, Path] = {}
    for job in jobs:
        resolved = job.target.resolve()
        if resolved == job.source.resolve():
            raise UsageError(f"{job.target}: the output is the input itself; choose another -o")
        if resolved in targets:
            raise UsageError(
                f"{targets[resolved]} and {job.source} would both become {job.target}; "
                "rename one, or edit them apart"
            )
        targets[resolved] = job.source
