"""Which files become which: inputs to outputs, decided before any work starts."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from ganedit.errors import UsageError
from ganedit.image import READABLE_SUFFIXES, WRITABLE_FORMATS, format_for, preferred_suffix
from ganedit.runs.earlier import PREVIEW_SUFFIX, without_earlier
from ganedit.runs.inputs import Found, Search, Selection, names_one_file
from ganedit.runs.options import STREAM, RunOptions
from ganedit.runs.pairing import Partner, pictures_in
from ganedit.task import Task


@dataclass(frozen=True)
class Job:
    """One result to make."""

    inputs: Mapping[str, tuple[Path, ...]] = field(hash=False)
    """Files by the name of their input, in the order of the task's inputs; perhaps none."""
    target: Path
    format: str
    variant: str = ""
    """Which of several results of the same pictures."""
    journal_folder: Path | None = None
    """The folder whose journal has a record of the result; None for pictures named one by one."""
    place: Path = Path()
    """The folder of the picture, below the input that it was found in."""
    lacks: str = ""
    """What is missing, so that it cannot be done."""

    @property
    def preview(self) -> Path:
        """Where the before/after picture of the result goes."""
        return self.target.with_name(f"{self.target.name}{PREVIEW_SUFFIX}")

    @property
    def sources(self) -> tuple[Path, ...]:
        """All files that the result is made from."""
        return tuple(file for files in self.inputs.values() for file in files)

    @property
    def source(self) -> Path:
        """The picture that is edited; for one that is drawn, its target: what messages name."""
        return next(iter(self.sources), self.target)


@dataclass(frozen=True)
class Sheet:
    """A contact sheet of the results of one job."""

    path: Path
    jobs: tuple[Job, ...]


@dataclass(frozen=True)
class Plan:
    """What a command is to do."""

    jobs: list[Job]
    left_out: Counter[str] = field(default_factory=Counter)
    """How many things in the inputs were not taken, by reason."""
    sheets: list[Sheet] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    """What the user should know of the plan."""


@dataclass(frozen=True)
class Given:
    """What the user gave for the inputs of a task."""

    files: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    """By the name of the input; pictures to edit may be folders, globs and lists too."""
    folders: Mapping[str, Path] = field(default_factory=dict)
    """Of masks that pair by name (`--masks`), or of pictures that each give a result
    (`--styles`)."""

    @property
    def names(self) -> set[str]:
        """The inputs for which anything was given."""
        return {name for name, files in self.files.items() if files} | set(self.folders)


def plan_jobs(task: Task[Any], options: Any, given: Given, run: RunOptions) -> Plan:
    """All results of a task for what was given.

    Raises:
        UsageError: inputs or options that contradict each other, an input without pictures, two
            inputs to one output, an output that is an input or lies inside a file, several inputs
            into one file, or an output suffix that contradicts the format.
    """
    _check_given(task, given)
    task.check(options, given.names)
    edited = task.edited
    if edited is None:
        plan = Plan([_drawn(task, options, run)])
    else:
        plan = plan_pictures(
            given.files.get(edited.name, ()), task.label(options), run, edited.name
        )
    partners = [_partner(each.name, each.given, given) for each in task.inputs if each != edited]
    jobs = [_with_partners(job, partners, several=len(plan.jobs) > 1) for job in plan.jobs]
    names = task.variants(options)
    shared = [each for each in task.inputs if each.given == "shared" and each.name in given.folders]
    groups = [_variants(job, names, shared[0].name if shared else None, given) for job in jobs]
    if any(len(group) > 1 for group in groups) and any(job.target == STREAM for job in jobs):
        raise UsageError("-o -: several pictures cannot go to standard output; give a folder")
    sheets = [
        Sheet(job.target.with_name(f"{job.target.stem}_sheet.png"), group)
        for job, group in zip(jobs, groups, strict=True)
        if len(group) > 1
    ]
    return replace(plan, jobs=[job for group in groups for job in group], sheets=sheets)


def _check_given(task: Task[Any], given: Given) -> None:
    for each in task.inputs:
        files, folder = given.files.get(each.name, ()), given.folders.get(each.name)
        if files and folder is not None:
            raise UsageError(f"give one of --{each.name} and --{each.name}s")
        if len(files) > each.most and each.given != "each":
            raise UsageError(f"--{each.name}: at most {each.most}, not {len(files)}")
        if folder is not None and not folder.is_dir():
            raise UsageError(f"--{each.name}s {folder}: no such folder")
        if each.given != "each" and any(file.is_dir() for file in files):
            raise UsageError(f"--{each.name} {files[0]}: is a folder; give --{each.name}s")
        if each.required and each.name not in given.names:
            raise UsageError(f"give --{each.name}: {each.help}")


def _partner(name: str, kind: str, given: Given) -> Partner:
    folder = given.folders.get(name) if kind == "paired" else None
    return Partner(name, tuple(given.files.get(name, ())), folder, shared=kind == "shared")


def _with_partners(job: Job, partners: Sequence[Partner], *, several: bool) -> Job:
    """The job with the pictures that go with the one that is edited."""
    inputs, lacks = dict(job.inputs), ""
    for partner in partners:
        if partner.files and several and not partner.shared:
            raise UsageError(
                f"--{partner.name} is for one picture; for several give --{partner.name}s DIR"
            )
        inputs[partner.name] = partner.of(job.source, job.place)
        if partner.folder is not None and not inputs[partner.name]:
            name = f"{job.source.stem}_{partner.name}.png"
            lacks = f"{partner.folder} has no {partner.name} for it ({name})"
    return replace(job, inputs=inputs, lacks=lacks)


def _variants(job: Job, names: Sequence[str], shared: str | None, given: Given) -> tuple[Job, ...]:
    """The results of one job: one for each variant, and each picture of a folder of styles."""
    ways = [(job, "")]
    if shared is not None:
        pictures = pictures_in(given.folders[shared])
        if not pictures:
            raise UsageError(f"--{shared}s {given.folders[shared]}: no pictures in this folder")
        ways = [
            (replace(job, inputs={**job.inputs, shared: (picture,)}), picture.stem)
            for picture in pictures
        ]
    return tuple(
        replace(each, target=_named(each.target, style, name), variant=name)
        for each, style in ways
        for name in names
    )


def _named(target: Path, *names: str) -> Path:
    return target.with_stem("_".join([target.stem, *filter(None, names)]))


def _drawn(task: Task[Any], options: Any, run: RunOptions) -> Job:
    """The job of a task that takes no picture to edit."""
    files = run.files
    stem = task.label(options) or task.name
    format = format_for(Path("x"), files.format) if files.format else "PNG"
    output = files.output
    if output == STREAM:
        return Job({}, STREAM, format)
    if output is not None and output.suffix and not output.is_dir():
        return Job({}, output, format_for(output, files.format))
    folder = output or Path()
    target = folder / f"{stem}{files.suffix or ''}{preferred_suffix(format)}"
    return Job({}, target, format, journal_folder=folder)


def plan_pictures(paths: Sequence[Path], label: str, run: RunOptions, name: str = "photo") -> Plan:
    """Pair every picture that is to be edited with its output.

    Args:
        paths: pictures, folders, globs and lists of them; see `Search.find`.
        label: what is appended to the name of a result beside its original, like `x4`.
        run: where results go, which pictures of folders are taken.
        name: of the input.
    """
    files, selection = run.files, Selection(run.folders.include, run.folders.exclude)
    output, suffix = files.output, files.suffix
    if suffix is not None and (not suffix or "/" in suffix or "\\" in suffix):
        raise UsageError(f"--suffix {suffix!r}: use letters to append to the name, like _large")
    if STREAM in paths or output == STREAM:
        return Plan([_streamed(paths, run, name)])
    if output is not None and _means_file(output, paths):
        if suffix is not None:
            raise UsageError(f"-o {output} is the name of the result; leave --suffix out")
        plan = Plan([_only_job(paths, output, files.format, name)])
        _check(plan.jobs)
        return plan
    search = Search(selection, output)
    found = [each for path in paths for each in search.find(path)]
    kept, earlier = without_earlier(found, beside=output is None)
    if not kept:
        raise UsageError(f"{paths[0]}: no pictures but results of earlier runs")
    ending = suffix or ("" if output is not None or not label else f"_{label}")
    many = len(paths) > 1 or kept[0].journal_folder is not None
    jobs = [_job(each, output, ending, files.format, name, many=many) for each in kept]
    # A picture that was named twice, alone and in its folder, is one picture.
    jobs = list({(job.source, job.target): job for job in reversed(jobs)}.values())[::-1]
    jobs, met = _apart(jobs, ending)
    results = _without_results(jobs, set(paths))
    earlier += [job.source for job in jobs if job not in set(results)]
    if earlier:
        shown = ", ".join(map(str, earlier[:3])) + ", …" * (len(earlier) > 3)
        search.left_out[f"results of earlier runs ({shown})"] = len(earlier)
    _check(results)
    return Plan(results, search.left_out, notes=met)


def _streamed(paths: Sequence[Path], run: RunOptions, name: str) -> Job:
    """The one picture that comes from standard input, goes to standard output, or both."""
    files = run.files
    if len(paths) != 1 or not (paths[0] == STREAM or names_one_file(paths[0])):
        raise UsageError("- stands for one picture; for several give files and a folder")
    if files.preview:
        raise UsageError("--preview has no place beside standard output; leave it out")
    source, output = paths[0], files.output or STREAM
    if output != STREAM:
        return _only_job(paths, output, files.format, name)
    format = format_for(Path("x"), files.format) if files.format else _own_format(source)
    return Job({name: (source,)}, STREAM, format)


def _means_file(path: Path, inputs: Sequence[Path]) -> bool:
    if path.is_file() or path.is_dir():
        return path.is_file()
    # For several pictures a name with a dot, like `holiday.2024`, can only be a folder's.
    several = len(inputs) != 1 or not names_one_file(inputs[0])
    return path.suffix != "" and not (several and path.suffix.lower() not in READABLE_SUFFIXES)


def _only_job(inputs: Sequence[Path], output: Path, format: str | None, name: str) -> Job:
    """The one picture that goes into the file `output`."""
    if len(inputs) != 1 or not names_one_file(inputs[0]):
        raise UsageError(f"-o {output}: several pictures cannot go into one file; give a folder")
    meant = format_for(output, None)
    if format is not None and format_for(Path("x"), format) != meant:
        raise UsageError(f"-o {output}: its suffix means {meant}, but --format says {format}")
    return Job({name: (inputs[0],)}, output, meant)


def _job(
    found: Found, output: Path | None, ending: str, format: str | None, name: str, *, many: bool
) -> Job:
    source = found.source
    meant = format_for(Path("x"), format) if format else _own_format(source)
    keep = not format and source.suffix.lower() in READABLE_SUFFIXES and _writable(source)
    suffix = source.suffix if keep else preferred_suffix(meant)
    renamed = source.with_name(f"{source.stem}{ending}{suffix}")
    place = source.relative_to(found.base).parent
    inputs = {name: (source,)}
    if output is None:
        return Job(inputs, renamed, meant, journal_folder=found.journal_folder, place=place)
    folder = output if many else None
    target = output / place / renamed.name
    return Job(inputs, target, meant, journal_folder=folder, place=place)


def _own_format(source: Path) -> str:
    return format_for(source, None) if _writable(source) else "PNG"


def _writable(source: Path) -> bool:
    try:
        return format_for(source, None) in WRITABLE_FORMATS
    except UsageError:  # no suffix, or one of something else: decoding will tell
        return False


def _apart(jobs: list[Job], ending: str) -> tuple[list[Job], tuple[str, ...]]:
    """Give pictures that would become one result their whole names: `a.png` and `a.jpg.png`.

    The one whose suffix is the result's own keeps its name, so that the rule gives the same names
    in every run.
    """
    meeting = Counter(job.target for job in jobs)
    apart, renamed = [], list[Job]()
    for job in jobs:
        source, target = job.source, job.target
        if meeting[target] > 1 and source.suffix.lower() != target.suffix.lower():
            whole = target.with_name(f"{source.name}{ending}{target.suffix}")
            renamed.append(job := replace(job, target=whole))
        apart.append(job)
    if not renamed:
        return apart, ()
    first = renamed[0]
    more = f", and {len(renamed) - 1:,} more likewise" if len(renamed) > 1 else ""
    return apart, (
        f"{first.source} becomes {first.target.name}, since another picture has its name{more}",
    )


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
        return next((path for path in self._upward(folder) if path.is_file()), None)

    def _upward(self, folder: Path) -> Iterator[Path]:
        yield folder
        yield from folder.parents
