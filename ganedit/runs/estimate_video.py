"""What a video would take: how many frames, how long, how large."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from ganedit.errors import GaneditError
from ganedit.image import Image, encode
from ganedit.runs.jobs import Job
from ganedit.runs.picture import stills_of
from ganedit.runs.work import Work
from ganedit.task import Apply
from ganedit.video.encoding import SegmentWriter, choose_encoding
from ganedit.video.kinds import VIDEO_SUFFIXES, container_named
from ganedit.video.scanning import look
from ganedit.video.segments import Source, find_source, moving_inputs
from ganedit.video.track import Track

# Frames that are edited to see how long one takes; the first of them pays for what is done once.
SAMPLES = 4


def of_videos(jobs: list[Job], work: Work) -> Iterator[str]:
    """What each video would take, in lines.

    Raises:
        GaneditError: the device or the weights cannot be used.
    """
    device, *_ = work.run.placement.devices
    placement = replace(work.run.placement, device=device)
    work = replace(work, run=replace(work.run, placement=placement))
    apply = work.load(work.runtime())
    for job in jobs:
        try:
            yield f"{job.source}: {_told(job, apply, work)}"
        except GaneditError as error:
            yield f"ganedit: {error}"


def _told(job: Job, apply: Apply, work: Work) -> str:
    options, files = work.run.video, work.run.files
    sources: dict[str, Source] = {}
    for name, paths in moving_inputs(job.inputs, work.task.shared).items():
        if paths[0].suffix.lower() in VIDEO_SUFFIXES:
            sources[name] = Source(paths, look(paths[0], SAMPLES))
        else:
            sources[name] = find_source(
                paths, options, lenient=files.allow_truncated, max_pixels=files.max_pixels
            )
    track = next(iter(sources.values())).track
    share = (min(options.end or track.seconds, track.seconds) - (options.start or 0)) / max(
        track.seconds, 1e-9
    )
    total = track.total or len(track.keys)
    frames = max(1, round(total * min(1.0, max(0.0, share))))
    seconds, size = _measured(job, sources, apply, work)
    width, height = work.size_for((track.width, track.height))
    left = tqdm.format_interval(frames * seconds)
    return (
        f"{frames:,} frames of {track.width}×{track.height}, {track.seconds * share:.1f} seconds; "
        f"about {left} on this machine, a result of {width}×{height} and about "
        f"{frames * size / 1e6:,.1f} MB"
    )


def _measured(
    job: Job, sources: Mapping[str, Source], apply: Apply, work: Work
) -> tuple[float, float]:
    """Seconds and bytes that a frame takes."""
    stills = stills_of(job, work, set(sources))
    read = zip(*(source.read(source.track.keys) for source in sources.values()), strict=False)
    results, seconds = list[Image](), list[float]()
    for pictures in islice(read, SAMPLES):
        named = dict(zip(sources, pictures, strict=True))
        given = {n: (named[n],) if n in named else stills.get(n, ()) for n in job.inputs}
        started = time.perf_counter()
        results.append(apply(given, job.variant, lambda done: None))
        seconds.append(time.perf_counter() - started)
    track, container = next(iter(sources.values())).track, container_named(job.format)
    return min(seconds), _bytes(results, track, job, work) if not container.pictured else (
        _picture_bytes(results[-1])
    )


def _bytes(results: list[Image], track: Track, job: Job, work: Work) -> float:
    size = (results[0].width, results[0].height)
    encoding = choose_encoding(track, size, container_named(job.format), work.run.video)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.mkv"
        with SegmentWriter(path, encoding) as writer:
            for picture in results:
                writer.add(picture)
        return path.stat().st_size / len(results)


def _picture_bytes(picture: Image) -> float:
    import io

    content = io.BytesIO()
    encode(picture, "PNG", target=content)
    return content.getbuffer().nbytes
