"""Several frames of a segment at once, each computed by a thread, in the order of the video."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue

from ganedit.image import Image
from ganedit.runs.stopping import CREW

Edit = Callable[[], Image]


class FrameCrew:
    """Edits frames of one segment after another; at its end the threads are to be let go.

    Args:
        at_once: how many frames are in work at once. One is edited by the thread that asks.
    """

    def __init__(self, at_once: int = 1) -> None:
        self.at_once = at_once
        self.edges: dict[Hashable, Future[Image]] = {}
        """What the frames at the end of the last segment became: the next looks at them too."""
        self._asked: SimpleQueue[tuple[Future[Image], Edit] | None] = SimpleQueue()
        # Not a pool, whose threads hold up an interpreter that is to stop now.
        self._threads = [
            threading.Thread(target=self._serve, name=CREW, daemon=True)
            for _ in range(at_once if at_once > 1 else 0)
        ]
        for thread in self._threads:
            thread.start()

    def begin(self, edit: Edit) -> Future[Image]:
        """Have a frame edited when a thread is free."""
        future = Future[Image]()
        if self.at_once > 1:
            self._asked.put((future, edit))
        else:
            _finish(future, edit)
        return future

    def close(self) -> None:
        """Let the threads go, with the frames that they have in work.

        Where a frame has failed, others are still waited for, which nobody wants any more. An
        interpreter that ends under a thread that computes is aborted.
        """
        self.edges = {}
        with suppress(Empty):
            while True:
                self._asked.get_nowait()
        for _ in self._threads:
            self._asked.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while (asked := self._asked.get()) is not None:
            _finish(*asked)


def _finish(future: Future[Image], edit: Edit) -> None:
    try:
        future.set_result(edit())
    except BaseException as error:  # for the one who asked
        future.set_exception(error)
