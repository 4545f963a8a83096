"""How much of a face stays the same along a named direction, outside the place of its trait.

    python benchmarks/identity.py --vgg vgg19.safetensors

VGG19's perceptual distance (PD) from each face to itself at -3 and at +3, where the square of the
trait is filled with the face's own pixels; beside it the PD of two faces of other seeds, filled in
the same way. A face at another place of a direction is to be far nearer than another face.
"""

from pathlib import Path

import click
import numpy as np
import torch

import ganedit
from ganedit import losses
from ganedit.nets.vgg import VGG19Features
from ganedit.tasks.generate.encoder_training import LAYERS

# Rows and columns, of 64, in which a trait may change what it likes.
WHERE = {
    "glasses": np.s_[18:40, 8:56],
    "smile": np.s_[36:56, 14:50],
}


@click.command(help=__doc__)
@click.option("--vgg", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("-n", "--count", default=32, show_default=True)
def main(vgg: Path, count: int) -> None:
    faces, network = (
        ganedit.Generator("faces", device="cpu", precision="fp32"),
        VGG19Features(vgg, LAYERS),
    )

    def seen(picture: np.ndarray) -> list[torch.Tensor]:
        with torch.inference_mode():
            found: list[torch.Tensor] = network(
                torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
            )
            return found

    def distance(one: np.ndarray, other: np.ndarray, where: tuple[slice, slice]) -> float:
        filled = other.copy()
        filled[where] = one[where]
        return float(losses.perceptual(seen(filled), seen(one)))

    drawn = [faces(seed).samples for seed in range(count)]
    for name, where in WHERE.items():
        ends = {
            amount: [
                distance(face, faces.vary(seed, {name: amount}).samples, where)
                for seed, face in enumerate(drawn)
            ]
            for amount in (-3.0, 3.0)
        }
        others = [distance(face, drawn[i - 1], where) for i, face in enumerate(drawn)]
        told = ", ".join(f"at {amount:+g} PD {np.mean(each):.3f}" for amount, each in ends.items())
        click.echo(f"{name}: {told}; of another face {np.mean(others):.3f}")


if __name__ == "__main__":
    main()
