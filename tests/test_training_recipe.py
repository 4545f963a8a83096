"""Recipes: those that ship can be run, and a small one is."""

from pathlib import Path

import pytest
import tiny
import torch

from ganedit import weights
from ganedit.app.training import options_of, run_recipe, run_training
from ganedit.errors import UsageError
from ganedit.tasks.translate.paired.options import DRAWN
from ganedit.tasks.upscale.training import UpscaleTask
from ganedit.training.config import TrainingConfig
from ganedit.training.recipe import RunStep, WeightStep, read_recipe, sources

SHIPPED = sorted((weights.shipped_folder() / "recipes").glob("*.toml"))
SMALL = """
task = "upscale"
about = "A small one."

[data]
photos = "five of them"

[options]
data = ["photos"]
model = "clean"
width = 8
blocks = 1
crop = 32
batch = 2
warmup = 1
save_every = 0

[[steps]]
name = "first"
steps = 9
stop_at = 2

[[steps]]
name = "second"
start = "first"
teacher = "first"
teacher_pairs = 0
steps = 2
learning_rate = 0

[[steps]]
name = "ship"
mix = { first = 0.25, second = 0.75 }
multiply = { tail = 2 }
"""


@pytest.fixture
def recipe(tmp_path: Path, photo_folder: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "photos").symlink_to(photo_folder)
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def follow(recipe: Path) -> Path:
    where = recipe.parent
    machine = {"device": "cpu", "precision": "fp32", "workers": 0}
    return run_recipe(recipe, data=where / "data", out=where / "runs", vgg=None, **machine)


def states(out: Path) -> dict[str, dict[str, torch.Tensor]]:
    return {
        name: weights.read(out / name / weights.RUN_WEIGHTS, "upscale").state
        for name in ("first", "second", "ship")
    }


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_recipes_can_be_run(path: Path) -> None:
    recipe = read_recipe(path)
    used: set[str] = set()
    for step in recipe.steps:
        if isinstance(step, RunStep):
            training, config = options_of(recipe, step, Path("data"), Path("runs"), {"vgg": None})
            assert config.steps is not None
            assert step.stop_at is None or step.stop_at < config.steps
            named = {
                "translate": ("a", "b"),
                "stylize": ("content", "style", "examples"),
                "invert": ("data", "others"),
            }
            given = (getattr(training, name) for name in named.get(recipe.task, ("data",)))
            folders = [folder for several in given for folder in several]
            used |= {_below_data(folder) for folder in folders}
        for source in sources(step):
            other, _, name = source.rpartition("/")
            (read_recipe(path.with_name(f"{other}.toml")) if other else recipe).step(name)
    assert used == recipe.data.keys(), "every folder is described"


def _below_data(folder: str) -> str:
    """What a recipe calls the folder of an option: `sketch:data/shoes@0.5` is shoes."""
    path = Path(folder.removeprefix(DRAWN)).relative_to("data")
    return path.as_posix().partition("@")[0]


def test_every_shipped_file_has_a_recipe_of_its_task() -> None:
    assert len(SHIPPED) == len(weights.shipped())
    for row in weights.shipped():
        recipe = read_recipe(row.path.parent / "recipes" / row.recipe)
        assert recipe.task == row.task
        last = [step for step in recipe.steps if isinstance(step, RunStep)][-1]
        _, config = options_of(recipe, last, Path("data"), Path("runs"), {})
        assert isinstance(config, TrainingConfig)


def test_steps_follow_each_other(recipe: Path) -> None:
    assert follow(recipe) == recipe.parent / "runs" / "small" / "ship"
    found = states(recipe.parent / "runs" / "small")
    assert tiny.checkpoint(recipe.parent / "runs" / "small" / "first")["step"] == 2
    for name, shipped in found["ship"].items():
        # At a rate of zero the second is the first.
        expected = found["first"][name].float() * (2 if name.startswith("tail") else 1)
        torch.testing.assert_close(shipped.float(), expected, atol=1e-3, rtol=1e-3)


def test_what_is_done_is_not_done_again(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs, original = [], run_training

    def counted(task: UpscaleTask, config: TrainingConfig, *more: object) -> None:
        runs.append((config.out.name, config.resume))
        if len(runs) == 1:
            original(task, config, None, 1)  # as if it had been interrupted
            raise KeyboardInterrupt
        original(task, config, *more)

    monkeypatch.setattr("ganedit.app.training.run_training", counted)
    with pytest.raises(KeyboardInterrupt):
        follow(recipe)
    follow(recipe)
    follow(recipe)
    assert runs == [("first", False), ("first", True), ("second", False)]


def test_weights_of_another_recipe_are_made_first(recipe: Path) -> None:
    text = """
task = "upscale"
[data]
[[steps]]
name = "only"
mix = { "small/first" = 1.0 }
rename = { "body.0" = "body.1" }
"""
    (recipe.parent / "other.toml").write_text(text)
    folder = follow(recipe.parent / "other.toml")
    made = weights.read(folder / weights.RUN_WEIGHTS).state
    assert "body.1.first.weight" in made
    assert (recipe.parent / "runs" / "small" / "first" / weights.RUN_WEIGHTS).exists()
    assert not (recipe.parent / "runs" / "small" / "second").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("width = 8", "widht = 8", "step 'first': there is no option 'widht'"),
        ("crop = 32", "crop = 33", "step 'first': --crop 33: use a multiple of 32"),
        ("crop = 32", 'crop = "a"', "step 'first': --crop 'a': use a whole number"),
        ('start = "first"', 'start = "third"', "step 'second' needs 'third', which is not before"),
        ('name = "second"', 'name = "first"', "two steps are called 'first'"),
        ('task = "upscale"', 'task = "downscale"', "no task 'downscale'; use upscale, inpaint"),
        ('task = "upscale"', "", "not a recipe"),
        ('task = "upscale"', "task =", "the recipe cannot be read"),
    ],
)
def test_recipes_that_cannot_be_meant(recipe: Path, old: str, new: str, message: str) -> None:
    recipe.write_text(SMALL.replace(old, new, 1))
    with pytest.raises(UsageError, match=message) as caught:
        follow(recipe)
    assert str(recipe) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (recipe.parent / "runs").exists()


def test_weights_are_mixed_scaled_and_renamed() -> None:
    step = WeightStep("s", {"a": 0.5, "b": 0.5}, {"tail": 3}, {"tail": "end"})
    made = step.apply(
        {"a": {"tail.weight": torch.ones(1), "detail": torch.ones(1)},
         "b": {"tail.weight": torch.zeros(1), "detail": 3 * torch.ones(1)}}
    )  # fmt: skip
    assert {name: float(value) for name, value in made.items()} == {"end.weight": 1.5, "detail": 2}


def test_missing_recipe_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml: the recipe cannot be read"):
        read_recipe(tmp_path / "none.toml")


def test_teacher_may_be_a_file_beside_the_pictures(recipe: Path) -> None:
    keeping = 'teacher = "else.pth"\nteacher_folder = "answers"\nteacher_data = ["photos@0.5"]'
    recipe.write_text(SMALL.replace('teacher = "first"\nteacher_pairs = 0', keeping))
    found = read_recipe(recipe)
    step = found.step("second")
    assert isinstance(step, RunStep)
    assert sources(step) == ["first"]
    training, _ = options_of(found, step, Path("data"), Path("runs"), {})
    assert training.teacher == str(Path("data/else.pth"))
    assert training.teacher_folder == Path("runs/small/answers")
    assert training.teacher_data == (str(Path("data/photos@0.5")),)
