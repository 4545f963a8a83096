"""JPEG: what lies beside the picture is kept or told."""

import io
import struct
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
from pictures import SRGB, encoded, make_image, smooth_image, written

from ganedit.image import Metadata, decode

IPTC = b"\x1c\2\x78\0\4text"


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
