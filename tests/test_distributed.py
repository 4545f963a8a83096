"""Two processes train one network."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import tiny
import torch

SCRIPT = """
import sys
from pathlib import Path

import tiny
import torch
import torch.distributed as dist

torch.set_num_threads(1)
from ganedit.tasks.upscale import training

training.VGG19Features = tiny.Features
from ganedit.training.distributed import Ranks, any_rank, average_gradients
from ganedit.training.loop import train

folder, out = Path(sys.argv[1]), Path(sys.argv[2])
batches = []


class Task(training.UpscaleTask):
    def batches(self, seed):
        found = super().batches(seed)
        batches.append(found[0])
        return found


result = {}


def begin(pair):
    rank = result["rank"] = dist.get_rank()
    # Networks that begin apart: only the first rank's may count.
    pair.generator.head.bias.data.add_(rank)
    probe = torch.nn.Parameter(torch.zeros(2))
    probe.grad = torch.tensor([1.0 + rank, 10.0 * rank])
    average_gradients([probe], Ranks(rank, rank, 2))
    result["mean"] = probe.grad
    result["any"] = any_rank(rank == 1, Ranks(rank, rank, 2), tiny.CPU)


task = Task(tiny.training(folder, "adversarial", augment=True, penalty_every=2))
pair = train(task, tiny.config(out / "run", steps=3, ema=0.5), start=begin)
result |= {"weights": pair.state_dict(), "batch": batches[0]}
torch.save(result, out / f"rank{result['rank']}.pt")
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory, photo_folder: Path) -> list[dict]:
    """What each of two gloo ranks ended with, and the first batch that it saw."""
    out = tmp_path_factory.mktemp("distributed")
    script = out / "script.py"
    script.write_text(SCRIPT)
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here), str(here.parent), os.environ.get("PYTHONPATH", "")])
    # No GPU for these: the ranks would look for one each.
    environment = {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    result = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2",
            "--master-addr", "127.0.0.1", "--master-port", str(free_port()),
            str(script), str(photo_folder), str(out),
        ],
        env={**os.environ, **environment},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    assert (out / "run" / "checkpoint.pt").exists()
    return [torch.load(out / f"rank{rank}.pt", weights_only=True) for rank in (0, 1)]


def test_ranks_see_different_pictures(ranks: list[dict]) -> None:
    assert not torch.equal(ranks[0]["batch"]["high"], ranks[1]["batch"]["high"])


def test_ranks_end_with_the_same_networks(ranks: list[dict]) -> None:
    first, second = (tiny.tensors(rank["weights"]) for rank in ranks)
    assert any(name.startswith("/critic") for name in first)
    differing = [name for name, value in first.items() if not torch.equal(value, second[name])]
    assert not differing


def test_gradients_are_averaged_and_a_stop_is_shared(ranks: list[dict]) -> None:
    assert [rank["rank"] for rank in ranks] == [0, 1]
    for rank in ranks:
        assert rank["mean"].tolist() == [1.5, 5.0]
        assert rank["any"] is True
