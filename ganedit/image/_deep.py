"""More than 8 bits where Pillow gives 8: AVIF, HEIC and JPEG 2000."""

import importlib
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ganedit.image._boxes import boxes
from ganedit.image._metadata import Metadata, valid_aspect
from ganedit.image._samples import Samples, from_integers

_HEAD = 1 << 16  # bytes; the boxes stand before the samples
_SIZ = b"\xff\x4f\xff\x51"
_AV1_CONFIG, _HEVC_CONFIG, _COLOR, _PIXEL_ASPECT = b"av1C", b"hvcC", b"colr", b"pasp"
_JP2_PROFILE = 2  # colour specification by a restricted ICC profile
_SRGB = {(1, 13), (1, 2), (2, 2), (2, 13), (1, 1), (1, 6)}  # primaries and transfer, or unspecified


def depth_of(data: bytes, format: str) -> int:
    """Bits per sample of a file, 8 where nothing else is found."""
    depths = [8]
    if format == "JPEG2000" and (place := data.find(_SIZ)) >= 0:
        # Behind the markers: length, capabilities, eight sizes of four bytes, and the components,
        # each with its bits less one, a sign bit, and two steps.
        count = int.from_bytes(data[place + 40 : place + 42], "big")
        depths += [1 + (bits & 0x7F) for bits in data[place + 42 : place + 42 + 3 * count : 3]]
        return max(depths)
    for name, content in boxes(data):
        if name == _AV1_CONFIG and len(content) > 2 and content[2] & 0x40:
            depths.append(12 if content[2] & 0x20 else 10)
        elif name == _HEVC_CONFIG and len(content) > 17:
            depths.append((content[17] & 7) + 8)
    return max(depths)


def decode_deep(data: bytes, format: str, depth: int) -> tuple[Samples, Samples | None] | None:
    """Samples and alpha at 16 bits, or None where they have 8 after all, or are no grey or RGB."""
    planes = _decoded(data, format)
    planes = planes.reshape(*planes.shape[:2], -1)
    if planes.dtype != np.uint16 or planes.shape[2] > 4:
        return None
    samples = from_integers(planes, depth)
    if samples.shape[2] in (1, 3):
        return samples, None
    return np.ascontiguousarray(samples[..., :-1]), np.ascontiguousarray(samples[..., -1])


def with_color(metadata: Metadata, data: bytes) -> Metadata:
    """`metadata` with the colour space of a box that Pillow does not tell of.

    A JPEG 2000 file's profile; else the numbers of AVIF and HEIC as a cICP chunk, unless they
    mean sRGB.
    """
    for name, content in boxes(data):
        if metadata.icc or name != _COLOR or len(content) < 10:
            continue
        if content[:4] == b"nclx":
            primaries, transfer = content[5], content[7]
            if (primaries, transfer) not in _SRGB:
                chunk = bytes((primaries, transfer, 0, 1))  # RGB, full range
                return replace(metadata, color_chunks=((b"cICP", chunk),))
        elif content[0] == _JP2_PROFILE:
            return replace(metadata, icc=content[3:])
    return metadata


def aspect_of(data: bytes) -> tuple[int, int] | None:
    """The shape of the pixels of an AVIF or HEIC, as `Metadata.aspect` has it."""
    for name, content in boxes(data):
        if name == _PIXEL_ASPECT and len(content) == 8:
            width, height = (int.from_bytes(content[i : i + 4], "big") for i in (0, 4))
            return valid_aspect(height, width)  # of wide pixels there are few
    return None


def is_lossless_avif(data: bytes) -> bool:
    """Whether an AVIF holds RGB as it is, which is only done where every sample is to be kept."""
    colors = [content for name, content in boxes(data) if name == _COLOR]
    return any(content[:4] == b"nclx" and content[8:10] == bytes(2) for content in colors)


def has_gain_map(data: bytes) -> bool:
    """Whether a HEIC or AVIF has a gain map for HDR beside it (Apple's, or ISO 21496-1)."""
    head = data[:_HEAD]
    return b"aux:hdrgainmap" in head or b"\0tmap" in head


def _decoded(data: bytes, format: str) -> npt.NDArray[Any]:
    if format == "HEIF":
        heif = importlib.import_module("pillow_heif")
        file = heif.open_heif(data, convert_hdr_to_8bit=False, hdr_to_16bit=False)
        return np.asarray(file)
    import imagecodecs

    name = {"AVIF": "avif_decode", "JPEG2000": "jpeg2k_decode"}[format]
    return np.asarray(getattr(imagecodecs, name)(data))
