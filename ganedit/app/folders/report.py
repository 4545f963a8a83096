"""What became of each picture, as a line of JSON, written as it goes."""

import json
import sys
from typing import Any, Self

import click

from ganedit.app.folders.lines import LineFile
from ganedit.app.jobs import Job
from ganedit.app.options import RunOptions
from ganedit.app.picture import Outcome
from ganedit.app.recipe import Work


class Report:
    """Writes to the file that was asked for, to the terminal if that was, or nowhere."""

    def __init__(self, work: Work, options: RunOptions) -> None:
        self._made_with = work.made_with()
        self._printed = options.json
        self._file = LineFile(options.report) if options.report else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file:
            self._file.__exit__(*error)

    def done(self, outcome: Outcome) -> None:
        """A picture that is finished.

        Raises:
            OutputError: the file cannot be written; so for the others.
        """
        self._write(
            outcome.job,
            "done",
            input_size=outcome.input_size,
            output_size=outcome.output_size,
            input_bytes=outcome.sources[0].bytes,
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
        line = json.dumps({
            "input": str(job.source), "output": str(job.target), "status": status,
            **facts, **self._made_with,
        })  # fmt: skip
        if self._printed:
            click.echo(line, file=sys.stdout)
        if self._file:
            self._file.append(line)
