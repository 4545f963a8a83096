"""Training batches of pairs: read from two folders, cut out of one, or drawn from the photos."""

import itertools
import math
import warnings
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

import cv2
import numpy as np
import torch

from ganedit.data.pictures import EVERYTHING, Folder, Part, Pictures
from ganedit.data.recolor import draw_recolor
from ganedit.data.seeding import generator_at
from ganedit.data.strokes import color_strokes, drawing_of
from ganedit.errors import TrainingError
from ganedit.tasks.translate.options import TranslateTraining
from ganedit.tasks.translate.paired.options import DRAWN, PairedTraining
from ganedit.training.task import Batch

# How many names of pictures that are left out a message lists.
LISTED = 5
# Share of the inputs that have strokes of colour.
HINTED = 0.5

Pair = tuple[np.ndarray | None, np.ndarray]
"""An input `(H, W, 3)` uint8, None where it is to be drawn, and what becomes of it, as large."""


class Pairs:
    """The pairs of one domain, drawn at random; held-out ones come in turn."""

    def __init__(self, load: Callable[[int], Pair], indices: Sequence[int], part: Part) -> None:
        self._load, self.indices = load, indices
        self._in_turn = None if part.training else itertools.cycle(indices)

    def __len__(self) -> int:
        return len(self.indices)

    def draw(self, rng: np.random.Generator) -> Pair:
        """One pair."""
        if self._in_turn is not None:
            return self._load(next(self._in_turn))
        return self._load(self.indices[int(rng.integers(len(self)))])


def drawn_pairs(text: str, crop: int, part: Part) -> Pairs:
    """Photographs whose inputs are drawn from them."""
    photos = _pictures(text.removeprefix(DRAWN), crop)
    return Pairs(lambda index: (None, photos.load(index)), _indices(photos, part), part)


def split_pairs(text: str, options: PairedTraining, crop: int, part: Part) -> Pairs:
    """Pictures that hold both halves of a pair side by side."""
    pictures = _pictures(text, crop)
    odd = [pictures.entries[i].name for i in pictures.usable if pictures.load(i).shape[1] % 2]
    told_of([f"{name} has no middle" for name in odd], text, strict=options.strict)

    def load(index: int) -> Pair:
        first, second = np.split(pictures.load(index), 2, axis=1)
        return (first, second) if options.direction == "AtoB" else (second, first)

    kept = [i for i in _indices(pictures, part) if pictures.entries[i].name not in odd]
    return Pairs(load, kept, part)


def named_pairs(a: str, b: str, options: PairedTraining, crop: int, part: Part) -> Pairs:
    """Pictures of two folders that belong together by their names, suffixes aside.

    Raises:
        TrainingError: with `strict`, some have no partner, or one of another size.
    """
    inputs, wanted = _pictures(a, crop), _pictures(b, crop)
    partners, others = _by_name(inputs), _by_name(wanted)
    odd = [f"{name} is in one of them only" for name in sorted(partners.keys() ^ others.keys())]
    pairs: dict[int, int] = {}
    for name in partners.keys() & others.keys():
        if inputs.load(partners[name]).shape == wanted.load(others[name]).shape:
            pairs[others[name]] = partners[name]
        else:
            odd.append(f"{name} is of another size in the other")
    told_of(odd, f"{a} and {b}", strict=options.strict)
    kept = [index for index in _indices(wanted, part) if index in pairs]
    return Pairs(lambda index: (inputs.load(pairs[index]), wanted.load(index)), kept, part)


class PairedBatches:
    """`input` `(N, channels, S, S)` and `picture` `(N, 3, S, S)` uint8, `label` `(N,)` int64.

    Of the channels of an input, the first or the first three are ink or colours; see
    `PairedGenerator` for those of hints.

    Raises:
        TrainingError: a domain has fewer than two pairs.
    """

    def __init__(self, options: TranslateTraining, seed: int, part: Part = EVERYTHING) -> None:
        self.options, self.seed, self.part = options, seed, part
        pairing, crop = options.pairing, options.crop
        if pairing.pairs:
            folders = list(pairing.pairs)
            found = [split_pairs(text, pairing, crop, part) for text in folders]
        elif not options.b:
            folders = list(options.a)
            found = [drawn_pairs(text, crop, part) for text in folders]
        else:
            folders = list(options.b)
            found = [
                named_pairs(a, b, pairing, crop, part)
                for a, b in zip(options.a, options.b, strict=True)
            ]
        for folder, pairs in zip(folders, found, strict=True):
            if part.training and len(pairs) < 2:
                raise TrainingError(
                    f"{folder}: {len(pairs)} pairs to train on; give a folder with at least 2"
                )
        self.pairs = found
        # A domain of many pictures has more to teach than one of few, but not in proportion.
        weights = np.sqrt([len(pairs) for pairs in found])
        self._shares = weights / max(weights.sum(), 1e-9)

    def __len__(self) -> int:
        return sum(map(len, self.pairs))

    def __getitem__(self, step: int) -> Batch:
        rng = generator_at(self.seed, step)
        rows = [self._one(rng) for _ in range(self.options.batch)]
        inputs, pictures, labels = zip(*rows, strict=True)
        return {
            "input": torch.from_numpy(np.stack(inputs)).permute(0, 3, 1, 2).contiguous(),
            "picture": torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous(),
            "label": torch.tensor(labels),
        }

    def _one(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
        options, network = self.options, self.options.pairing.paired_network
        folder = int(rng.choice(len(self.pairs), p=self._shares))
        given, wanted = self.pairs[folder].draw(rng)
        pair = [wanted] if given is None else [wanted, given]
        zoom = options.pairing.zoom if self.part.training else 0.0
        wanted, *rest = _cut(pair, options.crop, zoom, rng)
        if given is None and self.part.training and rng.random() < options.pairing.recolor:
            wanted = draw_recolor(rng)(wanted)
        planes = [drawing_of(wanted, rng)[..., None] if given is None else rest[0]]
        if network.hints:
            nothing = np.zeros((*wanted.shape[:2], 4), np.uint8)
            planes.append(color_strokes(wanted, rng) if rng.random() < HINTED else nothing)
        return np.concatenate(planes, axis=2), wanted, min(folder, len(network.to) - 1)


def _pictures(text: str, crop: int) -> Pictures:
    return Pictures([Folder.parse(text)], minimum=crop, enlarge=True)


def _indices(pictures: Pictures, part: Part) -> list[int]:
    """Those of the usable ones that belong to a part."""
    kept = set(part.of(pictures.entries))
    return [int(i) for i in pictures.usable if pictures.entries[i] in kept]


def _by_name(pictures: Pictures) -> dict[str, int]:
    names = {int(i): PurePosixPath(pictures.entries[i].name) for i in pictures.usable}
    return {name.with_suffix("").as_posix(): index for index, name in names.items()}


def told_of(odd: Sequence[str], where: str, *, strict: bool) -> None:
    """Warn of what is odd about pairs, or stop there.

    Raises:
        TrainingError: `strict`, and there is anything.
    """
    if not odd:
        return
    listed = "; ".join(odd[:LISTED]) + (f"; and {len(odd) - LISTED} more" * (len(odd) > LISTED))
    if strict:
        raise TrainingError(f"{where}: {listed}")
    warnings.warn(f"{where}: left out: {listed}", stacklevel=2)


def _cut(
    pair: Sequence[np.ndarray], size: int, zoom: float, rng: np.random.Generator
) -> list[np.ndarray]:
    """The same `(size, size, 3)` of both, enlarged or reduced, perhaps mirrored."""
    height, width = pair[0].shape[:2]
    factor = math.exp(rng.uniform(-1, 1) * math.log1p(zoom))
    side = min(round(size / factor), 2 * min(height, width))
    # Where it is reduced beyond its borders, they go on.
    top, left = (int(rng.integers(min(0, n - side), max(0, n - side) + 1)) for n in (height, width))
    mirrored = rng.random() < 0.5
    return [_one_cut(picture, top, left, side, size, mirrored) for picture in pair]


def _one_cut(
    picture: np.ndarray, top: int, left: int, side: int, size: int, mirrored: bool
) -> np.ndarray:
    above, before = max(0, -top), max(0, -left)
    rows, columns = slice(max(0, top), top + side), slice(max(0, left), left + side)
    part = picture[rows, columns]
    below, after = side - above - part.shape[0], side - before - part.shape[1]
    part = cv2.copyMakeBorder(part, above, below, before, after, cv2.BORDER_REPLICATE)
    if side != size:
        how = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
        part = cv2.resize(part, (size, size), interpolation=how)
    return np.ascontiguousarray(part[:, ::-1]) if mirrored else part
