"""What travels beside the samples, and what is true of the result."""

import io
import struct
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
from pictures import (
    GREY_PROFILE,
    HEIGHT,
    MAKER_NOTE,
    METADATA_FORMATS,
    SRGB,
    WIDTH,
    XMP,
    encoded,
    make_exif,
    make_image,
    smooth_image,
    written,
)

from ganedit.image import (
    Metadata,
    decode,
    save,
)
from ganedit.image._metadata import refreshed, valid_aspect


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("format", METADATA_FORMATS)
def test_metadata_survives(tmp_path, format, channels, dtype, alpha):
    becomes_rgb = format == "WEBP" or (format == "AVIF" and alpha)
    icc = SRGB if channels == 3 or becomes_rgb else GREY_PROFILE
    metadata = Metadata(icc=icc, exif=make_exif(), xmp=XMP, dpi=(300.0, 150.0))
    image = replace(make_image(channels, dtype, alpha=alpha), metadata=metadata)
    save(image, tmp_path / "a", format=format)
    back = decode(tmp_path / "a").metadata
    assert back.icc == icc
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


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF"])
def test_shape_of_pixels_is_kept(tmp_path, format):
    metadata = Metadata(aspect=(1, 2), dpi=(300, 300))
    assert save(replace(make_image(), metadata=metadata), tmp_path / "a", format=format) == ()
    back = decode(tmp_path / "a").metadata
    assert (back.aspect, back.dpi) == ((1, 2), None)
    if format == "JPEG":
        with PIL.Image.open(tmp_path / "a") as picture:
            info = picture.info
        assert (info["jfif_unit"], info["jfif_density"]) == (0, (1, 2))


@pytest.mark.parametrize("format", ["WEBP", "AVIF", "BMP"])
def test_shape_of_pixels_without_a_place_is_told(tmp_path, format):
    image = replace(make_image(), metadata=Metadata(aspect=(1, 2)))
    (note,) = save(image, tmp_path / "a", format=format)
    assert note == f"shape of pixels that are not square left out: {format} has no place for it"


def test_shape_of_pixels_turns_with_the_picture():
    jpeg = encoded(smooth_image().to_pil(), "JPEG", dpi=(30, 60), exif=b"Exif\0\0" + make_exif(6))
    assert decode(jpeg).metadata.dpi == (60, 30)
    jpeg = jpeg[:13] + b"\0" + jpeg[14:]
    assert decode(jpeg).metadata.aspect == (2, 1)


def test_shape_of_pixels_of_avif():
    data = encoded(smooth_image().to_pil(), "AVIF") + struct.pack(">I4sII", 16, b"pasp", 2, 1)
    assert decode(data).metadata.aspect == (1, 2)


@pytest.mark.parametrize(
    ("pair", "aspect"),
    [((3000, 6000), (1, 2)), ((5, 5), None), ((0, 1), None), ((2**31, 2**31 - 1), None),
     ((7, 2**31), None), ((2**31, 2**30 + 1), (2, 1))],
)  # fmt: skip
def test_shape_of_pixels_in_small_numbers(pair, aspect):
    assert valid_aspect(*pair) == aspect


def test_no_metadata_stays_none(tmp_path):
    for format in (*METADATA_FORMATS, "BMP"):
        save(make_image(), tmp_path / "a", format=format, overwrite=True)
        metadata = decode(tmp_path / "a").metadata
        assert (metadata.icc, metadata.exif, metadata.xmp) == (None, None, None)


@pytest.mark.parametrize("formats", [("TIFF", "JPEG"), ("JPEG", "TIFF"), ("TIFF", "TIFF")])
def test_what_windows_and_scanners_tell_goes_through_tiff(formats):
    tags = PIL.Image.Exif()
    tags[0x010D], tags[0x4746], tags[0x9C9B] = "page 7", 4, "título\0".encode("utf-16-le")
    picture = smooth_image(3).to_pil()
    data = encoded(picture, formats[0], exif=tags)
    exif = PIL.Image.Exif()
    exif.load(b"Exif\0\0" + decode(written(decode(data), formats[1])[0]).metadata.exif)
    assert {tag: exif.get(tag) for tag in tags} == dict(tags)


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


def panorama(across: int, down: int) -> bytes:
    """The middle of a panorama, of so many times the test picture's size."""
    return (
        f'<a GPano:FullPanoWidthPixels="{70 * across}" GPano:CroppedAreaLeftPixels="{10 * across}"'
        f' GPano:CroppedAreaImageWidthPixels="{WIDTH * across}" GPano:InitialViewHeading="8">'
        f"<GPano:CroppedAreaImageHeightPixels>{HEIGHT * down}</GPano:CroppedAreaImageHeightPixels>"
        f"<GPano:FullPanoHeightPixels>{40 * down}</GPano:FullPanoHeightPixels></a>"
    ).encode()


def test_a_panorama_grows_with_its_picture():
    for across, down in ((1, 1), (2, 3)):
        large, _ = refreshed(Metadata(xmp=panorama(1, 1)), WIDTH * across, HEIGHT * down, 3)
        assert large.xmp == panorama(across, down)
    absurd = panorama(1, 0)
    assert refreshed(Metadata(xmp=absurd), 9, 9, 3)[0].xmp == absurd


def test_content_credentials_of_webp_are_told():
    data = encoded(smooth_image(3).to_pil(), "WEBP", exif=b"Exif\0\0" + make_exif())
    data += b"C2PA" + struct.pack("<I", 10) + bytes(10)
    data = data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    assert [note.split(" left")[0] for note in decode(data).notes] == ["content credentials (C2PA)"]


def test_metadata_too_large_for_jpeg_is_left_out(tmp_path):
    exif = PIL.Image.Exif()
    exif[0x8769] = {0x927C: bytes(70_000)}
    metadata = Metadata(exif=exif.tobytes()[6:], xmp=b" " * 70_000)
    image = replace(make_image(), metadata=metadata)
    notes = save(image, tmp_path / "a.jpg")
    assert [note[:13] for note in notes] == ["EXIF left out", "XMP left out:"]
    assert save(image, tmp_path / "a.png") == ()


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("format", METADATA_FORMATS)
def test_profile_of_grey_is_not_put_into_rgb(format, alpha):
    image = replace(make_image(1, alpha=alpha), metadata=Metadata(icc=GREY_PROFILE))
    data, notes = written(image, format, quality=100)
    rgb = PIL.Image.open(io.BytesIO(data)).mode.startswith("RGB")
    assert rgb == (format == "WEBP" or (format == "AVIF" and alpha))
    note = "colour profile dropped: it does not describe RGB samples"
    assert decode(data).metadata.icc == (None if rgb else GREY_PROFILE)
    assert (note in notes) == rgb
    assert b"GRAY" not in data or not rgb


def test_profile_of_another_colour_space_is_not_attached(tmp_path):
    colour = replace(make_image(3), metadata=Metadata(icc=GREY_PROFILE))
    assert "profile dropped" in save(colour, tmp_path / "a.png")[0]
    assert decode(tmp_path / "a.png").metadata.icc is None
