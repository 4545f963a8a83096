"""Colours as users write them. Nothing here imports torch."""

import difflib
import re

from PIL import ImageColor

from ganedit.errors import UsageError


def parse_color(text: str, flag: str) -> tuple[int, int, int]:
    """`#8a1c1c` or `#f00` (`#` may be missing), or a name like `light pink`, as RGB of 255.

    Raises:
        UsageError: not a colour; it names `flag`.
    """
    name = "".join(text.split()).lower()
    if re.fullmatch(r"[0-9a-f]{3}|[0-9a-f]{6}", name):
        name = f"#{name}"
    try:
        red, green, blue = ImageColor.getrgb(name)[:3]
    except ValueError:
        near = difflib.get_close_matches(name, ImageColor.colormap, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(
            f"{flag} {text!r}: write it like '#ff00ff', '#f0f' or magenta{meant}"
        ) from None
    return red, green, blue
