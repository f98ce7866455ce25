"""How sure the tagger is of an attribution, as calibrated probabilities: that the words are reported and this
is their source, and that this is their source if they are reported."""

from __future__ import annotations

import math
from typing import NamedTuple

_FLOOR = 0.005  # probabilities are kept off 0 and 1, whose logits are infinite


class Evidence(NamedTuple):
    """What speaks for one attribution; probabilities 0..1, flags 0 or 1.

    ``content``, ``cue``, ``source``: mean probability of the role's tags; ``source_margin``: link mass of the
    chosen source less that of the next best; ``content_link`` and ``source_link``: link mass to the cue;
    ``no_source``: how probably the text names none.
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
    no_source: float

    def features(self) -> tuple[float, ...]:
        """Numbers for a logistic regression: logits of probabilities, the flags, and the logarithm of the
        length."""
        probabilities = (
            self.content,
            self.cue,
            self.source,
            self.content_link,
            self.source_link,
            self.source_margin,
        )
        return (
            *map(_logit, probabilities),
            self.has_cue,
            self.has_source,
            self.quoted,
            math.log(self.pieces),
        )

    def source_features(self) -> tuple[float, ...]:
        """The same for the source alone: four numbers, for wrong ones are few. What speaks against a source
        speaks for there being none."""
        agreed = 1 - self.no_source if self.has_source else self.no_source
        return (*map(_logit, (self.source, self.source_link, agreed)), self.has_source)


def _logit(probability: float) -> float:
    kept = min(max(probability, _FLOOR), 1 - _FLOOR)
    return math.log(kept / (1 - kept))


def probability(features: tuple[float, ...], weights: tuple[float, ...], bias: float) -> float:
    """The calibrated probability: a logistic regression on the features of some evidence, fitted to held-out
    articles."""
    total = bias + sum(weight * value for weight, value in zip(weights, features, strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
