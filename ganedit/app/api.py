"""The Python interface: what `import ganedit` offers."""

from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeAlias

import numpy as np
from PIL import Image as PILImage

from ganedit import runtime
from ganedit.app.filling import fill
from ganedit.app.translating import translators
from ganedit.image import Image, decode
from ganedit.runtime import Runtime
from ganedit.task import Edit
from ganedit.tasks.inpaint import holes
from ganedit.tasks.inpaint.edit import InpaintEdit
from ganedit.tasks.inpaint.options import InpaintOptions, Method
from ganedit.tasks.translate.options import TranslateOptions
from ganedit.tasks.upscale.edit import UpscaleEdit
from ganedit.tasks.upscale.options import DEFAULT_DETAIL, Model, Target, UpscaleOptions

Picture: TypeAlias = Path | str | bytes | np.ndarray | PILImage.Image | Image


class Editor:
    """A task loaded once, to be called for any number of pictures.

    Example::

        editor = ganedit.Editor.upscale(scale=2)
        for path in folder.glob("*.jpg"):
            editor(path).save(out / path.name)
    """

    def __init__(self, edit: Edit) -> None:
        self._edit = edit

    @classmethod
    def upscale(
        cls,
        scale: float | None = None,
        *,
        width: int | None = None,
        height: int | None = None,
        long_side: int | None = None,
        model: Model = "photo",
        detail: float = DEFAULT_DETAIL,
        weights: str | Path | None = None,
        device: str = "auto",
        precision: str = "auto",
        memory: int | str | None = None,
    ) -> Self:
        """Load the upscaler; the arguments are those of `ganedit.upscale`."""
        if scale is width is height is long_side is None:
            scale = 4
        options = UpscaleOptions(
            target=Target(scale, width, height, long_side),
            model=model,
            detail=detail,
            weights=str(weights) if weights is not None else None,
        )
        return cls(UpscaleEdit(options, _runtime(device, precision, memory)))

    @classmethod
    def translate(
        cls,
        to: str,
        *,
        strength: float = 1.0,
        keep_color: bool = False,
        working_size: int | None = None,
        weights: str | Path | None = None,
        device: str = "auto",
        precision: str = "auto",
        memory: int | str | None = None,
    ) -> Self:
        """Load a translation; the arguments are those of `ganedit.translate`."""
        own = str(weights) if weights is not None else None
        options = TranslateOptions(to, strength, keep_color, working_size, own)
        (edit,) = translators(options, [options.to], _runtime(device, precision, memory))
        return cls(edit)

    def __call__(
        self, picture: Picture, progress: Callable[[float], None] = lambda done: None
    ) -> Image:
        """Edit one picture.

        Args:
            picture: a path, the bytes of a file, an array `(H, W)` or `(H, W, 1…4)` of uint8,
                uint16 or float in [0, 1], a PIL picture, or a `ganedit.Image`.
            progress: called with the share done, in [0, 1].

        Raises:
            GaneditError: in one line, what is wrong with the picture or why it cannot be done.
        """
        return self._edit.apply(as_image(picture), progress)


def upscale(
    picture: Picture,
    scale: float | None = None,
    *,
    width: int | None = None,
    height: int | None = None,
    long_side: int | None = None,
    model: Model = "photo",
    detail: float = DEFAULT_DETAIL,
    weights: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
    memory: int | str | None = None,
) -> Image:
    """Enlarge one picture.

    Args:
        picture: a path, the bytes of a file, an array `(H, W)` or `(H, W, 1…4)` of uint8, uint16
            or float in [0, 1], a PIL picture, or a `ganedit.Image`.
        scale: factor per side, 1 to 16; 4 if no size is given.
        width: width of the result in pixels, instead of `scale`; so `height`, `long_side`.
        height: see `width`.
        long_side: see `width`.
        model: `photo` expects JPEG marks, noise and soft focus; `clean` pristine pictures.
        detail: 0 is faithful and softer, 1 crisper with invented texture.
        weights: a weight file or training run of your own.
        device: auto, cpu, mps, cuda or cuda:N.
        precision: auto, fp32, bf16 or fp16.
        memory: budget for tiles, in bytes or like `"2G"`.

    Returns:
        A `ganedit.Image` with `save(path)`, `to_pil()` and `to_array()`, metadata and alpha kept.

    Raises:
        GaneditError: in one line, what is wrong with the picture or the options.

    Example::

        ganedit.upscale("photo.jpg", scale=4).save("photo_x4.png")
    """
    editor = Editor.upscale(
        scale, width=width, height=height, long_side=long_side, model=model, detail=detail,
        weights=weights, device=device, precision=precision, memory=memory,
    )  # fmt: skip
    return editor(picture)


class Filler:
    """The filler loaded once, to be called for any number of pictures and masks.

    Example::

        fill = ganedit.Filler()
        for path in folder.glob("*.jpg"):
            fill(path, masks / f"{path.stem}.png").save(out / path.name)
    """

    def __init__(
        self,
        *,
        method: Method = "auto",
        dilate: int | None = None,
        feather: int | None = None,
        seed: int = 0,
        weights: str | Path | None = None,
        device: str = "auto",
        precision: str = "auto",
    ) -> None:
        """Load the filler; the arguments are those of `ganedit.inpaint`."""
        own = str(weights) if weights is not None else None
        options = InpaintOptions(method, dilate, feather, own, seed)
        self._edit = InpaintEdit(options, runtime.choose(device, precision))

    def __call__(
        self,
        picture: Picture,
        mask: Picture | None = None,
        *,
        invert_mask: bool = False,
        progress: Callable[[float], None] = lambda done: None,
    ) -> Image:
        """Fill one picture.

        Args:
            picture: as `ganedit.upscale` takes it.
            mask: likewise, or a bool array; white (True) is the hole. None takes the picture's
                own transparent parts.
            invert_mask: black is the hole.
            progress: called with the share done, in [0, 1].

        Raises:
            GaneditError: in one line, what is wrong with the picture or its mask.
        """
        image = as_image(picture)
        if mask is None:
            hole = holes.from_alpha(image)
        else:
            hole = holes.from_mask(as_image(mask), invert=invert_mask)
        hole = holes.fit(hole, image, own=mask is not None)
        return fill(self._edit, image, hole, progress, opaque=mask is None)


def inpaint(
    picture: Picture,
    mask: Picture | None = None,
    *,
    invert_mask: bool = False,
    method: Method = "auto",
    dilate: int | None = None,
    feather: int | None = None,
    seed: int = 0,
    weights: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> Image:
    """Fill what a mask marks in one picture; nothing else changes.

    Args:
        picture: a path, the bytes of a file, an array `(H, W)` or `(H, W, 1…4)` of uint8, uint16
            or float in [0, 1], a PIL picture, or a `ganedit.Image`.
        mask: likewise, or a bool array; white (True) is the hole. None takes the picture's own
            transparent parts.
        invert_mask: black is the hole.
        method: `auto` (diffusion for hairlines, the network for the rest), `gan`, `telea`, `ns`.
        dilate: pixels by which the hole grows; None for what suits the picture's size.
        feather: pixels over which fill and picture mix in the grown ring; None for all of it.
        seed: another one gives another fill.
        weights: a weight file or training run of your own.
        device: auto, cpu, mps, cuda or cuda:N.
        precision: auto, fp32, bf16 or fp16.

    Raises:
        GaneditError: in one line, what is wrong with the picture, its mask or the options.

    Example::

        ganedit.inpaint("photo.jpg", "mask.png").save("photo_inpaint.png")
    """
    filler = Filler(
        method=method, dilate=dilate, feather=feather, seed=seed, weights=weights,
        device=device, precision=precision,
    )  # fmt: skip
    return filler(picture, mask, invert_mask=invert_mask)


def translate(
    picture: Picture,
    to: str,
    *,
    strength: float = 1.0,
    keep_color: bool = False,
    working_size: int | None = None,
    weights: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
    memory: int | str | None = None,
) -> Image:
    """Turn one picture into another domain's: a photo into a painting, a painting into a photo.

    Args:
        picture: a path, the bytes of a file, an array `(H, W)` or `(H, W, 1…4)` of uint8, uint16
            or float in [0, 1], a PIL picture, or a `ganedit.Image`.
        to: the domain, such as `monet`.
        strength: 0 leaves the picture as it is, 1 translates it whole.
        keep_color: take light and texture from the translation, colour from the picture.
        working_size: short side at which larger pictures are painted; None for 512.
        weights: a weight file or training run of your own.
        device: auto, cpu, mps, cuda or cuda:N.
        precision: auto, fp32, bf16 or fp16.
        memory: budget for tiles, in bytes or like `"2G"`.

    Returns:
        A `ganedit.Image` of the picture's own size, metadata and alpha kept.

    Raises:
        GaneditError: in one line, what is wrong with the picture or the options.

    Example::

        ganedit.translate("photo.jpg", to="monet").save("photo_as_monet.png")
    """
    editor = Editor.translate(
        to, strength=strength, keep_color=keep_color, working_size=working_size, weights=weights,
        device=device, precision=precision, memory=memory,
    )  # fmt: skip
    return editor(picture)


def _runtime(device: str, precision: str, memory: int | str | None) -> Runtime:
    budget = runtime.parse_bytes(memory) if isinstance(memory, str) else memory
    return runtime.choose(device, precision, budget)


def as_image(picture: Picture) -> Image:
    """Any picture that the interface takes, as an `Image`."""
    if isinstance(picture, Image):
        return picture
    if isinstance(picture, PILImage.Image):
        return Image.from_pil(picture)
    if isinstance(picture, np.ndarray):
        return Image.from_array(picture)
    return decode(picture if isinstance(picture, bytes) else Path(picture))
