"""From what the user gave to jobs: which files become which, decided before any work starts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ganedit.errors import UsageError
from ganedit.image import format_for, preferred_suffix
from ganedit.options import changed, names_result, place_beside
from ganedit.runs.inputs import names_one_file
from ganedit.runs.jobs import Job, Plan, Sheet
from ganedit.runs.options import STREAM, RunOptions
from ganedit.runs.pairing import Partner, pictures_in
from ganedit.runs.placing import (
    check_suffix,
    check_targets,
    format_of_name,
    means_file,
    plan_pictures,
)
from ganedit.task import Input, Task


@dataclass(frozen=True)
class Given:
    """What the user gave for the inputs of a task."""

    files: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    """By the name of the input; pictures to edit may be folders, globs and lists too."""
    folders: Mapping[str, Path] = field(default_factory=dict)
    """Of masks that pair by name (`--masks`), or of pictures that each give a result
    (`--styles`)."""

    options: frozenset[str] = frozenset()
    """Names of the task's options that were given."""

    def counts(self, edited: Input | None) -> dict[str, int]:
        """How much is given for each input and option; nothing of what was left out.

        Of the input that is edited a folder, a glob or a list counts as two: it is several
        pictures. Of others each is one, `@NAME` too.
        """
        several = edited.name if edited is not None else None
        files = {
            name: sum(2 if name == several and not names_one_file(file) else 1 for file in files)
            for name, files in self.files.items()
            if files
        }
        return {**dict.fromkeys((*self.options, *self.folders), 1), **files}


def plan_jobs(task: Task[Any], options: Any, given: Given, run: RunOptions) -> Plan:
    """All results of a task for what was given.

    Raises:
        UsageError: inputs or options that contradict each other, an input without pictures, two
            inputs to one output, an output that is an input or lies inside a file, several inputs
            into one file, or an output suffix that contradicts the format.
    """
    _check_given(task, given)
    edited = task.edited
    task.check(options, given.counts(edited))
    if edited is not None and edited.number and not given.files.get(edited.name):
        edited = None  # the number says what is drawn
    if edited is None and run.files.preview:
        raise UsageError("--preview: a picture that is drawn has no before; leave it out")
    names = task.variants(options)
    if edited is None:
        plan = Plan([_drawn(task, options, run, several=len(names) > 1)])
    else:
        plan = plan_pictures(
            given.files.get(edited.name, ()),
            task.label(options) or task.name,
            run,
            edited.name,
            task.labels(options),
        )
        plan = plan if edited.moving else _stills(plan, task)
    partners = [_partner(each, given) for each in task.inputs if each != task.edited]
    jobs = [_with_partners(job, partners, several=len(plan.jobs) > 1) for job in plan.jobs]
    shared = [each for each in task.inputs if each.given == "shared" and each.name in given.folders]
    groups = [_variants(job, names, shared[0].name if shared else None, given) for job in jobs]
    if edited is None and run.files.output is not None:
        groups = [_as_named(group, run.files.output, run.files.suffix or "") for group in groups]
    if any(len(group) > 1 for group in groups) and any(job.target == STREAM for job in jobs):
        raise UsageError("-o -: several pictures cannot go to standard output; give a folder")
    sheets = [
        Sheet(_sheet_of(job, group), group)
        for job, group in zip(jobs, groups, strict=True)
        if len(group) > 1 and task.sheet(options) and not job.moving
    ]
    still = edited is not None and not any(job.moving for job in jobs)
    if still and (flags := changed(run.video)):
        note = f"{', '.join(flags)}: no effect on pictures that do not move"
        plan = replace(plan, notes=(*plan.notes, note))
    all_jobs = _with_pictures_beside([job for group in groups for job in group], options)
    further = [path for job in all_jobs for path in (job.beside, *_previews(job, run)) if path]
    for each, path in options.written():
        if shared:
            raise UsageError(f"{each.flag} is of one {shared[0].name}; give --{shared[0].name}")
        further.append(path)
    check_targets(all_jobs, [*further, *(sheet.path for sheet in sheets)])
    return replace(plan, jobs=all_jobs, sheets=sheets)


def _previews(job: Job, run: RunOptions) -> tuple[Path, ...]:
    if not run.files.preview:
        return ()
    return (job.preview, job.clip) if job.moving else (job.preview,)


def _with_pictures_beside(jobs: list[Job], options: Any) -> list[Job]:
    """The jobs, knowing where the picture goes that the task makes with each result.

    It is of what was given, and the same for all variants: the first of them writes it.
    """
    for each, path in options.beside():
        if moving := next((job for job in jobs if job.moving), None):
            raise UsageError(f"{each.flag}: is of pictures; {moving.source} moves")
        first = {job.sources: job for job in reversed(jobs)}
        if names_result(path):
            if len(first) > 1:
                raise UsageError(f"{each.flag} {path}: is one file, for one picture; give a folder")
            format_for(path, None)
        stems = Counter((job.place, job.source.stem) for job in first.values())
        for number, job in enumerate(jobs):
            if job is first[job.sources]:
                alone = stems[job.place, job.source.stem] == 1
                name = job.source.stem if alone else job.source.name
                place = place_beside(path, job.place / name, each.option.beside)
                jobs[number] = replace(job, beside=place)
    return jobs


def _stills(plan: Plan, task: Task[Any]) -> Plan:
    """The plan without videos and animations, for a task that takes none."""
    kept, moving = ([job for job in plan.jobs if job.moving is m] for m in (False, True))
    if not kept:
        raise UsageError(f"{moving[0].source}: {task.name} takes pictures, and no animations")
    if moving:
        plan.left_out["videos and animations"] += len(moving)
    return replace(plan, jobs=kept)


def _check_given(task: Task[Any], given: Given) -> None:
    if sum(list(files).count(STREAM) for files in given.files.values()) > 1:
        raise UsageError("standard input can be one picture only; give files for the others")
    for each in task.inputs:
        files, folder = given.files.get(each.name, ()), given.folders.get(each.name)
        if files and folder is not None:
            raise UsageError(f"give one of --{each.name} and --{each.name}s")
        if len(files) > each.most and each.given != "each":
            raise UsageError(f"--{each.name}: at most {each.most}, not {len(files)}")
        if folder is not None and folder.is_file():
            raise UsageError(f"--{each.name}s {folder}: is a file; give --{each.name}")
        if folder is not None and not folder.is_dir():
            raise UsageError(f"--{each.name}s {folder}: no such folder")
        if each.given != "each" and any(file.is_dir() for file in files):
            raise UsageError(f"--{each.name} {files[0]}: is a folder; give --{each.name}s")
        for file in files if each.given == "shared" else ():
            if file != STREAM and not each.file(file).exists():
                raise UsageError(f"--{each.name} {file}: does not exist; check the name")
        if each.required and not (given.files.get(each.name) or each.name in given.folders):
            raise UsageError(f"give --{each.name}: {each.help}")


def _partner(each: Input, given: Given) -> Partner:
    folder = given.folders.get(each.name) if each.given == "paired" else None
    files = tuple(map(each.file, given.files.get(each.name, ())))
    return Partner(each.name, files, folder, shared=each.given == "shared")


def _with_partners(job: Job, partners: Sequence[Partner], *, several: bool) -> Job:
    """The job with the pictures that go with the one that is edited."""
    inputs, lacks = dict(job.inputs), ""
    for partner in partners:
        if partner.files and several and not partner.shared:
            raise UsageError(
                f"--{partner.name} is for one picture; for several give --{partner.name}s DIR"
            )
        inputs[partner.name] = partner.of(job.source, job.place, moving=job.moving)
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


def _as_named(drawn: tuple[Job, ...], output: Path, suffix: str) -> tuple[Job, ...]:
    """What is drawn, called as the user said: by a name of its own, or by that of its folder.

    A folder says what is in it: there, results need nothing but the names of variants.
    """
    if drawn[0].journal_folder is not None:
        return tuple(
            replace(job, target=job.target.with_stem(job.variant + suffix)) if job.variant else job
            for job in drawn
        )
    return drawn if len(drawn) > 1 else (replace(drawn[0], target=output),)


def _sheet_of(job: Job, group: tuple[Job, ...]) -> Path:
    """Beside the results, its name the beginning that theirs have in common."""
    prefixed = group[0].target.stem.startswith(job.target.stem)
    return job.target.with_name(f"{job.target.stem}_sheet.png" if prefixed else "sheet.png")


def _named(target: Path, *names: str) -> Path:
    return target.with_stem("_".join([target.stem, *filter(None, names)]))


def _drawn(task: Task[Any], options: Any, run: RunOptions, *, several: bool) -> Job:
    """The job of a task that takes no picture to edit."""
    files = run.files
    stem = task.label(options) or task.name
    format = format_for(Path("x"), files.format) if files.format else "PNG"
    output = files.output
    check_suffix(files.suffix)
    if output == STREAM:
        return Job({}, STREAM, format)
    if output is not None and means_file(output, several=several):
        check_suffix(files.suffix, output)
        return Job({}, output, format_of_name(output, files.format))
    folder = output or Path()
    target = folder / f"{stem}{files.suffix or ''}{preferred_suffix(format)}"
    return Job({}, target, format, journal_folder=folder)
