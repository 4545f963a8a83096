"""Names of the detectors of `ganedit.lines`, for options. Nothing here imports OpenCV."""

from typing import Literal, get_args

Kind = Literal["canny", "dog", "threshold", "outline", "zero", "pencil"]
KINDS: tuple[Kind, ...] = get_args(Kind)
