"""Three toy tasks outside ganedit: each a row, as a new task's folder would hold.

`python toys.py …` is the command line with the three added to the list.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ganedit.image import Image, resize
from ganedit.options import Options, option
from ganedit.runtime import Runtime
from ganedit.scores import ScoreTable
from ganedit.task import Apply, Enlarge, Evaluation, Input, Measuring, Pictures, Progress, Task
from ganedit.tasks import TASKS

PHOTO = Input("photo", "Pictures to edit.")


# --- one picture in, one out: a network of one weight -----------------------------------------


@dataclass(frozen=True)
class FadeOptions(Options):
    strength: float = option(0.5, "How dark.", least=0, most=1)


@dataclass(frozen=True)
class FadeEvaluation(Options):
    data: Path = option(help="Folder of pictures.", metavar="DIR", must_be="folder")


def fade(options: FadeOptions, pictures: Pictures, variant: str, progress: Progress) -> Image:
    import torch

    (photo,) = pictures["photo"]
    network = torch.nn.Conv2d(3, 3, 1, bias=False)
    network.weight.data = torch.eye(3)[:, :, None, None] * (1 - options.strength)
    with torch.inference_mode():
        faded = network(torch.from_numpy(photo.samples.copy()).float().permute(2, 0, 1)[None])
    progress(1.0)
    return Image(faded[0].permute(1, 2, 0).round().byte().numpy(), metadata=photo.metadata)


def load_fade(options: FadeOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    return partial(fade, options)


def measure_fade(options: FadeEvaluation, measuring: Measuring) -> ScoreTable:
    names = sorted(path.name for path in options.data.iterdir())
    return ScoreTable("toy", [{"picture": n} for n in names], {"fade": {"PSNR": len(names) / 1}})


def no_weights(options: Any) -> dict[str, str]:
    return {}


def fade_label(options: FadeOptions) -> str:
    return "faded"


FADE = Task(
    "fade", "Darken pictures.", "\n    ganedit fade photo.jpg", FadeOptions, load_fade, no_weights,
    inputs=(PHOTO,), label=fade_label,
    evaluation=Evaluation(FadeEvaluation, measure_fade, "Count pictures.", ""),
)  # fmt: skip


# --- two pictures in --------------------------------------------------------------------------


@dataclass(frozen=True)
class BlendOptions(Options):
    share: float = option(0.5, "Of the style.", least=0, most=1)


def blend(options: BlendOptions, pictures: Pictures, variant: str, progress: Progress) -> Image:
    (photo,), (style, *_) = pictures["photo"], pictures["style"]
    other = resize(style, photo.width, photo.height).samples
    mixed = photo.samples * (1 - options.share) + other * options.share
    return Image(mixed.round().astype(np.uint8), metadata=photo.metadata)


def load_blend(options: BlendOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    return partial(blend, options)


BLEND = Task(
    "blend", "Mix two pictures.", "\n    ganedit blend photo.jpg --style other.jpg", BlendOptions,
    load_blend, no_weights,
    inputs=(PHOTO, Input("style", "What is mixed in.", "shared", required=True, most=2)),
)  # fmt: skip


# --- none in, several out ---------------------------------------------------------------------


@dataclass(frozen=True)
class DrawOptions(Options):
    count: int = option(1, "How many.", least=1, recorded=False, short="-n")
    seed: int = option(0, "Of the noise.", least=0)


def draw(options: DrawOptions, pictures: Pictures, variant: str, progress: Progress) -> Image:
    rng = np.random.default_rng([options.seed, int(variant)])
    return Image(rng.integers(0, 256, (8, 12, 3), np.uint8))


def load_draw(options: DrawOptions, runtime: Runtime, enlarge: Enlarge) -> Apply:
    return partial(draw, options)


def numbers(options: DrawOptions) -> tuple[str, ...]:
    return tuple(f"{number:03d}" for number in range(options.count))


def draw_size(options: DrawOptions, size: tuple[int, int]) -> tuple[int, int]:
    return 12, 8


DRAW = Task(
    "draw", "Draw noise.", "\n    ganedit draw -n 4 -o drawn/", DrawOptions, load_draw, no_weights,
    inputs=(), variants=numbers, size=draw_size,
)  # fmt: skip

TOYS = (*TASKS, FADE, BLEND, DRAW)

if __name__ == "__main__":
    import toys  # as other processes will, which look functions up by their module

    from ganedit.app.commands import main

    main(toys.TOYS)
