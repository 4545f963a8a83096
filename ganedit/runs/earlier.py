"""What earlier runs wrote beside their originals, and so is no input of the next one."""

import re
from functools import cache
from pathlib import Path

from ganedit.runs.inputs import Found
from ganedit.runs.jobs import CLIP_SUFFIX, PREVIEW_SUFFIX
from ganedit.runs.journal import Records
from ganedit.tasks import TASKS


def without_earlier(found: list[Found], own: str | None) -> tuple[list[Found], list[Path]]:
    """Leave out of folders what earlier runs wrote there, and say what that is.

    Args:
        found: pictures; those that were named themselves always stay.
        own: regular expression of the labels of this run's task, if results stand beside their
            originals: then not only what a journal has is a result, but also what is named as a
            task names the result of another picture there.
    """
    stems = {each.source.with_suffix("") for each in found}
    labels = _labels(own) if own is not None else None
    records = cache(Records)
    kept, earlier = [], list[Path]()
    for each in found:
        file, folder = each.source, each.journal_folder
        made = folder is not None and (
            file.name.endswith((PREVIEW_SUFFIX, CLIP_SUFFIX))
            or any(records(above).knows(file) for above in _upward(file, folder))
            or (labels is not None and _named_like_one(file, stems, labels))
        )
        if made:
            earlier.append(file)
        else:
            kept.append(each)
    return kept, earlier


def _upward(file: Path, top: Path) -> list[Path]:
    """The folders that may have a journal of a file: its own, and those above it up to `top`."""
    folders = [file.parent, *file.parent.parents]
    return folders[: folders.index(top) + 1] if top in folders else folders[:1]


def _named_like_one(file: Path, stems: set[Path], labels: re.Pattern[str]) -> bool:
    made = labels.fullmatch(file.stem)
    return made is not None and file.with_name(made[1]) in stems


def _labels(own: str) -> re.Pattern[str]:
    """The name of an original, followed by what this task or another appends to it."""
    return re.compile(rf"(.+?)_(?:{'|'.join([own, *(task.labels(None) for task in TASKS)])})")
