"""What `ganedit upscale --scale 1` is worth: JPEG marks and noise taken away at the same size.

    python benchmarks/restore.py Set14 --vgg vgg19.safetensors

Each picture of the folder is put through JPEG, or gets Gaussian noise of a standard deviation in
levels of 255; then PSNR (Y channel) and VGG19's perceptual distance to what it was are told of it
as it is, of OpenCV's non-local means (strength as measured to be best by PSNR on these pictures),
and of ganedit without and with its default detail.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import cv2
import numpy as np
from common import Row, show
from tqdm import tqdm

import ganedit
from ganedit.data.degradations import jpeg, to_bytes
from ganedit.data.pictures import list_pictures, load_rgb
from ganedit.nets.vgg import VGG19Features
from ganedit.scores import mean_scores
from ganedit.tasks.upscale.evaluation import score

Change = Callable[[np.ndarray], np.ndarray]

STRENGTHS = (2, 3, 5, 7, 10, 14, 20)


def noisy(picture: np.ndarray, deviation: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, deviation, picture.shape)
    return (picture + noise).clip(0, 255).round().astype(np.uint8)


def compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    return to_bytes(jpeg(picture.astype(np.float32) / 255, quality))


DAMAGES: dict[str, Change] = {
    **{f"JPEG {quality}": partial(compressed, quality=quality) for quality in (10, 30, 60)},
    **{f"noise {deviation}": partial(noisy, deviation=deviation) for deviation in (15, 25)},
}


def non_local_means(picture: np.ndarray, strength: int) -> np.ndarray:
    return cv2.fastNlMeansDenoisingColored(picture, None, strength, strength, 7, 21)


def scores(
    results: list[np.ndarray], truths: list[np.ndarray], vgg: VGG19Features | None
) -> dict[str, float]:
    """PSNR and, with VGG19, PD of results beside their truths."""
    pairs = zip(results, truths, strict=True)
    return mean_scores([score(ours, truth, 0, vgg, None) for ours, truth in pairs])


def best_non_local_means(damaged: list[np.ndarray], truths: list[np.ndarray]) -> list[np.ndarray]:
    """At the strength whose PSNR is the highest."""
    tried = ([non_local_means(x, strength) for x in damaged] for strength in STRENGTHS)
    return max(tried, key=lambda results: scores(results, truths, None)["PSNR-Y"])


@click.command(help=__doc__)
@click.argument("pictures", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--vgg", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
def main(pictures: Path, vgg: Path) -> None:
    features = VGG19Features(vgg)
    editors = {
        "ganedit --detail 0": ganedit.Editor.upscale(scale=1, detail=0),
        "ganedit": ganedit.Editor.upscale(scale=1),
    }
    truths = [load_rgb(path) for path in list_pictures(pictures) if not path.stem.endswith("_LR")]
    rows: dict[str, Row] = {}
    for name, damage in tqdm(DAMAGES.items()):
        damaged = [damage(truth) for truth in truths]
        results = {
            "as it is": damaged,
            "non-local means": best_non_local_means(damaged, truths),
            **{which: [edit(x).samples for x in damaged] for which, edit in editors.items()},
        }
        for method, pictures_of in results.items():
            found = scores(pictures_of, truths, features)
            cell = f"{found['PSNR-Y']:.2f} / {found['PD']:.3f}"
            rows.setdefault(method, {"": method})[name] = cell
    show(list(rows.values()), [f"{len(truths)} pictures"], as_json=False)


if __name__ == "__main__":
    main()
