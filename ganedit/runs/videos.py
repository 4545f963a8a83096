"""Videos in a run: each becomes segments that an engine edits, and one file of them at the end.

Segments are kept in a hidden folder beside the result until it is there. What is finished of them
is not made again by the same command, whatever ended it: killed, out of disk, interrupted.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ganedit.errors import UsageError
from ganedit.runs.jobs import Job
from ganedit.runs.outcomes import JobProgress, Outcome, Outcomes, as_told
from ganedit.runs.saying import say
from ganedit.runs.video_work import VideoWork
from ganedit.runs.work import Work
from ganedit.video.kinds import is_numbered

# So many jobs are taken to be more than there are cores.
MANY = 1 << 16


class Videos:
    """The videos of a run, between its jobs and an engine that knows segments only."""

    def __init__(self, jobs: list[Job], work: Work, progress: JobProgress) -> None:
        self._work, self._progress = work, progress
        self._open: dict[Path, VideoWork] = {}
        # Those too that failed: segments of theirs that were in work are kept.
        self._known: dict[Path, VideoWork] = {}
        self._begun: set[Path] = set()
        self._refused: list[Outcome] = []
        self._adding = threading.Lock()
        moving = [job for job in jobs if job.moving]
        self.pictures = len(jobs) if not moving else MANY
        """How many pictures and segments there are at most."""
        self.alone = len(jobs) == 1 and bool(moving)
        """Whether all of them are segments of one video."""
        if self.alone:
            self._begin(jobs[0], alone=True)
            self.pictures = sum(len(list(video.jobs())) for video in self._open.values()) or 1

    def _begin(self, job: Job, *, alone: bool = False) -> None:
        self._begun.add(job.target)
        try:
            video = VideoWork(job, self._work)
        except Exception as error:  # as with pictures, one is not to stop the others
            told = as_told(job, error)
            named = str(told).startswith((str(job.source), str(job.target), "--"))
            if not (named or is_numbered(job.source)):
                told = type(told)(f"{job.source}: {told}")
            if alone and isinstance(told, UsageError):
                raise told from error
            with self._adding:
                self._refused.append(Outcome(job, told))
            return
        with self._adding:
            self._open[job.target] = self._known[job.target] = video

    def spread(self, jobs: Iterable[Job]) -> Iterator[Job]:
        """The jobs for the engine: pictures as they are, videos as their segments."""
        for job in jobs:
            if not job.moving:
                yield job
                continue
            if job.target not in self._begun:
                self._begin(job)
            if (video := self._open.get(job.target)) is not None:
                yield from video.jobs()

    def progress(self, job: Job, done: float) -> None:
        """Tell how much of a picture or video is done."""
        if job.segment is None:
            self._progress(job, done)
            return
        video = self._open.get(job.target)
        if video is not None:
            told = replace(job, segment=None, frames=video.frames)
            self._progress(told, video.share(job.segment, done))

    def gather(self, outcomes: Outcomes, seconds: Callable[[], float]) -> Outcomes:
        """What an engine yields, its segments joined to videos."""
        try:
            for outcome in outcomes:
                if outcome.job.segment is None:
                    yield outcome
                else:
                    self._known[outcome.job.target].take(outcome)
                yield from self._finished(seconds)
            yield from self._finished(seconds)
        except KeyboardInterrupt:
            for video in [each for each in self._open.values() if each.finished]:
                say(f"{video.job.source}: {len(video.finished)} of {len(video.segments)} segments "
                    "are kept; the same command goes on with the others")  # fmt: skip
            raise
        finally:
            outcomes.close()
            for video in self._known.values():
                video.close()

    def _finished(self, seconds: Callable[[], float]) -> Iterator[Outcome]:
        with self._adding:
            refused, self._refused = self._refused, []
            ready = [
                video for video in self._open.values() if video.complete or video.failed is not None
            ]
        yield from refused
        for video in ready:
            outcome = video.outcome(seconds())
            del self._open[video.job.target]
            yield outcome
            # Now it is in its place, or the run has noted why not: a file of that name may be
            # somebody else's.
            if outcome.error is None and outcome.results[0].in_place:
                video.remove()
