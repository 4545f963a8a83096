"""PNG: what its chunks say is kept, long or broken ones do no harm, and 16 bits stay 16."""

import io
import os
import struct
import zlib
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
from pictures import SRGB, encoded, make_image, make_png, png_chunk, smooth_image, written
from PIL import ImageCms

from ganedit.errors import TruncatedImageError, UnreadableImageError
from ganedit.image import Image, Metadata, decode, save
from ganedit.runtime import limited_threads

LINEAR = struct.pack(">I", 100_000)
SRGB_GAMMA = struct.pack(">I", 45_455)
WIDE = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)  # Display P3
HDR = bytes((9, 16, 0, 1))  # BT.2020, PQ


def with_chunks(*chunks: tuple[bytes, bytes], png: bytes | None = None) -> bytes:
    """A PNG with chunks put behind its header."""
    png = encoded(smooth_image().to_pil(), "PNG") if png is None else png
    return png[:33] + b"".join(png_chunk(name, data) for name, data in chunks) + png[33:]


# --- colour -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colour_chunks_stay(dtype):
    chunks = [(b"gAMA", LINEAR), (b"cHRM", WIDE), (b"cICP", HDR), (b"sRGB", b"\0")]
    plain, _ = written(make_image(3, dtype), "PNG")
    image = decode(with_chunks(*chunks, png=plain))
    assert image.depth == 8 * np.dtype(dtype).itemsize
    assert dict(image.metadata.color_chunks) == dict(chunks)
    data, notes = written(image, "PNG")
    assert notes == ()
    for name, content in chunks:
        assert png_chunk(name, content) in data
    assert PIL.Image.open(io.BytesIO(data)).info["gamma"] == 1.0
    assert dict(image.metadata.only_color().color_chunks) == dict(chunks)


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "TIFF", "AVIF"])
def test_colour_chunks_become_a_profile_elsewhere(format):
    image = decode(with_chunks((b"gAMA", LINEAR), (b"cHRM", WIDE)))
    data, notes = written(image, format)
    assert notes == ()
    icc = decode(data).metadata.icc
    assert icc is not None
    # Through the profile, linear half is sRGB's 188; pure colours lie outside of sRGB.
    grey = PIL.Image.new("RGB", (1, 1), (128, 128, 128))
    shown = ImageCms.profileToProfile(
        grey, ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
    )
    assert np.abs(np.subtract(shown.getpixel((0, 0)), 188)).max() <= 1


@pytest.mark.parametrize(
    "chunks",
    [
        [(b"sRGB", b"\0"), (b"gAMA", SRGB_GAMMA)],
        [(b"gAMA", SRGB_GAMMA)],
        [(b"gAMA", struct.pack(">I", 45_450))],
        [(b"cICP", bytes((1, 13, 0, 1)))],
    ],
)
def test_nothing_is_said_of_what_changes_nothing(chunks):
    image = decode(with_chunks(*chunks))
    data, notes = written(image, "JPEG")
    assert notes == ()
    assert decode(data).metadata.icc is None


def test_colour_that_cannot_be_kept_is_told():
    for chunks, format in (([(b"cICP", HDR)], "JPEG"), ([(b"gAMA", LINEAR)], "BMP")):
        _, notes = written(decode(with_chunks(*chunks)), format)
        assert notes == (f"gamma and colour space left out: {format} has no place for PNG's",)


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "TIFF", "AVIF"])
def test_a_profile_stays_where_cicp_has_no_place(format):
    profile = b"x\0\0" + zlib.compress(SRGB)
    for code, hdr in ((bytes((12, 13, 0, 1)), False), (HDR, True)):
        data, notes = written(decode(with_chunks((b"iCCP", profile), (b"cICP", code))), format)
        assert decode(data).metadata.icc == SRGB
        told = (f"HDR (PQ or HLG) left out: {format} keeps the colour profile only",)
        assert notes == (told if hdr else ())


# --- what else there is ---------------------------------------------------------------------------


def test_background_and_shape_of_pixels_stay():
    chunks = [(b"pHYs", struct.pack(">IIB", 1, 2, 0)), (b"bKGD", struct.pack(">HHH", 1, 2, 3))]
    image = decode(with_chunks(*chunks))
    data, notes = written(image, "PNG")
    assert notes == image.notes == ()
    for name, content in chunks:
        assert png_chunk(name, content) in data
    _, notes = written(image, "JPEG")
    assert notes == ("background colour left out: JPEG has no place for it",)


def test_background_of_every_kind_of_png():
    grey = make_png(4, 0, [b"\x12"], 2, bKGD=struct.pack(">H", 3))
    data, _ = written(decode(grey), "PNG")
    assert png_chunk(b"bKGD", struct.pack(">H", 3 * 17)) in data
    palette = make_png(8, 3, [b"\0\1"], 2, PLTE=bytes(range(6)), bKGD=b"\1")
    data, _ = written(decode(palette), "PNG")
    assert png_chunk(b"bKGD", struct.pack(">HHH", 3, 4, 5)) in data
    deep = with_chunks(
        (b"bKGD", struct.pack(">H", 999)), png=written(make_image(1, np.uint16), "PNG")[0]
    )
    data, _ = written(decode(deep), "PNG")
    assert png_chunk(b"bKGD", struct.pack(">H", 999)) in data
    for damaged in (b"", b"\7", bytes(4)):
        assert decode(with_chunks((b"bKGD", damaged))).metadata.background is None


def test_what_is_true_of_the_unedited_file_only_is_told():
    chunks = [(b"sBIT", b"\5\6\5"), (b"oFFs", bytes(9)), (b"tIME", bytes(7))]
    assert decode(with_chunks(*chunks)).notes == (
        "PNG's sBIT, oFFs left out: true of the unedited file only",
    )
    assert decode(with_chunks((b"sBIT", b"\x08\x08\x08"))).notes == ()


# --- texts --------------------------------------------------------------------------------------


def test_texts_stay():
    texts = (("Title", "plain"), ("Author", "Ærø"), ("parameters", "多字节 " * 2000), ("e", ""))
    image = replace(make_image(), metadata=Metadata(texts=texts))
    data, _ = written(image, "PNG")
    assert decode(data).metadata.texts == texts
    picture = PIL.Image.open(io.BytesIO(data))
    picture.load()
    assert picture.text == dict(texts)
    _, notes = written(image, "WEBP")
    assert notes == ("texts left out: WEBP has no place for them",)


@pytest.mark.parametrize("compressed", [False, True])
def test_language_and_translated_keyword_stay(compressed):
    text = ("日本語 " if not compressed else "long " * 300).encode()
    packed = zlib.compress(text) if compressed else text
    chunk = b"Title\0" + bytes((compressed, 0)) + b"ja\0" + "題".encode() + b"\0" + packed
    plain = b"Title\0\0\0\0\0" + "Größe 大".encode()
    image = decode(with_chunks((b"iTXt", chunk), (b"iTXt", plain)))
    assert image.metadata.texts == (("Title", text.decode()), ("Title", "Größe 大"))
    data, notes = written(image, "PNG")
    assert notes == ()
    assert png_chunk(b"iTXt", chunk) in data
    assert png_chunk(b"iTXt", plain) in data
    assert decode(data).metadata == image.metadata


def test_pillows_png_keeps_what_its_file_does():
    iptc = b"Raw profile type iptc\0\niptc\n 9\n" + b"\x1c\2\x78\0\4text".hex().encode()
    chunks = [
        (b"gAMA", LINEAR), (b"cHRM", WIDE), (b"sRGB", b"\0"), (b"tEXt", b"Title\0caf\xe9"),
        (b"pHYs", struct.pack(">IIB", 1, 2, 0)), (b"tEXt", iptc),
        (b"iTXt", b"Comment\0\0\0de\0Kommentar\0\xe2\x82\xac"),
    ]  # fmt: skip
    data = with_chunks(*chunks)
    image = Image.from_pil(PIL.Image.open(io.BytesIO(data)))
    assert image.metadata == decode(data).metadata
    assert len(image.metadata.color_chunks) == 3
    assert image.notes == ()
    picture = PIL.Image.open(io.BytesIO(data))
    picture.info["gamma"] = "none"
    assert Image.from_pil(picture).notes == ("gamma and texts dropped: they are damaged",)


def test_thumbnails_of_viewers_do_not_stay():
    png = with_chunks((b"tEXt", b"Thumb::MTime\0" + b"5"), (b"tEXt", b"Title\0x"))
    assert decode(png).metadata.texts == (("Title", "x"),)


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_long_texts_do_no_harm(name, dtype):
    lead = b"k\0\0" if name == b"zTXt" else b"k\0\1\0\0\0"
    plain, _ = written(make_image(3, dtype), "PNG")
    for size, note in ((2_000_000, "2,000,000 letters"), (20_000_000, "far too large")):
        image = decode(with_chunks((name, lead + zlib.compress(bytes(size))), png=plain))
        assert np.array_equal(image.samples, make_image(3, dtype).samples)
        assert note in image.notes[0]
        assert image.metadata.texts == ()
        data, _ = written(image, "PNG")
        PIL.Image.open(io.BytesIO(data)).load()


@pytest.mark.parametrize(
    ("chunk", "note"),
    [
        ((b"iCCP", b"x\0\0" + zlib.compress(bytes(20_000_000))), "colour profile dropped"),
        ((b"iCCP", b"x\0\0nonsense"), "colour profile dropped"),
        ((b"iCCP", b""), "colour profile dropped"),
        ((b"iTXt", b"k"), "iTXt chunk dropped"),
        ((b"gAMA", b"1"), "gAMA chunk dropped"),
        ((b"tEXt", b"Raw profile type exif\0\nexif\n 4\nzz"), "tEXt chunk dropped"),
        ((b"caBX", bytes(80)), "content credentials"),
    ],
)
def test_broken_chunks_do_no_harm(chunk, note):
    image = decode(with_chunks(chunk))
    assert np.array_equal(image.samples, smooth_image().samples)
    assert [note in told for told in image.notes] == [True]


def test_altered_chunk_is_dropped():
    data = bytearray(with_chunks((b"tEXt", b"Title\0abc")))
    data[data.index(b"abc")] = ord("x")
    assert decode(bytes(data)).notes == ("tEXt chunk dropped: it is damaged or far too large",)


@pytest.mark.parametrize(
    ("colour", "row", "key"),
    [(0, b"\1\2", b""), (0, b"\1\2", b"\1"), (0, b"\1\2", bytes(3)), (2, bytes(6), bytes(2))],
)
def test_a_transparent_colour_that_makes_no_sense_is_dropped(colour, row, key):
    data = make_png(8, colour, [row], 2, tRNS=key)
    image = decode(data)
    assert (image.alpha, image.notes) == (None, ("tRNS dropped: it is damaged",))
    with pytest.raises(TruncatedImageError):
        decode(data[: data.index(b"tRNS") + 4])
    with pytest.raises(TruncatedImageError):
        decode(data[: data.index(b"tRNS") + 4], allow_truncated=True)


def test_an_altered_transparent_colour_is_dropped():
    data = bytearray(make_png(8, 0, [b"\1\2"], 2, tRNS=b"\0\1"))
    assert decode(bytes(data)).alpha.tolist() == [[0, 255]]
    data[data.index(b"tRNS") + 5] = 2
    image = decode(bytes(data))
    assert (image.alpha, image.notes) == (None, ("tRNS dropped: it is damaged",))


def test_profiles_of_imagemagick(tmp_path):
    iptc = b"\x1c\2\x78\0\4text"
    image = replace(make_image(), metadata=Metadata(iptc=iptc))
    data, notes = written(image, "PNG")
    assert notes == ()
    assert b"Raw profile type iptc" in data
    assert decode(data).metadata.iptc == iptc
    # Both as text: EXIF as ImageMagick 6 wrote it, and IPTC without the resource around it.
    for name, block in (("exif", b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"), ("iptc", iptc)):
        text = f"\n{name}\n{len(block):8}\n{block.hex()}\n".encode()
        chunk = b"Raw profile type " + name.encode() + b"\0\0" + zlib.compress(text)
        metadata = decode(with_chunks((b"zTXt", chunk))).metadata
        assert getattr(metadata, name) == block.removeprefix(b"Exif\0\0")
    for name in ("icc", "icm"):
        text = f"Raw profile type {name}\0\n{name}\n{len(SRGB):8}\n{SRGB.hex()}\n".encode()
        assert decode(with_chunks((b"tEXt", text))).metadata.icc == SRGB


# --- samples ------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("mode", ["grey", "rgb"])
def test_interlaced(bits, mode, monkeypatch):
    if mode == "rgb" and bits < 8:
        pytest.skip("PNG has none")
    # One pixel by one row is its own first pass.
    color, samples = (0, 1) if mode == "grey" else (2, 3)
    row = b"\xff" * max(1, bits * samples // 8)
    header = struct.pack(">IIBBBBB", 1, 1, bits, color, 0, 0, 1)
    data = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
    data += png_chunk(b"IDAT", zlib.compress(b"\0" + row)) + png_chunk(b"IEND", b"")
    image = decode(data)
    assert image.samples.ravel().tolist() == [255 if bits <= 8 else 65535] * samples


@pytest.mark.parametrize(("channels", "depth"), [(1, 16), (3, 8)])
def test_damaged_deep_png_says_its_depth(channels, depth):
    data, _ = written(make_image(channels, np.uint16), "PNG")
    image = decode(data[: len(data) * 2 // 3], allow_truncated=True)
    assert image.depth == depth
    assert any("reduced to 8 bits" in note for note in image.notes) == (depth == 8)


def test_the_last_chunk_may_be_missing():
    data = encoded(smooth_image().to_pil(), "PNG")
    assert np.array_equal(decode(data[:-12]).samples, smooth_image().samples)
    deep, _ = written(make_image(3, np.uint16), "PNG")
    assert np.array_equal(decode(deep[:-12]).samples, make_image(3, np.uint16).samples)


def test_palette_with_partial_transparency_and_gamma():
    png = make_png(8, 3, [b"\0\1"], 2, PLTE=b"\x0a\x14\x1e\x28\x32\x3c", tRNS=b"\x80")
    image = decode(with_chunks((b"gAMA", LINEAR), png=png))
    assert image.alpha.tolist() == [[128, 255]]
    assert image.metadata.color_chunks == ((b"gAMA", LINEAR),)


def test_apples_variant_is_named():
    data = encoded(smooth_image().to_pil(), "PNG")
    data = data[:8] + png_chunk(b"CgBI", b"\x50\0\x20\2") + data[8:]
    with pytest.raises(UnreadableImageError, match=r"CgBI.*not supported"):
        decode(data)


def test_absurd_headers():
    for width, height in ((0, 5), (5, 0)):
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        with pytest.raises(TruncatedImageError):
            decode(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header))
    with pytest.raises(TruncatedImageError):
        decode(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 2**32 - 1) + b"IHDR")


# --- threads ------------------------------------------------------------------------------------


def test_encoder_takes_no_more_threads_than_it_may(monkeypatch, tmp_path):
    counts = []

    class Pool:
        def __init__(self, workers: int) -> None:
            counts.append(workers)

        def __enter__(self) -> "Pool":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        map = staticmethod(map)

    monkeypatch.setattr("ganedit.image._png_write.ThreadPoolExecutor", Pool)
    monkeypatch.setattr("ganedit.image._samples.bands.__defaults__", (50,))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    save(make_image(), tmp_path / "a.png")
    with limited_threads(1):
        save(make_image(), tmp_path / "b.png")
    save(make_image(), tmp_path / "c.png")
    assert counts == [3, 1, 3]
    assert np.array_equal(decode(tmp_path / "b.png").samples, make_image().samples)
