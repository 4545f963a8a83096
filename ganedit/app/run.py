"""Editing files: decode, edit, encode, and say what happened, one bad file at a time."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from ganedit.app.jobs import PREVIEW_SUFFIX, Job
from ganedit.app.options import FileOptions
from ganedit.errors import GaneditError, OutputError, WeightsError
from ganedit.image import Image, Metadata, check_limits, decode, save
from ganedit.task import Progress

# What is done to each picture; its job says what came with it, such as a mask.
Apply = Callable[[Job, Image, Progress], Image]


def run_jobs(
    jobs: Sequence[Job],
    apply: Apply,
    options: FileOptions,
    size_of: Callable[[int, int], tuple[int, int]],
) -> int:
    """Edit every job; returns the number that failed, each of which was told in one line.

    Args:
        jobs: what to do.
        apply: the loaded task.
        options: how files are handled.
        size_of: width and height of the result for those of an input, to refuse in time what
            the output format cannot hold.

    Raises:
        WeightsError: the task's weights cannot be used, which no other picture would mend.
    """
    failures = 0
    show = options.verbosity >= 0 and not options.json and sys.stderr.isatty()
    # Nothing is drawn for the first second: most single pictures are done by then.
    with tqdm(total=len(jobs), disable=not show, delay=1, leave=False, unit="picture",
              bar_format="{desc} {percentage:3.0f}% |{bar}| {remaining} left") as bar:  # fmt: skip
        for number, job in enumerate(jobs):
            bar.set_description_str(job.source.name, refresh=False)

            def progress(done: float, start: int = number) -> None:
                bar.update(start + done - bar.n)

            try:
                result = run_job(job, apply, options, size_of, progress)
            except WeightsError:
                raise
            except (GaneditError, OSError) as error:
                failures += 1
                told = str(error) if isinstance(error, GaneditError) else f"{job.source}: {error}"
                _fail(job, told, options)
            except MemoryError:
                failures += 1
                _fail(job, f"{job.source}: not enough memory; lower --memory or the size", options)
            else:
                _tell(result, options, bar)
            bar.update(number + 1 - bar.n)
    if failures and len(jobs) > 1 and not options.json:
        click.echo(f"{failures} of {len(jobs)} pictures failed", err=True)
    return failures


def run_job(
    job: Job,
    apply: Apply,
    options: FileOptions,
    size_of: Callable[[int, int], tuple[int, int]],
    progress: Callable[[float], None],
) -> dict[str, Any]:
    """Edit one picture; returns what was done, as plain data.

    Raises:
        GaneditError: in one line, why it could not be done. Nothing half-written is left.
    """
    started = time.perf_counter()
    results = [job.target, preview_path(job.target)] if options.preview else [job.target]
    for path in results:
        if path.exists() and not options.overwrite:
            raise OutputError(f"{path}: exists already; add --overwrite to replace it")
    limits = {} if options.max_pixels is None else {"max_pixels": options.max_pixels}
    image = decode(job.source, allow_truncated=options.allow_truncated, **limits)
    try:
        check_limits(job.format, *size_of(image.width, image.height))
        edited = apply(job, image, progress)
    except WeightsError:
        raise
    except GaneditError as error:
        message = str(error)
        prefix = "" if message.startswith(str(job.source)) else f"{job.source}: "
        raise type(error)(f"{prefix}{message}") from error
    if options.strip_metadata:
        # The profile stays: without it the colours would change.
        edited = replace(edited, metadata=Metadata(icc=edited.metadata.icc))
    notes = save(edited, job.target, format=job.format, quality=options.quality,
                 overwrite=options.overwrite)  # fmt: skip
    if options.preview:
        from ganedit.app.preview import write_preview

        write_preview(image, edited, preview_path(job.target), overwrite=options.overwrite)
    return {
        "input": str(job.source),
        "output": str(job.target),
        "input_size": [image.width, image.height],
        "output_size": [edited.width, edited.height],
        "seconds": round(time.perf_counter() - started, 3),
        "notes": [*edited.notes, *notes],
    }


def preview_path(target: Path) -> Path:
    """Where the before/after picture of a result goes."""
    return target.with_name(f"{target.name}{PREVIEW_SUFFIX}")


def _tell(result: dict[str, Any], options: FileOptions, bar: "tqdm[Any]") -> None:
    if options.json:
        click.echo(json.dumps(result))
        return
    if options.verbosity < 0:
        return
    for note in result["notes"]:
        bar.write(shown(f"{result['input']}: {note}"), file=sys.stderr)
    width, height = result["output_size"]
    line = f"{result['output']}  {width}×{height}  {result['seconds']:.1f} s"
    bar.write(shown(line), file=sys.stdout)


def _fail(job: Job, message: str, options: FileOptions) -> None:
    if options.json:
        click.echo(json.dumps({"input": str(job.source), "error": message}))
    click.echo(shown(f"ganedit: {message}"), err=True)


def shown(text: str) -> str:
    """A text that any terminal takes: file names may hold bytes that are no UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
