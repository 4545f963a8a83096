"""Random generators that depend on a position only."""

import numpy as np


def generator_at(seed: int, step: int) -> np.random.Generator:
    """The random generator of that step: the same in every process, run and resumption."""
    return np.random.default_rng((seed, step))
