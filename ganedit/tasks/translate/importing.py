"""Taking over generators that were trained elsewhere."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from ganedit.tasks.translate.foreign import read_foreign
from ganedit.tasks.translate.network import Translator
from ganedit.tasks.translate.options import NetworkOptions


def as_translator(path: Path, to: str) -> tuple[Translator, dict[str, Any]]:
    """A foreign generator as the translator that leads to a domain, and what rebuilds it.

    Raises:
        WeightsError: not such a generator.
    """
    generator, wiring = read_foreign(path)
    names, width, blocks = ("origin", to), generator.width, generator.blocks
    options = NetworkOptions(names, (to,), width, blocks=blocks, wiring=wiring)
    with torch.device("meta"):
        network = Translator(options)
    network.to_domain[to] = generator
    return network, asdict(options)
