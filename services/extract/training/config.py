"""Settings of a training run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """One run. The defaults train the shipped model in about an hour on two cores, in minutes on a GPU.

    ``corpus``: PolNeAR's folder. ``out``: everything the run makes; a second run with the same folder goes on where the first stopped.
    ``steps``: stop after so many optimiser steps (0: all epochs). Rates of the encoder and of the fresh heads differ: the heads start
    from nothing. ``link_weight``, ``entity_weight``: of their losses beside the role tags'.
    """

    corpus: Path
    out: Path
    epochs: int = 4
    steps: int = 0
    batch: int = 16
    window: int = 254
    encoder_rate: float = 1.2e-4
    head_rate: float = 1e-3
    warmup: float = 0.1
    weight_decay: float = 0.01
    clip: float = 1.0
    link_weight: float = 0.5
    entity_weight: float = 0.5
    seed: int = 0
    threads: int = 2
    save_every: int = 100

    def describe(self) -> dict[str, object]:
        """The settings that decide the result, without the folders of this machine."""
        return {name: value for name, value in asdict(self).items() if name not in ("corpus", "out", "threads", "save_every")}
