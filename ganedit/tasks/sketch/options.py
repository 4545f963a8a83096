"""Options of the sketching task, as plain data."""

from dataclasses import dataclass

from ganedit.line_kinds import Kind
from ganedit.options import Options, option


@dataclass(frozen=True)
class SketchOptions(Options):
    """How photos are drawn."""

    lines: Kind = option(
        "pencil",
        "canny, outline, zero: thin lines by different detectors. dog: the dark sides of edges, "
        "soft. threshold: what is darker than its surroundings, black. pencil: soft shading.",
        positional=True,
    )
    detail: float = option(
        0.5, "0 draws the strongest lines only, 1 all there are.", least=0, most=1
    )
    thickness: float = option(1.0, "Of thin lines, as a factor.", least=0.2, most=8)
    inverted: bool = option(False, "White lines on black.", simple=True)
