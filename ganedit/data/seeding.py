"""Random generators that depend on a position only."""

import numpy as np


def generator_at(seed: int, step: int) -> np.random.Generator:
    """The random generator of that step: the same in every process, run and resumption."""
    return np.random.default_rng((seed, step))


def step_seed(seed: int, rank: int, step: int) -> int:
    """A seed for torch's own generators at that step of that rank."""
    return int(np.random.SeedSequence((seed, rank, step)).generate_state(1, np.uint64)[0] >> 1)
