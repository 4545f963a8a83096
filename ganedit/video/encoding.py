"""What a result is encoded with, and a segment of it as a file of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2

from ganedit.errors import UsageError
from ganedit.image import Image
from ganedit.video import mastering
from ganedit.video.color import (
    depth_of,
    even_sided,
    has_alpha,
    on_black,
    to_frame,
    written_color,
)
from ganedit.video.kinds import CONTAINERS, Container
from ganedit.video.library import library, writing_errors
from ganedit.video.options import VideoOptions
from ganedit.video.track import Color, Track

# FFmpeg's encoders for what users call a codec, the best first.
_ENCODERS: Mapping[str, tuple[str, ...]] = {
    "h264": ("libx264", "libopenh264", "h264_videotoolbox", "h264_mf"),
    "hevc": ("libx265", "hevc_videotoolbox", "hevc_mf"),
    "av1": ("libsvtav1", "libaom-av1", "librav1e"),
    "vp9": ("libvpx-vp9",),
    "prores": ("prores_ks",),
    "ffv1": ("ffv1",),
}
_ALIASES = {"h265": "hevc", "x264": "h264", "x265": "hevc", "avc": "h264"}
# With one thread an encoder gives the same bits on every machine; several segments keep the cores
# busy. A segment has one key frame at its beginning.
_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "libx264": {"crf": "18", "preset": "medium"},
    "libx265": {
        "crf": "19", "preset": "medium",
        "x265-params": "log-level=none:pools=none:frame-threads=1:wpp=0",
    },
    "libsvtav1": {"crf": "26", "preset": "8", "svtav1-params": "lp=1"},
    "libaom-av1": {"crf": "26", "b": "0", "cpu-used": "6"},
    "libvpx-vp9": {"crf": "24", "b": "0", "cpu-used": "4", "deadline": "good"},
    "prores_ks": {"profile": "3"},
    "ffv1": {"level": "3", "slicecrc": "1"},
}  # fmt: skip
_PRORES_4444 = "4"
# Time stamps of segments count frames; the rate of one says how much its encoder may spend.
FASTEST = 240
# OpenCV's number of what a processor can do; it has no name for it in Python.
AVX_512F = 13


@dataclass(frozen=True)
class Encoding:
    """How frames of a result are encoded. Plain data, which travels and is recorded."""

    encoder: str
    """FFmpeg's name."""
    pixel_format: str
    options: Mapping[str, str]
    color: Color
    rate: Fraction
    """Frames a second, about."""
    aspect: Fraction
    """Width of a pixel by its height; 0 is untold."""
    tag: str = ""
    """What the container calls the codec, where players insist."""
    notes: tuple[str, ...] = ()

    @property
    def chroma(self) -> tuple[int, int]:
        """Pixels that share a chroma sample, across and down."""
        av = library()
        components = av.VideoFormat(self.pixel_format, 16, 16).components
        return 16 // min(c.width for c in components), 16 // min(c.height for c in components)


def choose_encoding(
    track: Track, size: tuple[int, int], container: Container, options: VideoOptions
) -> Encoding:
    """What a result is encoded with.

    Args:
        track: of the source.
        size: width and height of the result.
        container: what it goes into.
        options: what the user asked for.

    Raises:
        UsageError: a codec or pixel format that there is not, or that the container cannot hold.
    """
    av = library()
    asked = options.codec or (container.deep_codec if track.deep else container.codec)
    encoder, codec = _encoder(asked)
    if codec not in _supported(container):
        fitting = [each.name for each in CONTAINERS if each.muxer and codec in _supported(each)]
        raise UsageError(
            f"--codec {asked}: {container.name} cannot hold it; "
            f"write {' or '.join(fitting) or 'MKV'} instead"
        )
    formats = [each.name for each in av.Codec(encoder, "w").video_formats or ()]
    notes: tuple[str, ...] = ()
    name = options.pixel_format
    if name is not None and formats and name not in formats:
        raise UsageError(f"--pixel-format {name}: {encoder} takes {', '.join(formats)}")
    if name is None:
        name = _pixel_format(formats, track, encoder)
    given = dict(_SETTINGS.get(encoder, {}))
    if encoder == "prores_ks" and "444" in name:
        given["profile"] = _PRORES_4444
    if container.name == "AVI":
        given["bf"] = "0"  # it says when frames are decoded, and not when they are shown
    if track.mastering or track.light:
        told = mastering.options(encoder, track)
        if not told:
            notes = (*notes, f"left out: what HDR was mastered on, which {encoder} is not told")
        given |= {key: f"{given[key]}:{words}" for key, words in told.items()}
    if options.crf is not None:
        if "crf" not in given and encoder in _SETTINGS:
            raise UsageError(f"--crf: {encoder} has no such quality; leave it out")
        given["crf"] = f"{options.crf:g}"
    depth = depth_of(av.VideoFormat(name, 16, 16))
    if depth < track.depth:
        notes = (*notes, f"reduced from {track.depth} to {depth} bits: {encoder} is given {name}")
        if track.color.hdr and depth <= 8:
            raise UsageError(
                f"--codec {asked}: 8 bits are too few for HDR; use hevc, av1, prores or ffv1"
            )
    if track.alpha and not has_alpha(name) and track.pixel_format != "pal8":
        notes = (*notes, f"transparency left out: {name} has none")
    color = written_color(track.color, track.pixel_format, track.height, name, size[1])
    rate = min(Fraction(FASTEST), max(Fraction(1), track.rate))
    tag = "hvc1" if codec == "hevc" and container.name in ("MP4", "MOV") else ""
    return Encoding(encoder, name, given, color, rate, track.aspect, tag, notes)


def _encoder(asked: str) -> tuple[str, str]:
    """FFmpeg's encoder for what was asked, and the codec that it writes."""
    av = library()
    word = _ALIASES.get(asked.lower(), asked.lower())
    for name in (*_ENCODERS.get(word, ()), word):
        try:
            codec = av.Codec(name, "w")
        except (av.error.FFmpegError, ValueError):
            continue
        if codec.type != "video":
            break
        return codec.name, codec.canonical_name
    known = ", ".join(_ENCODERS)
    raise UsageError(f"--codec {asked}: is no encoder that PyAV was built with; use one of {known}")


def _supported(container: Container) -> set[str]:
    """Names of the codecs that a container holds."""
    return supported_codecs(container.muxer)


def supported_codecs(muxer: str) -> set[str]:
    """Names of the codecs that go into what a muxer of FFmpeg writes."""
    import io

    av = library()
    with av.open(io.BytesIO(), "w", format=muxer) as output:
        found: set[str] = set(output.supported_codecs)
    return found


def _pixel_format(formats: list[str], track: Track, encoder: str) -> str:
    """What keeps the depth and plays everywhere; of archives' codecs, what keeps everything."""
    if encoder == "ffv1" and track.pixel_format in formats:
        return track.pixel_format
    if encoder == "prores_ks":
        wanted = ["yuva444p10le"] if track.alpha else ["yuv422p10le"]
    elif encoder == "ffv1":
        wanted = ["gbrp10le" if track.deep else "bgra" if track.alpha else "bgr0"]
    else:
        wanted = ["yuv420p10le"] if track.deep else []
    usual = [*wanted, "yuv420p", *formats]
    return next(name for name in usual if not formats or name in formats)


class SegmentWriter:
    """Writes the frames of a segment into a file; with their numbers, not their times.

    Raises:
        OutputError: the encoder does not take it, or the disk refuses.
    """

    def __init__(self, path: Path, encoding: Encoding) -> None:
        self.path, self.encoding = path, encoding
        self._chroma = encoding.chroma
        self._count = 0
        self._stream: Any = None
        with writing_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._output: Any = library().open(str(path), "w", format="matroska")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if error is not None:
            # What is closed in the middle of an error may complain again.
            self._output.close()
            self.path.unlink(missing_ok=True)
            return
        with writing_errors(self.path):
            if self._stream is not None:
                self._output.mux(self._stream.encode())
            self._output.close()

    def add(self, picture: Image) -> None:
        """Encode the next frame."""
        encoding = self.encoding
        if not has_alpha(encoding.pixel_format):
            picture = on_black(picture)
        picture = even_sided(replace(picture, notes=()), *self._chroma)
        frame = to_frame(picture, encoding.pixel_format, encoding.color)
        with writing_errors(self.path):
            if self._stream is None:
                self._stream = self._begin(picture)
            frame.pts, frame.time_base = self._count, 1 / encoding.rate
            self._count += 1
            self._output.mux(self._stream.encode(frame))

    def _begin(self, picture: Image) -> Any:
        encoding = self.encoding
        options = {**encoding.options, **_repeatable(encoding.encoder)}
        stream = self._output.add_stream(encoding.encoder, rate=encoding.rate, options=options)
        context = stream.codec_context
        stream.width, stream.height, stream.pix_fmt = (
            picture.width, picture.height, encoding.pixel_format,
        )  # fmt: skip
        context.time_base, context.framerate = 1 / encoding.rate, encoding.rate
        context.thread_count = 1
        if encoding.aspect:
            context.sample_aspect_ratio = encoding.aspect
        color = encoding.color
        context.color_range, context.colorspace = color.range, color.matrix
        context.color_primaries, context.color_trc = color.primaries, color.transfer
        return stream


def _repeatable(encoder: str) -> dict[str, str]:
    """Options by which the same frames become the same bits, whatever the thread did before.

    x264's AVX-512 code for macroblock trees reads registers that it did not set. With AVX2 it gives
    the same everywhere.
    """
    if encoder == "libx264" and cv2.checkHardwareSupport(AVX_512F):
        return {"x264-params": "asm=avx2"}
    return {}


def coded_size(encoding: Encoding, size: tuple[int, int]) -> tuple[int, int]:
    """Width and height with sides of whole chroma samples."""
    across, down = encoding.chroma
    return size[0] + -size[0] % across, size[1] + -size[1] % down


def chroma_note(encoding: Encoding, size: tuple[int, int]) -> str:
    """What to say where sides are no whole chroma samples; nothing where they are."""
    width, height = coded_size(encoding, size)
    if (width, height) == size:
        return ""
    return (
        f"{encoding.pixel_format} needs even sides: padded to {width}×{height} by its last pixels; "
        "--pixel-format yuv444p keeps the size"
    )
