"""One segment of a video: its frames read, edited, steadied and encoded, one after another."""

import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from os import getpid
from pathlib import Path

from ganedit.image import Image, format_for, stage
from ganedit.runs.jobs import Job
from ganedit.runs.outcomes import JobProgress, Outcome, Staged
from ganedit.runs.stamps import Stamp
from ganedit.runs.work import Work
from ganedit.scene import Scene, within
from ganedit.task import Apply, Pictures
from ganedit.video.encoding import SegmentWriter
from ganedit.video.kinds import FRAMES
from ganedit.video.segments import Segment
from ganedit.video.settling import settled
from ganedit.video.steadying import NONE, steadied


def edit_segment(
    job: Job, stills: Pictures, apply: Apply, work: Work, progress: JobProgress
) -> Outcome:
    """Make one segment and stage it.

    Args:
        job: with its segment.
        stills: the pictures that are the same for all frames.
        apply: the loaded task.
        work: what is done.
        progress: told after each frame.

    Raises:
        GaneditError: a frame cannot be read, edited or written.
    """
    started, segment = time.perf_counter(), _segment_of(job)
    partial = segment.path.with_name(f".{segment.path.name}.part{getpid()}")
    edited = _edited(job, segment, stills, apply, progress)
    results: Iterator[Image] = (
        (result for _, result, _ in edited)
        if segment.steadiness == NONE
        else steadied(edited, segment.steadiness, local=work.task.local)
    )
    own = _own(results, segment)
    first: Image | None = None
    if segment.encoding is not None:
        with SegmentWriter(partial, segment.encoding) as writer:
            for picture, times in own:
                first = first or picture
                for _ in range(times):
                    writer.add(picture)
        size = partial.stat().st_size
    else:
        first, size = _write_pictures(own, partial, job, work)
    assert first is not None
    return Outcome(
        job,
        results=(Staged(partial, segment.path, Stamp(size, 0, "")),),
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
    job: Job, segment: Segment, stills: Pictures, apply: Apply, progress: JobProgress
) -> Iterator[tuple[Image, Image, int]]:
    """Input, result and scene of every frame that is looked at."""
    names, scene = list(job.inputs), -1
    held = Scene()
    start, stop = segment.edited
    pictures_of = [source.read(source.track.keys) for source in segment.sources.values()]
    if segment.steadiness.settling:
        together = zip(pictures_of[0], segment.scenes, strict=True)
        pictures_of[0] = settled(together, segment.steadiness.settling)

    def edit(pictures: Mapping[str, Image]) -> Image:
        given = {
            name: (pictures[name],) if name in pictures else stills.get(name, ()) for name in names
        }
        with within(held):
            return apply(given, job.variant, lambda done: None)

    for number, pictures in enumerate(zip(*pictures_of, strict=True)):
        if not start <= number < stop:
            continue
        named = dict(zip(segment.sources, pictures, strict=True))
        new = segment.scenes[number] != scene
        if new:
            scene, held = segment.scenes[number], Scene()
        result = edit(named)
        if new and held.held:
            # The middle of a scene speaks for it, as it is read, wherever a segment begins.
            wanted = segment.references[scene]
            keys = {name: source.track.keys[number] for name, source in segment.sources.items()}
            if wanted != keys or segment.steadiness.settling:
                held = Scene()
                edit({
                    name: next(iter(source.read([wanted[name]])))
                    for name, source in segment.sources.items()
                })  # fmt: skip
                result = edit(named)
        progress(job, (number + 1 - start) / (stop - start))
        yield pictures[0], result, scene


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
            file = folder / f"{number:06d}"
            number += 1
            stage(picture, file, job.target, format=format,
                  quality=files.quality if as_asked else None)  # fmt: skip
            size += file.stat().st_size
    return first, size
