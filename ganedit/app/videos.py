"""Videos from Python: what a command does to a video, as a function."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from ganedit import runtime
from ganedit.errors import UsageError
from ganedit.options import build, declared
from ganedit.runs.display import Display
from ganedit.runs.jobs import Job
from ganedit.runs.options import Placement, RunOptions
from ganedit.runs.outcomes import Outcome
from ganedit.runs.planning import Given, plan_jobs
from ganedit.runs.run import run_plan
from ganedit.task import Progress, Task
from ganedit.tasks import TASKS
from ganedit.video.options import VideoOptions

Files: TypeAlias = str | Path | Sequence[str | Path]
# Of options of files and folders those that mean something for one video.
_OF_FILES = ("overwrite", "preview", "quality", "strip_metadata", "allow_truncated", "max_pixels")
_OF_FOLDERS = ("jobs", "engine", "address")


@dataclass(frozen=True)
class EditedVideo:
    """A video that was made."""

    path: Path
    size: tuple[int, int]
    """Width and height in pixels."""
    notes: tuple[str, ...]
    """What could not be kept, and how holes were filled: what a command says beside the result."""


def edit_video(
    task: str,
    video: str | Path,
    output: str | Path,
    *,
    progress: Progress = lambda done: None,
    **options: Any,
) -> EditedVideo:
    """Edit every frame of a video, sound and time kept, as the command of the task does.

    A call that was killed goes on where it stopped when it is made again.

    Example::

        ganedit.edit_video("upscale", "clip.mp4", "large.mp4", scale=2, crf=20)
        ganedit.edit_video("inpaint", "clip.mp4", "clean.mp4", mask="moving_mask.mp4")

    Args:
        task: its name, like `upscale` or `translate`.
        video: a file, an animation, or numbered frames: `frames/%05d.png`.
        output: likewise; the suffix says which container.
        progress: called with the share done, in [0, 1].
        options: those of the task, of videos (`codec`, `crf`, `pixel_format`, `start`, `end`,
            `fps`, `no_steady`), of files (`overwrite`, `preview`, `strip_metadata`, …) and of the
            machine (`device`, `jobs`, …); and the task's other inputs (`mask`, `style`): a path,
            or several in a list.

    Raises:
        GaneditError: in one line, what is wrong with the video or the options.
        TypeError: an option that there is not.
    """
    found = next((each for each in TASKS if each.name == task), None)
    if found is None:
        raise UsageError(f"{task}: no such task; there are {', '.join(t.name for t in TASKS)}")
    names = [each.name for each in found.inputs]
    inputs = {name: _paths(options.pop(name)) for name in names[1:] if name in options}
    _check_names(found, options)
    options = {name: tuple(v) if isinstance(v, list) else v for name, v in options.items()}
    if isinstance(options.get("memory"), str):
        options["memory"] = runtime.parse_bytes(options["memory"])
    run = build(RunOptions, {**options, "output": Path(output), "quiet": True})
    given = Given({names[0]: (Path(video),), **inputs}, options=frozenset(options))
    made = build(found.options, options)
    plan = plan_jobs(found, made, given, run)
    if len(plan.jobs) != 1:
        raise UsageError(f"{task}: these options make {len(plan.jobs)} results; ask for one")
    last: list[Outcome] = []

    class Telling(Display):
        def progress(self, job: Job, done: float) -> None:
            progress(done)

        def finished(self, outcome: Outcome) -> None:
            last.append(outcome)

    result = run_plan(found, made, plan, run, display=Telling, silent=True)
    for error in result.errors:
        raise error
    (outcome,) = last
    return EditedVideo(outcome.job.target, outcome.output_size, outcome.notes)


def _paths(files: Files) -> tuple[Path, ...]:
    return (Path(files),) if isinstance(files, str | Path) else tuple(map(Path, files))


def _check_names(task: Task[Any], options: dict[str, Any]) -> None:
    kinds = (task.options, VideoOptions, Placement)
    known = {each.name for kind in kinds for each in declared(kind)}
    known |= {*_OF_FILES, *_OF_FOLDERS}
    for name in options:
        if name not in known:
            raise TypeError(
                f"{task.name} has no option {name!r}; it has {', '.join(sorted(known))}"
            )
