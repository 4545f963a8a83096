"""A track: the frames of one source, each with its time, found once and fetched again by key."""

import json
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from typing import Any

# Where neither the file nor the user says, numbered frames have this rate.
DEFAULT_RATE = 25


@dataclass(frozen=True)
class Color:
    """What the numbers of the samples mean, as H.273 counts it; 2 is unspecified."""

    range: int = 0
    """1 is limited, 2 is full, 0 is unspecified."""
    primaries: int = 2
    transfer: int = 2
    matrix: int = 2

    @property
    def hdr(self) -> bool:
        """Whether the transfer is that of PQ or HLG."""
        return self.transfer in (16, 18)


@dataclass(frozen=True)
class Track:
    """The frames of one source."""

    kind: str
    """Who reads it: `container`, `animation` or `pictures`."""
    keys: tuple[int, ...]
    """By which each frame is fetched: its own time, or its number. They increase."""
    times: tuple[int, ...]
    """When each frame begins, in ticks of the time base. They increase."""
    end: int
    """When the last frame ends."""
    time_base: Fraction
    """Seconds of a tick."""
    width: int
    """Of frames as they are shown, upright."""
    height: int
    depth: int = 8
    """Bits of a sample."""
    alpha: bool = False
    pixel_format: str = "rgb24"
    aspect: Fraction = Fraction(0)
    """Width of a pixel by its height, as shown; 0 is untold."""
    color: Color = field(default_factory=Color)
    mastering: tuple[int, ...] = ()
    """Of HDR, what it was mastered on (SMPTE ST 2086): x and y of red, green, blue and white, each
    times 50,000, and the least and greatest luminance, in cd/m² times 10,000."""
    light: tuple[int, ...] = ()
    """Of HDR, the greatest light of a pixel and of a frame, in cd/m² (CTA-861.3)."""
    key_frames: tuple[int, ...] = ()
    """Keys from which decoding can begin; none if all can."""
    origin: Fraction = Fraction(0)
    """Seconds that the clock showed at the beginning, where a container has no zero of its own."""
    counted: bool = False
    """Whether keys count frames from the beginning, since the container has no times for them."""
    cuts: tuple[int, ...] = (0,)
    """Numbers of the frames with which scenes begin."""
    total: int = 0
    """Of a file that was only looked at, about how many frames it has."""
    loops: int | None = None
    """Of an animation: how often it is shown, 0 for ever."""
    notes: tuple[str, ...] = ()

    @property
    def deep(self) -> bool:
        """Whether samples have more than 8 bits."""
        return self.depth > 8

    @property
    def rate(self) -> Fraction:
        """Frames a second on average, as an encoder wants to know."""
        seconds = (self.end - self.times[0]) * self.time_base
        if seconds <= 0:
            return Fraction(DEFAULT_RATE)
        return (len(self.times) / seconds).limit_denominator(1001)

    @property
    def seconds(self) -> float:
        """How long it is shown."""
        return float((self.end - self.times[0]) * self.time_base)

    def steady(self) -> bool:
        """Whether all frames last equally long, but for the rounding of their times."""
        steps = [after - before for before, after in zip(self.times, self.times[1:], strict=False)]
        return not steps or max(steps) - min(steps) <= 1

    def to_json(self) -> str:
        """As text, from which `from_json` makes it again."""
        plain = asdict(self)
        for name in ("time_base", "aspect", "origin"):
            plain[name] = str(plain[name])
        return json.dumps(plain)

    @classmethod
    def from_json(cls, text: str) -> "Track":
        """A track from its text."""
        plain: dict[str, Any] = json.loads(text)
        color = Color(**plain.pop("color"))
        for name in ("time_base", "aspect", "origin"):
            plain[name] = Fraction(plain[name])
        lists = {name: tuple(value) for name, value in plain.items() if isinstance(value, list)}
        return cls(**{**plain, **lists, "color": color})

    def within(self, numbers: list[int]) -> "Track":
        """Only these frames, in order; scenes begin where one did between them."""
        chosen = set(numbers)
        cuts, position = [], {number: place for place, number in enumerate(numbers)}
        for cut in self.cuts:
            later = next((position[n] for n in range(cut, len(self.keys)) if n in chosen), None)
            if later is not None and later not in cuts:
                cuts.append(later)
        last = numbers[-1]
        end = self.times[last + 1] if last + 1 < len(self.times) else self.end
        return replace(
            self,
            keys=tuple(self.keys[n] for n in numbers),
            times=tuple(self.times[n] for n in numbers),
            end=end,
            cuts=tuple(sorted({0, *cuts})),
        )
