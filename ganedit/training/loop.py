"""The training loop: one linear pass from the first step to the last."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any, Protocol

import cv2
import torch
from filelock import FileLock, Timeout
from torch.utils.data import DataLoader, Dataset

from ganedit import runtime
from ganedit.errors import TrainingError
from ganedit.training import distributed
from ganedit.training.config import TrainingConfig
from ganedit.training.distributed import Ranks
from ganedit.training.record import Record
from ganedit.training.state import (
    CHECKPOINT,
    State,
    check_same_run,
    read_checkpoint,
    save_checkpoint,
    to_device,
)
from ganedit.training.step import training_step
from ganedit.training.task import Batch, Batches, Networks, TrainableTask

# More steps than any run by the clock will see.
_ENDLESS = 1 << 40
# In the folder of a run, held as long as it is trained.
_LOCK = ".lock"


class Watcher(Protocol):
    """What the loop tells whoever watches.

    Args:
        state: where the run is: `step`, `images`, `done`.
        line: the newest row of the log, if there is a new one.
    """

    def __call__(self, state: State, line: str | None) -> None: ...


def train(
    task: TrainableTask,
    config: TrainingConfig,
    *,
    start: Callable[[Networks], None] | None = None,
    progress: Watcher = lambda state, line: None,
    command: str = "",
    stop_at: int | None = None,
) -> Networks:
    """Train a task and return its networks, each generator as its moving average.

    Args:
        task: what is trained.
        config: how.
        start: called with the new networks before step 0, to load weights to begin from.
        progress: called after every step, and once for a run that is resumed at its end.
        command: how the run was asked for, for its report.
        stop_at: leave off after this step, before the end; the run can be resumed.

    Raises:
        TrainingError: the run cannot be started, resumed or written, or diverged.
        KeyboardInterrupt: after the checkpoint of the step reached was written.
    """
    with distributed.joined() as ranks, contextlib.ExitStack() as held:
        device, dtype = _arithmetic(config, ranks)
        # First of all, so that other options are told before pictures are looked through.
        saved = _checkpoint_of(task, config, ranks)
        batches = task.batches(config.seed * 1009 + ranks.rank, config.held_out)
        state = _begin(task, config, device, ranks, start, saved)
        del saved  # a copy of the state, for as long as the run lasts
        state.command = state.command or command
        held.enter_context(_folder_of(config, ranks, device))

        began, saved_at = time.monotonic() - state.seconds, time.monotonic()
        record = Record(task, batches, config, state, dtype) if ranks.first else None
        if record is not None and state.done >= 1:
            progress(state, None)  # resumed at its end, where there is no step to tell of
        with _interrupts() as interrupted:
            for group in _groups(batches, state, config):
                moved = [to_device(batch, device) for batch in group]
                terms = training_step(task, state, moved, config, dtype, ranks)

                now = time.monotonic()
                stop, save, state.seconds = distributed.largest(
                    [len(interrupted), now - saved_at > config.save_every, now - began],
                    ranks, device,
                )  # fmt: skip
                last = state.done >= 1
                if record is not None:
                    progress(state, record.step(terms, last=last))
                if stop or save or last or state.step == stop_at:
                    save_checkpoint(state, config, task.options, ranks)
                    if record is not None:
                        record.save()
                    saved_at = time.monotonic()
                if last or state.step == stop_at:
                    break
                if stop:
                    raise KeyboardInterrupt
        if record is not None:
            record.close()
        distributed.wait(ranks)
        if state.done >= 1 and state.step <= config.critic_lead:
            raise TrainingError(
                f"--minutes {state.minutes:g}: the time was over after {state.step} steps, all "
                f"within --critic-lead {config.critic_lead}; give more minutes or a shorter lead"
            )
    return state.averaged


def _arithmetic(config: TrainingConfig, ranks: Ranks) -> tuple[torch.device, torch.dtype]:
    """Where to train, and in what the forward passes compute."""
    device = config.device
    if ranks.world > 1 and device == "auto" and torch.cuda.is_available():
        device = f"cuda:{ranks.local}"
    where = runtime.choose(device, config.precision)
    # fp16, the choice for editing on older GPUs, would lose small gradients without scaling.
    bf16 = where.dtype == torch.bfloat16
    return where.device, torch.bfloat16 if bf16 else torch.float32


def _checkpoint_of(
    task: TrainableTask, config: TrainingConfig, ranks: Ranks
) -> Mapping[str, Any] | None:
    """What a run goes on from, which has to be a run of these options; None for a new one."""
    if config.resume:
        saved = read_checkpoint(config.out)
        check_same_run(saved, config, task.options, ranks)
        return saved
    if (config.out / CHECKPOINT).exists():
        raise TrainingError(f"{config.out}: holds a run; add --resume, or take another --out")
    return None


@contextlib.contextmanager
def _folder_of(config: TrainingConfig, ranks: Ranks, device: torch.device) -> Iterator[None]:
    """The run's folder, kept from a second training that would write the same files."""
    config.out.mkdir(parents=True, exist_ok=True)
    lock, taken = FileLock(config.out / _LOCK, thread_local=False), False
    if ranks.first:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            taken = True
    if any(distributed.largest([taken], ranks, device)):
        raise TrainingError(f"{config.out}: a training runs there; wait, or take another --out")
    try:
        yield
    finally:
        lock.release()


def _begin(
    task: TrainableTask,
    config: TrainingConfig,
    device: torch.device,
    ranks: Ranks,
    start: Callable[[Networks], None] | None,
    saved: Mapping[str, Any] | None,
) -> State:
    """The state at the first step, or at that of the checkpoint `saved`."""
    torch.manual_seed(config.seed)
    networks = task.build()
    if config.critic_lead and not networks.critics:
        raise TrainingError(
            f"--critic-lead {config.critic_lead}: this training has no critic; leave it out"
        )
    if start is not None and saved is None:  # a run that goes on has weights of its own
        start(networks)
    for network in (*networks.trained.values(), *networks.frozen.values()):
        network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    for helper in networks.frozen.values():
        helper.requires_grad_(False).eval()
    distributed.same_start(networks.trained.values(), ranks)
    state = State.fresh(networks, config, task.pool)
    if saved is not None:
        state.load_state_dict(saved, ranks)
    return state


class _Steps(Dataset[Batch]):
    """`Batches` seen from a DataLoader: item i is the i-th batch."""

    def __init__(self, batches: Batches) -> None:
        self.batches = batches

    def __getitem__(self, index: int) -> Batch:
        return self.batches[index]


def _groups(batches: Batches, state: State, config: TrainingConfig) -> Iterator[Sequence[Batch]]:
    """The remaining steps' batches, `accumulate` to a step, prepared ahead of time."""
    steps = state.step if state.done >= 1 else state.steps or _ENDLESS
    # Workers may be forked, which OpenCV's threads do not survive: they would wait for them.
    cv2.setNumThreads(0)
    loader = DataLoader(
        _Steps(batches),
        batch_size=None,
        sampler=range(state.step * config.accumulate, steps * config.accumulate),
        num_workers=config.workers,
        prefetch_factor=4 if config.workers else None,
        worker_init_fn=_leave_signals,
        # Its workers' seeds are drawn from here, not from the global state of the step.
        generator=torch.Generator().manual_seed(config.seed),
    )
    group: list[Batch] = []
    for batch in loader:
        group.append(batch)
        if len(group) == config.accumulate:
            yield group
            group = []


def _leave_signals(worker: int) -> None:
    """Let workers leave Ctrl-C to the parent, who ends them."""
    # DataLoader has set torch to one thread here; setting it again may wait for ever for threads
    # that did not survive the fork.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextlib.contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Collect the first Ctrl-C or termination signal; a second one acts at once."""
    caught: list[int] = []
    previous: dict[int, Any] = {}

    def catch(number: int, frame: FrameType | None) -> None:
        if caught:
            raise KeyboardInterrupt
        caught.append(number)

    numbers = (signal.SIGINT, signal.SIGTERM)
    with contextlib.suppress(ValueError):  # not in the main thread: leave the signals alone
        previous = {number: signal.signal(number, catch) for number in numbers}
    try:
        yield caught
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
