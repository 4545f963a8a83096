"""Files that cannot be used, or only in part."""

import errno
import os
import struct
from contextlib import suppress
from pathlib import Path

import imagecodecs
import numpy as np
import PIL.Image
import pytest
from pictures import (
    HEIGHT,
    WIDTH,
    encoded,
    make_image,
    png_chunk,
    smooth_image,
    tiff_bytes,
    written,
)
from PIL import ImageFile

from ganedit.errors import (
    ImageError,
    ImageTooLargeError,
    TruncatedImageError,
    UnreadableImageError,
)
from ganedit.image import (
    decode,
    encode,
)


def test_files_that_are_no_pictures(tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("this is not a picture")
    for name, match in (
        ("empty.png", "empty.png is empty"),
        ("text.jpg", "text.jpg is not a picture"),
        ("none.jpg", "none.jpg does not exist"),
        (".", "is a folder"),
    ):
        with pytest.raises(UnreadableImageError, match=match) as caught:
            decode(tmp_path / name)
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_no_permission(tmp_path):
    (tmp_path / "a.png").touch(0)
    with pytest.raises(UnreadableImageError, match="permissions"):
        decode(tmp_path / "a.png")


def test_no_permission_as_seen_by_open(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableImageError, match="may not be read"):
        decode(tmp_path / "a.png")


def truncatable(kind: str, folder: Path) -> bytes:
    format, _, depth = kind.partition(" ")
    dtype = np.uint16 if depth == "16" else np.uint8
    path = folder / "whole"
    encode(make_image(3, dtype), format, target=path)
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "PNG 16", "TIFF", "TIFF 16", "WEBP", "AVIF"])
def test_truncated_files_are_refused(tmp_path, kind, capfd):
    whole = truncatable(kind, tmp_path)
    for share in (0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
        with pytest.raises(TruncatedImageError, match="--allow-truncated") as caught:
            decode(whole[: int(len(whole) * share)])
        assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "PNG 16"])
def test_truncated_files_are_taken_on_demand(tmp_path, kind):
    whole = truncatable(kind, tmp_path)
    image = decode(whole[: int(len(whole) * 0.7)], allow_truncated=True)
    assert image.samples.shape == (HEIGHT, WIDTH, 3)
    assert "truncated" in image.notes[0]
    assert image.samples[:4].any()
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    assert decode(whole, allow_truncated=True).notes == ()


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_truncated_deep_tiff_is_taken_on_demand(compression):
    image = make_image(3, np.uint16)
    options = {"photometric": "rgb", "rowsperstrip": 3, "compression": compression}
    whole = tiff_bytes(image.samples, **options)
    with pytest.raises(TruncatedImageError):
        decode(whole[: int(len(whole) * 0.7)])
    half = decode(whole[: int(len(whole) * 0.7)], allow_truncated=True)
    assert half.depth == 16
    assert np.array_equal(half.samples[:9], image.samples[:9])
    assert not half.samples[-3:].any()
    assert "truncated" in half.notes[0]


def test_hopeless_files_say_so():
    with pytest.raises(TruncatedImageError, match="too damaged"):
        decode(encoded(smooth_image().to_pil(), "PNG")[:30], allow_truncated=True)


@pytest.mark.parametrize("kind", ["PNG 16", "TIFF 16", "PNG", "JPEG"])
def test_pixel_limit_is_checked_before_decoding(tmp_path, kind):
    whole = truncatable(kind, tmp_path)
    with pytest.raises(ImageTooLargeError, match="--max-pixels"):
        decode(whole, max_pixels=HEIGHT * WIDTH - 1)
    assert decode(whole, max_pixels=HEIGHT * WIDTH).width == WIDTH


@pytest.mark.parametrize("depth", [8, 16])
def test_decompression_bomb(depth):
    limit = PIL.Image.MAX_IMAGE_PIXELS
    header = struct.pack(">IIBBBBB", 900_000, 900_000, depth, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"x" * 99)
    with pytest.raises(ImageTooLargeError, match="810,000,000,000 pixels"):
        decode(bomb)
    assert limit == PIL.Image.MAX_IMAGE_PIXELS


def test_pillows_own_limit_does_not_apply(monkeypatch):
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 10)
    for format in ("PNG", "TIFF", "GIF", "WEBP"):
        assert decode(encoded(smooth_image().to_pil(), format)).width == WIDTH
    assert PIL.Image.MAX_IMAGE_PIXELS == 10


def samples_of_every_kind() -> dict[str, bytes]:
    rgb, deep = make_image(), make_image(3, np.uint16)
    files = {name: written(rgb, name)[0] for name in ("JPEG", "PNG", "WEBP", "TIFF", "BMP")}
    files |= {f"{name} 16": written(deep, name)[0] for name in ("PNG", "TIFF")}
    files |= {name: encoded(rgb.to_pil(), name) for name in ("GIF", "TGA", "JPEG2000", "PPM")}
    for codec in ("lzw", "zstd", "jpeg", "png"):
        files[f"TIFF {codec}"] = tiff_bytes(rgb.samples, photometric="rgb", compression=codec)
    for codec in ("jpegxl", "jpegxr", "jpegls"):
        files[codec] = getattr(imagecodecs, f"{codec}_encode")(rgb.samples)
    files["HDR"] = imagecodecs.rgbe_encode(rgb.samples.astype(np.float32), header=True)
    return files


@pytest.mark.parametrize(("kind", "whole"), samples_of_every_kind().items())
def test_altered_files_are_read_or_refused_in_one_line(kind, whole, capfd):
    generator = np.random.default_rng(len(whole))
    for _ in range(60):
        data = bytearray(whole)
        for place in generator.integers(0, min(len(data), 300), generator.integers(1, 4)):
            data[place] = generator.choice([0, 1, 127, 255])
        lenient = bool(generator.integers(2))
        with suppress(ImageError):  # anything else fails the test
            decode(bytes(data), max_pixels=1_000_000, allow_truncated=lenient)
    assert capfd.readouterr().err == ""


def test_what_psd_and_others_call_unknown_is_not_called_damaged():
    header = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 4, 4, 16, 3) + bytes(16)
    with pytest.raises(UnreadableImageError, match=r"PSD .*not supported"):
        decode(header)
