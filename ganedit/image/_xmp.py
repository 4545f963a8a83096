"""Corrections inside an XMP packet, made in its text as it stands."""

import re

# What describes parts of the file that the result does not have: a gain map or a video behind
# the picture, a thumbnail of the unedited one, the packet's own continuation.
_GONE_ATTRIBUTES = re.compile(
    rb"\s(?:hdrgm:\w+|GCamera:(?:Micro|Motion)\w+|xmpNote:HasExtendedXMP"
    rb"|HDRGainMap:\w+|apdi:AuxiliaryImageType)\s*=\s*(?:\"[^\"]*\"|'[^']*')"
)
_GONE_ELEMENTS = re.compile(
    rb"<((?:G?Container:Directory|xmp:Thumbnails|hdrgm:\w+|HDRGainMap:\w+"
    rb"|GCamera:(?:Micro|Motion)\w+|xmpNote:HasExtendedXMP))\b[^>]*>.*?</\1\s*>\s*",
    re.DOTALL,
)
_GAIN_MAP = re.compile(rb"hdrgm:Version|HDRGainMap:HDRGainMapVersion")
_VIDEO = re.compile(rb"GCamera:(?:MicroVideo|MotionPhoto)(?:\s*=\s*[\"']|>)\s*1")
# Lengths and places in a panorama, in pixels of the picture that is its visible part.
_PANORAMA = re.compile(
    rb"(GPano:(?:FullPano|CroppedArea(?:Image)?|LargestValidInteriorRect)"
    rb"(Width|Height|Left|Top)(?:Pixels)?\s*(?:=\s*[\"']|>)\s*)(\d{1,9})\b"
)
_PANORAMA_PART = re.compile(
    rb"GPano:CroppedAreaImage(Width|Height)Pixels\s*(?:=\s*[\"']|>)\s*(\d{1,9})\b"
)
_ORIENTATION = re.compile(rb"tiff:Orientation\s*(?:=\s*[\"']|>)\s*([1-8])\b")


def xmp_orientation(xmp: bytes) -> int:
    """The orientation, 1..8, that the packet states, or 1."""
    found = _ORIENTATION.search(xmp)
    return int(found[1]) if found else 1


def refresh_xmp(xmp: bytes, width: int, height: int) -> bytes:
    """An XMP packet that tells the truth about an upright picture of this size in pixels.

    Orientation and sizes are corrected, in the attribute and the element spelling of each, those of
    a panorama in proportion; what describes a gain map, a video or a thumbnail in the file is taken
    out.
    """
    facts = {
        b"tiff:Orientation": 1,
        b"tiff:ImageWidth": width,
        b"tiff:ImageLength": height,
        b"exif:PixelXDimension": width,
        b"exif:PixelYDimension": height,
    }

    def corrected(found: re.Match[bytes]) -> bytes:
        return found[1] + str(facts[found[2]]).encode()

    names = b"|".join(map(re.escape, facts))
    xmp = re.sub(rb"((" + names + rb")\s*(?:=\s*[\"']|>)\s*)\d+", corrected, xmp)
    xmp = _scaled_panorama(xmp, width, height)
    return _GONE_ELEMENTS.sub(b"", _GONE_ATTRIBUTES.sub(b"", xmp))


def _scaled_panorama(xmp: bytes, width: int, height: int) -> bytes:
    part = {found[1]: int(found[2]) for found in _PANORAMA_PART.finditer(xmp)}
    across, down = part.get(b"Width", 0), part.get(b"Height", 0)
    if not across or not down:
        return xmp

    def scaled(found: re.Match[bytes]) -> bytes:
        new, old = (width, across) if found[2] in (b"Width", b"Left") else (height, down)
        return found[1] + str(round(int(found[3]) * new / old)).encode()

    return _PANORAMA.sub(scaled, xmp)


def tells_gain_map(xmp: bytes) -> bool:
    """Whether the packet says that a gain map for HDR screens comes with the picture."""
    return _GAIN_MAP.search(xmp) is not None


def tells_video(xmp: bytes) -> bool:
    """Whether the packet says that a video comes with the picture (a "motion photo")."""
    return _VIDEO.search(xmp) is not None
