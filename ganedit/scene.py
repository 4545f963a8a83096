"""What is held for all frames of one scene of a video: statistics, codes, whatever must not jump.

A network that normalises by statistics of the picture it sees gives every frame colours of its
own. What is made through `once_a_scene` is made for each picture, as if nothing else were there;
where frames of a scene are edited, it is made of one of them and kept for the others. Nothing here
imports torch.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Made = TypeVar("Made")


class Scene:
    """What was made for one scene."""

    def __init__(self) -> None:
        self.held: dict[Hashable, Any] = {}


_scene: ContextVar[Scene | None] = ContextVar("scene", default=None)


@contextmanager
def within(scene: Scene) -> Iterator[None]:
    """Have what this thread edits meanwhile be frames of a scene."""
    token = _scene.set(scene)
    try:
        yield
    finally:
        _scene.reset(token)


def once_a_scene(key: Hashable, make: Callable[[], Made]) -> Made:
    """What `make` makes: anew for a picture, once for the frames of a scene.

    Args:
        key: tells it from other things that are made for the same frames.
        make: makes it of the picture at hand.
    """
    scene = _scene.get()
    if scene is None:
        return make()
    if key not in scene.held:
        scene.held[key] = make()
    made: Made = scene.held[key]
    return made
