"""Which file becomes which: inputs to outputs, decided before any work starts."""

import re
from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ganedit.app.folders.inputs import Found, Search, Selection, names_one_file
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
    home: Path | None = None
    """The folder whose journal has a record of the result; None for pictures named one by one."""
    place: Path = Path()
    """The folder of the picture, below the input that it was found in."""

    @property
    def preview(self) -> Path:
        """Where the before/after picture of the result goes."""
        return self.target.with_name(f"{self.target.name}{PREVIEW_SUFFIX}")


@dataclass(frozen=True)
class Plan:
    """What a command is to do."""

    jobs: list[Job]
    left_out: Counter[str] = field(default_factory=Counter)
    """How many things in the inputs were not taken, by reason."""


def plan_jobs(
    inputs: Iterable[Path],
    output: Path | None,
    label: str,
    format: str | None = None,
    suffix: str | None = None,
    selection: Selection = Selection(),  # noqa: B008 - frozen
) -> Plan:
    """Pair every input with its output.

    Args:
        inputs: pictures, folders, globs and lists of them; see `Search.find`.
        output: a file (for one input picture), a folder, or None for beside the original.
        label: what is appended to the name of a result beside its original, like `x4`.
        format: of the results; by default each keeps its own where that can be written.
        suffix: what is appended to every name instead.
        selection: which pictures of folders, globs and lists are taken.

    Raises:
        UsageError: an input without pictures, two inputs to one output, an output that is an
            input or lies inside a file, several inputs into one file, or an output suffix that
            contradicts `format`.
    """
    inputs = list(inputs)
    if suffix is not None and (not suffix or "/" in suffix or "\\" in suffix):
        raise UsageError(f"--suffix {suffix!r}: use letters to append to the name, like _large")
    if output is not None and _means_file(output, inputs):
        if suffix is not None:
            raise UsageError(f"-o {output} is the name of the result; leave --suffix out")
        plan = Plan([_only_job(inputs, output, format)])
    else:
        search = Search(selection, output)
        found = [each for path in inputs for each in search.find(path)]
        everything = len(found)
        found = _without_earlier(found, beside=output is None)
        if not found:
            raise UsageError(f"{inputs[0]}: no pictures but results of earlier runs")
        ending = suffix or ("" if output is not None else f"_{label}")
        many = len(inputs) > 1 or found[0].home is not None
        jobs = [_job(each, output, ending, format, many=many) for each in found]
        # A picture that was named twice, alone and in its folder, is one picture.
        unique = {(job.source, job.target): job for job in reversed(jobs)}
        jobs = list(reversed(unique.values()))
        kept = _without_results(jobs, set(inputs))
        earlier = everything - len(found) + len(jobs) - len(kept)
        plan = Plan(kept, search.left_out + Counter({"results of earlier runs": earlier}))
    _check(plan.jobs)
    return plan


def _means_file(path: Path, inputs: list[Path]) -> bool:
    if path.is_file() or path.is_dir():
        return path.is_file()
    # For several pictures a name with a dot, like `holiday.2024`, can only be a folder's.
    several = len(inputs) != 1 or not names_one_file(inputs[0])
    return path.suffix != "" and not (several and path.suffix.lower() not in READABLE_SUFFIXES)


def _only_job(inputs: list[Path], output: Path, format: str | None) -> Job:
    """The one picture that goes into the file `output`."""
    if len(inputs) != 1 or not names_one_file(inputs[0]):
        raise UsageError(f"-o {output}: several pictures cannot go into one file; give a folder")
    name = format_for(output, None)
    if format is not None and format_for(Path("x"), format) != name:
        raise UsageError(f"-o {output}: its suffix means {name}, but --format says {format}")
    return Job(inputs[0], output, name)


def _without_earlier(found: list[Found], *, beside: bool) -> list[Found]:
    """Leave out of folders what earlier runs wrote there: previews, and results if `beside`.

    Results stand beside their originals only where no other place is given.
    """
    stems = {each.source.with_suffix("") for each in found} if beside else set()
    return [each for each in found if each.home is None or not _is_earlier(each.source, stems)]


def _is_earlier(file: Path, stems: Set[Path]) -> bool:
    if file.name.endswith(PREVIEW_SUFFIX):
        return True
    made = _RESULT.fullmatch(file.stem)
    return made is not None and file.with_name(made[1]) in stems


def _job(found: Found, output: Path | None, ending: str, format: str | None, *, many: bool) -> Job:
    source = found.source
    name = format_for(Path("x"), format) if format else _own_format(source)
    keep = not format and source.suffix.lower() in READABLE_SUFFIXES and _own_format(source) == name
    suffix = source.suffix if keep and _writable(source) else preferred_suffix(name)
    renamed = source.with_name(f"{source.stem}{ending}{suffix}")
    place = source.relative_to(found.base).parent
    if output is None:
        return Job(source, renamed, name, home=found.home, place=place)
    home = output if many else None
    return Job(source, output / place / renamed.name, name, home=home, place=place)


def _own_format(source: Path) -> str:
    return format_for(source, None) if _writable(source) else "PNG"


def _writable(source: Path) -> bool:
    try:
        return format_for(source, None) in WRITABLE_FORMATS
    except UsageError:  # no suffix, or one of something else: decoding will tell
        return False


def _without_results(jobs: list[Job], named: set[Path]) -> list[Job]:
    """Leave out what an earlier run wrote beside its originals, unless it was named itself."""
    real = _Real()
    origins = {real(job.target): job.source for job in jobs}
    return [
        job
        for job in jobs
        if job.source in named or origins.get(real(job.source), job.source) == job.source
    ]


def _check(jobs: list[Job]) -> None:
    real = _Real()
    sources = {real(job.source) for job in jobs}
    targets: dict[Path, Path] = {}
    for job in jobs:
        resolved = real(job.target)
        if resolved == real(job.source):
            raise UsageError(f"{job.target}: the output is the input itself; choose another -o")
        if resolved in sources:
            raise UsageError(
                f"{job.target}: is an input and also the result of {job.source}; "
                "leave one of them out, or choose another -o"
            )
        if (file := real.file_above(job.target.parent)) is not None:
            raise UsageError(f"{job.target}: {file} is a file; choose another -o")
        if resolved in targets:
            raise UsageError(
                f"{targets[resolved]} and {job.source} would both become {job.target}; "
                "rename one, or edit them apart"
            )
        targets[resolved] = job.source


class _Real:
    """Paths with their links resolved. Folders are looked at once, however much they hold."""

    def __init__(self) -> None:
        self._folder = cache(Path.resolve)
        self.file_above = cache(self._file_above)

    def __call__(self, path: Path) -> Path:
        return path.resolve() if path.is_symlink() else self._folder(path.parent) / path.name

    def _file_above(self, folder: Path) -> Path | None:
        """The first of a folder and those above it that is in truth a file."""
        return next((path for path in (folder, *folder.parents) if path.is_file()), None)
