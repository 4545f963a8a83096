"""Training batches for generators: whole pictures of one size, and their classes."""

import csv
import warnings
from collections.abc import Mapping, Set
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganedit.data.pictures import EVERYTHING, Folder, Part, Pictures, entries_in, square
from ganedit.data.seeding import generator_at
from ganedit.errors import TrainingError
from ganedit.tasks.generate.growth import resized
from ganedit.tasks.generate.options import Window
from ganedit.tasks.generate.pairing import SIDE, noise_of
from ganedit.tasks.generate.regularizers import half
from ganedit.tasks.generate.teaching import Teacher
from ganedit.tasks.generate.training_options import GenerateTraining
from ganedit.training.task import Batch

# Under so many pictures a generator repeats what it saw.
FEW = 100


def classes_in(options: GenerateTraining) -> tuple[str, ...]:
    """Names of the classes in the data, sorted; none unless they are asked for.

    Raises:
        TrainingError: there are fewer than two, or the table of them cannot be read or is of other
            pictures.
    """
    folders = [Folder.parse(text) for text in options.data]
    if options.labels is not None:
        known = read_classes(options.labels)
        _compare(options.labels, known, {e.name for each in folders for e in entries_in(each)})
        return _checked(set(known.values()), f"{options.labels}: --labels")
    if not options.classes_from_folders:
        return ()
    names = {each.name for folder in folders for each in folder.path.iterdir() if each.is_dir()}
    kept = {name for name in names if not name.startswith(".")}
    return _checked(kept, f"{options.data[0]}: --classes-from-folders")


def _compare(table: Path, known: Mapping[str, str], pictures: Set[str]) -> None:
    """Refuse a table of other pictures; say where it has some that are not there."""
    missing = [name for name in known if name not in pictures]
    if len(missing) == len(known):
        like = f"; it names {missing[0]}" if missing else ""
        raise TrainingError(f"{table}: names none of the pictures in --data{like}")
    if missing:
        warnings.warn(
            f"{table}: {len(missing):,} of the {len(known):,} pictures that it names are not in "
            f"--data, like {missing[0]}",
            stacklevel=2,
        )


def _checked(names: set[str], asked: str) -> tuple[str, ...]:
    classes = tuple(sorted(names))
    if len(classes) < 2:
        found = f"one class only ({classes[0]})" if classes else "none"
        raise TrainingError(
            f"{asked} needs two classes or more, and there is {found}; leave it out, or add another"
        )
    if odd := [name for name in classes if set(name) & set(",=")]:
        raise TrainingError(f"{asked}: a class called {odd[0]} could not be asked for; rename it")
    return classes


def read_classes(table: Path) -> dict[str, str]:
    """The class of each picture by its name, from a CSV table with a line of headings.

    Raises:
        TrainingError: it cannot be read.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            _, *rows = [row for row in csv.reader(file) if row]
        return {row[0].strip(): row[1].strip() for row in rows}
    except OSError as error:
        raise TrainingError(f"{table}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error, ValueError, IndexError) as error:
        raise TrainingError(
            f"{table}: not a CSV table: a line of headings, then name,class for each picture"
        ) from error


class GenerateBatches:
    """`picture`: `(N, 3, size, size)` uint8 RGB; with classes `label`: `(N,)` int64.

    Where pictures are paired with noise also `noise`: `(N, latent)`, theirs and chance. With a
    teacher also `taught`, such pictures of its own, and what they are drawn of, `taught_noise`:
    `(M, latent)`; where nobody looks at others, the batch's pictures are these.
    """

    def __init__(
        self,
        options: GenerateTraining,
        classes: tuple[str, ...],
        seed: int,
        part: Part = EVERYTHING,
        teacher: Teacher | None = None,
    ) -> None:
        self.options, self.seed, self.part, self.teacher = options, seed, part, teacher
        self.size = options.network.size
        self.window = None if options.window is None else Window.parse(options.window)
        folders = [Folder.parse(text) for text in options.data]
        smallest = self.size if self.window is None else 1
        self.pictures = Pictures(folders, minimum=smallest, enlarge=True, part=part)
        self.by_class = self._sorted_by(classes)
        self.noise: dict[tuple[int, bool], Tensor] = {}

    def pair(self, latent: int) -> None:
        """Find noise for each picture, and for its mirror image."""
        places, seen, labels = [], [], []
        for label, found in enumerate(self.by_class):
            for index in map(int, found):
                picture = windowed(self.pictures.load(index), self.window, self.size)
                for mirrored in (False,) if self.options.no_mirror else (False, True):
                    each = torch.from_numpy(picture[:, ::-1].copy() if mirrored else picture)
                    seen.append(resized(each.permute(2, 0, 1)[None] / 255, SIDE))
                    places.append((index, mirrored))
                    labels.append(label)
        noise = noise_of(torch.cat(seen), torch.tensor(labels), latent)
        self.noise = dict(zip(places, noise, strict=True))

    def __len__(self) -> int:
        return sum(map(len, self.by_class))

    def warn_of_few(self) -> None:
        """Say what to expect of few pictures, and which are without a class or a window."""
        table, named, among = self.options.labels, len(self), len(self.pictures)
        if table is not None and named < among:
            warnings.warn(
                f"{table}: has no class for {among - named:,} of {among:,} pictures to train on; "
                "they are left out",
                stacklevel=2,
            )
        window, sides = self.window, self.pictures.sides
        small = 0 if window is None else int((sides < window.side).sum())
        if small:
            warnings.warn(
                f"--window {self.options.window}: {small:,} of {among:,} pictures are smaller; the "
                "largest square of each is taken",
                stacklevel=2,
            )
        if named < FEW:
            warnings.warn(
                f"{named} pictures to train on are few: under {FEW} a generator repeats what it "
                "saw, with small changes",
                stacklevel=2,
            )

    def __getitem__(self, step: int) -> Batch:
        rng = generator_at(self.seed, step)
        labels: list[int] = []
        pictures, places = [], []
        if self.teacher is not None and self.options.adversarial == "none":
            noise, taught = self.teacher.lesson(self.options.batch, rng)
            return {"picture": taught, "taught": taught, "taught_noise": noise}
        for place in range(step * self.options.batch, (step + 1) * self.options.batch):
            before = labels[-1] if place % self.options.pack else None
            label, index = self._choose(place, rng, before)
            picture = windowed(self.pictures.load(index), self.window, self.size)
            mirrored = self.part.training and not self.options.no_mirror and rng.random() < 0.5
            pictures.append(picture[:, ::-1] if mirrored else picture)
            labels.append(label)
            places.append((index, mirrored))
        batch = {"picture": torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()}
        if self.noise:
            found = torch.stack([self.noise[place] for place in places])
            chance = rng.standard_normal((len(found), self.options.network.latent), np.float32)
            chance[:, : found.shape[1]] = found
            batch["noise"] = torch.from_numpy(chance)
        if self.teacher is not None:
            count = half(self.options.batch)
            batch["taught_noise"], batch["taught"] = self.teacher.lesson(count, rng)
        return {**batch, "label": torch.tensor(labels)} if len(self.by_class) > 1 else batch

    def _choose(self, place: int, rng: np.random.Generator, label: int | None) -> tuple[int, int]:
        """Label and index of a picture: at random, or of the held-out ones one after another.

        Of that label, where one is given, if it is at random.
        """
        if self.part.training:
            label = int(rng.integers(len(self.by_class))) if label is None else label
            return label, int(rng.choice(self.by_class[label]))
        every = [(label, int(i)) for label, found in enumerate(self.by_class) for i in found]
        # A step that has no divisor in common with the number visits all, of mixed classes.
        return every[place * 7919 % len(every)]

    def _sorted_by(self, classes: tuple[str, ...]) -> list[np.ndarray]:
        """Indices of the pictures of each class; without classes all of them."""
        if not classes:
            return [self.pictures.usable]
        entries, table = self.pictures.entries, self.options.labels
        if table is None:
            kinds = [entry.name.partition("/")[0] for entry in entries]
        else:
            known = read_classes(table)
            kinds = [known.get(entry.name, "") for entry in entries]
        usable = self.pictures.usable
        found = [np.array([i for i in usable if kinds[i] == name], dtype=int) for name in classes]
        for name, indices in zip(classes, found, strict=True):
            if self.part.training and not len(indices):
                raise TrainingError(f"{self.options.data[0]}: class {name} has no pictures")
        return found


def windowed(picture: np.ndarray, window: Window | None, size: int) -> np.ndarray:
    """What a generator learns of a picture `(H, W, 3)`: `(size, size, 3)`."""
    if window is not None:
        height, width = picture.shape[:2]
        side = min(window.side, height, width)
        top = round(window.height * height - side / 2)
        top, left = min(max(0, top), height - side), (width - side) // 2
        picture = picture[top : top + side, left : left + side]
    return square(picture, size)
