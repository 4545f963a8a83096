"""Weight files: saved, found, checked, mixed; and the ones that ship."""

import hashlib
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import tiny
import torch
from safetensors.torch import save_file
from torch import nn

from ganedit import weights
from ganedit.errors import WeightsError
from ganedit.tasks.upscale.network import Upscaler
from ganedit.tasks.upscale.options import NetworkOptions
from ganedit.weights import WeightFile

SHIPPED_LIMIT = 45_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A random upscaler's weights."""
    path, network = tmp_path / "mine.safetensors", tiny.network()
    weights.save(network, path, task="upscale", options=asdict(network.options))
    return path


def entry_for(path: Path) -> WeightFile:
    """The manifest's row of a file as it is now."""
    content = path.read_bytes()
    return WeightFile(
        path=path, task="upscale", labels={"model": "photo", "scale": "x4"},
        sha256=hashlib.sha256(content).hexdigest(), bytes=len(content),
        licence="", trained_on="", recipe="", score="",
    )  # fmt: skip


def test_saved_and_loaded_network_gives_the_same_output(file: Path) -> None:
    contents = weights.read(file, "upscale")
    loaded = Upscaler(NetworkOptions(**contents.options))
    weights.load(loaded, contents.state, file)
    original, pictures = tiny.network(), torch.rand(1, 3, 8, 8)
    # Half precision keeps 11 bits: a residual of about 0.1 is right to 1e-4.
    torch.testing.assert_close(loaded(pictures), original(pictures), atol=1e-3, rtol=0)
    for name, value in original.state_dict().items():
        assert torch.equal(contents.state[name], value.half()), name


def test_channels_last_and_shared_tensors_are_saved(tmp_path: Path) -> None:
    convolution = nn.Conv2d(4, 4, 3)
    module = nn.Sequential(convolution, convolution).to(memory_format=torch.channels_last)
    weights.save(module, tmp_path / "w.safetensors", task="upscale", options={"a": 1})
    contents = weights.read(tmp_path / "w.safetensors")
    assert torch.equal(contents.state["1.weight"], convolution.weight.detach().half())
    assert contents.options == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]


def test_whole_shipped_file_is_read(file: Path) -> None:
    assert weights.read_shipped(entry_for(file)).options["width"] == tiny.NETWORK.width


@pytest.mark.parametrize("place", [10, -1], ids=["header", "last byte"])
def test_altered_file_is_refused_with_the_way_to_get_it(file: Path, place: int) -> None:
    entry = entry_for(file)
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    with pytest.raises(WeightsError, match=r"checksum.*pip install") as caught:
        weights.read_shipped(entry)
    assert str(file) in str(caught.value)


def test_missing_file_is_refused_with_the_way_to_get_it(file: Path) -> None:
    entry = replace(entry_for(file), path=file.with_name("gone.safetensors"))
    with pytest.raises(WeightsError, match=r"gone\.safetensors.*missing.*pip install"):
        weights.read_shipped(entry)


def test_weights_of_another_task_are_refused(file: Path) -> None:
    with pytest.raises(WeightsError, match="weights of upscale, not of inpaint"):
        weights.read(file, "inpaint")


def test_file_that_is_no_weight_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    for write, told in (
        (lambda: path.write_bytes(b"not safetensors at all"), "no weights of ganedit"),
        (lambda: save_file({"a": torch.zeros(2)}, path), "no weights of ganedit"),
        (lambda: path.unlink(), "cannot be read"),
    ):
        write()
        with pytest.raises(WeightsError, match=rf"other\.safetensors: {told}"):
            weights.read(path)


@pytest.mark.parametrize(
    "options",
    [NetworkOptions(4, 16, 1), NetworkOptions(4, 8, 2), NetworkOptions(2, 8, 1)],
    ids=["wider", "deeper", "other scale"],
)
def test_network_of_other_shape_is_refused(file: Path, options: NetworkOptions) -> None:
    with pytest.raises(WeightsError, match="does not fit"):
        weights.load(Upscaler(options), weights.read(file).state, file)


def test_load_matching_takes_what_fits(file: Path) -> None:
    other = tiny.network(1, NetworkOptions(2, 8, 1))
    tail = other.tail.weight.detach().clone()
    state = weights.read(file).state
    assert weights.load_matching(other, state, file) == 2
    assert torch.equal(other.head.weight, state["head.weight"].float())
    assert torch.equal(other.tail.weight, tail), "12 channels against 48: left as it was"
    with pytest.raises(WeightsError, match="only 0 of its 10 tensors fit"):
        weights.load_matching(nn.Conv2d(3, 3, 3), state, file)


def test_load_matching_fills_a_part_of_a_larger_network() -> None:
    small = tiny.network(1)
    large = tiny.network(2, replace(tiny.NETWORK, trunk_width=8, trunk_blocks=8))
    own, state = len(large.state_dict()), small.state_dict()
    assert len(state) < own / 2
    assert weights.load_matching(large, state, Path("small")) == own - len(state)
    pictures = torch.rand(1, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(large(pictures), small(pictures))


def test_locate_takes_files_runs_and_names(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, home = tmp_path / "run", tmp_path / "home"
    run.mkdir()
    home.mkdir()
    inside, named = run / weights.RUN_WEIGHTS, home / "crisp.safetensors"
    inside.write_bytes(b"")
    named.write_bytes(b"")
    monkeypatch.setenv("GANEDIT_WEIGHTS", str(home))
    assert weights.user_folder() == home
    assert weights.locate(str(file)) == file
    assert weights.locate(str(run)) == inside
    assert weights.locate("crisp") == named
    assert weights.locate("crisp.safetensors") == named
    for missing in ("blunt", str(tmp_path)):
        with pytest.raises(WeightsError, match="no weight file"):
            weights.locate(missing)


def test_user_folder_without_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GANEDIT_WEIGHTS", raising=False)
    assert weights.user_folder().parts[-2:] == ("ganedit", "weights")


def test_find_goes_by_labels(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = entry_for(file)
    clean = replace(photo, labels={"model": "clean", "scale": "x4"})
    monkeypatch.setattr(weights, "shipped", lambda: (photo, clean))
    assert weights.find("upscale", model="clean") is clean
    assert weights.find("upscale", scale="x4", model="photo") is photo
    with pytest.raises(WeightsError, match="for clean x2; there are: photo x4; clean x4"):
        weights.find("upscale", model="clean", scale="x2")
    with pytest.raises(WeightsError, match=r"no weights for inpaint ship yet"):
        weights.find("inpaint", model="clean")


def test_interpolation_goes_from_one_end_to_the_other() -> None:
    start = {"a": torch.tensor([0.0, 2.0]).half(), "b": torch.tensor(1.0).half()}
    end = {"a": torch.tensor([1.0, 0.0]).half(), "b": torch.tensor(3.0).half()}
    for share, expected in ((0.0, [0, 2, 1]), (0.5, [0.5, 1, 2]), (1.0, [1, 0, 3])):
        mixed = weights.interpolate(start, end, share)
        assert [*mixed["a"].tolist(), float(mixed["b"])] == expected
        assert mixed["a"].dtype == torch.float32
    with pytest.raises(WeightsError, match="different networks"):
        weights.interpolate(start, {"a": start["a"]}, 0.5)
    with pytest.raises(WeightsError, match="different networks"):
        weights.interpolate(start, {**end, "b": torch.zeros(2)}, 0.5)


def test_damaged_manifest_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "shipped_folder", lambda: tmp_path)
    for content in (None, "not toml [", "[[weights]]\nfile = 'a'\n"):
        if content is not None:
            (tmp_path / weights.MANIFEST).write_text(content)
        with pytest.raises(WeightsError, match="cannot be read"):
            weights.shipped.__wrapped__()


def test_every_shipped_file_is_whole_and_described() -> None:
    rows = weights.shipped.__wrapped__()
    for row in rows:
        content = row.path.read_bytes()
        assert len(content) == row.bytes, row.path
        assert hashlib.sha256(content).hexdigest() == row.sha256, row.path
        assert row.licence, row.path
        assert row.trained_on, row.path
        assert (weights.shipped_folder() / "recipes" / row.recipe).is_file(), row.path
        assert row.score, row.path
    listed, present = {row.path for row in rows}, weights.shipped_folder().glob("*.safetensors")
    assert listed == set(present), "a row for every file and a file for every row"


def test_every_shipped_upscaler_loads() -> None:
    for row in weights.shipped.__wrapped__():
        if row.task == "upscale":
            contents = weights.read_shipped(row)
            assert row.labels["scale"] == f"x{contents.options['scale']}"
            weights.load(Upscaler(NetworkOptions(**contents.options)), contents.state, row.path)


def test_shipped_weights_are_small() -> None:
    files = [path for path in weights.shipped_folder().rglob("*") if path.is_file()]
    assert files
    assert sum(path.stat().st_size for path in files) < SHIPPED_LIMIT
