"""The sketching task in one description."""

from collections.abc import Mapping

from ganedit.runtime import Runtime
from ganedit.task import Apply, Enlarge, Task
from ganedit.tasks.sketch.options import SketchOptions


def _label(options: SketchOptions) -> str:
    return "sketch"


def _labels(options: SketchOptions | None) -> str:
    return "sketch"


def _load(options: SketchOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    from ganedit.tasks.sketch.edit import sketched

    return lambda pictures, variant, progress: sketched(pictures["photo"][0], options)


def _weights(options: SketchOptions) -> Mapping[str, str]:
    return {}


SKETCH = Task(
    name="sketch",
    summary="Draw photos in lines, in several kinds; folders too.",
    examples="""
In soft pencil, beside the original as photo_sketch.jpg:
    ganedit sketch photo.jpg
Thin lines, few of them, of a whole folder:
    ganedit sketch shoes/ --lines canny --detail 0.2 -o lines/""",
    options=SketchOptions,
    label=_label,
    labels=_labels,
    load=_load,
    weights=_weights,
)
