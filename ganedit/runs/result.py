"""What became of a run, and how it is told."""

from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from ganedit.errors import GaneditError
from ganedit.runs.inputs import as_text
from ganedit.runs.jobs import Job, Plan
from ganedit.runs.options import RunOptions
from ganedit.runs.saying import say


@dataclass
class Result:
    """What became of a run."""

    done: list[Job] = field(default_factory=list)
    skipped: int = 0
    """Results that were finished before."""
    errors: list[GaneditError] = field(default_factory=list)
    """Why pictures failed."""
    left: int = 0
    """Results that were not begun, because the run had to stop."""
    notes: list[str] = field(default_factory=list)
    """What pictures had in common that was not told one by one."""
    interrupted: bool = False

    @property
    def code(self) -> int:
        """The shell's exit code."""
        return 130 if self.interrupted else int(bool(self.errors or self.left))


def tell(
    result: Result, plan: Plan, run: RunOptions, seconds: float, reason: str, film: Path | None
) -> None:
    """Say at the end what failed, what is left, and what a folder came to."""
    for error in result.errors:
        say(f"ganedit: {error}")
    if run.json:
        return
    if result.errors and len(plan.jobs) > 1:
        say(f"{len(result.errors)} of {len(plan.jobs)} pictures failed")
    if reason and result.left:
        left = f"{result.left} pictures are left; the same command goes on with them"
        say(f"stopped ({reason}): {left if film is None else f'{film} is not written'}")
    if run.quiet or all(job.journal_folder is None for job in plan.jobs):
        return
    for line in result.notes:
        say(line)
    count, took = len(result.done), tqdm.format_interval(seconds)
    what = "picture" if film is None else "frame"
    words = [f"{count:,} {what}{'s' * (count != 1)} in {took}, {count / seconds:.2f} a second"]
    if film is not None and not result.code:
        words[0] = f"{film}: {words[0]}"
    elif film is None and count and not plan.jobs[0].sources:  # nobody named them
        done = {job.target for job in result.done}
        made = [job.target for job in plan.jobs if job.target in done]
        first, last = made[0], made[-1]
        words[0] += f": {first}" + f" to {last}" * (first != last)
    if result.skipped:
        words.append(f"{result.skipped:,} finished before")
    if plan.left_out.total():
        words.append(f"left out: {as_text(plan.left_out)}")
    say("; ".join(words), error=False)
