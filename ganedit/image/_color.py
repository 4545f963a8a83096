"""CMYK and Lab to RGB, at 8 or 16 bits, in bands of rows."""

import numpy as np
import numpy.typing as npt
from PIL import ImageCms

from ganedit.image._samples import Samples, bands, full_scale

_RELATIVE_COLORIMETRIC = 1
_BLACK_POINT_COMPENSATION = 0x2000  # cmsFLAGS_BLACKPOINTCOMPENSATION of Little CMS


def cmyk_to_rgb(samples: Samples, icc: bytes | None) -> tuple[Samples, str]:
    """CMYK (H, W, 4), 0 being no ink, as sRGB, and the note that says how."""
    if icc:
        try:
            return _transformed(samples, icc, "cmyk"), "CMYK converted to RGB through its profile"
        except Exception:  # no profile at all, or one of another colour space
            why = "with a damaged profile"
    else:
        why = "without a profile"
    white = full_scale(samples)
    rgb = np.empty((*samples.shape[:2], 3), samples.dtype)
    for rows in bands(*samples.shape[:2]):
        paper = white - samples[rows].astype(np.uint64)
        rgb[rows] = (paper[..., :3] * paper[..., 3:] + white // 2) // white
    return rgb, f"CMYK {why} converted to RGB: colours may shift"


def lab_to_rgb(lab: npt.NDArray[np.float32], depth: int) -> Samples:
    """CIE L*a*b* (D50; L 0..100, a and b about ±128) of shape (H, W, 3) as sRGB of 8 or 16 bits."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    return _transformed(lab, profile, "lab", depth)


def ycbcr_to_rgb(
    samples: Samples, luma: tuple[float, ...], reference: tuple[float, ...]
) -> Samples:
    """Y, Cb and Cr (H, W, 3) of 8 bits as RGB (TIFF 6.0, section 21).

    Args:
        samples: uint8.
        luma: how much red, green and blue make Y.
        reference: the values of black and white of Y, then those of zero and most of Cb and Cr.
    """
    black, white = np.array(reference, np.float32).reshape(3, 2).T
    scale = np.array((255, 127, 127), np.float32) / np.where(white == black, 1, white - black)
    red_share, green_share, blue_share = luma
    rgb = np.empty_like(samples)
    for rows in bands(*samples.shape[:2]):
        light, blueness, redness = np.moveaxis((samples[rows] - black) * scale, 2, 0)
        red = light + redness * (2 - 2 * red_share)
        blue = light + blueness * (2 - 2 * blue_share)
        green = (light - blue_share * blue - red_share * red) / green_share
        rgb[rows] = np.rint(np.clip(np.stack((red, green, blue), axis=2), 0, 255))
    return rgb


def _transformed(
    samples: Samples | npt.NDArray[np.float32], icc: bytes, space: str, depth: int = 0
) -> Samples:
    import imagecodecs

    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    dtype = np.dtype({0: samples.dtype, 8: np.uint8, 16: np.uint16}[depth])
    rgb = np.empty((*samples.shape[:2], 3), dtype)
    for rows in bands(*samples.shape[:2]):
        rgb[rows] = imagecodecs.cms_transform(
            np.ascontiguousarray(samples[rows]),
            icc,
            srgb,
            colorspace=space,
            outcolorspace="rgb",
            outdtype=dtype.str[1:],
            intent=_RELATIVE_COLORIMETRIC,
            flags=_BLACK_POINT_COMPENSATION,
        )
    return rgb
