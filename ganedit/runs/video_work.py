"""One video of a run: its segments, kept until they are one file."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from ganedit import __version__
from ganedit.errors import GaneditError, ImageError, OutputError
from ganedit.image import Image, decode, output_errors
from ganedit.runs.jobs import Job
from ganedit.runs.outcomes import Outcome, Staged, as_told, discard
from ganedit.runs.pairing import plain
from ganedit.runs.stamps import Stamp
from ganedit.runs.video_files import first_number, source_files, stamps_of
from ganedit.runs.video_folder import VideoFolder
from ganedit.runs.work import Work, digest
from ganedit.video.encoding import choose_encoding, chroma_note, coded_size
from ganedit.video.fitting import beside, check_fits
from ganedit.video.joining import Joined, join
from ganedit.video.kinds import FRAMES, container_named, is_moving, is_numbered
from ganedit.video.pictures import numbered, numbered_files, write_animation
from ganedit.video.segments import (
    Segment,
    Source,
    Timeline,
    find_source,
    plan_segments,
    plan_timeline,
    with_steady_rate,
)
from ganedit.video.steadying import CALM, NONE, SHARP, Steadiness
from ganedit.video.track import Track

# GIFs that show a frame more briefly than this are shown slowly.
LEAST_MS = 20


class VideoWork:
    """One video: what it is made of, what is finished of it.

    Raises:
        GaneditError: it cannot be read, or not be made into what was asked for.
    """

    def __init__(self, job: Job, work: Work) -> None:
        self.job, self.work = job, work
        self.container = container_named(job.format)
        files = source_files(job)
        self.stamps = stamps_of(files, recorded=job.journal_folder is not None)
        self.failed: GaneditError | None = None
        self.finished: set[int] = set()
        self._kept = VideoFolder(job, self._key())
        self.folder = self._kept.path
        try:
            self._plan()
        except BaseException:
            self.close()
            raise

    def _key(self) -> str:
        """A name for all that the result depends on."""
        made_of = [(stamp.bytes, stamp.mtime_ns) for stamp in self.stamps]
        return digest({
            **self.work.provenance(video=True), "variant": self.job.variant, "sources": made_of,
            "format": self.job.format, "ganedit": __version__,
        })  # fmt: skip

    def _plan(self) -> None:
        job, work, options = self.job, self.work, self.work.run.video
        sources: dict[str, Source] = {}
        for name, paths in job.inputs.items():
            if not paths or name in work.task.shared:
                continue
            if not sources or len(paths) > 1 or is_moving(paths[0]):
                if sources and len(paths) > 1 and not self._one_each(sources, name, paths):
                    continue
                sources[name] = self._source(name, paths)
        self.timeline: Timeline = plan_timeline(sources, options)
        track = self.timeline.edited.track
        self.size = size = work.size_for((track.width, track.height))
        self.notes, encoding = list(track.notes), None
        if not self.container.pictured:
            encoding = choose_encoding(track, size, self.container, options)
            self.size = coded_size(encoding, size)
            self.notes += [*encoding.notes, *filter(None, [chroma_note(encoding, size)])]
            if work.run.files.quality is not None:
                self.notes.append(f"--quality: not for {self.container.name}; it has --crf")
            if track.kind == "container":
                self.notes += check_fits(self.original, self.container)
            if self.container.steady_rate and not track.steady() and options.fps is None:
                raise OutputError(
                    f"{job.target}: {self.container.name} cannot hold frames of different "
                    "durations; write MP4 or MKV, or give --fps"
                )
            if self.container.steady_rate:
                self.timeline = with_steady_rate(self.timeline)
        else:
            if options.codec or options.pixel_format or options.crf is not None:
                self.notes.append(
                    f"--codec, --crf and --pixel-format: not for {self.container.name}"
                )
            if track.kind == "container":
                self.notes += beside(self.original)
            if self.container is FRAMES and work.run.files.preview:
                self.notes.append("--preview: not for numbered frames")
        self.encoding = encoding
        self.segments: list[Segment] = plan_segments(
            self.timeline, self.folder, encoding, self._steadiness()
        )
        self.finished = {each.number for each in self.segments if each.finished}
        for segment in self.segments:
            if segment.number not in self.finished and segment.path.is_dir():
                shutil.rmtree(segment.path)  # some of its pictures are gone
        if self.container is FRAMES and not work.run.files.overwrite:
            self._refuse_foreign()
        self.shares = dict.fromkeys(self.finished, 1.0)

    def _refuse_foreign(self) -> None:
        """See that each frame can be put in its place, but for those that were by an earlier run.

        Raises:
            OutputError: a file is in the way.
        """
        for target, file in self._frames():
            if os.path.lexists(target) and not (file.exists() and _staged(file, target).in_place):
                raise OutputError(f"{target}: exists already; add --overwrite to replace it")

    def _steadiness(self) -> Steadiness:
        if self.work.run.video.no_steady:
            return NONE
        if self.work.task.local:  # most of a result is its input, bit for bit
            return replace(SHARP, settling=0)
        # What works at a size of its own paints the whole picture.
        return CALM if self.work.task.enlarges(self.work.options) else SHARP

    def _one_each(self, sources: dict[str, Source], name: str, paths: tuple[Path, ...]) -> bool:
        """Whether several pictures are one for each frame, and not all of them for every frame."""
        frames = len(next(iter(sources.values())).track.keys)
        each = next(each for each in self.work.task.inputs if each.name == name)
        # Several that are named after the video are for all of it; others are for its frames.
        named = all(plain(path.stem).startswith(plain(self.job.source.stem)) for path in paths)
        if len(paths) != frames and (len(paths) > each.most or not named):
            raise ImageError(
                f"{self.job.source}: {len(paths)} pictures for the {name} of {frames} frames; "
                "there has to be one for each, or one for all"
            )
        return len(paths) == frames

    def _source(self, name: str, paths: tuple[Path, ...]) -> Source:
        """A moving input, as an earlier run found it, or found now."""
        run, kept = self.work.run, self.folder / f"{name}.json"
        with suppress(OSError, ValueError, KeyError, TypeError):  # none, or another version's
            track = Track.from_json(kept.read_text())
            files = tuple(numbered_files(paths[0])) if is_numbered(paths[0]) else paths
            return Source(files, track)
        source = find_source(
            paths, run.video, lenient=run.files.allow_truncated, max_pixels=run.files.max_pixels
        )
        partial = kept.with_name(f".{kept.name}.part{os.getpid()}")
        with output_errors(self.job.target):
            partial.write_text(source.track.to_json())
            partial.replace(kept)
        return source

    @property
    def original(self) -> Path:
        """The file that is edited; its first where it is several."""
        return self.timeline.edited.files[0]

    @property
    def frames(self) -> int:
        """Of the source that are edited."""
        return len(self.timeline.frames)

    def jobs(self) -> Iterator[Job]:
        """A job for each segment that is not finished."""
        for segment in self.segments:
            if self.failed is not None:
                return
            if segment.number not in self.finished:
                yield replace(self.job, segment=segment)

    def share(self, segment: Segment, done: float) -> float:
        """How much of the video is done, now that so much of a segment is."""
        self.shares[segment.number] = done
        weights = {each.number: each.frames for each in self.segments}
        made = sum(weights[number] * share for number, share in list(self.shares.items()))
        return made / self.frames

    def take(self, outcome: Outcome) -> None:
        """Put a finished segment where the next run finds it, or note why there is none."""
        try:
            if outcome.error is not None:
                raise outcome.error
            segment = outcome.job.segment
            assert segment is not None
            with output_errors(self.job.target):
                for result in outcome.results:
                    result.partial.replace(result.target)
            self.finished.add(segment.number)
            if segment.number == 0:
                self.notes += outcome.notes
        except GaneditError as error:
            self.failed = self.failed or error
        finally:
            discard(outcome.results)

    @property
    def complete(self) -> bool:
        """Whether all segments are there."""
        return len(self.finished) == len(self.segments)

    def outcome(self, seconds: float) -> Outcome:
        """The whole video, staged, or the error."""
        job = self.job
        if self.failed is not None:
            return Outcome(job, self.failed, seconds=seconds)
        try:
            unchanged = stamps_of(source_files(job), recorded=False)
            before = [(stamp.bytes, stamp.mtime_ns) for stamp in self.stamps]
            if [(stamp.bytes, stamp.mtime_ns) for stamp in unchanged] != before:
                raise ImageError(
                    f"{job.source}: changed or vanished while it was edited; run again"
                )
            results = self._results()
        except Exception as error:
            self._kept.tidy()
            return Outcome(job, as_told(job, error), seconds=seconds)
        track = self.timeline.edited.track
        return Outcome(
            job, results=results, sources=self.stamps,
            bytes=sum(result.stamp.bytes for result in results),
            input_size=(track.width, track.height), output_size=self.size,
            seconds=seconds, notes=tuple(dict.fromkeys(self.notes)),
        )  # fmt: skip

    def _results(self) -> tuple[Staged, ...]:
        if self.container is FRAMES:
            return tuple(self._staged_frames())
        recorded = self.job.journal_folder is not None
        partial = self.folder / f".result.part{os.getpid()}{self.job.target.suffix}"
        partial.unlink(missing_ok=True)
        if self.container.pictured:
            self._write_animation(partial)
        else:
            assert self.encoding is not None
            own = self.timeline.edited.track.kind == "container"
            join(
                [each.path for each in self.segments],
                Joined(self.timeline, self.container, self.encoding,
                       self.original if own else None,
                       strip=self.work.run.files.strip_metadata),
                partial, self.job.target,
            )  # fmt: skip
        results = [Staged(partial, self.job.target, Stamp.of(partial, hashed=recorded))]
        if self.work.run.files.preview:
            from ganedit.runs.video_preview import write_previews

            made = write_previews(self.timeline, partial, self.folder)
            results += [
                Staged(file, target, Stamp.of(file, hashed=recorded))
                for file, target in zip(made, (self.job.preview, self.job.clip), strict=True)
            ]
        return tuple(results)

    def _pictures(self) -> Iterator[Path]:
        for segment in self.segments:
            yield from segment.pictures

    def _frames(self) -> Iterator[tuple[Path, Path]]:
        """The target of each frame, numbered as the source's are, or from 1, and its picture."""
        for number, file in enumerate(self._pictures(), start=first_number(self.job)):
            yield numbered(self.job.target, number), file

    def _staged_frames(self) -> Iterator[Staged]:
        """The frames, but for those behind the first that an interrupted run has put in place.

        Each is a second name of its picture, which the segment keeps until all are in place.
        """
        for number, (target, file) in enumerate(self._frames()):
            frame = _staged(file, target)
            if number and frame.in_place and not self.work.run.files.overwrite:
                continue
            partial = self.folder / f".{number}.part{os.getpid()}"
            with output_errors(target):
                try:
                    partial.hardlink_to(file)
                except OSError:  # a file system without such names
                    shutil.copy2(file, partial)
            yield replace(frame, partial=partial)

    def _write_animation(self, partial: Path) -> None:
        timeline, name = self.timeline, self.container.name
        # Milliseconds, in the steps that the format counts in: those of PNG are fractions.
        step = {"GIF": Fraction(10), "WEBP": Fraction(1)}.get(name, Fraction(1, 1000))
        ends = (*timeline.times, timeline.end)
        ticks = [round(time * timeline.time_base * 1000 / step) for time in ends]
        least = LEAST_MS if name == "GIF" else 1
        durations = [
            max(least, float(step * (after - before))) for before, after in pairwise(ticks)
        ]
        track = timeline.edited.track
        loops = track.loops if track.kind == "animation" else 0

        def frames() -> Iterator[Image]:
            return (decode(file) for file in self._pictures())

        write_animation(frames, durations, partial, name, loops,
                        quality=self.work.run.files.quality)  # fmt: skip

    def remove(self) -> None:
        """Remove the segments of a video that is in its place."""
        self._kept.close(keep=False)

    def close(self) -> None:
        """Let others work at it; where nothing is finished, leave nothing behind."""
        self._kept.close(keep=bool(self.finished))


def _staged(file: Path, target: Path) -> Staged:
    return Staged(file, target, Stamp.of(file, hashed=False))
