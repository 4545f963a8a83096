"""`report.md`: what one wants to see of a run the next morning."""

from ganedit.training.config import TrainingConfig
from ganedit.training.log import HELD_OUT, PLOT, POSITION, SAMPLES, Row, read_log
from ganedit.training.state import State
from ganedit.training.task import TrainableTask

REPORT = "report.md"


def write_report(task: TrainableTask, config: TrainingConfig, state: State, scored: int) -> None:
    """Write the report of a run into its folder: command, scores, plot, first and last sheet.

    Args:
        task: what is trained.
        config: how.
        state: where the run is.
        scored: how many examples of held-out pictures scores are of.
    """
    parts = [f"# {task.name}: {config.out.name}", _position(state)]
    if state.command:
        parts.append(f"```\n{state.command}\n```")
    parts += [_held_out(config, scored), _table(read_log(config.out))]
    if (config.out / PLOT).exists():
        parts.append(f"![losses and scores over the images]({PLOT})")
    sheets = sorted((config.out / SAMPLES).glob("*.png"))
    ends = (sheets[0], sheets[-1]) if sheets else ()  # someone may have removed them
    for title, sheet in zip(("First", "Last"), ends, strict=False):
        parts.append(f"## {title} sheet: {sheet.stem.replace('_', ' ')}")
        parts.append(f"![{title.lower()} sheet]({SAMPLES}/{sheet.name})")
    (config.out / REPORT).write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _position(state: State) -> str:
    speed = state.images / max(state.seconds, 1e-9)
    return (
        f"{state.done:.0%} done: {state.step:,} steps, {state.images:,} images in "
        f"{state.seconds / 60:,.1f} minutes ({speed:,.1f} a second) on {state.device}."
    )


def _held_out(config: TrainingConfig, scored: int) -> str:
    if scored:
        return (
            f"Scores are of {scored} examples from the {config.held_out:.1%} of the pictures that "
            "are kept from training; `best.safetensors` are the weights that scored best."
        )
    few = f"; {config.held_out:.1%} of so few is none" if config.held_out else ""
    return f"Nothing is held out{few}: add --held-out 0.1, say, to see how training fares."


def _table(rows: list[Row]) -> str:
    """First, last, lowest and highest of each column, scores first."""
    lines = ["| | first | last | lowest | highest |", "|---|---|---|---|---|"]
    names = [name for name in (rows[0] if rows else {}) if name not in POSITION]
    for name in sorted(names, key=lambda name: not name.startswith(HELD_OUT)):
        known = [(float(row[name]), row["step"]) for row in rows if row[name]]
        if not known:  # its rows were dropped when the run was resumed
            continue
        cells = [f"{value:.5g} (step {step})" for value, step in (known[0], known[-1])]
        cells += [f"{value:.5g} (step {step})" for value, step in (min(known), max(known))]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
