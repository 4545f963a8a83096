"""A training run from the command line: with its progress shown."""

from tqdm import tqdm

from ganedit import weights
from ganedit.task import Pair, TrainableTask
from ganedit.training.config import TrainingConfig
from ganedit.training.loop import train


def run_training(task: TrainableTask, config: TrainingConfig, start: str | None) -> None:
    """Train, beginning from the weights `start` if given, and show a bar with the time left."""

    def load(pair: Pair) -> None:
        if start is not None:
            path = weights.locate(start)
            weights.load_matching(pair.generator, weights.read(path, task.name).state, path)

    with tqdm(unit="step", dynamic_ncols=True, mininterval=1.0) as bar:

        def progress(step: int, total: int, line: str | None) -> None:
            if bar.n == 0 and step > 1:
                bar.initial = bar.n = step - 1
            bar.total = total
            bar.update(step - bar.n)
            if line is not None:
                bar.set_postfix_str(line, refresh=False)

        train(task, config, start=load, progress=progress)
