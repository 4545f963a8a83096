"""Every other kind of file: all that Pillow reads, deep ones, and what lies beside the picture."""

import importlib.util
import io
import os
import struct
import sys
import threading
from dataclasses import replace

import imagecodecs
import numpy as np
import PIL.Image
import pytest
from pictures import HEIGHT, SRGB, WIDTH, encoded, make_exif, make_image, smooth_image

from ganedit.errors import (
    ImageTooLargeError,
    OutputError,
    TruncatedImageError,
    UnreadableImageError,
)
from ganedit.image import READABLE_SUFFIXES, Image, Metadata, decode, encode, pixel_loss, size_of
from ganedit.image._formats import DRAWINGS, PILLOW_FORMATS

IPTC = b"\x1c\2\x78\0\4text"


def written(image: Image, format: str, **options: object) -> tuple[bytes, tuple[str, ...]]:
    buffer = io.BytesIO()
    notes = encode(image, format, target=buffer, **options)
    return buffer.getvalue(), notes


# --- what is a picture --------------------------------------------------------------------------


def test_every_format_of_pillow_is_listed():
    PIL.Image.init()
    ours = PILLOW_FORMATS.keys() | DRAWINGS.keys() | {"HEIF", "JXL"}
    assert set(PIL.Image.ID) <= ours, "a new Pillow reads more; list it, or say why not"
    for suffix, name in PIL.Image.EXTENSION.items():
        if name in PIL.Image.OPEN and name not in DRAWINGS:
            assert suffix in READABLE_SUFFIXES
    assert not READABLE_SUFFIXES & {".eps", ".ps", ".pdf", ".mpg", ".txt", ".wmf", ""}
    assert {".pam", ".mpo", ".heic", ".jxl", ".dng", ".cr3"} <= READABLE_SUFFIXES


@pytest.mark.parametrize(
    ("format", "mode"),
    [
        ("PPM", "L"), ("PPM", "RGB"), ("PPM", "1"), ("TGA", "RGB"), ("TGA", "RGBA"), ("PCX", "P"),
        ("PCX", "RGB"), ("JPEG2000", "RGB"), ("JPEG2000", "LA"), ("ICO", "RGBA"), ("DDS", "RGBA"),
        ("SGI", "RGB"), ("XBM", "1"), ("MSP", "1"), ("SPIDER", "F"), ("QOI", "RGB"),
        ("ICNS", "RGBA"), ("DIB", "RGB"), ("BLP", "P"), ("GIF", "L"), ("TIFF", "P"),
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


@pytest.mark.parametrize(
    ("data", "extra"),
    [(b"\xff\x0a" + bytes(50), "jxl"), (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(50), "jxl")],
)
def test_jpeg_xl_without_its_package(monkeypatch, data, extra):
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)
    with pytest.raises(UnreadableImageError, match=rf"pip install 'ganedit\[{extra}\]'"):
        decode(data)


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
    inner = encoded(PIL.Image.new("1", (9000, 9000)), "PNG")
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


def test_medical_jpegs():
    image = make_image(3, np.uint16)
    values = image.samples >> 4
    back = decode(imagecodecs.jpeg_encode(values, bitspersample=12, level=100, subsampling="444"))
    assert np.abs(back.samples.astype(int) - image.samples).max() < 1200
    assert back.notes == ("metadata of a JPEG of 12 bits is not read",)
    lossless = decode(imagecodecs.jpeg_encode(image.samples, lossless=True, bitspersample=16))
    assert np.array_equal(lossless.samples, image.samples)


def test_depth_that_pillow_reduces_is_told():
    data = bytearray(encoded(smooth_image().to_pil(), "SGI", bpc=2))
    assert any("reduced to 8 bits" in note for note in decode(bytes(data)).notes)
    plain = b"P3\n1 1\n65535\n65535 0 300\n"
    assert any("reduced to 8 bits" in note for note in decode(plain).notes)


# --- JPEG: what lies beside the picture ---------------------------------------------------------


def jpeg_with(*segments: tuple[int, bytes], **options: object) -> bytes:
    jpeg = encoded(smooth_image().to_pil(), "JPEG", **options)
    parts = (struct.pack(">BBH", 0xFF, kind, len(data) + 2) + data for kind, data in segments)
    return jpeg[:2] + b"".join(parts) + jpeg[2:]


def test_comments_and_iptc_stay_in_jpeg():
    resources = b"8BIM\3\xed\0\0\0\0\0\2ab" + b"8BIM\4\4\0\0" + struct.pack(">I", len(IPTC)) + IPTC
    photoshop = (0xED, b"Photoshop 3.0\0" + resources)
    image = decode(jpeg_with((0xFE, b"first"), photoshop, (0xFE, "zweiß".encode())))
    assert image.metadata.texts == (("Comment", "first"), ("Comment", "zweiß"))
    assert image.metadata.iptc == IPTC
    data, notes = written(image, "JPEG")
    assert notes == ()
    assert decode(data).metadata == image.metadata
    with PIL.Image.open(io.BytesIO(data)) as picture:
        assert picture.info["photoshop"][0x0404] == IPTC
        assert picture.info["comment"] == "zweiß".encode()
    assert decode(written(image, "PNG")[0]).metadata.texts == image.metadata.texts
    _, notes = written(image, "WEBP")
    assert notes == ("IPTC left out: WEBP has no place for it",
                     "texts left out: WEBP has no place for them")  # fmt: skip


def test_comment_of_a_gif_and_one_in_latin_1():
    image = decode(encoded(smooth_image(1).to_pil(), "GIF", comment=b"caf\xe9"))
    assert image.metadata.texts == (("Comment", "café"),)


def test_texts_of_a_png_in_jpeg():
    texts = (("Title", "x"), ("Comment", "kept"), ("Comment", "long" * 20_000))
    image = replace(make_image(), metadata=Metadata(texts=texts, iptc=bytes(70_000)))
    data, notes = written(image, "JPEG")
    assert decode(data).metadata.texts == (("Comment", "kept"),)
    assert notes == ("IPTC left out: larger than the 64 KiB that JPEG allows",
                     "texts left out: JPEG has a place for short comments only")  # fmt: skip


GAIN_MAP_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description hdrgm:Version="1.0" dc:title="kept" '
    b'GCamera:MotionPhoto="1"><Container:Directory><rdf:Seq><rdf:li>GainMap</rdf:li></rdf:Seq>'
    b"</Container:Directory></rdf:Description></x:xmpmeta>"
)


@pytest.mark.parametrize("kind", ["xmp", "iso"])
def test_gain_map_is_told_and_no_longer_promised(kind):
    base = smooth_image().to_pil()
    extra = {"xmp": GAIN_MAP_XMP} if kind == "xmp" else {}
    data = encoded(base, "MPO", save_all=True, append_images=[base.convert("L")], **extra)
    if kind == "iso":
        name = b"urn:iso:std:iso:ts:21496:-1\0"
        data = (
            data[:2] + struct.pack(">BBH", 0xFF, 0xE2, len(name) + 6) + name + bytes(4) + data[2:]
        )
    image = decode(data)
    assert image.notes[0] == "HDR gain map left out: the standard-range picture was taken"
    assert image.format == "JPEG"
    if kind == "xmp":
        assert image.notes[1] == "the video of the motion photo was left out"
        assert b'dc:title="kept"' in image.metadata.xmp
        for gone in (b"hdrgm", b"GainMap", b"MotionPhoto"):
            assert gone not in image.metadata.xmp


def test_other_things_that_are_left_out_of_a_jpeg_are_told():
    extended = (0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(80))
    credentials = (0xEB, b"JP\0\1\0\0\0\1\0\0\0\x20jumb" + bytes(40))
    notes = decode(jpeg_with(extended, credentials)).notes
    assert [note.split(" left")[0] for note in notes] == [
        "XMP beyond 64 KiB",
        "content credentials (C2PA)",
    ]


@pytest.mark.parametrize("length", [4, 5, 7, 12])
def test_short_adobe_marker(length):
    plain = decode(jpeg_with())
    image = decode(jpeg_with((0xEE, (b"Adobe\0\x64" + bytes(20))[:length])))
    assert np.array_equal(image.samples, plain.samples)
    assert image.notes == (("metadata dropped: it is damaged",) if length == 5 else ())


def test_cmyk_jpeg_and_profile_of_another_mode():
    cmyk = smooth_image().to_pil().convert("CMYK")
    image = decode(encoded(cmyk, "JPEG", quality=95, icc_profile=SRGB))
    assert image.channels == 3
    assert image.metadata.icc is None
    assert np.abs(image.samples.astype(int) - smooth_image().samples).max() <= 12
    grey = decode(encoded(smooth_image(1).to_pil(), "JPEG", icc_profile=SRGB))
    assert "profile dropped" in grey.notes[0]


# --- pipes, names, threads ----------------------------------------------------------------------


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


# --- lossless stays lossless --------------------------------------------------------------------


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


# --- with the extra packages --------------------------------------------------------------------

heic = pytest.mark.skipif(not importlib.util.find_spec("pillow_heif"), reason="needs pillow-heif")
jxl = pytest.mark.skipif(not importlib.util.find_spec("pillow_jxl"), reason="needs pillow-jxl")
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


@jxl
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_jpeg_xl(dtype):
    image = make_image(3, dtype)
    back = decode(imagecodecs.jpegxl_encode(image.samples, lossless=True))
    assert (back.format, back.depth) == ("JXL", image.depth)
    assert np.array_equal(back.samples, image.samples)


@raw
def test_raw_is_developed():
    from test_image_tiff import raw_picture

    image = decode(raw_picture())
    assert (image.format, image.depth) == ("RAW", 16)
    assert image.samples.shape == (192, 256, 3)
    assert "developed" in image.notes[0]
