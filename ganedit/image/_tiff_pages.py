"""The pages of a TIFF file: which one is the picture, and whether it is a camera's raw picture."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ganedit.errors import ImageError
from ganedit.image._source import Source

if TYPE_CHECKING:
    import tifffile

MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_CFA = (32803, 34892)  # photometric interpretations: a colour filter array, linear sensor values
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_DNG_VERSION = 50706
_STACK = 64  # so many pages are slices of one thing, and would take long to be looked at


def tiff_size(source: Source) -> tuple[int, int]:
    """Width and height from the tags alone, before orientation."""
    with opened(source, lenient=False) as tiff:
        page, _ = picture_page(tiff)
        return page.imagewidth, page.imagelength


def is_raw_tiff(source: Source) -> bool:
    """Whether the TIFF is a camera's raw picture, its first page being a thumbnail at most."""
    try:
        with opened(source, lenient=False) as tiff:
            first = tiff.pages.first
            pages = [first, *(first.pages or ())]
            raw = any(int(getattr(page, "photometric", 0) or 0) in _CFA for page in pages)
            return raw or _DNG_VERSION in first.tags
    except Exception:  # damage is for the reader to name
        return False


@contextmanager
def opened(source: Source, *, lenient: bool) -> Iterator["tifffile.TiffFile"]:
    """The file with its tags; whatever malformed ones lead to while it is open means damage."""
    import tifffile

    source.file.seek(0)
    try:
        with tifffile.TiffFile(source.file) as tiff:
            if not isinstance(tiff.pages.first, tifffile.TiffPage):
                raise source.damaged(lenient=lenient)
            yield tiff
    except (ImageError, MemoryError):
        raise
    except Exception as error:
        raise source.damaged(lenient=lenient) from error


def picture_page(tiff: "tifffile.TiffFile") -> tuple[Any, tuple[str, ...]]:
    """The page that is the picture, and a note on those that are not taken."""
    first = tiff.pages.first
    pages = [page for page in _all_pages(tiff) if not _kind(page) & (_REDUCED | _MASK)]
    if _kind(first) & (_REDUCED | _MASK) and pages:
        return pages[0], ("its first page is a thumbnail: the first whole picture was taken",)
    if len(pages) > 1:
        return first, (f"only the first of {len(pages)} pages was taken",)
    return first, ()


def _all_pages(tiff: "tifffile.TiffFile") -> list[Any]:
    """All pages whose tags can be read, and the pages inside of the first."""
    import tifffile

    pages: list[Any] = []
    try:
        if len(tiff.pages) > _STACK:
            return list(tiff.pages[:1]) * len(tiff.pages)
        for page in tiff.pages:
            pages.append(page if isinstance(page, tifffile.TiffPage) else page.aspage())
        pages += [page for page in tiff.pages.first.pages or () if hasattr(page, "tags")]
    except Exception:  # a damaged tail of pages that are not taken anyway
        return pages
    return pages


def _kind(page: Any) -> int:
    return int(getattr(page, "subfiletype", 0) or 0)
