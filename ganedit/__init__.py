"""Image editing with generative adversarial networks.

::

    import ganedit

    ganedit.upscale("photo.jpg", scale=4).save("photo_x4.png")
    ganedit.inpaint("photo.jpg", "mask.png").save("photo_inpaint.png")
    ganedit.translate("photo.jpg", to="monet").save("photo_as_monet.png")
    ganedit.edit_video("upscale", "clip.mp4", "large.mp4", scale=2)

There is a function for each task, made from the task's description; `__init__.pyi` has their
signatures. Names are imported when first used, so that `import ganedit` itself is quick.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Editor": "ganedit.app.api",
    "GaneditError": "ganedit.errors",
    "Generator": "ganedit.app.generator",
    "Image": "ganedit.image",
    "edit_video": "ganedit.app.videos",
}


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return __dir__()
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    # A module of the package is asked for here before it is imported.
    if not name.startswith("_") and find_spec(f"ganedit.{name}") is None and name in _tasks():
        from ganedit.app.api import function_of

        return globals().setdefault(name, function_of(_tasks()[name]))
    raise AttributeError(f"module 'ganedit' has no attribute {name!r}")


def _tasks() -> dict[str, Any]:
    from ganedit.tasks import TASKS

    return {task.name: task for task in TASKS}


def __dir__() -> list[str]:
    return sorted([*_HOMES, "__version__", *_tasks()])
