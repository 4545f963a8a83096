"""Kinds of files, and how they are brought to grey or RGB, upright."""

import struct
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from pictures import (
    METADATA_FORMATS,
    encoded,
    make_exif,
    make_image,
    make_png,
    png_chunk,
    smooth_image,
    tiff_bytes,
)
from PIL import ImageCms

from ganedit.errors import (
    UnreadableImageError,
)
from ganedit.image import (
    Image,
    decode,
    encode,
)


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


@pytest.mark.parametrize("orientation", [0, 9, 99, 255, 65535])
@pytest.mark.parametrize("format", METADATA_FORMATS)
def test_an_undefined_orientation_means_upright(tmp_path, orientation, format):
    stored = make_image(3).samples
    image = decode(turned_file(stored, format, orientation, tmp_path))
    assert image.samples.shape == stored.shape
    assert image.turned == 1
    if format in ("PNG", "TIFF"):
        assert np.array_equal(image.samples, stored)
    if image.metadata.exif:
        exif = PIL.Image.Exif()
        exif.load(b"Exif\0\0" + image.metadata.exif)
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


def cmyk_profile() -> bytes:
    """A printer whose cyan is a Lab blue, its black black, its other inks nothing."""
    colors = []
    for corner in range(16):  # of a table of 2 × 2 × 2 × 2 points, the first ink slowest
        cyan, black = corner >> 3, corner & 1
        colors += (0, 128, 128) if black else (128, 128, 60) if cyan else (255, 128, 128)
    straight = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 if place % 4 == 0 else 0 for place in range(9)))
    table = b"mft1" + bytes(4) + b"\4\3\2\0" + matrix + straight * 4 + bytes(colors) + straight * 3
    table += bytes(-len(table) % 4)
    tags = struct.pack(">I4sII", 1, b"A2B0", 144, len(table))
    header = struct.pack(">I4sI", 144 + len(table), b"lcms", 0x02400000) + b"prtrCMYKLab "
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
    return header.ljust(128, b"\0") + tags + table


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_cmyk_goes_through_its_profile(dtype):
    full = np.iinfo(dtype).max
    ink = np.zeros((1, 4, 4), dtype)
    ink[0, 1, 0], ink[0, 2, 3], ink[0, 3, 1] = full, full, full  # cyan, black, magenta
    data = tiff_bytes(ink, photometric="separated", iccprofile=cmyk_profile())
    image = decode(data)
    assert image.samples.dtype == dtype
    assert image.notes == ("CMYK converted to RGB through its profile",)
    assert image.metadata.icc is None
    white, cyan, black, magenta = image.samples[0] / full
    assert white.min() > 0.99
    assert magenta.min() > 0.99
    assert black.max() < 0.01
    blue = PIL.Image.new("LAB", (1, 1), (128, 128, 60))
    wanted = ImageCms.profileToProfile(
        blue, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert np.abs(cyan - np.divide(wanted.getpixel((0, 0)), 255)).max() < 0.02
    if dtype is np.uint8:
        jpeg = encoded(PIL.Image.new("CMYK", (8, 8)), "JPEG", icc_profile=cmyk_profile())
        assert decode(jpeg).samples.min() > 250
        assert decode(jpeg).notes == image.notes


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
    assert image.format == "JPEG"
    assert image.notes == ("only the first of 2 pictures was taken",)


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
