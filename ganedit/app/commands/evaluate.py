"""`ganedit evaluate`: a command for each task that can be measured, made from its description."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganedit import runtime
from ganedit.app.commands.evaluate_video import video_command
from ganedit.app.commands.parameters import command, parameters, taken
from ganedit.app.commands.tables import TableOptions, show_table
from ganedit.errors import UsageError
from ganedit.options import Options, option
from ganedit.runs.options import Placement
from ganedit.runtime import Runtime
from ganedit.task import Enlarge, Task

if TYPE_CHECKING:
    from ganedit.nets.vgg import VGG19Features


@dataclass(frozen=True)
class MeasuringOptions(Options):
    """What every evaluation has."""

    vgg: Path | None = option(
        None, "VGG19 features for PD; torchvision's are downloaded without it.",
        metavar="FILE", must_be="file", group="files",
    )  # fmt: skip
    no_pd: bool = option(False, "Leave the perceptual distance out.", group="files")
    table: TableOptions = field(default_factory=TableOptions)
    save: Path | None = option(None, "Folder for the results.", metavar="DIR", group="files")
    placement: Placement = field(default_factory=Placement)

    def __post_init__(self) -> None:
        """Check that what is given is used.

        Raises:
            UsageError: it is not.
        """
        super().__post_init__()
        if self.no_pd and self.vgg is not None:
            raise UsageError("give one of --vgg and --no-pd: without PD nothing looks with VGG19")


class Measuring:
    """What an evaluation is given beside its own options; see `ganedit.task.Measuring`."""

    def __init__(self, options: MeasuringOptions) -> None:
        self._options = options
        self.save, asked = options.save, options.placement
        self.runtime: Runtime = runtime.choose(asked.device, asked.precision, asked.memory)

    @property
    def enlarge(self) -> Enlarge:
        """The upscaler, for tasks that work at a size of their own."""
        from ganedit.runs.work import enlarger

        return enlarger(self.runtime)

    def vgg(self, *layers: str) -> "VGG19Features | None":
        """The feature network, of the usual layers or of these; None where PD is left out."""
        from ganedit.nets.vgg import VGG19Features

        if self._options.no_pd:
            return None
        return VGG19Features(self._options.vgg, layers) if layers else VGG19Features(
            self._options.vgg)  # fmt: skip


def evaluate_group(tasks: tuple[Task[Any], ...]) -> click.Group:
    """The group of these tasks' commands."""
    commands = [_command(task) for task in tasks if task.evaluation is not None]
    commands.append(video_command())
    return click.Group(
        "evaluate", commands=commands, help="Measure networks on pictures that show how good they "
        "are: whose truth is known, or that are of the kind to be made.",
    )  # fmt: skip


def _command(task: Task[Any]) -> click.Command:
    evaluation = task.evaluation
    assert evaluation is not None

    def run(**given: Any) -> None:
        from ganedit.app.training import warnings_in_one_line

        measuring, options = taken(MeasuringOptions, given), taken(evaluation.options, given)
        with warnings_in_one_line():
            scores = evaluation.measure(options, Measuring(measuring))
        show_table(scores, measuring.table)

    params = [*parameters(evaluation.options), *parameters(MeasuringOptions)]
    return command(task.name, run, params, evaluation.summary, evaluation.examples)
