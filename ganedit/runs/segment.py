"""One segment of a video: its frames read, edited, steadied and encoded, one after another."""

import shutil
import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from os import getpid
from pathlib import Path

from ganedit.image import Image, format_for, stage
from ganedit.runs.crew import FrameCrew
from ganedit.runs.jobs import Job
from ganedit.runs.outcomes import JobProgress, Outcome, Staged
from ganedit.runs.stamps import Stamp
from ganedit.runs.work import Work
from ganedit.scene import Scene, within
from ganedit.task import Apply, Pictures
from ganedit.video.encoding import SegmentWriter
from ganedit.video.kinds import FRAMES
from ganedit.video.segments import Segment, picture_name
from ganedit.video.settling import settled
from ganedit.video.steadying import NONE, steadied


def edit_segment(
    job: Job, stills: Pictures, apply: Apply, work: Work, progress: JobProgress, crew: FrameCrew
) -> Outcome:
    """Make one segment and stage it.

    Args:
        job: with its segment.
        stills: the pictures that are the same for all frames.
        apply: the loaded task.
        work: what is done.
        progress: told after each frame.
        crew: what edits the frames.

    Raises:
        GaneditError: a frame cannot be read, edited or written.
    """
    started, segment = time.perf_counter(), _segment_of(job)
    staged = segment.path.with_name(f".{segment.path.name}.part{getpid()}")
    edited = _edited(job, segment, stills, apply, progress, crew)
    results: Iterator[Image] = (
        (result for _, result, _ in edited)
        if segment.steadiness == NONE
        else steadied(edited, segment.steadiness, local=work.task.local)
    )
    own = _own(results, segment)
    first: Image | None = None
    if segment.encoding is not None:
        with SegmentWriter(staged, segment.encoding) as writer:
            for picture, times in own:
                first = first or picture
                for _ in range(times):
                    writer.add(picture)
        size = staged.stat().st_size
    else:
        first, size = _write_pictures(own, staged, job, work)
    assert first is not None
    return Outcome(
        job,
        results=(Staged(staged, segment.path, Stamp(size, 0, "")),),
        bytes=size,
        input_size=(segment.sources[next(iter(segment.sources))].track.width,
                    segment.sources[next(iter(segment.sources))].track.height),
        output_size=(first.width, first.height),
        seconds=time.perf_counter() - started,
        notes=first.notes,
    )  # fmt: skip


def _segment_of(job: Job) -> Segment:
    assert job.segment is not None
    return job.segment


def _edited(
    job: Job, segment: Segment, stills: Pictures, apply: Apply, progress: JobProgress,
    crew: FrameCrew,
) -> Iterator[tuple[Image, Image, int]]:  # fmt: skip
    """Input, result and scene of every frame that is edited, in order."""
    start, stop = segment.edited
    finished, begun = 0, deque[tuple[Image, Future[Image], int]]()

    def finish() -> tuple[Image, Image, int]:
        nonlocal finished
        before, result, scene = begun.popleft()
        edited = before, result.result(), scene
        finished += 1
        progress(job, finished / (stop - start))
        return edited

    for frame in _begun(job, segment, stills, apply, crew):
        begun.append(frame)
        # One waits, so that no thread does while results are steadied and encoded.
        if len(begun) > crew.at_once:
            yield finish()
    while begun:
        yield finish()


def _begun(
    job: Job, segment: Segment, stills: Pictures, apply: Apply, crew: FrameCrew
) -> Iterator[tuple[Image, Future[Image], int]]:
    """The same, before they are finished."""
    names, scene = list(job.inputs), -1
    held = Scene()
    start, stop = segment.edited
    pictures_of = [source.read(source.track.keys) for source in segment.sources.values()]
    if segment.steadiness.settling:
        together = zip(pictures_of[0], segment.scenes, strict=True)
        pictures_of[0] = settled(together, segment.steadiness.settling)

    def edit(pictures: Mapping[str, Image], held: Scene) -> Image:
        given = {
            name: (pictures[name],) if name in pictures else stills.get(name, ()) for name in names
        }
        with within(held):
            return apply(given, job.variant, lambda done: None)

    known, crew.edges = crew.edges, {}
    for number, pictures in enumerate(zip(*pictures_of, strict=True)):
        if not start <= number < stop:
            continue
        keys = {name: source.track.keys[number] for name, source in segment.sources.items()}
        key = (job.target, job.variant, *keys.values())
        result = known.pop(key, None)
        if result is None:
            named = dict(zip(segment.sources, pictures, strict=True))
            new = segment.scenes[number] != scene
            if new:
                scene, held = segment.scenes[number], Scene()
            result = crew.begin(partial(edit, named, held))
            if new:
                result.result()
            if new and held.held:
                # The middle of a scene speaks for it, as it is read, wherever a segment begins.
                wanted = segment.references[scene]
                if wanted != keys or segment.steadiness.settling:
                    held = Scene()
                    middle = {
                        name: next(iter(source.read([wanted[name]])))
                        for name, source in segment.sources.items()
                    }
                    crew.begin(partial(edit, middle, held)).result()
                    result = crew.begin(partial(edit, named, held))
        if number >= stop - 2 * segment.steadiness.reach:
            crew.edges[key] = result
        yield pictures[0], result, segment.scenes[number]


def _own(results: Iterator[Image], segment: Segment) -> Iterator[tuple[Image, int]]:
    """The frames that are the segment's own, each with how often it is shown."""
    for number, picture in enumerate(results):
        place = segment.edited[0] + number - segment.first
        if 0 <= place < len(segment.repeats):
            yield picture, segment.repeats[place]


def _write_pictures(
    own: Iterator[tuple[Image, int]], folder: Path, job: Job, work: Work
) -> tuple[Image | None, int]:
    """Each frame as a file of its own in a folder; the first of them, and bytes of all."""
    shutil.rmtree(folder, ignore_errors=True)
    as_asked = job.format == FRAMES.name
    format = format_for(Path(f"x{job.target.suffix}")) if as_asked else "PNG"
    files, first, size, number = work.run.files, None, 0, 0
    for picture, times in own:
        if files.strip_metadata:
            picture = replace(picture, metadata=picture.metadata.only_color())
        first = first or picture
        for _ in range(times):
            file = folder / picture_name(number)
            number += 1
            stage(picture, file, job.target, format=format,
                  quality=files.quality if as_asked else None)  # fmt: skip
            size += file.stat().st_size
    return first, size
