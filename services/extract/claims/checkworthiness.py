"""How much a fact-checker would want to check a proposition."""

from __future__ import annotations

import math

from services.extract.claims.propositions import judged

WORTH_CHECKING = 0.3
"""A sentence of a direct quote with at least this score becomes a claim."""

_WORDS, _NETWORK, _SHIFT = 0.5, 0.4, 0.5
"""What the log-odds of the words and of the network count, and what is added: a logistic regression (.48,
.40, .48) on the claims of the work pages, the words' log-odds fitted without the publisher. From .4 to 1 of
the network beside the words the ranking is as good."""

_SUREST = 30.0  # log-odds beyond which a rounded probability no longer changes


def combine(words: float, network: float) -> float:
    """Log-odds from those of the words and those of the network."""
    return _WORDS * words + _NETWORK * network + _SHIFT


def check_worthiness(proposition: str, evidence: float | None = None) -> float:
    """0..1, rounded to 4 places.

    ``evidence``: the network's log-odds, a logistic regression on its reading of the words. Without it the
    words decide alone.
    """
    log_odds = judged(proposition).worth
    if evidence is not None:
        log_odds = combine(log_odds, evidence)
    return round(1.0 / (1.0 + math.exp(-max(-_SUREST, min(_SUREST, log_odds)))), 4)
