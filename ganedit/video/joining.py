"""One file from segments: frames at their times, and beside them all that the source had."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ganedit.errors import OutputError
from ganedit.video.containers import is_cover, video_stream
from ganedit.video.encoding import Encoding
from ganedit.video.fitting import COVERS, codec_of, unfit
from ganedit.video.kinds import Container
from ganedit.video.library import library, open_container, reading_errors, writing_errors
from ganedit.video.segments import Timeline

# What a container says of itself, and not of what is in it.
_OWN = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration"}
_OWN_OF_STREAM = {"encoder", "duration"}
# Names as Apple's cameras write them; MP4 and MOV keep them only when told to.
_APPLE = "com."


@dataclass(frozen=True)
class Joined:
    """What to join, and how."""

    timeline: Timeline
    container: Container
    encoding: Encoding
    source: Path | None
    """The container that the rest is copied from, if it is one."""
    strip: bool = False
    """Whether to leave its metadata out."""


def join(segments: Sequence[Path], joined: Joined, target: Path, label: Path) -> None:
    """Write the result.

    Args:
        segments: files of `SegmentWriter`, in order.
        joined: what goes in.
        target: a file that is not there.
        label: what errors call it.

    Raises:
        OutputError: it cannot be written.
    """
    av, container = library(), joined.container
    with ExitStack() as stack:
        stack.enter_context(writing_errors(label))
        output = stack.enter_context(
            av.open(str(target), "w", format=container.muxer, container_options=_muxing(joined))
        )
        with open_container(segments[0]) as first:
            stream = output.add_stream_from_template(first.streams.video[0], opaque=True)
            bits = _start_codes(joined, first.streams.video[0], stream)
        stream.time_base = joined.timeline.time_base
        if joined.encoding.aspect:
            stream.codec_context.sample_aspect_ratio = joined.encoding.aspect
        if joined.encoding.tag:
            stream.codec_context.codec_tag = joined.encoding.tag
        packets = _video_packets(segments, joined.timeline, stream)
        if joined.source is None:
            for packet in _annexed(packets, bits, stream):
                output.mux(packet)
            return
        with reading_errors(joined.source):
            given = stack.enter_context(open_container(joined.source))
            copies = _add_copies(output, given, joined)
            _copy_facts(output, stream, given, joined)
        streams = [_annexed(packets, bits, stream), _copied(given, copies, joined)]
        for packet in heapq.merge(*streams, key=_seconds):
            output.mux(packet)


def _muxing(joined: Joined) -> dict[str, str]:
    """Options of the muxer."""
    if joined.container.name in ("MP4", "MOV"):
        # Where a stream begins is told in ticks of the whole, usually a thousand a second.
        return {"movflags": "+faststart", "movie_timescale": "90000"}
    if joined.container.name == "MKV":
        # Otherwise players may show what was never meant to be the default.
        return {"default_mode": "passthrough"}
    return {}


def _seconds(packet: Any) -> float:
    time = packet.dts if packet.dts is not None else packet.pts
    return float((time or 0) * packet.time_base)


def _video_packets(segments: Sequence[Path], timeline: Timeline, stream: Any) -> Iterator[Any]:
    """The packets of all segments, with the times of their frames.

    Segments count frames: the packet whose number is the n-th in order is shown at the n-th time.
    """
    times, durations = timeline.times, timeline.durations
    delay = max(_delay(path) for path in segments)
    step = max(1, times[1] - times[0]) if len(times) > 1 else 1
    written = 0
    for path in segments:
        packets = _packets_of(path)
        ranks = _ranks(packets)
        begun = written
        for packet, rank in zip(packets, ranks, strict=True):
            late = written - delay
            packet.stream, packet.time_base = stream, timeline.time_base
            packet.pts, packet.duration = times[begun + rank], durations[begun + rank]
            # Decoding runs ahead of showing by the same number of frames all along.
            packet.dts = times[late] if late >= 0 else times[0] + late * step
            written += 1
            yield packet
    if written != len(times):
        raise OutputError(f"{segments[0].parent}: a segment is damaged; remove the folder")


def _packets_of(path: Path) -> list[Any]:
    with open_container(path) as container:
        return [packet for packet in container.demux(container.streams.video[0]) if packet.size]


def _delay(path: Path) -> int:
    """By how many packets decoding runs ahead of showing."""
    ranks = _ranks(_packets_of(path))
    return max(place - rank for place, rank in enumerate(ranks))


def _ranks(packets: Sequence[Any]) -> list[int]:
    """The place of each packet in the order in which they are shown."""
    order = sorted(range(len(packets)), key=lambda place: packets[place].pts)
    ranks = [0] * len(packets)
    for rank, place in enumerate(order):
        ranks[place] = rank
    return ranks


def _annexed(packets: Iterator[Any], bits: Any, stream: Any) -> Iterator[Any]:
    """The packets as AVI wants H.264 and HEVC: with start codes."""
    if bits is None:
        yield from packets
        return
    for packet in packets:
        for made in bits.filter(packet):
            made.stream = stream
            yield made


def _start_codes(joined: Joined, given: Any, stream: Any) -> Any:
    """What puts them in, headers too; None where they are not wanted."""
    name = {"libx264": "h264_mp4toannexb", "libx265": "hevc_mp4toannexb"}.get(
        joined.encoding.encoder
    )
    if joined.container.name != "AVI" or name is None:
        return None
    from av.bitstream import BitStreamFilterContext

    return BitStreamFilterContext(name, given, stream)


def _add_copies(output: Any, given: Any, joined: Joined) -> dict[int, Any]:
    """The output's streams for those that are copied, by the index of the input's."""
    main, copies = video_stream(given), dict[int, Any]()
    for stream in given.streams:
        if stream is main or unfit(stream, main, joined.container):
            continue
        if stream.type == "attachment":
            output.add_attachment(
                stream.metadata.get("filename", "attachment"), stream.mimetype, stream.data
            )
            continue
        if is_cover(stream) and joined.container.muxer == "matroska":  # where it is attached
            kind = COVERS[codec_of(stream)]
            with open_container(Path(given.name)) as again:
                packets = again.demux(again.streams[stream.index])
                output.add_attachment(f"cover.{kind[1]}", f"image/{kind[0]}", bytes(next(packets)))
            continue
        copy = output.add_stream_from_template(stream, opaque=True)
        copy.metadata.update(_kept(stream.metadata, _OWN_OF_STREAM, joined))
        copy.disposition = int(stream.disposition)
        copies[stream.index] = copy
    return copies


def _copy_facts(output: Any, stream: Any, given: Any, joined: Joined) -> None:
    """Metadata, chapters, and what the source says of its video stream."""
    metadata = _kept(given.metadata, _OWN, joined)
    if any(key.startswith(_APPLE) for key in metadata) and "movflags" in output.container_options:
        output.container_options["movflags"] += "+use_metadata_tags"
    output.metadata.update(metadata)
    main = video_stream(given)
    stream.metadata.update(_kept(main.metadata, {*_OWN_OF_STREAM, "rotate"}, joined))
    stream.disposition = int(main.disposition)
    if not joined.strip:
        output.set_chapters(_chapters(given.chapters(), joined))


def _kept(metadata: Mapping[str, str], own: set[str], joined: Joined) -> dict[str, str]:
    if joined.strip:
        return {key: value for key, value in metadata.items() if key == "language"}
    # mkvmerge's statistics are of what was there before.
    return {
        key: value
        for key, value in metadata.items()
        if key.lower() not in own and not key.startswith(("_STATISTICS", "BPS", "NUMBER_OF_"))
    }


def _chapters(chapters: list[dict[str, Any]], joined: Joined) -> list[dict[str, Any]]:
    """Those of which something is left, moved as the frames are."""
    shift, stop = joined.timeline.shift, joined.timeline.stop
    kept = []
    for chapter in chapters:
        base = chapter["time_base"] or Fraction(1)
        start, end = chapter["start"] * base, chapter["end"] * base
        if end <= shift or (stop is not None and start >= stop):
            continue
        end = end if stop is None else min(end, stop)
        kept.append({
            **chapter, "start": round(max(start - shift, Fraction(0)) / base),
            "end": round((end - shift) / base),
        })  # fmt: skip
    return kept


def _copied(given: Any, copies: Mapping[int, Any], joined: Joined) -> Iterator[Any]:
    """The packets that are copied, those before the beginning and behind the end left out."""
    if not copies:
        return
    timeline = joined.timeline
    begin = timeline.begin + timeline.edited.track.times[0] * timeline.edited.track.time_base
    cut = timeline.begin > 0
    for packet in given.demux([given.streams[index] for index in copies]):
        if not packet.size:  # what ends a stream
            continue
        if packet.dts is None and packet.pts is None:  # a cover
            packet.dts = packet.pts = 0
            packet.stream = copies[packet.stream.index]
            yield packet
            continue
        base, time = packet.time_base, packet.pts if packet.pts is not None else packet.dts
        if cut and (time + (packet.duration or 0)) * base <= begin:
            continue
        if timeline.stop is not None and time * base >= timeline.stop:
            continue
        packet.stream = copies[packet.stream.index]
        if timeline.shift:
            earlier = round(timeline.shift / base)
            packet.pts = None if packet.pts is None else packet.pts - earlier
            packet.dts = None if packet.dts is None else packet.dts - earlier
        yield packet
