"""The styles that ship, by name. Nothing here imports torch."""

from pathlib import Path

from ganedit import weights
from ganedit.errors import UsageError
from ganedit.task import NAME_MARK


def shipped_styles() -> dict[str, Path]:
    """Style files by name."""
    return {path.stem: path for path in sorted((weights.shipped_folder() / "styles").glob("*.png"))}


def named_style(name: str) -> Path:
    """The file of a style that ships.

    Raises:
        UsageError: there is none of that name; the message lists those there are.
    """
    known = shipped_styles()
    if name not in known:
        listed = ", ".join(f"{NAME_MARK}{each}" for each in known) or "none"
        raise UsageError(f"{NAME_MARK}{name}: no such style ships; there are: {listed}")
    return known[name]
