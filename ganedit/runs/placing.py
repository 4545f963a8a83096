"""Where the results of pictures go, and what they are called."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from ganedit.errors import UsageError
from ganedit.image import READABLE_SUFFIXES, WRITABLE_FORMATS, format_for, preferred_suffix
from ganedit.runs.earlier import without_earlier
from ganedit.runs.inputs import Found, Search, Selection, names_one_file
from ganedit.runs.jobs import Job, Plan
from ganedit.runs.options import STREAM, RunOptions
from ganedit.video.kinds import (
    FRAMES,
    VIDEO_SUFFIXES,
    container_of,
    is_animation,
    is_moving,
    result_container,
    suffix_for,
)


def plan_pictures(
    paths: Sequence[Path], label: str, run: RunOptions, name: str = "photo", labels: str = r"(?!)"
) -> Plan:
    """Pair every picture that is to be edited with its output.

    Args:
        paths: pictures, folders, globs and lists of them; see `Search.find`.
        label: what is appended to the name of a result beside its original, like `x4`.
        run: where results go, which pictures of folders are taken.
        name: of the input.
        labels: regular expression of the labels that results of the task have.
    """
    files, selection = run.files, Selection(run.folders.include, run.folders.exclude)
    output, suffix = files.output, files.suffix
    check_suffix(suffix)
    if STREAM in paths or output == STREAM:
        return Plan([_streamed(paths, run, name)])
    several = len(paths) != 1 or not names_one_file(paths[0])
    if output is not None and means_file(output, several=several):
        check_suffix(suffix, output)
        return Plan([_only_job(paths, output, files.format, name)])
    search = Search(selection, output)
    found = [each for path in paths for each in search.find(path)]
    kept, earlier = without_earlier(found, labels if output is None else None)
    if not kept:
        raise UsageError(f"{paths[0]}: no pictures but results of earlier runs")
    ending = suffix or ("" if output is not None or not label else f"_{label}")
    many = len(paths) > 1 or kept[0].journal_folder is not None
    jobs = [_job(each, output, ending, files.format, name, many=many) for each in kept]
    if files.format is not None and not any(job.moving for job in jobs):
        format_for(Path("x"), files.format)  # a word for videos, and there are none
    # A picture that was named twice, alone and in its folder, or another way, is one picture.
    real = _Real()
    once = {(real(job.source), real(job.target)): job for job in reversed(jobs)}
    jobs, met = _apart(list(once.values())[::-1], ending, output)
    results = _without_results(jobs, set(paths))
    earlier += [job.source for job in jobs if job not in set(results)]
    if earlier:
        shown = ", ".join(map(str, earlier[:3])) + ", …" * (len(earlier) > 3)
        search.left_out[f"results of earlier runs ({shown})"] = len(earlier)
    return Plan(results, search.left_out, notes=met)


def check_suffix(suffix: str | None, named: Path | None = None) -> None:
    """Raise a UsageError for what cannot be appended to names, or to one that is given whole."""
    if suffix is not None and (not suffix or "/" in suffix or "\\" in suffix):
        raise UsageError(f"--suffix {suffix!r}: use letters to append to the name, like _large")
    if suffix is not None and named is not None:
        raise UsageError(f"-o {named} is the name of the result; leave --suffix out")


def _streamed(paths: Sequence[Path], run: RunOptions, name: str) -> Job:
    """The one picture that comes from standard input, goes to standard output, or both."""
    files = run.files
    if len(paths) != 1 or not (paths[0] == STREAM or names_one_file(paths[0])):
        raise UsageError("- stands for one picture; for several give files and a folder")
    if files.preview:
        raise UsageError("--preview has no place beside standard output; leave it out")
    source, output = paths[0], files.output or STREAM
    if source != STREAM and is_moving(source) and not is_animation(source):
        raise UsageError(f"-o -: {source} is a video, which needs a file; name it with -o")
    if output != STREAM:
        return _only_job(paths, output, files.format, name)
    format = format_for(Path("x"), files.format) if files.format else _own_format(source)
    return Job({name: (source,)}, STREAM, format)


def means_file(path: Path, *, several: bool) -> bool:
    """Whether -o names the one result, and not a folder.

    Raises:
        UsageError: it is there, and is neither.
    """
    if path.is_file() or path.is_dir():
        return path.is_file()
    if path.exists():
        raise UsageError(f"-o {path}: is neither file nor folder; -o - writes to standard output")
    # For several pictures a name with a dot, like `holiday.2024`, can only be a folder's.
    known = path.suffix.lower() in READABLE_SUFFIXES | VIDEO_SUFFIXES
    return path.suffix != "" and not (several and not known)


def _only_job(inputs: Sequence[Path], output: Path, format: str | None, name: str) -> Job:
    """The one picture that goes into the file `output`."""
    if len(inputs) != 1 or not names_one_file(inputs[0]):
        raise UsageError(f"-o {output}: several pictures cannot go into one file; give a folder")
    if is_moving(inputs[0]):
        container = result_container(inputs[0], output, format)
        if container is not None:
            asked = container_of(format) if format is not None else container
            if asked != container and container is not FRAMES:
                raise UsageError(
                    f"-o {output}: its suffix means {container.name}, but --format says {format}"
                )
            return Job({name: (inputs[0],)}, output, container.name, moving=True)
    elif (made := container_of(output.suffix)) is not None and made.name != "WEBP":
        raise UsageError(
            f"-o {output}: {made.name} is written of what moves, and {inputs[0]} does not; "
            "use a name like .png"
        )
    return Job({name: (inputs[0],)}, output, format_of_name(output, format))


def format_of_name(output: Path, asked: str | None) -> str:
    """The format that the name of a result means, which the one that is asked for has to be.

    Raises:
        UsageError: it is not, or none is written under such a name.
    """
    meant = format_for(output, None)
    if asked is not None and format_for(Path("x"), asked) != meant:
        raise UsageError(f"-o {output}: its suffix means {meant}, but --format says {asked}")
    return meant


def _job(
    found: Found, output: Path | None, ending: str, format: str | None, name: str, *, many: bool
) -> Job:
    source = found.source
    if is_moving(source):
        container = result_container(source, None, format)
        if container is not None:
            suffix = suffix_for(source, container, format)
            return _placed(found, output, ending, suffix, container.name, name,
                           many=many, moving=True)  # fmt: skip
    if format is not None and (named := container_of(format)) and named.muxer:
        format = None  # a word for videos says nothing of pictures
    meant = format_for(Path("x"), format) if format else _own_format(source)
    keep = not format and source.suffix.lower() in READABLE_SUFFIXES and _writable(source)
    suffix = source.suffix if keep else preferred_suffix(meant)
    return _placed(found, output, ending, suffix, meant, name, many=many)


def _placed(
    found: Found, output: Path | None, ending: str, suffix: str, format: str, name: str, *,
    many: bool, moving: bool = False,
) -> Job:  # fmt: skip
    source, meant = found.source, format
    renamed = source.with_name(f"{source.stem}{ending}{suffix}")
    place = source.relative_to(found.base).parent
    inputs = {name: (source,)}
    if output is None:
        return Job(inputs, renamed, meant, journal_folder=found.journal_folder, place=place,
                   moving=moving)  # fmt: skip
    folder = output if many else None
    target = output / place / renamed.name
    return Job(inputs, target, meant, journal_folder=folder, place=place, moving=moving)


def _own_format(source: Path) -> str:
    return format_for(source, None) if _writable(source) else "PNG"


def _writable(source: Path) -> bool:
    try:
        return format_for(source, None) in WRITABLE_FORMATS
    except UsageError:  # no suffix, or one of something else: decoding will tell
        return False


def _apart(jobs: list[Job], ending: str, output: Path | None) -> tuple[list[Job], tuple[str, ...]]:
    """Give pictures that would become one result names of their own.

    In one folder their whole names: `a.png` and `a.jpg.png`, where the one whose suffix is the
    result's own keeps its name. Of several inputs each gets a folder named after it, under the
    output. The rules give the same names in every run.
    """
    apart = list(jobs)
    for rename in (_by_whole_name, _by_folder):
        meeting = Counter(job.target for job in apart)
        apart = [
            replace(job, target=rename(job, ending, output)) if meeting[job.target] > 1 else job
            for job in apart
        ]
    renamed = [
        (job, job.target.name if job.target.parent == before.target.parent else job.target)
        for job, before in zip(apart, jobs, strict=True)
        if job.target != before.target
    ]
    if not renamed:
        return apart, ()
    first, shown = renamed[0]
    more = f", and {len(renamed) - 1:,} more likewise" if len(renamed) > 1 else ""
    return apart, (f"{first.source} becomes {shown}, since another picture has its name{more}",)


def _by_whole_name(job: Job, ending: str, output: Path | None) -> Path:
    if job.source.suffix.lower() == job.target.suffix.lower():
        return job.target
    return job.target.with_name(f"{job.source.name}{ending}{job.target.suffix}")


def _by_folder(job: Job, ending: str, output: Path | None) -> Path:
    """Below the output, in a folder named after the input that the picture was found in."""
    base = job.source.absolute().parents[len(job.place.parts)]
    return job.target if output is None else output / base.name / job.target.relative_to(output)


def _without_results(jobs: list[Job], named: set[Path]) -> list[Job]:
    """Leave out what an earlier run wrote beside its originals, unless it was named itself."""
    real = _Real()
    origins = {real(job.target): job.source for job in jobs}
    return [
        job
        for job in jobs
        if job.source in named or origins.get(real(job.source), job.source) == job.source
    ]


def check_targets(jobs: Sequence[Job], further: Sequence[Path] = ()) -> None:
    """Nothing that is written may replace an input, or another thing that is written.

    Args:
        jobs: all of a run.
        further: what is written beside their results.

    Raises:
        UsageError: names the two, and what to do.
    """
    real = _Real()
    sources = {real(file) for job in jobs for file in job.sources}
    partners = {
        real(file): name
        for job in jobs
        for name, files in job.inputs.items()
        for file in files
        if file != job.source
    }
    targets: dict[Path, Path] = {}
    for job in jobs:
        if job.target == STREAM:  # which as an input is another
            continue
        resolved = real(job.target)
        if resolved in partners:
            raise UsageError(
                f"{job.target}: is a {partners[resolved]} of this run; choose another -o"
            )
        if job.sources and resolved == real(job.source):
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
    for path in further:
        resolved = real(path)
        if resolved in sources:
            raise UsageError(f"{path}: is an input, and would be replaced; choose another name")
        if (file := real.file_above(path.parent)) is not None:
            raise UsageError(f"{path}: {file} is a file; choose another name")
        if resolved in targets:
            raise UsageError(
                f"{path}: would be written twice, of {targets[resolved]} too; choose another name"
            )
        targets[resolved] = path


class _Real:
    """Paths with their links resolved. Folders are looked at once, however much they hold."""

    def __init__(self) -> None:
        self._folder = cache(Path.resolve)
        self.file_above = cache(self._file_above)

    def __call__(self, path: Path) -> Path:
        # Not Path.is_symlink, which raises for names that are too long to be any file's.
        linked = os.path.islink(path)  # noqa: PTH114
        try:
            return path.resolve() if linked else self._folder(path.parent) / path.name
        except (OSError, RuntimeError):  # links in a circle, which decoding will tell
            return path.absolute()

    def _file_above(self, folder: Path) -> Path | None:
        """The first of a folder and those above it that is in truth a file."""
        return next((path for path in self._upward(folder) if path.is_file()), None)

    def _upward(self, folder: Path) -> Iterator[Path]:
        yield folder
        yield from folder.parents
