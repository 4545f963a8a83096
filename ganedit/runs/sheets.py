"""Contact sheets of several results of one job."""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from ganedit.image import Image, decode, resize
from ganedit.runs.jobs import Job, Sheet
from ganedit.runs.preview import as_rgb

# Longer side of each result on a sheet.
SHEET_SIDE = 480
TEXT_SIZE, SMALLEST_TEXT = 20, 8
# Small results stand side by side, so many of them as far as they fill no more than this: the
# seven of a strip are to be seen in one row.
ACROSS, ROW_WIDTH = 8, 960


def write_sheets(sheets: Sequence[Sheet], done: Collection[Job], *, overwrite: bool) -> list[Sheet]:
    """Write the results of each job side by side, as `NAME_sheet.png` beside them.

    Args:
        sheets: those of the plan.
        done: results that were made now; jobs without any keep the sheet that they have.
        overwrite: replace sheets that exist.

    Returns:
        Those that were written.

    Raises:
        OutputError: a sheet exists and `overwrite` is false, or it cannot be written.
    """
    made, written = set(done), list[Sheet]()
    for sheet in sheets:
        results = [job for job in sheet.jobs if job.target.is_file()]
        # In a folder, an earlier run may have been stopped before it made the sheet.
        recorded = sheet.jobs[0].journal_folder is not None
        missing = results and recorded and not sheet.path.exists()
        if made.intersection(results) or missing:
            replaced = overwrite or not made.issuperset(results)
            common = len(sheet.path.stem.removesuffix("sheet"))
            named = {job.target.stem[common:]: job.target for job in results}
            contact_sheet(named).save(sheet.path, overwrite=replaced)
            written.append(sheet)
    return written


def contact_sheet(pictures: Mapping[str, Path]) -> Image:
    """Files of pictures by name as one picture, reduced, the name in the corner of each."""
    return _side_by_side([_cell(path, name) for name, path in pictures.items()])


def _side_by_side(cells: list[np.ndarray]) -> Image:
    """Pictures side by side, each in a field of the largest size.

    About as many across as down, or more where they are small.
    """
    high, wide = (max(cell.shape[axis] for cell in cells) for axis in (0, 1))
    columns = max(math.ceil(math.sqrt(len(cells))), min(len(cells), ACROSS, ROW_WIDTH // wide))
    fields = np.full((-(-len(cells) // columns) * columns, high, wide, 3), 255, np.uint8)
    for field, cell in zip(fields, cells, strict=False):
        field[: cell.shape[0], : cell.shape[1]] = cell
    rows = [np.hstack(list(fields[i : i + columns])) for i in range(0, len(fields), columns)]
    return Image(np.vstack(rows))


def _cell(path: Path, name: str) -> np.ndarray:
    """A result, reduced, its name in the corner."""
    image = decode(path)
    scale = min(1.0, SHEET_SIDE / max(image.width, image.height))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    picture = PIL.Image.fromarray(as_rgb(resize(Image(image.samples), *size).samples))
    text = min(TEXT_SIZE, max(SMALLEST_TEXT, picture.width // 8))
    font = PIL.ImageFont.load_default(text)
    PIL.ImageDraw.Draw(picture).text(
        (text // 3, text // 6), name, "white", font, stroke_width=text // 8, stroke_fill="black"
    )
    return np.asarray(picture)
