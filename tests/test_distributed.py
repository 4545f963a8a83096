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
from ganedit.training import sight

sight.VGG19Features = tiny.Features
from ganedit.training.distributed import Ranks, average_gradients, gathered, joined, largest
from ganedit.training.loop import train

folder, out = Path(sys.argv[1]), Path(sys.argv[2])
batches = []


class Task(training.UpscaleTask):
    def batches(self, seed, held_out):
        found = super().batches(seed, held_out)
        batches.append(found[0])
        return found


result = {}


def begin(networks):
    rank = result["rank"] = dist.get_rank()
    # Networks that begin apart: only the first rank's may count.
    networks["generator"].head.bias.data.add_(rank)
    probe = torch.nn.Parameter(torch.zeros(2))
    probe.grad = torch.tensor([1.0 + rank, 10.0 * rank])
    average_gradients([probe], Ranks(rank, rank, 2))
    result["mean"] = probe.grad
    result["largest"] = largest([rank, 5.0 - rank], Ranks(rank, rank, 2), tiny.CPU)
    result["gathered"] = gathered({"rank": rank}, Ranks(rank, rank, 2))


task = Task(tiny.training(folder, "adversarial", augment=True, penalty_every=2))
task.pool = 3
options = {"ema": 0.5, "held_out": 0.4, "evaluate_every": 2}
with joined():
    networks = train(task, tiny.config(out / "run", steps=5, **options), start=begin)
    train(task, tiny.config(out / "broken", steps=5, **options), start=begin, stop_at=3)
    train(task, tiny.config(out / "broken", resume=True, **options))
result |= {"weights": tiny.parameters(networks).state_dict(), "batch": batches[0]}
torch.save(result, out / f"rank{result['rank']}.pt")
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("distributed")


@pytest.fixture(scope="module")
def ranks(out: Path, photo_folder: Path) -> list[dict]:
    """What each of two gloo ranks ended with, and the first batch that it saw."""
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
    assert any(name.startswith("/generator") for name in first)
    differing = [name for name, value in first.items() if not torch.equal(value, second[name])]
    assert not differing


def test_gradients_are_averaged_and_a_stop_is_shared(ranks: list[dict]) -> None:
    assert [rank["rank"] for rank in ranks] == [0, 1]
    for rank in ranks:
        assert rank["mean"].tolist() == [1.5, 5.0]
        assert rank["largest"] == [1.0, 5.0]
    assert ranks[0]["gathered"] == [{"rank": 0}, {"rank": 1}]


def test_every_rank_gets_its_own_pool_back(ranks: list[dict], out: Path) -> None:
    whole, broken = (tiny.checkpoint(out / name) for name in ("run", "broken"))
    assert [len(pool["high"]) for pool in whole["pools"]] == [3, 3]
    assert not torch.equal(whole["pools"][0]["high"], whole["pools"][1]["high"])
    ours, theirs = (tiny.tensors({k: c[k] for k in tiny.COMPARED}) for c in (whole, broken))
    differing = [name for name, value in ours.items() if not torch.equal(value, theirs[name])]
    assert not differing


def test_images_of_all_ranks_are_counted(ranks: list[dict], out: Path) -> None:
    assert tiny.checkpoint(out / "run")["images"] == 2 * 2 * 5
