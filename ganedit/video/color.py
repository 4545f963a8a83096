"""Between the frames of a container and pictures: colour, depth, rotation, alpha."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from ganedit.image import Image
from ganedit.video.library import library
from ganedit.video.track import Color

LIMITED, FULL = 1, 2
BT709, UNSPECIFIED, BT601 = 1, 2, 6
RGB_MATRIX = 0
SRGB_TRANSFER = 13
# Heights from which players take what says nothing of its colours for BT.709.
HD_HEIGHT = 720


@dataclass(frozen=True)
class Turn:
    """How stored frames are turned to be upright: a transposition first, then the flips."""

    transposed: bool = False
    mirrored: bool = False
    flipped: bool = False

    def apply(self, array: np.ndarray) -> np.ndarray:
        """An array `(H, W, ...)`, upright."""
        if self.transposed:
            array = array.swapaxes(0, 1)
        if self.mirrored:
            array = array[:, ::-1]
        if self.flipped:
            array = array[::-1]
        return array


def turn_of(frame: Any) -> Turn:
    """What a frame's display matrix asks for; angles between quarters are left as they are."""
    numbers = side_data(frame, "DISPLAYMATRIX", 5)
    if numbers is None:
        return Turn()
    a, b, _, c, d = (int(value) for value in numbers)
    if a == d == 0 and b and c:
        return Turn(transposed=True, mirrored=c < 0, flipped=b < 0)
    if b == c == 0:
        return Turn(mirrored=a < 0, flipped=d < 0)
    return Turn()


def color_of(frame: Any) -> Color:
    """What a decoded frame says of its colours."""
    return Color(
        int(frame.color_range), int(frame.color_primaries), int(frame.color_trc),
        int(frame.colorspace),
    )  # fmt: skip


def side_data(frame: Any, kind: str, count: int) -> np.ndarray | None:
    """The first integers of what comes beside a frame, None where there is none of this kind."""
    try:
        data = bytes(frame.side_data[kind])
    except (KeyError, TypeError):
        return None
    return np.frombuffer(data, "<i4")[:count] if len(data) >= 4 * count else None


def is_rgb(name: str) -> bool:
    """Whether a pixel format holds red, green and blue."""
    return name.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "pal8", "0rgb", "0bgr"))


def has_alpha(name: str) -> bool:
    """Whether a pixel format holds alpha."""
    return name.startswith(("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya", "pal8"))


def depth_of(frame_format: Any) -> int:
    """Bits of a sample in a pixel format."""
    return max(int(component.bits) for component in frame_format.components)


def matrix_of(color: Color, height: int) -> int:
    """The matrix between YCbCr and RGB: the one that is told, or what players take it for."""
    if color.matrix not in (UNSPECIFIED, RGB_MATRIX):
        return color.matrix
    return BT709 if height >= HD_HEIGHT else BT601


def to_image(frame: Any, color: Color, turn: Turn, *, deep: bool, alpha: bool) -> Image:
    """A decoded frame as a picture, upright.

    Args:
        frame: of `av`.
        color: of its track.
        turn: how it is turned.
        deep: whether to make 16 bits of its samples.
        alpha: whether to keep its alpha.
    """
    target = ("rgba64le" if deep else "rgba") if alpha else ("rgb48le" if deep else "rgb24")
    rgb = frame.reformat(
        format=target, interpolation=_flags(),
        src_colorspace=_swscale_matrix(matrix_of(color, frame.height)),
        src_color_range=_range(color, frame.format.name), dst_color_range=FULL, threads=1,
    )  # fmt: skip
    array = turn.apply(rgb.to_ndarray())
    samples = np.ascontiguousarray(array[:, :, :3])
    return Image(samples, np.ascontiguousarray(array[:, :, 3]) if alpha else None)


def to_frame(picture: Image, pixel_format: str, color: Color) -> Any:
    """A picture as a frame for an encoder.

    Args:
        picture: with sides that the pixel format takes.
        pixel_format: what the encoder is given.
        color: what it is told of the colours.
    """
    av = library()
    alpha = has_alpha(pixel_format)
    array = np.broadcast_to(picture.samples, (*picture.samples.shape[:2], 3))
    if alpha:
        opaque = np.full(array.shape[:2], np.iinfo(array.dtype).max, array.dtype)
        plane = opaque if picture.alpha is None else picture.alpha
        array = np.dstack((array, plane))
    deep = array.dtype == np.uint16
    name = ("rgba64le" if deep else "rgba") if alpha else ("rgb48le" if deep else "rgb24")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(array), format=name)
    frame = frame.reformat(
        format=pixel_format, interpolation=_flags(),
        dst_colorspace=_swscale_matrix(matrix_of(color, picture.height)),
        src_color_range=FULL, dst_color_range=_range(color, pixel_format), threads=1,
    )  # fmt: skip
    frame.color_range, frame.colorspace = color.range, color.matrix
    frame.color_primaries, frame.color_trc = color.primaries, color.transfer
    return frame


def on_black(picture: Image) -> Image:
    """The picture as it looks on black, without alpha."""
    if picture.alpha is None:
        return picture
    top = np.iinfo(picture.samples.dtype).max
    share = picture.alpha[:, :, None].astype(np.float32) / top
    return Image(np.rint(picture.samples * share).astype(picture.samples.dtype))


def even_sided(picture: Image, across: int, down: int) -> Image:
    """The picture with its last column and row repeated, to sides of whole chroma samples."""
    right, below = -picture.width % across, -picture.height % down
    if not (right or below):
        return picture

    def grown(array: np.ndarray) -> np.ndarray:
        result = cv2.copyMakeBorder(array, 0, below, 0, right, cv2.BORDER_REPLICATE)
        return result if result.ndim == array.ndim else result[:, :, None]

    alpha = None if picture.alpha is None else grown(picture.alpha)
    return Image(grown(picture.samples), alpha, picture.metadata)


def written_color(track_color: Color, source_format: str, source_height: int,
                  pixel_format: str, height: int) -> Color:  # fmt: skip
    """What a result is to say of its colours: what its source does.

    Where the source says nothing and the result is so much larger that players would take it for
    something else, what they took the source for.
    """
    color = track_color
    if is_rgb(pixel_format):
        return Color(FULL, color.primaries, color.transfer, RGB_MATRIX)
    full = FULL if pixel_format.startswith("yuvj") else LIMITED
    if is_rgb(source_format):
        if color.transfer == UNSPECIFIED:
            return Color(full, BT709, SRGB_TRANSFER, BT709)
        return Color(full, color.primaries, color.transfer, BT709)
    kept = color.range or (FULL if source_format.startswith("yuvj") else 0)
    told = Color(kept, color.primaries, color.transfer, color.matrix)
    taken = matrix_of(color, source_height)
    if color.matrix == UNSPECIFIED and taken != matrix_of(color, height):
        return Color(kept, color.primaries, color.transfer, taken)
    return told


def _range(color: Color, pixel_format: str) -> int:
    if is_rgb(pixel_format) or pixel_format.startswith("yuvj"):
        return FULL
    return color.range or LIMITED


def _swscale_matrix(matrix: int) -> int:
    """The number under which swscale knows a matrix of H.273."""
    return {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}.get(matrix, 5)


def _flags() -> int:
    from av.video.reformatter import Interpolation

    return int(
        Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
        | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
    )  # fmt: skip
