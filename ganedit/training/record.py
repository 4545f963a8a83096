"""What a run leaves in its folder while it goes on: scores, sheets, weights, and the log of all."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ganedit import weights
from ganedit.training.config import TrainingConfig
from ganedit.training.log import Log
from ganedit.training.report import write_report
from ganedit.training.state import State, to_device
from ganedit.training.task import GENERATOR, Batch, Batches, Step, TrainableTask

# Beside the last weights of a run, the best by the score of what was held out.
BEST_WEIGHTS = "best.safetensors"


class Record:
    """Looks at a run through its averaged generators, on the first rank only.

    Sheets and scores are of the same inputs every time: those held out, or, where none are, the
    first pictures that are trained on (sheets only).
    """

    def __init__(
        self,
        task: TrainableTask,
        batches: Batches,
        config: TrainingConfig,
        state: State,
        dtype: torch.dtype,
    ) -> None:
        self.task, self.config, self.state, self.dtype = task, config, state, dtype
        self.log = Log(config, state.step)
        kept = task.held_out(config.held_out) if config.held_out else []
        self.held_out = [to_device(batch, state.device) for batch in kept]
        self.shown = self.held_out[0] if kept else to_device(batches[0], state.device)
        if state.step == 0:
            self._score()
            self._sample()

    def step(self, terms: dict[str, Tensor], *, last: bool) -> str | None:
        """Take a step's terms; returns the new row of the log as a line, if there is one."""
        step, config = self.state.step, self.config
        if step % config.evaluate_every == 0 or last:
            self._score()
        if step % config.sample_every == 0 or last:
            self._sample()
        rate = self.state.rate
        return self.log.add(step, self.state.images, self.state.seconds, rate, terms, last=last)

    def save(self) -> None:
        """The averaged weights so far, the plot and the report."""
        self._save(weights.RUN_WEIGHTS)
        self.log.plot()
        scored = sum(len(next(iter(batch.values()))) for batch in self.held_out)
        write_report(self.task, self.config, self.state, scored)

    def close(self) -> None:
        """Flush what is still open."""
        self.log.close()

    def _score(self) -> None:
        if not self.held_out:
            return
        with self._looking():
            scores = self.task.score([self._look(batch) for batch in self.held_out])
        self.log.scores(self.state.step, self.state.images, self.state.seconds, scores.values)
        if scores.quality > self.state.best:
            self.state.best = scores.quality
            self._save(BEST_WEIGHTS)

    def _sample(self) -> None:
        with self._looking():
            columns = self.task.sample(self._look(self.shown))
        self.log.sample(self.state.step, columns)

    def _save(self, name: str) -> None:
        network = self.state.averaged[GENERATOR]
        weights.save(
            network, self.config.out / name, task=self.task.name, options=self.task.network
        )

    @contextmanager
    def _looking(self) -> Iterator[None]:
        """The same random numbers every time. A training step has its own: nothing is disturbed."""
        torch.manual_seed(self.config.seed)
        autocast = torch.autocast(
            self.state.device.type, self.dtype, enabled=self.dtype != torch.float32
        )
        with torch.no_grad(), autocast:
            yield

    def _look(self, batch: Batch) -> Step:
        state = self.state
        return Step(state.averaged, batch, state.step, state.done, self.task.generate)
