"""Which file becomes which: inputs to outputs, decided before any work starts."""

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass
from pathlib import Path

from ganedit.data.pictures import list_pictures
from ganedit.errors import UsageError
from ganedit.image import READABLE_SUFFIXES, WRITABLE_FORMATS, format_for, preferred_suffix

PREVIEW_SUFFIX = ".preview.png"
# Names of results beside their originals: photo_x4, photo_w1200, photo_inpaint, photo_as_monet.
_RESULT = re.compile(r"(.+?)_(?:x[\d.]+|[wh]\d+|long\d+|inpaint(_\w+)?|as_.+)")


@dataclass(frozen=True)
class Job:
    """One picture to edit."""

    source: Path
    target: Path
    format: str
    variant: int = 0
    """Which of several results of the same picture."""


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
        UsageError: a folder without pictures, two inputs to one output, an output that is an
            input or lies inside a file, several inputs into one file, or an output suffix that
            contradicts `format`.
    """
    inputs = list(inputs)
    if output is not None and _means_file(output, inputs):
        jobs = [_only_job(inputs, output, format)]
    else:
        jobs = [
            _job(source, root, output, label, format)
            for path in inputs
            for source, root in _expand(path, output)
        ]
        # A picture that was named twice, alone and in its folder, is one picture.
        jobs = _without_results(list(dict.fromkeys(jobs)), set(inputs))
    _check(jobs)
    return jobs


def _means_file(path: Path, inputs: list[Path]) -> bool:
    if path.is_file() or path.is_dir():
        return path.is_file()
    # For several pictures a name with a dot, like `holiday.2024`, can only be a folder's.
    several = len(inputs) != 1 or inputs[0].is_dir()
    return path.suffix != "" and not (several and path.suffix.lower() not in READABLE_SUFFIXES)


def _only_job(inputs: list[Path], output: Path, format: str | None) -> Job:
    """The one picture that goes into the file `output`."""
    if len(inputs) != 1 or inputs[0].is_dir():
        raise UsageError(f"-o {output}: several pictures cannot go into one file; give a folder")
    name = format_for(output, None)
    if format is not None and format_for(Path("x"), format) != name:
        raise UsageError(f"-o {output}: its suffix means {name}, but --format says {format}")
    return Job(inputs[0], output, name)


def _expand(path: Path, output: Path | None) -> list[tuple[Path, Path]]:
    """The pictures that an input stands for, each with the folder its place is relative to."""
    if not path.is_dir():
        return [(path, path.parent)]
    # What an earlier run wrote into an output folder inside the input is not an input.
    inside = output is not None and path.resolve() in output.resolve().parents
    skipped = output.resolve() if output is not None and inside else None
    pictures = [p for p in list_pictures(path) if not p.name.endswith(PREVIEW_SUFFIX)]
    # Results stand beside their originals only where no other place is given.
    stems = {picture.with_suffix("") for picture in pictures} if output is None else set()
    found = [
        file
        for file in pictures
        if skipped not in file.resolve().parents and not _is_result(file, stems)
    ]
    if not found:
        raise UsageError(f"{path}: no pictures in this folder")
    return [(file, path) for file in found]


def _is_result(file: Path, stems: Set[Path]) -> bool:
    """Whether a picture in a folder is what an earlier run wrote beside its original."""
    made = _RESULT.fullmatch(file.stem)
    return made is not None and file.with_name(made[1]) in stems


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


def _without_results(jobs: list[Job], named: set[Path]) -> list[Job]:
    """Leave out what an earlier run wrote beside its originals, unless it was named itself."""
    origins = {job.target.resolve(): job.source for job in jobs}
    return [
        job
        for job in jobs
        if job.source in named or origins.get(job.source.resolve(), job.source) == job.source
    ]


def _check(jobs: list[Job]) -> None:
    sources = {job.source.resolve() for job in jobs}
    targets: dict[Path, Path] = {}
    for job in jobs:
        resolved = job.target.resolve()
        if resolved == job.source.resolve():
            raise UsageError(f"{job.target}: the output is the input itself; choose another -o")
        if resolved in sources:
            raise UsageError(
                f"{job.target}: is an input and also the result of {job.source}; "
                "leave one of them out, or choose another -o"
            )
        for folder in job.target.parents:
            if folder.is_file():
                raise UsageError(f"{job.target}: {folder} is a file; choose another -o")
        if resolved in targets:
            raise UsageError(
                f"{targets[resolved]} and {job.source} would both become {job.target}; "
                "rename one, or edit them apart"
            )
        targets[resolved] = job.source
