"""Formats, their limits, and finished files only."""

import errno
import io
import os
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pictures import SRGB, encoded, listing, make_exif, make_image, written

from ganedit.errors import (
    ImageTooLargeError,
    OutputError,
    UsageError,
)
from ganedit.image import (
    READABLE_SUFFIXES,
    WRITABLE_FORMATS,
    Image,
    check_limits,
    decode,
    encode,
    format_for,
    pixel_loss,
    preferred_suffix,
    save,
)


def test_formats():
    assert format_for(Path("a.JPG")) == format_for(Path("a.jpe")) == "JPEG"
    assert format_for(Path("a.tif")) == format_for(Path("a"), "tiff") == "TIFF"
    for format in WRITABLE_FORMATS:
        suffix = preferred_suffix(format)
        assert format_for(Path("a" + suffix)) == format
        assert suffix in READABLE_SUFFIXES
    for path in ("a", "a.gif", "a.txt"):
        with pytest.raises(UsageError, match=r"\.png"):
            format_for(Path(path))
    with pytest.raises(UsageError, match="PNG"):
        format_for(Path("a.png"), "psd")


@pytest.mark.parametrize(
    ("format", "side", "instead"),
    [("JPEG", 65_500, "PNG"), ("WEBP", 16_383, "PNG"), ("AVIF", 32_768, "PNG")],
)
def test_limits(tmp_path, format, side, instead):
    check_limits(format, side, 1)
    with pytest.raises(ImageTooLargeError, match=f"save as {instead}"):
        check_limits(format, 1, side + 1)
    widest = Image(np.zeros((16, side, 1), np.uint8))
    save(widest, tmp_path / "a", format=format)
    assert decode(tmp_path / "a").width == side


def test_limit_is_checked_before_anything_is_written(tmp_path):
    image = Image(np.zeros((1, 16_384, 1), np.uint8))
    with pytest.raises(ImageTooLargeError):
        save(image, tmp_path / "new" / "a.webp")
    assert listing(tmp_path) == []
    with pytest.raises(ImageTooLargeError, match="save as TIFF"):
        check_limits("PNG", 1_000_001, 1)


def test_save_makes_folders_and_refuses_to_overwrite(tmp_path):
    path = tmp_path / "new" / "folder" / "a.png"
    save(make_image(), path)
    before = path.read_bytes()
    with pytest.raises(OutputError, match="exists"):
        save(make_image(1), path)
    assert path.read_bytes() == before
    save(make_image(1), path, overwrite=True)
    assert decode(path).channels == 1
    assert listing(path.parent) == ["a.png"]
    with pytest.raises(OutputError, match="is a folder"):
        save(make_image(), path.parent, format="PNG", overwrite=True)


def test_file_that_appears_meanwhile_is_kept(tmp_path, monkeypatch):
    path = tmp_path / "a.png"

    def slow_encode(*_: object, target: Path, **__: object) -> tuple[str, ...]:
        target.write_bytes(b"ours")
        path.write_bytes(b"theirs")
        return ()

    monkeypatch.setattr("ganedit.image._save.encode", slow_encode)
    with pytest.raises(OutputError, match="exists"):
        save(make_image(), path)
    assert path.read_bytes() == b"theirs"
    assert listing(tmp_path) == ["a.png"]


@pytest.mark.parametrize("existing", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError(), ValueError("midway")])
def test_failing_encoder_leaves_nothing(tmp_path, monkeypatch, error, existing):
    path = tmp_path / "a.png"
    if existing:
        path.write_bytes(b"old")

    def write_half(file: io.BufferedRandom, *_: object) -> None:
        file.write(b"half")
        raise error

    monkeypatch.setattr("ganedit.image._encode.write_png", write_half)
    with pytest.raises(type(error)):
        save(make_image(), path, overwrite=existing)
    assert listing(tmp_path) == (["a.png"] if existing else [])
    if existing:
        assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.ENOSPC, "disk full while writing {}; free some space and run again"),
        (errno.EACCES, "no permission to write {}; choose another folder"),
        (errno.EROFS, "{} is on a read-only file system; choose another folder"),
        (errno.EIO, "cannot write {}: Input/output error"),
    ],
)
@pytest.mark.parametrize("moment", ["write", "move"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_errors_of_the_system(tmp_path, monkeypatch, code, message, moment, overwrite):
    path = tmp_path / "a.png"

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    if moment == "write":
        monkeypatch.setattr("ganedit.image._encode.write_png", fail)
    else:
        monkeypatch.setattr(Path, "replace" if overwrite else "hardlink_to", fail)
    with pytest.raises(OutputError) as caught:
        save(make_image(), path, overwrite=overwrite)
    assert str(caught.value) == message.format(path)
    assert listing(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
@pytest.mark.parametrize("format", WRITABLE_FORMATS)
def test_full_disk_is_named_by_every_encoder(format):
    with pytest.raises(OutputError, match=r"disk full|cannot write"):
        encode(make_image(), format, target=Path("/dev/full"))


def test_names_the_file_system_refuses(tmp_path):
    with pytest.raises(OutputError, match="too long"):
        save(make_image(), tmp_path / ("a" * 300 + ".png"))
    save(make_image(), tmp_path / ("a" * 251 + ".png"))
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"inside a file|cannot write"):
        save(make_image(), tmp_path / "file" / "a.png")


def test_lossless_is_not_lost_unsaid(tmp_path):
    save(make_image(), tmp_path / "a.webp", quality=100)
    (note,) = save(decode(tmp_path / "a.webp"), tmp_path / "a.avif")
    assert note.startswith("was lossless WEBP, and this AVIF is not")


def test_format_and_suffix_contradict_each_other(tmp_path):
    with pytest.raises(UsageError, match="its suffix means PNG, but the format asked for is JPEG"):
        save(make_image(), tmp_path / "a.png", format="jpeg")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("alpha", [False, True])
def test_lossless_webp_stays_lossless(alpha):
    image = make_image(3, alpha=alpha)
    for options in ({}, {"exif": make_exif()}, {"icc_profile": SRGB}):
        data = encoded(image.to_pil(), "WEBP", lossless=True, exact=True, **options)
        back = decode(data)
        assert back.lossless
        again, _ = written(back, "WEBP")
        assert np.array_equal(decode(again).to_array(), image.to_array())
    lossy = decode(encoded(image.to_pil(), "WEBP", quality=80))
    assert not lossy.lossless
    assert not decode(written(lossy, "WEBP")[0]).lossless
    assert not decode(written(back, "WEBP", quality=80)[0]).lossless


def test_lossless_avif_stays_close_and_says_so():
    image = make_image()
    data = imagecodecs.avif_encode(image.samples, level=100, pixelformat="444", matrix=0)
    back = decode(data)
    assert back.lossless
    again, notes = written(back, "AVIF")
    assert np.abs(decode(again).samples.astype(int) - image.samples).max() <= 3
    assert notes[0].startswith("was lossless")
    assert written(back, "AVIF", quality=80)[1] == ()
    assert not decode(written(image, "AVIF")[0]).lossless


def test_what_keeps_pixels():
    image, deep = make_image(), make_image(3, np.uint16)
    for format in ("PNG", "TIFF", "BMP"):
        assert pixel_loss(image, format) == ""
    assert pixel_loss(deep, "PNG") == ""
    assert pixel_loss(image, "WEBP", 100) == ""
    assert pixel_loss(replace(image, format="WEBP", lossless=True), "WEBP") == ""
    for note in (
        pixel_loss(image, "JPEG", 100),
        pixel_loss(image, "AVIF"),
        pixel_loss(deep, "BMP"),
    ):
        assert "bit for bit: use --format png or tiff" in note
    assert "--quality 100" in pixel_loss(image, "WEBP")
