"""The training core: configuration, one step, one loop, one checkpoint."""
