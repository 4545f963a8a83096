"""The tasks, one folder each, listed once: everything else iterates over `TASKS`.

They never import one another. A new task is a folder with a `Task` row, and a line here.
"""

from typing import Any

from ganedit.task import Task
from ganedit.tasks.generate.invert_task import INVERT
from ganedit.tasks.generate.latent_task import DIRECTIONS, VARY, WALK
from ganedit.tasks.generate.task import GENERATE
from ganedit.tasks.inpaint.task import INPAINT
from ganedit.tasks.sketch.task import SKETCH
from ganedit.tasks.stylize.task import STYLIZE
from ganedit.tasks.translate.task import TRANSLATE
from ganedit.tasks.upscale.task import UPSCALE

TASKS: tuple[Task[Any], ...] = (
    UPSCALE, INPAINT, TRANSLATE, SKETCH, STYLIZE, GENERATE, DIRECTIONS, VARY, WALK, INVERT,
)  # fmt: skip
