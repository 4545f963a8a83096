"""JPEG XL, JPEG XR and Radiance HDR: depth, alpha, and what lies beside the picture."""

import struct

import imagecodecs
import numpy as np
import PIL.Image
import pytest
from pictures import HEIGHT, SRGB, WIDTH, XMP, encoded, make_exif, make_image, smooth_image

from ganedit.errors import ImageTooLargeError, TruncatedImageError, UnreadableImageError
from ganedit.image import decode, size_of
from ganedit.image._jxl_header import JxlHeader, jxl_header

LINEAR = (b"gAMA", struct.pack(">I", 100_000))


def radiance(values: np.ndarray) -> bytes:
    return imagecodecs.rgbe_encode(values.astype(np.float32), header=True)


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


# --- JPEG XL ------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_jpeg_xl(tmp_path, dtype, channels, alpha):
    image = make_image(channels, dtype, alpha=alpha)
    data = imagecodecs.jpegxl_encode(np.squeeze(image.to_array()), lossless=True)
    back = decode(data)
    assert (back.format, back.depth, back.notes) == ("JXL", image.depth, ())
    assert np.array_equal(back.to_array(), image.to_array())
    (tmp_path / "a.jxl").write_bytes(data)
    assert size_of(tmp_path / "a.jxl") == (WIDTH, HEIGHT)
    with pytest.raises(TruncatedImageError):
        decode(data[: len(data) // 2])
    with pytest.raises(ImageTooLargeError):
        decode(data, max_pixels=10)


@pytest.mark.parametrize("depth", [1, 5, 10, 12])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_depth_of_jpeg_xl_is_scaled_to_white(channels, depth):
    white = (1 << depth) - 1
    values = make_image(channels, np.uint16, alpha=True).to_array() >> (16 - depth)
    values[0] = white
    data = imagecodecs.jpegxl_encode(
        values.astype(np.uint8 if depth < 8 else np.uint16), lossless=True, bitspersample=depth
    )
    back = decode(data)
    top = 255 if depth < 8 else 65535
    assert (back.depth, back.notes) == (8 if depth < 8 else 16, ())
    assert np.abs(back.to_array() - values * (top / white)).max() <= 0.5


def test_alpha_of_another_depth_in_jpeg_xl():
    values = np.full((8, 8, 4), 1023, np.uint16)
    values[..., 3] = 255
    values[0, 0, 3] = 0
    data = imagecodecs.jpegxl_encode(values, lossless=True, bitspersample=10)
    # The bit that says 10 of alpha, and 8 without it.
    data = data[:4] + bytes((data[4] ^ 0x20,)) + data[5:]
    image = decode(data)
    assert np.all(image.samples == 65535)
    assert (image.alpha[0, 0], image.alpha[1:].min()) == (0, 65535)


def test_floats_and_frames_of_jpeg_xl():
    wanted = make_image(3, np.uint16).samples / 65535
    image = decode(imagecodecs.jpegxl_encode(wanted.astype(np.float32), lossless=True))
    assert np.abs(image.samples / 65535 - wanted).max() < 1e-4
    assert image.notes == ("float samples converted to 16 bits",)
    frames = np.stack([make_image(3).samples, make_image(3).samples[::-1]])
    image = decode(imagecodecs.jpegxl_encode(frames, lossless=True))
    assert np.array_equal(image.samples, frames[0])
    assert image.notes == ("animated: only the first frame was taken",)


@pytest.mark.parametrize("compressed", [False, True])
def test_boxes_of_jpeg_xl(compressed):
    image = make_image(3, np.uint16)
    blocks = {b"Exif": bytes(4) + make_exif(6), b"xml ": XMP}
    data = imagecodecs.jpegxl_encode(image.samples, lossless=True, usecontainer=True)
    for name, block in blocks.items():
        brotli = name + imagecodecs.brotli_encode(block)
        data += box(b"brob", brotli) if compressed else box(name, block)
    back = decode(data)
    # The stream's own orientation counts, and EXIF's is only a copy.
    assert np.array_equal(back.samples, image.samples)
    assert b'tiff:Orientation="1"' in back.metadata.xmp
    exif = PIL.Image.Exif()
    exif.load(b"Exif\0\0" + back.metadata.exif)
    assert (exif[0x010F], exif[0x0112]) == ("Maker", 1)


@pytest.mark.parametrize("compressed", [False, True])
def test_boxes_of_jpeg_xl_that_are_left_out_are_told(compressed):
    jpeg = encoded(smooth_image().to_pil(), "JPEG")
    for data in (
        imagecodecs.jpegxl_encode(make_image().samples, lossless=True, usecontainer=True),
        imagecodecs.jpegxl_encode_jpeg(jpeg, usecontainer=True),
    ):
        for name in (b"jhgm", b"jumb"):
            data += box(b"brob", name + bytes(9)) if compressed else box(name, bytes(9))
        assert [note.split(" left")[0] for note in decode(data).notes] == [
            "HDR gain map",
            "content credentials (C2PA)",
        ]


def test_resolution_of_jpeg_xl_is_in_its_exif():
    exif = PIL.Image.Exif()
    exif[0x011A], exif[0x011B], exif[0x0128] = 300.0, 150.0, 2
    data = imagecodecs.jpegxl_encode(make_image().samples, lossless=True, usecontainer=True)
    data += box(b"Exif", bytes(4) + exif.tobytes().removeprefix(b"Exif\0\0"))
    assert decode(data).metadata.dpi == (300, 150)


def test_jpeg_xl_made_of_a_jpeg_keeps_what_was_in_it():
    exif = b"Exif\0\0" + make_exif(6)
    options = {"exif": exif, "icc_profile": SRGB, "comment": b"hello", "quality": 95}
    jpeg = encoded(smooth_image().to_pil(), "JPEG", **options)
    image, wanted = decode(imagecodecs.jpegxl_encode_jpeg(jpeg, usecontainer=True)), decode(jpeg)
    assert image.format == "JXL"
    assert np.array_equal(image.samples, wanted.samples)
    assert image.metadata == wanted.metadata
    assert image.metadata.icc == SRGB


def stream(*fields: tuple[int, int]) -> bytes:
    """A code stream of 8 by 8 pixels whose head goes on with these values of so many bits."""
    # Small, height of 8, square, not all as usual.
    number = place = 0
    for value, count in ((1, 1), (0, 5), (1, 3), (0, 1), *fields):
        number |= value << place
        place += count
    return b"\xff\x0a" + number.to_bytes(place // 8 + 1, "little")


# No extra fields, 8 bits an integer sample, 16 bits are enough.
PLAIN = ((0, 1), (0, 1), (0, 2), (1, 1))
DEEP = ((0, 1), (0, 1), (2, 2), (1, 1)), ((0, 1), (1, 1), (0, 2), (7, 4), (1, 1))
ALPHA = ((1, 2), (0, 1), (0, 2), (0, 1), (0, 2), (0, 2), (0, 2), (1, 1))  # premultiplied
# No profile, RGB, white of D65.
RGB = ((0, 1), (0, 1), (0, 2), (1, 2))


@pytest.mark.parametrize(
    ("fields", "header"),
    [
        ((*PLAIN, (0, 2), (1, 1), (1, 1)), JxlHeader(8, 8)),
        # 12 bits, and floats of 32.
        ((*DEEP[0], (0, 2), (1, 1), (1, 1)), JxlHeader(8, 8, depth=12)),
        ((*DEEP[1], (0, 2), (1, 1), (1, 1)), JxlHeader(8, 8, depth=None)),
        ((*PLAIN, *ALPHA, (1, 1), (1, 1)), JxlHeader(8, 8, premultiplied=True)),
        # BT.2020 with PQ, Display P3 with sRGB's transfer function.
        (
            (*PLAIN, (0, 2), (1, 1), *RGB, (2, 2), (7, 4), (0, 1), (2, 2), (14, 4)),
            JxlHeader(8, 8, color=(9, 16)),
        ),
        (
            (*PLAIN, (0, 2), (1, 1), *RGB, (2, 2), (9, 4), (0, 1), (2, 2), (11, 4)),
            JxlHeader(8, 8, color=(12, 13)),
        ),
        # A profile; a gamma of its own.
        ((*PLAIN, (0, 2), (0, 1), (0, 1), (1, 1), (0, 2)), JxlHeader(8, 8, color=None)),
        (
            (*PLAIN, (0, 2), (1, 1), *RGB, (1, 2), (1, 1), (4_545_455, 24)),
            JxlHeader(8, 8, color=None),
        ),
    ],
)
def test_head_of_jpeg_xl(fields, header):
    assert jxl_header(stream(*fields)) == header


def test_what_jpeg_xl_says_of_its_colours_is_kept_or_told(monkeypatch):
    data = imagecodecs.jpegxl_encode(make_image().samples, lossless=True)
    module = "ganedit.image._jxl.jxl_header"
    monkeypatch.setattr(module, lambda _: JxlHeader(WIDTH, HEIGHT, color=(9, 16)))
    assert decode(data).metadata.color_chunks == ((b"cICP", bytes((9, 16, 0, 1))),)
    monkeypatch.setattr(module, lambda _: JxlHeader(WIDTH, HEIGHT, color=(1, 8)))
    assert decode(data).metadata.color_chunks == (LINEAR,)
    monkeypatch.setattr(module, lambda _: JxlHeader(WIDTH, HEIGHT, color=None))
    assert decode(data).notes[0].startswith("colour profile left out")


# --- JPEG XR ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("channels", "alpha"), [(1, False), (3, False), (3, True)])
def test_jpeg_xr(tmp_path, channels, alpha, dtype):
    image = make_image(channels, dtype, alpha=alpha)
    data = imagecodecs.jpegxr_encode(np.squeeze(image.to_array()))
    (tmp_path / "a.jxr").write_bytes(data)
    assert size_of(tmp_path / "a.jxr") == (WIDTH, HEIGHT)
    back = decode(tmp_path / "a.jxr")
    assert (back.format, back.depth, back.notes) == ("JXR", image.depth, ())
    assert np.array_equal(back.to_array(), image.to_array())
    for length in (10, 40, 200, len(data) - 4):
        with pytest.raises(TruncatedImageError):
            decode(data[:length])
    with pytest.raises(ImageTooLargeError):
        decode(data, max_pixels=10)


def test_the_code_stream_of_jpeg_xr_says_its_size():
    data = imagecodecs.jpegxr_encode(make_image().samples)
    tag = struct.pack("<HHII", 0xBC80, 4, 1, WIDTH)
    assert tag in data
    data = data.replace(tag, struct.pack("<HHII", 0xBC80, 4, 1, 1))
    with pytest.raises(ImageTooLargeError):
        decode(data, max_pixels=WIDTH * HEIGHT - 1)
    assert decode(data, max_pixels=WIDTH * HEIGHT).width == WIDTH


def test_metadata_of_jpeg_xr(capfd):
    data = imagecodecs.jpegxr_encode(make_image().samples)
    place = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[place : place + 2], "little")
    entries = data[place + 2 : place + 2 + 12 * count]
    entries = struct.pack("<HHII", 700, 1, len(XMP), len(data)) + entries
    entries = struct.pack("<HHII", 274, 3, 1, 6) + entries
    entries += struct.pack("<HHII", 0xFFF0, 3, 1, 6)  # a tag that nobody knows
    directory = struct.pack("<H", count + 3) + entries + bytes(4)
    data = data[:4] + struct.pack("<I", len(data) + len(XMP)) + data[8:] + XMP + directory
    image = decode(data)
    assert np.array_equal(image.samples, np.rot90(make_image().samples, -1))
    assert b'tiff:Orientation="1"' in image.metadata.xmp
    assert image.metadata.dpi == (96, 96)
    assert capfd.readouterr().err == ""


def test_floats_and_bits_of_jpeg_xr():
    values = make_image(3).samples.astype(np.float32) / 100
    image = decode(imagecodecs.jpegxr_encode(values))
    assert np.abs(image.samples / 65535 - values / 2.55).max() < 1e-3
    assert image.notes[0].startswith("float samples from 0 to 2.55")
    assert image.metadata.color_chunks == (LINEAR,)
    assert decode(imagecodecs.jpegxr_encode(make_image().samples)).metadata.color_chunks == ()
    bits = make_image(1).samples[..., 0] > 99
    assert np.array_equal(decode(imagecodecs.jpegxr_encode(bits)).samples[..., 0], bits * 255)


# --- Radiance HDR -------------------------------------------------------------------------------


def test_radiance(tmp_path):
    values = make_image(3).samples / 64
    data = radiance(values)
    (tmp_path / "a.hdr").write_bytes(data)
    assert size_of(tmp_path / "a.hdr") == (WIDTH, HEIGHT)
    image = decode(tmp_path / "a.hdr")
    assert (image.format, image.depth) == ("HDR", 16)
    assert np.abs(image.samples / 65535 - values / values.max()).max() < 5e-3
    assert "is white" in image.notes[0]
    # Samples that are proportional to light say so.
    assert image.metadata.color_chunks == (LINEAR,)
    with pytest.raises(TruncatedImageError):
        decode(data[:-5])
    with pytest.raises(TruncatedImageError):
        decode(data[:20])
    with pytest.raises(ImageTooLargeError):
        decode(data, max_pixels=10)
    for old, new in ((b"_rgbe", b"_xyze"), (b"-Y", b"+Y")):
        with pytest.raises(UnreadableImageError, match="not supported"):
            decode(data.replace(old, new, 1))
