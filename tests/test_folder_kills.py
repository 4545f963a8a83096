"""Folder runs that are killed, interrupted, or run out of disk: nothing is half done."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from command_line import EXACT, REPOSITORY, listing, run, save_network, write_photo

from ganedit.runs.inputs import JOURNAL_FOLDER

# More than a run changes before its first picture and at two of them.
KILLS = 24


@dataclass
class Command:
    """A command that is running."""

    server: "subprocess.Popen[str]"
    process: int
    log: Path

    def signal(self, kind: signal.Signals) -> None:
        os.kill(self.process, kind)

    def wait(self) -> int:
        """Its exit code; negative if a signal ended it."""
        assert self.server.stdout is not None
        return int(self.server.stdout.readline())


Start = Callable[..., Command]


@pytest.fixture
def start(forking_server: "subprocess.Popen[str]", tmp_path: Path) -> Start:
    """Start `ganedit upscale` in `tmp_path` with a small untrained network."""
    own = save_network(tmp_path / "own.safetensors")
    log = tmp_path / "log.txt"

    def started(*arguments: object, killed_at: int = 0) -> Command:
        words = [tmp_path, log, killed_at, "upscale", *arguments, "--weights", own, *EXACT]
        assert forking_server.stdin is not None
        assert forking_server.stdout is not None
        print(*words, sep="\t", file=forking_server.stdin, flush=True)
        return Command(forking_server, int(forking_server.stdout.readline()), log)

    return started


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in finished(folder)}


def finished(folder: Path) -> list[str]:
    """Everything below a folder of results but the run's own, which may vanish meanwhile."""
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = set(folders) - {JOURNAL_FOLDER}
        found += [(Path(parent) / name).relative_to(folder).as_posix() for name in files]
    return sorted(found)


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "nothing happens"
        time.sleep(0.001)


def test_killed_at_any_moment(tmp_path: Path, start: Start) -> None:
    """Before each change of files that a run makes: a result is whole or not there, and the next
    run goes on from it."""
    for number in range(40):
        name = f"in/{number % 7}/{number:03}.png"
        write_photo(tmp_path / name, 16 + number % 5, 12, seed=number)
    assert start("in", "-o", "whole").wait() == 0
    whole, now, out = contents(tmp_path / "whole"), dict[str, bytes](), tmp_path / "out"
    assert len(whole) == 40
    for change in range(1, KILLS + 1):
        before = now
        assert start("in", "-o", "out", killed_at=change).wait() == -signal.SIGKILL
        now = contents(out)
        assert now.items() <= whole.items(), "what is there is whole"
        assert before.keys() <= now.keys(), "nothing is lost"
    assert 8 < len(now) < len(whole), "there is something done, and something left to do"
    last = start("in", "-o", "out", "--report", "report.jsonl")
    assert last.wait() == 0, last.log.read_text()
    assert contents(out) == whole
    assert f"; {len(now)} finished before" in last.log.read_text()
    assert listing(out / JOURNAL_FOLDER) == ["journal.jsonl", "lock"]


def test_lock_of_a_killed_run_is_free(tmp_path: Path, start: Start) -> None:
    for number in range(2):
        write_photo(tmp_path / f"in/{number}.png", 400, 300, seed=number)
    first = start("in", "-o", "out")
    wait_for(lambda: (tmp_path / "out" / JOURNAL_FOLDER / "journal.jsonl").exists())
    done = run("upscale", tmp_path / "in", "-o", tmp_path / "out")
    assert (done.code, "another run is writing there" in done.complaint) == (1, True)
    first.signal(signal.SIGKILL)
    first.wait()
    assert start("in", "-o", "out").wait() == 0


def test_interrupted_once_the_pictures_in_work_are_finished(tmp_path: Path, start: Start) -> None:
    for number in range(40):
        write_photo(tmp_path / f"in/{number:02}.png", 160, 120, seed=number)
    assert start("in", "-o", "whole").wait() == 0
    command = start("in", "-o", "out")
    wait_for(lambda: bool(finished(tmp_path / "out")))
    command.signal(signal.SIGINT)
    assert command.wait() == 130
    told = command.log.read_text()
    assert "finishing the pictures in work; Ctrl-C again stops at once" in told
    done = finished(tmp_path / "out")
    assert f"stopped (interrupted): {40 - len(done)} pictures are left" in told
    assert 0 < len(done) < 40
    assert start("in", "-o", "out").wait() == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_interrupted_twice_stops_now(tmp_path: Path, start: Start) -> None:
    write_photo(tmp_path / "in/small.png")
    large = write_photo(tmp_path / "in/0.png", 3200, 2400)
    for number in (1, 2, 3):
        shutil.copy(large, tmp_path / f"in/{number}.png")
    command = start("in", "-o", "out", "--jobs", 5)
    wait_for(lambda: bool(finished(tmp_path / "out")))
    command.signal(signal.SIGINT)
    wait_for(lambda: "finishing" in command.log.read_text())
    begun = time.monotonic()
    command.signal(signal.SIGTERM)
    assert command.wait() == 130
    assert time.monotonic() - begun < 20  # those in work would take a minute
    assert command.log.read_text().endswith("ganedit: interrupted\n")
    assert finished(tmp_path / "out") == ["small.png"]


def private_mounts() -> list[str]:
    """The command before one that may mount file systems of its own; skips where none may."""
    for prefix in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
        probe = [*prefix, "mount", "-t", "tmpfs", "none", "/mnt"]
        if shutil.which("unshare") and subprocess.run(probe, capture_output=True).returncode == 0:
            return prefix
    pytest.skip("no small file system may be mounted here")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_records_that_cannot_be_printed_end_the_run(tmp_path: Path) -> None:
    for number in range(2):
        write_photo(tmp_path / f"in/{number}.png", 12, 8, seed=number)
    save_network(tmp_path / "own.safetensors")
    command = [sys.executable, "-m", "ganedit", "upscale", "in", "-o", "out", "--json",
               "--weights", "own.safetensors"]  # fmt: skip
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )  # fmt: skip
    assert done.returncode == 1
    assert "--json: standard output cannot be written; is its disk full?" in done.stderr
    assert "Traceback" not in done.stderr


def test_disk_full_halfway(tmp_path: Path) -> None:
    """A file system of its own, so small that half of the results fill it."""
    for number in range(12):
        write_photo(tmp_path / f"in/{number:02}.png", 60, 40, seed=number)
    save_network(tmp_path / "own.safetensors")
    command = f"{sys.executable} -m ganedit upscale in -o out --weights own.safetensors"
    script = f"""
        mkdir out kept && mount -t tmpfs -o size=3072k none out
        head -c 2800K /dev/zero >out/other
        {command} --report report.jsonl; echo "code $?"
        ls -A out; find out -name '*.part*'
        rm out/other
        {command}; echo "code $?"
        cp out/*.png kept"""
    done = subprocess.run(
        [*private_mounts(), "bash", "-c", script], cwd=tmp_path, capture_output=True, text=True,
        check=True, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    first, _, second = done.stdout.partition("code 1\n")
    assert "ganedit: disk full while writing out/" in done.stderr
    assert "pictures are left; the same command goes on with them" in done.stderr
    there = [name for name in second.split("\n") if name.endswith(".png")]
    assert 0 < len(there) < 12
    assert f"; {len(there)} finished before" in second
    assert second.endswith("code 0\n")
    assert ".part" not in second
    assert first.startswith(f"{len(there)} pictures in ")
    for number in range(12):
        name = f"{number:02}.png"
        assert run("upscale", tmp_path / "in" / name, "-o", tmp_path / "alone.png",
                   "--overwrite", "--weights", tmp_path / "own.safetensors").code == 0  # fmt: skip
        assert (tmp_path / "kept" / name).read_bytes() == (tmp_path / "alone.png").read_bytes()
