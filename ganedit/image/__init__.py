"""Pictures in, pictures out: bytes of a file to samples at their own depth and back.

::

    decode(path) ──► Image(samples, alpha, metadata) ──► save(image, path)

Everything that is not a pixel (EXIF, ICC profile, XMP, resolution) travels along as data, the
orientation is applied, and 16 bits stay 16 bits. Nothing here imports torch.
"""

from ganedit.image._decode import MAX_PIXELS, decode, size_of
from ganedit.image._encode import encode, output_errors, pixel_loss
from ganedit.image._formats import (
    READABLE_SUFFIXES,
    WRITABLE_FORMATS,
    check_limits,
    format_for,
    preferred_suffix,
)
from ganedit.image._metadata import Metadata
from ganedit.image._model import Image
from ganedit.image._raster import Raster
from ganedit.image._recognize import is_picture
from ganedit.image._resize import resize, resize_bands
from ganedit.image._samples import bands, bands_within, orient, to_eight
from ganedit.image._save import publish, save, stage
from ganedit.image._source import printable

__all__ = [
    "MAX_PIXELS",
    "READABLE_SUFFIXES",
    "WRITABLE_FORMATS",
    "Image",
    "Metadata",
    "Raster",
    "bands",
    "bands_within",
    "check_limits",
    "decode",
    "encode",
    "format_for",
    "is_picture",
    "orient",
    "output_errors",
    "pixel_loss",
    "preferred_suffix",
    "printable",
    "publish",
    "resize",
    "resize_bands",
    "save",
    "size_of",
    "stage",
    "to_eight",
]
