"""Films: the frames that a task draws, in one file."""

import itertools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import PIL.Image

from ganedit.errors import GaneditError, OutputError, UsageError
from ganedit.image import READABLE_SUFFIXES, decode, output_errors, publish
from ganedit.runs.jobs import Job
from ganedit.runs.options import STREAM, RunOptions
from ganedit.runs.outcomes import Outcome, Staged
from ganedit.runs.report import Report
from ganedit.runs.stamps import Stamp
from ganedit.runs.work import Work, used_weights
from ganedit.task import Task
from ganedit.video.kinds import have_av
from ganedit.video.library import library

FILMS = (".mp4", ".gif", ".webp")
# What WebP has where nobody says.
QUALITY = 90
# GIF counts in hundredths of a second, and viewers slow down what is quicker than two.
SHORTEST_MS = 20
# Constant rate factor of H.264: hard to tell from the frames.
CRF = 17


def is_film(path: Path | None) -> bool:
    """Whether results that are frames go into one file of that name."""
    return path is not None and path.suffix.lower() in FILMS and not path.is_dir()


def check_film(output: Path | None) -> None:
    """Raise a UsageError where neither a film nor its frames can go."""
    listed = f"{', '.join(FILMS[:-1])} or {FILMS[-1]}"
    if output is None or output == STREAM:
        said = "" if output is None else "standard output takes no film; "
        raise UsageError(f"{said}give -o a name that ends in {listed}, or a folder for the frames")
    suffix = output.suffix.lower()
    known = suffix in {*FILMS, *READABLE_SUFFIXES}
    if suffix and not known and not output.is_dir():
        raise UsageError(f"-o {output}: a film ends in {listed}; its frames go into a folder")


class Drawn(Protocol):
    """What became of the frames."""

    done: list[Job]

    @property
    def code(self) -> int:
        """The shell's exit code."""
        ...


Frames = TypeVar("Frames", bound=Drawn)


def run_film(rate: int, run: RunOptions, draw: Callable[[RunOptions], Frames]) -> Frames:
    """Draw frames into a folder that is gone afterwards, and write their film.

    Args:
        rate: frames a second.
        run: how the run goes; its output is the film.
        draw: a run whose output is a folder.

    Raises:
        GaneditError: as `draw`, or the film exists or cannot be written.
    """
    target = run.files.output
    assert target is not None
    if run.files.format is not None or run.files.preview:
        flag = "--preview" if run.files.preview else "--format"
        raise UsageError(f"-o {target}: a film of frames; leave {flag} out")
    if run.files.quality is not None and target.suffix.lower() != ".webp":
        raise UsageError(f"-o {target}: --quality is of .webp; leave it out")
    if target.exists() and not run.files.overwrite:
        raise OutputError(f"{target}: exists; add --overwrite, or choose another -o")
    if target.suffix.lower() == ".mp4" and not have_av():  # told before the first frame
        raise GaneditError(
            "films as MP4 need PyAV: pip install 'ganedit[video]'; .gif and .webp do not"
        )
    with output_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.stem}.")
    with folder as name:
        files = replace(run.files, output=Path(name), format="png", quality=None, overwrite=False)
        # Frames are nobody's: the film is told of.
        folders = replace(run.folders, report=None)
        quiet = run.quiet or run.json
        result = draw(replace(run, files=files, folders=folders, json=False, quiet=quiet))
        if result.code == 0 and result.done:
            partial = Path(name) / f"film{target.suffix.lower()}"
            frames = [job.target for job in result.done]
            with output_errors(target):
                write_film(sorted(frames), partial, rate, run.files.quality)
            publish(partial, target, overwrite=run.files.overwrite)
    return result


def report_film(task: Task[Any], options: Any, run: RunOptions, film: Path, seconds: float) -> None:
    """Say what is to be said in JSON of a film that was written.

    Raises:
        OutputError: it cannot be written.
    """
    job = Job({}, film, film.suffix.removeprefix(".").upper())
    made = Staged(film, film, Stamp.of(film))
    size = task.size(options, (0, 0))
    work = Work(task, options, run, used_weights(task, options), 1, 0)
    with Report(work, run) as report:
        report.done(Outcome(job, results=(made,), output_size=size, seconds=seconds))


def write_film(frames: Sequence[Path], target: Path, rate: int, quality: int | None = None) -> None:
    """Write pictures of one size as a film, as its suffix says.

    Args:
        frames: files, in their order.
        target: `.mp4` (H.264), `.gif` or `.webp`, which repeat for ever.
        rate: frames a second.
        quality: of WebP, from 1 to 100.
    """
    if target.suffix == ".mp4":
        _write_mp4(frames, target, rate)
        return
    first, *others = _pillow(frames)
    # Rounded where a frame ends, not frame by frame: else ten seconds would be nine.
    unit = 10 if target.suffix == ".gif" else 1
    ends = [round(1000 * (number + 1) / rate / unit) * unit for number in range(len(frames))]
    durations = np.diff([0, *ends]).clip(SHORTEST_MS if unit > 1 else 1).tolist()
    first.save(
        target, save_all=True, append_images=others, duration=durations, loop=0,
        quality=quality or QUALITY,
    )  # fmt: skip


def _write_mp4(frames: Sequence[Path], target: Path, rate: int) -> None:
    av = library()
    pictures = _pillow(frames)
    first = next(pictures)
    with av.open(str(target), "w") as film:
        stream = film.add_stream("libx264", rate=Fraction(rate), options={"crf": str(CRF)})
        # Two by two pixels share their colours.
        stream.width, stream.height = (side + side % 2 for side in first.size)
        stream.pix_fmt = "yuv420p"
        for picture in itertools.chain([first], pictures):
            even = picture.resize((stream.width, stream.height))
            film.mux(stream.encode(av.VideoFrame.from_image(even)))
        film.mux(stream.encode())


def _pillow(frames: Sequence[Path]) -> Iterator[PIL.Image.Image]:
    return (PIL.Image.fromarray(decode(path).samples) for path in frames)
