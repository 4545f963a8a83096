"""Process-wide switches of Pillow and tifffile, as a decode needs them."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import PIL.Image
from PIL import ImageFile


@dataclass(frozen=True, slots=True)
class _Decode:
    lenient: bool
    max_pixels: int | None


_lock = threading.Lock()
_active: list[_Decode] = []  # one entry per decode under way
_restore = ExitStack()


@contextmanager
def decoding_switches(*, lenient: bool = False, max_pixels: int | None = None) -> Iterator[None]:
    """Hold process-wide switches as a decode needs them, and put them back afterwards.

    Pillow's size limit is `max_pixels` (it stops pictures inside of pictures, as icons have them;
    the outermost size is checked by the caller), its warnings and tifffile's log are silent (what
    they say becomes notes or errors), and truncation is tolerated if `lenient`. Decodes in
    several threads share one setting: the first saves, the last restores, so none waits for
    another. A strict decode beside a lenient one in the same process may thus be lenient too.
    """
    decode = _Decode(lenient, max_pixels)
    with _lock:
        if not _active:
            _save_switches()
        _active.append(decode)
        _apply()
    try:
        yield
    finally:
        with _lock:
            _active.remove(decode)
            if _active:
                _apply()
            else:
                _restore.close()


def _apply() -> None:
    """The most permissive of what the decodes under way ask for."""
    ImageFile.LOAD_TRUNCATED_IMAGES = any(decode.lenient for decode in _active)
    limits = [decode.max_pixels for decode in _active]
    PIL.Image.MAX_IMAGE_PIXELS = max((n for n in limits if n is not None), default=None)


def _save_switches() -> None:
    limit, truncated = PIL.Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    log = logging.getLogger("tifffile")
    logging_off = log.disabled

    def put_back() -> None:
        PIL.Image.MAX_IMAGE_PIXELS = limit
        ImageFile.LOAD_TRUNCATED_IMAGES = truncated
        log.disabled = logging_off

    _restore.callback(put_back)
    _restore.enter_context(warnings.catch_warnings())
    warnings.filterwarnings("ignore", module=r"PIL\.")
    log.disabled = True
