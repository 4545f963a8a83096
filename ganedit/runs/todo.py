"""What is left to do of a plan: what is finished is skipped, what is not ours is refused."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ganedit.errors import ImageError, OutputError
from ganedit.runs.jobs import Job
from ganedit.runs.journal import Records
from ganedit.runs.options import STREAM
from ganedit.runs.outcomes import Outcome
from ganedit.runs.video_files import first_result, source_files
from ganedit.runs.work import Work, digest
from ganedit.video.kinds import FRAMES


@dataclass
class Todo:
    """Jobs by what there is of their results already."""

    jobs: list[Job] = field(default_factory=list)
    """To do."""
    finished: list[Job] = field(default_factory=list)
    refused: list[Outcome] = field(default_factory=list)
    """Their results exist, and nothing tells that they are what this run would make."""
    replaceable: set[Path] = field(default_factory=set)
    """Those of a picture, its preview and what goes beside it that are there, and may be made again
    with the others, or with a file that the options ask for."""


def find_todo(jobs: list[Job], work: Work, records: Mapping[Path, Records]) -> Todo:
    """Find out which jobs are to do, which are finished, and which are refused."""
    result, files = Todo(), work.run.files
    digests = {video: digest(work.provenance(video=video)) for video in (False, True)}
    for job in jobs:
        provenance = digests[job.moving]
        results = _results(job, preview=files.preview)
        existing = [path for path in results if path != STREAM and os.path.lexists(path)]
        if files.overwrite or not existing:
            result.jobs.append(job)
            continue
        known = records[job.journal_folder] if job.journal_folder is not None else None
        sources = _sources(job) if known else ()
        foreign = [
            path for path in existing if not (known and known.has(path, sources, provenance))
        ]
        if foreign:
            error = OutputError(f"{foreign[0]}: exists already; add --overwrite to replace it")
            result.refused.append(Outcome(job, error))
        elif len(existing) == len(results):
            result.finished.append(job)
        else:
            result.jobs.append(job)
            result.replaceable.update(existing)
    if not result.jobs and not all(path.exists() for _, path in work.options.written()):
        _redo_one(result, preview=files.preview)
    return result


def _redo_one(todo: Todo, *, preview: bool) -> None:
    """A file that is asked for beside the results is not there: it is made with one of them."""
    # Numbered frames would all have to be made again.
    again = next((job for job in todo.finished if job.format != FRAMES.name), None)
    if again is not None:
        todo.finished.remove(again)
        todo.jobs.append(again)
        todo.replaceable.update(_results(again, preview=preview))


def _sources(job: Job) -> Sequence[Path]:
    try:
        return source_files(job)
    except ImageError:
        return ()  # frames are missing, of which nothing was made


def _results(job: Job, *, preview: bool) -> list[Path]:
    """The files that a job makes; of numbered frames the first."""
    if not job.moving:
        further = [job.preview if preview else None, job.beside]
        return [job.target, *filter(None, further)]
    first = first_result(job)
    return [first, job.preview, job.clip] if preview and job.format != FRAMES.name else [first]


def read_records(jobs: list[Job]) -> dict[Path, Records]:
    """What the journals say, without the right to add to them."""
    folders = {job.journal_folder for job in jobs}
    return {folder: Records(folder) for folder in folders if folder is not None}
