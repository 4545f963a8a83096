"""The engine of one machine: several pictures in work at once, each in a thread of its own.

While one picture's network runs, another's is decoded and a third is encoded. On a CPU there are
as many pictures as cores and each is computed by one thread, so that no core waits for another;
on a GPU a few threads more than take turns at the device keep pictures ready for it.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING

from ganedit.image import Image, size_of
from ganedit.runs.crew import FrameCrew
from ganedit.runs.jobs import Job
from ganedit.runs.outcomes import JobProgress, Outcome, Outcomes
from ganedit.runs.picture import edit_picture
from ganedit.runs.stopping import CREW
from ganedit.runs.work import Work
from ganedit.runtime import Runtime, limited_threads, threads
from ganedit.task import Apply, Pictures, Progress

if TYPE_CHECKING:
    from ganedit.video.segments import Segment

# Pictures at a GPU at once: while one's result is fetched, another is computed.
DEVICE_TURNS = 2
# More threads than this beside a GPU only wait.
MOST_AT_DEVICE = 16
# Frames of one video that a thread can read, steady and encode while others edit as many.
MOST_FRAMES = 8
# What a picture takes while it is in work: samples of input and result with a copy of each, and
# what a network holds for a pixel of the largest window that it looks at.
PIXEL_BYTES, WINDOW_PIXEL_BYTES, WINDOW_PIXELS = 8, 2048, 512 * 512
# Of a video: each frame that is read and settled; each that is averaged, as integers and floats;
# and their mean, with what a coder looks ahead.
READ_PIXEL_BYTES, FRAME_PIXEL_BYTES, MEAN_PIXEL_BYTES = 5, 12, 60


@dataclass(frozen=True)
class Lanes:
    """How many pictures are in work at once, and how many threads compute each."""

    pictures: int
    threads: int
    frames: int = 1
    """How many frames of each at once, where they are segments."""

    @classmethod
    def of(cls, work: Work, runtime: Runtime) -> "Lanes":
        """What keeps the machine busy, or what the user asked for."""
        cores = threads()
        usual = cores
        if runtime.device.type != "cpu":
            usual = min(DEVICE_TURNS + cores, MOST_AT_DEVICE)
        elif work.segments:
            usual = -(-cores // MOST_FRAMES)
        pictures = max(1, min(work.run.folders.jobs or usual, work.pictures))
        each = max(1, cores // pictures)
        if runtime.device.type != "cpu" or not work.segments:
            return cls(pictures, each)
        # Each frame in work has a window of its own.
        room = work.budget // (pictures * WINDOW_PIXEL_BYTES * WINDOW_PIXELS)
        return cls(pictures, 1, max(1, min(each, room)))


class MemoryBudget:
    """Bytes that the pictures in work may take together; one that needs more works alone."""

    def __init__(self, limit: int) -> None:
        self._limit, self._taken = limit, 0
        self._changed = threading.Condition()
        # One waits at a time: behind a large picture small ones do not slip in for ever.
        self._first = threading.Lock()

    @contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Hold `size` bytes; waits until they are free."""
        with self._first, self._changed:
            self._changed.wait_for(lambda: not self._taken or self._taken + size <= self._limit)
            self._taken += size
        try:
            yield
        finally:
            with self._changed:
                self._taken -= size
                self._changed.notify_all()


def edit_overlapped(
    jobs: Iterator[Job], work: Work, progress: JobProgress, runtime: Runtime | None = None
) -> Outcomes:
    """Edit jobs on one device.

    Args:
        jobs: asked for the next one whenever a thread is free, by one thread at a time. When it
            ends, the pictures in work are finished.
        work: what is done to them.
        progress: told by the threads how far each picture is.
        runtime: the device, if it was chosen before.

    Raises:
        GaneditError: the device or the weights cannot be used.
    """
    runtime = runtime or work.runtime()
    lanes, apply = Lanes.of(work, runtime), _in_turns(work.load(runtime), runtime)
    memory = MemoryBudget(work.budget)
    ready: SimpleQueue[Outcome | BaseException | None] = SimpleQueue()
    asking = threading.Lock()

    def edit_next(crew: FrameCrew) -> bool:
        with asking:
            job = next(jobs, None)
        if job is None:
            return False
        with memory.taken(bytes_for(job, work)):
            ready.put(edit_picture(job, apply, work, progress, crew))
        return True

    def edit_all() -> None:
        crew = FrameCrew(lanes.frames)
        try:
            while edit_next(crew):
                pass
        except BaseException as error:
            ready.put(error)
        crew.close()
        ready.put(None)

    with limited_threads(lanes.threads):
        # Not a pool, whose threads hold up an interpreter that is to stop now.
        crew = [
            threading.Thread(target=edit_all, name=CREW, daemon=True) for _ in range(lanes.pictures)
        ]
        for thread in crew:
            thread.start()
        working = len(crew)
        while working:
            outcome = ready.get()
            if outcome is None:
                working -= 1
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                yield outcome


def _in_turns(apply: Apply, runtime: Runtime) -> Apply:
    """At a GPU, whose memory holds a few windows only, so many pictures at a time."""
    turn: AbstractContextManager[object] = nullcontext()
    if runtime.device.type != "cpu":
        turn = threading.BoundedSemaphore(DEVICE_TURNS)

    def apply_in_turn(pictures: Pictures, variant: str, progress: Progress) -> Image:
        with turn:
            return apply(pictures, variant, progress)

    return apply_in_turn


def _segment_bytes(segment: "Segment", work: Work) -> int:
    """About what a segment takes: some frames with what was added to each, and a coder's own."""
    track = next(iter(segment.sources.values())).track
    pixels = track.width * track.height
    width, height = work.size_for((track.width, track.height))
    frames, read = 2 * segment.steadiness.reach + 1, 2 * segment.steadiness.settling + 1
    samples = (MEAN_PIXEL_BYTES + FRAME_PIXEL_BYTES * frames) * (pixels + width * height)
    samples += READ_PIXEL_BYTES * read * pixels
    return samples + WINDOW_PIXEL_BYTES * min(pixels, WINDOW_PIXELS)


def bytes_for(job: Job, work: Work) -> int:
    """About what a job takes while it is in work; nothing for one that will be refused."""
    if job.segment is not None:
        return _segment_bytes(job.segment, work)
    try:
        sizes = [size_of(path) for path in job.sources]
        width, height = work.size_for(sizes[0] if sizes else (0, 0))
    except Exception:  # whatever is wrong, editing says it
        return 0
    pixels = sum(wide * high for wide, high in sizes)
    samples = PIXEL_BYTES * (pixels + width * height)
    return samples + WINDOW_PIXEL_BYTES * min(pixels or width * height, WINDOW_PIXELS)
