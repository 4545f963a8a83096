"""What the inputs of a command stand for: files, folders, globs and lists."""

import codecs
import fnmatch
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from glob import glob, has_magic
from pathlib import Path

from ganedit.errors import UsageError
from ganedit.image import is_picture
from ganedit.video.kinds import FOUND_SUFFIXES, have_av

JOURNAL_FOLDER = ".ganedit"
LIST_MARK = "@"


@dataclass(frozen=True)
class Found:
    """A picture, and where it was found."""

    source: Path
    base: Path
    """Its place below the output folder is its place below this one."""
    journal_folder: Path | None
    """The folder whose journal records its result when that stands beside the original; None for
    a file that was named itself."""


@dataclass(frozen=True)
class Selection:
    """Which pictures of folders, globs and lists are taken; files that are named always are.

    A pattern without a slash is compared to each part of the path, one with a slash to the whole
    path below the input: `*.jpg`, `drafts`, `2024/*/raw`.
    """

    include: tuple[str, ...] = ()
    """Patterns one of which a picture has to match; all do if there are none."""
    exclude: tuple[str, ...] = ()
    """Patterns none of which it may match."""

    def takes(self, place: Path) -> bool:
        """Whether a picture at this place below its input is taken."""
        wanted = not self.include or any(_matches(place, pattern) for pattern in self.include)
        return wanted and not any(_matches(place, pattern) for pattern in self.exclude)


def names_one_file(path: Path) -> bool:
    """Whether an input is the name of a file, which may be missing: no folder, glob or list."""
    several = str(path).startswith(LIST_MARK) or has_magic(str(path))
    return path.is_file() or not (several or path.is_dir())


@dataclass
class Search:
    """Looks inputs up and counts what it leaves out.

    Attributes:
        selection: which pictures are taken.
        output: folder of the results, whose content is never an input.
        left_out: how many things were not taken, by reason.
    """

    selection: Selection = Selection()
    output: Path | None = None
    left_out: Counter[str] = field(default_factory=Counter)

    def find(self, path: Path) -> list[Found]:
        """The pictures that an input stands for, in the order of their names.

        Args:
            path: a file or folder; else `@FILE`, a list of inputs, one a line, blank ones and those
                that begin with `#` and name no file left out; else a glob, `**`
                for any depth; else the name of a file that is missing, which is found out later.

        Raises:
            UsageError: there are no pictures, or the list cannot be read.
        """
        if names_one_file(path):
            return [Found(path, path.parent, None)]
        if path.is_dir():
            found = self._in_folder(path, path, path)
        elif str(path).startswith(LIST_MARK):
            found = self._in_list(Path(str(path).removeprefix(LIST_MARK)))
        else:
            found = self._matching(path)
        if not found:
            what = "in this folder" if path.is_dir() else "there"
            raise UsageError(f"{path}: no pictures {what}{self._told()}")
        return found

    def _told(self) -> str:
        return f" (left out: {told})" if (told := as_text(self.left_out)) else ""

    def _in_folder(self, folder: Path, base: Path, journal_folder: Path) -> list[Found]:
        files = sorted(self._walk(folder))
        return [Found(file, base, journal_folder) for file in self._taken(files, folder)]

    def _matching(self, pattern: Path) -> list[Found]:
        """Files and folders that a glob finds, placed relative to its part without wildcards."""
        fixed = next(p for p in pattern.parents if not has_magic(str(p)))
        # Hidden files are left out by `glob` itself, unless the pattern names them.
        names = sorted(glob(str(pattern), recursive=True))  # noqa: PTH207 - has no absolute ones
        matches = [Path(name) for name in names]
        files = self._taken([path for path in matches if path.is_file()], fixed)
        found = [Found(file, fixed, fixed) for file in files]
        # `**` has matched what is in the folders already.
        folders = [] if "**" in pattern.parts else [path for path in matches if path.is_dir()]
        return found + [each for path in folders for each in self._in_folder(path, fixed, fixed)]

    def _in_list(self, file: Path) -> list[Found]:
        """Entries keep their path from the current folder, or all of it if they lie elsewhere."""
        found: list[Found] = []
        for line in _lines_of(file):
            if not line.strip() or (line.startswith("#") and not Path(line).exists()):
                continue
            entry, base = Path(line), Path()
            if entry.is_absolute() or ".." in entry.parts:
                entry = Path(os.path.abspath(line))  # noqa: PTH100 - links stay as they are named
                base = Path(entry.anchor)
            if entry.is_dir():
                found += self._in_folder(entry, base, entry)
            elif self._counted(self.selection.takes(entry), "excluded"):
                found.append(Found(entry, base, entry.parent))
        return found

    def _walk(self, folder: Path) -> Iterator[Path]:
        """Files below a folder. Links to folders are entered last and none twice, so no loops."""
        pending, seen = [folder], set[tuple[int, int]]()
        while pending:
            start = pending.pop(0)
            for parent, folders, files in os.walk(start, onerror=self._unreadable):
                here = os.stat(parent)  # noqa: PTH116 - os.walk gives names
                if (here.st_dev, here.st_ino) in seen:
                    self.left_out["links to folders that were seen already"] += 1
                    folders.clear()
                    continue
                seen.add((here.st_dev, here.st_ino))
                hidden = [name for name in folders if name.startswith(".")]
                self.left_out["hidden"] += len(set(hidden) - {JOURNAL_FOLDER})
                folders[:] = sorted(set(folders) - set(hidden))
                links = [name for name in folders if (Path(parent) / name).is_symlink()]
                pending += [Path(parent) / name for name in links]
                yield from (Path(parent) / name for name in files)

    def _taken(self, files: list[Path], root: Path) -> list[Path]:
        """The files that are pictures and wanted; the others are counted."""
        skipped = self._skipped(root)
        return [
            file
            for file in files
            if self._counted(not file.name.startswith("."), "hidden")
            and self._counted(_is_offered(file), _not_taken(file))
            and self._counted(self.selection.takes(file.relative_to(root)), "excluded")
            and self._counted(file.is_file(), "that are no files")
            and (skipped is None or skipped not in file.resolve().parents)
        ]

    def _unreadable(self, error: OSError) -> None:
        self.left_out["folders that may not be read"] += 1

    def _skipped(self, root: Path) -> Path | None:
        """The output folder, if it lies inside the input: its content is what a run wrote."""
        output = self.output.resolve() if self.output is not None else None
        return output if output is not None and root.resolve() in output.parents else None

    def _counted(self, taken: bool, reason: str) -> bool:
        self.left_out[reason] += not taken
        return taken


def _lines_of(file: Path) -> list[str]:
    """The entries of a list: one a line, or, as `find -print0` writes them, apart by NUL.

    UTF-8 with bytes that are none, as names may hold, or UTF-16, as PowerShell writes.

    Raises:
        UsageError: it cannot be read, or is no list.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{LIST_MARK}{file}: the list cannot be read: {error.strerror}") from error
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16").splitlines()
        if b"\0" in data:
            return data.decode("utf-8").split("\0")
    except UnicodeDecodeError:
        raise UsageError(f"{LIST_MARK}{file}: not a list of names, one a line") from None
    text = data.decode("utf-8-sig", errors="surrogateescape")
    return [line.strip("\r\n") for line in text.split("\n")]


def _is_offered(file: Path) -> bool:
    """Whether a file of a folder is a picture, or a video where those can be read."""
    return is_picture(file) or (file.suffix.lower() in FOUND_SUFFIXES and have_av())


def _not_taken(file: Path) -> str:
    video = file.suffix.lower() in FOUND_SUFFIXES
    return "videos (pip install 'ganedit[video]')" if video else "not pictures"


def _matches(place: Path, pattern: str) -> bool:
    if "/" in pattern:
        return fnmatch.fnmatch(place.as_posix(), pattern.strip("/"))
    return any(fnmatch.fnmatch(part, pattern) for part in place.parts)


def as_text(left_out: Mapping[str, int]) -> str:
    """What was left out as text, empty if that is nothing: `3 hidden, 12 not pictures`."""
    return ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()) if count)
