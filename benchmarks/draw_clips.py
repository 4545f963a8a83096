"""Draw short clips along photographs, with a camera's noise, to measure flicker on.

    python benchmarks/draw_clips.py OUT PHOTO PHOTO PHOTO

Moved one way, approached, and moved the other way; 12 frames of 192×144, H.264 by the ffmpeg on the
path. `ganedit evaluate video` then measures what became of them.
"""

import subprocess
import tempfile
from pathlib import Path

import click
import cv2
import numpy as np

FRAMES, SIZE, VIEW = 12, (192, 144), (800, 600)
# Pixels a frame across and down, growth a frame, deviation of the noise in levels of 255.
MOTIONS = ((3.5, 1.25, 0.0, 1.5), (0.0, 0.0, 0.004, 0.8), (-5.75, 2.75, 0.0, 2.5))


@click.command(help=__doc__)
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("photos", type=click.Path(path_type=Path, exists=True), nargs=len(MOTIONS))
def main(out: Path, photos: tuple[Path, ...]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for photo, (across, down, growth, noise) in zip(photos, MOTIONS, strict=True):
        picture = cv2.imread(str(photo))
        if picture is None:
            raise click.ClickException(f"{photo}: not a picture")
        height, width = picture.shape[:2]
        with tempfile.TemporaryDirectory() as folder:
            for number in range(FRAMES):
                zoom = 1 + growth * number
                left = (width / 2 - VIEW[0] / 2) * zoom + across * number
                top = (height / 2 - VIEW[1] / 2) * zoom + down * number
                view = np.array([[zoom, 0, -left], [0, zoom, -top]], np.float32)
                frame = cv2.resize(cv2.warpAffine(picture, view, VIEW), SIZE, interpolation=3)
                noisy = frame + rng.normal(0, noise, frame.shape)
                cv2.imwrite(f"{folder}/{number:02}.png", noisy.clip(0, 255).astype(np.uint8))
            subprocess.run(
                ["ffmpeg", "-loglevel", "error", "-y", "-framerate", "25", "-i",
                 f"{folder}/%02d.png", "-c:v", "libx264", "-crf", "22", "-pix_fmt", "yuv420p",
                 str(out / f"{photo.stem}.mp4")],
                check=True,
            )  # fmt: skip


if __name__ == "__main__":
    main()
