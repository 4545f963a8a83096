"""Pipes instead of files, and names that break lines."""

import io
import os
import threading

import numpy as np
import pytest
from pictures import encoded, make_image, smooth_image

from ganedit.errors import (
    OutputError,
    UnreadableImageError,
)
from ganedit.image import Image, decode, encode


def test_pipes():
    for format in ("PNG", "TIFF", "JPEG", "WEBP"):
        image = make_image(3, np.uint16 if format in ("PNG", "TIFF") else np.uint8)
        read, write = os.pipe()

        def send(end: int = write, image: Image = image, format: str = format) -> None:
            with os.fdopen(end, "wb") as stream:
                encode(image, format, target=stream)

        sender = threading.Thread(target=send)
        sender.start()
        with os.fdopen(read, "rb") as stream:
            back = decode(stream)
        sender.join()
        assert back.format == format
        assert back.samples.shape == image.samples.shape


def test_standard_input_is_named(monkeypatch):
    class Stdin(io.BytesIO):
        name = "<stdin>"

    with pytest.raises(UnreadableImageError, match=r"^standard input is empty"):
        decode(Stdin())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_named_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    data = encoded(smooth_image().to_pil(), "PNG")
    sender = threading.Thread(target=path.write_bytes, args=(data,))
    sender.start()
    assert np.array_equal(decode(path).samples, smooth_image().samples)
    sender.join()


def test_closed_pipe_is_one_line():
    class Full(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="cannot write the result: No space"):
        encode(make_image(), "PNG", target=Full())


def test_names_that_break_lines(tmp_path):
    for name in ("a\nb.png", "a\x1b[31m.png"):
        path = tmp_path / name
        path.write_bytes(b"no picture")
        with pytest.raises(UnreadableImageError) as caught:
            decode(path)
        assert str(caught.value).isprintable()
        path.unlink()
        with pytest.raises(UnreadableImageError, match="does not exist"):
            decode(path)
    (tmp_path / "x.png").mkdir()
    with pytest.raises(UnreadableImageError, match="is a folder"):
        decode(tmp_path / "x.png")
    with pytest.raises(UnreadableImageError, match="cannot be read"):
        decode(tmp_path / "a\0b")
