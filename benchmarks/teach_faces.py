"""Let a network of others draw faces, and write them down for `ganedit train generate --teacher`.

    pip download --no-deps random_face && unzip random_face-*.whl -d random_face
    pip install openvino timm
    python benchmarks/teach_faces.py random_face/random_face/data --like faces/ taught.safetensors

The network is MobileStyleGAN (Belousov 2021; Apache-2.0), which was taught by StyleGAN2 what
Flickr-Faces-HQ shows. Two steps save most of the time that its 1024 pixels would take:

- It stops at 64 pixels, and a small head that was trained on some whole pictures makes 128 of what
  it has by then.
- Its mapping network ends with a leaky ReLU. Before that, codes are a Gaussian (Zhu et al. 2020,
  "Improved StyleGAN embedding"): their principal components are the noise that is written down,
  and the mapping network that goes with it is the way back: that layer's neurons, the leaky ReLU,
  and the principal components of what comes out.

Flickr's faces are others than CelebA's. With --like a classifier tells which of the drawn ones are
most like the pictures in a folder, and noise becomes a Gaussian of the codes that those have. The
likest are written once more, beside the others, as TARGET_likest.safetensors.
"""

from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import openvino
import timm
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm

from ganedit.data.pictures import Folder, Part, Pictures
from ganedit.tasks.generate.data import windowed
from ganedit.tasks.generate.options import Window

LATENT, SLOPE = 512, 0.2
# Of noise by which components are found, and at a time.
MANY, PART = 40_000, 500
# Whole pictures that the head is trained on, and the layer that it sees.
SHOWN, SEEN = 352, "LeakyRelu_442"
STEPS, BATCH, CROP, RATE = 1800, 8, 32, 2e-3
# Of drawn pictures, the likest, whose codes say where to; how much further; those that say how
# codes vary, and how much of that is kept; and those that are written once more.
LIKEST, FURTHER, VARIED, KEPT, WRITTEN = 1 / 15, 1.2, 1 / 5, 0.4, 4 / 11
BACKBONE, SIDE, RIDGE = "tf_efficientnet_lite0", 112, 0.3
# Where CelebA has faces, and how large: fitted to the mean of both.
ZOOM, DOWN = 1.02, 2.0


class Head(nn.Module):
    """Features `(N, 512, 64, 64)` and codes `(N, 512)` to pictures `(N, 3, 128, 128)`."""

    def __init__(self, features: Tensor, codes: Tensor, width: int = 96) -> None:
        super().__init__()
        self.register_buffer("deviations", features.float().std((0, 2, 3))[:, None, None])
        self.register_buffer("mean", codes.mean(0))
        self.first, self.last = nn.Conv2d(LATENT, width, 1), nn.Conv2d(width, 12, 1)
        self.style = nn.Linear(LATENT, 2 * width)
        nn.init.zeros_(self.style.weight)
        nn.init.zeros_(self.style.bias)
        self.body = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(2))

    def forward(self, features: Tensor, codes: Tensor) -> Tensor:
        scale, shift = self.style(codes - self.mean)[:, :, None, None].chunk(2, dim=1)
        x = self.first(features / self.deviations) * (1 + scale) + shift
        for layer in self.body:
            x = x + layer(F.leaky_relu(x, SLOPE))
        result: Tensor = F.pixel_shuffle(self.last(x), 2)
        return result


class Teacher:
    """The network, cut where it is needed."""

    def __init__(self, folder: Path) -> None:
        self.core = openvino.Core()
        self.mapping = self.core.read_model(folder / "MappingNetwork.xml")
        self.mapping.reshape([PART, LATENT])
        self.synthesis = self.core.read_model(folder / "SynthesisNetwork.xml")

    def codes(self, count: int, seed: int) -> np.ndarray:
        """`(count, 512)` of random noise."""
        rng, compiled = np.random.default_rng(seed), self.core.compile_model(self.mapping, "CPU")
        parts = [
            compiled(rng.standard_normal((PART, LATENT)).astype(np.float32))[0].copy()
            for _ in range(-(-count // PART))
        ]
        return np.concatenate(parts)[:count]

    def until(self, *names: str) -> Any:
        """What computes the layers of those names."""
        layers = {layer.get_friendly_name(): layer for layer in self.synthesis.get_ordered_ops()}
        ends = [layers[name].output(0) for name in names]
        model = openvino.Model(ends, self.synthesis.get_parameters(), "part")
        return self.core.compile_model(model, "CPU")


def trained_head(teacher: Teacher) -> Head:
    """A head that was trained on whole pictures."""
    codes = teacher.codes(SHOWN, seed=99)
    whole, features, pictures = teacher.until(SEEN, "img"), [], []
    for code in tqdm(codes, "whole pictures"):
        seen, picture = whole(code[None]).values()
        features.append(torch.from_numpy(seen[0].copy()).half())
        pictures.append(F.avg_pool2d(torch.from_numpy(picture[0].copy()), 8))
    seen, wanted, styles = torch.stack(features), torch.stack(pictures), torch.from_numpy(codes)
    head = Head(seen[:64], styles)
    optimizer = torch.optim.Adam(head.parameters(), RATE)
    annealed = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    for _ in tqdm(range(STEPS), "head"):
        chosen = torch.randint(SHOWN, (BATCH,))
        top, left = torch.randint(64 - CROP + 1, (2,)).tolist()
        part = seen[chosen, :, top : top + CROP, left : left + CROP].float()
        drawn = head(part, styles[chosen])
        real = wanted[chosen, :, 2 * top :, 2 * left :][:, :, : 2 * CROP, : 2 * CROP]
        halves = (F.avg_pool2d(drawn, 2), F.avg_pool2d(real, 2))
        missed = F.l1_loss(drawn, real) + 2 * F.l1_loss(*halves)
        optimizer.zero_grad()
        missed.backward()
        optimizer.step()
        annealed.step()
    return head.eval()


def framed(picture: Tensor, size: int) -> Tensor:
    """A picture `(3, 128, 128)` in [-1, 1], as CelebA frames faces: `(3, size, size)` uint8."""
    pixels = ((picture.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    middle = 63.5 * (1 - ZOOM)
    matrix = np.array([[ZOOM, 0, middle], [0, ZOOM, middle + 2 * DOWN]], np.float32)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(
        np.ascontiguousarray(pixels), matrix, (128, 128), flags=flags,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    small = cv2.resize(moved, (size, size), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(small).permute(2, 0, 1)


def straightened(codes: np.ndarray) -> np.ndarray:
    """Codes before the leaky ReLU."""
    return np.where(codes < 0, codes / SLOPE, codes)


@torch.no_grad()
def described(pictures: Tensor, file: Path | None) -> Tensor:
    """What a network of timm says of pictures `(N, 3, S, S)` uint8: `(N, D)`."""
    network = timm.create_model(BACKBONE, pretrained=file is None, num_classes=0).eval()
    if file is not None:
        network.load_state_dict(load_file(file), strict=False)
    parts = []
    for part in tqdm(pictures.split(64), "likeness"):
        large = F.interpolate(part / 127.5 - 1, size=SIDE, mode="bilinear", align_corners=False)
        parts.append(network(large))
    return torch.cat(parts)


def likeness(drawn: Tensor, real: Tensor) -> Tensor:
    """How like real features `(M, D)` drawn ones `(N, D)` are: a ridge classifier's score `(N,)`.

    Each half of them is scored by a classifier that saw the other half.
    """
    drawn, real = ((x - drawn.mean(0)) / (drawn.std(0) + 1e-3) for x in (drawn, real))
    scores, number = torch.zeros(len(drawn)), torch.arange(len(drawn))
    for fold in (0, 1):
        seen = drawn[number % 2 != fold]
        both = torch.cat([seen, real])
        truth = torch.cat([-torch.ones(len(seen)), torch.ones(len(real))])
        weight = torch.where(truth < 0, 0.5 / len(seen), 0.5 / len(real))[:, None]
        mean = (both * weight).sum(0)
        weighted = (both - mean) * weight
        square = weighted.T @ (both - mean)
        ridge = RIDGE * square.diagonal().mean() * torch.eye(len(square))
        direction = torch.linalg.solve(square + ridge, weighted.T @ truth)
        scores[number % 2 == fold] = (drawn[number % 2 == fold] - mean) @ direction
    return scores


def faces_in(folder: Path, window: str, size: int, held_out: float) -> Tensor:
    """The pictures to train on, `(N, 3, size, size)` uint8."""
    part = Part(held_out)
    pictures = Pictures([Folder.parse(str(folder))], minimum=1, enlarge=True, part=part)
    square = Window.parse(window)
    found = [windowed(pictures.load(int(i)), square, size) for i in pictures.usable]
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2)


def tilted(file: dict[str, Tensor], scores: Tensor) -> dict[str, Tensor]:
    """The same with noise that is a Gaussian of the codes of the likest pictures, these first."""
    order, noise = scores.argsort(descending=True), file["noise"]
    first, some = (order[: round(len(order) * share)] for share in (LIKEST, VARIED))
    mean, same = FURTHER * noise[first].mean(0), torch.eye(noise.shape[1])
    root = torch.linalg.cholesky(same.lerp(torch.cov(noise[some].T), KEPT))
    moved = torch.linalg.solve_triangular(root, (noise[order] - mean).T, upper=False).T
    hidden = file["hidden.weight"]
    return {
        **file,
        "noise": moved.contiguous(),
        "pictures": file["pictures"][order],
        "hidden.weight": hidden @ root,
        "hidden.bias": file["hidden.bias"] + hidden @ mean,
    }


def components(values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean `(D,)`, variances `(count,)` and axes `(D, count)`, the greatest first."""
    variances, axes = np.linalg.eigh(np.cov(values.T))
    return values.mean(0), variances[::-1][:count], axes[:, ::-1][:, :count]


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--count", default=22_000, show_default=True)
@click.option("--latent", default=256, show_default=True)
@click.option("--size", default=64, show_default=True)
@click.option("--like", type=click.Path(path_type=Path), help="Folder of pictures to be like.")
@click.option("--window", default="80@0.56", show_default=True, help="What is looked at of them.")
@click.option("--held-out", default=0.125, show_default=True, help="Share that is not looked at.")
@click.option("--backbone-file", type=click.Path(path_type=Path), help="Else timm's, downloaded.")
@torch.no_grad()
def main(
    folder: Path, target: Path, count: int, latent: int, size: int, like: Path | None,
    window: str, held_out: float, backbone_file: Path | None,
) -> None:  # fmt: skip
    teacher = Teacher(folder)
    with torch.enable_grad():
        head = trained_head(teacher)
    many = teacher.codes(MANY, seed=5)
    mean, variances, axes = components(straightened(many), latent)
    center, spreads, ways = components(many, latent)
    codes, pictures = teacher.codes(count, seed=1000), []
    part = teacher.until(SEEN)
    for code in tqdm(codes, "pictures"):
        seen = torch.from_numpy(part(code[None])[0].copy())
        pictures.append(framed(head(seen, torch.from_numpy(code[None]))[0], size))
    # Codes are of variance 1 all together: the first say most.
    scale = np.sqrt(spreads.mean())
    arrays = {
        "noise": (straightened(codes) - mean) @ axes / np.sqrt(variances),
        "hidden.weight": axes * np.sqrt(variances),
        "hidden.bias": mean,
        "codes.weight": ways.T / scale,
        "codes.bias": -center @ ways / scale,
    }
    file = {name: torch.from_numpy(array).float().contiguous() for name, array in arrays.items()}
    file["pictures"] = torch.stack(pictures)
    if like is not None:
        of = (file["pictures"], faces_in(like, window, size, held_out))
        file = tilted(file, likeness(*(described(each, backbone_file) for each in of)))
        likest = {name: file[name][: round(count * WRITTEN)] for name in ("noise", "pictures")}
        save_file({**file, **likest}, target.with_stem(f"{target.stem}_likest"))
    save_file(file, target)
    click.echo(f"{target}: {len(file['pictures']):,} pictures of {size} pixels")


if __name__ == "__main__":
    main()
