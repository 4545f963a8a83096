"""What became of each picture, as a line of JSON, written as it goes."""

import json
from typing import Any, Self

from ganedit.errors import OutputError
from ganedit.runs.jobs import Job
from ganedit.runs.lines import LineFile
from ganedit.runs.options import STREAM, RunOptions
from ganedit.runs.outcomes import Outcome
from ganedit.runs.saying import say
from ganedit.runs.work import Work


class Report:
    """Writes to the file that was asked for, to the terminal if that was, or nowhere."""

    def __init__(self, work: Work, options: RunOptions) -> None:
        self._provenances = {video: work.provenance(video=video) for video in (False, True)}
        self._printed = options.json
        report = options.folders.report
        self._file = LineFile(report) if report is not None else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file:
            self._file.__exit__(*error)

    def done(self, outcome: Outcome) -> None:
        """A picture that is finished.

        Raises:
            OutputError: the file, or standard output, cannot be written; so for the others.
        """
        self._write(
            outcome.job,
            "done",
            input_size=outcome.input_size,
            output_size=outcome.output_size,
            input_bytes=sum(stamp.bytes for stamp in outcome.sources[:1]),
            output_bytes=outcome.results[0].stamp.bytes,
            seconds=round(outcome.seconds, 3),
            notes=outcome.notes,
        )

    def failed(self, outcome: Outcome) -> None:
        """A picture that could not be edited."""
        seconds = round(outcome.seconds, 3)
        self._write(outcome.job, "failed", error=str(outcome.error), seconds=seconds)

    def skipped(self, job: Job) -> None:
        """A picture that was finished before."""
        self._write(job, "skipped")

    def _write(self, job: Job, status: str, **facts: Any) -> None:
        if not self._printed and self._file is None:
            return
        more = dict(list(job.inputs.items())[1:])
        line = json.dumps({
            "input": str(job.source), "output": None if status == "failed" else str(job.target),
            "status": status,
            **({"variant": job.variant} if job.variant else {}),
            **{name: list(map(str, paths)) for name, paths in more.items() if paths},
            **facts, **self._provenances[job.moving],
        })  # fmt: skip
        # Where the picture itself goes to standard output, what is said of it does not.
        if self._printed and not say(line, error=job.target == STREAM):
            raise OutputError("--json: standard output cannot be written; is its disk full?")
        if self._file:
            self._file.append(line)
