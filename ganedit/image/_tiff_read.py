"""TIFF of every depth and layout to samples.

tifffile finds the pages and, with imagecodecs, decodes nearly all of what there is; Pillow (that
is, libtiff) does the few codecs and layouts it lacks. What the samples mean is said here.
"""

import io
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from ganedit.errors import ImageTooLargeError
from ganedit.image._jxl_header import jxl_header
from ganedit.image._pillow import read_pillow
from ganedit.image._reading import Reading
from ganedit.image._source import Source
from ganedit.image._tiff_color import UNCOMPRESSED, to_samples
from ganedit.image._tiff_metadata import read_tags
from ganedit.image._tiff_pages import opened, picture_page
from ganedit.runtime import working_threads

_DEFLATE = {8, 32946}
_JPEG = {7, 34892}
# Old JPEG, NeXT and ThunderScan: only libtiff knows all their ways.
_LIBTIFFS_CODECS = {6, 32766, 32809}
_YCBCR = 6
_ORIENTATION = 274
_LARGEST_TILE = 1 << 26  # pixels; a smaller picture inside of a larger tile is no honest file
_CHANNELS = 4  # of the largest picture


def read_tiff(source: Source, *, max_pixels: int, lenient: bool) -> Reading:
    """Decode the first page that is no thumbnail.

    Raises:
        TruncatedImageError: parts are missing or damaged and `lenient` is false, or all are.
        UnreadableImageError: a codec or layout that no library here knows.
        ImageTooLargeError: more than `max_pixels`.
    """
    with opened(source, lenient=lenient) as tiff:
        page, notes = picture_page(tiff)
        return _read_page(source, page, notes, max_pixels, lenient=lenient)


def _read_page(
    source: Source, page: Any, notes: tuple[str, ...], max_pixels: int, *, lenient: bool
) -> Reading:
    width, height = page.imagewidth, page.imagelength
    if not width or not height or (page.dtype is None and not page.bitspersample):
        raise source.damaged(lenient=lenient)
    source.check_size(width, height, max_pixels)
    _check_layout(source, page, max_pixels, lenient=lenient)
    whole = _is_whole(source, page)
    if not whole and not lenient:
        raise source.damaged(lenient=False)
    if _is_for_libtiff(page):
        return _through_libtiff(source, page, notes, lenient=lenient)
    _check_support(source, page)
    planes, missing = _planes(source, page, whole=whole, lenient=lenient)
    samples, alpha, told = to_samples(source, page, planes)
    metadata, damage = read_tags(source.file, page, converted=told.converted)
    tag = page.tags.get(_ORIENTATION)
    return Reading(
        samples,
        alpha,
        metadata,
        tag.value if tag and isinstance(tag.value, int) else 1,
        "TIFF",
        (*notes, *missing, *told.notes, *damage),
    )


def _check_layout(source: Source, page: Any, max_pixels: int, *, lenient: bool) -> None:
    """Refuse a small picture that asks for much memory: huge tiles, thousands of channels."""
    tile = page.tilewidth * page.tilelength * max(1, page.tiledepth) if page.is_tiled else 0
    if tile > max(_LARGEST_TILE, 4 * page.imagewidth * page.imagelength):
        raise source.damaged(lenient=lenient)
    if page.imagedepth > 1:
        raise source.unsupported("a TIFF of three dimensions")
    samples = page.imagewidth * page.imagelength * page.samplesperpixel
    if samples > _CHANNELS * max_pixels:
        raise ImageTooLargeError(
            f"{source.label} has {page.samplesperpixel} channels, {samples:,} samples in all; "
            "raise --max-pixels if the file is trustworthy"
        )


def _is_whole(source: Source, page: Any) -> bool:
    """Whether all strips or tiles lie inside the file; missing ones (sparse files) are zeros."""
    size = source.file.seek(0, io.SEEK_END)
    if not page.dataoffsets:
        return False
    if page.is_contiguous and page.bitspersample in (8, 16, 32, 64):
        # Some writers give a strip more rows, and bytes, than the picture has.
        return bool(page.dataoffsets[0] + page.nbytes <= size)
    extents = zip(page.dataoffsets, page.databytecounts, strict=False)
    return all(offset + count <= size for offset, count in extents)


def _is_for_libtiff(page: Any) -> bool:
    if page.photometric != _YCBCR:
        return int(page.compression) in _LIBTIFFS_CODECS
    if page.compression == UNCOMPRESSED:  # Pillow takes it for RGBX
        return False
    return int(page.compression) not in _JPEG or page.planarconfig == 2


def _through_libtiff(
    source: Source, page: Any, notes: tuple[str, ...], *, lenient: bool
) -> Reading:
    """What only libtiff decodes, at 8 bits."""
    import tifffile

    source.file.seek(0)
    try:
        picture = PIL.Image.open(source.file, formats=["TIFF"])
        picture.seek(page.index)
        reading = read_pillow(picture)
    except MemoryError:
        raise
    except Exception as error:
        supported = {2, 3, 4, 6, 7} | {1, 5, 8, 32773, 32946}
        if int(page.compression) in supported:
            raise source.damaged(lenient=lenient) from error
        name = getattr(tifffile.COMPRESSION, "_value2member_map_", {}).get(page.compression)
        raise source.unsupported(f"TIFF with {name or page.compression}") from error
    metadata, damage = read_tags(source.file, page, converted=picture.mode in ("CMYK", "LAB"))
    return Reading(
        reading.samples,
        reading.alpha,
        metadata,
        1,  # Pillow has turned it
        "TIFF",
        (*notes, *reading.notes, *damage),
    )


def _check_support(source: Source, page: Any) -> None:
    """Say what no library here reads, before damage is blamed for it."""
    import tifffile

    try:
        tifffile.TIFF.DECOMPRESSORS[page.compression]
        if page.predictor != 1:
            tifffile.TIFF.UNPREDICTORS[page.predictor]
    except KeyError as error:
        name = getattr(page.compression, "name", page.compression)
        raise source.unsupported(f"TIFF with compression {name}") from error
    coarse = page.nbytes > sum(page.databytecounts)  # Cb and Cr of several pixels are one
    if page.photometric == _YCBCR and page.compression == UNCOMPRESSED and coarse:
        raise source.unsupported("an uncompressed TIFF in subsampled YCbCr")
    if page.dtype is None or page.dtype.kind not in "buif":
        raise source.unsupported(
            f"a TIFF of {page.bitspersample}-bit samples of format {page.sampleformat}"
        )


def _planes(
    source: Source, page: Any, *, whole: bool, lenient: bool
) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """All channels of the page, (H, W, C), and a note if some of it is missing."""
    notes: tuple[str, ...] = ()
    _check_embedded(source, page)
    try:
        if not whole:
            raise ValueError("parts are missing")
        planes = page.asarray(maxworkers=working_threads())
    except MemoryError:
        raise
    except NotImplementedError as error:
        raise source.unsupported(f"this kind of TIFF ({error})") from error
    except Exception as error:  # whatever malformed bytes lead the codecs to
        planes, complete = _by_parts(source, page)
        if not complete and not lenient:
            raise source.damaged(lenient=False) from error
        if not complete:
            notes = ("truncated: the missing part is black",)
    planes = planes.reshape(page.shaped)  # (separate planes, depth, height, width, samples)
    separate, _, height, width, count = planes.shape
    planes = np.moveaxis(planes[:, 0], 0, 2).reshape(height, width, separate * count)
    return planes, notes


def _check_embedded(source: Source, page: Any) -> None:
    """Whole files in other formats as strips or tiles must be of the size that the tags say."""
    import tifffile

    if page.compression not in tifffile.TIFF.IMAGE_COMPRESSIONS:
        return
    largest = max(page.tilewidth * page.tilelength, page.imagewidth * page.imagelength)
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        source.file.seek(offset)
        width, height = _embedded_size(source.file.read(count))
        if width * height > largest:
            raise source.damaged(lenient=False)


def _embedded_size(data: bytes) -> tuple[int, int]:
    """Of a file inside of a TIFF; zeros where nothing here tells it without decoding."""
    try:
        with PIL.Image.open(io.BytesIO(data)) as inner:
            return inner.size
    except Exception:  # JPEG XL, LERC and others that Pillow does not know
        header = jxl_header(data)
        return (header.width, header.height) if header else (0, 0)


def _by_parts(source: Source, page: Any) -> tuple[npt.NDArray[Any], bool]:
    """Each strip or tile on its own, as far as it can be decoded, and whether all could be.

    What cannot stays 0. A deflate stream that is longer than its strip is cut and taken, as
    libtiff does, without ever being inflated to its end.
    """
    planes, complete = np.zeros(page.shaped, page.dtype), bool(page.dataoffsets)
    _, depth, height, width, _ = page.shaped
    for index, (offset, count) in enumerate(
        zip(page.dataoffsets, page.databytecounts, strict=False)
    ):
        source.file.seek(offset)
        data = source.file.read(count)
        complete &= len(data) == count
        if page.compression == UNCOMPRESSED:
            data = data.ljust(min(count, planes.nbytes), b"\0")
        try:
            if page.compression in _DEFLATE:
                data = _cut(data, int(np.prod(page.chunks)) * page.dtype.itemsize)
            part, (plane, z, y, x, _), shape = page.decode(
                data, index, jpegtables=page.jpegtables, jpegheader=page.jpegheader
            )
        except Exception:  # this part is lost, the next may not be
            complete = False
            continue
        if part is not None:
            planes[plane, z : z + shape[0], y : y + shape[1], x : x + shape[2]] = part[
                : depth - z, : height - y, : width - x
            ]
    return planes, complete


def _cut(deflated: bytes, size: int) -> bytes:
    """A deflate stream of the first `size` bytes of what another one holds."""
    return zlib.compress(zlib.decompressobj().decompress(deflated, size), 0)
