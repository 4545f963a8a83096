"""Translation: networks, held statistics, two directions at once, the replay pool."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import PIL.Image
import pytest
import tiny
import torch

from ganedit.errors import TrainingError, UsageError
from ganedit.grain import grained
from ganedit.nets.critics import FeatureCritic, PatchCritic
from ganedit.tasks.translate import training
from ganedit.tasks.translate.network import Generator, Translator
from ganedit.tasks.translate.normalization import HeldNorm, gather
from ganedit.tasks.translate.options import NetworkOptions, TranslateTraining
from ganedit.tasks.translate.training import TranslateTask
from ganedit.training.distributed import Ranks
from ganedit.training.replay import ReplayPool
from ganedit.training.state import State, to_device
from ganedit.training.step import training_step
from ganedit.training.task import GENERATOR, Step

NETWORK = NetworkOptions(("photo", "dark"), ("dark", "photo"), width=4, deep_width=8, blocks=1)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    """Photos, and darker ones."""
    for name, share in (("photo", 1.0), ("dark", 0.3)):
        (tmp_path / name).mkdir()
        for seed in range(3):
            picture = (tiny.photo(seed, 64, 80) * share).astype("uint8")
            PIL.Image.fromarray(picture).save(tmp_path / name / f"{seed}.png")
    return str(tmp_path / "photo"), str(tmp_path / "dark")


@pytest.fixture(autouse=True)
def _small_critics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly all of a step's time would be theirs."""
    monkeypatch.setattr(training, "PatchCritic", partial(PatchCritic, width=8))
    monkeypatch.setattr(training, "FeatureCritic", partial(FeatureCritic, width=8))


@pytest.fixture
def features(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny feature network in VGG19's place."""
    monkeypatch.setattr(training, "VGG19Features", tiny.Features)
    monkeypatch.setattr(training, "LAYERS", ("one", "other"))
    monkeypatch.setattr(training, "CHANNELS", {"one": 8, "other": 8})


def task_for(folders: tuple[str, str], **options: object) -> TranslateTask:
    a, b = folders
    options = {"feature_weight": 0, "network": NETWORK, **options}
    training = TranslateTraining((a,), (b,), domains="photo,dark", crop=32, batch=2, **options)
    return TranslateTask(training)


def test_generator_begins_near_the_picture_and_takes_any_size() -> None:
    torch.manual_seed(0)
    network = Generator(4, 8, 1)
    for size in ((16, 16), (40, 64)):
        picture = torch.rand(2, 3, *size)
        result = network(picture)
        assert result.shape == picture.shape
        assert (result - picture).abs().mean() < 0.5


def test_norm_is_instance_norm_until_its_statistics_are_held() -> None:
    norm, x = HeldNorm(3), torch.rand(1, 3, 20, 30)
    torch.testing.assert_close(norm(x), torch.nn.functional.instance_norm(x))
    norm.gathering = True
    whole = norm(x)
    tile = norm(x[..., :10, :10])
    torch.testing.assert_close(tile, whole[..., :10, :10])


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_plain_pictures_are_the_same_in_bf16_and_have_gradients(level: float) -> None:
    """Their variance is nothing: what rounding leaves of it must not become the picture."""
    norm = HeldNorm(4)
    with torch.no_grad():
        norm.bias.copy_(torch.tensor([-1.0, 0.0, 0.5, 2.0]))
    x = torch.full((1, 4, 12, 12), 7.3 * level - 3).bfloat16()
    expected = norm.bias.detach().view(1, 4, 1, 1).expand(1, 4, 12, 12)
    torch.testing.assert_close(norm(x).float(), expected, atol=0.02, rtol=0.01)
    gather(norm, x)
    held = norm(x)
    assert held.dtype == torch.bfloat16
    torch.testing.assert_close(held.float(), expected, atol=0.02, rtol=0.01)
    picture = torch.full((2, 3, 32, 32), level, requires_grad=True)
    torch.manual_seed(0)
    generator = Generator(4, 8, 1)
    generator(picture).square().mean().backward()
    norm_of = torch.nn.utils.get_total_norm([p.grad for p in generator.parameters()])
    assert norm_of < 100


def test_step_moves_both_directions_and_all_critics(
    folders: tuple[str, str], tmp_path: Path, features: None
) -> None:
    task = task_for(folders, penalty_every=2, feature_weight=1)
    config = tiny.config(tmp_path, warmup=0)
    torch.manual_seed(0)
    state = State.fresh(task.build(), config, task.pool)
    before = tiny.state_of(tiny.parameters(state.networks))
    rows = []
    for number in range(2):
        batch = to_device(task.batches(0, 0)[number], tiny.CPU)
        rows.append(training_step(task, state, [batch], config, torch.float32, Ranks()))
    assert rows[0].keys() == {
        "patches", "features", "cycle", "identity",
        "critic_photo_patches", "critic_dark_patches", "penalty_photo",
        "critic_photo_features", "critic_dark_features", "penalty_dark",
    }  # fmt: skip
    assert [("penalty_photo" in row) for row in rows] == [True, False]
    after = dict(tiny.parameters(state.networks).named_parameters())
    still = {name for name in before if torch.equal(before[name], after[name])}
    # A bias before a norm has no effect, and its gradient is rounding.
    assert all(name.endswith("bias") for name in still)
    assert state.pool.kept.keys() == {"photo", "dark"}
    assert all(kept.shape == (4, 3, 32, 32) for kept in state.pool.kept.values())


@pytest.mark.parametrize("one_sided", [False, True])
def test_one_batch_can_be_overfitted(
    folders: tuple[str, str], tmp_path: Path, features: None, one_sided: bool
) -> None:
    task = task_for(folders, adversarial_weight=0.0, one_sided=one_sided)
    config = tiny.config(tmp_path, warmup=5, learning_rate=1e-3, steps=100)
    torch.manual_seed(0)
    state = State.fresh(task.build(), config, task.pool)
    batch = to_device(task.batches(0, 0)[0], tiny.CPU)
    rows = [training_step(task, state, [batch], config, torch.float32, Ranks()) for _ in range(40)]
    kept = "identity" if one_sided else "cycle"
    assert float(rows[-1][kept]) < 0.6 * float(rows[0][kept])
    assert ("contrast" in rows[0]) == one_sided


def test_contrast_brings_places_back_to_what_they_were(
    folders: tuple[str, str], tmp_path: Path, features: None
) -> None:
    task = task_for(folders, adversarial_weight=0.0, identity_weight=0.0, one_sided=True)
    config = tiny.config(tmp_path, warmup=5, learning_rate=5e-3, steps=100)
    torch.manual_seed(0)
    networks = task.build()
    generator = networks[GENERATOR]
    generator.to_domain["dark"].tail.weight.data.mul_(30)  # an invented picture over it
    state = State.fresh(networks, config, task.pool)
    batch = to_device(task.batches(0, 0)[0], tiny.CPU)
    rows = [training_step(task, state, [batch], config, torch.float32, Ranks()) for _ in range(40)]
    assert float(rows[-1]["contrast"]) < 0.85 * float(rows[0]["contrast"])


def test_grain_is_soft_and_the_same_for_a_seed() -> None:
    plain = torch.full((2, 3, 64, 96), 0.5)
    assert grained(plain, 0.0) is plain
    grain = grained(plain, 0.02, seed=1) - plain
    assert torch.equal(grain, grained(plain, 0.02, seed=1) - plain)
    assert not torch.equal(grain, grained(plain, 0.02, seed=2) - plain)
    assert not torch.equal(grain[0], grain[1]), "each picture of a batch has its own"
    # Interpolated values vary less than those between which they lie.
    assert 0.008 < float(grain.std()) < 0.02
    steps = grain.diff(dim=-1)
    assert float(steps.std()) < 0.6 * float(grain.std())
    black = grained(torch.zeros(1, 3, 16, 16), 0.1, seed=0)
    assert black.min() == 0
    assert black.max() > 0


def test_generators_are_trained_on_grain_that_their_weights_name(folders: tuple[str, str]) -> None:
    task = task_for(folders, network=replace(NETWORK, grain=0.05))
    torch.manual_seed(0)
    step = Step(task.build(), to_device(task.batches(0, 0)[0], tiny.CPU), 0, 0.0, task.generate)
    assert not torch.equal(task.generate(step)["dark"], task.generate(step)["dark"])
    assert task.network["grain"] == 0.05
    with pytest.raises(UsageError, match="grain"):
        replace(NETWORK, grain=0.5)


def test_pool_shows_old_and_new_and_keeps_together_what_belongs_together() -> None:
    def made(value: float, count: int = 2) -> dict[str, torch.Tensor]:
        picture = torch.full((count, 3, 2, 2), value)
        return {"picture": picture, "label": picture[:, 0, 0, 0].long()}

    torch.manual_seed(0)
    pool, first = ReplayPool(4), made(1, 4)
    assert torch.equal(pool.exchange(first)["picture"], first["picture"]), "until it is full"
    shown = [pool.exchange(made(9)) for _ in range(8)]
    pictures, labels = (torch.cat([each[name] for each in shown]) for name in ("picture", "label"))
    assert 3 <= (labels == 9).sum() < 16
    assert torch.equal(pictures[:, 0, 0, 0].long(), labels)
    assert len(pool.kept["picture"]) == len(pool.kept["label"]) == 4
    assert torch.equal(ReplayPool(0).exchange(first)["picture"], first["picture"])


def test_options_that_cannot_be_meant(folders: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two different names"):
        NetworkOptions(("photo", "photo"), ("photo",))
    with pytest.raises(UsageError, match="in both domains"):
        TranslateTraining((folders[0],), (folders[0],))
    with pytest.raises(UsageError, match="in both domains"):
        TranslateTraining((folders[0],), (f"{folders[0]}/../photo",))
    with pytest.raises(UsageError, match="in both domains"):
        TranslateTraining((folders[0],), (f"{folders[0]}@0.5",))
    with pytest.raises(UsageError, match="--reduce 0: use a number over 0 and at most 1"):
        TranslateTraining((folders[0],), (folders[1],), reduce=0)
    (tmp_path / "one").mkdir()
    PIL.Image.fromarray(tiny.photo(0, 64, 64)).save(tmp_path / "one" / "only.png")
    with pytest.raises(TrainingError, match="at least 2 pictures"):
        task_for((folders[0], str(tmp_path / "one"))).batches(0, 0)


@pytest.mark.parametrize("name", ["", "v1.0", "a/b", "c:\\d", "all", "train", "items"])
def test_names_that_no_domain_can_have(name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a domain"):
        Translator(NetworkOptions(("photo", name), (name, "photo"), 4, 8, 1))


def test_small_pictures_are_enlarged_and_counted(folders: tuple[str, str]) -> None:
    a, b = folders
    PIL.Image.fromarray(tiny.photo(7, 20, 50)).save(f"{b}/small.png")
    training = TranslateTraining((a,), (b,), domains="photo,dark", crop=32, feature_weight=0)
    task = TranslateTask(training)
    with pytest.warns(UserWarning, match="1 of 4 pictures are under 32 pixels a side and were enl"):
        batches = task.batches(0, 0)
    for step in range(8):
        assert batches[step]["dark"].shape == (4, 3, 32, 32)
