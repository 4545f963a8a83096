"""The training loop: one linear pass from the first step to the last."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import FrameType
from typing import Any, Protocol

import cv2
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ganedit import runtime, weights
from ganedit.errors import TrainingError
from ganedit.training import distributed
from ganedit.training.config import TrainingConfig
from ganedit.training.distributed import Ranks
from ganedit.training.log import Log
from ganedit.training.state import (
    CHECKPOINT,
    State,
    check_same_run,
    read_checkpoint,
    save_checkpoint,
    to_device,
)
from ganedit.training.step import training_step
from ganedit.training.task import Batch, Batches, Pair, TrainableTask

# Steps run to learn the speed for --minutes: the first ones are slow (allocation, autotuning).
WARM_STEPS, TIMED_STEPS = 3, 8


class Progress(Protocol):
    """What the loop tells whoever watches; `line` is the newest row of the log, if any."""

    def __call__(self, step: int, total: int, line: str | None) -> None: ...


class _Steps(Dataset[Batch]):
    """`Batches` seen from a DataLoader: item i is the i-th batch."""

    def __init__(self, batches: Batches) -> None:
        self.batches = batches

    def __getitem__(self, index: int) -> Batch:
        return self.batches[index]


def train(
    task: TrainableTask,
    config: TrainingConfig,
    *,
    start: Callable[[Pair], None] | None = None,
    progress: Progress = lambda step, total, line: None,
) -> Pair:
    """Train a task and return its pair, the generator replaced by its moving average.

    Args:
        task: what is trained.
        config: how.
        start: called with the new pair before step 0, to load weights to begin from.
        progress: called after every step.

    Raises:
        TrainingError: the run cannot be started, resumed or written, or diverged.
        KeyboardInterrupt: after the checkpoint of the step reached was written.
    """
    with distributed.joined() as ranks:
        device = config.device
        if ranks.world > 1 and device == "auto" and torch.cuda.is_available():
            device = f"cuda:{ranks.local}"
        where = runtime.choose(device, config.precision)
        # fp16, the choice for editing on older GPUs, would lose small gradients without scaling.
        dtype = torch.bfloat16 if where.dtype == torch.bfloat16 else torch.float32
        if not config.resume and (config.out / CHECKPOINT).exists():
            raise TrainingError(f"{config.out}: holds a run; add --resume, or take another --out")
        batches = task.batches(config.seed * 1009 + ranks.rank)
        config.out.mkdir(parents=True, exist_ok=True)
        state = _begin(task, config, where.device, ranks, start)
        if config.minutes is not None:
            state.total_steps = _steps_for(task, state, batches, config, dtype, ranks)
            if state.total_steps <= config.critic_lead:
                raise TrainingError(
                    f"--minutes {config.minutes:g}: time for {state.total_steps} steps, all within "
                    f"--critic-lead {config.critic_lead}; give more minutes or a shorter lead"
                )
        _run(task, state, batches, config, dtype, ranks, progress)
    state.pair.generator.load_state_dict(state.ema.module.state_dict())
    return state.pair


def _begin(
    task: TrainableTask,
    config: TrainingConfig,
    device: torch.device,
    ranks: Ranks,
    start: Callable[[Pair], None] | None,
) -> State:
    """The state at the first step, or at the checkpoint's."""
    torch.manual_seed(config.seed)
    task.to(device)
    pair = task.build()
    if config.critic_lead and pair.critic is None:
        raise TrainingError(
            f"--critic-lead {config.critic_lead}: this training has no critic; leave it out"
        )
    if start is not None:
        start(pair)
    pair.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    distributed.same_start(pair, ranks)
    state = State.fresh(pair, config, config.steps or 1, task.pool)
    if config.resume:
        saved = read_checkpoint(config.out)
        check_same_run(saved, config, task.options, ranks)
        state.load_state_dict(saved)
    return state


def _run(
    task: TrainableTask,
    state: State,
    batches: Batches,
    config: TrainingConfig,
    dtype: torch.dtype,
    ranks: Ranks,
    progress: Progress,
) -> None:
    device = next(state.pair.parameters()).device
    log = Log(config, state.step) if ranks.first else None
    began, saved_at = time.monotonic() - state.seconds, time.monotonic()
    with _interrupts() as interrupted:
        for group in _groups(batches, state, config):
            moved = [to_device(batch, device) for batch in group]
            terms, fakes = training_step(task, state, moved, config, dtype, ranks)
            state.seconds = time.monotonic() - began
            stop = distributed.any_rank(bool(interrupted), ranks, device)
            if log is not None:
                last = state.step == state.total_steps
                rate = state.generator_optimizer.param_groups[0]["lr"]
                line = log.add(state.step, terms, rate, state.seconds, last=last)
                progress(state.step, state.total_steps, line)
                if state.step % config.sample_every == 0 or last:
                    log.sample(state.step, task.sample(state.pair, moved[-1], fakes))
                if stop or last or time.monotonic() - saved_at > config.save_every:
                    _save(task, state, config, ranks)
                    log.plot()
                    saved_at = time.monotonic()
            if stop:
                raise KeyboardInterrupt
    if log is not None:
        log.close()


def _save(task: TrainableTask, state: State, config: TrainingConfig, ranks: Ranks) -> None:
    """The checkpoint to go on from, and the averaged weights to use meanwhile."""
    save_checkpoint(state, config, task.options, ranks)
    path = config.out / weights.RUN_WEIGHTS
    weights.save(state.ema.module, path, task=task.name, options=task.network)


def _groups(batches: Batches, state: State, config: TrainingConfig) -> Iterator[Sequence[Batch]]:
    """The remaining steps' batches, `accumulate` to a step, prepared ahead of time."""
    first, last = state.step * config.accumulate, state.total_steps * config.accumulate
    # Workers may be forked, which OpenCV's threads do not survive: they would wait for them.
    cv2.setNumThreads(0)
    loader = DataLoader(
        _Steps(batches),
        batch_size=None,
        sampler=range(first, last),
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


def _steps_for(
    task: TrainableTask,
    state: State,
    batches: Batches,
    config: TrainingConfig,
    dtype: torch.dtype,
    ranks: Ranks,
) -> int:
    """How many steps fit into `config.minutes`: a few are timed, then undone."""
    device = next(state.pair.parameters()).device
    before = _copied(state.state_dict())
    # The critic's lead takes less; counting all steps as whole ones errs on the short side.
    config = replace(config, critic_lead=0)
    for step in range(WARM_STEPS + TIMED_STEPS):
        if step == WARM_STEPS:
            start = time.perf_counter()
        group = [batches[step * config.accumulate + i] for i in range(config.accumulate)]
        terms, _ = training_step(
            task, state, [to_device(b, device) for b in group], config, dtype, ranks
        )
        float(next(iter(terms.values())))  # wait for the device
    elapsed = torch.tensor((time.perf_counter() - start) / TIMED_STEPS, device=device)
    if ranks.world > 1:
        torch.distributed.broadcast(elapsed, src=0)
    state.load_state_dict(before)
    assert config.minutes is not None
    return max(1, int(config.minutes * 60 / float(elapsed)))


def _copied(value: Any) -> Any:
    """A deep copy of nested plain data in which tensors no longer share memory."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_copied(item) for item in value)
    return value


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
