"""What HDR says of all its frames: the display it was mastered on, and how bright it gets."""

from collections.abc import Mapping
from typing import Any

from ganedit.video.color import side_data
from ganedit.video.track import Track

# FFmpeg's structure: x and y of red, green, blue and white, the luminances, each a numerator and a
# denominator, and whether both kinds are there.
_NUMBERS, _PLACES = 22, 16
# Parts of one in which bitstreams count places and candelas.
PLACE, CANDELA = 50_000, 10_000


def mastering_of(frame: Any) -> tuple[int, ...]:
    """The display of a decoded frame, as `Track.mastering` has it; nothing if untold."""
    numbers = side_data(frame, "MASTERING_DISPLAY_METADATA", _NUMBERS)
    if numbers is None or not numbers[20:].all() or not numbers[1:20:2].all():
        return ()
    shares = [int(n) / int(d) for n, d in zip(numbers[:20:2], numbers[1:20:2], strict=True)]
    places, lights = shares[: _PLACES // 2], shares[_PLACES // 2 :]
    return (*(round(PLACE * n) for n in places), *(round(CANDELA * n) for n in lights))


def light_of(frame: Any) -> tuple[int, ...]:
    """The light of a decoded frame, as `Track.light` has it; nothing if untold."""
    numbers = side_data(frame, "CONTENT_LIGHT_LEVEL", 2)
    return () if numbers is None or not numbers.any() else (int(numbers[0]), int(numbers[1]))


def options(encoder: str, track: Track) -> Mapping[str, str]:
    """Words for an option of an encoder; none for those that take none."""
    if encoder == "libx265":
        return {"x265-params": _words("master-display", "max-cll", track, whole=True)}
    if encoder == "libsvtav1":
        return {"svtav1-params": _words("mastering-display", "content-light", track, whole=False)}
    return {}


def _words(display: str, light: str, track: Track, *, whole: bool) -> str:
    """Both in the order of bitstreams, as counted there or as shares of one."""
    words = []
    if track.mastering:
        units = [PLACE] * 8 + [CANDELA] * 2
        counted = zip(track.mastering, units, strict=True)
        numbers = [f"{n}" if whole else f"{n / unit:.5f}" for n, unit in counted]
        red, green, blue, white = (f"({numbers[at]},{numbers[at + 1]})" for at in (0, 2, 4, 6))
        least, most = numbers[8:]
        words.append(f"{display}=G{green}B{blue}R{red}WP{white}L({most},{least})")
    if track.light:
        words.append(f"{light}={track.light[0]},{track.light[1]}")
    return ":".join(words)
