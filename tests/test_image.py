"""Decoding, encoding, saving and resizing: every picture here is made in the test."""

import errno
import io
import os
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tifffile
from PIL import ImageCms, ImageFile

from ganedit.errors import (
    ImageError,
    ImageTooLargeError,
    OutputError,
    TruncatedImageError,
    UnreadableImageError,
    UsageError,
)
from ganedit.image import (
    READABLE_SUFFIXES,
    WRITABLE_FORMATS,
    Image,
    Metadata,
    check_limits,
    decode,
    encode,
    format_for,
    preferred_suffix,
    resize,
    save,
)

HEIGHT, WIDTH = 21, 34
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREY_PROFILE = SRGB[:16] + b"GRAY" + SRGB[20:]
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6" exif:PixelXDimension="9"/>%s'
XMP = XMP.replace(b"%s", "é</x:xmpmeta>".encode())
METADATA_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")
LOSSLESS = ("PNG", "TIFF")
MAKER_NOTE = b"maker note " * 3


def make_exif(orientation: int = 1) -> bytes:
    exif = PIL.Image.Exif()
    exif[0x010F] = "Maker"
    exif[0x0112] = orientation
    exif[0x8769] = {0x829A: 0.01, 0x927C: MAKER_NOTE, 0xA002: 9999, 0xA003: 8888}
    exif[0x8825] = {1: "N", 2: (47.0, 22.0, 8.0)}
    return exif.tobytes().removeprefix(b"Exif\0\0")


def make_image(channels: int = 3, dtype: type = np.uint8, *, alpha: bool = False) -> Image:
    """Noise over the full range of the dtype, transparent in places."""
    generator = np.random.default_rng(channels)
    top = np.iinfo(dtype).max
    samples = generator.integers(0, top, (HEIGHT, WIDTH, channels), dtype, endpoint=True)
    plane = generator.integers(0, top, (HEIGHT, WIDTH), dtype, endpoint=True) if alpha else None
    return Image(samples, plane)


def smooth_image(channels: int = 3) -> Image:
    """A gentle slope that a lossy format keeps nearly as it is."""
    slope = np.add.outer(np.arange(HEIGHT), np.arange(WIDTH))
    return Image(np.repeat((slope * 2 + 40).astype(np.uint8)[..., None], channels, axis=2))


def encoded(picture: PIL.Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def make_png(depth: int, colour: int, rows: list[bytes], width: int, **extra: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0)
    chunks = [png_chunk(b"IHDR", header)]
    chunks += [png_chunk(name.encode(), data) for name, data in extra.items()]
    chunks += [png_chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + png_chunk(b"IEND", b"")


def tiff_bytes(array: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, metadata=None, **options)
    return buffer.getvalue()


def listing(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


# --- the picture type ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("samples", "alpha", "error"),
    [
        (np.zeros((2, 3)), None, TypeError),
        ([[0]], None, TypeError),
        (np.zeros((2, 3), np.uint8), None, ValueError),
        (np.zeros((2, 3, 2), np.uint8), None, ValueError),
        (np.zeros((0, 3, 3), np.uint8), None, ValueError),
        (np.zeros((2, 3, 3), np.uint8), np.zeros((2, 3), np.uint16), TypeError),
        (np.zeros((2, 3, 3), np.uint8), np.zeros((3, 2), np.uint8), ValueError),
    ],
)
def test_image_refuses_what_is_none(samples, alpha, error):
    with pytest.raises(error):
        Image(samples, alpha)


def test_image_facts():
    image = make_image(3, np.uint16, alpha=True)
    assert (image.height, image.width, image.channels, image.depth) == (HEIGHT, WIDTH, 3, 16)
    assert not image.is_grey
    assert make_image(1).is_grey
    assert smooth_image(3).is_grey


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 2), (4, 5, 3), (4, 5, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, ">u2", bool, np.float32, np.float64])
def test_from_array(shape, dtype):
    array = np.random.default_rng(0).random(shape)
    array = (array * 255).astype(dtype) if np.dtype(dtype).kind != "f" else array.astype(dtype)
    image = Image.from_array(array)
    channels = shape[2] if len(shape) == 3 else 1
    assert image.channels == (1 if channels < 3 else 3)
    assert (image.alpha is not None) == (channels in (2, 4))
    if image.depth == 16 or dtype is np.uint8:
        assert np.array_equal(image.to_array().reshape(shape), array)
    elif dtype is not bool:
        assert np.array_equal(image.to_array().reshape(shape), np.rint(array * 255))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(3, np.uint8),
        np.zeros((4, 5, 5), np.uint8),
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((4, 5), np.int32),
        np.full((4, 5), 1.5),
        np.full((4, 5), np.nan),
    ],
)
def test_from_array_refuses(array):
    with pytest.raises(ImageError):
        Image.from_array(array)


def test_sixteen_bits_are_rounded_to_eight():
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    reduced = np.asarray(Image.from_array(values).to_pil())
    assert np.array_equal(reduced, np.rint(values / 257))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "YCbCr", "HSV"])
def test_from_pil_agrees_with_pillow(mode):
    source = make_image(3, alpha=True).to_pil().convert("RGBA" if mode == "RGBa" else "RGB")
    source = source.convert("RGBA").convert("PA") if mode == "PA" else source.convert(mode)
    image = Image.from_pil(source)
    wanted = source.convert(image.to_pil().mode)
    assert np.array_equal(np.asarray(image.to_pil()), np.asarray(wanted))
    assert image.samples.flags.writeable
    assert image.samples.flags.c_contiguous


def test_from_pil_keeps_sixteen_bits_and_refuses_unknown_ranges():
    grey = make_image(1, np.uint16).samples[..., 0]
    assert np.array_equal(Image.from_pil(PIL.Image.fromarray(grey)).samples[..., 0], grey)
    wide = Image.from_pil(PIL.Image.fromarray(grey.astype(np.int32)))
    assert np.array_equal(wide.samples[..., 0], grey)
    unit = Image.from_pil(PIL.Image.fromarray((grey / 65535).astype(np.float32)))
    assert np.array_equal(unit.samples[..., 0], grey)
    assert "float" in unit.notes[0]
    with pytest.raises(ImageError, match="beyond 16 bits"):
        Image.from_pil(PIL.Image.fromarray(np.full((2, 2), 70000, np.int32)))
    with pytest.raises(ImageError, match="white is unknown"):
        Image.from_pil(PIL.Image.fromarray(np.full((2, 2), 7, np.float32)))


# --- round trips --------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("format", LOSSLESS)
def test_lossless_formats_are_exact(tmp_path, format, channels, dtype, alpha):
    image = make_image(channels, dtype, alpha=alpha)
    assert save(image, tmp_path / "a.png", format=format) == ()
    back = decode(tmp_path / "a.png")
    assert back.format == format
    assert back.notes == ()
    assert back.samples.dtype == dtype
    assert np.array_equal(back.to_array(), image.to_array())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("planes", [1, 2, 3, 4])
def test_png_of_several_bands(tmp_path, monkeypatch, planes, dtype):
    monkeypatch.setattr("ganedit.image._samples.bands.__defaults__", (50,))
    array = np.random.default_rng(0).integers(0, 256, (40, 9, planes)).astype(dtype)
    save(Image.from_array(array), tmp_path / "a.png")
    assert np.array_equal(decode(tmp_path / "a.png").to_array(), array)


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF", "BMP"])
def test_other_formats_say_what_they_lose(tmp_path, format, channels, dtype, alpha):
    image = make_image(channels, dtype, alpha=alpha)
    notes = save(image, tmp_path / "a", format=format)
    assert any("reduced to 8 bits" in note for note in notes) == (dtype is np.uint16)
    flattened = alpha and format in ("JPEG", "BMP")
    assert any("flattened" in note for note in notes) == flattened
    back = decode(tmp_path / "a")
    assert back.format == format
    assert (back.height, back.width, back.depth) == (HEIGHT, WIDTH, 8)
    assert (back.alpha is not None) == (alpha and not flattened)
    if format in ("JPEG", "BMP"):
        assert back.channels == channels


def test_lossy_formats_stay_close_and_webp_100_is_exact(tmp_path):
    image = smooth_image()
    for format in ("JPEG", "WEBP", "AVIF"):
        save(image, tmp_path / format, format=format)
        difference = decode(tmp_path / format).samples.astype(int) - image.samples
        assert np.abs(difference).max() <= 8
    noise = make_image(3, alpha=True)
    save(noise, tmp_path / "exact.webp", quality=100)
    assert np.array_equal(decode(tmp_path / "exact.webp").to_array(), noise.to_array())


def test_flattening_is_on_white(tmp_path):
    samples = np.zeros((1, 3, 3), np.uint8)
    save(Image(samples, np.array([[0, 128, 255]], np.uint8)), tmp_path / "a.bmp")
    assert decode(tmp_path / "a.bmp").samples[0, :, 0].tolist() == [255, 127, 0]


@pytest.mark.parametrize("quality", [0, 101])
def test_quality_is_checked(tmp_path, quality):
    with pytest.raises(UsageError, match="1 to 100"):
        save(make_image(), tmp_path / "a.jpg", quality=quality)
    assert listing(tmp_path) == []


# --- metadata -----------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("format", METADATA_FORMATS)
def test_metadata_survives(tmp_path, format, channels, dtype, alpha):
    icc = SRGB if channels == 3 or format in ("WEBP", "AVIF") else GREY_PROFILE
    metadata = Metadata(icc=icc, exif=make_exif(), xmp=XMP, dpi=(300.0, 150.0))
    image = replace(make_image(channels, dtype, alpha=alpha), metadata=metadata)
    save(image, tmp_path / "a", format=format)
    back = decode(tmp_path / "a").metadata
    grey_in_colour_format = channels == 1 and format in ("WEBP", "AVIF")
    assert back.icc == (None if grey_in_colour_format else icc)
    assert back.dpi == pytest.approx((300, 150), rel=1e-3)
    assert back.xmp is not None
    assert b'tiff:Orientation="1" exif:PixelXDimension="34"' in back.xmp
    assert back.xmp.endswith("é</x:xmpmeta>".encode())
    check_exif(back.exif)


@pytest.mark.parametrize("second", METADATA_FORMATS)
@pytest.mark.parametrize("first", METADATA_FORMATS)
def test_metadata_survives_from_any_format_to_any(tmp_path, first, second):
    metadata = Metadata(icc=SRGB, exif=make_exif(), xmp=XMP, dpi=(72.0, 72.0))
    save(replace(make_image(), metadata=metadata), tmp_path / "first", format=first)
    assert save(decode(tmp_path / "first"), tmp_path / "second", format=second) == ()
    back = decode(tmp_path / "second").metadata
    assert back.icc == SRGB
    assert back.xmp is not None
    assert back.dpi == pytest.approx((72, 72), rel=1e-3)
    check_exif(back.exif)


def check_exif(block: bytes | None) -> None:
    assert block is not None
    exif = PIL.Image.Exif()
    exif.load(b"Exif\0\0" + block)
    assert exif[0x010F] == "Maker"
    assert exif.get(0x0112, 1) == 1
    details = exif.get_ifd(0x8769)
    assert details[0x829A] == pytest.approx(0.01)
    assert details[0x927C] == MAKER_NOTE
    assert (details[0xA002], details[0xA003]) == (WIDTH, HEIGHT)
    assert exif.get_ifd(0x8825)[2] == (47.0, 22.0, 8.0)


@pytest.mark.parametrize("format", ["WEBP", "AVIF"])
def test_resolution_is_kept_without_other_exif(tmp_path, format):
    save(replace(make_image(), metadata=Metadata(dpi=(96, 96))), tmp_path / "a", format=format)
    assert decode(tmp_path / "a").metadata.dpi == (96, 96)


def test_no_metadata_stays_none(tmp_path):
    for format in (*METADATA_FORMATS, "BMP"):
        save(make_image(), tmp_path / "a", format=format, overwrite=True)
        metadata = decode(tmp_path / "a").metadata
        assert (metadata.icc, metadata.exif, metadata.xmp) == (None, None, None)


def test_tiff_text_beyond_ascii_survives(tmp_path):
    exif = PIL.Image.Exif()
    exif[0x8298] = "© Æ".encode("latin-1")
    exif[0x013B] = "abc"
    block = exif.tobytes().removeprefix(b"Exif\0\0")
    save(replace(make_image(), metadata=Metadata(exif=block)), tmp_path / "a.tif")
    save(decode(tmp_path / "a.tif"), tmp_path / "b.jpg")
    with PIL.Image.open(tmp_path / "b.jpg") as picture:
        assert picture.getexif()[0x8298] == "© Æ"
        assert picture.getexif()[0x013B] == "abc"


@pytest.mark.parametrize("order", ["II", "MM"])
def test_exif_is_corrected_in_place_and_loses_its_thumbnail(order):
    sign = "<" if order == "II" else ">"

    def entry(tag: int, kind: int, value: int) -> bytes:
        number = struct.pack(sign + ("H" if kind == 3 else "I"), value).ljust(4, b"\0")
        return struct.pack(sign + "HHI", tag, kind, 1) + number

    def directory(entries: list[bytes], following: int) -> bytes:
        count = struct.pack(sign + "H", len(entries))
        return count + b"".join(entries) + struct.pack(sign + "I", following)

    first = directory([entry(0x0112, 3, 6), entry(0x8769, 4, 38)], 56)
    details = directory([entry(0xA002, 3, 7)], 0)
    second = directory([entry(0x0201, 4, 86), entry(0x0202, 4, 5)], 0)
    block = order.encode() + struct.pack(sign + "HI", 42, 8) + first + details + second + b"thumb"
    jpeg = encoded(smooth_image().to_pil(), "JPEG", exif=b"Exif\0\0" + block)
    exif = decode(jpeg).metadata.exif
    first = directory([entry(0x0112, 3, 1), entry(0x8769, 4, 38)], 0)
    details = directory([entry(0xA002, 3, HEIGHT)], 0)
    assert exif == block[:8] + first + details + second


def test_damaged_metadata_does_not_fail_the_picture(tmp_path):
    for damaged in (b"garbage", b"II*\0\xff\xff\xff\x7f", make_exif()[:40]):
        exif = b"Exif\0\0" + damaged
        for format in ("JPEG", "PNG", "WEBP"):
            image = decode(encoded(smooth_image().to_pil(), format, exif=exif))
            assert image.metadata.exif is None
            assert image.notes == ("EXIF dropped: it is damaged",)
    image = decode(encoded(smooth_image().to_pil(), "JPEG", icc_profile=b"nonsense"))
    assert image.metadata.icc is None
    assert "profile dropped" in image.notes[0]


def test_metadata_too_large_for_jpeg_is_left_out(tmp_path):
    exif = PIL.Image.Exif()
    exif[0x8769] = {0x927C: bytes(70_000)}
    metadata = Metadata(exif=exif.tobytes()[6:], xmp=b" " * 70_000)
    image = replace(make_image(), metadata=metadata)
    notes = save(image, tmp_path / "a.jpg")
    assert [note[:13] for note in notes] == ["EXIF left out", "XMP left out:"]
    assert save(image, tmp_path / "a.png") == ()


def test_profile_of_another_colour_space_is_not_attached(tmp_path):
    colour = replace(make_image(3), metadata=Metadata(icc=GREY_PROFILE))
    assert "profile dropped" in save(colour, tmp_path / "a.png")[0]
    assert decode(tmp_path / "a.png").metadata.icc is None


# --- orientation --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("format", METADATA_FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(tmp_path, orientation, format, dtype):
    upright = np.zeros((16, 24, 3), dtype)
    upright[:8, :8, 0] = upright[:8, -8:, 1] = upright[-8:, :8, 2] = np.iinfo(dtype).max
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright),
        7: np.rot90(upright, 2).swapaxes(0, 1),
        8: np.rot90(upright, -1),
    }[orientation]
    image = decode(turned_file(np.ascontiguousarray(stored), format, orientation, tmp_path))
    full = np.iinfo(image.samples.dtype).max
    assert image.samples.shape == upright.shape
    difference = image.samples / full - upright / np.iinfo(dtype).max
    assert np.abs(difference).max() < 0.3
    exif = PIL.Image.Exif()
    exif.load(b"Exif\0\0" + image.metadata.exif if image.metadata.exif else b"")
    assert exif.get(0x0112, 1) == 1


def turned_file(stored: np.ndarray, format: str, orientation: int, folder: Path) -> Path:
    """A file whose samples are `stored` and whose tag says `orientation`."""
    path = folder / "turned"
    if format == "TIFF":
        tag = [(274, 3, 1, orientation, True)]
        path.write_bytes(tiff_bytes(stored, photometric="rgb", extratags=tag))
    elif format == "PNG" and stored.dtype == np.uint16:
        encode(Image(stored), "PNG", target=path)
        data = path.read_bytes()
        exif = png_chunk(b"eXIf", make_exif(orientation))
        path.write_bytes(data[:-12] + exif + data[-12:])  # behind the samples, as some cameras do
    else:
        picture = Image(stored).to_pil()
        options = {"lossless": True} if format == "WEBP" else {"subsampling": "4:4:4"}
        exif = b"Exif\0\0" + make_exif(orientation)
        path.write_bytes(encoded(picture, format, exif=exif, quality=95, **options))
    return path


# --- kinds of files -----------------------------------------------------------------------------


def test_palette_pictures():
    palette = PIL.Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.putdata([0, 1])
    image = decode(encoded(palette, "PNG"))
    assert image.notes == ("palette converted to RGB",)
    assert image.samples.tolist() == [[[10, 20, 30], [40, 50, 60]]]
    assert image.alpha is None
    assert decode(encoded(palette, "PNG", transparency=1)).alpha.tolist() == [[255, 0]]
    assert decode(encoded(palette, "PNG", transparency=b"\x07\x09")).alpha.tolist() == [[7, 9]]
    assert decode(encoded(palette, "GIF", transparency=1)).alpha.tolist() == [[255, 0]]
    assert decode(encoded(palette, "BMP")).samples.tolist() == [[[10, 20, 30], [40, 50, 60]]]


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP"])
def test_one_bit_becomes_grey(format):
    picture = PIL.Image.new("1", (3, 1))
    picture.putpixel((1, 0), 1)
    assert decode(encoded(picture, format)).samples.tolist() == [[[0], [255], [0]]]


@pytest.mark.parametrize(
    ("depth", "colour", "row", "key", "alpha"),
    [
        (1, 0, b"\x40", (1,), [255, 0]),
        (2, 0, b"\x60", (2,), [255, 0]),
        (4, 0, b"\x35", (5,), [255, 0]),
        (8, 0, b"\x03\x05", (5,), [255, 0]),
        (16, 0, b"\x03\x05\x03\x06", (0x0306,), [65535, 0]),
        (8, 2, b"\x01\x02\x03\x01\x02\x04", (1, 2, 4), [255, 0]),
        (16, 2, b"\0\1\0\2\0\3\0\1\0\2\0\4", (1, 2, 4), [65535, 0]),
    ],
)
def test_transparent_colour_of_a_png(depth, colour, row, key, alpha):
    data = make_png(depth, colour, [row], 2, tRNS=struct.pack(f">{len(key)}H", *key))
    image = decode(data)
    assert image.channels == len(key)
    assert image.alpha is not None
    assert image.alpha.tolist() == [alpha]


def test_cmyk_without_a_profile():
    image = decode(encoded(PIL.Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "TIFF"))
    assert (image.samples == 255).all()
    assert image.notes == ("CMYK without a profile converted to RGB: colours may shift",)
    image = decode(encoded(PIL.Image.new("CMYK", (8, 8)), "JPEG", icc_profile=b"nonsense"))
    assert "damaged profile" in image.notes[0]
    assert image.metadata.icc is None


def test_cmyk_goes_through_its_profile(monkeypatch):
    # No CMYK profile is at hand to embed; what matters is that it is used and not attached.
    asked = []

    def to_srgb(picture: PIL.Image.Image, profile: object) -> PIL.Image.Image:
        asked.append(profile)
        return PIL.Image.new("RGB", picture.size, (1, 2, 3))

    monkeypatch.setattr("ganedit.image._pillow._to_srgb", to_srgb)
    image = decode(encoded(PIL.Image.new("CMYK", (8, 8)), "JPEG", icc_profile=SRGB))
    assert len(asked) == 1
    assert image.samples[0, 0].tolist() == [1, 2, 3]
    assert image.notes == ("CMYK converted to RGB through its profile",)
    assert image.metadata.icc is None


def test_lab():
    image = decode(encoded(PIL.Image.new("LAB", (2, 2), (255, 128, 128)), "TIFF"))
    assert image.samples.min() >= 254
    assert image.notes == ("LAB converted to RGB",)


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "AVIF", "TIFF"])
def test_only_the_first_frame(format):
    frames = [PIL.Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], format, save_all=True, append_images=frames[1:])
    image = decode(data)
    kind = "pages" if format == "TIFF" else "frames"
    assert any(f"only the first of 3 {kind} was taken" in note for note in image.notes)
    assert image.samples[0, 0, 0] > 240
    assert image.samples[0, 0, 1:].max() < 12


def test_deep_tiff_pages():
    pages = np.zeros((2, 4, 5, 3), np.uint16)
    image = decode(tiff_bytes(pages, photometric="rgb"))
    assert image.notes == ("only the first of 2 pages was taken",)


def test_camera_jpeg_with_a_second_picture_is_a_jpeg():
    pictures = [smooth_image().to_pil(), smooth_image().to_pil()]
    image = decode(encoded(pictures[0], "MPO", save_all=True, append_images=pictures[1:]))
    assert (image.format, image.notes) == ("JPEG", ())


@pytest.mark.parametrize(
    "options",
    [
        {"byteorder": ">"},
        {"compression": "zlib", "predictor": True},
        {"compression": "packbits"},
        {"tile": (16, 16)},
        {"rowsperstrip": 5},
        {"bigtiff": True},
    ],
)
@pytest.mark.parametrize("kind", ["grey", "grey+alpha", "rgb", "rgb+alpha"])
def test_layouts_of_deep_tiff(kind, options):
    if options.get("compression") == "packbits":
        pytest.importorskip("imagecodecs")  # which writes it; reading needs nothing
    image = make_image(3 if "rgb" in kind else 1, np.uint16, alpha="alpha" in kind)
    extra = {"extrasamples": ["unassalpha"]} if "alpha" in kind else {}
    back = decode(
        tiff_bytes(
            image.to_array() if image.channels == 3 or extra else image.samples[..., 0],
            photometric="rgb" if image.channels == 3 else "minisblack",
            **({"planarconfig": "contig"} if image.channels == 3 or extra else {}),
            **extra,
            **options,
        )
    )
    assert np.array_equal(back.to_array(), image.to_array())


def test_planes_white_as_zero_and_premultiplied_alpha():
    image = make_image(3, np.uint16)
    planes = np.moveaxis(image.samples, 2, 0)
    data = tiff_bytes(planes, photometric="rgb", planarconfig="separate")
    assert np.array_equal(decode(data).samples, image.samples)

    grey = make_image(1, np.uint16).samples[..., 0]
    assert np.array_equal(decode(tiff_bytes(~grey, photometric="miniswhite")).samples[..., 0], grey)

    premultiplied = np.array([[[100, 50, 0, 32768], [9, 9, 9, 0]]], np.uint16)
    data = tiff_bytes(premultiplied, photometric="rgb", extrasamples=["assocalpha"])
    assert decode(data).samples.tolist() == [[[200, 100, 0], [9, 9, 9]]]

    data = tiff_bytes(premultiplied, photometric="rgb", extrasamples=["unspecified"])
    assert decode(data).alpha is None
    assert "not alpha" in decode(data).notes[0]


@pytest.mark.parametrize("channels", [1, 3])
def test_lzw_is_read_through_opencv(channels):
    import cv2

    image = make_image(channels, np.uint16)
    lzw = [cv2.IMWRITE_TIFF_COMPRESSION, 5]
    done, data = cv2.imencode(".tiff", image.samples[..., ::-1].copy(), lzw)
    assert done
    assert np.array_equal(decode(data.tobytes()).samples, image.samples)


def test_suffix_does_not_matter(tmp_path):
    (tmp_path / "a.jpg").write_bytes(encoded(smooth_image().to_pil(), "PNG"))
    image = decode(tmp_path / "a.jpg")
    assert image.format == "PNG"
    assert np.array_equal(image.samples, smooth_image().samples)


def test_heic_without_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(UnreadableImageError, match=r"pip install 'ganedit\[heic\]'"):
        decode(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))


# --- files that cannot be used ------------------------------------------------------------------


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


# --- formats and limits -------------------------------------------------------------------------


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


# --- saving -------------------------------------------------------------------------------------


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


# --- resizing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(7, 5), (34, 50), (101, 63), (1, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_resize_keeps_flat_colours_exactly(channels, dtype, size):
    top = np.iinfo(dtype).max
    samples = np.empty((HEIGHT, WIDTH, channels), dtype)
    samples[:] = np.array([top, top // 3, 1])[:channels]
    alpha = np.full((HEIGHT, WIDTH), top // 5, dtype)
    for image in (Image(samples), Image(samples, alpha)):
        result = resize(image, *size)
        assert result.samples.shape == (size[1], size[0], channels)
        assert result.samples.dtype == dtype
        assert (result.samples == samples[0, 0]).all()
        assert result.alpha is None or (result.alpha == alpha[0, 0]).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("width", [13, 40, 90])
def test_resize_draws_no_fringe(width, dtype):
    top = np.iinfo(dtype).max
    samples = np.zeros((8, 40, 3), dtype)
    alpha = np.zeros((8, 40), dtype)
    samples[:, 20:], alpha[:, 20:] = top, top  # opaque white beside transparent black
    result = resize(Image(samples, alpha), width, 9)
    visible = result.alpha > top // 50
    assert result.samples[visible].min() > 0.98 * top
    assert (result.samples[~visible & (result.alpha == 0)][:3] == 0).all()


@pytest.mark.parametrize("size", [(20, 13), (90, 70)])
def test_resize_agrees_with_pillow_and_has_no_seams(monkeypatch, size):
    image = make_image(1, np.uint16)
    plane = PIL.Image.fromarray(image.samples[..., 0].astype(np.float32))
    wanted = np.asarray(plane.resize(size, PIL.Image.Resampling.LANCZOS)).clip(0, 65535)
    monkeypatch.setattr("ganedit.image._resize._BAND_PIXELS", 200)
    result = resize(image, *size).samples[..., 0]
    assert np.abs(result - wanted).max() <= 2


def test_resize_refuses_nothing_and_keeps_the_rest():
    image = replace(make_image(), metadata=Metadata(dpi=(72, 72)), format="PNG")
    assert resize(image, WIDTH, HEIGHT) is image
    assert resize(image, 5, 6).metadata == image.metadata
    with pytest.raises(ValueError, match="at least 1"):
        resize(image, 0, 5)


# --- the package --------------------------------------------------------------------------------


def test_import_is_light():
    code = "import sys, ganedit.image; print({'torch', 'cv2', 'tifffile'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
