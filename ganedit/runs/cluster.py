"""The engine of a Ray cluster, whose nodes share the folders of pictures and results.

Every picture is a Ray task: Ray schedules them, watches over the nodes and repeats what died with
one. Workers edit and stage; to record results and move them into place is for the process that
began the run, as on one machine.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ganedit.errors import DeviceError, GaneditError, UsageError
from ganedit.runs.jobs import Job
from ganedit.runs.outcomes import JobProgress, Outcome, Outcomes
from ganedit.runs.picture import edit_picture
from ganedit.runs.threads import bytes_for
from ganedit.runs.work import Work, digest
from ganedit.runtime import limited_threads
from ganedit.task import Apply

try:
    import ray
    from ray.exceptions import RayError, RayTaskError
except ImportError as error:
    raise UsageError(
        "--engine ray needs one more package: pip install 'ganedit[cluster]'"
    ) from error

PORT = 6379
# How often a picture is begun again after its worker or node died; of others' fault, mostly.
RETRIES = 5
# Tasks handed to Ray for each of the cluster's cores: one in work, and one that waits for it.
AHEAD = 2
# Pictures that share a GPU: it computes one while others are decoded and encoded.
SHARES_OF_GPU = 4


def edit_on_cluster(
    jobs: Iterator[Job], work: Work, progress: JobProgress, address: str
) -> Outcomes:
    """Edit jobs on every node of a cluster.

    Args:
        jobs: asked for the next one whenever the cluster has room.
        work: what is done to them; its files have the same names on every node.
        progress: told when a picture is done.
        address: `auto` for the cluster that this machine belongs to, or `HOST[:PORT]` of its head.

    Raises:
        GaneditError: there is no such cluster, or the weights cannot be used.
    """
    if len(work.run.placement.devices) > 1:
        raise UsageError("--device: a cluster finds its GPUs itself; give cuda, cpu or auto")
    with _connected(address):
        share = _gpu_share(work.run.placement.device)
        edit = ray.remote(num_cpus=1, num_gpus=share, max_retries=RETRIES)(_edit)
        shared, here = ray.put(work), os.getcwd()  # noqa: PTH109 - text is what is sent
        running: dict[ray.ObjectRef[Outcome | GaneditError], Job] = {}
        while True:
            for job in _next(jobs, _room() - len(running)):
                memory = min(bytes_for(job, work), _largest_memory())
                running[edit.options(memory=memory).remote(shared, job, here)] = job
            if not running:
                return
            ready, _ = ray.wait(list(running), timeout=1)
            for task in ready:
                outcome = _outcome(task, running.pop(task))
                progress(outcome.job, 1.0)
                yield outcome


# What this worker has loaded, by what it is for: one run's at a time.
_loaded: dict[str, Apply] = {}


def _edit(work: Work, job: Job, folder: str) -> Outcome | GaneditError:
    """The task, in a worker. Names are relative to the folder in which the run began."""
    with suppress(OSError):
        os.chdir(folder)  # where it is not shared, the user gave whole names
    key = digest({**work.provenance(), "placement": repr(work.run.placement)})
    with limited_threads(1):
        try:
            if key not in _loaded:
                _loaded.clear()
                _loaded[key] = work.load(work.runtime())
        except GaneditError as error:
            return error
        return edit_picture(job, _loaded[key], work, lambda job, done: None)


def _outcome(task: "ray.ObjectRef[Outcome | GaneditError]", job: Job) -> Outcome:
    try:
        result: Outcome | GaneditError = ray.get(task)
    except RayTaskError as error:
        reason = str(error).strip().splitlines()[-1]
        raise DeviceError(
            f"a worker cannot begin ({reason}); install the same ganedit on every node"
        ) from error
    except RayError as error:
        reason = type(error).__name__
        return Outcome(job, DeviceError(f"{job.source}: its workers died ({reason}); run again"))
    if isinstance(result, GaneditError):
        raise result
    return result


@contextmanager
def _connected(address: str) -> Iterator[None]:
    place = address if address == "auto" or ":" in address else f"{address}:{PORT}"
    try:
        ray.init(address=place, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise DeviceError(
            f"--address {address}: no Ray cluster answers; start one with: ray start --head"
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _gpu_share(device: str) -> float:
    wanted = device.startswith("cuda") or (device == "auto" and _resource("GPU") > 0)
    return 1 / SHARES_OF_GPU if wanted else 0


def _room() -> int:
    """Tasks that the cluster, as large as it is now, may be given."""
    return AHEAD * max(1, int(_resource("CPU")))


def _resource(name: str) -> float:
    return float(ray.cluster_resources().get(name, 0))


def _largest_memory() -> int:
    """What a task may claim on some node: one that claims more would wait for ever."""
    nodes = [node["Resources"].get("memory", 0) for node in ray.nodes() if node["Alive"]]
    return int(max(nodes, default=0))


def _next(jobs: Iterator[Job], count: int) -> Iterator[Job]:
    for _ in range(count):
        if (job := next(jobs, None)) is None:
            return
        yield job
