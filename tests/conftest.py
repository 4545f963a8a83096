"""What every test runs with."""

import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import filelock
import PIL.Image
import pytest
import tiny
import torch
from command_line import REPOSITORY

from ganedit.tasks.upscale.training import UpscaleTask

# The networks here are too small to share, and one thread sums in one order; a process of tests
# on each core shares with the others. What tests start does as they do.
torch.set_num_threads(1)
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Decoded pictures are not kept among the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANEDIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def forking_server() -> Iterator["subprocess.Popen[str]"]:
    """The process that commands are forked from."""
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("forking.py")],
        env={**os.environ, **single}, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    yield process
    process.communicate()


@pytest.fixture
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No other test that asks for this runs meanwhile: Ray finds what runs on the machine."""
    with filelock.FileLock(tmp_path_factory.getbasetemp().parent / "ray.lock"):
        yield


@pytest.fixture
def cluster(alone: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Ray head that edits nothing, so that every picture is in the hands of what may die."""
    pytest.importorskip("ray")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))  # what is installed elsewhere
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Ray's own
        from ray.cluster_utils import Cluster

        nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
        yield nodes
        nodes.shutdown()


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five small photos, one of them in a folder of its own."""
    folder = tmp_path_factory.mktemp("photos")
    (folder / "inner").mkdir()
    for number in range(5):
        name = f"inner/{number}.png" if number == 4 else f"{number}.png"
        PIL.Image.fromarray(tiny.photo(number, 96, 96 + 8 * number)).save(folder / name)
    return folder


@pytest.fixture
def make_task(photo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., UpscaleTask]:
    """A tiny upscaling task of a phase and other options, with a tiny feature network."""
    monkeypatch.setattr("ganedit.training.sight.VGG19Features", tiny.Features)
    return lambda *args, **options: UpscaleTask(tiny.training(photo_folder, *args, **options))
