"""Every other kind of file: all that Pillow reads, deep ones, and what lies beside the picture."""

import importlib.util
import io
import struct

import imagecodecs
import numpy as np
import PIL.Image
import pytest
from pictures import HEIGHT, SRGB, WIDTH, encoded, make_image, smooth_image, written

from ganedit.errors import (
    ImageTooLargeError,
    TruncatedImageError,
    UnreadableImageError,
)
from ganedit.image import READABLE_SUFFIXES, decode, is_picture, size_of
from ganedit.image._formats import DRAWINGS, PILLOW_FORMATS

# --- what is a picture --------------------------------------------------------------------------


def test_every_format_of_pillow_is_listed():
    PIL.Image.init()
    ours = PILLOW_FORMATS.keys() | DRAWINGS.keys() | {"HEIF"}
    assert set(PIL.Image.ID) <= ours, "a new Pillow reads more; list it, or say why not"
    for suffix, name in PIL.Image.EXTENSION.items():
        if name in PIL.Image.OPEN and name not in DRAWINGS:
            assert suffix in READABLE_SUFFIXES
    assert not READABLE_SUFFIXES & {".eps", ".ps", ".pdf", ".mpg", ".txt", ".wmf", ""}
    assert {
        ".pam",
        ".mpo",
        ".heic",
        ".jxl",
        ".jxr",
        ".hdr",
        ".jls",
        ".dng",
        ".cr3",
    } <= READABLE_SUFFIXES


@pytest.mark.parametrize(
    ("format", "mode"),
    [
        ("PPM", "L"), ("PPM", "RGB"), ("PPM", "1"), ("TGA", "RGB"), ("TGA", "RGBA"), ("PCX", "P"),
        ("PCX", "RGB"), ("JPEG2000", "RGB"), ("JPEG2000", "LA"), ("ICO", "RGBA"), ("DDS", "RGBA"),
        ("SGI", "RGB"), ("XBM", "1"), ("MSP", "1"), ("SPIDER", "F"), ("QOI", "RGB"),
        ("DIB", "RGB"), ("BLP", "P"), ("GIF", "L"), ("TIFF", "P"),
    ],
)  # fmt: skip
def test_formats_of_pillow(tmp_path, format, mode):
    picture = make_image(3, alpha=True).to_pil().resize((32, 32))
    picture = picture.convert("RGB") if mode in ("1", "L", "P", "F") else picture
    picture = picture.convert("L").convert("F") if mode == "F" else picture.convert(mode)
    path = tmp_path / "a"
    options = {"compression": None} if format == "QOI" else {}
    picture.save(path, format, **options)
    image = decode(path)
    assert size_of(path) == (image.width, image.height)
    with PIL.Image.open(path) as opened:
        if mode == "F":
            wanted = np.asarray(opened) / np.asarray(opened).max()
            assert np.abs(image.samples[..., 0] / 65535 - wanted).max() < 1e-4
        else:
            wanted = np.asarray(opened.convert(image.to_pil().mode))
            assert np.array_equal(np.asarray(image.to_pil()), wanted)


@pytest.mark.parametrize("white", [1, 255, 1000, 65535])
@pytest.mark.parametrize("channels", [1, 3])
def test_netpbm_of_any_depth(white, channels):
    values = np.random.default_rng(0).integers(0, white, (4, 5, channels), endpoint=True)
    header = f"P{6 if channels == 3 else 5}\n# a comment\n5 4 # another\n{white}\n".encode()
    data = header + values.astype("u1" if white < 256 else ">u2").tobytes()
    image = decode(data)
    assert image.depth == (8 if white < 256 else 16)
    top = np.iinfo(image.samples.dtype).max
    assert np.abs(image.samples - values / white * top).max() <= 0.501
    with pytest.raises(TruncatedImageError):
        decode(data[:-1])
    assert "truncated" in decode(data[:-1], allow_truncated=True).notes[0]
    with pytest.raises(ImageTooLargeError):
        decode(data, max_pixels=19)


@pytest.mark.parametrize("kind", ["GRAYSCALE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pam(kind, dtype):
    image = make_image(3 if "RGB" in kind else 1, dtype, alpha="ALPHA" in kind)
    array = image.to_array()
    lines = f"WIDTH {WIDTH}\nHEIGHT {HEIGHT}\nDEPTH {array.shape[2]}\n"
    lines += f"MAXVAL {np.iinfo(dtype).max}\nTUPLTYPE {kind}\n"
    data = f"P7\n{lines}ENDHDR\n".encode() + array.astype(array.dtype.newbyteorder(">")).tobytes()
    assert np.array_equal(decode(data).to_array(), array)


def test_pfm():
    values = np.linspace(0, 1, 12, dtype="<f4").reshape(2, 2, 3)
    image = decode(b"PF\n2 2\n-1.0\n" + values[::-1].tobytes())
    assert np.abs(image.samples / 65535 - values).max() < 1e-5
    assert image.notes == ("float samples converted to 16 bits",)


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"\x89HDF\r\n\x1a\n", "scientific"),
        (b"\0\0\1\xb3", "video"),
        (b"\xd7\xcd\xc6\x9a\0\0", "Metafile"),
    ],
)
def test_what_is_no_picture_of_pixels_is_named(head, what):
    with pytest.raises(UnreadableImageError, match=f"{what}.*save it as PNG"):
        decode(head + bytes(100))


def test_unsupported_is_not_called_damaged():
    dds = bytearray(encoded(PIL.Image.new("RGBA", (8, 8)), "DDS"))
    dds[80:84], dds[84:88] = struct.pack("<I", 4), b"ABCD"  # a compression that nobody knows
    bmp = bytearray(encoded(smooth_image().to_pil(), "BMP"))
    bmp[28:30] = struct.pack("<H", 3)  # bits per pixel
    for data in (dds, bmp):
        with pytest.raises(UnreadableImageError, match="not supported") as caught:
            decode(bytes(data))
        assert "\n" not in str(caught.value)


def test_icons_hold_no_larger_pictures_than_they_may():
    ico = bytearray(encoded(PIL.Image.new("RGBA", (32, 32)), "ICO", sizes=[(32, 32)]))
    inner = encoded(PIL.Image.new("1", (3000, 3000)), "PNG")
    start = int.from_bytes(ico[18:22], "little")
    ico[14:18] = struct.pack("<I", len(inner))
    with pytest.raises(ImageTooLargeError, match="--max-pixels"):
        decode(bytes(ico[:start]) + inner, max_pixels=1_000_000)


# --- more than eight bits -----------------------------------------------------------------------


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("channels", [1, 3])
def test_deep_avif(bits, channels):
    image = make_image(channels, np.uint16)
    values = np.squeeze(image.samples >> (16 - bits))
    data = imagecodecs.avif_encode(values, bitspersample=bits, level=100)
    back = decode(data)
    assert back.depth == 16
    reach = 1 << (16 - bits)
    samples = back.samples if back.channels == channels else back.samples[..., :1]
    assert np.abs(samples.astype(int) - image.samples).max() <= 3 * reach
    assert back.samples.max() > 65000
    _, notes = written(back, "AVIF")
    assert "reduced to 8 bits" in notes[0]


def test_colour_space_of_avif():
    values = make_image(3, np.uint16).samples >> 6
    data = imagecodecs.avif_encode(
        values, bitspersample=10, level=100, primaries=9, transfer=16, matrix=9
    )
    image = decode(data)
    assert image.metadata.color_chunks == ((b"cICP", bytes((9, 16, 0, 1))),)
    assert written(image, "AVIF")[1][1].startswith("gamma and colour space left out")


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("channels", [1, 3])
def test_deep_jpeg_2000(bits, channels):
    image = make_image(channels, np.uint16)
    values = np.squeeze(image.samples >> (16 - bits))
    back = decode(imagecodecs.jpeg2k_encode(values, bitspersample=bits))
    assert back.depth == 16
    assert np.abs(back.samples.astype(int) - image.samples).max() <= (1 << (16 - bits))
    assert back.format == "JPEG2000"


def test_profile_of_jpeg_2000():
    data = imagecodecs.jpeg2k_encode(make_image().samples)
    start = data.index(b"colr") - 4
    old = int.from_bytes(data[start : start + 4], "big")
    box = struct.pack(">I", len(SRGB) + 11) + b"colr\2\0\0" + SRGB
    parent = data.index(b"jp2h") - 4
    size = int.from_bytes(data[parent : parent + 4], "big") + len(box) - old
    end = start + old
    data = data[:parent] + struct.pack(">I", size) + data[parent + 4 : start] + box + data[end:]
    image = decode(data)
    assert image.metadata.icc == SRGB
    assert np.array_equal(image.samples, make_image().samples)


def test_medical_jpegs():
    image = make_image(3, np.uint16)
    values = image.samples >> 4
    back = decode(imagecodecs.jpeg_encode(values, bitspersample=12, level=100, subsampling="444"))
    assert np.abs(back.samples.astype(int) - image.samples).max() < 1200
    assert back.notes == ("metadata of a JPEG of 12 bits is not read",)
    lossless = decode(imagecodecs.jpeg_encode(image.samples, lossless=True, bitspersample=16))
    assert np.array_equal(lossless.samples, image.samples)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_jpeg_ls(tmp_path, channels, dtype):
    image = make_image(channels, dtype)
    data = imagecodecs.jpegls_encode(np.squeeze(image.samples))
    (tmp_path / "a.jls").write_bytes(data)
    assert size_of(tmp_path / "a.jls") == (WIDTH, HEIGHT)
    back = decode(tmp_path / "a.jls")
    assert back.format == "JPEG-LS"
    assert np.array_equal(back.samples, image.samples)
    with pytest.raises(TruncatedImageError):
        decode(data[: len(data) // 2])
    with pytest.raises(ImageTooLargeError):
        decode(data, max_pixels=10)


def test_depth_that_pillow_reduces_is_told():
    data = bytearray(encoded(smooth_image().to_pil(), "SGI", bpc=2))
    assert any("reduced to 8 bits" in note for note in decode(bytes(data)).notes)
    plain = b"P3\n1 1\n65535\n65535 0 300\n"
    assert any("reduced to 8 bits" in note for note in decode(plain).notes)


# --- with the extra packages --------------------------------------------------------------------

heic = pytest.mark.skipif(not importlib.util.find_spec("pillow_heif"), reason="needs pillow-heif")
raw = pytest.mark.skipif(not importlib.util.find_spec("rawpy"), reason="needs rawpy")


@heic
def test_deep_heic():
    import pillow_heif

    slope = np.add.outer(np.arange(64), np.arange(96)).astype(np.uint16) * 400
    samples = np.repeat(slope[..., None], 3, axis=2)
    buffer = io.BytesIO()
    pillow_heif.encode("RGB;16", (96, 64), samples.tobytes(), buffer, quality=95)
    image = decode(buffer.getvalue())
    assert (image.format, image.depth) == ("HEIF", 16)
    assert np.abs(image.samples.astype(int) - samples).max() < 600


@raw
def test_raw_is_developed(tmp_path):
    from test_image_tiff import raw_picture

    (tmp_path / "a.dng").write_bytes(raw_picture())
    assert size_of(tmp_path / "a.dng") == (256, 192)
    image = decode(tmp_path / "a.dng")
    assert (image.format, image.depth) == ("RAW", 16)
    assert image.samples.shape == (192, 256, 3)
    assert "developed" in image.notes[0]


# --- files of a folder --------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "JPEG2000"])
def test_pictures_without_a_suffix_are_known_by_their_content(tmp_path, format):
    (tmp_path / "scan").write_bytes(encoded(smooth_image().to_pil(), format))
    assert is_picture(tmp_path / "scan")


def test_what_is_no_picture_in_a_folder(tmp_path):
    (tmp_path / "a.txt").write_bytes(encoded(smooth_image().to_pil(), "PNG"))
    texts = {
        "README": b"BMW and others",
        "LICENSE": b"P5 is a key",
        "empty": b"",
        "ps": b"%!PS-Adobe",
    }
    for name, content in texts.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    assert not any(is_picture(path) for path in tmp_path.iterdir())
    assert not is_picture(tmp_path / "missing")
    assert is_picture(tmp_path / "missing.HDR")
