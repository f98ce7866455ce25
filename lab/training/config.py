"""Settings of a training run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

_OF_THIS_MACHINE = ("corpus", "claims", "out", "start", "cycles_done", "threads", "save_every")


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """One run.

    ``corpus``: PolNeAR's folder. ``claims``: ClaimBuster's two-class sentences, or None to leave
    check-worthiness out. ``out``: everything the run makes; a second run with the same folder goes on where
    the first stopped. ``epochs``, ``encoder_rates``, ``head_rates``: one entry per cycle, each with its own
    warm-up and linear decay (warm restarts: arXiv 1608.03983). ``start``: weights after the first
    ``cycles_done`` cycles, which are skipped then. ``steps``: stop after so many optimiser steps (0: all
    epochs).

    Rates of the encoder and of the heads differ: heads start from nothing. ``average``: the weights that are
    kept are a running mean over the steps with this decay (Polyak averaging; 0: the last step's). The weights
    of the losses are beside the role tags' 1. ``masked``: share of pieces hidden from the encoder, and
    ``dropout``: of its hidden states, so that the articles are not learnt by heart.
    """

    corpus: Path
    out: Path
    claims: Path | None = None
    start: Path | None = None
    cycles_done: int = 0
    epochs: tuple[int, ...] = (4, 4, 5)
    encoder_rates: tuple[float, ...] = (1.2e-4, 9e-5, 8e-5)
    head_rates: tuple[float, ...] = (1e-3, 1e-3, 4e-4)
    average: float = 0.995
    steps: int = 0
    batch: int = 16
    window: int = 254
    warmup: float = 0.06
    weight_decay: float = 0.01
    clip: float = 1.0
    link_weight: float = 0.5
    source_weight: float = 0.5
    entity_weight: float = 0.25
    end_weight: float = 0.3
    claim_weight: float = 0.3
    claim_windows: int = 2
    dropout: float = 0.1
    masked: float = 0.03
    seed: int = 0
    threads: int = 2
    save_every: int = 100

    def describe(self) -> dict[str, object]:
        """The settings that decide the result, without the folders of this machine."""
        settings: dict[str, object] = {
            name: value for name, value in asdict(self).items() if name not in _OF_THIS_MACHINE
        }
        return settings | {
            "epochs": list(self.epochs),
            "encoder_rates": list(self.encoder_rates),
            "head_rates": list(self.head_rates),
            "claims": self.claims is not None,
            "cycles given": self.cycles_done,
        }
