"""An upscaler that learns from another one's guesses besides the truth."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
import torch.nn.functional as F
from PIL import Image

from ganedit import weights
from ganedit.errors import TrainingError, UsageError
from ganedit.tasks.upscale.data import UpscaleBatches
from ganedit.tasks.upscale.options import NetworkOptions
from ganedit.tasks.upscale.teacher import RECORD, SAVE_EVERY, TeacherPairs, with_colors_of
from ganedit.tasks.upscale.training import UpscaleTask, guess_turned
from ganedit.training.state import to_device
from ganedit.training.task import GENERATOR, Networks, Step

MakeTask = Callable[..., UpscaleTask]


@pytest.fixture
def teacher(tmp_path: Path) -> str:
    """The file of an untrained network that does more than bicubic interpolation."""
    return save(tmp_path / "teacher.safetensors", tiny.NETWORK)


def save(path: Path, options: NetworkOptions) -> str:
    network = tiny.network(3, options, tail=5.0)
    weights.save(network, path, task="upscale", options=asdict(options), exact=True)
    return str(path)


def test_target_asked_for_lies_between_the_truth_and_the_guess(
    make_task: MakeTask, teacher: str
) -> None:
    task = make_task(teacher=teacher, teacher_pairs=0, teacher_weight=0.3, pixel_loss="l2")
    batch = to_device(task.batches(0, 0)[0], tiny.CPU)
    torch.manual_seed(0)
    taught = guess_turned(tiny.network(3, tail=5.0), batch["low"])
    target = batch["high"] + 0.3 * (taught - batch["high"])
    networks = Networks({GENERATOR: tiny.network()})

    def loss(fakes: torch.Tensor) -> float:
        torch.manual_seed(0)
        (term,) = task.generator_loss(tiny.look(task, networks, batch, fakes)).values()
        return float(term)

    assert loss(target) == pytest.approx(0, abs=1e-12)
    assert loss(batch["high"]) == pytest.approx(float(F.mse_loss(target, batch["high"])), rel=1e-4)
    assert loss(batch["high"]) > 1e-6


def test_guesses_are_turned_back() -> None:
    """Interpolation is the same whichever way a picture is turned; every draw has to show it."""
    low = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(0))

    def enlarge(x: torch.Tensor) -> torch.Tensor:
        return F.interpolate(x, scale_factor=4, mode="bilinear")

    for seed in range(24):
        torch.manual_seed(seed)
        torch.testing.assert_close(guess_turned(enlarge, low), enlarge(low))


def test_all_eight_ways_are_drawn() -> None:
    low = torch.arange(16.0).view(1, 1, 4, 4)
    seen = set()

    def look(x: torch.Tensor) -> torch.Tensor:
        seen.add(tuple(x.flatten().tolist()))
        return x

    for seed in range(100):
        torch.manual_seed(seed)
        guess_turned(look, low)
    assert len(seen) == 8


def test_teacher_learns_nothing(make_task: MakeTask, teacher: str) -> None:
    task = make_task(teacher=teacher, teacher_pairs=0)
    assert task.teacher is not None
    batch = to_device(task.batches(0, 0)[0], tiny.CPU)
    networks = task.build()
    assert networks["teacher"] is task.teacher
    sum(task.generator_loss(Step(networks, batch, 0, 0.0, task.generate)).values()).backward()
    assert all(p.grad is None for p in task.teacher.parameters())
    assert networks[GENERATOR].tail.weight.grad.abs().sum() > 0


def test_teacher_of_another_scale_is_refused(make_task: MakeTask, tmp_path: Path) -> None:
    other = save(tmp_path / "x2.safetensors", NetworkOptions(scale=2, width=8, blocks=1))
    with pytest.raises(UsageError, match=r"enlarges x2, the network to be trained x4"):
        make_task(teacher=other, teacher_pairs=0)


@pytest.fixture
def large_photos(tmp_path: Path) -> Path:
    """Pictures that the teacher's crops fit into."""
    folder = tmp_path / "large"
    folder.mkdir()
    for number in range(2):
        Image.fromarray(tiny.photo(number, 300, 310)).save(folder / f"{number}.png")
    return folder


def test_answers_are_asked_for_once_and_drawn(
    make_task: MakeTask, teacher: str, large_photos: Path, tmp_path: Path
) -> None:
    options = {
        "teacher": teacher, "teacher_pairs": 2, "teacher_weight": 1.0, "recolor": 0.0,
        "teacher_data": (str(large_photos),), "teacher_folder": tmp_path / "teacher",
    }  # fmt: skip
    batch = make_task(**options).batches(0, 0)[0]
    taught = tiny.network(3, tail=5.0)(batch["low"].float() / 255)
    bicubic = F.interpolate(batch["low"].float() / 255, scale_factor=4, mode="bicubic")
    # Colours are the truth's, and a crop's edges were not its own: its drawing is the teacher's.
    ours, theirs, plain = (
        x[..., 8:-8, 8:-8].diff(dim=3).flatten()
        for x in (batch["high"].float() / 255, taught.clamp(0, 1), bicubic)
    )
    alike = torch.corrcoef(torch.stack([ours, theirs, plain]))[0]
    assert alike[1] > 0.7
    assert alike[1] > alike[2] + 0.2
    kept = (tmp_path / "teacher" / "answers.npy").read_bytes()
    again = make_task(**options).batches(0, 0)[0]
    assert torch.equal(again["high"], batch["high"])
    assert (tmp_path / "teacher" / "answers.npy").read_bytes() == kept


def test_truth_and_answers_share_the_batch(
    make_task: MakeTask, teacher: str, large_photos: Path, tmp_path: Path
) -> None:
    options = {"teacher": teacher, "teacher_pairs": 1, "teacher_folder": tmp_path / "teacher",
               "teacher_data": (str(large_photos),), "recolor": 0.0, "batch": 4}  # fmt: skip
    none = make_task(teacher_weight=0.0, **options).batches(0, 0)
    some = make_task(teacher_weight=0.5, **options).batches(0, 0)
    answers = np.load(tmp_path / "teacher" / "answers.npy")[0]
    values = {tuple(color) for color in answers.reshape(-1, 3).tolist()}

    def share(batches: UpscaleBatches) -> float:
        crops = torch.cat([batches[step]["high"] for step in range(8)])
        told = [
            all(tuple(color) in values for color in crop.flatten(1).T.tolist()) for crop in crops
        ]
        return sum(told) / len(told)

    assert share(none) == 0
    assert 0.2 < share(some) < 0.8


ORIGIN = {"teacher": "T"}


def crops(number: int) -> tuple[np.ndarray, np.ndarray]:
    large = tiny.photo(number, 256, 256)
    return large[::4, ::4], large


def test_interrupted_answers_are_gone_on_with(tmp_path: Path) -> None:
    asked: list[int] = []

    def ask(low: np.ndarray) -> np.ndarray:
        asked.append(int(low[0, 0, 0]))
        if len(asked) == SAVE_EVERY + 3:
            raise KeyboardInterrupt
        return low.repeat(4, axis=0).repeat(4, axis=1)

    count, told = SAVE_EVERY + 5, []
    pairs = TeacherPairs(tmp_path / "t", count, 4, ORIGIN)
    with pytest.raises(KeyboardInterrupt):
        pairs.make(crops, ask, lambda done, total: None)
    pairs = TeacherPairs(tmp_path / "t", count, 4, ORIGIN)
    assert pairs.finished == SAVE_EVERY
    pairs.make(crops, ask, lambda done, total: told.append((done, total)))
    assert told == [(n, count) for n in range(SAVE_EVERY + 1, count + 1)]
    low = np.load(tmp_path / "t" / "low.npy")
    assert all(np.array_equal(low[n], crops(n)[0]) for n in range(count))


def test_small_and_large_crops_stay_together(tmp_path: Path) -> None:
    pairs = TeacherPairs(tmp_path, 2, 4, ORIGIN)
    pairs.make(crops, lambda low: low.repeat(4, axis=0).repeat(4, axis=1), lambda *_: None)
    seen = set()
    for seed in range(40):
        low, high = pairs.draw(np.random.default_rng(seed), 64)
        assert low.shape == (16, 16, 3)
        assert high.shape == (64, 64, 3)
        # Colours of areas are the truth's, so it is the drawing that has to agree.
        reduced = high.reshape(16, 4, 16, 4, 3).mean((1, 3))
        assert np.corrcoef(reduced.ravel(), low.ravel())[0, 1] > 0.95
        seen.add(low.tobytes())
    assert len(seen) > 35


def test_answers_of_another_teacher_are_refused(tmp_path: Path) -> None:
    pairs = TeacherPairs(tmp_path, 1, 4, ORIGIN)
    pairs.make(crops, lambda low: low.repeat(4, axis=0).repeat(4, axis=1), lambda *_: None)
    with pytest.raises(TrainingError, match="another teacher"):
        TeacherPairs(tmp_path, 1, 4, {"teacher": "U"})
    (tmp_path / RECORD).write_text("{")
    with pytest.raises(TrainingError, match="cannot be read"):
        TeacherPairs(tmp_path, 1, 4, ORIGIN)


def test_answers_take_the_colors_of_the_truth() -> None:
    truth = tiny.photo(1, 96, 96)
    answer = np.clip(truth.astype(np.float32) * 0.9 + 5, 0, 255)
    held = with_colors_of(answer, truth, 4)
    assert np.abs(answer.mean((0, 1)) - truth.mean((0, 1))).min() > 3
    assert np.abs(held.mean((0, 1)) - truth.mean((0, 1))).max() < 1
