"""TIFF: every depth, codec, layout and colour space, told from damage and bounded in memory."""

import io
import struct
import sys
import tracemalloc
import zlib

import imagecodecs
import numpy as np
import PIL.Image
import pytest
import tifffile
from pictures import HEIGHT, WIDTH, encoded, make_image, smooth_image, tiff_bytes

from ganedit.errors import ImageTooLargeError, TruncatedImageError, UnreadableImageError
from ganedit.image import decode, encode
from ganedit.image._jxl_header import jxl_header


def full(samples: np.ndarray) -> np.ndarray:
    """Samples in 0..1."""
    return samples / np.iinfo(samples.dtype).max


@pytest.mark.parametrize("codec", ["lzw", "zstd", "lzma", "packbits", "zlib", "webp", "png"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_codecs(codec, planar):
    image = make_image(3, np.uint16 if codec not in ("webp",) else np.uint8)
    if planar == "separate" and codec in ("webp", "png"):
        pytest.skip("whole files as strips have all channels")
    array = image.samples if planar == "contig" else np.moveaxis(image.samples, 2, 0)
    options = {"lossless": True, "level": 100} if codec == "webp" else None
    data = tiff_bytes(
        array, photometric="rgb", planarconfig=planar, compression=codec, compressionargs=options
    )
    back = decode(data)
    assert np.array_equal(back.samples, image.samples)
    assert back.notes == ()


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 9, 10, 12, 14, 24])
def test_any_number_of_bits_is_scaled_to_white(bits):
    white = (1 << bits) - 1
    values = np.linspace(0, white, HEIGHT * 32).astype("u4" if bits > 16 else "u2")
    values = values.astype("u1") if bits <= 8 else values
    data = tiff_bytes(
        values.reshape(HEIGHT, 32), photometric="minisblack", bitspersample=bits
    ) if bits != 24 else packed24(values.reshape(HEIGHT, 32))  # fmt: skip
    image = decode(data)
    assert image.depth == (8 if bits <= 8 else 16)
    wanted = values.reshape(HEIGHT, 32, 1) / white
    assert np.abs(full(image.samples) - wanted).max() <= 0.51 / np.iinfo(image.samples.dtype).max


def packed24(values: np.ndarray) -> bytes:
    """tifffile writes no 24 bits: 8 are written, and the tags altered."""
    low = np.stack([values >> shift & 255 for shift in (16, 8, 0)], axis=2).astype("u1")
    data = bytearray(tiff_bytes(low.reshape(len(values), -1), photometric="minisblack"))
    page = tifffile.TiffFile(io.BytesIO(bytes(data))).pages.first
    struct.pack_into("<H", data, page.tags[258].valueoffset, 24)
    width = page.tags[256]
    struct.pack_into("<I" if width.dtype == 4 else "<H", data, width.valueoffset, values.shape[1])
    return bytes(data)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("predictor", [None, True])
def test_floats(dtype, predictor):
    wanted = make_image(3, np.uint16).samples / 65535
    options = {"compression": "zlib", "predictor": predictor} if predictor else {}
    image = decode(tiff_bytes(wanted.astype(dtype), photometric="rgb", **options))
    assert image.depth == 16
    assert np.abs(full(image.samples) - wanted).max() < (1e-3 if dtype == "f2" else 1e-5)
    assert image.notes == ("float samples converted to 16 bits",)


def test_floats_beyond_one_and_wide_integers():
    image = decode(tiff_bytes(np.float32([[0, 2, 8]]), photometric="minisblack"))
    assert image.samples[0, :, 0].tolist() == [0, 16384, 65535]
    assert image.notes == ("float samples from 0 to 8 scaled to 16 bits: 8 is white",)
    # Unsigned 32 bits have the white of the specification; small values are 16-bit ones.
    image = decode(tiff_bytes(np.uint32([[0, 2**31, 2**32 - 1]]), photometric="minisblack"))
    assert image.samples[0, :, 0].tolist() == [0, 32768, 65535]
    image = decode(tiff_bytes(np.uint64([[0, 2**63, 2**64 - 1]]), photometric="minisblack"))
    assert image.samples[0, :, 0].tolist() == [0, 32768, 65535]
    image = decode(tiff_bytes(np.uint32([[0, 700, 65535]]), photometric="minisblack"))
    assert image.samples[0, :, 0].tolist() == [0, 700, 65535]


def test_samples_that_are_no_numbers_are_told():
    values = np.float32([[[0, 0.5, 1]] * 3] * 2)
    values[0, 0], values[1, 1, 0] = np.nan, np.inf
    image = decode(tiff_bytes(values, photometric="rgb"))
    assert image.samples[0, 0].tolist() == [0, 0, 0]
    assert image.samples[1, 1, 0] == 65535
    assert image.notes == (
        "float samples converted to 16 bits",
        "3 samples that are no numbers became the lowest value",
        "1 infinite sample became the highest or lowest finite value",
    )


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "zstd"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_orientation_is_applied_once(compression, dtype):
    stored = make_image(3, dtype).samples
    tag = [(274, 3, 1, 6, True)]
    options = {"photometric": "rgb", "compression": compression, "extratags": tag}
    image = decode(tiff_bytes(stored, **options))
    assert np.array_equal(image.samples, np.rot90(stored, -1))


def test_colour_spaces():
    image = make_image(3, np.uint16)
    ink = (65535 - image.samples).astype("u2")
    cmyk = np.concatenate((ink, np.zeros_like(ink[..., :1])), axis=2)
    back = decode(tiff_bytes(cmyk, photometric="separated"))
    assert np.abs(back.samples.astype(int) - image.samples).max() <= 1
    assert back.notes == ("CMYK without a profile converted to RGB: colours may shift",)

    lab = np.zeros((1, 3, 3), np.uint16)
    lab[0, :, 0] = 65535, 32768, 0  # white, grey, black
    grey = decode(tiff_bytes(lab, photometric="cielab")).samples[0]
    assert grey.dtype == np.uint16
    assert np.ptp(grey.astype(int), axis=1).max() < 80
    assert (full(grey)[:, 0] > [0.999, 0.46, -1]).all()
    assert (full(grey)[:, 0] < [1.1, 0.48, 0.001]).all()
    assert decode(tiff_bytes(lab, photometric="cielab")).notes == ("LAB converted to RGB",)

    indices = np.arange(16, dtype=np.uint8).reshape(4, 4)
    colors = np.arange(3 * 256, dtype=np.uint16).reshape(3, 256) * 64
    back = decode(tiff_bytes(indices, photometric="palette", colormap=colors))
    assert np.array_equal(back.samples, (colors.T >> 8)[indices])
    assert back.notes == ("palette converted to RGB",)


def test_uncompressed_ycbcr():
    picture = smooth_image().to_pil()
    data = encoded(picture.convert("YCbCr"), "TIFF")
    assert np.abs(decode(data).samples.astype(int) - np.asarray(picture)).max() <= 1
    with pytest.raises(TruncatedImageError):
        decode(data[:-900])
    # The range of television, in the attributes that say so.
    studio = np.uint8([[[16, 128, 128], [235, 128, 128]]])
    reference = [value for n in (16, 235, 128, 240, 128, 240) for value in (n, 1)]
    options = {"photometric": "ycbcr", "extratags": [(532, 5, 6, reference, True)]}
    shown = decode(tiff_bytes(studio, **options)).samples
    assert shown.tolist() == [[[0, 0, 0], [255, 255, 255]]]
    coarse = np.zeros((2, 2, 3), np.uint8)
    data = bytearray(tiff_bytes(coarse, photometric="ycbcr"))
    tag = tifffile.TiffFile(io.BytesIO(bytes(data))).pages.first.tags[279]
    data[tag.valueoffset] = 6  # four of Y, one each of Cb and Cr
    with pytest.raises(UnreadableImageError, match="subsampled YCbCr is not supported"):
        decode(bytes(data))


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
def test_jpeg_inside(subsampling):
    picture = smooth_image().to_pil().resize((64, 48))
    data = encoded(picture, "TIFF", compression="jpeg", quality=95)
    difference = decode(data).samples.astype(int) - np.asarray(picture)
    assert np.abs(difference).max() <= 6


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_fax(compression, capfd):
    picture = smooth_image(1).to_pil().resize((40, 30)).convert("1")
    image = decode(encoded(picture, "TIFF", compression=compression))
    assert np.array_equal(image.samples[..., 0], np.asarray(picture.convert("L")))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kinds", [["unassalpha"], ["unspecified", "unassalpha"]])
def test_alpha_is_found_among_other_channels(kinds):
    image = make_image(3, alpha=True)
    other = np.zeros_like(image.samples[..., :1])
    planes = [image.samples, *([other] if len(kinds) == 2 else []), image.alpha[..., None]]
    data = tiff_bytes(np.concatenate(planes, axis=2), photometric="rgb", extrasamples=kinds)
    back = decode(data)
    assert np.array_equal(back.to_array(), image.to_array())
    assert len(back.notes) == len(kinds) - 1


def test_alpha_of_eight_bits():
    grey = make_image(1, alpha=True)
    options = {"photometric": "minisblack", "planarconfig": "contig"}
    data = tiff_bytes(grey.to_array(), extrasamples=["unassalpha"], **options)
    assert np.array_equal(decode(data).to_array(), grey.to_array())
    premultiplied = np.array([[[100, 50, 0, 128], [9, 9, 9, 0]]], np.uint8)
    data = tiff_bytes(premultiplied, photometric="rgb", extrasamples=["assocalpha"])
    assert decode(data).samples.tolist() == [[[199, 100, 0], [9, 9, 9]]]


# --- which page is the picture ------------------------------------------------------------------


def pages(*written: tuple[np.ndarray, dict[str, object]]) -> bytes:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        for array, options in written:
            writer.write(array, metadata=None, **options)
    return buffer.getvalue()


def test_thumbnail_before_the_picture_is_not_taken():
    small, large = np.zeros((8, 8, 3), np.uint8), make_image().samples
    rgb = {"photometric": "rgb"}
    image = decode(pages((small, {**rgb, "subfiletype": 1}), (large, rgb)))
    assert np.array_equal(image.samples, large)
    assert "thumbnail" in image.notes[0]
    image = decode(pages((small, {**rgb, "subfiletype": 1, "subifds": 1}), (large, rgb)))
    assert np.array_equal(image.samples, large)


def test_smaller_copies_behind_the_picture_are_no_pages():
    large = make_image().samples
    copies = [(large[::step, ::step], {"photometric": "rgb", "subfiletype": 1}) for step in (2, 4)]
    image = decode(pages((large, {"photometric": "rgb"}), *copies))
    assert np.array_equal(image.samples, large)
    assert image.notes == ()


def raw_picture() -> bytes:
    thumbnail = {"photometric": "rgb", "subfiletype": 1, "subifds": 1}
    sensor = np.zeros((192, 256), np.uint16), {"photometric": 32803}
    return pages((make_image().samples, thumbnail), sensor)


@pytest.mark.parametrize(
    "data",
    [
        raw_picture(),
        tiff_bytes(make_image().samples, extratags=[(50706, 1, 4, b"\1\4\0\0", True)]),
        b"II*\0\x10\0\0\0CR\2\0" + bytes(100),
        b"IIRO" + bytes(100),
        b"IIU\0" + bytes(100),
        b"FUJIFILMCCD-RAW " + bytes(100),
        b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(100),
    ],
    ids=["sub-ifd", "dng", "cr2", "orf", "rw2", "raf", "cr3"],
)  # fmt: skip
def test_raw_pictures_are_refused_without_their_package(monkeypatch, data):
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(UnreadableImageError, match=r"raw picture.*pip install 'ganedit\[raw\]'"):
        decode(data)


# --- unsupported, damaged, too much -------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "value", "what"),
    [(259, 34676, "SGILOG"), (259, 12345, "12345"), (262, 32845, "LOGLUV"), (339, 6, "format 6")],
)
def test_unsupported_is_not_called_damaged(tag, value, what, capfd):
    data = bytearray(tiff_bytes(make_image().samples, photometric="rgb"))
    page = tifffile.TiffFile(io.BytesIO(bytes(data))).pages.first
    if tag in page.tags:
        struct.pack_into("<H", data, page.tags[tag].valueoffset, value)
    else:
        complex_ = np.zeros((4, 4), np.complex64)
        data = bytearray(tiff_bytes(complex_, photometric="minisblack"))
    with pytest.raises(UnreadableImageError, match=f"{what}.*not supported; convert") as caught:
        decode(bytes(data))
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("compression", ["lzw", "zstd", "zlib", "jpeg"])
def test_damaged_strips(compression, capfd):
    samples = make_image().samples
    options = {"photometric": "rgb", "compression": compression, "rowsperstrip": 8}
    data = bytearray(tiff_bytes(samples, **options))
    page = tifffile.TiffFile(io.BytesIO(bytes(data))).pages.first
    start, count = page.dataoffsets[1], page.databytecounts[1]
    data[start : start + count] = b"\xff\xd8\xff" + bytes(count - 3)
    with pytest.raises(TruncatedImageError, match="--allow-truncated"):
        decode(bytes(data))
    image = decode(bytes(data), allow_truncated=True)
    assert "truncated" in image.notes[0]
    if compression != "jpeg":
        assert np.array_equal(image.samples[:8], samples[:8])
        assert np.array_equal(image.samples[16:], samples[16:])
    assert capfd.readouterr().err == ""


def bomb(dtype: type) -> bytes:
    """16 × 16 pixels whose strip inflates to 40 MB."""
    samples = make_image(3, dtype).samples[:16, :16]
    data = bytearray(tiff_bytes(samples, photometric="rgb", compression="zlib", software=False))
    page = tifffile.TiffFile(io.BytesIO(bytes(data))).pages.first
    strip = zlib.compress(samples.tobytes() + bytes(40_000_000), 1)
    struct.pack_into("<I", data, page.tags[273].valueoffset, len(data))
    struct.pack_into("<I", data, page.tags[279].valueoffset, len(strip))
    return bytes(data) + strip


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_no_more_is_inflated_than_the_header_says(dtype):
    data = bomb(dtype)
    tracemalloc.start()
    try:
        image = decode(data)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    assert np.array_equal(image.samples, make_image(3, dtype).samples[:16, :16])


def test_small_pictures_in_huge_tiles_are_refused():
    data = bytearray(tiff_bytes(np.zeros((16, 16), np.uint8), tile=(16, 16), compression="zlib"))
    page = tifffile.TiffFile(io.BytesIO(bytes(data))).pages.first
    for tag in (322, 323):
        field = page.tags[tag]
        struct.pack_into("<I" if field.dtype == 4 else "<H", data, field.valueoffset, 65_520)
    with pytest.raises(TruncatedImageError):
        decode(bytes(data))


@pytest.mark.parametrize("codec", ["png", "jpeg", "jpeg2000", "jpegxl"])
def test_larger_file_inside_of_a_small_picture_is_refused(codec):
    samples = np.zeros((16, 16, 3), np.uint8)
    data = bytearray(tiff_bytes(samples, photometric="rgb", compression=codec))
    assert np.array_equal(decode(bytes(data)).samples, samples)
    page = tifffile.TiffFile(io.BytesIO(bytes(data))).pages.first
    inner = getattr(imagecodecs, f"{codec.replace('2000', '2k')}_encode")(
        np.zeros((600, 900, 3), np.uint8)
    )
    struct.pack_into("<I", data, page.tags[273].valueoffset, len(data))
    struct.pack_into("<I", data, page.tags[279].valueoffset, len(inner))
    with pytest.raises(TruncatedImageError):
        decode(bytes(data) + inner)


@pytest.mark.parametrize("size", [(8, 8), (256, 128), (300, 200), (16, 9), (1, 70_000), (257, 3)])
def test_size_of_jpeg_xl(size):
    data = imagecodecs.jpegxl_encode(np.zeros((size[1], size[0]), np.uint8), lossless=True)
    header = jxl_header(data)
    assert header is not None
    assert (header.width, header.height) == size


@pytest.mark.parametrize("options", [{}, {"bigtiff": True}, {"byteorder": ">"}])
def test_limit_and_exif_of_every_kind_of_header(options, tmp_path):
    data = tiff_bytes(make_image().samples, photometric="rgb", **options)
    with pytest.raises(ImageTooLargeError):
        decode(data, max_pixels=WIDTH * HEIGHT - 1)
    tag = [(315, 2, 0, "Somebody", True)]
    data = tiff_bytes(make_image().samples, photometric="rgb", extratags=tag, **options)
    exif = PIL.Image.Exif()
    exif.load(b"Exif\0\0" + decode(data).metadata.exif)
    assert exif[315] == "Somebody"


def test_iptc_and_georeference():
    iptc = b"\x1c\2\x78\0\4text"
    for kind, count, value in ((7, len(iptc), iptc), (4, 3, iptc.ljust(12, b"\0"))):
        tag = [(33723, kind, count, value if kind == 7 else struct.unpack("<3I", value), True)]
        data = tiff_bytes(make_image().samples, photometric="rgb", extratags=tag)
        assert decode(data).metadata.iptc == iptc
    resources = b"8BIM\4\4\0\0" + struct.pack(">I", len(iptc)) + iptc + b"\0"
    tag = [(34377, 7, len(resources), resources, True)]
    image = decode(tiff_bytes(make_image().samples, photometric="rgb", extratags=tag))
    assert image.metadata.iptc == iptc
    back = io.BytesIO()
    encode(image, "TIFF", target=back)
    assert decode(back.getvalue()).metadata.iptc == iptc
    tag = [(34735, 3, 4, (1, 1, 0, 0), True)]
    image = decode(tiff_bytes(make_image().samples, photometric="rgb", extratags=tag))
    assert "georeference" in image.notes[0]
