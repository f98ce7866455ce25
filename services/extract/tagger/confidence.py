"""How sure the tagger is that words and source of an attribution belong together, as a calibrated probability."""

from __future__ import annotations

import math
from typing import NamedTuple

_FLOOR = 0.005  # probabilities are kept off 0 and 1, whose logits are infinite


class Evidence(NamedTuple):
    """What speaks for one attribution; probabilities 0..1, flags 0 or 1.

    ``content``, ``cue``, ``source``: mean probability of the role's tags; ``source_margin``: link mass of the chosen source less that of
    the next best; ``content_link`` and ``source_link``: link mass to the cue.
    """

    content: float
    cue: float
    source: float
    content_link: float
    source_link: float
    source_margin: float
    has_cue: float
    has_source: float
    quoted: float
    pieces: float

    def features(self) -> tuple[float, ...]:
        """Numbers for a logistic regression: logits of probabilities, the flags, and the logarithm of the length."""
        probabilities = (self.content, self.cue, self.source, self.content_link, self.source_link, self.source_margin)
        return (*map(_logit, probabilities), self.has_cue, self.has_source, self.quoted, math.log(self.pieces))


def _logit(probability: float) -> float:
    kept = min(max(probability, _FLOOR), 1 - _FLOOR)
    return math.log(kept / (1 - kept))


def confidence(evidence: Evidence, weights: tuple[float, ...], bias: float) -> float:
    """The calibrated probability: a logistic regression on ``evidence`` fitted to held-out articles."""
    total = bias + sum(weight * value for weight, value in zip(weights, evidence.features(), strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
