"""Style files: small pictures that carry the code of a style.

A style file is a PNG that shows the style on something, and has the code in a text chunk: some
kilobytes that look like what they are, to people and to programs.
"""

import base64
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganedit.errors import ImageError, OutputError
from ganedit.image import Image, Metadata, decode, resize

KEYWORD = "ganedit-style"
# Longer side of the picture in a style file.
SWATCH_SIDE = 96


def write(path: Path, code: Tensor, network: str, swatch: Image) -> None:
    """Write a style file; one that is there already is replaced.

    Args:
        path: of any suffix; it is a PNG.
        code: `(1, D)`.
        network: SHA-256 of the weights that read it.
        swatch: a picture in this style.

    Raises:
        OutputError: something else is there, or it cannot be written.
    """
    if path.exists() and not _holds_style(path):
        raise OutputError(f"{path}: exists, and is no style file; take another name")
    values = code[0].half().cpu().numpy().astype("<f2")
    text = json.dumps({"network": network, "code": base64.b64encode(values.tobytes()).decode()})
    scale = SWATCH_SIDE / max(swatch.width, swatch.height)
    width, height = (max(1, round(side * scale)) for side in (swatch.width, swatch.height))
    samples = resize(Image(swatch.samples), width, height).samples
    picture = Image(samples, metadata=Metadata(texts=((KEYWORD, text),)))
    picture.save(path, format="PNG", overwrite=True)


def read(style: Image, network: str) -> Tensor | None:
    """The code `(1, D)` float32 in a decoded style file; None of any other picture.

    Raises:
        ImageError: the code is damaged, or of another network than this one.
    """
    text = dict(style.metadata.texts).get(KEYWORD)
    if text is None:
        return None
    try:
        stored = json.loads(text)
        made_by, values = stored["network"], base64.b64decode(stored["code"], validate=True)
        code = torch.from_numpy(np.frombuffer(values, "<f2").astype(np.float32))[None]
    except (ValueError, KeyError, TypeError) as error:
        raise ImageError(f"the style file is damaged: {error}") from error
    if made_by != network:
        raise ImageError(
            "the style file was made with other weights; make it anew from the style's picture, "
            "with --save-style"
        )
    return code


def without_code(metadata: Metadata) -> Metadata:
    """Metadata of what was made of a style file, which is none."""
    kept = tuple(pair for pair in metadata.texts if pair[0] != KEYWORD)
    return replace(metadata, texts=kept)


def _holds_style(path: Path) -> bool:
    try:
        return KEYWORD in dict(decode(path).metadata.texts)
    except ImageError:
        return False
