"""Small real videos that tests make, and what is in one."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import tiny

WIDTH, HEIGHT = 64, 48
TICKS = 12800


def scenery(seed: int = 0) -> np.ndarray:
    """A wide soft picture for a camera to look around in."""
    return cv2.GaussianBlur(tiny.photo(seed, HEIGHT + 40, WIDTH + 120), (0, 0), 1.2)


def moving(count: int, seed: int = 0, speed: int = 1) -> list[np.ndarray]:
    """Frames of a camera that pans."""
    wide = scenery(seed)
    return [wide[8 : 8 + HEIGHT, n * speed : n * speed + WIDTH].copy() for n in range(count)]


def write_clip(
    path: Path,
    frames: list[np.ndarray],
    *,
    times: list[int] | None = None,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    sound: str | None = "aac",
    color: tuple[int, int, int, int] = (1, 1, 1, 1),
    aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    chapters: list[dict[str, Any]] | None = None,
    subtitles: bool = False,
    container: dict[str, str] | None = None,
) -> Path:
    """Write frames `(H, W, 3)` with a second's sound, 25 a second unless times are given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ticks = 25 if path.suffix == ".avi" else TICKS  # AVI counts frames
    times = [n * ticks // 25 for n in range(len(frames))] if times is None else times
    with av.open(str(path), "w", container_options=container or {}) as output:
        stream = output.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height, stream.pix_fmt = (
            frames[0].shape[1], frames[0].shape[0], pixel_format,
        )  # fmt: skip
        context = stream.codec_context
        context.time_base = Fraction(1, ticks)
        (context.color_range, context.color_primaries, context.color_trc, context.colorspace) = (
            color
        )
        if aspect is not None:
            context.sample_aspect_ratio = aspect
        stream.metadata["language"] = "deu"
        audio = output.add_stream(sound, rate=44100) if sound else None
        if audio is not None:
            audio.layout = "mono"
            audio.metadata["language"] = "eng"
        output.metadata.update(metadata or {})
        if chapters:
            output.set_chapters(chapters)
        for time, samples in zip(times, frames, strict=True):
            frame = av.VideoFrame.from_ndarray(
                samples, format="rgb48le" if samples.dtype == np.uint16 else "rgb24"
            ).reformat(format=pixel_format, dst_colorspace=1, src_color_range=2, dst_color_range=1)
            frame.pts, frame.time_base = time, Fraction(1, ticks)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
        if audio is not None:
            _add_sound(output, audio)
    return path


def _add_sound(output: Any, audio: Any) -> None:
    wave = (np.sin(np.arange(44100) / 20) * 8000).astype(np.int16)
    size = audio.codec_context.frame_size or 1024
    resampler = av.AudioResampler(format=audio.codec_context.format, layout="mono", rate=44100)
    for start in range(0, 44100 - size, size):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + size], "s16", "mono")
        frame.sample_rate, frame.pts = 44100, start
        frame.time_base = Fraction(1, 44100)
        for made in resampler.resample(frame):
            output.mux(audio.encode(made))
    output.mux(audio.encode())


@dataclass
class Contents:
    """What a video holds."""

    frames: list[np.ndarray] = field(default_factory=list)
    """`(H, W, 3)` uint8."""
    times: list[Fraction] = field(default_factory=list)
    """Seconds."""
    copies: list[tuple[str, bytes]] = field(default_factory=list)
    """Codec and all packets of every other stream."""
    color: tuple[int, ...] = ()
    pixel_format: str = ""
    codec: str = ""
    aspect: Fraction | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    languages: list[str | None] = field(default_factory=list)
    chapters: list[tuple[Fraction, Fraction, str]] = field(default_factory=list)


def contents(path: Path) -> Contents:
    """Everything that is to be kept."""
    found = Contents()
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for frame in container.decode(stream):
            found.frames.append(frame.to_ndarray(format="rgb24"))
            found.times.append(frame.pts * stream.time_base)
            found.color = (
                int(frame.color_range), int(frame.color_primaries), int(frame.color_trc),
                int(frame.colorspace),
            )  # fmt: skip
            found.pixel_format = frame.format.name
        found.codec, found.aspect = stream.codec_context.name, stream.sample_aspect_ratio
        found.metadata = dict(container.metadata)
        found.languages = [each.metadata.get("language") for each in container.streams]
        found.chapters = [
            (each["start"] * each["time_base"], each["end"] * each["time_base"],
             each["metadata"].get("title", ""))
            for each in container.chapters()
        ]  # fmt: skip
    with av.open(str(path)) as container:
        for each in container.streams:
            if each.type in ("audio", "subtitle"):
                container.seek(0)
                packets = b"".join(bytes(packet) for packet in container.demux(each))
                found.copies.append((each.codec_context.name, packets))
    return found


def assert_near(one: list[np.ndarray], other: list[np.ndarray], most: float = 6.0) -> None:
    """Frames are the same but for what coding takes."""
    assert len(one) == len(other)
    for number, (a, b) in enumerate(zip(one, other, strict=True)):
        assert a.shape == b.shape
        assert np.abs(a.astype(float) - b).mean() < most, f"frame {number}"
