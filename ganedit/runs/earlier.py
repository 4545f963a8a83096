"""What earlier runs wrote beside their originals, and so is no input of the next one."""

import re
from functools import cache
from pathlib import Path

from ganedit.runs.inputs import Found
from ganedit.runs.journal import Records
from ganedit.tasks import TASKS

PREVIEW_SUFFIX = ".preview.png"


def without_earlier(found: list[Found], *, beside: bool) -> tuple[list[Found], list[Path]]:
    """Leave out of folders what earlier runs wrote there, and say what that is.

    Args:
        found: pictures; those that were named themselves always stay.
        beside: whether results stand beside their originals. Only then are a folder's results
            among its pictures: those that its journal has, and those that are named as a task
            names the result of another picture of the folder.
    """
    stems = {each.source.with_suffix("") for each in found} if beside else set()
    records = cache(Records)
    kept, earlier = [], list[Path]()
    for each in found:
        file, folder = each.source, each.journal_folder
        made = folder is not None and (
            file.name.endswith(PREVIEW_SUFFIX)
            or (beside and (records(folder).knows(file) or _named_like_one(file, stems)))
        )
        if made:
            earlier.append(file)
        else:
            kept.append(each)
    return kept, earlier


def _named_like_one(file: Path, stems: set[Path]) -> bool:
    made = _result_names().fullmatch(file.stem)
    return made is not None and file.with_name(made[1]) in stems


@cache
def _result_names() -> re.Pattern[str]:
    """The name of an original, followed by what some task appends to it."""
    return re.compile(rf"(.+?)_(?:{'|'.join(task.labels() for task in TASKS)})")
